"""Reading a whole calendar: what is not seen is gone, so nothing may be overlooked, or misread unnoticed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from events.models import ExternalEvent, Session, SyncedEvent
from events.sync.engine import Again, sync
from events.sync.observe import observe
from events.sync.pull import CENSUS_TRIES, CHANGES_PAGES
from events.sync.state import horizon, new_window
from instructors.models import CalendarMapping
from integrations.providers.conversation import Request
from integrations.providers.microsoft.provider import Microsoft365, page
from integrations.providers.types import Page
from tests.acts import let_pass, meanwhile
from tests.conftest import Sandbox, address, graph_time, plan_event, sync_now, tomorrow

DELTA = {"method": "GET", "path": "calendarView/delta", "mailbox": address("ann")}
CENSUS = {"method": "GET", "path": "/users/{id}/calendarView", "mailbox": address("ann")}
SECOND_PAGE = {"method": "GET", "path": r"calendarView\?.*skip", "mailbox": address("ann")}
LONG = 201  # items: one more than a page holds


def graph_item(remote_id: str, **more: Any) -> dict[str, Any]:
    span = {"start": graph_time(tomorrow(9)), "end": graph_time(tomorrow(10))}
    return {"id": remote_id, "subject": "Dentist", "type": "singleInstance", **span, **more}


def recurring(times: int, start: Any) -> dict[str, Any]:
    return {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": f"{start:%Y-%m-%d}", "numberOfOccurrences": times},
    }


def fill(sandbox: Sandbox) -> list[str]:
    """Put a long calendar into Ann's mailbox; the ids of its items, the earliest first."""
    starts = [tomorrow(8) + timedelta(hours=number) for number in range(LONG)]
    spans = [{"start": graph_time(start), "end": graph_time(start + timedelta(hours=1))} for start in starts]
    events = [{"subject": f"Item {number}", **span} for number, span in enumerate(spans)]
    sandbox.control("POST", "people", json={"upn": address("ann"), "events": events})
    return [event["id"] for event in sorted(sandbox.events("ann"), key=lambda event: event["start"]["dateTime"])]


def census_now(mapping: CalendarMapping) -> None:
    CalendarMapping.objects.update(census_at=None, retry_at=None)
    sync_now(mapping)


def mirrored() -> set[str]:
    return set(ExternalEvent.objects.values_list("remote_id", flat=True))


def test_a_calendar_of_several_pages_is_read_to_its_end(sandbox, ann):
    items = fill(sandbox)
    sync_now(ann)
    assert mirrored() == set(items)

    census_now(ann)

    assert mirrored() == set(items)


@pytest.fixture
def daily(sandbox, ann) -> set[str]:
    """The ids of the 300 occurrences of Ann's daily item: one page of changes, and two of a census or a series."""
    sandbox.add("ann", "Stand-up", tomorrow(8), recurrence=recurring(300, tomorrow(8)))
    sync_now(ann)
    assert len(mirrored()) == 300
    return mirrored()


def test_a_series_of_several_pages_is_listed_to_its_end(sandbox, ann, daily):
    (series,) = sandbox.events("ann")
    sandbox.change("ann", series["id"], showAs="tentative")

    sync_now(ann)

    assert mirrored() == daily
    assert ExternalEvent.objects.filter(show_as="tentative").count() == 300


def test_a_census_that_is_called_away_sweeps_nothing(ann, daily):
    CalendarMapping.objects.update(census_at=None)
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()
    CalendarMapping.objects.all().request_sync()

    sync(claim)

    ann.refresh_from_db()
    assert ann.census_link
    assert mirrored() == daily


def test_a_census_whose_place_is_lost_sweeps_nothing_and_begins_again(sandbox, ann, daily):
    sandbox.fault(SECOND_PAGE, status=410, code="SyncStateNotFound", times=1)

    census_now(ann)
    assert mirrored() == daily
    assert (ann.census_at, ann.census_link, ann.next_cursor) == (None, "", "")
    census_now(ann)

    assert mirrored() == daily
    assert ann.census_at


