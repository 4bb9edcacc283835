"""Nobody waits for somebody else's trouble: slow, lost, huge and broken calendars and integrations beside sound ones.

Counted in batches and turns; the time that an answer takes is told to the driver, not spent.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.providers import conversation
from integrations.providers.conversation import Conversation, Driver, Request
from integrations.providers.errors import NoAnswer, ProviderError, Unavailable
from integrations.providers.pace import Pace

QUICK, SLOW = 0.2, 30.0


class Watch(threading.local):
    """A clock of each thread's own, which goes forward by what an answer is said to take."""

    extra = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.extra


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    watch = Watch()
    monkeypatch.setattr(conversation, "time", SimpleNamespace(monotonic=watch.monotonic, sleep=time.sleep))
    return watch


class Service:
    """Answers a batch after as long as the slowest calendar in it takes, and keeps who was in it."""

    def __init__(self, watch: Watch, seconds: Callable[[int], float]) -> None:
        self.watch, self.seconds = watch, seconds
        self.batches: list[list[int]] = []
        self.hold: Callable[[list[int]], Any] = lambda keys: None
        self.error: Callable[[list[int]], ProviderError | None] = lambda keys: None

    def __call__(self, requests: Sequence[Request]) -> list[Any]:
        keys = [int(request.path) for request in requests]
        self.batches.append(keys)
        self.hold(keys)
        self.watch.extra += max(self.seconds(key) for key in keys)
        error = self.error(keys)
        return [error or key for key in keys]

    def with_(self, key: int) -> list[int]:
        """The sizes of the batches that this calendar was in."""
        return [len(batch) for batch in self.batches if key in batch]


def pages(key: int, count: int) -> Conversation[int]:
    """A conversation of so many requests; an error ends it."""
    for _ in range(count):
        yield Request("GET", str(key))
    return key


def hold_all(driver: Driver[int, int], count: int, length: int = 6) -> list[int]:
    """Let so many calendars be read page by page; who ended, in their order."""
    return [one.key for ended in driver.run({key: pages(key, length) for key in range(count)}) for one in ended]


@pytest.mark.parametrize("in_flight", [1, 3])
def test_a_slow_calendar_is_by_itself_after_two_batches_in_company(watch, in_flight):
    service = Service(watch, lambda key: SLOW if key == 7 else QUICK)

    hold_all(Driver(service, in_flight=in_flight), 200)

    assert service.with_(7) == [20, 5, 1, 1, 1, 1]
    waited = Counter(key for batch in service.batches if 7 in batch for key in batch if key != 7)
    assert waited.total() == 19 + 4
    assert max(waited.values()) == 2


def test_where_one_batch_goes_at_a_time_the_slow_calendar_goes_after_all_others(watch):
    service = Service(watch, lambda key: SLOW if key == 7 else QUICK)

    ended = hold_all(Driver(service), 200)

    suspected = service.batches[0]
    assert ended[-1] == 7
    assert set(ended[:180]).isdisjoint(suspected)


def test_the_others_go_on_and_end_while_a_slow_calendar_has_not_answered(watch):
    service = Service(watch, lambda key: SLOW if key == 7 else QUICK)
    others_are_done, ended = threading.Event(), []
    service.hold = lambda keys: keys == [7] and others_are_done.wait(30)

    for batch in Driver(service, in_flight=3).run({key: pages(key, 6) for key in range(200)}):
        ended += [one.key for one in batch]
        if len(ended) == 199:
            others_are_done.set()

    assert others_are_done.is_set()
    assert ended[-1] == 7


def test_however_many_are_slow_one_way_stays_free_for_the_others(watch):
    slow = {7, 27, 47, 67}
    service = Service(watch, lambda key: SLOW if key in slow else QUICK)
    pace = Pace[int]()
    for key in slow:
        pace.suspect([key])
    others_are_done, ended = threading.Event(), []
    service.hold = lambda keys: slow.issuperset(keys) and others_are_done.wait(30)

    for batch in Driver(service, in_flight=3, pace=pace).run({key: pages(key, 3) for key in range(200)}):
        ended += [one.key for one in batch]
        if len(ended) == 196:
            others_are_done.set()

    assert others_are_done.is_set()
    assert set(ended[-4:]) == slow


