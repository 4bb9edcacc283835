"""JSON values in the place of others: wherever a text, an object, a list or a truth is meant."""

from typing import Any


def nested(depth: int, *, is_object: bool = False) -> Any:
    value: Any = {} if is_object else []
    for _ in range(depth):
        value = {"a": value} if is_object else [value]
    return value


TYPES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    0.5,
    -0.0,
    1e308,
    -1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    2**31,
    2**63,
    -(2**63) - 1,
    10**30,
    10**400,
    10**4000,
    [],
    [None],
    [[]],
    [[[]]],
    [0],
    ["a"],
    ["\x00"],
    ["a", 1, None, {}, []],
    [{"id": "a"}],
    [{"id": None}],
    ["a"] * 1000,
    {},
    {"": ""},
    {"id": "a"},
    {"a": {"b": {"c": []}}},
    {"value": []},
    {"dateTime": None},
    {"dateTime": 1, "timeZone": []},
    {"dateTime": ["2026-01-01"], "timeZone": "UTC"},
    {"dateTime": "2026-01-01T09:00:00", "timeZone": {}},
    {"dateTime": "2026-01-01T09:00:00", "timeZone": ["UTC"]},
    {"dateTime": "2026-01-01T09:00:00", "timeZone": 1},
    {"dateTime": "2026-01-01T09:00:00", "timeZone": True},
    {"displayName": None},
    {"displayName": ["Room 3"]},
    {"displayName": {"displayName": "Room 3"}},
    {"response": 1},
    {"response": ["declined"]},
    {"__proto__": {"a": 1}},
    {"@odata.type": "#microsoft.graph.user"},
    {"\x00": "\x00"},
    {"\ud800": "\ud800"},
    {"a" * 2**20: 1},
    nested(200),
    nested(200, is_object=True),
    nested(700),
    nested(700, is_object=True),
)
