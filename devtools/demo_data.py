"""What the demo starts with: tables, static files, logins, instructors, events, the integration, and its story.

Run in a process of its own (`python -m devtools.demo_data`), because it needs the product's settings. Passwords and
the client secret come in the environment: CALSYNC_DEMO_PASSWORD, CALSYNC_DEMO_SCHEDULER_PASSWORD,
CALSYNC_CLIENT_SECRET.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from devtools.demo_plan import ZONE, courses
from devtools.demo_story import Outlook, places, tell

ADMIN, SCHEDULER = "admin", "scheduler"


def main(arguments: Sequence[str]) -> None:
    """Bring the database and the static files up to date, and fill an empty database."""
    parser = argparse.ArgumentParser()
    for option in ("--tenant", "--client", "--user", "--sandbox"):
        parser.add_argument(option, required=True)
    parser.add_argument("--story", type=Path, required=True, help="where to say which addresses tell the story")
    parser.add_argument("--only-prepare", action="store_true", help="leave the data as it is")
    options = parser.parse_args(arguments)
    django.setup()
    prepare()
    create_logins()
    if not (options.only_prepare and has_data()):
        begin(options, date.today())  # noqa: DTZ011 - the demo's own day
    options.story.write_text(json.dumps(places()))


def begin(options: argparse.Namespace, today: date) -> None:
    """Fill an empty database, connect it where it is not, and let the story happen."""
    if not has_data():
        print("Creating 40 instructors and what they teach.", flush=True)
        fill(today)
    if connect(options):
        print("Syncing their calendars for the first time.", flush=True)
        tell(Outlook(options.sandbox, settings.MICROSOFT_CA_FILE), today)


def prepare() -> None:
    """Migrate and collect the static files."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)


def has_data() -> bool:
    """Say whether there is anything that a person may have changed."""
    from instructors.models import Instructor

    return Instructor.objects.exists()


def fill(today: date) -> None:
    """Create everything that the demo shows, all or nothing."""
    from django.db import transaction

    with transaction.atomic():
        create_instructors()
        create_events(today)


def create_logins() -> None:
    """Create an administrator, who may open Django's admin too, and a scheduler, with the passwords of the demo."""
    from django.contrib.auth.models import User

    admin = login(ADMIN, "Helen", "Brook", "Administrators", os.environ["CALSYNC_DEMO_PASSWORD"])
    User.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    login(SCHEDULER, "Tim", "Archer", "Schedulers", os.environ["CALSYNC_DEMO_SCHEDULER_PASSWORD"])


def login(username: str, first: str, last: str, group: str, password: str) -> Any:
    """Return the user of this name, created where there is none, with this password and in this group."""
    from django.contrib.auth.models import Group, User

    names = {"first_name": first, "last_name": last}
    user, _ = User.objects.get_or_create(username=username, defaults=names)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def create_instructors() -> None:
    """Create the 40 instructors."""
    from devtools.demo_people import matched, unmatched
    from instructors.models import Instructor

    for person in [*matched(), *unmatched()]:
        Instructor.objects.create(name=person.name, email=person.email, time_zone=person.time_zone)


def create_events(today: date) -> None:
    """Create the courses; the last date of each longer one is taught by one instructor alone."""
    from events.models import Event, Session
    from instructors.models import Instructor

    people = {person.name: person for person in Instructor.objects.all()}
    for course in courses(today):
        event = Event.objects.create(
            title=course.title,
            short_name=course.short,
            location=course.place,
            description=course.description,
            status=course.status,
            time_zone=str(ZONE),
        )
        event.instructors.set([people[name] for name in course.teachers])
        for start, end in course.sessions:
            session = Session.objects.create(event=event, starts_at=start, ends_at=end)
        if len(course.sessions) > 2 and len(course.teachers) > 1:
            session.instructors.set([people[course.teachers[0]]])


def connect(options: argparse.Namespace) -> bool:
    """Create the integration as an operator would, with the secret on standard input; False where there is one."""
    from django.core.management import call_command

    from devtools.demo_people import COMPANY
    from integrations.models import Integration

    if Integration.objects.exists():
        return False
    print("Connecting the calendars.", flush=True)
    sys.stdin = io.StringIO(os.environ["CALSYNC_CLIENT_SECRET"] + "\n")
    call_command(
        "create_integration", name=COMPANY, tenant=options.tenant, client=options.client, user=options.user, verbosity=0
    )
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
