"""The organisation that the demo connects to: 40 people, and what stands in their Outlook calendars.

Written in the sandbox's tenant format (sandbox/README.md): Graph's words for events, with the exceptions and the
cancelled dates of a series beside them.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from devtools.demo_people import ALIAS, COMPANY, DOMAIN, GUEST, SHARED, Person, address, matched

Json = dict[str, Any]
ZONE = "W. Europe Standard Time"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
SINGLES = (
    ("Dentist", 60, "busy", "private"),
    ("Call with a customer", 45, "busy", "normal"),
    ("Interview: new colleague", 60, "busy", "normal"),
    ("Parents' evening", 90, "oof", "private"),
    ("Maybe: trade fair", 240, "tentative", "normal"),
    ("Lunch with the team", 60, "tentative", "normal"),
    ("Hold: planning", 120, "tentative", "normal"),
    ("Reading time", 60, "free", "normal"),
    ("Working from home", 480, "workingElsewhere", "normal"),
    ("Car to the garage", 30, "busy", "personal"),
)
SERIES = (("Team meeting", 9, 0, 45), ("One to one", 11, 30, 30), ("Regional round", 15, 0, 60))
DAYS_BACK, DAYS_AHEAD = 14, 42


def tenant(today: date) -> Json:
    """Return the whole tenant, with calendars around `today`; the same for the same day."""
    people = [_entry(person.name, person.email, calendar(person, today)) for person in matched()]
    return {"name": COMPANY, "domain": DOMAIN, "people": [*people, *_hard_to_match()]}


def calendar(person: Person, today: date) -> list[Json]:
    """Return what stands in this person's calendar."""
    dice = random.Random(person.email)  # noqa: S311 - the same calendar at every start
    monday = today - timedelta(days=today.weekday())
    return [*_singles(dice, monday), _weekly(dice, monday), *_leave(dice, monday)]


def _singles(dice: random.Random, monday: date) -> Iterator[Json]:
    for _ in range(dice.randint(8, 14)):
        day = monday + timedelta(days=dice.randrange(-DAYS_BACK, DAYS_AHEAD))
        if day.weekday() < len(WEEKDAYS):
            subject, minutes, show_as, sensitivity = dice.choice(SINGLES)
            start = datetime.combine(day, time(9 if minutes > 90 else dice.randint(8, 17), dice.choice((0, 30))))
            yield event(subject, start, minutes, showAs=show_as, sensitivity=sensitivity)


def _weekly(dice: random.Random, monday: date) -> Json:
    """A weekly series of three months, with one date moved, one renamed and one cancelled."""
    subject, hour, minute, minutes = dice.choice(SERIES)
    weekday = dice.randrange(len(WEEKDAYS))
    first = monday + timedelta(days=weekday - 28)
    moved, renamed, cancelled = (first + timedelta(weeks=week) for week in (5, 6, 7))
    series = event(subject, datetime.combine(first, time(hour, minute)), minutes)
    series["recurrence"] = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [WEEKDAYS[weekday]], "firstDayOfWeek": "monday"},
        "range": {"type": "endDate", "startDate": str(first), "endDate": str(first + timedelta(weeks=13))},
    }
    later = datetime.combine(moved, time(hour + 2, minute))
    series["exceptions"] = [
        {"original_start": str(moved), "changes": _times(later, minutes)},
        {"original_start": str(renamed), "changes": {"subject": f"{subject}, with guests"}},
    ]
    series["cancelled"] = [str(cancelled)]
    return series


def _leave(dice: random.Random, monday: date) -> Iterator[Json]:
    """For some, a few days off; for nearly all, a day that is only noted."""
    if dice.random() < 0.4:
        first = monday + timedelta(weeks=dice.randint(0, 4), days=dice.randint(0, 2))
        yield all_day("Annual leave", first, dice.randint(1, 5), "oof")
    yield all_day("Birthday of a colleague", monday + timedelta(days=dice.randrange(21)), 1, "free")


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