def test_an_item_that_is_deleted_between_two_pages_hides_no_other(sandbox, ann):
    first, *others = fill(sandbox)
    sync_now(ann)
    assert mirrored() == {first, *others}
    sandbox.fault(SECOND_PAGE, status=503, code="ServiceUnavailable", times=1)
    census_now(ann)
    assert ann.census_link
    sandbox.delete("ann", first)
    let_pass(timedelta(hours=1))

    sync_now(ann)
    assert mirrored() >= set(others)
    sync_now(ann)

    assert mirrored() == set(others)
    assert ann.census_at


def test_a_long_calendar_whose_changes_are_repeated_in_every_round_is_not_swept(sandbox, ann):
    items = fill(sandbox)
    sandbox.configure(delta_replays=2)
    sync_now(ann)

    census_now(ann)

    assert mirrored() == set(items)


@pytest.mark.django_db(transaction=True)
def test_a_long_calendar_that_changes_during_every_reading_is_not_swept(sandbox, ann):
    items = fill(sandbox)
    sync_now(ann)
    CalendarMapping.objects.update(census_at=None)
    sandbox.configure(latency_ms=50)
    added: list[str] = []

    with meanwhile(lambda: sync(CalendarMapping.objects.filter(pk=ann.pk).claim())):
        while CalendarMapping.objects.filter(pk=ann.pk, census_at=None).exists() and len(added) < LONG:
            added.append(sandbox.add("ann", "Busy", tomorrow(8, days=60 + len(added)))["id"])
    sandbox.configure(latency_ms=0)
    sync_now(ann)

    assert len(added) > 3
    assert mirrored() == {*items, *added}


@pytest.mark.django_db(transaction=True)
def test_a_long_calendar_that_loses_items_during_every_reading_keeps_the_others(sandbox, ann):
    items = fill(sandbox)
    items += [sandbox.add("ann", "Later", tomorrow(8, days=60 + number))["id"] for number in range(60)]
    sync_now(ann)
    CalendarMapping.objects.update(census_at=None)
    sandbox.configure(latency_ms=50)
    deleted: list[str] = []

    with meanwhile(lambda: sync(CalendarMapping.objects.filter(pk=ann.pk).claim())):
        while CalendarMapping.objects.filter(pk=ann.pk, census_at=None).exists() and len(deleted) < 60:
            deleted.append(items[len(deleted)])
            sandbox.delete("ann", deleted[-1])
            time.sleep(0.02)
    sandbox.configure(latency_ms=0)
    sync_now(ann)

    assert len(deleted) > 3
    assert mirrored() == {*items} - {*deleted}


@dataclass
class Busy:
    """Changes that come for ever while a long calendar is read, `pages` of them at a time."""

    pages: int
    is_waiting: bool  # whether a change of ours waits to be pushed, after every page
    readings: int = 0
    followed: list[str] = field(default_factory=list)

    def page_came(self) -> None:
        if self.is_waiting:
            CalendarMapping.objects.request_sync()

    def follow(self, mailbox, link):
        self.followed.append(link)
        self.page_came()
        number = len(self.followed)
        place, removed = f"/place/{number}", (f"gone{number}",)
        return Page(removed=removed, next_link=place) if number % self.pages else Page(removed=removed, cursor=place)
        yield Request("GET", "/")


@pytest.fixture
def busy(sandbox, ann, monkeypatch) -> Callable[..., Busy]:
    """Let Ann's long calendar change like that while it is read."""

    def become(*, pages: int, is_waiting: bool) -> Busy:
        fill(sandbox)
        there, read = Busy(pages=pages, is_waiting=is_waiting), Microsoft365.census

        def census(provider, mailbox, window, link):
            there.readings += not link
            there.page_came()
            return (yield from read(provider, mailbox, window, link))

        monkeypatch.setattr(Microsoft365, "census", census)
        monkeypatch.setattr(Microsoft365, "follow_delta", there.follow)
        return there

    return become


