"""What people do while a sync is on its way, and workers that get in each other's way."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils.timezone import now

from events.closing import close, tidy
from events.models import Event, ExternalEvent, Session, SyncedEvent
from events.sync import record
from events.sync.engine import sync
from events.sync.plan import Create
from events.sync.pull import pull
from events.sync.push import push
from events.sync.state import Calendar, LeaseLost, Report, load
from instructors.models import CalendarMapping
from instructors.switching import leave
from integrations.connection import connect
from integrations.models import Integration
from integrations.providers.conversation import converse
from integrations.providers.types import Entry, RemoteItem
from integrations.signals import privacy_changed
from integrations.switching import deactivate
from tests.acts import is_asked, let_pass, meanwhile, one_cycle, wait_until
from tests.conftest import address, plan_event, sync_now, tomorrow

CREATE = {"method": "POST", "path": "/events", "mailbox": address("ann")}
DELTA = {"method": "GET", "path": "calendarView/delta", "mailbox": address("ann")}
CREATING, FOLLOWING = "POST /users/{id}/events", "GET /users/{id}/calendarView/delta"
SLOW = {"delay": 0.8}  # seconds; long enough for what happens meanwhile


def cancel(event: Event) -> None:
    event.status = "cancelled"
    event.save()


def sync_apart(mapping: CalendarMapping) -> None:
    """A sync by another worker."""
    sync(CalendarMapping.objects.filter(pk=mapping.pk).claim())


def loaded(mapping: CalendarMapping) -> Calendar:
    """What a sync of `mapping` holds once it has begun."""
    claim = CalendarMapping.objects.filter(pk=mapping.pk).claim()
    return load(claim, connect(mapping.integration), Report())[mapping.pk]


def set_privacy(privacy: str) -> None:
    integration = Integration.objects.get()
    integration.privacy = privacy
    integration.save()
    privacy_changed.send(Integration, integration=integration)


def test_an_event_that_is_cancelled_when_a_sync_has_just_begun_is_not_created(sandbox, ann):
    sync_now(ann)
    event = plan_event("First aid", ann, sessions=12)
    calendar = loaded(ann)
    cancel(event)

    converse(push(calendar), calendar.provider.send_many)

    assert sandbox.subjects("ann") == []
    assert not SyncedEvent.objects.exists()
    assert calendar.is_unfinished


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_cancelled_between_two_of_its_creates_goes_altogether(sandbox, ann):
    sync_now(ann)
    event = plan_event("First aid", ann, sessions=12)
    sandbox.control("DELETE", "requests")
    sandbox.fault(CREATE, **SLOW, times=1)

    with meanwhile(lambda: sync_apart(ann)):
        wait_until(lambda: is_asked(sandbox, CREATING))
        cancel(event)
    let_pass(timedelta(hours=1))
    one_cycle()

    ann.refresh_from_db()
    assert (sandbox.subjects("ann"), ann.problem) == ([], "")
    assert not SyncedEvent.objects.exists()


def stop_with_removal(mapping: CalendarMapping) -> None:
    mapping.stop(remove_copies=True)


def retire(mapping: CalendarMapping) -> None:
    mapping.instructor.is_active = False
    mapping.instructor.save()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [stop_with_removal, leave, retire])
def test_a_calendar_that_is_ended_during_a_create_keeps_no_orphan(sandbox, ann, end):
    sync_now(ann)
    plan_event("First aid", ann)
    sandbox.control("DELETE", "requests")
    sandbox.fault(CREATE, **SLOW, times=1)

    with meanwhile(lambda: sync_apart(ann)):
        wait_until(lambda: is_asked(sandbox, CREATING))
        end(ann)
        one_cycle()  # finds nothing in Outlook yet, and does not believe it
    assert sandbox.subjects("ann") == ["First aid"]
    let_pass(timedelta(hours=1))
    one_cycle()

    assert sandbox.subjects("ann") == []
    assert not SyncedEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_calendar_that_is_ended_during_a_later_try_of_a_create_keeps_no_orphan(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    sandbox.fault(CREATE, status=503, code="ServiceUnavailable", times=1)
    sync_now(ann)
    let_pass(timedelta(hours=1))
    sandbox.clear_faults()
    sandbox.control("DELETE", "requests")
    sandbox.fault(CREATE, **SLOW, times=1)

    with meanwhile(lambda: sync_apart(ann)):
        wait_until(lambda: is_asked(sandbox, CREATING))
        ann.stop(remove_copies=True)
        one_cycle()
    let_pass(timedelta(hours=1))
    one_cycle()

    assert sandbox.subjects("ann") == []
    assert not SyncedEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_calendar_that_is_stopped_while_it_is_read_stays_empty_here(sandbox, ann):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.fault(DELTA, **SLOW, times=1)

    with meanwhile(lambda: sync_apart(ann)):
        wait_until(lambda: is_asked(sandbox, FOLLOWING))
        ann.stop()

    ann.refresh_from_db()
    assert not ExternalEvent.objects.exists()
    assert (ann.cursor, ann.next_cursor, ann.synced_at, ann.lease) == ("", "", None, None)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_lease_and_the_one_that_took_it_make_one_copy(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    sandbox.control("DELETE", "requests")
    sandbox.fault(CREATE, **SLOW, times=1)

    with meanwhile(lambda: sync_apart(ann)):
        wait_until(lambda: is_asked(sandbox, CREATING))
        CalendarMapping.objects.update(leased_until=now() - timedelta(seconds=1))
        sync_apart(ann)

    copy = SyncedEvent.objects.get()
    assert [event["id"] for event in sandbox.events("ann")] == [copy.remote_id]
    assert not ExternalEvent.objects.exists()


UID = UUID(int=1)
THEIRS = RemoteItem("theirs", "etag", tomorrow(14), tomorrow(15))
NEW = Create(UID, Entry(UID, "Fire safety", tomorrow(15), tomorrow(16)))
WRITES: dict[str, Callable[[Calendar, SyncedEvent], object]] = {
    "a page of changes": lambda calendar, _: converse(pull(calendar), calendar.provider.send_many),
    "the end of a census": lambda calendar, _: record.finish_census(calendar),
    "a series": lambda calendar, _: record.replace_series(calendar, "series", [THEIRS]),
    "an intent": lambda calendar, _: record.intend(calendar, [NEW]),
    "an answer": lambda calendar, copy: record.note_copy(calendar, copy, remote_id="late"),
    "the end of a copy": record.drop_copy,
    "a copy that was found": lambda calendar, copy: record.adopt(calendar, THEIRS, copy),
}


def stored():
    return [list(model.objects.order_by("pk").values()) for model in (CalendarMapping, SyncedEvent, ExternalEvent)]


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_worker_that_lost_its_lease_writes_nothing(sandbox, ann, write):
    plan_event("First aid", ann)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    ExternalEvent.objects.update(series_id="series", seen_round=99)
    sandbox.add("ann", "Meeting", tomorrow(16))
    calendar = loaded(ann)
    CalendarMapping.objects.update(lease=uuid4())
    before = stored()

    with pytest.raises(LeaseLost):
        write(calendar, next(iter(calendar.copies.values())))

    assert stored() == before


def test_titles_are_not_stored_by_a_sync_that_began_before_they_were_forbidden(sandbox, ann):
    Integration.objects.update(privacy="titles")
    sandbox.add("ann", "Dentist", tomorrow(14))
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()
    set_privacy("free_busy")

    sync(claim)
    assert not ExternalEvent.objects.exclude(title="").exists()
    sync_now(ann)

    assert ExternalEvent.objects.get().title == ""


def test_titles_that_become_allowed_during_a_census_are_brought_all_the_same(sandbox, ann):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    CalendarMapping.objects.update(census_at=None)
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()
    set_privacy("titles")

    sync(claim)
    sync_now(ann)

    assert ExternalEvent.objects.get().title == "Dentist"


@pytest.mark.django_db(transaction=True)
def test_a_sync_that_runs_when_its_integration_is_deactivated_ends_with_its_request(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann, sessions=3)
    sandbox.control("DELETE", "requests")
    sandbox.fault(CREATE, **SLOW, times=1)

    with meanwhile(lambda: sync_apart(ann)):
        wait_until(lambda: is_asked(sandbox, CREATING))
        deactivate(Integration.objects.get())

    assert sandbox.requests()["kinds"][CREATING] == 1
    assert sandbox.subjects("ann") == ["First aid"]


def test_a_sync_that_was_claimed_before_its_integration_was_deactivated_writes_nothing(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()
    deactivate(Integration.objects.get())

    sync(claim)

    assert sandbox.subjects("ann") == []


@pytest.mark.django_db(transaction=True)
def test_a_chunk_whose_database_connection_breaks_is_released_to_be_synced_again(sandbox, people):
    sync_now()
    sandbox.control("DELETE", "requests")
    sandbox.fault(DELTA, **SLOW, times=1)
    backend: list[int] = []

    def sync_all() -> None:
        with connection.cursor() as cursor:
            backend.extend(cursor.execute("SELECT pg_backend_pid()").fetchone())
        sync(CalendarMapping.objects.all().claim())

    with meanwhile(sync_all) as errors:
        wait_until(lambda: is_asked(sandbox, FOLLOWING))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", backend)

    assert errors
    assert not CalendarMapping.objects.filter(lease__isnull=False).exists()
    assert CalendarMapping.objects.filter(requested_at__isnull=False).count() == len(people)


def is_waited_for() -> bool:
    """Whether another connection waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda event, _: cancel(event),
        lambda event, _: event.delete(),
        lambda event, _: event.instructors.clear(),
        lambda _, integration: close(integration, keep_copies=False),
    ],
    ids=["cancel", "delete", "unassign", "close"],
)
def test_a_change_that_meets_a_page_of_a_sync_waits_for_it_and_neither_is_killed(sandbox, ann, change):
    event = plan_event("First aid", ann)
    sync_now(ann)
    calendar = loaded(ann)
    is_held = threading.Event()

    def change_once_held() -> None:
        is_held.wait(10)
        change(event, ann.integration)

    with meanwhile(change_once_held) as killed, transaction.atomic():
        record.hold(calendar)
        is_held.set()
        wait_until(is_waited_for)
        for copy in calendar.copies.values():
            record.note_copy(calendar, copy, observed="changed")

    assert not killed
    assert SyncedEvent.objects.get().released_at