def test_who_was_slow_is_alone_from_the_start_the_next_time_and_in_company_again_once_it_is_quick(watch):
    slow = {7}
    service = Service(watch, lambda key: SLOW if key in slow else QUICK)
    pace = Pace[int]()
    hold_all(Driver(service, pace=pace), 40)

    service.batches.clear()
    hold_all(Driver(service, pace=pace), 40, length=1)
    slow.clear()
    hold_all(Driver(service, pace=pace), 40, length=1)
    hold_all(Driver(service, pace=pace), 40, length=1)

    assert service.with_(7) == [1, 1, 20]
    assert pace.widths == {}


def test_a_service_that_is_slow_for_everybody_is_asked_no_more_often_for_it(watch):
    service = Service(watch, lambda key: SLOW)

    hold_all(Driver(service, in_flight=3), 200, length=10)

    assert len(service.batches) <= 100 + 10 * 3  # the first batch, which has nothing to be compared with, is split


def test_a_calendar_whose_batches_are_never_answered_takes_two_batches_down_and_no_third(watch):
    service = Service(watch, lambda key: 60 if key == 7 else QUICK)
    service.error = lambda keys: NoAnswer("Too late.") if 7 in keys else None
    pace = Pace[int]()

    runs = [
        [
            one
            for ended in Driver(service, in_flight=3, pace=pace).run({key: pages(key, 1) for key in range(200)})
            for one in ended
        ]
        for _ in range(3)
    ]

    failed = [sorted(one.key for one in run if one.error) for run in runs]
    assert [len(keys) for keys in failed] == [20, 5, 1]
    assert failed[2] == [7]
    assert not any(one.error.is_whole for run in runs for one in run if one.error)


def test_a_calendar_that_breaks_the_connection_says_nothing_of_the_connection_where_others_are_answered(watch):
    service = Service(watch, lambda key: QUICK)
    service.error = lambda keys: NoAnswer("Hung up.", is_whole=True) if 27 in keys else None

    ended = [one for batch in Driver[int, int](service).run({key: pages(key, 1) for key in range(60)}) for one in batch]

    assert {one.key for one in ended if one.error} == set(range(20, 40))
    assert not any(one.error.is_whole for one in ended if one.error)


@pytest.mark.parametrize("in_flight", [1, 3])
def test_a_connection_that_answers_nothing_is_tried_by_as_many_batches_as_fly_and_one_more_at_most(watch, in_flight):
    service = Service(watch, lambda key: 60)
    service.error = lambda keys: NoAnswer("Too late.")

    ended = [
        one
        for batch in Driver[int, int](service, in_flight=in_flight).run({key: pages(key, 1) for key in range(200)})
        for one in batch
    ]

    assert len(service.batches) <= max(2, in_flight)
    assert len(ended) == 200
    assert all(isinstance(one.error, Unavailable) for one in ended)
    assert max(one.error.seconds for one in ended if one.error and one.error.is_whole) >= 60


def test_two_lone_failures_of_one_calendar_do_not_mean_that_the_connection_is_out(watch):
    service = Service(watch, lambda key: QUICK)
    service.error = lambda keys: NoAnswer("Hung up.")

    def stubborn() -> Conversation[int]:
        for _ in range(4):
            try:
                yield Request("GET", "7")
            except NoAnswer:
                continue
        return 7

    ended = [one for batch in Driver[int, int](service).run({7: stubborn()}) for one in batch]

    assert [one.result for one in ended] == [7]
    assert service.with_(7) == [1, 1, 1, 1]


def test_an_error_says_how_long_each_calendar_of_a_batch_has_held_it_up(watch):
    service = Service(watch, lambda key: 60)
    service.error = lambda keys: NoAnswer("Too late.") if 3 in keys else None

    ended = [one for batch in Driver[int, int](service).run({key: pages(key, 1) for key in range(20)}) for one in batch]

    assert {round(one.error.seconds) for one in ended if one.error} == {3}
