"""Answers that do not come to an end: they are left, the calendar rests, and what was applied stays right."""

import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.utils.timezone import now

from events.models import ExternalEvent
from events.sync.guard import EMPTY_PAGES, PAGES, REPEATED_PAGES, Endless, PageGuard
from instructors.models import CalendarMapping
from integrations.providers.conversation import Request, converse
from integrations.providers.errors import Unavailable
from integrations.providers.microsoft.provider import Microsoft365
from integrations.providers.types import Page, RemoteItem
from tests.acts import let_pass
from tests.conftest import address, sync_now, tomorrow
from tests.test_census import graph_item
from tests.wire import CREDENTIALS, Said, serve, sign_in_works

DELTA = {"method": "GET", "path": "calendarView/delta", "mailbox": address("ann")}
CENSUS = {"method": "GET", "path": "/users/{id}/calendarView", "mailbox": address("ann")}


def page_of(number: int, link: str, etag: str = "1") -> Page:
    item = RemoteItem(remote_id=str(number), etag=etag, starts_at=tomorrow(9), ends_at=tomorrow(10))
    return Page(items=(item,), next_link=link)


def pages_until_stopped(pages: Iterator[Page], most: int = PAGES) -> int:
    guard = PageGuard(most)
    with pytest.raises(Endless):
        deque(map(guard.check, pages), maxlen=0)
    return guard.pages - 1


def numbers() -> Iterator[int]:
    yield from range(PAGES + 10)


def test_an_answer_of_empty_pages_is_left():
    assert pages_until_stopped(Page(next_link=str(number)) for number in numbers()) == EMPTY_PAGES


def test_an_answer_that_leads_back_to_an_earlier_page_is_left():
    links = (page_of(number, link=str(number % 7), etag=str(number)) for number in numbers())

    assert pages_until_stopped(links) == REPEATED_PAGES + 7


def test_an_answer_that_brings_the_same_items_again_and_again_is_left():
    pages = (page_of(number % 5, link=str(number)) for number in numbers())

    assert pages_until_stopped(pages) == REPEATED_PAGES + 5


def test_an_answer_that_brings_something_new_now_and_then_is_left_too():
    pages = (page_of(number if number % 3 == 0 else 0, link=str(number)) for number in numbers())

    assert pages_until_stopped(pages) < REPEATED_PAGES * 3


@pytest.mark.parametrize(
    "page",
    [{"removed": ("a",)}, {"series": frozenset(["a"])}, {"unreadable": ("a",)}, {"digest": 5}],
    ids=["removed", "series", "unreadable", "not read"],
)
def test_whatever_a_page_brings_is_compared(page):
    pages = (Page(next_link=str(number), **page) for number in numbers())

    assert pages_until_stopped(pages) == REPEATED_PAGES + 1


def test_an_answer_that_always_brings_something_new_is_left_after_so_many_pages():
    assert pages_until_stopped((page_of(number, link=str(number)) for number in numbers()), most=50) == 50


def test_a_long_answer_of_which_every_page_is_new_is_followed_to_its_end():
    guard = PageGuard()

    for number in range(5_000):
        guard.check(page_of(number, link=str(number)))
    guard.check(Page(cursor="c"))


def test_the_guard_remembers_little_of_a_page_however_large_it_is():
    guard = PageGuard()
    tracemalloc.start()

    for number in range(200):
        items = tuple(page_of(number * 1000 + place, "").items[0] for place in range(200))
        guard.check(Page(items=items, next_link=f"{number}" * 50))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 200_000


@pytest.fixture
def lead_back(sandbox) -> Any:
    """Let requests be answered with a page of these items that leads to a page like it, for ever."""

    def fault(match: dict[str, Any], path: str, *items: dict[str, Any]) -> None:
        url = f"{sandbox.line['graph_url']}/v1.0{path}"
        sandbox.fault(match, status=200, body={"value": list(items), "@odata.nextLink": url})

    return fault


def path_of(mapping: CalendarMapping, what: str) -> str:
    return f"/users/{mapping.remote_user_id}/{what}"


