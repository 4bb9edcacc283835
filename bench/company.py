"""The company whose calendars are measured: mailboxes in the sandbox, and their counterparts in the database.

Rows are written in bulk, which sends no signal: nothing is hinted at before a measurement wants it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from django.db import connection
from django.utils.timezone import now

from bench.stage import Stage
from events.models import Event, Session
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

DOMAIN = "measured.example"
FIRST_HOUR = 6
Json = dict[str, Any]


def found(stage: Stage, sizes: Sequence[int]) -> list[CalendarMapping]:
    """Start over with a mailbox for each of `sizes`, which says how many items it holds; their mappings, in order."""
    stage.control("POST", "reset", {"tenant": {"people": [person(*one) for one in enumerate(sizes)]}})
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE integrations_integration, instructors_instructor, events_event CASCADE")
    fields = ("tenant_id", "client_id", "client_secret", "user_id")
    integration = Integration.objects.create(name="Measured", **{name: stage.line[name] for name in fields})
    teachers = Instructor.objects.bulk_create(
        Instructor(name=f"Person {number}", email=address(number), time_zone="UTC") for number in range(len(sizes))
    )
    return CalendarMapping.objects.bulk_create(
        CalendarMapping(integration=integration, instructor=one, address=one.email, remote_user_id=identity(number))
        for number, one in enumerate(teachers)
    )


def address(number: int) -> str:
    return f"person{number}@{DOMAIN}"


def identity(number: int) -> str:
    return str(uuid5(NAMESPACE_DNS, address(number)))


def person(number: int, size: int) -> Json:
    """Somebody of the sandbox's tenant file, with `size` items: a weekly series where there are many, else singles."""
    mail = address(number)
    occurrences = 30 if size > 60 else 0
    events = [single(place) for place in range(size - occurrences)]
    events += [weekly(occurrences)] if occurrences else []
    return {"id": identity(number), "name": f"Person {number}", "mail": mail, "upn": mail, "events": events}


def single(place: int) -> Json:
    start = today() + timedelta(days=1 + place // 4, hours=FIRST_HOUR + 3 * (place % 4))
    return {"subject": f"Item {place}", "showAs": "busy", **times(start, hours=1)}


def weekly(occurrences: int) -> Json:
    first = today() + timedelta(days=2)
    weekday = f"{first:%A}".lower()
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": [weekday], "firstDayOfWeek": "monday"}
    span = {"type": "numbered", "startDate": f"{first:%Y-%m-%d}", "numberOfOccurrences": occurrences}
    start = first + timedelta(hours=20)
    return {"subject": "Weekly", "showAs": "busy", "recurrence": {"pattern": pattern, "range": span}} | times(start, 1)


def times(start: datetime, hours: int) -> Json:
    moments = {"start": start, "end": start + timedelta(hours=hours)}
    return {name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"} for name, at in moments.items()}


def today() -> datetime:
    return now().replace(hour=0, minute=0, second=0, microsecond=0)


def plan(mappings: Sequence[CalendarMapping], title: str, status: str) -> list[Event]:
    """An event of one session for each of `mappings`, taught by its owner."""
    events = Event.objects.bulk_create(
        Event(title=f"{title} {number}", status=status, time_zone="UTC") for number in range(len(mappings))
    )
    assignment = Event.instructors.through
    assignment.objects.bulk_create(
        assignment(event=event, instructor_id=mapping.instructor_id)
        for event, mapping in zip(events, mappings, strict=True)
    )
    Session.objects.bulk_create(sessions(events))
    return events


def sessions(events: Sequence[Event]) -> Iterator[Session]:
    for number, event in enumerate(events):
        start = today() + timedelta(days=1 + number % 60, hours=FIRST_HOUR + 1)
        yield Session(event=event, starts_at=start, ends_at=start + timedelta(hours=2))
