"""The organisation that the demo connects to: 40 people, and what stands in their Outlook calendars.

Written in the sandbox's tenant format (sandbox/README.md): Graph's words for events, with the exceptions and the
cancelled dates of a series beside them.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from devtools.demo_people import ALIAS, COMPANY, DOMAIN, GUEST, SHARED, Person, address, matched
from devtools.demo_plan import AWAY, STORY, UNSURE, busy, working_day
from devtools.demo_plan import ZONE as OURS

Json = dict[str, Any]
Span = tuple[datetime, datetime]
ZONE = "W. Europe Standard Time"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
SINGLES = (
    ("Dentist", 60, "busy", "private"),
    ("Call with a customer", 60, "busy", "normal"),
    ("Interview: new colleague", 60, "busy", "normal"),
    ("Parents' evening", 90, "oof", "private"),
    ("Maybe: trade fair", 240, "tentative", "normal"),
    ("Lunch with the team", 60, "tentative", "normal"),
    ("Hold: planning", 120, "tentative", "normal"),
    ("Reading time", 60, "free", "normal"),
    ("Working from home", 480, "workingElsewhere", "normal"),
    ("Car to the garage", 60, "busy", "personal"),
)
SERIES = (
    ("Team meeting", 9, 0, 60),
    ("One to one", 11, 0, 60),
    ("Regional round", 15, 0, 60),
    ("Weekly close", 17, 0, 60),
)
DAYS_BACK, DAYS_AHEAD = 14, 42
WEEKS = 14  # that a series lasts


def tenant(today: date) -> Json:
    """Return the whole tenant, with calendars around `today`; the same for the same day."""
    taught = busy(today)
    people = [_entry(one.name, one.email, calendar(one, today, taught[one.name])) for one in matched()]
    return {"name": COMPANY, "domain": DOMAIN, "people": [*people, *_hard_to_match()]}


def calendar(person: Person, today: date, taught: Sequence[Span]) -> list[Json]:
    """Return what stands in this person's calendar: nothing that would keep them from what they teach."""
    dice = random.Random(person.email)  # noqa: S311 - the same calendar at every start
    monday = today - timedelta(days=today.weekday())
    absences = _of_the_story(person, today) if person.name in STORY else _leave(dice, monday)
    found = [item for item in absences if _is_free(item, taught)]
    taken = [*taught, *map(span, found)]
    series = _weekly(dice, monday, taken)
    taken += map(span, _dates(series))
    for item in _singles(dice, monday):
        if _is_free(item, taken):
            found.append(item)
            taken += [span(item)] if blocks(item) else []
    return [*found, series, all_day("Birthday of a colleague", monday + timedelta(days=dice.randrange(21)), 1, "free")]


def _of_the_story(person: Person, today: date) -> Iterator[Json]:
    soon, then = working_day(today, 1), working_day(today, 2)
    if person.name == AWAY:
        yield all_day("Annual leave", soon, 4, "oof")
    if person.name == UNSURE:
        for day in (soon, then):
            yield event("Hold: fair in Leipzig", datetime.combine(day, time(13)), 240, showAs="tentative")


def late_item(today: date) -> Json:
    """Return what comes into a calendar after its owner was booked for the same afternoon."""
    return event("Visit to the notary", datetime.combine(working_day(today, 1), time(13)), 180, sensitivity="private")


def _is_free(item: Json, taken: Sequence[Span]) -> bool:
    """Say whether an item leaves its owner free for all of `taken`."""
    start, end = span(item)
    return not blocks(item) or not any(start < until and since < end for since, until in taken)


def blocks(item: Json) -> bool:
    """Say whether the item makes its owner busy, if only perhaps."""
    return item["showAs"] not in ("free", "workingElsewhere")


def span(item: Json) -> Span:
    """Return the start and end of an item, of a series those of its first date."""
    start, end = (datetime.fromisoformat(item[edge]["dateTime"]).replace(tzinfo=OURS) for edge in ("start", "end"))
    return start, end


