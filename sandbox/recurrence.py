"""A patternedRecurrence of a request, checked and filled with the defaults that Graph answers."""

from __future__ import annotations

from datetime import date
from typing import Any

from sandbox.errors import invalid_property, unreadable
from sandbox.items import Json
from sandbox.series import DAYS, INDEXES
from sandbox.zones import same_zone, wall_clock
from sandbox.zones_custom import shown_name

NEEDED = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
NO_DATE = "0001-01-01"


def read_recurrence(value: Any, start: dict[str, str]) -> Json:
    """The recurrence in full; GraphError when it is incomplete or does not fit the event's `start`."""
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("pattern"), dict)
        or not isinstance(value.get("range"), dict)
    ):
        raise unreadable("The property 'recurrence' needs a pattern and a range.")
    return {"pattern": _pattern(value["pattern"]), "range": _range(value["range"], start)}


def _pattern(given: Json) -> Json:
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in NEEDED:
        raise unreadable(f"Requested value '{kind}' was not found.")
    if any(not given.get(name) for name in ("interval", *NEEDED[kind])):
        raise invalid_property()
    pattern = {
        "type": kind,
        "interval": _number(given, "interval", 1, 999),
        "month": _number(given, "month", 0, 12),
        "dayOfMonth": _number(given, "dayOfMonth", 0, 31),
        "daysOfWeek": [_choice(day, DAYS) for day in _days(given.get("daysOfWeek") or [])],
        "firstDayOfWeek": _choice(given.get("firstDayOfWeek") or "sunday", DAYS),
        "index": _choice(given.get("index") or "first", tuple(INDEXES)),
    }
    if not pattern["daysOfWeek"]:
        del pattern["daysOfWeek"]
    return pattern


def _range(given: Json, start: dict[str, str]) -> Json:
    kind = given.get("type")
    if kind not in ("endDate", "numbered", "noEnd"):
        raise unreadable(f"Requested value '{kind}' was not found.")
    zone_name = given.get("recurrenceTimeZone") or shown_name(start["timeZone"])
    if not isinstance(zone_name, str):
        raise unreadable("The recurrenceTimeZone is not readable.")
    if not same_zone(zone_name, start["timeZone"]):
        raise invalid_property()
    first = _date(given.get("startDate") or "")
    if first != wall_clock(start).date():
        raise invalid_property()
    last = _date(given.get("endDate") or NO_DATE)  # also checked where it does not matter
    if kind == "endDate" and last < first:
        raise invalid_property()
    count = _number(given, "numberOfOccurrences", 1 if kind == "numbered" else 0, 999)
    return {
        "type": kind,
        "startDate": first.isoformat(),
        "endDate": last.isoformat() if kind == "endDate" else NO_DATE,
        "recurrenceTimeZone": zone_name,
        "numberOfOccurrences": count if kind == "numbered" else 0,
    }


def _days(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise unreadable("The property 'daysOfWeek' is a list.")
    return value


def _number(given: Json, name: str, least: int, most: int) -> int:
    value = given.get(name) or 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise unreadable(f"Cannot convert the value of the property '{name}' to the type it has.")
    if not least <= value <= most:
        raise invalid_property()
    return value


def _choice(value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value.lower() not in choices:
        raise unreadable(f"Requested value '{value}' was not found.")
    return value.lower()


def _date(text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise unreadable(f"Cannot convert the literal '{text}' to the expected type 'Edm.Date'.") from None
