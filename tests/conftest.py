"""The cast and the stage of the tests: a real sandbox, a real database, and an audit after every test."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.utils.timezone import now
from hypothesis import settings as hypothesis_settings

from devtools import environment
from events.models import Event, Session
from events.sync.engine import sync
from events.sync.state import Report
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

EXPECTATIONS = {
    "foreign_writes": "expects_foreign_writes",
    "duplicates": "expects_duplicates",
    "limit_violations": "expects_limit_violations",
    "mails": "expects_mails",
}
PEOPLE = ["ann", "ben", "cleo", "dev"]

# How often a property is tried: the same examples in every run, or many new ones with --hypothesis-profile=nightly.
hypothesis_settings.register_profile("ci", max_examples=200, derandomize=True, deadline=None, database=None)
hypothesis_settings.register_profile("nightly", max_examples=10_000, deadline=None, database=None, print_blob=True)
hypothesis_settings.load_profile("ci")


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # made to be slow, the others are
    settings.WHITENOISE_AUTOREFRESH = True  # static files are looked for when asked for, not at each client's beginning


def process_environment(**values: str) -> dict[str, str]:
    """The environment for a process of the product that works on this test's database."""
    name = connection.settings_dict["NAME"]
    url = re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", os.environ["DATABASE_URL"], count=1)
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "calsync.settings", **values}


class Sandbox:
    """The control of a running sandbox, as its users and its weather."""

    def __init__(self, line: dict[str, str]) -> None:
        self.line = line
        self.session = requests.Session()

    def control(self, method: str, path: str, **kwargs: Any) -> Any:
        url = f"{self.line['admin_url']}/_sandbox/{path}"
        response = self.session.request(method, url, verify=self.line["ca_file"], timeout=20, **kwargs)
        response.raise_for_status()
        return response.json() if response.content else None

    def reset(self) -> None:
        people = [{"name": name.title(), "mail": address(name), "upn": address(name)} for name in PEOPLE]
        self.control("POST", "reset", json={"tenant": {"people": people}})

    def events(self, name: str) -> list[dict[str, Any]]:
        """What stands in somebody's calendar: single items and series."""
        found = self.control("GET", f"mailboxes/{address(name)}/events")
        return found["value"] if isinstance(found, dict) else found

    def subjects(self, name: str) -> list[str]:
        return sorted(event["subject"] for event in self.events(name))

    def add(self, name: str, subject: str, start: datetime, hours: float = 1, **more: Any) -> dict[str, Any]:
        """Add an item as the user would."""
        body = {
            "subject": subject,
            "start": graph_time(start),
            "end": graph_time(start + timedelta(hours=hours)),
            **more,
        }
        return self.control("POST", f"mailboxes/{address(name)}/events", json=body)

    def change(self, name: str, remote_id: str, **changes: Any) -> Any:
        return self.control("PATCH", f"mailboxes/{address(name)}/events/{remote_id}", json=changes)

    def delete(self, name: str, remote_id: str) -> None:
        self.control("DELETE", f"mailboxes/{address(name)}/events/{remote_id}")

    def fault(self, match: dict[str, Any], *, times: int | None = None, **effect: Any) -> None:
        """Let requests that match go wrong: all of them, or the next `times`."""
        self.control("POST", "faults", json={"match": match, "effect": effect, "times": times})

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def audit(self) -> dict[str, Any]:
        return self.control("GET", "audit")

    def requests(self) -> dict[str, Any]:
        return self.control("GET", "requests")

    def configure(self, **settings: Any) -> None:
        self.control("POST", "settings", json=settings)


def address(name: str) -> str:
    return f"{name}@northgate.example"


def graph_time(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", *environment.recording(os.environ)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    yield Sandbox(json.loads(process.stdout.readline()))
    process.terminate()
    process.wait(10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox with four people and empty calendars. Fails the test after which something forbidden has happened."""
    settings.MICROSOFT_LOGIN_URL = sandbox_process.line["login_url"]
    settings.MICROSOFT_GRAPH_URL = sandbox_process.line["graph_url"]
    settings.MICROSOFT_CA_FILE = sandbox_process.line["ca_file"]
    sandbox_process.reset()
    yield sandbox_process
    audit = sandbox_process.audit()
    for name, expectation in EXPECTATIONS.items():
        if not request.node.get_closest_marker(expectation):
            assert not audit[name], f"the sandbox's audit reports {name}: {audit[name]}"


@pytest.fixture
def integration(db: None, sandbox: Sandbox) -> Integration:
    line = sandbox.line
    return Integration.objects.create(
        name="Northgate",
        tenant_id=line["tenant_id"],
        client_id=line["client_id"],
        client_secret=line["client_secret"],
        user_id=line["user_id"],
    )


@pytest.fixture
def people(integration: Integration, sandbox: Sandbox) -> dict[str, CalendarMapping]:
    """Everybody in the cast, paired with their mailboxes."""
    ids = {person["mail"]: person["id"] for person in sandbox.control("GET", "people")}
    return {name: pair(integration, name, ids[address(name)]) for name in PEOPLE}


def pair(integration: Integration, name: str, remote_user_id: str) -> CalendarMapping:
    instructor = Instructor.objects.create(name=name.title(), email=address(name))
    return CalendarMapping.objects.create(
        integration=integration, instructor=instructor, address=instructor.email, remote_user_id=remote_user_id
    )


@pytest.fixture
def ann(people: dict[str, CalendarMapping]) -> CalendarMapping:
    return people["ann"]


def tomorrow(hour: int = 9, *, days: int = 1) -> datetime:
    return now().replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)


def plan_event(title: str, *teachers: CalendarMapping, sessions: int = 1, hour: int = 9, **values: Any) -> Event:
    """A confirmed event on the next days, taught by the owners of these calendars."""
    event = Event.objects.create(title=title, **values)
    event.instructors.add(*(teacher.instructor for teacher in teachers))
    for day in range(1, sessions + 1):
        start = tomorrow(hour, days=day)
        Session.objects.create(event=event, starts_at=start, ends_at=start + timedelta(hours=3))
    return event


def sync_now(*mappings: CalendarMapping) -> Report:
    """One sync of these calendars, or of all, whatever is due; afterwards they are reloaded."""
    found = CalendarMapping.objects.syncable()
    if mappings:
        found = found.filter(pk__in=[mapping.pk for mapping in mappings])
    report = sync(found.claim())
    for mapping in mappings:
        mapping.refresh_from_db()
    return report
