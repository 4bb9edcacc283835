"""People with calendars as they are in real life, made up from a seed."""

from __future__ import annotations

import random
from datetime import date, timedelta

from sandbox import tenant
from sandbox.items import Json
from sandbox.series import DAYS
from sandbox.world import World

FIRST_NAMES = (
    "Ada", "Bela", "Cato", "Dora", "Edda", "Finn", "Gail", "Hugo", "Iris", "Jona", "Kira", "Levi", "Mira", "Nils",
    "Oona", "Pius", "Quin", "Rosa", "Sven", "Tara", "Ulla", "Vera", "Wim", "Xena", "Yara", "Zeno",
)  # fmt: skip
LAST_NAMES = (
    "Acker", "Birke", "Clay", "Dorn", "Esche", "Feld", "Grove", "Hill", "Insel", "Juniper", "Kiesel", "Lake", "Marsh",
    "North", "Oak", "Pebble", "Quarry", "Reed", "Stone", "Thorn", "Umber", "Vale", "Wood", "Yarrow", "Ziller",
)  # fmt: skip
ZONES = (
    "W. Europe Standard Time",
    "W. Europe Standard Time",
    "GMT Standard Time",
    "Europe/Paris",
    "Eastern Standard Time",
)
MEETINGS = (
    "Planning round",
    "Call with a customer",
    "Preparation",
    "Review",
    "Dentist",
    "Interview",
    "Workshop",
    "Travel",
)
SERIES = ("Team meeting", "Weekly catch-up", "Office hours", "Language class", "Steering group")


def generate(world: World, count: int, seed: int) -> None:
    """Add `count` people; the same seed makes the same people and, on one day, the same calendars."""
    today = world.now().date()
    for number in range(count):
        source = random.Random(f"{seed}/{number}")  # noqa: S311 - reproducible, not secret
        tenant.put_person(world, person(source, number, world.domain, today))


def person(source: random.Random, number: int, domain: str, today: date) -> Json:
    """A person of a tenant file, with events from five weeks ago to half a year ahead."""
    first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[(number // len(FIRST_NAMES)) % len(LAST_NAMES)]
    again = number // (len(FIRST_NAMES) * len(LAST_NAMES))
    local = f"{first}.{last}{again or ''}".lower()
    return {
        "name": f"{first} {last}{f' {again}' if again else ''}",
        "mail": f"{local}@{domain}",
        "upn": f"{local}@{domain}",
        "aliases": [f"{first[0]}{last}{number}@{domain}".lower()],
        "events": events(source, today),
    }


def events(source: random.Random, today: date) -> list[Json]:
    """What stands in one calendar: singles, two or three series, leave."""
    zone = source.choice(ZONES)
    made = [single(source, today, zone) for _ in range(source.randint(12, 24))]
    made += [series(source, today, zone) for _ in range(source.randint(2, 3))]
    made += [leave(source, today, zone) for _ in range(source.randint(1, 2))]
    return made


def single(source: random.Random, today: date, zone: str) -> Json:
    day = _workday(today + timedelta(days=source.randint(-35, 120)))
    start = source.randint(16, 33) * 30
    kind = source.random()
    return {
        "subject": source.choice(MEETINGS),
        "location": {"displayName": source.choice(("", "Room 1", "Room 2", "Online"))},
        "showAs": "tentative" if kind < 0.12 else "free" if kind < 0.2 else "busy",
        "sensitivity": "private" if 0.2 < kind < 0.32 else "normal",
        **_times(day, start, source.choice((30, 60, 60, 90, 120)), zone),
    }


def series(source: random.Random, today: date, zone: str) -> Json:
    """A weekly series with a moved and a cancelled occurrence."""
    first = _workday(today - timedelta(days=source.randint(20, 60)))
    limits: Json = source.choice(({"type": "noEnd"}, {"type": "numbered", "numberOfOccurrences": 30}))
    start, interval = source.randint(16, 30) * 30, source.choice((1, 1, 2))
    weeks = [first + timedelta(weeks=interval * number) for number in range(2, 12)]
    moved, cancelled = source.sample(weeks, 2)
    pattern = {
        "type": "weekly",
        "interval": interval,
        "daysOfWeek": [DAYS[first.weekday()]],
        "firstDayOfWeek": "monday",
    }
    return {
        "subject": source.choice(SERIES),
        "recurrence": {"pattern": pattern, "range": {"startDate": first.isoformat(), **limits}},
        **_times(first, start, 60, zone),
        "exceptions": [{"original_start": moved.isoformat(), "changes": _times(moved, start + 60, 60, zone)}],
        "cancelled": [cancelled.isoformat()],
    }


def leave(source: random.Random, today: date, zone: str) -> Json:
    first = today + timedelta(days=source.randint(-20, 150))
    last = first + timedelta(days=source.choice((1, 1, 2, 5, 10)))
    return {
        "subject": source.choice(("Leave", "Holiday", "Training course")),
        "isAllDay": True,
        "showAs": "oof",
        "start": {"dateTime": f"{first}T00:00:00", "timeZone": zone},
        "end": {"dateTime": f"{last}T00:00:00", "timeZone": zone},
    }


def _workday(day: date) -> date:
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def _times(day: date, start: int, minutes: int, zone: str) -> Json:
    """start and end of an event that begins `start` minutes after midnight."""
    return {
        "start": {"dateTime": f"{day}T{_clock(start)}", "timeZone": zone},
        "end": {"dateTime": f"{day}T{_clock(start + minutes)}", "timeZone": zone},
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}:00"
