"""Where a session stands in a calendar: each case of the decision, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from events.models import SyncedEvent
from events.planned.states import Kind, State, Why, Wish, state_of
from events.planned.words import ago, detail, look
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration
from integrations.providers.types import Entry

NOW = datetime(2026, 11, 18, 10, 42, tzinfo=UTC)
HORIZON = NOW - timedelta(days=30)
SOON, LATER = NOW - timedelta(minutes=4), NOW + timedelta(minutes=3)
PROBLEM = "The mailbox refuses access."


def entry(days: int = 6) -> Entry:
    start = NOW + timedelta(days=days)
    return Entry(uuid4(), "ISO 27001 auditor", start, start + timedelta(hours=8))


def calendar(**values: Any) -> CalendarMapping:
    """A calendar that works; `integration__` and `instructor__` name values of those."""
    of = {"integration": {"name": "Northgate"}, "instructor": {"name": "Ann"}}
    own = {}
    for name, value in values.items():
        kind, _, rest = name.partition("__")
        if rest:
            of[kind][rest] = value
        else:
            own[name] = value
    integration, instructor = Integration(**of["integration"]), Instructor(**of["instructor"])
    return CalendarMapping(integration=integration, instructor=instructor, **own)


def copy_of(wanted: Entry, **values: Any) -> SyncedEvent:
    """A copy that shows `wanted`."""
    standing = {"remote_id": "remote", "fingerprint": wanted.fingerprint, "ends_at": wanted.ends_at, "sent_at": SOON}
    return SyncedEvent(session_uid=wanted.session_uid, **{**standing, **values})


def state(
    wanted: Entry,
    place: CalendarMapping | None,
    copy: SyncedEvent | None,
    *,
    is_assigned: bool = True,
    status: str = "",
) -> State:
    wish = Wish(wanted, status or "confirmed", is_assigned)
    return state_of(wish, place, copy, moment=NOW, horizon=HORIZON)


# Wanted


def test_a_copy_that_shows_what_is_wanted_is_in_outlook_since_it_was_sent():
    wanted = entry()

    assert state(wanted, calendar(), copy_of(wanted)) == State(Kind.IN_OUTLOOK, at=SOON)


def test_what_was_never_sent_waits():
    assert state(entry(), calendar(), None) == State(Kind.WAITING, Why.CYCLE)


def test_a_copy_without_an_answer_waits():
    wanted = entry()

    assert state(wanted, calendar(), copy_of(wanted, remote_id="")).kind == Kind.WAITING


def test_a_copy_that_shows_something_else_waits():
    wanted = entry()

    assert state(wanted, calendar(), copy_of(wanted, fingerprint="of the old title")).kind == Kind.WAITING


def test_a_wait_says_since_when():
    wanted = entry()
    place = calendar(requested_at=NOW - timedelta(seconds=5), lease=uuid4())

    assert state(wanted, place, None) == State(Kind.WAITING, Why.CHANGED, NOW - timedelta(seconds=5))


def test_a_calendar_that_is_being_synced_sends():
    assert state(entry(), calendar(lease=uuid4()), None) == State(Kind.WAITING, Why.SENDING)


@pytest.mark.parametrize("rests", ["retry_at", "integration__retry_at"])
def test_a_rest_that_nobody_is_told_of_is_a_wait_until_then(rests):
    found = state(entry(), calendar(**{rests: LATER}), None)

    assert found == State(Kind.WAITING, Why.RESTING, retry_at=LATER)
    assert not found.is_moving
    assert found.is_tried_again


def test_a_rest_that_is_over_is_no_reason():
    assert state(entry(), calendar(retry_at=SOON), None).why == Why.CYCLE


def test_a_calendar_that_fails_fails_what_is_not_in_it():
    wanted = entry()
    place = calendar(problem=PROBLEM, retry_at=LATER, failing_since=SOON)

    assert state(wanted, place, None) == State(Kind.FAILED, problem=PROBLEM, retry_at=LATER)
    assert state(wanted, place, copy_of(wanted)).kind == Kind.IN_OUTLOOK


def test_an_integration_that_fails_fails_all_of_its_calendars():
    place = calendar(integration__problem="The client secret has ended.", integration__retry_at=LATER)

    found = state(entry(), place, None)

    assert (found.kind, found.problem, found.is_of_integration) == (Kind.FAILED, "The client secret has ended.", True)


def test_a_plan_that_a_person_decides_on_fails():
    assert state(entry(), calendar(problem="12 of 14 items would be removed."), None).kind == Kind.FAILED


def test_items_that_cannot_be_read_keep_nothing_out():
    assert state(entry(), calendar(problem="2 items cannot be read.", unreadable=2), None).kind == Kind.WAITING


def test_an_item_that_is_refused_fails_until_its_entry_changes():
    wanted = entry()
    refused = {"remote_id": "", "problem": "Refused.", "retry_at": LATER}

    same = state(wanted, calendar(), copy_of(wanted, rejected_fingerprint=wanted.fingerprint, **refused))
    changed = state(wanted, calendar(), copy_of(wanted, rejected_fingerprint="of the old title", **refused))

    assert same == State(Kind.FAILED, problem="Refused.", retry_at=LATER)
    assert changed.kind == Kind.WAITING


def test_an_item_that_could_not_be_sent_fails_and_says_when_it_is_tried_again():
    wanted = entry()

    found = state(wanted, calendar(), copy_of(wanted, remote_id="", problem="No answer.", retry_at=LATER))

    assert found == State(Kind.FAILED, problem="No answer.", retry_at=LATER)
    assert detail(found, NOW).startswith("Tries again ")


# Changed in Outlook


@pytest.mark.parametrize(("observed", "why"), [("changed", Why.EDITED), ("gone", Why.DELETED)])
def test_a_change_in_outlook_is_shown_where_the_policy_says_so(observed, why):
    wanted = entry()

    found = state(wanted, calendar(integration__drift="flag"), copy_of(wanted, observed=observed))

    assert found == State(Kind.DRIFTED, why)


@pytest.mark.parametrize("observed", ["changed", "gone"])
def test_a_change_in_outlook_is_put_right_where_the_policy_says_so(observed):
    wanted = entry()

    found = state(wanted, calendar(), copy_of(wanted, observed=observed))

    assert found == State(Kind.WAITING, Why.RESTORING)


def test_a_change_in_outlook_that_was_put_right_too_often_is_shown():
    wanted = entry()
    copy = copy_of(wanted, observed="changed", restores=3, restored_on=NOW.date())

    assert state(wanted, calendar(), copy).kind == Kind.DRIFTED


def test_a_change_here_is_sent_even_if_there_was_one_in_outlook():
    wanted = entry()
    copy = copy_of(wanted, observed="changed", fingerprint="of the old title")

    assert state(wanted, calendar(integration__drift="flag"), copy).kind == Kind.WAITING


# Not wanted


def test_who_is_not_assigned_has_nothing():
    assert state(entry(), calendar(), None, is_assigned=False) == State(Kind.NOT_ASSIGNED, Why.UNASSIGNED)


@pytest.mark.parametrize(
    ("place", "status", "why"),
    [
        (calendar(), "draft", Why.DRAFT),
        (calendar(), "cancelled", Why.CANCELLED),
        (None, "confirmed", Why.UNMATCHED),
        (calendar(sync_enabled=False), "confirmed", Why.STOPPED),
        (calendar(instructor__is_active=False), "confirmed", Why.INACTIVE),
        (calendar(leaving_at=NOW), "confirmed", Why.LEAVING),
        (calendar(integration__closing_at=NOW), "confirmed", Why.CLOSING),
        (calendar(integration__status="inactive"), "confirmed", Why.PAUSED),
    ],
)
def test_what_is_not_sent_says_why(place, status, why):
    found = state(entry(), place, None, status=status)

    assert found == State(Kind.NOT_SYNCED, why)
    assert detail(found, NOW)
    assert not found.is_moving


def test_a_session_before_the_window_is_over():
    long_ago = entry(days=-40)

    assert state(long_ago, calendar(), None) == State(Kind.NOT_SYNCED, Why.OVER)
    assert state(long_ago, calendar(), copy_of(long_ago)) == State(Kind.IN_OUTLOOK, Why.OVER, SOON)


def test_a_session_that_was_moved_before_the_window_is_still_moved_in_outlook():
    long_ago = entry(days=-40)

    assert state(long_ago, calendar(), copy_of(entry())).kind == Kind.WAITING


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_a_copy_that_is_not_wanted_is_being_removed(status):
    wanted = entry()

    found = state(wanted, calendar(), copy_of(wanted), status=status)

    assert found.kind == Kind.REMOVING
    assert found.is_moving


@pytest.mark.parametrize(
    "place",
    [
        calendar(),
        calendar(sync_enabled=False, removes_copies=True),
        calendar(leaving_at=NOW),
        calendar(integration__closing_at=NOW, integration__status="inactive"),
    ],
)
def test_a_copy_of_somebody_who_is_not_assigned_is_being_removed(place):
    wanted = entry()

    assert state(wanted, place, copy_of(wanted), is_assigned=False).kind == Kind.REMOVING


def test_a_removal_that_fails_says_why_and_does_not_move():
    wanted = entry()
    copy = copy_of(wanted, problem="No answer.", retry_at=LATER)

    found = state(wanted, calendar(), copy, is_assigned=False)

    assert (found.kind, found.problem, found.retry_at) == (Kind.REMOVING, "No answer.", LATER)
    assert (found.is_moving, found.is_tried_again) == (False, True)


def test_a_removal_waits_for_a_calendar_that_fails():
    wanted = entry()
    place = calendar(problem=PROBLEM, retry_at=LATER)

    found = state(wanted, place, copy_of(wanted), is_assigned=False)

    assert (found.kind, found.problem) == (Kind.REMOVING, PROBLEM)


def test_what_stays_in_a_stopped_calendar_is_said():
    wanted = entry()
    place = calendar(sync_enabled=False)

    assert state(wanted, place, copy_of(wanted)) == State(Kind.NOT_SYNCED, Why.KEPT)


def test_nothing_is_removed_while_the_integration_is_inactive():
    wanted = entry()
    place = calendar(integration__status="inactive")

    found = state(wanted, place, copy_of(wanted), is_assigned=False)

    assert found == State(Kind.REMOVING, Why.PAUSED)
    assert not found.is_moving


def test_what_stands_in_outlook_still_stands_there_while_the_integration_is_inactive():
    wanted = entry()

    assert state(wanted, calendar(integration__status="inactive"), copy_of(wanted)).kind == Kind.IN_OUTLOOK


def test_a_copy_that_is_over_is_not_removed():
    long_ago = entry(days=-40)

    found = state(long_ago, calendar(), copy_of(long_ago), status="cancelled")

    assert (found.kind, found.why) == (Kind.IN_OUTLOOK, Why.OVER)


# Words


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("why", list(Why))
def test_every_state_has_a_word_and_an_icon(kind, why):
    shown = look(State(kind, why))

    assert shown.word
    assert shown.icon
    assert detail(State(kind, why), NOW) is not None


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "0 s ago"), (5, "5 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3599, "59 min ago")]
)
def test_a_moment_ago_is_said_in_few_words(seconds, words):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words
