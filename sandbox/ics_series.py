"""What the events of one UID come to in a calendar: a series, singles, or singles in place of a series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import icalendar
import recurring_ical_events

from sandbox.ics_events import UNREADABLE, Component, Reader, RefusedError, check_readable, in_utc, span
from sandbox.ics_rules import NoPatternError, recurrence_of
from sandbox.items import Item, Json
from sandbox.series import facts_on, has_occurrence, instances, neighbours
from sandbox.zones import wall_clock

# Where a series has no pattern in Graph, these years of it are loaded.
WINDOW = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
YEARS = f"{WINDOW[0].year} to {WINDOW[1].year - 1}"
MOST = 10_000  # singles that may stand for one series
# How much of a series, from its beginning, has too many of them if it has one a second, a minute, an hour.
PROBED = (timedelta(hours=3), timedelta(days=7), timedelta(days=420))
CHECKED = timedelta(days=1500)  # how much of a series is compared, from its beginning
_RECURRING = ("RRULE", "RDATE", "EXRULE", "EXDATE")
Interval = tuple[datetime, datetime]
Build = Callable[[Json], Item]


@dataclass
class Loaded:
    """The items of one UID, and a sentence where they are not all that the file says."""

    items: list[Item]
    what: str = ""  # "expanded" or "changed"
    why: str = ""


def load_group(group: Sequence[Component], reader: Reader, build: Build) -> Loaded:
    """The items that the components with one UID come to; RefusedError when they cannot be loaded."""
    for component in group:
        check_readable(component)
        span(component)
    if len(group) == 1 and not any(group[0].get(name) for name in _RECURRING):
        return _noted([build(reader.event(group[0]))], group)
    try:
        return _noted([_series(group, reader, build)], group)
    except NoPatternError as reason:
        return _expanded(group, reader, build, str(reason))


def _noted(items: list[Item], group: Iterable[Component]) -> Loaded:
    lengthless = any(not isinstance(start, datetime) and start == end for start, end in map(span, group))
    return (
        Loaded(items, "changed", "an all-day event without length became one day long") if lengthless else Loaded(items)
    )


def _series(group: Sequence[Component], reader: Reader, build: Build) -> Item:
    master = latest([component for component in group if "RECURRENCE-ID" not in component])
    changed = [component for component in group if "RECURRENCE-ID" in component]
    if master is None:
        raise NoPatternError("it has changed occurrences, but no series")
    if not isinstance(master.get("RRULE"), dict) or not master["RRULE"]:
        raise NoPatternError("Graph knows one RRULE for a series, and this one has none or several")
    for name in ("RDATE", "EXRULE"):
        if name in master:
            raise NoPatternError(f"Graph knows no {name}")
    if any(component["RECURRENCE-ID"].params.get("RANGE") for component in changed):
        raise NoPatternError("Graph knows no RANGE=THISANDFUTURE")
    event = _event(master, reader)
    cancelled = [_day(moment, master) for moment in _dates(master, "EXDATE")]
    item = build(event | {"cancelled": cancelled, "exceptions": _exceptions(changed, master, reader, cancelled)})
    _check_exceptions(item)
    _check_occurrences(item, group)
    return item


def latest(components: Iterable[Component]) -> Component | None:
    """The component with the highest SEQUENCE, the first of those."""
    return max(components, key=lambda component: int(component.get("SEQUENCE", -1)), default=None)


def _event(master: Component, reader: Reader) -> Json:
    """The series as an event of a tenant file. Its end is on the clocks of its start, like that of its occurrences."""
    start, end = span(master)
    event = reader.event(master)
    if isinstance(start, datetime) and isinstance(end, datetime):
        if reader.zone_name(master, "DTSTART", start) is None:
            raise NoPatternError("its time zone has no rule that Graph could tell")
        there = end.astimezone(start.tzinfo) if start.tzinfo and end.tzinfo else end
        event["end"] = {
            "dateTime": there.replace(tzinfo=None).isoformat(),
            "timeZone": event["start"]["timeZone"],
        }
    return event | {"recurrence": recurrence_of(master["RRULE"], start)}


def _dates(component: Component, name: str) -> list[date | datetime]:
    value = component.get(name, [])
    return [entry.dt for listed in (value if isinstance(value, list) else [value]) for entry in listed.dts]


def _day(moment: date | datetime, master: Component) -> str:
    """The original date that a moment means, on the clocks of the series."""
    start = master["DTSTART"].dt
    if isinstance(moment, datetime):
        if moment.tzinfo and isinstance(start, datetime) and start.tzinfo:
            moment = moment.astimezone(start.tzinfo)
        moment = moment.date()
    return moment.isoformat()


def _exceptions(
    changed: Sequence[Component], master: Component, reader: Reader, cancelled: Sequence[str]
) -> list[Json]:
    by_day: dict[str, list[Component]] = {}
    for component in changed:
        by_day.setdefault(_day(component["RECURRENCE-ID"].dt, master), []).append(component)
    return [
        {"original_start": day, "changes": reader.event(latest(components))}
        for day, components in by_day.items()
        if day not in cancelled
    ]


def _check_exceptions(item: Item) -> None:
    """NoPatternError when an exception replaces nothing, or stands where Exchange lets none stand."""
    for original in item.exceptions:
        day = date.fromisoformat(original)
        if not has_occurrence(item, day):
            raise NoPatternError(f"its RECURRENCE-ID of {original} is none of its occurrences")
        before, after = neighbours(item, day)
        moved = wall_clock(facts_on(item, day)["start"]).date()
        if (before and moved <= before) or (after and moved >= after):
            raise NoPatternError(f"its occurrence of {original} passes its neighbour, which Exchange does not allow")


def _check_occurrences(item: Item, group: Sequence[Component]) -> None:
    """NoPatternError when the beginning of the series is not what the file says: a series is never silently wrong."""
    first = in_utc(span(group[0])[0])
    window = (first - CHECKED / 10, first + CHECKED)
    found = sorted((instance.start, instance.end) for instance in instances(item, window))
    expected = sorted(intervals(expand(group, window)))
    if found != expected:
        odd = min(set(found) ^ set(expected), default=None)
        raise NoPatternError(f"its occurrences are not those of its pattern: {odd[0] if odd else 'one stands twice'}")


def _check_number(group: Sequence[Component], reason: str) -> None:
    """RefusedError before a rule that would take for ever to work out is worked out."""
    for component in group:
        value = component.get("RRULE")
        for rule in value if isinstance(value, list) else [value]:
            if rule and int(rule.get("INTERVAL", [1])[0]) < 1:
                raise RefusedError("an INTERVAL must be one at least")
    first = min(in_utc(span(component)[0]) for component in group)
    for length in PROBED:
        _refuse_many(reason, expand(group, (first, first + length)))


def _refuse_many(reason: str, occurrences: Sequence[Component]) -> None:
    if len(occurrences) > MOST:
        raise RefusedError(f"{reason}, and it has more occurrences than the {MOST} that may become single events")


def expand(group: Iterable[Component], window: Interval) -> list[Component]:
    """The occurrences of these components in a window, as recurring_ical_events works them out."""
    calendar = icalendar.Calendar()
    for component in group:
        calendar.add_component(component)
    return list(recurring_ical_events.of(calendar).between(*window))


def intervals(occurrences: Iterable[Component]) -> list[Interval]:
    """Start and end of each in UTC; all-day ones at least a day long, as Exchange has them."""
    found = []
    for start, end in map(span, occurrences):
        least = timedelta(0) if isinstance(start, datetime) else timedelta(days=1)
        found.append((in_utc(start), max(in_utc(end), in_utc(start) + least)))
    return found


def _expanded(group: Sequence[Component], reader: Reader, build: Build, reason: str) -> Loaded:
    try:
        _check_number(group, reason)
        occurrences = expand(group, WINDOW)
    except UNREADABLE as error:
        raise RefusedError(f"{reason}, and its occurrences cannot be worked out ({error})") from None
    if not occurrences:
        raise RefusedError(f"{reason}, and nothing of it stands in {YEARS}")
    _refuse_many(reason, occurrences)
    items = [build(reader.event(occurrence)) for occurrence in occurrences]
    return Loaded(items, "expanded", f"{reason}; single events from {YEARS}: {len(items)}")
