"""Answers that are wrong, or do not belong to what was asked: they end at the item that they are about."""

from datetime import timedelta

from events.models import ExternalEvent, SyncedEvent
from tests.acts import let_pass
from tests.conftest import address, plan_event, sync_now, tomorrow

CREATE = {"method": "POST", "path": "/events", "mailbox": address("ann")}
READ = {"method": "GET", "path": "/users/{id}/events/{event}", "mailbox": address("ann")}
DELTA = {"method": "GET", "path": "delta", "mailbox": address("ann")}
GONE = {"status": 404, "code": "ErrorItemNotFound"}


def test_a_create_that_answers_that_an_item_is_gone_ends_at_that_copy(sandbox, ann):
    sync_now(ann)
    plan_event("Poison", ann, hour=8)
    plan_event("First aid", ann, hour=12)
    sandbox.add("ann", "Dentist", tomorrow(16))
    sandbox.fault(CREATE, **GONE, times=1)

    sync_now(ann)

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert ExternalEvent.objects.count() == 1
    assert SyncedEvent.objects.get(remote_id="").problem
    assert ann.problem == ""


def test_a_create_that_answers_that_a_cursor_has_expired_ends_at_that_copy(sandbox, ann):
    sync_now(ann)
    cursor = ann.cursor
    plan_event("Poison", ann, hour=8)
    plan_event("First aid", ann, hour=12)
    sandbox.fault(CREATE, status=410, code="SyncStateNotFound", times=1)

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]
    assert cursor
    assert ann.cursor


def test_one_wrong_404_after_a_lost_create_makes_no_duplicate(sandbox, ann):
    sync_now(ann)
    event = plan_event("First aid", ann)
    sandbox.fault(CREATE, drop="after", times=1)
    sandbox.fault(DELTA, status=503, code="ServiceUnavailable", times=1)
    sync_now(ann)
    event.title = "First aid, advanced"
    event.save()
    let_pass(timedelta(hours=1))
    sandbox.fault(READ, **GONE, times=1)

    sync_now(ann)
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid, advanced"]
    assert not ExternalEvent.objects.exists()
