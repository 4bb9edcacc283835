"""Syncs that are called away after every page, or are out of time: each goes on where the one before it left off."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F
from django.utils.timezone import now

from events.models import ExternalEvent
from events.sync import engine, state, unread
from events.sync.engine import Again, sync
from events.sync.pull import SERIES_AT_A_TIME, pull
from events.sync.state import Calendar
from instructors.models import CalendarMapping
from integrations.providers.conversation import Request
from integrations.providers.errors import Unavailable
from integrations.providers.microsoft.provider import Microsoft365
from integrations.providers.types import Page, RemoteItem
from tests.conftest import sync_now, tomorrow
from tests.test_census import LONG, fill, mirrored, recurring
from tests.test_poison_items import let_items_wait_no_more, unread_in
from tests.test_races import loaded


def in_turns(mapping: CalendarMapping, is_done: Callable[[], object]) -> int:
    """Pull a calendar in as many syncs as it takes, each called away after a page; how many that were."""
    for turns in range(1, 20):
        calendar = loaded(mapping)
        with suppress(StopIteration):
            conversation = pull(calendar)
            request = next(conversation)
            while True:
                (answer,) = calendar.provider.send_many([request])
                CalendarMapping.objects.filter(pk=mapping.pk).request_sync()
                request = conversation.send(answer)
        CalendarMapping.objects.release(mapping.pk, calendar.lease)
        mapping.refresh_from_db()
        if is_done():
            return turns
    raise AssertionError("it does not come to an end")


def test_a_first_sync_of_many_pages_comes_to_its_end_in_turns(sandbox, ann):
    items = fill(sandbox)

    turns = in_turns(ann, lambda: ann.census_at)

    assert turns > 2
    assert mirrored() == set(items)
    sync_now(ann)
    assert ann.cursor


def test_a_round_of_many_pages_comes_to_its_end_in_turns(sandbox, ann):
    sync_now(ann)
    cursor, census_round = ann.cursor, ann.census_round
    items = fill(sandbox)
    series = sandbox.add("ann", "Stand-up", tomorrow(7), recurrence=recurring(3, tomorrow(7)))

    turns = in_turns(ann, lambda: "deltatoken" in ann.cursor and ann.cursor != cursor)
    sync(CalendarMapping.objects.filter(pk=ann.pk).claim())

    assert turns > 1
    assert ann.census_round == census_round
    assert ExternalEvent.objects.filter(series_id=series["id"]).count() == 3
    assert ExternalEvent.objects.filter(series_id="").count() == LONG == len(items)


@pytest.mark.parametrize("again", [True, False], ids=["weekly", "the first"])
def test_a_chain_that_is_called_away_is_not_begun_anew(sandbox, ann, again):
    if again:
        sync_now(ann)
    fill(sandbox)
    CalendarMapping.objects.update(census_at=None)
    ann.refresh_from_db()
    sandbox.control("DELETE", "requests")

    in_turns(ann, lambda: ann.next_cursor)

    assert sandbox.requests()["kinds"]["GET /users/{id}/calendarView/delta"] == 2
    assert "delta" not in ann.census_link


@dataclass
class Series:
    """Series in a mailbox that tells so many on a page of changes, and takes its time for every answer."""

    pages: list[list[str]]
    listed: list[str] = field(default_factory=list)
    followed: list[int] = field(default_factory=list)
    seconds: float = 0.0
    calendars: dict[int, Calendar] = field(default_factory=dict)
    then: Callable[[], object] = lambda: None
    bad: str = ""  # one that is never answered for

    def take_time(self) -> None:
        """Let an answer have taken its time, for turns and for leases."""
        for calendar in self.calendars.values():
            calendar.deadline -= self.seconds
        CalendarMapping.objects.update(leased_until=F("leased_until") - timedelta(seconds=self.seconds))

    def follow(self, mailbox, link):
        number = int(link.removeprefix("/page/")) if link.startswith("/page/") else 0
        self.take_time()
        if link == "/the/end":
            return Page(cursor="/the/end")
        self.followed.append(number)
        series, following = frozenset(self.pages[number]), number + 1
        if following == len(self.pages):
            return Page(series=series, cursor="/the/end")
        return Page(series=series, next_link=f"/page/{following}")
        yield Request("GET", "/")

    def list(self, mailbox, series_id, window, link):
        self.listed.append(series_id)
        self.take_time()
        self.then()
        if series_id == self.bad:
            raise Unavailable("It is not answered.")
        return Page(items=(self.occurrence_of(series_id),))
        yield Request("GET", "/")

    def occurrence_of(self, series_id: str) -> RemoteItem:
        return RemoteItem(
            remote_id=f"{series_id}-1",
            series_id=series_id,
            etag=str(self.listed.count(series_id)),
            starts_at=tomorrow(9),
            ends_at=tomorrow(10),
        )

    def read(self, mailbox, remote_id):
        self.take_time()
        return Page(series=frozenset([remote_id]))
        yield Request("GET", "/")


@pytest.fixture
def tell(monkeypatch, ann) -> Callable[..., Series]:
    """Let Ann's next round of changes tell these pages of series."""

    def told(*pages: list[str], seconds: float = 0.0) -> Series:
        sync_now(ann)
        series = Series([*pages], seconds=seconds)

        def load(*args, **kwargs):
            series.calendars = state.load(*args, **kwargs)
            return series.calendars

        monkeypatch.setattr(engine, "load", load)
        monkeypatch.setattr(Microsoft365, "follow_delta", series.follow)
        monkeypatch.setattr(Microsoft365, "list_series", series.list)
        monkeypatch.setattr(Microsoft365, "read", series.read)
        return series

    return told


