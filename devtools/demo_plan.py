"""What the demo's company plans: courses around today, and who teaches them. The same for the same day.

Five weeks of ordinary courses in which nobody is booked twice, and the courses of the story, whose people teach nothing
else. demo_tenant.py fills the calendars around them, so that the only conflict is the one of the story.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from devtools.demo_people import matched

ZONE = ZoneInfo("Europe/Berlin")
WEEKS = range(-1, 5)  # around the week of today
STRIDE, SHIFT = 7, 11  # who comes next within a week, and from one week to the next

# The people of the story.
LATE = "Ben Carter"  # found something in his calendar after he was booked
PARTNER = "Dora Engel"  # teaches with him
AWAY = "Birgit Conrad"  # is on leave
UNSURE = "Carl Decker"  # holds two afternoons
STALE = "Clara Dietrich"  # her mailbox has been refusing since yesterday
FAILED = "David Ellis"  # Microsoft refuses one of his items
STOPPED = "Emil Fuchs"  # is not synced
STORY = (LATE, PARTNER, AWAY, UNSURE, STALE, FAILED, STOPPED)

TOO_LONG = "Appendix 12"  # with this in its description an item is more than the demo's Microsoft takes
APPENDICES = "Programme of the day, and the law in excerpts:\n" + "\n".join(f"Appendix {n}" for n in range(1, 13))


@dataclass(frozen=True)
class Course:
    """An event to be planned. Of more than two sessions, the last is taught by `teachers[0]` alone."""

    title: str
    short: str
    place: str
    teachers: tuple[str, ...]
    sessions: tuple[tuple[datetime, datetime], ...]
    status: str = "confirmed"
    description: str = ""


@dataclass(frozen=True)
class Run:
    """A course as it is held every week: how many teach it, on which days, from when for how many hours."""

    title: str
    short: str
    place: str
    size: int
    days: tuple[int, ...]
    hour: int
    hours: int
    status: str = "confirmed"


RUNS = (
    Run("First aid at work", "First aid", "Berlin, room 1", 2, (0, 1, 2), 9, 7),
    Run("Fire safety", "Fire", "Hamburg, yard", 1, (3,), 13, 4),
    Run("Leadership, part one", "Leaders", "Berlin, room 4", 2, (0, 1, 2), 9, 8),
    Run("Forklift licence", "Forklift", "Munich, hall", 2, (3, 4), 8, 8),
    Run("Data protection at work", "Data", "Online", 1, (3,), 10, 2),
    Run("Negotiation", "Negotiate", "Cologne, room 2", 2, (1, 2), 9, 7),
    Run("Train the trainer", "Trainer", "Berlin, room 2", 3, (2, 3, 4), 9, 7),
    Run("Ladder inspection", "Ladder", "Leipzig, depot", 1, (4,), 9, 3),
    Run("Hazardous substances", "Hazards", "Hamburg, room 3", 2, (3,), 9, 6),
    Run("Conflict resolution", "Talks", "Online", 1, (1, 3), 14, 3),
    Run("Electrical safety", "Volts", "Munich, lab", 2, (2,), 8, 6),
    Run("Project planning", "Plan", "Berlin, room 1", 1, (4,), 9, 6),
    Run("Spreadsheets for planners", "Sheets", "Online", 1, (0, 2), 9, 4, "draft"),
    Run("New managers", "Managers", "Frankfurt, room 1", 1, (0, 1), 9, 8, "draft"),
    Run("Manual handling", "Lifts", "Hamburg, hall", 2, (0,), 9, 6),
    Run("Night shift and health", "Night", "Online", 1, (2,), 16, 2, "cancelled"),
)


def courses(today: date) -> list[Course]:
    """Return everything that is planned, seen from `today`."""
    return [*story(today), *_ordinary(today - timedelta(days=today.weekday()))]


def working_day(day: date, count: int) -> date:
    """Return the `count`th working day after `day`, or before it where `count` is negative."""
    step = 1 if count > 0 else -1
    while count:
        day += timedelta(days=step)
        count -= step * (day.weekday() < 5)
    return day


def story(today: date) -> list[Course]:
    """Return the courses that tell of late conflicts, stale rows and failed pushes."""
    past, soon, then, later = (working_day(today, count) for count in (-1, 1, 2, 3))
    return [
        Course(
            "Wardens and evacuation", "Wardens", "Leipzig, depot", (LATE, PARTNER), (on(soon, 9, 8), on(then, 9, 8))
        ),
        Course("First aid, refresher", "Aid", "Cologne, room 2", (STALE,), (on(past, 9, 4), on(then, 9, 4))),
        Course("Works council law", "Law", "Frankfurt, room 1", (FAILED,), (on(later, 9, 7),), description=APPENDICES),
        Course("Safe driving", "Drive", "Hamburg, yard", (STOPPED,), (on(past, 10, 5), on(soon, 10, 5))),
        Course("Ladder inspection", "Ladder", "Leipzig, depot", (UNSURE,), (on(past, 9, 3), on(later, 9, 3))),
        Course("Train the trainer", "Trainer", "Berlin, room 2", (AWAY,), (on(working_day(today, 9), 9, 7),)),
    ]


def on(day: date, hour: int, hours: float) -> tuple[datetime, datetime]:
    """Return the start and end of something on that day, in the company's zone."""
    start = datetime.combine(day, time(hour), ZONE)
    return start, start + timedelta(hours=hours)


def busy(today: date) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return when each instructor teaches or might, by name."""
    found: dict[str, list[tuple[datetime, datetime]]] = {person.name: [] for person in matched()}
    for course in courses(today):
        for name in course.teachers:
            found[name] += course.sessions
    return found


def _ordinary(monday: date) -> Iterator[Course]:
    others = sorted(person.name for person in matched() if person.name not in STORY)
    for week in WEEKS:
        slot = week * SHIFT
        for run in RUNS:
            teachers = tuple(others[(slot + offset) * STRIDE % len(others)] for offset in range(run.size))
            days = [monday + timedelta(weeks=week, days=day) for day in run.days]
            sessions = tuple(on(day, run.hour, run.hours) for day in days)
            yield Course(run.title, run.short, run.place, teachers, sessions, run.status)
            slot += run.size
