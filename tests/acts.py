"""What several tests do on the stage of conftest.py: a cycle, time that passes, somebody at work at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from events.closing import tidy
from events.models import SyncedEvent
from events.sync.engine import sync
from instructors.discovery import discover
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration
from tests.conftest import Sandbox, address, pair


def one_cycle() -> None:
    """What a cycle does for all calendars that do not rest: sync, then finish what was waiting for it."""
    claim = CalendarMapping.objects.syncable().awake().claim()
    sync(claim)
    tidy(claim.mappings)


def cycles_and_look_ups(count: int = 3) -> None:
    """So many cycles, each after all rests, and with the discovery that follows it."""
    for _ in range(count):
        CalendarMapping.objects.update(retry_at=None)
        one_cycle()
        for integration in Integration.objects.all():
            discover(integration)


def let_pass(span: timedelta) -> None:
    """Let `span` have passed for all rests, leases and requests that are on their way."""
    CalendarMapping.objects.update(retry_at=F("retry_at") - span, leased_until=F("leased_until") - span)
    SyncedEvent.objects.update(retry_at=F("retry_at") - span, intended_at=F("intended_at") - span)
    Integration.objects.update(retry_at=F("retry_at") - span)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[list[Exception]]:
    """Do `act` in another thread, and so in another connection, during the block; it is over after it.

    Yields the database errors that it met.
    """
    errors: list[Exception] = []

    def body() -> None:
        try:
            act()
        except (OperationalError, InterfaceError) as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield errors
    finally:
        thread.join(30)
    assert not thread.is_alive(), "it has not come to an end"


def wait_until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


def is_asked(sandbox: Sandbox, kind: str) -> bool:
    """Whether a request of this `kind`, as `POST /users/{id}/events`, has come to the sandbox, answered or not."""
    return kind in sandbox.requests()["kinds"]


def move_away(sandbox: Sandbox, mapping: CalendarMapping, name: str, *, has_mailbox: bool = True) -> None:
    """Give the owner of `mapping` the address of `name`, who is new in the directory, and look everybody up."""
    if has_mailbox:
        sandbox.control("POST", "people", json={"name": name, "mail": address(name), "upn": address(name)})
    Instructor.objects.filter(pk=mapping.instructor_id).update(email=address(name))
    discover(mapping.integration)
    mapping.refresh_from_db()


def crowd_of(count: int, integration: Integration, sandbox: Sandbox) -> list[CalendarMapping]:
    """So many people with empty calendars, paired and not synced yet."""
    names = [f"person{number}" for number in range(count)]
    people = [{"name": name.title(), "mail": address(name), "upn": address(name)} for name in names]
    sandbox.control("POST", "reset", json={"tenant": {"people": people}})
    ids = {person["mail"]: person["id"] for person in sandbox.control("GET", "people")}
    return [pair(integration, name, ids[address(name)]) for name in names]
