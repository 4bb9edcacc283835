"""Recurrence: the dates of a pattern, and the instances of a series in a window."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile

from sandbox.items import Instance, Item, Json, interval_of, overlaps
from sandbox.zones import wall_clock, zone

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
LAST_YEAR = 4600


def dates(recurrence: Json, since: date | None = None) -> Iterator[date]:
    """Yield the dates of a recurrence, in order; those before `since` may be left out where counting allows it."""
    pattern, limits = recurrence["pattern"], recurrence["range"]
    first = date.fromisoformat(limits["startDate"])
    candidates = _STEPS[pattern["type"]](pattern, first, since if limits["type"] != "numbered" and since else first)
    if limits["type"] == "numbered":
        candidates = islice(candidates, limits["numberOfOccurrences"])
    last = date.fromisoformat(limits["endDate"]) if limits["type"] == "endDate" else date(LAST_YEAR, 1, 1)
    for day in candidates:
        if day > last:
            return
        yield day


def _daily(pattern: Json, first: date, since: date) -> Iterator[date]:
    step = pattern["interval"]
    skipped = max(0, (since - first).days // step)
    day = first + timedelta(days=skipped * step)
    while day.year < LAST_YEAR:
        yield day
        day += timedelta(days=step)


def _weekly(pattern: Json, first: date, since: date) -> Iterator[date]:
    opening = DAYS.index(pattern["firstDayOfWeek"])
    offsets = sorted((DAYS.index(day) - opening) % 7 for day in set(pattern["daysOfWeek"]))
    week = first - timedelta(days=(first.weekday() - opening) % 7)
    step = 7 * pattern["interval"]
    week += timedelta(days=max(0, (since - week).days // step) * step)
    while week.year < LAST_YEAR:
        for offset in offsets:
            day = week + timedelta(days=offset)
            if day >= first:
                yield day
        week += timedelta(days=step)


def _months(pattern: Json, first: date, since: date) -> Iterator[tuple[int, int]]:
    """Yield the (year, month) pairs in which a monthly or yearly pattern has a date."""
    yearly = pattern["type"].endswith("Yearly")
    step = pattern["interval"] * (12 if yearly else 1)
    month = first.year * 12 + (pattern["month"] if yearly else first.month) - 1
    month += max(0, (since.year * 12 + since.month - 2 - month) // step) * step
    while month // 12 < LAST_YEAR:
        yield month // 12, month % 12 + 1
        month += step


def _absolute(pattern: Json, first: date, since: date) -> Iterator[date]:
    for year, month in _months(pattern, first, since):
        # A month that is too short has the occurrence on its last day, as in Outlook.
        day = date(year, month, min(pattern["dayOfMonth"], calendar.monthrange(year, month)[1]))
        if day >= first:
            yield day


def _relative(pattern: Json, first: date, since: date) -> Iterator[date]:
    wanted = {DAYS.index(day) for day in pattern["daysOfWeek"]}
    for year, month in _months(pattern, first, since):
        fitting = [day for day in _days_of(year, month) if day.weekday() in wanted]
        day = fitting[INDEXES[pattern["index"]]]
        if day >= first:
            yield day


def _days_of(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1)]


_STEPS = {
    "daily": _daily,
    "weekly": _weekly,
    "absoluteMonthly": _absolute,
    "absoluteYearly": _absolute,
    "relativeMonthly": _relative,
    "relativeYearly": _relative,
}


def instances(item: Item, window: tuple[datetime, datetime]) -> Iterator[Instance]:
    """Yield what of `item` stands in `window`: itself, or its occurrences and exceptions, in pattern order."""
    if item.recurrence is None:
        start, end = item.interval()
        if overlaps(start, end, window):
            yield Instance(item, None, start, end, "singleInstance")
        return
    yield from _exceptions(item, window)
    length = wall_clock(item.facts["end"]) - wall_clock(item.facts["start"])
    margin = length + timedelta(days=2)
    for day in dates(item.recurrence, (window[0] - margin).date()):
        if day > (window[1] + timedelta(days=2)).date():
            return
        if day.isoformat() in item.cancelled or day.isoformat() in item.exceptions:
            continue
        start, end = occurrence_interval(item, day)
        if overlaps(start, end, window):
            yield Instance(item, day, start, end, "occurrence")


def _exceptions(item: Item, window: tuple[datetime, datetime]) -> Iterator[Instance]:
    for original in item.exceptions:
        instance = instance_on(item, date.fromisoformat(original))
        if overlaps(instance.start, instance.end, window):
            yield instance


def occurrence_interval(item: Item, day: date) -> tuple[datetime, datetime]:
    """When the pattern puts the occurrence of `day`: the wall-clock times of the series, whatever the clocks did."""
    start, end = wall_clock(item.facts["start"]), wall_clock(item.facts["end"])
    moved = datetime.combine(day, start.time())
    if item.is_all_day:
        return moved.replace(tzinfo=UTC), (moved + (end - start)).replace(tzinfo=UTC)
    opens = moved.replace(tzinfo=zone(item.facts["start"]["timeZone"])).astimezone(UTC)
    closes = (moved + (end - start)).replace(tzinfo=zone(item.facts["end"]["timeZone"])).astimezone(UTC)
    return opens, max(opens, closes)  # a start in the hour that the clocks skip may come out behind its end


def instance_on(item: Item, day: date) -> Instance:
    """The instance of a series whose original date is `day`; the caller knows that there is one."""
    changes = item.exceptions.get(day.isoformat())
    start, end = occurrence_interval(item, day)
    if changes is None:
        return Instance(item, day, start, end, "occurrence")
    if "start" in changes or "end" in changes or "isAllDay" in changes:
        start, end = interval_of(facts_on(item, day))
    return Instance(item, day, start, end, "exception")


def facts_on(item: Item, day: date) -> Json:
    """The facts of one instance: those of the series, moved to `day`, and its own changes over them."""
    start, end = wall_clock(item.facts["start"]), wall_clock(item.facts["end"])
    moved = datetime.combine(day, start.time())
    times = {
        "start": item.facts["start"] | {"dateTime": f"{moved.isoformat(timespec='microseconds')}0"},
        "end": item.facts["end"] | {"dateTime": f"{(moved + (end - start)).isoformat(timespec='microseconds')}0"},
    }
    return item.facts | times | item.exceptions.get(day.isoformat(), {})


def has_occurrence(item: Item, day: date) -> bool:
    """Whether the series still has an instance whose original date is `day`."""
    if item.recurrence is None or day.isoformat() in item.cancelled:
        return False
    return any(candidate == day for candidate in _up_to(item.recurrence, day))


def _up_to(recurrence: Json, day: date) -> Iterator[date]:
    for candidate in dates(recurrence, day):
        if candidate > day:
            return
        yield candidate


def neighbours(item: Item, day: date) -> tuple[date | None, date | None]:
    """The days on which the instances before and after that of `day` take place."""
    assert item.recurrence is not None  # noqa: S101 - only a series has neighbours
    before = _last_before(item, item.recurrence, day)
    after = next((later for later in _standing(item, item.recurrence, day) if later > day), None)
    return before and _day_of(item, before), after and _day_of(item, after)


def _last_before(item: Item, recurrence: Json, day: date) -> date | None:
    """The original date of the instance before that of `day`: looked for ever further back."""
    first, back = date.fromisoformat(recurrence["range"]["startDate"]), 32
    while True:
        since = max(first, day - timedelta(days=back)) if back < (day - first).days else first
        found = list(takewhile(lambda earlier: earlier < day, _standing(item, recurrence, since)))
        if found or since == first:
            return found[-1] if found else None
        back *= 4


def _standing(item: Item, recurrence: Json, since: date) -> Iterator[date]:
    """Yield the original dates from `since` on, less those that were cancelled."""
    return (day for day in dates(recurrence, since) if day.isoformat() not in item.cancelled)


def _day_of(item: Item, original: date) -> date:
    return wall_clock(facts_on(item, original)["start"]).date()
