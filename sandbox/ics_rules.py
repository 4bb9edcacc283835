"""An RRULE as a Graph recurrence, where Graph has a pattern for it."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from sandbox.items import Json
from sandbox.series import DAYS, INDEXES, dates

Rule = Mapping[str, list[Any]]  # a parsed RRULE: lists by name
MOST = 999  # the largest interval and count that Graph takes
_CODES = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), DAYS, strict=True))
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"}
_POSITIONS = {position + 1 if position >= 0 else position: name for name, position in INDEXES.items()}


class NoPatternError(Exception):
    """What Graph cannot say as a series; the text says why."""


def recurrence_of(rule: Rule, start: date | datetime) -> Json:
    """The Graph recurrence of a series that begins at `start`; NoPatternError when there is none.

    An aware `start` is on the clocks of its series.
    """
    first = start.date() if isinstance(start, datetime) else start
    recurrence = {"pattern": _pattern(rule, first), "range": {"type": "noEnd", "startDate": first.isoformat()}}
    if next(dates(recurrence), None) != first:
        raise NoPatternError("DTSTART is none of the dates of its RRULE")
    return recurrence | {"range": recurrence["range"] | _limit(rule, start, recurrence)}


def _pattern(rule: Rule, first: date) -> Json:
    if unknown := set(rule) - _KNOWN:
        raise NoPatternError(f"Graph knows no {min(unknown)}")
    frequency, interval = rule["FREQ"][0], int(rule.get("INTERVAL", [1])[0])
    if frequency not in _SHAPES:
        raise NoPatternError(f"Graph knows no FREQ={frequency}")
    if not 1 <= interval <= MOST:
        raise NoPatternError(f"Graph knows no INTERVAL={interval}")
    week = _CODES[rule.get("WKST", ["MO"])[0]]
    return _SHAPES[frequency](rule, first, interval) | {"interval": interval, "firstDayOfWeek": week}


def _refuse(rule: Rule, *names: str) -> None:
    for name in names:
        if name in rule:
            raise NoPatternError(f"Graph knows no {name} in FREQ={rule['FREQ'][0]}")


def _only(rule: Rule, name: str) -> int:
    """The one number that a rule gives by this name."""
    if len(rule[name]) != 1:
        raise NoPatternError(f"Graph knows no more than one {name}")
    return int(rule[name][0])


def _weekdays(rule: Rule) -> list[str]:
    """The days of BYDAY, none of them counted."""
    if any(day.relative for day in rule["BYDAY"]):
        raise NoPatternError("Graph knows no counted BYDAY besides a single one")
    return [_CODES[day.weekday] for day in rule["BYDAY"]]


def _daily(rule: Rule, first: date, interval: int) -> Json:
    _refuse(rule, "BYMONTH", "BYMONTHDAY", "BYSETPOS")
    if "BYDAY" not in rule:
        return {"type": "daily"}
    if interval != 1:
        raise NoPatternError("Graph knows no BYDAY in FREQ=DAILY with an INTERVAL")
    return {"type": "weekly", "daysOfWeek": _weekdays(rule)}


def _weekly(rule: Rule, first: date, interval: int) -> Json:
    _refuse(rule, "BYMONTH", "BYMONTHDAY", "BYSETPOS")
    return {"type": "weekly", "daysOfWeek": _weekdays(rule) if "BYDAY" in rule else [DAYS[first.weekday()]]}


def _monthly(rule: Rule, first: date, interval: int) -> Json:
    _refuse(rule, "BYMONTH")
    return _in_month(rule, first, "Monthly", None)


def _yearly(rule: Rule, first: date, interval: int) -> Json:
    if "BYMONTH" not in rule:
        _refuse(rule, "BYDAY", "BYMONTHDAY", "BYSETPOS")  # of the whole year, or of each of its months
    month = _only(rule, "BYMONTH") if "BYMONTH" in rule else first.month
    return _in_month(rule, first, "Yearly", month) | {"month": month}


def _in_month(rule: Rule, first: date, kind: str, month: int | None) -> Json:
    if "BYDAY" in rule:
        _refuse(rule, "BYMONTHDAY")
        return {"type": f"relative{kind}"} | _position(rule)
    _refuse(rule, "BYSETPOS")
    day = _only(rule, "BYMONTHDAY") if "BYMONTHDAY" in rule else first.day
    # Where a month is too short, Exchange takes its last day; an RRULE leaves the month out.
    if not (1 <= day <= _shortest(month) or day == -1):
        raise NoPatternError(f"in a month without a day {day} Graph takes the last one, an RRULE none")
    return {"type": f"absolute{kind}", "dayOfMonth": day if day > 0 else _longest(month)}


def _shortest(month: int | None) -> int:
    return 28 if month is None else calendar.monthrange(2001, month)[1]


def _longest(month: int | None) -> int:
    return 31 if month is None else calendar.monthrange(2000, month)[1]


def _position(rule: Rule) -> Json:
    """Which of some weekdays in a month: one that is counted itself, or several that BYSETPOS counts."""
    counted = rule["BYDAY"][0].relative
    if len(rule["BYDAY"]) == 1 and counted and "BYSETPOS" not in rule:
        position, days = int(counted), [_CODES[rule["BYDAY"][0].weekday]]
    elif "BYSETPOS" in rule:
        position, days = _only(rule, "BYSETPOS"), _weekdays(rule)
    else:
        raise NoPatternError("Graph knows one date in a month, and this BYDAY gives several")
    if position not in _POSITIONS:
        raise NoPatternError(f"Graph counts to the fourth and to the last, not to {position}")
    return {"daysOfWeek": days, "index": _POSITIONS[position]}


_SHAPES = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


def _limit(rule: Rule, start: date | datetime, endless: Json) -> Json:
    if "COUNT" in rule and "UNTIL" in rule:
        raise NoPatternError("Graph knows either COUNT or UNTIL")
    if "UNTIL" in rule:
        last = _last_day(rule["UNTIL"][0], start)
        if last.isoformat() < endless["range"]["startDate"]:
            raise NoPatternError("UNTIL is before DTSTART")
        return {"type": "endDate", "endDate": last.isoformat()}
    if "COUNT" not in rule:
        return {"type": "noEnd"}
    count = int(rule["COUNT"][0])
    if count < 1:
        raise NoPatternError(f"Graph knows no COUNT={count}")
    if count > MOST:  # an end says the same, and has no limit
        return {"type": "endDate", "endDate": next(islice(dates(endless), count - 1, None)).isoformat()}
    return {"type": "numbered", "numberOfOccurrences": count}


def _last_day(until: date | datetime, start: date | datetime) -> date:
    """The last date whose occurrence begins no later than `until`. A time without a zone is one in UTC."""
    if not isinstance(start, datetime):
        return until.date() if isinstance(until, datetime) else until
    if not isinstance(until, datetime):
        until = datetime.combine(until, datetime.min.time())
    if start.tzinfo is None:
        until = until.replace(tzinfo=None)
    else:
        until = (until if until.tzinfo else until.replace(tzinfo=UTC)).astimezone(start.tzinfo)
    day = until.date()
    begins = datetime.combine(day, start.time(), start.tzinfo)
    return day if begins <= until else day - timedelta(days=1)
