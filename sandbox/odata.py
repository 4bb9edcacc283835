"""OData query options: $filter as a predicate over JSON objects, $select, $orderby."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sandbox.entity_types import COLLECTION, EntityType, kind_of
from sandbox.errors import GraphError
from sandbox.items import Json, canonical_property_id

Predicate = Callable[[Json], bool]
LONGEST_FILTER = 500  # tokens; Graph too refuses a filter with too many nodes
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),:]|[^\s(),:']+(?::\d\d:\d\d[^\s(),']*)?)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda a, b: a.startswith(b),
    "endswith": lambda a, b: a.endswith(b),
    "contains": lambda a, b: b in a,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


def invalid_filter(text: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid filter clause: {text}")


def predicate(text: str, of: EntityType) -> Predicate:
    """What a $filter asks for; GraphError when it cannot be read, or names what a thing of this type has not."""
    try:
        return _read(text, of)
    except RecursionError:
        raise invalid_filter("it is nested too deeply.") from None


@lru_cache(maxsize=512)
def _read(text: str, of: EntityType) -> Predicate:
    reader = _Reader(text, of)
    if len(reader.tokens) > LONGEST_FILTER:
        raise invalid_filter("it is too long.")
    found = reader.any_of()
    if reader.tokens:
        raise invalid_filter(f"unexpected '{reader.tokens[0]}'.")
    return found


class _Reader:
    """A recursive descent over a $filter."""

    def __init__(self, text: str, of: EntityType) -> None:
        self.tokens = _TOKEN.findall(text)
        self.type = of
        self.variable = ""

    def next(self) -> str:
        if not self.tokens:
            raise invalid_filter("it ends too early.")
        return str(self.tokens.pop(0))

    def expect(self, token: str) -> None:
        found = self.next()
        if found.lower() != token:
            raise invalid_filter(f"'{token}' expected, not '{found}'.")

    def peek(self) -> str:
        return self.tokens[0].lower() if self.tokens else ""

    def any_of(self) -> Predicate:
        parts = [self.all_of()]
        while self.peek() == "or":
            self.next()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def all_of(self) -> Predicate:
        parts = [self.term()]
        while self.peek() == "and":
            self.next()
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def term(self) -> Predicate:
        if self.peek() == "not":
            self.next()
            inner = self.term()
            return lambda row: not inner(row)
        if self.peek() == "(":
            self.next()
            inner = self.any_of()
            self.expect(")")
            return inner
        return self.comparison()

    def comparison(self) -> Predicate:
        name = self.next()
        if name.lower() in _FUNCTIONS:
            return self.function(_FUNCTIONS[name.lower()])
        if name.lower().endswith("/any"):
            return self.quantified(name[: -len("/any")])
        is_cast = name.lower() == "cast"
        path = self.cast() if is_cast else self.path(name)
        operator = self.next().lower()
        if operator == "in":
            choices = self.choices()
            self.check_kinds(path, *choices)
            return lambda row: _comparable(_value(row, path)) in choices
        if operator not in _COMPARE:
            raise invalid_filter(f"unknown operator '{operator}'.")
        compare, literal = _COMPARE[operator], self.literal()
        if not is_cast:
            self.check_kinds(path, literal)
        shown = _number if is_cast else _comparable
        return lambda row: compare(shown(_value(row, path)), literal)

    def check_kinds(self, path: tuple[str, ...], *literals: Any) -> None:
        """GraphError when a property is held against what it never equals: a text against a number, a collection."""
        if len(path) != 1 or path[0].lower() not in self.type.properties:
            return
        kind = self.type.kind(path[0])
        for literal in literals:
            other = kind_of(literal)
            if kind == COLLECTION or other not in (None, kind):
                raise invalid_filter(
                    "A binary operator with incompatible types was detected. Found operand types "
                    f"'{kind}' and '{other or 'null'}'."
                )

    def cast(self) -> tuple[str, ...]:
        """The path of what is to be compared as a number, as the values of extended properties are text."""
        self.expect("(")
        path = self.path(self.next())
        self.expect(",")
        if not self.next().lower().startswith("edm."):
            raise invalid_filter("a cast needs a type of Edm.")
        self.expect(")")
        return path

    def function(self, test: Callable[[str, str], bool]) -> Predicate:
        self.expect("(")
        path = self.path(self.next())
        self.expect(",")
        literal = self.literal()
        self.expect(")")
        self.check_kinds(path, str(literal))
        return lambda row: test(str(_comparable(_value(row, path)) or ""), str(literal))

    def quantified(self, collection: str) -> Predicate:
        outer, path = self.variable, self.path(collection)
        if len(path) == 1 and self.type.kind(path[0]) != COLLECTION:
            raise invalid_filter("any and all can only be used following a collection.")
        self.expect("(")
        self.variable = self.next()
        self.expect(":")
        inner = self.any_of()
        self.expect(")")
        self.variable = outer
        return lambda row: any(inner({"": entry}) for entry in _value(row, path) or [])

    def path(self, name: str) -> tuple[str, ...]:
        if not re.fullmatch(r"[A-Za-z@][\w@./]*", name):
            raise invalid_filter(f"'{name}' is no property.")
        parts = name.split("/")
        if self.variable and parts[0] == self.variable:
            return "", *parts[1:]
        return self.type.spelled(parts[0], "Invalid filter clause: "), *parts[1:]

    def literal(self) -> Any:
        return _literal(self.next())

    def choices(self) -> list[Any]:
        self.expect("(")
        found = [self.literal()]
        while self.peek() == ",":
            self.next()
            found.append(self.literal())
        self.expect(")")
        return found


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return _comparable(token[1:-1].replace("''", "'"))
    if token.lower() in _CONSTANTS:
        return _CONSTANTS[token.lower()]
    if re.fullmatch(r"-?\d{1,100}", token):
        return int(token)
    if re.match(r"\d{4}-\d\d-\d\d", token):
        return _comparable(token)
    raise invalid_filter(f"'{token}' is no value.")


@lru_cache(maxsize=4096)
def _comparable_text(text: str) -> Any:
    """Text as it compares: moments as moments, extended property ids canonically, the rest without regard to case."""
    if re.match(r"\d{4}-\d\d-\d\d(T|$)", text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text.lower()
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if re.match(r"\w+ (\{[0-9A-Fa-f-]+\} (Name|Id) |0x)", text):
        return canonical_property_id(text)
    return text.lower()


def _comparable(value: Any) -> Any:
    return _comparable_text(value) if isinstance(value, str) else value


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _value(row: Json, path: tuple[str, ...]) -> Any:
    value: Any = row
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value[name] if name in value else value.get(_spelled(value, name))
    return value


def _spelled(row: Json, name: str) -> str:
    """A name in the letters that a row has it in: Graph does not mind the case."""
    return next((known for known in row if known.lower() == name.lower()), name)


def holds(test: Predicate, row: Json) -> bool:
    """Whether a predicate is true of a row; GraphError where it compares what cannot be compared."""
    try:
        return test(row)
    except TypeError:
        raise invalid_filter("the types of the two sides differ.") from None
    except RecursionError:
        raise invalid_filter("it is nested too deeply.") from None


def pick(row: Json, names: set[str] | None) -> Json:
    """`row` with only what was asked for; its id and its annotations stay."""
    if names is None:
        return row
    return {name: value for name, value in row.items() if name.lower() in names or name == "id" or name[0] == "@"}


def ordering(text: str | None, of: EntityType) -> list[tuple[tuple[str, ...], bool]]:
    """The (path, descending) pairs of an $orderby; GraphError when it cannot be read."""
    keys = []
    for part in filter(None, map(str.strip, (text or "").split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise GraphError(400, "BadRequest", f"Syntax error at position {len(name)} in '{part}'.")
        first, *rest = name.split("/")
        keys.append(((of.spelled(first, ""), *rest), direction.strip().lower() == "desc"))
    return keys


def ordered(rows: Iterable[Json], keys: list[tuple[tuple[str, ...], bool]]) -> list[Json]:
    """`rows` in the order of `keys`."""
    found = list(rows)
    for path, descending in reversed(keys):
        found.sort(key=lambda row: str(_value(row, path) or "").lower(), reverse=descending)
    return found