def _singles(dice: random.Random, monday: date) -> Iterator[Json]:
    for _ in range(dice.randint(10, 16)):
        day = monday + timedelta(days=dice.randrange(-DAYS_BACK, DAYS_AHEAD))
        if day.weekday() < len(WEEKDAYS):
            subject, minutes, show_as, sensitivity = dice.choice(SINGLES)
            start = datetime.combine(day, time(9 if minutes > 90 else dice.randint(8, 17), dice.choice((0, 30))))
            yield event(subject, start, minutes, showAs=show_as, sensitivity=sensitivity)


def _weekly(dice: random.Random, monday: date, taught: Sequence[Span]) -> Json:
    """A weekly series of three months, with one date moved, one renamed and one cancelled.

    The first weekday and hour, by chance, on which it stands in the way of nothing that is taught.
    """
    choices = [(weekday, series) for weekday in range(len(WEEKDAYS)) for series in SERIES]
    for weekday, kind in dice.sample(choices, len(choices)):
        series = _series(monday + timedelta(days=weekday - 28), *kind)
        if all(_is_free(date_, taught) for date_ in _dates(series)):
            break
    return series


def _series(first: date, subject: str, hour: int, minute: int, minutes: int) -> Json:
    moved, renamed, cancelled = (first + timedelta(weeks=week) for week in (5, 6, 7))
    series = event(subject, datetime.combine(first, time(hour, minute)), minutes)
    series["recurrence"] = {
        "pattern": {
            "type": "weekly",
            "interval": 1,
            "daysOfWeek": [WEEKDAYS[first.weekday()]],
            "firstDayOfWeek": "monday",
        },
        "range": {"type": "endDate", "startDate": str(first), "endDate": str(first + timedelta(weeks=WEEKS - 1))},
    }
    later = datetime.combine(moved, time(hour + 1, minute))
    series["exceptions"] = [
        {"original_start": str(moved), "changes": _times(later, minutes)},
        {"original_start": str(renamed), "changes": {"subject": f"{subject}, with guests"}},
    ]
    series["cancelled"] = [str(cancelled)]
    return series


def _dates(series: Json) -> Iterator[Json]:
    """Every date of a series as an item, the moved one at both places."""
    first, last = (datetime.fromisoformat(series[edge]["dateTime"]) for edge in ("start", "end"))
    minutes = int((last - first).total_seconds()) // 60
    for week in range(WEEKS):
        yield event(series["subject"], first + timedelta(weeks=week), minutes)
    yield {**series, **series["exceptions"][0]["changes"]}


def _leave(dice: random.Random, monday: date) -> Iterator[Json]:
    """For some, a few days off."""
    if dice.random() < 0.6:
        first = monday + timedelta(weeks=dice.randint(0, 4), days=dice.randint(0, 2))
        yield all_day("Annual leave", first, dice.randint(1, 4), "oof")


def event(subject: str, start: datetime, minutes: int, **more: Any) -> Json:
    """Return a single event of Graph, in the company's zone."""
    return {"subject": subject, "showAs": "busy", "sensitivity": "normal", **_times(start, minutes), **more}


def all_day(subject: str, first: date, days: int, show_as: str) -> Json:
    """Return an all-day event of Graph."""
    start = datetime.combine(first, time())
    return event(subject, start, days * 24 * 60, isAllDay=True, showAs=show_as)


def _times(start: datetime, minutes: int) -> Json:
    end = start + timedelta(minutes=minutes)
    return {
        name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": ZONE} for name, at in (("start", start), ("end", end))
    }


def _hard_to_match() -> list[Json]:
    married = "Sofia Lindner"
    return [
        _entry(married, address(married)) | {"aliases": [address(ALIAS)]},
        _entry(SHARED, address(SHARED)) | {"upn": address("Robin Falk1")},
        _entry(f"{SHARED} (Hamburg)", address(SHARED)) | {"upn": address("Robin Falk2")},
        _entry(GUEST, address(GUEST, "freelance.example"))
        | {"user_type": "Guest", "upn": f"gil.visitor_freelance.example#EXT#@{DOMAIN}"},
    ]


def _entry(name: str, mail: str, events: list[Json] | None = None) -> Json:
    return {"name": name, "mail": mail, "upn": mail, "events": events or []}