def confirm(event: Event) -> None:
    event.status = "confirmed"
    event.save()


def rename(event: Event, title: str) -> None:
    event.title = title
    event.save()


def work_until(is_over: threading.Event) -> None:
    """What a worker does: claims of two calendars, one after the other."""
    while not is_over.is_set():
        claim = CalendarMapping.objects.syncable().awake().claim(2)
        sync(claim, is_urgent=is_over.wait(0.01))
        tidy(claim.mappings)


def change_plans(mapping: CalendarMapping, seed: int) -> None:
    """What a scheduler does, with the owner of `mapping` in mind."""
    chance = random.Random(seed)
    changes: list[Callable[[Event], object]] = [
        lambda event: rename(event, f"Course {chance.randrange(99)}"),
        cancel,
        confirm,
        lambda event: event.instructors.remove(mapping.instructor),
        lambda event: event.instructors.add(mapping.instructor),
        lambda event: event.sessions.filter(starts_at__gte=tomorrow(0, days=3)).delete(),
        lambda _: CalendarMapping.objects.get(pk=mapping.pk).stop(remove_copies=chance.random() < 0.5),
        lambda _: CalendarMapping.objects.get(pk=mapping.pk).start(),
    ]
    for _ in range(30):
        chance.choice(changes)(chance.choice(list(Event.objects.all())))
        time.sleep(0.01)


