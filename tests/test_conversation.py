"""The driver of conversations: batches, answers, waits and ends. No network, no database."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.conversation import LONGEST_WAIT, Conversation, Driver, Ended, Request, converse
from integrations.providers.errors import NoAnswer, NotFound, ProviderError, Rejected, Unavailable

Reply = Callable[[Request], Any]


class Service:
    """A service on the other end: it answers each request by `reply` and keeps the batches it was sent."""

    def __init__(self, reply: Reply = lambda request: request.path, *, seconds: float = 0.0) -> None:
        self.reply, self.seconds = reply, seconds
        self.batches: list[list[str]] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def __call__(self, requests: Sequence[Request]) -> list[Any]:
        with self.lock:
            self.batches.append([request.path for request in requests])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
        return [self.reply(request) for request in requests]


def ask(*paths: str) -> Conversation[list[Any]]:
    """A conversation that asks one path after the other and returns the answers; an error is an answer of its own."""
    answers = []
    for path in paths:
        try:
            answers.append((yield Request("GET", path)))
        except ProviderError as error:
            answers.append(error)
    return answers


def ask_once(path: str) -> Conversation[Any]:
    return (yield Request("GET", path))


def run_all(driver: Driver[Any, Any], conversations: dict[Any, Conversation[Any]]) -> dict[Any, Ended[Any, Any]]:
    return {one.key: one for ended in driver.run(conversations) for one in ended}


def test_the_requests_of_many_conversations_are_packed_twenty_to_a_batch():
    service = Service()

    ended = run_all(Driver(service), {n: ask_once(f"/{n}") for n in range(45)})

    assert [len(batch) for batch in service.batches] == [20, 20, 5]
    assert {key: one.result for key, one in ended.items()} == {n: f"/{n}" for n in range(45)}


@pytest.mark.parametrize("in_flight", [1, 3])
def test_two_thousand_idle_conversations_cost_exactly_one_hundred_batches(in_flight):
    service = Service()

    ended = run_all(Driver(service, in_flight=in_flight), {n: ask_once(f"/{n}") for n in range(2000)})

    assert len(ended) == 2000
    assert len(service.batches) == 100


def test_no_batch_ever_holds_two_requests_of_one_conversation():
    service = Service()

    run_all(Driver(service, width=20, in_flight=3), {n: ask(*[f"{n}/{step}" for step in range(4)]) for n in range(30)})

    for batch in service.batches:
        askers = Counter(path.split("/")[0] for path in batch)
        assert max(askers.values()) == 1
    assert sum(len(batch) for batch in service.batches) == 120


def test_several_batches_are_on_their_way_at_a_time_and_never_more_than_allowed():
    service = Service(seconds=0.03)

    started = time.monotonic()
    run_all(Driver(service, in_flight=3), {n: ask_once(f"/{n}") for n in range(120)})

    assert service.most_at_once == 3
    assert time.monotonic() - started < 6 * 0.03 * 0.9


def test_one_request_at_a_time_goes_out_for_each_conversation():
    service = Service()

    ended = run_all(Driver(service), {"a": ask("/1", "/2", "/3")})

    assert service.batches == [["/1"], ["/2"], ["/3"]]
    assert ended["a"].result == ["/1", "/2", "/3"]


def test_each_conversation_is_thrown_its_own_error_and_the_others_go_on():
    refused = NotFound("gone")
    service = Service(lambda request: refused if request.path == "/1" else request.path)

    ended = run_all(Driver(service), {n: ask_once(f"/{n}") for n in range(3)})

    assert ended[1].error is refused
    assert (ended[0].result, ended[2].result) == ("/0", "/2")
    assert ended[0].error is None


def test_a_conversation_may_catch_its_error_and_go_on():
    service = Service(lambda request: Rejected("no") if request.path == "/a" else request.path)

    ended = run_all(Driver(service), {1: ask("/a", "/b")})

    assert [str(answer) for answer in ended[1].result or []] == ["no", "/b"]


def test_a_conversation_that_asks_nothing_ends_with_its_result():
    def silent() -> Conversation[str]:
        return "done"
        yield

    service = Service()

    ended = run_all(Driver(service), {n: silent() for n in range(100)})

    assert [one.result for one in ended.values()] == ["done"] * 100
    assert service.batches == []


def test_no_conversations_are_no_batches():
    assert run_all(Driver(Service()), {}) == {}


def test_conversations_run_in_the_calling_thread():
    threads = set()

    def talk() -> Conversation[None]:
        threads.add(threading.current_thread())
        yield Request("GET", "/")
        threads.add(threading.current_thread())

    run_all(Driver(Service(), in_flight=3), {n: talk() for n in range(50)})

    assert threads == {threading.current_thread()}


def test_those_of_one_answer_end_together():
    batches = list(Driver[int, Any](Service()).run({n: ask_once(f"/{n}") for n in range(40)}))

    assert [len(ended) for ended in batches] == [20, 20]


def once_unavailable(path: str, retry_after: float | None, *, is_whole: bool = False) -> tuple[Reply, list[float]]:
    """A reply that refuses `path` once, and the moments at which `path` was asked."""
    asked: list[float] = []

    def reply(request: Request) -> Any:
        if request.path == path:
            asked.append(time.monotonic())
            if len(asked) == 1:
                return Unavailable("busy", retry_after=retry_after, is_whole=is_whole)
        return request.path

    return reply, asked


def test_a_short_wait_is_waited_and_the_request_sent_again():
    reply, asked = once_unavailable("/slow", 0.1)

    ended = run_all(Driver(Service(reply)), {1: ask_once("/slow")})

    assert ended[1].result == "/slow"
    assert asked[1] - asked[0] >= 0.1


def test_a_short_wait_of_one_does_not_hold_up_the_others():
    reply, _ = once_unavailable("/slow", 0.3)

    ended = run_all(Driver(Service(reply)), {"slow": ask_once("/slow"), "quick": ask(*[f"/{n}" for n in range(5)])})

    assert list(ended) == ["quick", "slow"]


def test_a_wait_for_the_whole_connection_holds_everybody():
    sent: list[tuple[float, str]] = []

    def reply(request: Request) -> Any:
        sent.append((time.monotonic(), request.path))
        if len(sent) == 1:
            return Unavailable("busy", retry_after=0.2, is_whole=True)
        return request.path

    started = time.monotonic()
    ended = run_all(Driver(Service(reply), width=1), {n: ask_once(f"/{n}") for n in range(3)})

    assert {key: one.result for key, one in ended.items()} == {0: "/0", 1: "/1", 2: "/2"}
    assert all(moment - started >= 0.2 for moment, _ in sent[1:])


def test_a_longer_wait_ends_in_unavailable_with_its_time_and_sleeps_not_at_all():
    reply, asked = once_unavailable("/slow", LONGEST_WAIT + 0.1)

    started = time.monotonic()
    ended = run_all(Driver(Service(reply)), {1: ask_once("/slow")})

    assert isinstance(ended[1].error, Unavailable)
    assert ended[1].error.retry_after == LONGEST_WAIT + 0.1
    assert (len(asked), time.monotonic() - started < 1) == (1, True)


def test_unavailable_without_a_time_goes_to_the_conversation_at_once():
    reply, asked = once_unavailable("/slow", None)

    ended = run_all(Driver(Service(reply)), {1: ask_once("/slow")})

    assert isinstance(ended[1].error, Unavailable)
    assert len(asked) == 1


def test_a_service_that_always_asks_for_a_short_wait_is_given_up():
    service = Service(lambda request: Unavailable("busy", retry_after=0.01))

    ended = run_all(Driver(service), {1: ask_once("/")})

    assert isinstance(ended[1].error, Unavailable)
    assert len(service.batches) == 4


@pytest.mark.parametrize("place", [0, 7, 19])
def test_batches_of_which_one_part_is_late_are_no_outage(place):
    def late(request: Request) -> Any:
        return NoAnswer("late") if int(request.path) in (place, 20 + place) else request.path

    service = Service(late)

    ended = run_all(Driver(service), {n: ask_once(str(n)) for n in range(100)})

    assert {key: type(one.error) for key, one in ended.items() if one.error} == {place: NoAnswer, 20 + place: NoAnswer}
    assert not any(one.error.is_whole for one in ended.values() if one.error)
    assert len(service.batches) == 5


@pytest.mark.parametrize("is_whole", [True, False])
def test_two_batches_of_which_no_part_is_answered_are_an_outage(is_whole):
    service = Service(lambda request: NoAnswer("out", is_whole=is_whole))

    ended = run_all(Driver(service), {n: ask_once(str(n)) for n in range(100)})

    assert len(service.batches) == 2
    assert all(one.error and one.error.is_whole for key, one in ended.items() if key >= 40)
    assert len(ended) == 100


class Gates:
    """Counts how often the gate was passed, and how many stood in it at once."""

    def __init__(self) -> None:
        self.passed = self.inside = self.most_inside = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.passed += 1
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        yield
        self.inside -= 1


def test_the_gate_is_held_around_every_batch():
    gates = Gates()
    held = []
    service = Service(lambda request: held.append(gates.inside))

    run_all(Driver(service, gate=gates), {n: ask_once(f"/{n}") for n in range(50)})

    assert (gates.passed, gates.most_inside, gates.inside) == (3, 1, 0)
    assert set(held) == {1}


def test_the_gate_is_left_when_sending_fails():
    gates = Gates()

    def broken(requests: Sequence[Request]) -> list[Any]:
        raise RuntimeError("a mistake in the client")

    with pytest.raises(RuntimeError):
        run_all(Driver(broken, in_flight=2, gate=gates), {n: ask_once(f"/{n}") for n in range(50)})

    assert gates.inside == 0


def test_what_is_no_error_of_the_provider_goes_up_from_a_conversation():
    def broken() -> Conversation[None]:
        yield Request("GET", "/")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_all(Driver(Service()), {1: broken(), 2: ask_once("/2")})


def test_an_answer_short_of_one_is_an_error_and_never_shifted_to_another_conversation():
    with pytest.raises(ValueError, match="shorter"):
        run_all(Driver(lambda requests: ["only one"]), {1: ask_once("/1"), 2: ask_once("/2")})


def test_converse_returns_the_result_of_a_single_conversation():
    assert converse(ask("/a", "/b"), Service()) == ["/a", "/b"]


def test_converse_raises_the_error_of_a_single_conversation():
    with pytest.raises(NotFound):
        converse(ask_once("/"), Service(lambda request: NotFound("gone")))


def flat(lists: Iterable[list[str]]) -> Iterator[str]:
    return (one for each in lists for one in each)


@given(
    lengths=st.lists(st.integers(min_value=0, max_value=5), max_size=40),
    width=st.integers(min_value=1, max_value=20),
    in_flight=st.integers(min_value=1, max_value=4),
    unlucky=st.sets(st.integers(min_value=0, max_value=99), max_size=8),
)
def test_whatever_the_mix_everybody_gets_the_answers_to_their_own_questions(lengths, width, in_flight, unlucky):
    def reply(request: Request) -> Any:
        number = int(request.path.replace("/", ""))
        return Rejected(request.path) if number % 100 in unlucky else request.path

    service = Service(reply)
    asked = {n: [f"{n}/{step}" for step in range(length)] for n, length in enumerate(lengths)}

    ended = run_all(Driver(service, width=width, in_flight=in_flight), {n: ask(*asked[n]) for n in asked})

    assert {n: [str(answer) for answer in one.result or []] for n, one in ended.items()} == asked
    assert sorted(path for batch in service.batches for path in batch) == sorted(
        path for paths in asked.values() for path in paths
    )
    assert all(len(batch) <= width for batch in service.batches)
    assert service.most_at_once <= in_flight
