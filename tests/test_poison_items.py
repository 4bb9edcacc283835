"""Items that can never be asked for: what else stands in the calendar is followed, and they are asked for again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from events.models import ExternalEvent, SyncedEvent
from events.sync import unread
from events.sync.engine import Again, sync
from events.sync.plan import key_of
from instructors.models import CalendarMapping
from integrations.providers.microsoft import provider
from tests.acts import let_pass
from tests.conftest import Sandbox, address, plan_event, sync_now, tomorrow
from tests.test_census import recurring
from tests.test_endless import whole_item

ANN = {"mailbox": address("ann")}
DELTA = {"method": "GET", "path": "calendarView/delta", **ANN}
ITEM = {"method": "GET", "path": "/users/{id}/events/{event}", **ANN}
INSTANCES = {"method": "GET", "path": "/instances", **ANN}
FAILING: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "code": "ErrorInternalServerError"},
    "503": {"status": 503, "code": "ServiceUnavailable"},
    "a 404 that says nothing": {"status": 404, "code": "UnknownError"},
    "400": {"status": 400, "code": "ErrorInvalidRequest"},
    "403": {"status": 403, "code": "ErrorAccessDenied"},
    "410": {"status": 410, "code": "SyncStateNotFound"},
    "another event": {"status": 200, "body": {"id": "another"}},
    "HTML": {"status": 200, "body": "<html></html>"},
    "cut-off JSON": {"truncate": True},
    "nothing": {"drop": "before"},
}
NOT_GONE = {name: effect for name, effect in FAILING.items() if name != "410"}  # which of somebody else's means that
NOT_REFUSED = {name: effect for name, effect in FAILING.items() if name != "400"}


def mirrored() -> set[str]:
    return set(ExternalEvent.objects.values_list("remote_id", flat=True))


def try_often(mapping: CalendarMapping, times: int = 3) -> None:
    """Sync so many times, each after all pauses of a moment."""
    for _ in range(times):
        let_pass(timedelta(seconds=30))
        let_items_wait_no_more(mapping, timedelta(seconds=30))
        sync_now(mapping)


def unread_in(mapping: CalendarMapping) -> dict[str, list[Any]]:
    return dict(json.loads(mapping.unread or "{}"))


def let_items_wait_no_more(mapping: CalendarMapping, span: timedelta) -> None:
    """Let `span` have passed for the items that are to be asked for again."""
    mapping.refresh_from_db()
    kept = {
        key: [tries, (datetime.fromisoformat(again_at) - span).isoformat()]
        for key, (tries, again_at) in unread_in(mapping).items()
    }
    CalendarMapping.objects.filter(pk=mapping.pk).update(unread=json.dumps(kept))
    mapping.refresh_from_db()


def mapped(sandbox: Any, match: dict[str, Any], effect: dict[str, Any], remote_id: str) -> None:
    """Let requests for this one item or series go wrong."""
    sandbox.fault(match | {"path": match_path(match, remote_id)}, **effect)


def match_path(match: dict[str, Any], remote_id: str) -> str:
    return f"/events/{remote_id}/instances" if match is INSTANCES else f"/events/{remote_id}(\\?|$)"


def unsure(sandbox: Any, mapping: CalendarMapping, number: int = 0, hour: int = 10) -> str:
    """Add an item that may be ours by the look of its transaction id; its remote id."""
    key = key_of(mapping.remote_user_id, mapping_uid(number), 0)
    return str(sandbox.add("ann", f"Perhaps ours {number}", tomorrow(hour), transactionId=str(key))["id"])


def mapping_uid(number: int) -> UUID:
    return UUID(int=number + 1)


@pytest.mark.parametrize("effect", NOT_GONE.values(), ids=NOT_GONE)
def test_an_item_that_can_never_be_asked_for_stops_nothing_and_is_said_after_three_tries(sandbox, ann, effect):
    sync_now(ann)
    poison = unsure(sandbox, ann)
    mapped(sandbox, ITEM, effect, poison)
    first = sandbox.add("ann", "Dentist", tomorrow(14))
    cursor = ann.cursor

    sync_now(ann)
    assert mirrored() == {first["id"]}
    assert (ann.problem, ann.retry_at) == ("", None)
    assert ann.cursor != cursor
    plan_event("First aid", ann)
    second = sandbox.add("ann", "Meeting", tomorrow(16))
    try_often(ann)

    assert mirrored() == {first["id"], second["id"]}
    assert "First aid" in sandbox.subjects("ann")
    assert ann.problem == "1 items of this calendar cannot be read, so it may look too free."
    assert list(unread_in(ann)) == [poison]
    assert ann.retry_at is None


@pytest.mark.parametrize("effect", NOT_REFUSED.values(), ids=NOT_REFUSED)
def test_a_series_that_can_never_be_listed_stops_nothing_and_is_said_after_three_tries(sandbox, ann, effect):
    sync_now(ann)
    series = sandbox.add("ann", "Stand-up", tomorrow(8), recurrence=recurring(5, tomorrow(8)))
    mapped(sandbox, INSTANCES, effect, series["id"])
    other = sandbox.add("ann", "Yoga", tomorrow(18), recurrence=recurring(2, tomorrow(18)))
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))

    sync_now(ann)
    assert dentist["id"] in mirrored()
    assert ExternalEvent.objects.filter(series_id=other["id"]).count() == 2
    assert ann.problem == ""
    try_often(ann)

    assert "cannot be read" in ann.problem
    sandbox.clear_faults()
    let_items_wait_no_more(ann, timedelta(days=1))
    sync_now(ann)
    assert ExternalEvent.objects.filter(series_id=series["id"]).count() == 5
    assert (ann.problem, ann.unread, ann.unreadable) == ("", "", 0)


@pytest.mark.parametrize("effect", FAILING.values(), ids=FAILING)
def test_a_copy_of_which_nobody_says_whether_it_is_gone_stops_nothing_and_is_not_made_anew(sandbox, ann, effect):
    plan_event("First aid", ann)
    sync_now(ann)
    copy = SyncedEvent.objects.get()
    sandbox.fault(DELTA, status=200, body=round_with(sandbox, {"id": copy.remote_id, "@removed": {}}), times=1)
    mapped(sandbox, ITEM, effect, copy.remote_id)

    sync_now(ann)
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    try_often(ann)

    assert mirrored() == {dentist["id"]}
    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert SyncedEvent.objects.get().observed == ""
    assert "cannot be read" in ann.problem


def round_with(sandbox: Any, *items: dict[str, Any]) -> dict[str, Any]:
    """A round of changes of Ann's that brings these, and ends where the stored one began."""
    cursor = CalendarMapping.objects.get(address=address("ann")).cursor
    return {"value": list(items), "@odata.deltaLink": f"{sandbox.line['graph_url']}/v1.0{cursor}"}


