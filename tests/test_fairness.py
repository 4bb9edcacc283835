"""Nobody waits for somebody else's trouble: slow, lost, huge and broken calendars and integrations beside sound ones.

Counted in batches and turns; the time that an answer takes is told to the driver, not spent.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Task
from django.utils.timezone import now

from events import tasks
from events.models import ExternalEvent
from events.sync import engine, state
from events.sync.engine import pause_of
from instructors.claims import Claim
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers import conversation
from integrations.providers.conversation import Conversation, Driver, Request
from integrations.providers.errors import NoAnswer, ProviderError, Unavailable
from integrations.providers.microsoft import provider
from integrations.providers.pace import Pace
from tests.acts import crowd_of
from tests.conftest import address, plan_event, tomorrow

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


def pages(key: int, number: int) -> Conversation[int]:
    """A conversation of so many requests; an error ends it."""
    for _ in range(number):
        yield Request("GET", str(key))
    return key


def hold_all(driver: Driver[int, int], number: int, length: int = 6) -> list[int]:
    """Let so many calendars be read page by page; who ended, in their order."""
    return [one.key for ended in driver.run({key: pages(key, length) for key in range(number)}) for one in ended]


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

    assert ended[-1] == 7
    by_itself = service.batches[service.batches.index([7]) :]
    assert {key for batch in by_itself for key in batch} <= set(range(5, 10))  # who was in its last company


def test_the_others_go_on_and_end_while_a_slow_calendar_has_not_answered(watch):
    service = Service(watch, lambda key: SLOW if key == 7 else QUICK)
    others_are_done, ended = threading.Event(), []
    service.hold = lambda keys: keys == [7] and others_are_done.wait(30)

    for batch in Driver[int, int](service, in_flight=3).run({key: pages(key, 6) for key in range(200)}):
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

    for batch in Driver[int, int](service, in_flight=3, pace=pace).run({key: pages(key, 3) for key in range(200)}):
        ended += [one.key for one in batch]
        if len(ended) == 196:
            others_are_done.set()

    assert others_are_done.is_set()
    assert set(ended[-4:]) == slow


def test_who_was_in_a_slow_batch_waits_for_the_others_where_it_is_known_how_quick_those_are(watch):
    service = Service(watch, lambda key: SLOW if key == 7 else QUICK)
    pace = Pace[int]()
    pace.note([99], QUICK)

    hold_all(Driver(service, pace=pace), 60, 2)

    assert [len(batch) for batch in service.batches] == [20, 20, 20, 20, 20, 5, 5, 5, 5]


def test_what_a_slow_calendar_takes_by_itself_does_not_pass_for_usual():
    pace = Pace[int]()
    pace.suspect([7])
    for _ in range(10):
        pace.note([7], SLOW)

    pace.note(range(20, 40), SLOW)

    assert set(pace.widths) == {7, *range(20, 40)}


def test_who_has_to_wait_for_a_moment_is_not_kept_longer_by_a_slow_one(watch):
    service = Service(watch, lambda key: SLOW if key == 7 else QUICK)
    busy = [Unavailable("Busy.", retry_after=0.05)]
    service.error = lambda keys: busy.pop() if busy and 3 in keys else None
    pace = Pace[int]()
    pace.suspect([7])

    ended = hold_all(Driver(service, pace=pace), 8, 1)

    assert service.batches == [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6], [7]]
    assert ended[-1] == 7


def test_several_slow_calendars_are_each_by_themselves_in_the_end(watch):
    slow = {7, 27, 47, 67}
    service = Service(watch, lambda key: SLOW if key in slow else QUICK)

    hold_all(Driver(service, in_flight=3), 200, 10)

    assert {key: service.with_(key)[-4:] for key in slow} == {key: [1, 1, 1, 1] for key in slow}


def test_a_connection_that_is_out_again_and_again_makes_nobody_a_suspect_that_goes_alone(watch):
    service = Service(watch, lambda key: QUICK)
    service.error = lambda keys: NoAnswer("Hung up.", is_whole=True)
    pace = Pace[int]()

    for _ in range(3):
        hold_all(Driver(service, pace=pace), 40, 1)

    assert set(pace.widths.values()) == {5}


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
            for ended in Driver[int, int](service, in_flight=3, pace=pace).run(
                {key: pages(key, 1) for key in range(200)}
            )
            for one in ended
        ]
        for _ in range(3)
    ]

    failed = [sorted(one.key for one in run if one.error) for run in runs]
    assert [len(keys) for keys in failed] == [20, 5, 1]
    assert failed[2] == [7]
    assert not any(one.error.is_whole for run in runs for one in run if one.error)


def test_who_alone_of_a_batch_was_not_answered_in_time_is_alone_at_once(watch):
    """As where a batch is refused and its requests are sent one by one, until one is late."""
    service = Service(watch, lambda key: 60 if key == 7 else QUICK)

    def send(requests: Sequence[Request]) -> list[Any]:
        answers = service(requests)
        unsent = [Unavailable("Not sent.", code="unsent") for _ in answers]
        if 7 not in answers:
            return answers
        place = answers.index(7)
        return [*answers[:place], NoAnswer("Too late."), *unsent[place + 1 :]]

    pace = Pace[int]()
    failed = []
    for _ in range(2):
        ended = Driver[int, int](send, pace=pace).run({key: pages(key, 1) for key in range(60)})
        failed.append([one.key for batch in ended for one in batch if one.error])

    assert failed == [[*range(7, 20)], [7]]
    assert service.with_(7) == [20, 1]


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


class Queue:
    """The broker's queue before a single worker: what was published first is done first.

    `done` are the calendars that each sync held, by the names of their integrations; `waiting_then` is how many tasks
    waited while it was at work.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tasks: deque[tuple[Task, tuple[Any, ...]]] = deque()
        self.later: list[tuple[Task, tuple[Any, ...], float]] = []
        self.done: list[str] = []
        self.waiting_then: list[int] = []
        self.held: list[list[int]] = []
        queue, real = self, engine.sync

        def apply_async(task: Task, args: Any = (), kwargs: Any = None, countdown: float = 0, **_: Any) -> None:
            if countdown:
                queue.later.append((task, tuple(args), countdown))
            else:
                queue.tasks.append((task, tuple(args)))

        def sync(claim: Claim, **options: Any) -> Any:
            if claim.mappings:
                queue.done.append(claim.mappings[0].integration.name[0] * len(claim.mappings))
                queue.held.append([mapping.pk for mapping in claim.mappings])
                queue.waiting_then.append(len(queue.tasks))
            return real(claim, **options)

        monkeypatch.setattr(Task, "apply_async", apply_async)
        monkeypatch.setattr(tasks, "sync", sync)

    def work(self, most: int = 50) -> None:
        """Do what waits, up to so many tasks, in the order in which it came."""
        for _ in range(most):
            if not self.tasks:
                return
            task, args = self.tasks.popleft()
            task(*args)


