"""What is decided about a calendar: drift is put right within bounds, and what is broken is tried again by and by."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from events.models import ExternalEvent, SyncedEvent
from events.sync.plan import RESTORES_A_DAY
from events.tasks import sync_due
from instructors.models import CalendarMapping
from integrations.models import Integration
from tests.acts import let_pass
from tests.conftest import address, plan_event, sync_now

ANN = {"mailbox": address("ann")}
UPDATE = {"method": "PATCH", "path": "/events/", **ANN}


def retitle(sandbox: Any) -> None:
    sandbox.change("ann", sandbox.events("ann")[0]["id"], subject="Mine now")


def delete(sandbox: Any) -> None:
    for event in sandbox.events("ann"):
        sandbox.delete("ann", event["id"])


def edits(sandbox: Any, mapping: CalendarMapping, edit: Callable[[Any], None], times: int) -> list[list[str]]:
    """What stands in Ann's calendar after each of so many edits of hers and the sync that follows."""
    seen = []
    for _ in range(times):
        edit(sandbox)
        sync_now(mapping)
        seen.append(sandbox.subjects("ann"))
    return seen


@pytest.mark.parametrize(("edit", "left"), [(retitle, ["Mine now"]), (delete, [])], ids=["changed", "deleted"])
def test_drift_is_put_right_three_times_a_day_and_then_shown_until_tomorrow(sandbox, ann, edit, left):
    plan_event("First aid", ann)
    sync_now(ann)

    seen = edits(sandbox, ann, edit, RESTORES_A_DAY + 1)
    assert seen == [["First aid"]] * RESTORES_A_DAY + [left]
    for _ in range(3):
        sync_now(ann)
    assert sandbox.subjects("ann") == left
    assert SyncedEvent.objects.get().observed
    SyncedEvent.objects.update(restored_on=now().date() - timedelta(days=1))
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]


def test_a_change_here_is_sent_even_where_drift_was_put_right_too_often(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    edits(sandbox, ann, retitle, RESTORES_A_DAY + 1)

    event.title = "First aid, advanced"
    event.save()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid, advanced"]


def test_putting_right_counts_only_where_it_was_done(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    retitle(sandbox)
    sandbox.fault(UPDATE, status=500, code="ErrorInternalServerError", times=RESTORES_A_DAY + 1)

    for _ in range(RESTORES_A_DAY + 2):
        sync_now(ann)
        let_pass(timedelta(hours=1))

    assert sandbox.subjects("ann") == ["First aid"]
    assert SyncedEvent.objects.get().restores == 1


def test_where_drift_is_only_shown_nothing_is_written(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    Integration.objects.update(drift=Integration.Drift.FLAG)

    assert edits(sandbox, ann, retitle, 2) == [["Mine now"]] * 2
    assert edits(sandbox, ann, delete, 2) == [[]] * 2
    assert SyncedEvent.objects.get().observed == SyncedEvent.Observed.GONE


def test_a_copy_that_nobody_remembers_is_adopted_by_its_marker_and_its_key(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    remote_id = SyncedEvent.objects.get().remote_id
    SyncedEvent.objects.all().delete()
    CalendarMapping.objects.update(census_at=None)

    sync_now(ann)
    sync_now(ann)

    assert SyncedEvent.objects.get().remote_id == remote_id
    assert sandbox.subjects("ann") == ["First aid"]
    assert not ExternalEvent.objects.exists()


REFUSED = {"status": 403, "code": "ErrorAccessDenied"}


@pytest.mark.parametrize(
    "effect", [REFUSED, {"status": 404, "code": "MailboxNotEnabledForRESTAPI"}], ids=["refused", "unusable"]
)
def test_a_broken_mailbox_is_tried_again_every_hour_and_no_sooner(sandbox, ann, effect):
    CalendarMapping.objects.exclude(pk=ann.pk).update(sync_enabled=False)
    plan_event("First aid", ann)
    sandbox.fault(ANN, **effect)
    sync_due(ann.integration_id, now().isoformat())
    sandbox.control("DELETE", "requests")

    for _ in range(5):
        let_pass(timedelta(minutes=11))
        sync_due(ann.integration_id, now().isoformat())
    assert sandbox.requests()["total"] == 0
    let_pass(timedelta(minutes=6))
    sync_due(ann.integration_id, now().isoformat())
    assert sandbox.requests()["total"] > 0
    ann.refresh_from_db()
    assert ann.problem
    assert ann.retry_at - now() > timedelta(minutes=59)
    sandbox.clear_faults()
    let_pass(timedelta(minutes=61))
    sync_due(ann.integration_id, now().isoformat())

    ann.refresh_from_db()
    assert (ann.problem, ann.retry_at, sandbox.subjects("ann")) == ("", None, ["First aid"])


def test_a_broken_integration_is_tried_again_every_quarter_of_an_hour_and_no_sooner(sandbox, ann, people):
    sync_now()
    plan_event("First aid", *people.values())
    sandbox.fault({"path": "$batch"}, status=401, code="InvalidAuthenticationToken")
    sync_due(ann.integration_id, now().isoformat())
    sandbox.control("DELETE", "requests")

    let_pass(timedelta(minutes=14))
    sync_due(ann.integration_id, now().isoformat())
    assert sandbox.requests()["total"] == 0
    assert not Integration.objects.working().exists()
    let_pass(timedelta(minutes=2))
    sync_due(ann.integration_id, now().isoformat())
    assert 0 < sandbox.requests()["total"] <= 3
    sandbox.clear_faults()
    let_pass(timedelta(minutes=16))
    sync_due(ann.integration_id, now().isoformat())

    assert [sandbox.subjects(name) for name in people] == [["First aid"]] * len(people)
    assert Integration.objects.get().problem == ""