def test_a_copy_that_went_while_nobody_could_say_so_is_put_back_once_somebody_can(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    copy = SyncedEvent.objects.get()
    sandbox.delete("ann", copy.remote_id)
    mapped(sandbox, ITEM, FAILING["500"], copy.remote_id)
    sync_now(ann)
    try_often(ann)
    assert sandbox.subjects("ann") == []

    sandbox.clear_faults()
    let_items_wait_no_more(ann, timedelta(days=1))
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]
    assert (ann.problem, ann.unread) == ("", "")


@pytest.mark.parametrize("effect", FAILING.values(), ids=FAILING)
def test_an_item_of_a_delta_that_is_not_told_in_full_stops_nothing(sandbox, ann, effect):
    sync_now(ann)
    poison = sandbox.add("ann", "Poison", tomorrow(10))["id"]
    body = round_with(sandbox, {"id": poison, "subject": "Poison"}, whole_item("whole"))
    sandbox.fault(DELTA, status=200, body=body, times=1)
    mapped(sandbox, ITEM, effect, poison)

    sync_now(ann)

    assert mirrored() >= {"whole"}
    assert ann.retry_at is None


@pytest.mark.parametrize("number", [4, 50])
def test_many_items_of_a_delta_that_are_not_told_in_full_stop_nothing(sandbox, ann, number):
    sync_now(ann)
    poison = [f"poison-{n}" for n in range(number)]
    bare = [{"id": remote_id, "subject": "Poison"} for remote_id in poison]
    sandbox.fault(DELTA, status=200, body=round_with(sandbox, *bare, whole_item("whole")), times=1)
    sandbox.fault(ITEM, **FAILING["500"])

    sync_now(ann)

    assert mirrored() == {"whole"}
    assert set(unread_in(ann)) == set(poison)
    assert ann.failing_since is None


def test_a_page_of_which_more_is_not_told_is_a_failure_of_the_calendar(sandbox, ann, monkeypatch):
    monkeypatch.setattr(provider, "UNREAD", 4)
    sync_now(ann)
    cursor = ann.cursor
    bare = [{"id": f"poison-{n}", "subject": "Poison"} for n in range(5)]
    sandbox.fault(DELTA, status=200, body=round_with(sandbox, *bare, whole_item("whole")), times=1)
    sandbox.fault(ITEM, **FAILING["500"])

    sync_now(ann)

    assert (mirrored(), ann.unread) == (set(), "")
    assert ann.cursor == cursor
    assert ann.retry_at > now()