def names(first: int, count: int) -> list[str]:
    return [f"series{number}" for number in range(first, first + count)]


@pytest.mark.parametrize(("seconds", "most"), [(1.0, 31), (40.0, 1)], ids=["quick", "slower than a turn"])
def test_a_page_of_more_series_than_a_turn_holds_is_read_in_turns(ann, tell, seconds, most):
    series = tell(names(0, 60), seconds=seconds)
    told: list[Again] = []

    sync(CalendarMapping.objects.filter(pk=ann.pk).claim(), on_again=told.append)
    ann.refresh_from_db()
    assert len(series.listed) <= most
    assert ann.cursor == "/the/end"
    assert told
    for _ in range(70):
        let_items_wait_no_more(ann, timedelta(minutes=1))
        before = len(series.listed)
        sync_now(ann)
        assert len(series.listed) <= before + most
        if not ann.unread:
            break

    assert mirrored() == {f"{name}-1" for name in names(0, 60)}
    assert (len(series.listed), ann.unread, ann.problem, ann.lapses) == (60, "", "", 0)


def test_a_round_of_many_series_goes_on_after_a_lost_worker_where_the_last_ones_were_listed(ann, tell):
    series = tell(*(names(number * 10, 10) for number in range(10)))

    def lose_the_lease_once() -> None:
        if len(series.listed) == 55:
            CalendarMapping.objects.update(lease=uuid4(), leased_until=now())

    series.then = lose_the_lease_once
    sync_now(ann)
    assert series.followed == [0, 1, 2, 3, 4, 5]
    assert ann.cursor == "/page/4"
    sync_now(ann)

    assert series.followed[6:] == [4, 5, 6, 7, 8, 9]
    assert mirrored() == {f"{name}-1" for name in names(0, 100)}
    assert ann.cursor == "/the/end"


def test_a_series_that_a_later_page_tells_again_is_listed_again(ann, tell):
    series = tell(names(0, 30), names(15, 30), names(0, 3))

    sync_now(ann)

    again = [name for name in names(0, 45) if series.listed.count(name) == 2]
    assert again == [*names(0, 3), *names(15, 15)]
    assert ExternalEvent.objects.get(series_id="series1").etag == "2"


def test_a_series_that_is_told_several_times_in_a_short_round_is_listed_once(ann, tell):
    series = tell(names(0, 3), names(0, 3), names(0, 3))

    sync_now(ann)

    assert series.listed == names(0, 3)


def test_series_that_a_turn_had_no_time_for_are_asked_for_although_later_pages_tell_them(ann, tell):
    series = tell(names(0, 5), names(0, 5), seconds=40.0)
    sync_now(ann)
    assert (series.listed, ann.cursor) == ([], "/page/1")
    series.seconds = 0.0
    sync_now(ann)
    assert ann.cursor == "/the/end"

    let_items_wait_no_more(ann, timedelta(minutes=1))
    sync_now(ann)

    assert mirrored() == {f"{name}-1" for name in names(0, 5)}
    assert (ann.unread, ann.unreadable) == ("", 0)


def test_of_many_series_no_more_are_kept_than_are_soon_read(ann, tell, monkeypatch):
    monkeypatch.setattr(unread, "KEPT", 10)
    series = tell(*(names(number * 10, 10) for number in range(12)), seconds=9.0)

    for _ in range(90):
        sync_now(ann)
        assert len(unread_in(ann)) < unread.KEPT + SERIES_AT_A_TIME + 20
        let_items_wait_no_more(ann, timedelta(minutes=1))
        if ann.cursor == "/the/end" and not ann.unread:
            break

    assert mirrored() == {f"{name}-1" for name in names(0, 120)}
    assert len(series.listed) == 120


def test_series_that_a_turn_had_no_time_for_leave_room_for_what_cannot_be_read(ann, tell, monkeypatch):
    monkeypatch.setattr(unread, "KEPT", 10)
    series = tell(names(0, 15), names(15, 5), ["bad"], seconds=40.0)
    series.bad = "bad"
    sync_now(ann)
    sync_now(ann)
    assert (len(unread_in(ann)), ann.cursor) == (20, "/page/2")
    series.seconds = 0.0

    let_items_wait_no_more(ann, timedelta(minutes=1))
    sync_now(ann)

    assert (ann.cursor, ann.failing_since) == ("/the/end", None)
    assert list(unread_in(ann)) == ["bad"]
    assert mirrored() == {f"{name}-1" for name in names(0, 20)}
