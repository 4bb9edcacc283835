"""What the engine asks of others: how often, how much at once, and how long it keeps away when it is told to."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from calsync.celery import app
from events.hints import sessions_changed
from events.models import Event, Session, SyncedEvent
from events.sync import everything
from events.sync.engine import Again, sync
from events.tasks import REALTIME_CHUNK, sync_mappings
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration
from tests.acts import crowd_of
from tests.conftest import PEOPLE, plan_event, sync_now, tomorrow

BATCH = {"path": "$batch"}
AWAY = {"status": 503, "code": "ServiceUnavailable"}


@pytest.fixture
def sixty(integration, sandbox) -> list[CalendarMapping]:
    return crowd_of(60, integration, sandbox)


@pytest.fixture
def tasks_at_once() -> Iterator[None]:
    """Tasks run where they are sent from."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_the_retry_after_of_a_batch_holds_the_other_batches_back(sandbox, sixty):
    sandbox.fault(BATCH, status=429, code="TooManyRequests", retry_after=60)
    sandbox.control("DELETE", "requests")

    report = sync_now()

    assert sandbox.requests()["batch"] == 1
    assert report.failed == len(sixty)
    retry_at = Integration.objects.get().retry_at
    assert retry_at
    assert timedelta(seconds=50) < retry_at - now() <= timedelta(seconds=60)


def test_calendars_that_failed_in_an_outage_come_again_together(sandbox, sixty):
    sync_now()
    CalendarMapping.objects.update(failing_since=now() - timedelta(seconds=30))
    sandbox.fault({"path": "delta"}, **AWAY)
    told: list[Again] = []

    sync(CalendarMapping.objects.all().claim(), on_again=told.append)

    assert len(told) <= 3  # one for each batch
    assert {pk for again in told for pk in again.mappings} == {mapping.pk for mapping in sixty}


def test_an_outage_costs_the_database_few_queries(sandbox, sixty, django_assert_max_num_queries):
    sync_now()
    sandbox.fault(BATCH, **AWAY)

    with django_assert_max_num_queries(60):
        sync_now()


def test_a_push_whose_batch_is_lost_is_sent_again_before_the_next_cycle(sandbox, people, settings):
    sync_now()
    plan_event("First aid", *people.values())
    sandbox.fault(BATCH, drop="before", times=1)
    told: list[Again] = []

    sync(CalendarMapping.objects.all().claim(), is_urgent=True, on_again=told.append)

    assert {pk for again in told for pk in again.mappings} == {mapping.pk for mapping in people.values()}
    assert max(again.seconds for again in told) < 30 < settings.SYNC_INTERVAL_SECONDS


def test_batches_of_one_app_are_sent_one_at_a_time_where_that_is_set(sandbox, sixty, settings):
    settings.SYNC_ONE_BATCH_PER_APP = True
    sandbox.configure(concurrency="app", latency_ms=20)

    report = sync(CalendarMapping.objects.all().claim(), in_flight=3)

    assert report.failed == 0
    assert not sandbox.audit()["limit_violations"]


@pytest.mark.usefixtures("tasks_at_once")
def test_a_hint_at_more_calendars_than_a_worker_takes_reaches_them_all(sandbox, integration):
    mappings = crowd_of(REALTIME_CHUNK + 5, integration, sandbox)
    plan_event("First aid", *mappings)

    sync_mappings([mapping.pk for mapping in mappings])

    assert SyncedEvent.objects.exclude(remote_id="").count() == len(mappings)


def test_the_command_goes_on_for_as_long_as_it_progresses(sandbox, people, monkeypatch):
    plan_event("First aid", *people.values())
    clock = iter(range(0, 10**6, 200))  # each look at it is 200 seconds after the one before
    monkeypatch.setattr(everything, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=time.sleep))
    monkeypatch.setattr(everything, "CHUNK", 1)

    call_command("sync")

    assert [sandbox.subjects(name) for name in PEOPLE] == [["First aid"]] * len(PEOPLE)


def company(instructors: int) -> Session:
    """A company with so many paired instructors, each teaching ten events with two sessions; one of those sessions."""
    integration = Integration.objects.create(
        name="Northgate", tenant_id="t", client_id="c", client_secret="s", user_id="u"
    )
    people = Instructor.objects.bulk_create(
        Instructor(name=f"Person {number}", email=f"{number}@northgate.example") for number in range(instructors)
    )
    CalendarMapping.objects.bulk_create(
        CalendarMapping(
            integration=integration, instructor=person, address=person.email, remote_user_id=str(person.pk), cursor="c"
        )
        for person in people
    )
    events = Event.objects.bulk_create(Event(title="First aid") for _ in range(instructors * 10))
    teaching = Event.instructors.through
    teaching.objects.bulk_create(
        teaching(event_id=event.pk, instructor_id=people[number % instructors].pk)
        for number, event in enumerate(events)
    )
    sessions = Session.objects.bulk_create(
        Session(event=event, starts_at=tomorrow(9, days=day), ends_at=tomorrow(12, days=day))
        for event in events
        for day in (1, 2)
    )
    calendars = dict(CalendarMapping.objects.values_list("instructor", "pk"))
    SyncedEvent.objects.bulk_create(
        SyncedEvent(
            mapping_id=calendars[people[number // 2 % instructors].pk],
            session_uid=session.uid,
            key=session.uid,
            remote_id=str(session.uid),
            intended_at=now(),
            ends_at=session.ends_at,
        )
        for number, session in enumerate(sessions)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return sessions[0]


def rows_read(plan: dict[str, Any]) -> int:
    """How many rows a query that was explained has looked at, kept or not."""
    found = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
    own = sum(plan.get(name, 0) for name in found) * plan["Actual Loops"]
    return int(own) + sum(rows_read(part) for part in plan.get("Plans", []))


def explained(query: str) -> dict[str, Any]:
    """The plan of `query` and what it took, where no table is read whole as only small ones may be."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query.replace("%", "%%"))
        (found,) = cursor.fetchone()
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


@pytest.mark.django_db
def test_saving_costs_the_same_few_rows_however_large_the_company_is():
    session = company(instructors=400)

    with CaptureQueriesContext(connection) as captured:
        sessions_changed([session.uid])

    asked = [query["sql"] for query in captured if query["sql"].startswith(("SELECT", "UPDATE"))]
    assert len(asked) <= 10
    assert max(rows_read(explained(query)) for query in asked) < 100