def test_what_was_known_of_an_item_stands_until_it_can_be_read(sandbox, ann):
    item = unsure(sandbox, ann, hour=10)
    sync_now(ann)
    assert mirrored() == {item}
    sandbox.change("ann", item, showAs="tentative")
    mapped(sandbox, ITEM, FAILING["500"], item)
    sync_now(ann)
    try_often(ann)
    assert ExternalEvent.objects.get().show_as == "busy"

    sandbox.clear_faults()
    let_items_wait_no_more(ann, timedelta(minutes=5))
    sync_now(ann)

    assert ExternalEvent.objects.get().show_as == "tentative"
    assert (ann.problem, ann.unread, ann.unreadable) == ("", "", 0)


def test_an_item_that_fails_once_is_asked_for_again_in_a_moment_and_nobody_is_told(sandbox, ann):
    sync_now(ann)
    item = unsure(sandbox, ann)
    sandbox.fault(ITEM, **FAILING["500"], times=1)
    told: list[Again] = []

    sync(CalendarMapping.objects.filter(pk=ann.pk).claim(), on_again=told.append)

    ann.refresh_from_db()
    assert [again.seconds for again in told] == [unread.FIRST_PAUSE]
    assert (ann.problem, mirrored()) == ("", set())
    try_often(ann, 1)
    assert (mirrored(), ann.unread) == ({item}, "")


def test_items_that_fail_on_and_on_are_tried_ever_more_rarely():
    assert [unread.pause_after(tries) for tries in (1, 2, 3, 4, 5)] == [5, 10, 300, 600, 1200]
    assert unread.pause_after(20) == 86_400


@pytest.mark.parametrize(
    "effect",
    [{"status": 429, "code": "TooManyRequests", "retry_after": 60}, {"status": 503, "code": "Busy", "retry_after": 60}],
    ids=["429", "503"],
)
def test_a_named_time_to_wait_is_obeyed_and_is_no_try_of_the_item(sandbox, ann, effect):
    sync_now(ann)
    cursor = ann.cursor
    item = unsure(sandbox, ann)
    sandbox.fault(ITEM, **effect)

    sync_now(ann)

    assert (ann.unread, ann.cursor) == ("", cursor)
    assert ann.retry_at - now() > timedelta(seconds=50)
    sandbox.clear_faults()
    let_pass(timedelta(minutes=2))
    sync_now(ann)
    assert mirrored() == {item}


def test_many_items_that_cannot_be_asked_for_stop_nothing_either(sandbox, ann):
    sync_now(ann)
    for number in range(7):
        mapped(sandbox, ITEM, FAILING["500"], unsure(sandbox, ann, number))
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.control("DELETE", "requests")

    sync_now(ann)
    assert sandbox.requests()["total"] <= 2 + unread.PATIENCE
    try_often(ann, 12)

    assert mirrored() == {dentist["id"]}
    assert len(unread_in(ann)) == 7
    assert "7 items" in ann.problem


def given_up(mapping: CalendarMapping, number: int) -> None:
    """Try until so many items count as unreadable."""
    for _ in range(number * 2 + 2):
        try_often(mapping, 1)
        if mapping.unreadable == number and not mapping.failing_since:
            return
    raise AssertionError(unread_in(mapping))


def hours(mapping: CalendarMapping, number: int) -> None:
    """So many tries, an hour apart."""
    for _ in range(number):
        let_pass(timedelta(hours=1))
        let_items_wait_no_more(mapping, timedelta(hours=1))
        sync_now(mapping)


def poisoned(sandbox: Sandbox, mapping: CalendarMapping, number: int) -> list[str]:
    """So many items that can never be asked for, in a mailbox whose changes are told for as long as one likes."""
    sandbox.configure(delta_generations=1000)
    sync_now(mapping)
    poison = [unsure(sandbox, mapping, n) for n in range(number)]
    for item in poison:
        mapped(sandbox, ITEM, FAILING["500"], item)
    return poison


@pytest.mark.parametrize("number", [4, 50])
def test_items_that_were_given_up_and_are_touched_together_stop_no_round(sandbox, ann, number):
    poison = poisoned(sandbox, ann, number)
    given_up(ann, number)
    for item in poison:
        sandbox.change("ann", item, subject="Touched")
    dentist = sandbox.add("ann", "Dentist", tomorrow(17))
    cursor = ann.cursor

    hours(ann, 1)

    assert mirrored() == {dentist["id"]}
    assert ann.cursor != cursor
    assert ann.retry_at is None
    assert set(unread_in(ann)) == set(poison)
    assert f"{number} items" in ann.problem


