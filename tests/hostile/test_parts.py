"""Hostile parts of a batch, times to wait, links and errors: each ends at the request that it answers."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest

from integrations.providers.conversation import Request, converse
from integrations.providers.errors import NotFound, ProviderError, Unavailable
from integrations.providers.microsoft.errors import LONGEST_RETRY_AFTER, error_for
from integrations.providers.types import Window
from tests.conftest import tomorrow
from tests.hostile.conftest import is_fit_for_the_page, shown
from tests.hostile.corpus.batches import PARTS
from tests.hostile.corpus.headers import RETRY_AFTERS, RETRY_AFTERS_OF_A_PART
from tests.hostile.corpus.links import LINKS
from tests.hostile.corpus.texts import TEXTS
from tests.hostile.corpus.types import TYPES
from tests.wire import Asked, Said

WINDOW = Window(tomorrow(0), tomorrow(0, days=2))
FIRST, SECOND, THIRD = (Request("GET", f"/{number}") for number in range(3))


def numbered(part: Any, number: str) -> Any:
    return json.loads(json.dumps(part).replace("{id}", number))


def around(part: Any) -> Any:
    """A batch of three, of which the one in the middle is answered by `part`; alone it is unavailable."""
    good = [{"id": number, "status": 200, "body": {"id": number}} for number in ("0", "2")]
    whole = Said(200, {"responses": [good[0], numbered(part, "1"), good[1]]})
    return lambda asked: whole if asked.path.endswith("$batch") else Said(503)


@pytest.mark.parametrize("number", range(len(PARTS)))
def test_a_hostile_part_of_a_batch_ends_at_its_own_request(wire, graph, number):
    part = PARTS[number]
    wire.answer = around(part)

    first, second, third = graph.send_many([FIRST, SECOND, THIRD])

    assert (first, third) == ({"id": "0"}, {"id": "2"})
    if isinstance(second, ProviderError):
        assert is_fit_for_the_page(second)
        assert not second.is_whole
    else:
        assert second == part.get("body")
        assert part["status"] in (200, 204)


@pytest.mark.parametrize("others", [{"status": 200, "body": {"value": []}}, {"status": 404}, {}])
def test_of_a_part_that_is_answered_twice_nothing_is_known(wire, graph, others):
    answers = [{"id": "1", "status": 200, "body": {"id": "1"}}, {"id": "1", **others}, {"id": "0", "status": 204}]
    wire.say(Said(200, {"responses": answers}))

    first, second = graph.send_many([FIRST, SECOND])

    assert (first, type(second)) == (None, Unavailable)


def test_a_batch_with_one_part_too_deep_is_asked_for_one_by_one(wire, graph):
    deep = "[" * 100_000 + "]" * 100_000

    def answer(asked: Asked) -> Said:
        return Said(200, deep if asked.path in ("/v1.0/$batch", "/v1.0/1") else {"path": asked.path})

    wire.answer = answer

    first, second, third = graph.send_many([FIRST, SECOND, THIRD])

    assert (first, third) == ({"path": "/v1.0/0"}, {"path": "/v1.0/2"})
    assert (type(second), second.is_whole) == (Unavailable, False)


def test_a_hostile_time_to_wait_is_within_a_day_or_none():
    for value in (*RETRY_AFTERS, *RETRY_AFTERS_OF_A_PART, *TYPES):
        error = error_for(429, {"Retry-After": value}, None)

        assert isinstance(error, Unavailable)
        assert error.retry_after is None or 1 <= error.retry_after <= LONGEST_RETRY_AFTER, shown(value)


def test_a_hostile_time_to_wait_in_a_header_stops_nothing(wire, graph):
    for value in RETRY_AFTERS:
        raw = f"HTTP/1.1 429 Too Many\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
        wire.say(Said(raw=[raw.encode("utf-8")]))

        (error,) = graph.send_many([FIRST])

        assert isinstance(error, Unavailable), shown(value)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 410, 413, 429, 503, 507])
def test_whatever_an_error_says_of_itself_its_sentence_is_fit_for_the_page(status):
    for value in (*TEXTS, *TYPES):
        said = ({"code": value}, {"innerError": {"request-id": value}}, {"@event.existingEventId": value}, value)
        for error in said:
            found = error_for(status, {"request-id": value, "Retry-After": value}, {"error": error})

            assert is_fit_for_the_page(found), shown(value)
            assert len(found.code) <= 100
            assert len(found.request_id) <= 100
            assert found.code.isprintable()
            assert found.request_id.isprintable()


def test_the_id_of_an_item_that_has_the_key_is_taken_only_where_it_can_be_one():
    for value in (*TEXTS, *TYPES, ".", "..", "a" * 513):
        error = {"code": "ErrorDuplicateTransactionId", "@event.existingEventId": value}

        found = error_for(409, {}, {"error": error}).existing_id  # type: ignore[attr-defined]

        assert found == "" or (found == value and found.isascii() and found.isprintable()), shown(value)


def links(wire: Any) -> list[Any]:
    filled = [link.replace("{root}", wire.root).replace("{host}", wire.endpoints.graph_url) for link in LINKS]
    return [*filled, *(value for value in TYPES if value)]


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
def test_a_hostile_link_is_refused_or_leads_below_the_root(wire, graph, name):
    for link in links(wire):
        wire.say(Said(200, {"value": [], name: link}))

        with suppress(Unavailable):
            page = converse(graph.follow_delta("u", "/delta"), graph.send_many)
            found = page.next_link or page.cursor

            assert link == wire.root + found, shown(link)
            assert re.fullmatch(r"/[ -~]*", found), shown(link)


def test_no_hostile_link_is_asked_for_anywhere_else(wire, graph):
    for link in links(wire):
        wire.asked.clear()
        wire.say(Said(200, {"value": [], "@odata.nextLink": link}), Said(404, {"error": {"code": "ErrorItemNotFound"}}))

        with pytest.raises((Unavailable, NotFound)):
            converse(graph.look_up("ann@northgate.example"), graph.send_many)

        assert len(wire.asked) == 1 or isinstance(link, str)