def test_a_delta_round_that_leads_back_rests_and_keeps_what_it_brought(sandbox, ann, lead_back):
    kept = sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    cursor = ann.cursor
    lead_back(DELTA, path_of(ann, "calendarView/delta?$skiptoken=a"), whole_item("new"))
    sandbox.control("DELETE", "requests")

    sync_now(ann)

    assert sandbox.requests()["total"] < REPEATED_PAGES + 5
    assert {item.remote_id for item in ExternalEvent.objects.all()} == {kept["id"], "new"}
    assert (ann.cursor, ann.problem) == (cursor, "")
    assert ann.retry_at > now()


def whole_item(remote_id: str) -> dict[str, Any]:
    """An item of a delta with everything that calsync asks for."""
    more = ("location", "isAllDay", "showAs", "sensitivity", "isCancelled", "responseStatus")
    return graph_item(remote_id, **dict.fromkeys(more), **{"@odata.etag": "1"})


def test_an_endless_round_is_told_after_an_hour_and_then_begun_anew(sandbox, ann, lead_back):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    lead_back(DELTA, path_of(ann, "calendarView/delta?$skiptoken=a"))
    sync_now(ann)
    CalendarMapping.objects.update(failing_since=now() - timedelta(hours=2))

    sync_now(ann)
    assert "does not come to an end" in ann.problem
    assert ann.cursor == ""
    sandbox.clear_faults()
    let_pass(timedelta(hours=1))
    sync_now(ann)

    assert (ann.problem, ann.failing_since) == ("", None)
    assert ann.cursor
    assert ExternalEvent.objects.count() == 1


def test_a_first_chain_that_leads_back_is_left(sandbox, ann, lead_back):
    lead_back(DELTA, path_of(ann, "calendarView/delta?$skiptoken=a"), graph_item("a"))
    sandbox.control("DELETE", "requests")

    sync_now(ann)

    assert sandbox.requests()["total"] < REPEATED_PAGES + 5
    assert (ann.cursor, ann.next_cursor) == ("", "")
    assert ann.retry_at > now()


def test_a_census_that_leads_back_is_left_sweeps_nothing_and_begins_anew(sandbox, ann, lead_back):
    kept = sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    CalendarMapping.objects.update(census_at=None)
    lead_back(CENSUS, path_of(ann, "calendarView?$skip=200"), graph_item("new"))
    sandbox.control("DELETE", "requests")

    sync_now(ann)
    assert sandbox.requests()["total"] < REPEATED_PAGES + 10
    assert {item.remote_id for item in ExternalEvent.objects.all()} == {kept["id"], "new"}
    assert (ann.census_link, ann.next_cursor, ann.census_at) == ("", "", None)
    sandbox.clear_faults()
    let_pass(timedelta(hours=1))
    sync_now(ann)

    assert {item.remote_id for item in ExternalEvent.objects.all()} == {kept["id"]}
    assert ann.census_at


EVERY_PLACE = {"census": "census_pages", "follow_delta": "round_pages", "skip_delta": "census_pages"}
BY_TURNS = 10  # pages, after which a change is waiting


@pytest.fixture
def lead_on(monkeypatch, ann, sandbox) -> Callable[..., list[int]]:
    """Let one kind of answer be made of the pages that `made` returns for 0, 1, 2, ..., by turns; those asked for."""

    def lead(kind: str, made: Callable[[int], Page]) -> list[int]:
        asked: list[int] = []

        def answer(self, mailbox, place, link=""):
            link = link or str(place)
            number = int(link.removeprefix("/page/")) if link.startswith("/page/") else 0
            asked.append(number)
            if len(asked) % BY_TURNS == 0:
                CalendarMapping.objects.request_sync()
            return made(number)
            yield Request("GET", "/")

        if kind == "follow_delta":
            sync_now(ann)
        if kind == "skip_delta":
            monkeypatch.setattr(Microsoft365, "start_delta", answer)
        monkeypatch.setattr(Microsoft365, kind, answer)
        return asked

    return lead