def test_the_changes_of_a_census_are_followed_for_a_few_pages_only(ann, busy):
    there = busy(pages=10**9, is_waiting=False)

    sync_now(ann)

    assert there.readings == CENSUS_TRIES
    assert len(there.followed) == CHANGES_PAGES * (CENSUS_TRIES - 1)
    assert len(set(there.followed)) == len(there.followed)
    assert ann.census_at
    assert ann.cursor == there.followed[0]  # the chain is followed from the start of the census
    assert len(mirrored()) == LONG


def test_the_changes_of_a_census_wait_while_a_change_is_to_be_pushed(ann, busy):
    there = busy(pages=10**9, is_waiting=True)
    told: list[Again] = []

    for _ in range(20):
        before = len(there.followed)
        sync(CalendarMapping.objects.filter(pk=ann.pk).claim(), on_again=told.append)
        ann.refresh_from_db()
        assert len(there.followed) <= before + 1
        if ann.census_at:
            break
        assert told.pop().is_urgent

    assert ann.census_at
    assert there.readings == CENSUS_TRIES
    assert len(mirrored()) == LONG


@pytest.mark.parametrize("pages", [1, 3], ids=["a page", "pages"])
def test_a_long_calendar_that_loses_items_all_the_time_is_read_three_times_at_most_in_however_many_turns(
    ann, busy, pages
):
    there = busy(pages=pages, is_waiting=True)

    for census in range(1, 3):
        CalendarMapping.objects.update(census_at=None)
        turns = 0
        while turns < 20 and (turns == 0 or not ann.census_at):
            sync_now(ann)
            turns += 1

        assert ann.census_at
        assert turns > 2
        assert there.readings == CENSUS_TRIES * census
        assert len(mirrored()) == LONG


@pytest.mark.parametrize(
    "before",
    [{"@removed": {"reason": "deleted"}}, {"responseStatus": {"response": "declined"}}],
    ids=["removed", "declined"],
)
def test_of_an_item_that_comes_twice_in_a_page_the_last_one_counts(before):
    rows = [graph_item("a") | before, graph_item("a", responseStatus={"response": "accepted"})]

    seen = observe(page(rows, next_link="", cursor="c"), {}, mailbox="m")

    assert [item.remote_id for item in seen.external] == ["a"]
    assert "a" not in seen.dropped


def test_an_item_that_cannot_be_read_is_kept_and_said_until_a_census_can_read_it(sandbox, ann):
    item = sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    unreadable = {"value": [graph_item(item["id"]) | {"start": None}]}
    sandbox.fault(CENSUS, status=200, body=unreadable, times=1)

    census_now(ann)
    assert mirrored() == {item["id"]}
    assert "cannot be read" in ann.problem
    sync_now(ann)
    assert "cannot be read" in ann.problem
    census_now(ann)

    assert mirrored() == {item["id"]}
    assert (ann.problem, ann.unreadable) == ("", 0)


def test_a_problem_that_is_over_goes_and_what_cannot_be_read_is_said_again(sandbox, ann):
    item = sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.fault(CENSUS, status=200, body={"value": [graph_item(item["id"]) | {"start": None}]}, times=1)
    sync_now(ann)
    assert "cannot be read" in ann.problem
    sandbox.fault(DELTA, status=403, code="ErrorAccessDenied", times=1)
    sync_now(ann)
    assert "ErrorAccessDenied" in ann.problem
    let_pass(timedelta(hours=2))

    sync_now(ann)

    assert "ErrorAccessDenied" not in ann.problem
    assert "cannot be read" in ann.problem


@pytest.mark.parametrize(
    "effect",
    [{"status": 400, "code": "ErrorInvalidRequest"}, {"status": 410, "code": "SyncStateNotFound"}],
    ids=["400", "410"],
)
def test_a_calendar_whose_first_round_is_refused_rests(sandbox, ann, effect):
    sandbox.fault(DELTA, **effect)
    told: list[Again] = []

    for _ in range(3):
        sync(CalendarMapping.objects.syncable().awake().filter(pk=ann.pk).claim(), on_again=told.append)

    ann.refresh_from_db()
    assert ann.retry_at > now()
    assert not [again for again in told if again.seconds == 0]


