"""Which values a fault may have: what would fail in the middle of somebody's request is refused before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.items import Json

STATUSES = range(200, 600)
LONGEST = 10 * 365 * 86_400  # seconds
TOKEN_WORDS = {  # for the usual refusals of the token endpoint, and their AADSTS numbers
    "expired": 7000222,
    "secret": 7000215,
    "client": 700016,
    "tenant": 90002,
    "throttled": 90055,
    "disabled": 7000112,
    "certificate": 700027,
    "blocked": 53003,
}
OF_REFUSALS = ("code", "message", "retry_after", "commit")  # what says nothing without a status
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_FRAMING = {"content-length", "transfer-encoding"}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_ordinal(value: Any) -> bool:
    return _is_count(value) and value > 0


def _is_time(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= LONGEST


def _is_line(value: Any) -> bool:
    """Whether a text can be the value of a header."""
    return isinstance(value, str) and not _CONTROL.search(value)


def _is_wait(value: Any) -> bool:
    """A number, a text such as a date, or several of them."""
    if isinstance(value, list):
        return bool(value) and all(_is_wait(entry) and not isinstance(entry, list) for entry in value)
    return _is_line(value) and not (value.isdecimal() and len(value) > 8) if isinstance(value, str) else _is_time(value)


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _NAME.fullmatch(name) and name.lower() not in _FRAMING and _is_line(text) for name, text in value.items()
    )


def _is_status(value: Any) -> bool:
    return _is_count(value) and value in STATUSES


def _is_token(value: Any) -> bool:
    """The AADSTS number or a word for one, or an object that says more."""
    if not isinstance(value, dict):
        return _is_aadsts(value)
    return set(value) <= set(_OF_TOKENS) and all(
        value.get(name) is None or check(value[name]) for name, check in _OF_TOKENS.items()
    )


def _is_aadsts(value: Any) -> bool:
    return _is_count(value) or (_is_text(value) and (value.isdecimal() or value in TOKEN_WORDS))


_OF_TOKENS: dict[str, Callable[[Any], bool]] = {
    "status": lambda value: _is_status(value) and value >= 400,
    "code": _is_aadsts,
    "message": _is_text,
    "error": _is_text,
    "retry_after": _is_wait,
}
_OF_MATCHES: dict[str, Callable[[Any], bool]] = {
    "method": _is_text,
    "path": _is_text,
    "mailbox": _is_text,
    "body": _is_text,
    "in_batch": _is_flag,
    "nth": lambda value: _is_ordinal(value) or (isinstance(value, list) and all(map(_is_ordinal, value))),
    "probability": lambda value: _is_number(value) and 0 <= value <= 1,
}
_OF_EFFECTS: dict[str, Callable[[Any], bool]] = {
    "status": _is_status,
    "code": _is_text,
    "message": _is_text,
    "retry_after": _is_wait,
    "headers": _are_headers,
    "drop": lambda value: value in ("before", "after"),
    "delay": _is_time,
    "token": _is_token,
    "truncate": lambda value: _is_flag(value) or _is_ordinal(value),
    "commit": _is_flag,
    "sticky": _is_flag,
}


def check_values(match: Json, effect: Json, times: Any) -> None:
    """ValueError names the first value that does not fit."""
    for given, checks in ((match, _OF_MATCHES), (effect, _OF_EFFECTS), ({"times": times}, {"times": _is_ordinal})):
        for name, check in checks.items():
            if given.get(name) is not None and not check(given[name]):
                raise ValueError(f"The value of '{name}' does not fit.")
    if not effect:
        raise ValueError("A fault without an effect does nothing.")
    if effect.get("status", 0) is None:  # there or not: that is what decides
        raise ValueError("The value of 'status' does not fit.")
    if alone := [name for name in OF_REFUSALS if name in effect and "status" not in effect]:
        raise ValueError(f"'{alone[0]}' does nothing without a 'status'.")
