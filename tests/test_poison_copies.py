"""Copies that can never be written: the others of their calendar are, it is pulled, and nothing is tried for ever."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from events.models import ExternalEvent, Session, SyncedEvent
from events.sync.observe import GENERATIONS
from events.sync.push import GENERATIONS_AT_ONCE, PATIENCE
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers.microsoft.provider import Microsoft365
from tests.acts import let_pass
from tests.conftest import address, plan_event, sync_now, tomorrow
from tests.test_census import fill, mirrored

ANN = {"mailbox": address("ann")}
CREATE = {"method": "POST", "path": "/events", **ANN}
UPDATE = {"method": "PATCH", "path": "/events/", **ANN}
DELETE = {"method": "DELETE", "path": "/events/", **ANN}
NAMED = {"status": 503, "code": "ServiceUnavailable", "retry_after": 600}
FAILING: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "code": "ErrorInternalServerError"},
    "503 with a time to wait": NAMED,
    "429 with a time to wait": {"status": 429, "code": "ApplicationThrottled", "retry_after": 600},
    "a 404 that says nothing": {"status": 404, "code": "UnknownError"},
    "404": {"status": 404, "code": "ErrorItemNotFound"},
    "410": {"status": 410, "code": "SyncStateNotFound"},
    "409": {"status": 409, "code": "ErrorIrresolvableConflict"},
    "nothing": {"drop": "before"},
    "HTML": {"status": 200, "body": "<html></html>"},
    "507": {"status": 507, "code": "quotaLimitReached"},
    "a duplicate of nothing": {"status": 409, "code": "ErrorDuplicateTransactionId"},
}


def cycles(mapping: CalendarMapping, count: int, *, each: timedelta = timedelta(minutes=5)) -> None:
    """So many cycles, each after `each` has passed, in which what rests is left alone."""
    for _ in range(count):
        let_pass(each)
        Integration.objects.update(retry_at=None)
        if CalendarMapping.objects.filter(pk=mapping.pk).awake().exists():
            sync_now(mapping)


@pytest.mark.parametrize("effect", FAILING.values(), ids=FAILING)
def test_a_copy_that_can_never_be_created_stops_neither_the_others_nor_the_pull(sandbox, ann, effect):
    sync_now(ann)
    plan_event("Poison", ann, hour=8)
    sandbox.fault(CREATE | {"body": "Poison"}, **effect)
    cycles(ann, 3)
    plan_event("First aid", ann, hour=12)
    dentist = sandbox.add("ann", "Dentist", tomorrow(16))

    cycles(ann, 7)

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert [item.remote_id for item in ExternalEvent.objects.all()] == [dentist["id"]]
    assert SyncedEvent.objects.get(remote_id="").problem


@pytest.mark.parametrize("effect", FAILING.values(), ids=FAILING)
@pytest.mark.parametrize("kind", ["update", "delete"])
def test_a_copy_that_can_never_be_written_again_stops_neither_the_others_nor_the_pull(sandbox, ann, kind, effect):
    poison = plan_event("Poison", ann, hour=8)
    sync_now(ann)
    match = UPDATE if kind == "update" else DELETE
    sandbox.fault(match, **effect)
    poison.title = "Poison, changed"
    poison.save()
    if kind == "delete":
        poison.delete()
    cycles(ann, 3)
    plan_event("First aid", ann, hour=12)
    sandbox.add("ann", "Dentist", tomorrow(16))

    cycles(ann, 7)

    assert {"Dentist", "First aid"} <= set(sandbox.subjects("ann"))
    assert ExternalEvent.objects.count() == 1


@pytest.mark.parametrize("code", [(403, "ErrorAccessDenied"), (404, "ResourceNotFound")], ids=["403", "404"])
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_a_copy_alone_that_is_refused_as_a_mailbox_is_holds_up_the_others_for_an_hour_and_no_more(
    sandbox, ann, kind, code
):
    effect = {"status": code[0], "code": code[1]}
    if kind == "create":
        sandbox.fault(CREATE | {"body": "Poison"}, **effect)
    poison = plan_event("Poison", ann, hour=8)
    sync_now(ann)
    if kind == "update":
        sandbox.fault(UPDATE | {"body": "Poison"}, **effect)
        poison.title = "Poison, changed"
        poison.save()
    elif kind == "delete":
        sandbox.fault(DELETE | {"path": f"/events/{SyncedEvent.objects.get().remote_id}"}, **effect)
        poison.delete()
    cycles(ann, 2, each=timedelta(hours=1, minutes=1))

    for number in range(3):
        plan_event(f"First aid {number}", ann, hour=12 + number)
        cycles(ann, 1)
        assert f"First aid {number}" in sandbox.subjects("ann")

    ann.refresh_from_db()
    assert ann.problem == ""
    assert SyncedEvent.objects.exclude(problem="").count() == 1


def test_a_copy_that_comes_good_after_many_failures_is_written(sandbox, ann):
    sync_now(ann)
    plan_event("Poison", ann, hour=8)
    sandbox.fault(CREATE, **NAMED)
    cycles(ann, 8)
    sandbox.clear_faults()

    cycles(ann, 2, each=timedelta(hours=2))

    assert sandbox.subjects("ann") == ["Poison"]
    assert (SyncedEvent.objects.get().failures, ann.problem) == (0, "")


def test_what_has_failed_before_comes_after_what_has_not(sandbox, ann):
    sync_now(ann)
    for number in range(PATIENCE + 2):
        plan_event(f"Poison {number}", ann, hour=8 + number)
    sandbox.fault(CREATE | {"body": "Poison"}, **FAILING["500"])
    sync_now(ann)
    sync_now(ann)
    SyncedEvent.objects.update(retry_at=None)
    plan_event("First aid", ann, hour=20)

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]


@pytest.mark.parametrize(
    "effect", [FAILING["507"], {"status": 403, "code": "ErrorAccessDenied"}], ids=["full", "write-protected"]
)
def test_a_calendar_that_can_be_read_and_not_written_to_is_mirrored_and_says_why(sandbox, ann, effect):
    sync_now(ann)
    plan_event("First aid", ann, sessions=PATIENCE + 2)
    sandbox.fault(CREATE, **effect)
    sandbox.add("ann", "Dentist", tomorrow(16))
    CalendarMapping.objects.update(failing_since=now() - timedelta(hours=2))

    sync_now(ann)

    assert ExternalEvent.objects.count() == 1
    assert effect["code"] in ann.problem
    assert ann.retry_at > now()


def test_a_calendar_that_refuses_writes_is_read_to_its_end_before_it_rests(sandbox, ann, monkeypatch):
    items = fill(sandbox)
    for number in range(PATIENCE):
        plan_event(f"First aid {number}", ann, hour=8 + number)
    sandbox.fault(CREATE, status=403, code="ErrorAccessDenied")
    census = Microsoft365.census

    def called_away(*args):
        page = yield from census(*args)
        CalendarMapping.objects.filter(pk=ann.pk).request_sync()
        return page

    with monkeypatch.context() as patch:
        patch.setattr(Microsoft365, "census", called_away)
        sync_now(ann)
    assert (ann.census_at, ann.retry_at, ann.problem) == (None, None, "")

    sync_now(ann)

    assert mirrored() == set(items)
    assert ann.retry_at
    assert "ErrorAccessDenied" in ann.problem


def test_an_outage_costs_a_calendar_few_requests_however_much_is_to_be_written(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann, sessions=20)
    sandbox.fault({"mailbox": address("ann")}, **FAILING["500"])
    sandbox.control("DELETE", "requests")

    sync_now(ann)

    assert sandbox.requests()["total"] == PATIENCE + 1
    assert ann.retry_at > now()


def test_a_key_that_is_taken_for_ever_is_tried_in_ever_longer_intervals(sandbox, ann):
    sync_now(ann)
    plan_event("Poison", ann)
    sandbox.fault(CREATE, **FAILING["a duplicate of nothing"])
    sandbox.control("DELETE", "requests")

    sync_now(ann)

    copy = SyncedEvent.objects.get()
    assert sandbox.requests()["kinds"]["POST /users/{id}/events"] == GENERATIONS_AT_ONCE
    assert (copy.generation, copy.failures) == (GENERATIONS_AT_ONCE, 1)
    assert "every key" in copy.problem
    cycles(ann, 30, each=timedelta(hours=1))
    assert SyncedEvent.objects.get().generation <= 31 * GENERATIONS_AT_ONCE


def test_no_key_is_taken_that_would_not_be_recognised(sandbox, ann):
    sync_now(ann)
    plan_event("Poison", ann)
    sandbox.fault(CREATE, **FAILING["a duplicate of nothing"])
    sync_now(ann)
    SyncedEvent.objects.update(generation=GENERATIONS - 1, retry_at=None)

    sync_now(ann)

    copy = SyncedEvent.objects.get()
    assert copy.generation == GENERATIONS - 1
    assert "no key" in copy.problem
    assert copy.retry_at
    assert copy.retry_at - now() > timedelta(hours=23)


def test_an_update_that_never_takes_is_sent_twice_said_and_tried_once_more_a_day_later(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    as_it_was = sandbox.events("ann")[0]
    event.title = "First aid, advanced"
    event.save()
    sandbox.fault(UPDATE, status=200, body=as_it_was)
    sandbox.control("DELETE", "requests")

    for _ in range(4):
        sync_now(ann)

    copy = SyncedEvent.objects.get()
    assert sandbox.requests()["kinds"]["PATCH /users/{id}/events/{event}"] == 2
    assert "shows another title" in copy.problem
    sandbox.clear_faults()
    let_pass(timedelta(days=1, minutes=1))
    sync_now(ann)
    assert sandbox.subjects("ann") == ["First aid, advanced"]
    assert SyncedEvent.objects.get().problem == ""


def test_an_answer_that_is_late_once_is_no_refusal(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    as_it_was = sandbox.events("ann")[0]
    event.title = "First aid, advanced"
    event.save()
    sandbox.fault(UPDATE, status=200, body=as_it_was, times=1)

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid, advanced"]
    assert SyncedEvent.objects.get().problem == ""


def test_a_create_whose_receipt_never_equals_its_entry_is_no_endless_loop(sandbox, ann):
    sync_now(ann)
    other = sandbox.add("ben", "Something else", tomorrow(9))
    plan_event("First aid", ann, hour=9)
    sandbox.fault(CREATE, status=201, body={**other, "id": "made"}, commit=True)
    sandbox.fault(UPDATE, status=200, body={**other, "id": "made"})
    sandbox.control("DELETE", "requests")

    for _ in range(3):
        sync_now(ann)

    kinds = sandbox.requests()["kinds"]
    assert kinds["POST /users/{id}/events"] == 1
    assert kinds["PATCH /users/{id}/events/{event}"] == 2


def test_under_the_brake_the_rest_of_a_calendar_is_still_synced(sandbox, ann):
    lost = [plan_event(f"Lost {number}", ann, hour=number) for number in range(12)]
    moved = plan_event("First aid", ann, hour=13)
    cancelled = plan_event("Cancelled", ann, hour=15)
    sync_now(ann)
    Session.objects.filter(event__in=lost)._raw_delete("default")
    moved.title = "First aid, advanced"
    moved.save()
    cancelled.status = "cancelled"
    cancelled.save()
    dentist = sandbox.add("ann", "Dentist", tomorrow(16))

    sync_now(ann)

    assert "12 of 13 items would be removed" in ann.problem
    assert sandbox.subjects("ann") == sorted(
        [*(f"Lost {number}" for number in range(12)), "First aid, advanced", "Dentist"]
    )
    assert [item.remote_id for item in ExternalEvent.objects.all()] == [dentist["id"]]
    assert ann.synced_at
    plan_event("New", ann, hour=18)
    sync_now(ann)
    sync_now(ann)
    assert len([subject for subject in sandbox.subjects("ann") if subject.startswith("Lost")]) == 12