def test_a_series_that_is_refused_never_stops_the_rest_of_a_calendar(sandbox, ann):
    sync_now(ann)
    sandbox.add("ann", "Stand-up", tomorrow(8), recurrence=recurring(5, tomorrow(8)))
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.fault({"path": "/instances", "mailbox": address("ann")}, status=400, code="ErrorInvalidRequest")
    before = ann.cursor

    sync_now(ann)

    assert mirrored() == {dentist["id"]}
    assert "cannot be read" in ann.problem
    assert ann.cursor != before
    assert ann.synced_at


def test_a_census_that_cannot_begin_leaves_the_changes_to_be_followed(sandbox, ann):
    sync_now(ann)
    before, census_round = ann.cursor, ann.census_round
    sandbox.fault(DELTA, status=503, code="ServiceUnavailable", times=1)

    census_now(ann)

    assert (ann.cursor, ann.census_round) == (before, census_round)
    census_now(ann)
    assert ann.census_at
    assert ann.census_round == census_round + 1


def test_an_item_that_changes_keeps_the_moment_when_it_was_found(sandbox, ann):
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    found_at = ExternalEvent.objects.get().found_at
    sandbox.change("ann", dentist["id"], showAs="tentative")

    sync_now(ann)

    item = ExternalEvent.objects.get()
    assert (item.show_as, item.found_at) == ("tentative", found_at)


@pytest.fixture
def over(ann) -> Session:
    """A session with a copy in Ann's calendar that has ended before the horizon, on the first day of the window."""
    session = plan_event("First aid", ann).sessions.get()
    sync_now(ann)
    start = new_window().start
    session.ends_at = start + (horizon() - start) / 2
    session.starts_at = session.ends_at - timedelta(hours=1)
    session.save()
    sync_now(ann)
    return session


def test_a_census_meets_a_copy_that_is_over_and_leaves_it_alone(sandbox, ann, over):
    CalendarMapping.objects.update(census_at=None)

    report = sync_now(ann)

    assert (ann.problem, report.failed, report.updated, report.deleted) == ("", 0, 0, 0)
    assert ann.cursor
    assert SyncedEvent.objects.get().session_uid == over.uid
    assert not ExternalEvent.objects.exists()


def test_a_copy_that_is_over_may_be_edited_by_its_instructor(sandbox, ann, over):
    sandbox.change("ann", sandbox.events("ann")[0]["id"], subject="As it really was")

    report = sync_now(ann)

    assert (ann.problem, report.failed) == ("", 0)
    assert sandbox.subjects("ann") == ["As it really was"]


def test_a_copy_that_is_deleted_while_the_place_is_lost_is_created_anew(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.delete("ann", sandbox.events("ann")[0]["id"])
    sandbox.fault(DELTA, status=410, code="SyncStateNotFound", times=1)

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]


def test_an_old_copy_that_is_dragged_into_the_window_is_still_ours(sandbox, ann):
    session = plan_event("First aid", ann).sessions.get()
    sync_now(ann)
    session.starts_at -= timedelta(days=100)
    session.ends_at -= timedelta(days=100)
    session.save()
    sync_now(ann)
    span = {"start": graph_time(tomorrow(9)), "end": graph_time(tomorrow(12))}
    sandbox.change("ann", sandbox.events("ann")[0]["id"], **span)

    sync_now(ann)
    assert not ExternalEvent.objects.exists()
    census_now(ann)

    assert not ExternalEvent.objects.exists()
    assert len(sandbox.events("ann")) == 1


def test_a_copy_of_ours_that_is_made_a_series_is_made_single_again_and_is_no_external_event(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.change("ann", sandbox.events("ann")[0]["id"], recurrence=recurring(5, tomorrow(9)))

    sync_now(ann)
    census_now(ann)

    assert not ExternalEvent.objects.exists()


def test_a_copy_of_ours_that_is_made_a_series_is_made_single_again(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.change("ann", sandbox.events("ann")[0]["id"], recurrence=recurring(5, tomorrow(9)))

    sync_now(ann)

    assert [event["type"] for event in sandbox.events("ann")] == ["singleInstance"]
    assert [event["type"] for event in sandbox.events("ann")] == ["singleInstance"]
