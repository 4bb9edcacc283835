"""What the demo starts with: the database's tables, the static files, a login, instructors, events, the integration.

Run in a process of its own (`python -m devtools.demo_data`), because it needs the product's settings. The login's
password and the client secret come in the environment: CALSYNC_DEMO_PASSWORD, CALSYNC_CLIENT_SECRET.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import django

ADMIN = "admin"
ZONE = "Europe/Berlin"

# title, place, status, instructors, sessions as (week, weekday, hour, hours)
COURSES = (
    ("First aid, basics", "Berlin, room 1", "confirmed", 2, ((0, 1, 9, 7), (0, 2, 9, 7))),
    ("Fire safety", "Hamburg, yard", "confirmed", 1, ((0, 3, 13, 4),)),
    ("Leadership, part one", "Berlin, room 4", "confirmed", 2, ((1, 0, 9, 8), (1, 1, 9, 8), (1, 2, 9, 6))),
    ("Forklift licence", "Munich, hall", "confirmed", 3, ((0, 4, 8, 8), (1, 0, 8, 8))),
    ("Data protection at work", "online", "confirmed", 1, ((1, 3, 10, 2),)),
    ("Negotiation", "Cologne, room 2", "confirmed", 2, ((1, 1, 9, 7), (1, 2, 9, 7))),
    ("Train the trainer", "Berlin, room 2", "confirmed", 4, ((2, 0, 9, 7), (2, 1, 9, 7), (2, 2, 9, 7))),
    ("Ladder inspection", "Leipzig, depot", "confirmed", 1, ((1, 4, 9, 3),)),
    ("Hazardous substances", "Hamburg, room 3", "confirmed", 2, ((2, 3, 9, 6),)),
    ("Conflict resolution", "online", "confirmed", 1, ((2, 1, 14, 3), (2, 3, 14, 3))),
    ("Electrical safety", "Munich, lab", "confirmed", 2, ((0, 2, 8, 6), (2, 2, 8, 6))),
    ("Project planning", "Berlin, room 1", "confirmed", 1, ((2, 4, 9, 6),)),
    ("Works council law", "Frankfurt, room 1", "draft", 2, ((2, 0, 9, 8), (2, 1, 9, 8))),
    ("Night shift and health", "online", "cancelled", 1, ((1, 2, 16, 2),)),
)


def main(arguments: Sequence[str]) -> None:
    """Bring the database and the static files up to date, and fill an empty database."""
    parser = argparse.ArgumentParser()
    for option in ("--tenant", "--client", "--user"):
        parser.add_argument(option, required=True)
    parser.add_argument("--only-prepare", action="store_true", help="leave the data as it is")
    options = parser.parse_args(arguments)
    django.setup()
    prepare()
    create_admin(os.environ["CALSYNC_DEMO_PASSWORD"])
    if options.only_prepare and has_data():
        return
    if not has_data():
        print("Creating 40 instructors and their events.", flush=True)
        fill(monday=date.today() - timedelta(days=date.today().weekday()))  # noqa: DTZ011 - the demo's own week
    connect(options)


def prepare() -> None:
    """Migrate and collect the static files."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


def has_data() -> bool:
    """Say whether there is anything that a person may have changed."""
    from instructors.models import Instructor

    return Instructor.objects.exists()


def fill(monday: date) -> None:
    """Create everything that the demo shows, all or nothing."""
    from django.db import transaction

    with transaction.atomic():
        create_instructors()
        create_events(monday)


def create_admin(password: str) -> None:
    """Create the login: a superuser, since events are edited in Django's admin, and one of the Administrators."""
    from django.contrib.auth.models import Group, User

    admin = User.objects.filter(username=ADMIN).first() or User.objects.create_superuser(ADMIN, password=password)
    if not admin.check_password(password):
        admin.set_password(password)
        admin.save()
    admin.groups.add(Group.objects.get(name="Administrators"))


def create_instructors() -> None:
    """Create the 40 instructors."""
    from devtools.demo_people import matched, unmatched
    from instructors.models import Instructor

    for person in [*matched(), *unmatched()]:
        Instructor.objects.create(name=person.name, email=person.email, time_zone=person.time_zone)


def create_events(monday: date) -> None:
    """Create the courses of three weeks; the last date of each longer one is taught by somebody else."""
    from devtools.demo_people import matched
    from events.models import Event, Session
    from instructors.models import Instructor

    teachers = list(Instructor.objects.filter(email__in=[person.email for person in matched()]).order_by("pk"))
    for number, (title, place, status, size, dates) in enumerate(COURSES):
        event = Event.objects.create(title=title, location=place, status=status, time_zone=ZONE)
        event.instructors.set(_some(teachers, number * 3, size))
        for week, weekday, hour, hours in dates:
            start = datetime.combine(monday + timedelta(weeks=week, days=weekday), time(hour), ZoneInfo(ZONE))
            session = Session.objects.create(event=event, starts_at=start, ends_at=start + timedelta(hours=hours))
        if len(dates) > 2:
            session.instructors.set(_some(teachers, number * 3 + size, 1))


def _some(teachers: list, first: int, size: int) -> list:
    return [teachers[(first + offset) % len(teachers)] for offset in range(size)]


def connect(options: argparse.Namespace) -> None:
    """Create the integration as an operator would, with the secret on standard input; once."""
    from django.core.management import call_command

    from devtools.demo_people import COMPANY
    from integrations.models import Integration

    if Integration.objects.exists():
        return
    print("Connecting the calendars.", flush=True)
    sys.stdin = io.StringIO(os.environ["CALSYNC_CLIENT_SECRET"] + "\n")
    call_command(
        "create_integration", name=COMPANY, tenant=options.tenant, client=options.client, user=options.user, verbosity=0
    )


if __name__ == "__main__":
    main(sys.argv[1:])
