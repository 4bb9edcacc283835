"""Bodies of Microsoft's documentation and recorded ones, none of them written here: each is understood, or refused by
name. They are read where they lie, in ../shared beside the clone; without them this file is left out."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import responses

from devtools.extras import SHARED
from integrations.providers.conversation import Request
from integrations.providers.errors import CursorExpired, MailboxUnusable, NeedsAdmin, ProviderError, Unavailable
from integrations.providers.microsoft.client import GraphClient
from integrations.providers.microsoft.codec import Unreadable, from_graph, to_graph, zone
from integrations.providers.microsoft.errors import error_for
from integrations.providers.microsoft.provider import Microsoft365
from integrations.providers.types import Credentials, Endpoints, Entry, Window
from tests.wire import CREDENTIALS, Said, Wire, serve, sign_in_works

PAYLOADS = SHARED / "payloads"
pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="../shared/graph/payloads is not there: LEFT OUT")

SESSION, START = UUID(int=1), datetime(2026, 11, 2, 9, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=180))
ENTRY = Entry(SESSION, "First aid", START, START + timedelta(hours=3), location="Room 1", body="Bring a pen.")
GRAPH = Microsoft365(Credentials("tenant", "client", "secret"), Endpoints())  # of the real cloud: links lead there

QUESTIONS = {
    "create": lambda: GRAPH.create("ann", ENTRY, key=UUID(int=2)),
    "update": lambda: GRAPH.update("ann", "item", ENTRY),
    "get": lambda: GRAPH.get("ann", "item"),
    "find": lambda: GRAPH.find("ann", SESSION),
    "look_up": lambda: GRAPH.look_up("ann@school.example"),
    "start_delta": lambda: GRAPH.start_delta("ann", WINDOW),
    "skip_delta": lambda: GRAPH.skip_delta("ann", "/next"),
    "follow_delta": lambda: GRAPH.follow_delta("ann", "/next"),
    "list_series": lambda: GRAPH.list_series("ann", "series", WINDOW),
    "census": lambda: GRAPH.census("ann", WINDOW),
}


def bodies() -> dict[str, Any]:
    """Every body by the name of its file; files that begin with _ tell of the others."""
    return {path.name: json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("[!_]*.json"))}


def body(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text())


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body, at any depth."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        yield from objects(part)


def everything() -> list[dict[str, Any]]:
    return [found for whole in bodies().values() for found in objects(whole)]


def told(question: str, answer: Any) -> Any:
    """What the product makes of this body as the answer to its question. Raises ProviderError.

    What it asks besides, the rest of a list or an item that is not told in full, has no more to it than the body.
    """
    conversation = QUESTIONS[question]()
    next(conversation)
    try:
        asked = conversation.send(answer)
        for _ in list(objects(answer)):
            asked = conversation.send(besides(asked, answer))
    except StopIteration as end:
        return end.value
    raise AssertionError("the product asks on")


def besides(asked: Request, answer: Any) -> Any:
    """What there is to a second question: the item of the body that it names, or no more items."""
    named = (found for found in objects(answer) if quote(str(found.get("id")), safe="") in asked.path)
    return next(named, {"value": []})


def outcome(question: str, answer: Any) -> str:
    """The kind of what it makes of it, or the name of the refusal. Whatever else is raised fails the test."""
    try:
        return type(told(question, answer)).__name__
    except ProviderError as refusal:
        return f"{type(refusal).__name__} {refusal.code}"


def test_there_are_as_many_bodies_as_when_this_was_written():
    assert len(bodies()) == 160


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("create", {"Receipt": 13, "Unavailable event": 147}),
        ("update", {"Receipt": 13, "Unavailable event": 147}),
        ("get", {"RemoteItem": 13, "Unavailable event": 147}),
        ("find", {"tuple": 9, "Unavailable event": 46, "Unavailable value": 105}),
        ("look_up", {"tuple": 28, "Unavailable user": 27, "Unavailable value": 105}),
        ("start_delta", {"Page": 18, "Unavailable link": 37, "Unavailable value": 105}),
        ("skip_delta", {"Page": 18, "Unavailable link": 37, "Unavailable value": 105}),
        ("follow_delta", {"Page": 18, "Unavailable link": 37, "Unavailable value": 105}),
        ("list_series", {"Page": 55, "Unavailable value": 105}),
        ("census", {"Page": 55, "Unavailable value": 105}),
    ],
)
def test_every_body_as_an_answer_is_understood_or_refused_by_name(question, expected):
    found = Counter(outcome(question, answer) for answer in bodies().values())

    assert found == expected


def test_every_event_that_has_an_id_and_times_is_understood():
    found: Counter[str] = Counter()
    for event in everything():
        if isinstance(event.get("start"), dict) and isinstance(event.get("end"), dict):
            try:
                item = from_graph({"id": "given here", **event})
            except Unreadable as refusal:
                found[str(refusal)] += 1
            else:
                found["understood" if item.starts_at <= item.ends_at else "ends before it starts"] += 1

    # what is refused are two descriptions of the type, without times, and a line of a free/busy answer
    refused = {"KeyError in an event of Microsoft's": 2, "AttributeError in an event of Microsoft's": 1}
    assert found == {"understood": 47, **refused}


def test_every_zone_that_the_documentation_lists_is_known():
    names = {found["alias"] for found in everything() if {"alias", "displayName"} <= set(found)}
    names |= {found["timeZone"] for found in everything() if isinstance(found.get("timeZone"), str)}
    unknown = set()
    for name in names:
        try:
            zone(name)
        except Unreadable:
            unknown.add(name)

    assert len(names) == 11
    assert unknown == {"string"}  # of a description of the type


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 409, 410, 412, 413, 422, 423, 429, 500, 501, 502, 503, 504]
)
def test_every_body_under_a_status_of_failure_is_an_error_with_a_sentence(status):
    for name, answer in bodies().items():
        error = error_for(status, {}, answer)

        assert isinstance(error, ProviderError), name
        assert str(error).endswith("."), name
        assert error.code, name


@pytest.mark.parametrize(
    ("name", "status", "kind", "code"),
    [
        ("error.404.MailboxNotEnabledForRESTAPI.json", 404, MailboxUnusable, "MailboxNotEnabledForRESTAPI"),
        ("error.410.SyncStateNotFound.json", 410, CursorExpired, "SyncStateNotFound"),
        ("error.410.resyncRequired.json", 410, CursorExpired, "resyncRequired"),
        ("error.429.ApplicationThrottled.json", 429, Unavailable, "ApplicationThrottled"),
        ("throttling.response.1.docs2021.json", 429, Unavailable, "TooManyRequests"),
        ("delta-query-overview.response.1.docs2021.json", 501, ProviderError, "NotImplemented"),
        ("errors.body.1.docs2021.json", 400, ProviderError, "invalidRange"),
    ],
)
def test_a_recorded_error_has_its_meaning(name, status, kind, code):
    error = error_for(status, {}, body(name))

    assert isinstance(error, kind)
    assert error.code == code


def test_support_is_told_the_request_id_of_a_recorded_error():
    error = error_for(410, {}, body("error.410.SyncStateNotFound.json"))

    assert error.request_id == "1137f277-eab4-4b9b-bb13-2ceb880bffcb"


def test_a_first_page_without_items_goes_on():
    page = told("start_delta", body("delta.first-page-empty-with-nextLink.json"))

    assert page.next_link
    assert not page.cursor
    assert page.items == page.removed == ()


def test_a_documented_round_of_changes_leads_from_page_to_page_to_a_cursor():
    pages = [told("follow_delta", body(f"delta-query-events.response.{number}.docs2021.json")) for number in (1, 2, 3)]

    assert [bool(page.next_link) for page in pages] == [True, True, False]
    assert [bool(page.cursor) for page in pages] == [False, False, True]
    assert all(page.items for page in pages)
    assert all((page.next_link or page.cursor).startswith("/me/calendarView/delta?") for page in pages)


def test_a_documented_deletion_is_one():
    page = told("follow_delta", body("delta-query-events.response.4.docs2021.json"))

    assert len(page.removed) == 1


def test_documented_instances_belong_to_their_series():
    page = told("list_series", body("event-list-instances.response.1.docs2021.json"))

    assert {item.series_id for item in page.items} == {"AAMkAGUzYRgWAAA="}
    assert page.items[0].starts_at == datetime(2019, 4, 16, 20, 30, tzinfo=UTC)
    assert not page.unreadable


def test_a_recorded_series_is_listed_by_its_occurrences():
    series = body("odoo.seriesMaster.json")

    page = told("follow_delta", {"value": [series], "@odata.deltaLink": "https://graph.microsoft.com/v1.0/next"})

    assert page.items == ()
    assert page.series == {series["id"]}


def test_a_series_of_which_the_id_is_missing_is_unreadable_and_no_series():
    page = told("census", {"value": [body("corso.seriesMaster.cancelledOccurrences.json")]})

    assert (page.series, page.unreadable) == (frozenset(), ("",))


def test_a_recorded_occurrence_without_more_names_its_series_in_a_list_of_changes():
    occurrence = body("odoo.occurrence.json")

    page = told("follow_delta", {"value": [occurrence], "@odata.deltaLink": "https://graph.microsoft.com/v1.0/next"})

    assert page.series == {occurrence["seriesMasterId"]}
    assert page.items == ()


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serve() as served, responses.RequestsMock(assert_all_requests_are_fired=False) as login:
        sign_in_works(login)
        yield served


def batch_answers(wire: Wire, name: str, count: int) -> list[Any]:
    """What the client makes of a documented answer to a batch, as that to `count` requests."""
    wire.say(Said(200, body(name)))
    client = GraphClient(Microsoft365(CREDENTIALS, wire.endpoints).tokens, graph_url=wire.endpoints.graph_url)
    return client.send_many([Request("GET", f"/users/{number}") for number in range(count)])


def test_of_a_recorded_batch_each_part_finds_its_request(wire):
    unanswered, created, throttled = batch_answers(wire, "batch.response.429.json", 3)

    assert (unanswered.code, created) == ("unanswered", {"id": "AAMk1", "subject": "x"})
    assert (type(throttled), throttled.code, throttled.retry_after) == (Unavailable, "ApplicationThrottled", 10)


def test_of_a_documented_batch_each_part_finds_its_request(wire):
    unanswered, moved, listed, forbidden, done = batch_answers(wire, "json-batching.body.2.docs2021.json", 5)

    assert unanswered.code == "unanswered"
    assert (type(moved), moved.code) == (Unavailable, "302")
    assert listed["value"] == []
    assert (type(forbidden), forbidden.code) == (NeedsAdmin, "Forbidden")
    assert done is None


def test_every_body_as_the_answer_to_a_batch_answers_every_request(wire):
    kinds: Counter[str] = Counter()
    for name in bodies():
        kinds.update(getattr(answer, "code", "body") for answer in batch_answers(wire, name, 2))

    assert kinds == {"batch": 316, "unanswered": 2, "302": 1, "body": 1}


def test_what_is_sent_has_only_properties_that_the_documentation_names():
    documented = body("event.body.1.docs2021.json")
    sent = to_graph(ENTRY) | {"transactionId": "key", "recurrence": None}

    # the marker's property is described elsewhere, as a request of its own
    marked = body("singlevaluelegacyextendedproperty-post-singlevalueextendedproperties.request.1.docs2021.json")
    assert set(sent) <= set(documented) | set(marked)
    assert set(sent["singleValueExtendedProperties"][0]) == set(marked["singleValueExtendedProperties"][0])