@pytest.fixture
def queue(monkeypatch):
    monkeypatch.setattr(tasks, "CHUNK", 3)
    monkeypatch.setattr(tasks, "REALTIME_CHUNK", 3)
    return Queue(monkeypatch)


@pytest.fixture
def crowd(integration, sandbox):
    """Ten people in the integration Northgate, which comes first in every order, and two in Southgate."""
    mappings = crowd_of(12, integration, sandbox)
    south = Integration.objects.get(pk=integration.pk)
    south.pk, south.name, south.tenant_id = None, "Southgate", "planning.example"
    south.save()
    CalendarMapping.objects.filter(pk__in=[mapping.pk for mapping in mappings[10:]]).update(integration=south)
    return [mapping.pk for mapping in mappings]


@pytest.mark.django_db
@pytest.mark.parametrize("task", [tasks.sync_in_bulk, tasks.sync_mappings])
def test_a_large_set_lets_another_integration_s_task_in_after_its_first_part(queue, crowd, task):
    tasks.hand_on(task, crowd[:10], False)
    tasks.hand_on(task, crowd[10:], False)

    queue.work()

    assert queue.done[:3] == ["NNN", "SS", "NNN"]


def test_a_cycle_lets_a_first_sync_in_after_the_first_part_of_each_integration(queue, crowd):
    tasks.cycle()
    tasks.hand_on(tasks.sync_in_bulk, crowd[10:], False)

    queue.work(most=3)

    assert queue.done[:2] == ["NNN", "SS"]


def test_what_is_left_of_a_large_set_waits_for_an_idle_worker_while_its_first_part_is_synced(queue, crowd):
    tasks.hand_on(tasks.sync_in_bulk, crowd[:10], False)

    queue.work(most=4)

    assert queue.done == ["NNN", "NNN", "NNN", "N"]
    assert queue.waiting_then == [1, 1, 1, 0]


