"""Time zones that have no name anywhere: a Graph customTimeZone, kept as a rule in the POSIX notation.

Outlook for Windows writes such zones when a calendar's rules are not those of the computer. Graph tells of them only
that they are `tzone://Microsoft/Custom`; the sandbox keeps the rule behind that name, after a #, and never shows it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.errors import unreadable

CUSTOM = "tzone://Microsoft/Custom"
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_HEADER = struct.Struct(">4sc15x6l")
_MOST_BIAS = 24 * 60 - 1


def custom_name(rule: str) -> str:
    """The name under which the zone of a POSIX `rule` is kept."""
    return f"{CUSTOM}#{rule}"


def shown_name(name: str) -> str:
    """What Graph tells of a zone's name: of a custom zone, not its rule."""
    return name.partition("#")[0]


def rule_of(zone: Mapping[str, Any]) -> str:
    """The POSIX rule of a Graph customTimeZone; GraphError when it is none."""
    standard, daylight = zone.get("standardOffset"), zone.get("daylightOffset")
    bias = _bias(zone, "bias")
    if not daylight:
        return f"<S>{offset(bias)}"
    if not isinstance(standard, dict) or not isinstance(daylight, dict):
        raise unreadable("A customTimeZone with a daylightOffset needs a standardOffset.")
    saving = bias + _bias(daylight, "daylightBias")
    return f"<S>{offset(bias)}<D>{offset(saving)},{_change(daylight)},{_change(standard)}"


def _bias(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MOST_BIAS:
        raise unreadable(f"The '{name}' of a customTimeZone is a number of minutes.")
    return value


def offset(bias: float) -> str:
    """Minutes to add to the local time for UTC, as POSIX writes it."""
    seconds = round(abs(bias) * 60)
    sign = "-" if bias < 0 else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _change(given: Mapping[str, Any]) -> str:
    try:
        day = _DAYS.index(str(given["dayOfWeek"]).lower())
        month, week = int(given["month"]), int(given["dayOccurrence"])
        hour, minute, second = (int(float(part)) for part in str(given.get("time", "0:0:0")).split(":"))
    except (KeyError, ValueError, TypeError):
        raise unreadable(
            "An offset of a customTimeZone has a month, a dayOccurrence, a dayOfWeek and a time."
        ) from None
    if not (1 <= month <= 12 and 1 <= week <= 5 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise unreadable("An offset of a customTimeZone is out of range.")
    return f"M{month}.{week}.{day}/{hour}:{minute:02}:{second:02}"


def rule_zone(name: str) -> ZoneInfo:
    """The zone of a kept custom name. ValueError when its rule cannot be read."""
    rule = name.partition("#")[2]
    # A zone file that knows no change of clocks by date, so that the rule at its end holds for all time.
    nothing = _HEADER.pack(b"TZif", b"2", 0, 0, 0, 0, 1, 4) + struct.pack(">lbB", 0, 0, 0) + b"UTC\0"
    return ZoneInfo.from_file(BytesIO(nothing * 2 + b"\n" + rule.encode() + b"\n"), key=name)
