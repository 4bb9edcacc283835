"""What goes wrong at Microsoft's, and that nothing is lost, doubled or deleted by it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest
from django.utils.timezone import now

from events.models import ExternalEvent, SyncedEvent
from events.sync.push import push
from events.sync.state import Report, load
from instructors.models import CalendarMapping
from integrations.connection import connect
from integrations.models import Integration
from integrations.providers.conversation import Request, converse
from integrations.providers.types import NAMESPACE
from tests.conftest import address, plan_event, sync_now, tomorrow

CREATE = {"method": "POST", "path": "/events", "mailbox": address("ann")}
UPDATE = {"method": "PATCH", "mailbox": address("ann")}
DELTA = {"method": "GET", "path": "delta", "mailbox": address("ann")}
PASSING = {
    "429": {"status": 429, "code": "ApplicationThrottled", "retry_after": 60},
    "500": {"status": 500, "code": "InternalServerError"},
    "503": {"status": 503, "code": "ServiceUnavailable"},
    "HTML": {"status": 503, "body": "<html><body>Service unavailable</body></html>"},
    "HTML as a success": {"status": 200, "body": "<html><body>Sign in</body></html>"},
    "cut-off JSON": {"truncate": True},
    "nothing": {"drop": "before"},
    "a 404 that says nothing": {"status": 404, "code": "UnknownError"},
    "409": {"status": 409, "code": "ErrorIrresolvableConflict"},
}


def forget_rests() -> None:
    """Let the time pass until everything may be tried again."""
    CalendarMapping.objects.update(retry_at=None)
    SyncedEvent.objects.update(retry_at=None)
    Integration.objects.update(retry_at=None)


REFUSED = {name: effect for name, effect in PASSING.items() if name != "cut-off JSON"}
LOST = {
    "before it was done": {"drop": "before"},
    "after it was done": {"drop": "after"},
    "half-way": {"truncate": True},
}


@pytest.mark.parametrize("effect", REFUSED.values(), ids=REFUSED)
def test_a_create_that_fails_for_the_moment_is_made_up_for(sandbox, ann, effect):
    sync_now(ann)
    plan_event("First aid", ann)
    sandbox.fault(CREATE, **effect)

    sync_now(ann)
    assert SyncedEvent.objects.get().remote_id == ""
    assert SyncedEvent.objects.get().problem
    sandbox.clear_faults()
    forget_rests()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]
    assert SyncedEvent.objects.get().problem == ""


@pytest.mark.parametrize("in_batch", [False, True], ids=["plain", "in a batch"])
@pytest.mark.parametrize("effect", LOST.values(), ids=LOST)
def test_a_create_whose_answer_was_lost_is_sent_again_with_the_same_key(sandbox, ann, people, effect, in_batch):
    sync_now()
    plan_event("First aid", *(people.values() if in_batch else [ann]))
    sandbox.fault(CREATE | {"in_batch": in_batch}, **effect, times=1)
    sync_now()
    forget_rests()

    sync_now()

    assert sandbox.subjects("ann") == ["First aid"]
    assert not ExternalEvent.objects.exists()


def test_a_lost_create_that_was_changed_meanwhile_shows_the_newer_state(sandbox, ann):
    sync_now(ann)
    event = plan_event("First aid", ann)
    sandbox.fault(CREATE, drop="after", times=1)
    sandbox.fault(DELTA, status=503)
    sync_now(ann)
    event.title = "First aid, advanced"
    event.save()
    forget_rests()
    sandbox.clear_faults()

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid, advanced"]


def test_a_lost_create_that_is_not_wanted_any_more_is_found_and_removed(sandbox, ann):
    sync_now(ann)
    event = plan_event("First aid", ann)
    sandbox.fault(CREATE, drop="after", times=1)
    sandbox.fault(DELTA, status=503)
    sync_now(ann)
    assert sandbox.subjects("ann") == ["First aid"]
    event.delete()
    sandbox.clear_faults()
    forget_rests()

    sync_now(ann)

    assert sandbox.subjects("ann") == []
    assert not SyncedEvent.objects.exists()


@pytest.mark.parametrize("effect", PASSING.values(), ids=PASSING)
def test_a_pull_that_fails_deletes_nothing_and_is_made_up_for(sandbox, ann, effect):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    synced_at = ann.synced_at
    sandbox.fault(DELTA, **effect)
    sandbox.add("ann", "Meeting", tomorrow(16))

    sync_now(ann)
    assert ExternalEvent.objects.count() == 1
    assert ann.synced_at == synced_at
    assert ann.retry_at > now()
    sandbox.clear_faults()
    forget_rests()
    sync_now(ann)

    assert ExternalEvent.objects.count() == 2
    assert (ann.problem, ann.failing_since) == ("", None)


@pytest.mark.parametrize("path", [r"/events/[^/]+\?", "/instances"], ids=["at an item", "at a series"])
def test_a_round_that_breaks_off_before_its_items_are_stored_is_read_again(sandbox, ann, path):
    sync_now(ann)
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "numberOfOccurrences": 2}}
    daily["range"]["startDate"] = f"{tomorrow():%Y-%m-%d}"
    sandbox.add("ann", "Stand-up", tomorrow(8), recurrence=daily)
    sandbox.add("ann", "Of another program", tomorrow(10), transactionId=str(uuid5(NAMESPACE, "another")))
    sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.fault({"method": "GET", "path": path, "mailbox": address("ann")}, status=503, retry_after=60, times=1)

    sync_now(ann)
    assert ann.retry_at
    forget_rests()
    sync_now(ann)

    hours = [item.starts_at.hour for item in ExternalEvent.objects.order_by("starts_at")]
    assert hours == [8, 10, 14, 8]


def test_a_long_retry_after_is_obeyed_and_nobody_is_told_within_an_hour(sandbox, ann):
    sync_now(ann)
    sandbox.fault(DELTA, status=429, code="ApplicationThrottled", retry_after=120)

    sync_now(ann)

    assert timedelta(seconds=110) < ann.retry_at - now() <= timedelta(seconds=120)
    assert ann.problem == ""
    assert not CalendarMapping.objects.awake().filter(pk=ann.pk).exists()


def test_a_passing_failure_is_told_once_it_has_lasted_an_hour(sandbox, ann):
    sync_now(ann)
    CalendarMapping.objects.update(failing_since=now() - timedelta(hours=2))
    sandbox.fault(DELTA, status=503)

    sync_now(ann)

    assert "not available" in ann.problem


@pytest.mark.parametrize(("status", "code"), [(410, "SyncStateNotFound"), (400, "ErrorInvalidUrlQuery")])
def test_an_expired_cursor_leads_to_a_census_and_loses_nothing(sandbox, ann, status, code):
    kept = sandbox.add("ann", "Dentist", tomorrow(14))
    gone = sandbox.add("ann", "Meeting", tomorrow(16))
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.delete("ann", gone["id"])
    sandbox.fault(DELTA, status=status, code=code, times=1)

    sync_now(ann)

    assert [one.remote_id for one in ExternalEvent.objects.all()] == [kept["id"]]
    assert ann.cursor
    assert sandbox.subjects("ann") == ["Dentist", "First aid"]


def test_links_that_microsoft_has_forgotten_lead_to_a_census_and_lose_nothing(sandbox, ann):
    kept = sandbox.add("ann", "Dentist", tomorrow(14))
    gone = sandbox.add("ann", "Meeting", tomorrow(16))
    plan_event("First aid", ann)
    sync_now(ann)
    cursor = ann.cursor
    sandbox.control("POST", f"mailboxes/{address('ann')}/forget-links", json={})
    sandbox.delete("ann", gone["id"])
    new = sandbox.add("ann", "Choir", tomorrow(18))

    sync_now(ann)

    assert {one.remote_id for one in ExternalEvent.objects.all()} == {kept["id"], new["id"]}
    assert ann.cursor not in ("", cursor)
    assert sandbox.subjects("ann") == ["Choir", "Dentist", "First aid"]


def test_a_census_that_breaks_off_sweeps_nothing_and_goes_on_where_it_was(sandbox, ann):
    for number in range(5):
        sandbox.add("ann", f"Item {number}", tomorrow(8 + number))
    sync_now(ann)
    CalendarMapping.objects.update(census_at=None)
    sandbox.fault({"method": "GET", "path": "/users/{id}/calendarView", "mailbox": address("ann")}, status=503, times=1)

    sync_now(ann)
    assert ExternalEvent.objects.count() == 5
    forget_rests()
    sync_now(ann)

    assert ExternalEvent.objects.count() == 5
    assert ann.cursor
    assert ann.census_at


def test_a_refused_mailbox_is_a_problem_of_that_calendar_alone(sandbox, ann, people):
    plan_event("First aid", ann, people["ben"])
    sandbox.fault({"path": "calendarView", "mailbox": address("ann")}, status=403, code="ErrorAccessDenied")

    sync_now()
    ann.refresh_from_db()

    assert "Calendars.ReadWrite" in ann.problem
    assert ann.retry_at - now() > timedelta(minutes=50)
    people["ben"].refresh_from_db()
    assert (people["ben"].problem, sandbox.subjects("ben")) == ("", ["First aid"])
    assert Integration.objects.get().problem == ""


@pytest.mark.parametrize("code", ["MailboxNotEnabledForRESTAPI", "ErrorInvalidUser", "ResourceNotFound"])
def test_a_mailbox_that_cannot_be_used_says_why(sandbox, ann, code):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    sandbox.fault({"path": "calendarView", "mailbox": address("ann")}, status=404, code=code)

    sync_now(ann)

    assert code in ann.problem
    assert ExternalEvent.objects.count() == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_batch_rests_the_integration_and_loses_nothing(sandbox, people, status):
    plan_event("First aid", *people.values())
    sandbox.fault(
        {"path": "$batch"}, status=status, code="InvalidAuthenticationToken" if status == 401 else "Forbidden"
    )

    sync_now()

    integration = Integration.objects.get()
    assert integration.problem
    assert (integration.retry_at or now()) > now()
    sandbox.clear_faults()
    forget_rests()
    sync_now()
    assert [sandbox.subjects(name) for name in people] == [["First aid"]] * 4
    assert Integration.objects.get().problem == ""


def test_a_token_that_is_refused_once_is_fetched_anew(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.fault(CREATE, status=401, code="InvalidAuthenticationToken", times=1)

    report = sync_now(ann)

    assert (report.failed, sandbox.subjects("ann")) == (0, ["First aid"])


def test_an_expired_secret_is_said_at_the_integration(sandbox, ann):
    sandbox.configure(secret="expired")
    Integration.objects.update(client_id=ann.integration.client_id.upper())  # a client of its own, without a token

    sync_now(ann)

    assert "expired" in Integration.objects.get().problem
    assert Integration.objects.awake().count() == 0


def test_a_refused_item_never_stops_the_others(sandbox, ann):
    plan_event("Poison", ann, hour=8)
    plan_event("First aid", ann, hour=12)
    sandbox.fault(CREATE | {"nth": 1}, status=400, code="ErrorInvalidRequest")
    sandbox.add("ann", "Dentist", tomorrow(16))

    sync_now(ann)

    refused = SyncedEvent.objects.exclude(problem="").get()
    assert "ErrorInvalidRequest" in refused.problem
    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert ExternalEvent.objects.count() == 1
    sandbox.clear_faults()
    sync_now(ann)
    assert len(sandbox.subjects("ann")) == 2, "a refused item rests for a day"


def test_an_update_that_a_404_denies_is_confirmed_before_anything_is_created(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    event.title = "First aid, advanced"
    event.save()
    sandbox.fault(UPDATE, status=404, code="ErrorItemNotFound", times=1)

    sync_now(ann)
    forget_rests()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid, advanced"]


def test_a_part_of_a_batch_that_is_not_answered_is_not_taken_for_an_empty_calendar(sandbox, people):
    for name in people:
        sandbox.add(name, "Dentist", tomorrow(14))
    sync_now()
    sandbox.fault(DELTA | {"in_batch": True}, drop="before", times=1)

    sync_now()

    assert ExternalEvent.objects.count() == 4


@pytest.mark.parametrize("annotated", [True, False], ids=["with the existing id", "without it"])
def test_a_key_that_is_taken_is_adopted_and_updated(sandbox, ann, annotated):
    sandbox.configure(duplicate_transaction_existing_id=annotated)
    event = plan_event("First aid", ann)
    sync_now(ann)
    SyncedEvent.objects.all().delete()  # as after a restore of an older database
    event.title = "First aid, advanced"
    event.save()

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid, advanced"]
    assert SyncedEvent.objects.count() == 1
    assert not ExternalEvent.objects.exists()


def test_a_copy_that_its_owner_deleted_before_us_is_as_wanted(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    sandbox.delete("ann", sandbox.events("ann")[0]["id"])
    event.delete()

    report = sync_now(ann)

    assert (report.failed, report.deleted) == (0, 1)
    assert not SyncedEvent.objects.exists()


def push_to(mapping: CalendarMapping, **answered: str) -> list[str]:
    """Push to a calendar that takes every write, but answers `answered` of it; the methods that it was asked by."""
    asked: list[str] = []

    def send(requests: Sequence[Request]) -> list[dict[str, Any]]:
        asked.extend(request.method for request in requests)
        return [{**(request.json or {}), "id": "created", **answered} for request in requests]

    claim = CalendarMapping.objects.filter(pk=mapping.pk).claim()
    calendar = load(claim, connect(mapping.integration), Report())[mapping.pk]
    converse(push(calendar), send)
    return asked


def test_a_create_whose_answer_is_not_what_was_wanted_is_followed_by_an_update_and_by_one_more(ann):
    sync_now(ann)
    plan_event("First aid", ann)

    assert push_to(ann, subject="Something else") == ["POST", "PATCH", "PATCH"]


def test_a_create_that_shows_what_was_wanted_is_followed_by_nothing(ann):
    sync_now(ann)
    plan_event("First aid", ann)

    assert push_to(ann) == ["POST"]


def test_a_create_that_may_have_answered_an_earlier_try_is_followed_by_an_update(sandbox, ann):
    event = plan_event("First aid", ann)
    sandbox.fault(CREATE, drop="before", times=1)
    sync_now(ann)
    event.description = "Bring the dolls."  # which no answer shows as it was sent
    event.save()
    forget_rests()

    assert push_to(ann) == ["POST", "PATCH"]