@pytest.mark.parametrize("number", [4, 10])
def test_series_that_were_given_up_and_are_touched_together_stop_no_round(sandbox, ann, number):
    sandbox.configure(delta_generations=1000)
    sync_now(ann)
    starts = [tomorrow(6) + timedelta(minutes=n) for n in range(number)]
    poison = [sandbox.add("ann", "Poison", start, recurrence=recurring(3, start))["id"] for start in starts]
    for series in poison:
        mapped(sandbox, INSTANCES, FAILING["500"], series)
    given_up(ann, number)
    for series in poison:
        sandbox.change("ann", series, subject="Touched")
    yoga = sandbox.add("ann", "Yoga", tomorrow(17), recurrence=recurring(3, tomorrow(17)))
    cursor = ann.cursor

    hours(ann, 1)

    assert ExternalEvent.objects.filter(series_id=yoga["id"]).count() == 3
    assert ann.cursor != cursor
    assert ann.retry_at is None
    assert set(unread_in(ann)) == set(poison)


@pytest.mark.parametrize("number", [10, 50])
def test_a_round_that_is_repeated_only_after_long_pauses_comes_further_each_time(sandbox, ann, number):
    poison = poisoned(sandbox, ann, number)
    dentist = sandbox.add("ann", "Dentist", tomorrow(17))

    hours(ann, number // unread.PATIENCE + 1)

    assert mirrored() == {dentist["id"]}
    assert ann.failing_since is None
    assert set(unread_in(ann)) == set(poison)


def test_an_item_that_was_given_up_is_asked_for_at_once_when_its_owner_changes_it(sandbox, ann):
    sync_now(ann)
    item = unsure(sandbox, ann)
    mapped(sandbox, ITEM, FAILING["500"], item)
    given_up(ann, 1)
    sandbox.clear_faults()
    sync_now(ann)
    assert mirrored() == set()

    sandbox.change("ann", item, subject="Mended")
    sync_now(ann)

    assert mirrored() == {item}
    assert (ann.problem, ann.unread, ann.unreadable) == ("", "", 0)


def test_an_item_that_fails_for_weeks_is_not_forgotten(sandbox, ann):
    sync_now(ann)
    item = unsure(sandbox, ann)
    mapped(sandbox, ITEM, FAILING["500"], item)
    sync_now(ann)

    for _ in range(25):
        let_items_wait_no_more(ann, timedelta(days=1))
        sync_now(ann)
        assert list(unread_in(ann)) == [item]

    assert unread_in(ann)[item][0] == 26
    assert ann.problem.startswith("1 items")


def test_what_has_waited_for_longest_is_asked_for_first(sandbox, ann):
    sync_now(ann)
    poison = [unsure(sandbox, ann, n) for n in range(6)]
    for item in poison:
        mapped(sandbox, ITEM, FAILING["500"], item)
    given_up(ann, 6)
    let_items_wait_no_more(ann, timedelta(days=1))

    sync_now(ann)
    let_items_wait_no_more(ann, timedelta(minutes=20))
    sync_now(ann)

    assert {tries for tries, _ in unread_in(ann).values()} == {unread.TRIES + 1}


def test_more_of_them_than_are_kept_are_a_failure_of_the_calendar(sandbox, ann, monkeypatch):
    monkeypatch.setattr(unread, "KEPT", 2)
    sync_now(ann)
    cursor = ann.cursor
    for number in range(3):
        mapped(sandbox, ITEM, FAILING["500"], unsure(sandbox, ann, number))

    sync_now(ann)
    sync_now(ann)

    assert len(unread_in(ann)) == 2
    assert ann.cursor == cursor
    assert ann.retry_at > now()


def test_a_census_begins_with_nothing_unread_and_sweeps_nothing_that_it_cannot_ask_for(sandbox, ann):
    item = unsure(sandbox, ann)
    sync_now(ann)
    CalendarMapping.objects.update(census_at=None, unreadable=1, unread='{"old": [5, "2026-01-01T00:00:00+00:00"]}')
    view = sandbox.events("ann")
    bare = {**next(event for event in view if event["id"] == item), "singleValueExtendedProperties": []}
    census = {"method": "GET", "path": "/users/{id}/calendarView", **ANN}
    sandbox.fault(census, status=200, body={"value": [bare]}, times=1)
    mapped(sandbox, ITEM, FAILING["500"], item)

    sync_now(ann)

    assert mirrored() == {item}
    assert ann.census_at
    assert (list(unread_in(ann)), ann.unreadable) == ([item], 0)
    assert datetime.fromisoformat(unread_in(ann)[item][1]) > now().astimezone(UTC)