def turns_until_it_rests(mapping: CalendarMapping, most: int) -> int:
    for turn in range(1, most + 1):
        sync_now(mapping)
        if mapping.failing_since:
            return turn
    raise AssertionError("it is still followed")


@pytest.mark.parametrize("kind", EVERY_PLACE)
@pytest.mark.parametrize("loop", [60, 10**9], ids=["leads back", "always new"])
def test_an_answer_that_outlasts_its_turns_is_left_at_last(ann, lead_on, kind, loop):
    asked = lead_on(kind, lambda number: page_of(number, link=f"/page/{(number + 1) % loop}"))
    sync_now(ann)
    assert getattr(ann, EVERY_PLACE[kind]) == len(asked) == BY_TURNS
    CalendarMapping.objects.update(**{EVERY_PLACE[kind]: PAGES - 85})

    turns = turns_until_it_rests(ann, most=20)

    assert turns == 9
    assert len(asked) == BY_TURNS + 86
    assert ann.retry_at > now()
    assert (ann.round_pages, ann.census_pages) == (0, 0)


@pytest.mark.parametrize("kind", EVERY_PLACE)
def test_an_answer_of_nothing_but_empty_pages_is_left_after_few_turns(ann, lead_on, kind):
    asked = lead_on(kind, lambda number: Page(next_link=f"/page/{number + 1}"))

    turns_until_it_rests(ann, most=EMPTY_PAGES)

    assert len(asked) == EMPTY_PAGES + 1
    assert ann.retry_at > now()
    assert (ann.round_pages, ann.census_pages) == (0, 0)


def test_a_round_that_was_left_goes_on_from_the_place_that_was_reached_and_may_come_to_its_end(ann, lead_on):
    end, steps = Page(cursor="c"), EMPTY_PAGES + 30
    asked = lead_on("follow_delta", lambda number: Page(next_link=f"/page/{number + 1}") if number < steps else end)
    turns_until_it_rests(ann, most=EMPTY_PAGES)
    let_pass(timedelta(hours=1))

    for _ in range(4):
        sync_now(ann)

    assert ann.cursor == "c"
    assert ann.failing_since is None
    assert max(asked) == steps
    assert asked.count(0) == 1


@pytest.mark.parametrize("kind", EVERY_PLACE)
def test_a_long_answer_with_many_empty_pages_comes_to_its_end_in_turns_and_leaves_no_trace(ann, lead_on, kind):
    """Every 95th page brings something: more than 100 of them are empty, and never so many in a row."""
    last = EMPTY_PAGES * 3

    def made(number: int) -> Page:
        page = page_of(number, "") if number % 95 == 0 else Page()
        if number < last:
            return replace(page, next_link=f"/page/{number + 1}")
        return replace(page, cursor="" if kind == "census" else "/the/end")

    asked = lead_on(kind, made)

    for _ in range(last // BY_TURNS + 1):
        sync_now(ann)
        assert ann.failing_since is None

    assert max(asked) == last
    assert (ann.round_pages, ann.census_pages) == (0, 0)


def test_a_full_round_begins_to_count_anew(ann, lead_on):
    lead_on("follow_delta", lambda _: Page(cursor="/the/end"))
    CalendarMapping.objects.update(census_at=None, round_pages=PAGES, census_pages=PAGES)
    lead_on("skip_delta", lambda number: Page(next_link="/page/1") if number == 0 else Page(cursor="/the/end"))
    lead_on("census", lambda number: page_of(number, "" if number else "/page/1"))

    sync_now(ann)

    assert (ann.failing_since, ann.cursor) == (None, "/the/end")
    assert (ann.round_pages, ann.census_pages) == (0, 0)


def test_a_list_that_leads_back_is_left():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as login, serve() as wire:
        sign_in_works(login)
        graph = Microsoft365(CREDENTIALS, wire.endpoints)
        wire.answer = lambda asked: Said(200, {"value": [], "@odata.nextLink": f"{wire.root}/users?again"})

        with pytest.raises(Unavailable, match="does not come to an end"):
            converse(graph.look_up("ann@northgate.example"), graph.send_many)

        assert len(wire.asked) == 2
