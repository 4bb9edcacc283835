"""What the client makes of answers that nobody should give: a body or an error, within bounds.

Each is asked for once as a single request and once as a batch.
"""

from typing import Any

import pytest

from integrations.providers.conversation import Request
from integrations.providers.errors import ProviderError, Unavailable
from integrations.providers.microsoft import wire as wire_module
from tests.hostile.conftest import bounded, is_fit_for_the_page, shown
from tests.hostile.corpus.answers import ANSWERS, BOMBS, ENDLESS
from tests.hostile.corpus.bodies import BODIES
from tests.wire import Said

ONE, TWO = [Request("GET", "/a")], [Request("GET", "/a"), Request("DELETE", "/b")]


def answers_to(graph: Any, requests: list[Request]) -> list[Any]:
    found = graph.send_many(requests)
    assert len(found) == len(requests)
    assert all(is_fit_for_the_page(one) for one in found if isinstance(one, ProviderError))
    return found


@pytest.mark.parametrize("requests", [ONE, TWO], ids=["single", "batch"])
def test_a_hostile_answer_is_a_body_or_an_error(wire, graph, requests):
    for raw in ANSWERS:
        wire.say(Said(raw=[raw]))

        for found in answers_to(graph, requests):
            assert found in ({"value": []}, None) or isinstance(found, ProviderError), shown(raw)


@pytest.mark.parametrize("requests", [ONE, TWO], ids=["single", "batch"])
def test_a_hostile_body_is_parsed_or_an_error(wire, graph, requests):
    for body in BODIES:
        wire.say(Said(200, body))

        answers_to(graph, requests)


@pytest.mark.parametrize("requests", [ONE, TWO], ids=["single", "batch"])
def test_a_bomb_goes_off_in_little_more_than_the_largest_answer(wire, graph, requests, monkeypatch):
    monkeypatch.setattr(wire_module, "LARGEST", 4 * 2**20)

    for raw in BOMBS:
        wire.say(Said(raw=[raw]))
        with bounded(2 * wire_module.LARGEST + 2 * len(raw)):
            found = answers_to(graph, requests)

        assert all(isinstance(one, Unavailable) for one in found), shown(raw)


@pytest.mark.parametrize("number", range(len(ENDLESS)))
def test_an_answer_without_an_end_is_given_up(wire, graph, number, monkeypatch):
    monkeypatch.setattr(wire_module, "LARGEST", 4 * 2**20)
    wire.answer = lambda asked: Said(raw=ENDLESS[number]())

    with bounded(2 * wire_module.LARGEST):
        found = answers_to(graph, ONE)

    assert isinstance(found[0], Unavailable)
