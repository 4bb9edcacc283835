"""How each case ends: what is planned stands in Outlook once, what else stands there is known, nothing is open."""

import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.utils.timezone import now

from events.models import Event, ExternalEvent, Session, SyncedEvent
from instructors.models import CalendarMapping
from integrations.models import Integration
from tests.conftest import Sandbox, sync_now
from tests.processes import wait_for

SETTLED = {"lease": None, "retry_at": None, "requested_at": None, "failing_since": None, "problem": ""}
Looks = tuple[str, datetime, datetime, str, str]


def converges(sandbox: Sandbox, *, strangers: Collection[str] = (), seconds: float = 90) -> None:
    """Wait until everything is as it has to be, while workers run; fails with what is not.

    `strangers` are the titles of items that we sent, and that must stay although nothing is known of them any more.
    """
    limit = time.monotonic() + seconds
    while found := differences(sandbox, strangers):
        assert time.monotonic() < limit, f"after {seconds} s:\n" + "\n".join(found)
        time.sleep(0.2)


def stays(sandbox: Sandbox, *, strangers: Collection[str] = ()) -> None:
    """Make sure, once no worker runs any more, that one more sync of every calendar writes nothing."""
    wait_for(lambda: not CalendarMapping.objects.filter(leased_until__gt=now()).exists(), seconds=60)
    writes = sandbox.audit()["writes"]

    report = sync_now()

    assert (report.created, report.updated, report.deleted, report.failed) == (0, 0, 0, 0)
    assert sandbox.audit()["writes"] == writes
    found = differences(sandbox, strangers)
    assert not found, "\n".join(found)


def differences(sandbox: Sandbox, strangers: Collection[str] = ()) -> list[str]:
    """A line for everything that is not as it has to be."""
    try:
        mappings = CalendarMapping.objects.select_related("instructor", "integration")
        found = [line for mapping in mappings for line in differences_of(mapping, sandbox, strangers)]
        return found + [f"{failing}: {failing.problem}" for failing in Integration.objects.exclude(problem="")]
    except OperationalError as error:
        connection.close()
        return [str(error)]


def differences_of(mapping: CalendarMapping, sandbox: Sandbox, strangers: Collection[str]) -> list[str]:
    mail = mapping.address
    shown = {name: getattr(mapping, name) for name in SETTLED}
    found = [f"{mail}: {name} is {value}" for name, value in shown.items() if value != SETTLED[name]]
    if mapping.synced_at is None:
        found.append(f"{mail}: never synced")
    path = f"mailboxes/{mail}/events?expand=occurrences"
    items = {item["id"]: item for item in sandbox.control("GET", path)["value"]}
    wanted, copies = wanted_in(mapping), list(SyncedEvent.objects.filter(mapping=mapping))
    ours = {copy.remote_id for copy in copies}
    found += compared(f"{mail}: copies", sorted(looks_of(item) for key, item in items.items() if key in ours), wanted)
    found += [f"{mail}: {copy} has {copy.observed} {copy.problem}" for copy in copies if copy.observed or copy.problem]
    orphans = {item["subject"] for key, item in items.items() if key not in ours and is_sent_by_us(item)}
    found += [f"{mail}: {subject} is nobody's" for subject in orphans.difference(strangers)]
    others = sorted(span_of(item) for key, item in items.items() if key not in ours)
    known = ExternalEvent.objects.filter(mapping=mapping).values_list("remote_id", "starts_at", "ends_at", "show_as")
    return found + compared(f"{mail}: externals", others, sorted(known))


def compared(what: str, found: list[Any], wanted: list[Any]) -> list[str]:
    return [] if found == wanted else [f"{what} are {found}, wanted are {wanted}"]


def wanted_in(mapping: CalendarMapping) -> list[Looks]:
    """How each session that the owner teaches has to look."""
    sessions = Session.objects.filter(event__status=Event.Status.CONFIRMED).select_related("event")
    taught = [session for session in sessions if mapping.instructor in teachers_of(session)]
    return sorted((one.event.title, one.starts_at, one.ends_at, one.event.location, "busy") for one in taught)


def teachers_of(session: Session) -> list[Any]:
    return list(session.instructors.all() or session.event.instructors.all())


def is_sent_by_us(item: dict[str, Any]) -> bool:
    """Whether an item has a computed key, as only ours have one."""
    return bool(item["transactionId"]) and UUID(item["transactionId"]).version == 5


def looks_of(item: dict[str, Any]) -> Looks:
    assert not item["attendees"]
    return (item["subject"], *span_of(item)[1:3], item["location"]["displayName"], item["showAs"])


def span_of(item: dict[str, Any]) -> tuple[str, datetime, datetime, str]:
    return item["id"], moment_of(item["start"]), moment_of(item["end"]), item["showAs"]


def moment_of(value: dict[str, str]) -> datetime:
    assert value["timeZone"] == "UTC"
    return datetime.fromisoformat(value["dateTime"][:19]).replace(tzinfo=UTC)


def hits(sandbox: Sandbox) -> int:
    """How many requests the faults in force have hit."""
    return sum(fault["applied"] for fault in sandbox.control("GET", "faults"))