def test_a_cycle_syncs_every_calendar_once(queue, crowd):
    tasks.cycle()

    queue.work()

    assert sorted(pk for held in queue.held for pk in held) == crowd
    assert CalendarMapping.objects.filter(synced_at=None).count() == 0


def test_an_integration_that_fails_has_its_turn_after_the_others(queue, crowd, integration):
    Integration.objects.filter(pk=integration.pk).update(failing_since=now())

    tasks.hand_on(tasks.sync_in_bulk, [crowd[0], crowd[11]], False)
    tasks.cycle()
    queue.work(most=3)

    assert queue.done == ["S", "S", "NNN"]


def test_where_time_is_short_nobody_is_left_out_for_ever(queue, crowd):
    for _ in range(4):
        tasks.sync_due(CalendarMapping.objects.get(pk=crowd[0]).integration_id, now().isoformat())
        queue.tasks.clear()  # they expired: the worker was busy elsewhere

    assert CalendarMapping.objects.filter(integration__name="Northgate", synced_at=None).count() == 0


def test_calendars_that_rest_take_no_place_of_those_that_are_due(queue, crowd):
    CalendarMapping.objects.filter(pk__in=crowd[:8]).update(retry_at=now() + timedelta(hours=1))

    tasks.cycle()
    queue.work()

    assert queue.done == ["NN", "SS"]


def test_a_connection_that_is_out_is_tried_once_in_a_cycle_whatever_the_number_of_calendars(queue, crowd, sandbox):
    sandbox.fault({"path": "/.batch"}, drop="before")

    tasks.cycle()
    queue.work()

    assert queue.done == ["NNN", "SS"]
    assert {seconds >= 5 for _, _, seconds in queue.later} == {True}


def test_a_throttled_integration_is_left_alone_for_as_long_as_it_says_by_all_of_its_calendars(queue, crowd, sandbox):
    sandbox.fault({"path": "/.batch"}, times=1, status=429, code="ApplicationThrottled", retry_after=200)

    tasks.cycle()
    queue.work()

    assert queue.done == ["NNN", "SS"]
    assert CalendarMapping.objects.exclude(synced_at=None).count() == 2
    assert {seconds for _, _, seconds in queue.later} == {200}


def let_time_pass(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let so many seconds pass between two looks at the clock that a turn is measured by."""
    looks = count()
    monkeypatch.setattr(state, "time", SimpleNamespace(monotonic=lambda: next(looks) * seconds))


def test_a_calendar_whose_writes_fail_slowly_rests_instead_of_going_on_at_once(queue, crowd, sandbox, monkeypatch):
    let_time_pass(monkeypatch, state.TURN / 4 + 1)
    plan_event("First aid", CalendarMapping.objects.get(pk=crowd[0]), sessions=5)
    queue.tasks.clear()
    sandbox.fault({"mailbox": address("person0"), "method": "POST"}, status=500, code="Failed")

    tasks.hand_on(tasks.sync_in_bulk, crowd[:1], False)
    queue.work()

    assert queue.done == ["N"]
    assert (CalendarMapping.objects.get(pk=crowd[0]).retry_at or now()) > now()


def test_a_huge_calendar_lets_others_in_at_every_turn_and_comes_to_its_end(queue, crowd, sandbox, monkeypatch):
    let_time_pass(monkeypatch, state.TURN / 2 + 1)
    for place in range(25):
        sandbox.add("person0", f"Item {place}", tomorrow(8 + place % 10, days=1 + place // 10))
    monkeypatch.setattr(provider, "PREFER_PAGES", {"Prefer": provider.PREFER_PAGES["Prefer"].replace("200", "10")})
    tasks.hand_on(tasks.sync_in_bulk, crowd[:1], False)
    tasks.hand_on(tasks.sync_in_bulk, crowd[10:], False)

    queue.work()

    assert queue.done[:3] == ["N", "SS", "N"]
    assert ExternalEvent.objects.count() == 25


def test_what_was_not_answered_for_a_minute_rests_for_nine(integration):
    error = NoAnswer("Too late.")
    error.seconds = 60.0

    assert pause_of(None, error) == 540
    assert pause_of(None, NoAnswer("Hung up.")) == 5