def planned_for(mapping: CalendarMapping) -> list[str]:
    """The title of every session that the owner of `mapping` teaches."""
    sessions = Session.objects.filter(event__instructors=mapping.instructor, event__status="confirmed")
    return sorted(sessions.values_list("event__title", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_two_workers_and_two_people_at_once_leave_in_outlook_what_is_planned(sandbox, people, seed):
    sandbox.configure(latency_ms=5, jitter_ms=15)
    ann, ben = people["ann"], people["ben"]
    for number in range(4):
        plan_event(f"Course {number}", ann, ben, sessions=3, hour=6 + number)
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    is_over = threading.Event()

    with meanwhile(lambda: work_until(is_over)) as one, meanwhile(lambda: work_until(is_over)) as another:
        with (
            meanwhile(lambda: change_plans(ann, seed)) as first,
            meanwhile(lambda: change_plans(ben, seed + 10)) as second,
        ):
            pass
        is_over.set()
    for mapping in CalendarMapping.objects.filter(sync_enabled=False):
        mapping.start()
    for _ in range(2):
        let_pass(timedelta(hours=1))
        one_cycle()
    report = sync_now()

    assert (one, another, first, second) == ([], [], [], [])
    assert sandbox.subjects("ann") == sorted([*planned_for(ann), "Dentist"])
    assert sandbox.subjects("ben") == planned_for(ben)
    assert [item.remote_id for item in ExternalEvent.objects.all()] == [dentist["id"]]
    assert (report.created, report.updated, report.deleted) == (0, 0, 0)
