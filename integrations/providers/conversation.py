"""The driver: runs many conversations at once over one `send_many`.

A conversation is a generator that yields a Request and is sent the body of its answer, or has its ProviderError
thrown in. The driver packs the pending requests of many conversations into batches and sends several batches at a
time over threads; the conversations themselves run in the calling thread, so they may use the database.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

from integrations.providers.errors import NeedsAdmin, NoAnswer, ProviderError, Unavailable
from integrations.providers.pace import Pace

K = TypeVar("K")
T = TypeVar("T")

LONGEST_WAIT = 5.0  # seconds; a longer Retry-After ends the conversation with Unavailable
SHORT_WAITS = 3  # how often one request is sent again after a short Retry-After


@dataclass(frozen=True)
class Request:
    """One HTTP request, without what the client adds (token, request id). `path` is below the service's root."""

    method: str
    path: str
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Conversation = Generator[Request, Any, T]
Answer = Any  # the parsed body, or a ProviderError
Send = Callable[[Sequence[Request]], Sequence[Answer]]
Gate = Callable[[], AbstractContextManager[Any]]


@dataclass
class Turn(Generic[K, T]):
    """A conversation that waits for its one pending request."""

    key: K
    conversation: Conversation[T]
    request: Request
    waits: int = 0


@dataclass(frozen=True)
class Ended(Generic[K, T]):
    """A conversation that is over: what it returned, or the error that it let out."""

    key: K
    result: T | None = None
    error: ProviderError | None = None


class Driver(Generic[K, T]):
    """Runs conversations; `width` requests go into a batch, `in_flight` batches are on their way at a time.

    `gate` is held around every batch. `pace` says who is slow, and learns from every batch. Iterating over `run`
    yields the ended conversations, those of one answer together.
    """

    def __init__(
        self,
        send: Send,
        *,
        width: int = 20,
        in_flight: int = 1,
        gate: Gate = nullcontext,
        pace: Pace[K] | None = None,
    ) -> None:
        self.send, self.width, self.in_flight, self.gate = send, width, in_flight, gate
        self.pace: Pace[K] = pace or Pace()
        self.ready: deque[Turn[K, T]] = deque()
        self.apart: deque[Turn[K, T]] = deque()  # ready as well, but suspected: they go after the others
        self.delayed: list[tuple[float, int, Turn[K, T]]] = []
        self.flying: dict[Future[tuple[Sequence[Answer], float]], tuple[list[Turn[K, T]], ExitStack]] = {}
        self.held_until = 0.0
        self.is_answered = False  # at least once in this run
        self.lost: set[K] = set()  # who was in a batch that was not
        self.refused: ProviderError | None = None  # of the whole connection: nothing more is sent
        self.ended: list[Ended[K, T]] = []
        self._order = count()

    def run(self, conversations: Mapping[K, Conversation[T]]) -> Iterator[list[Ended[K, T]]]:
        """Run all of `conversations` to their ends."""
        waiting = iter(conversations.items())
        with ThreadPoolExecutor(self.in_flight, thread_name_prefix="batch") as pool:
            try:
                while True:
                    while self._fill(waiting) and self._submit(pool):
                        pass
                    if self.ended:
                        yield self._take_ended()
                    elif self.ready or self.apart or self.delayed or self.flying:
                        self._receive()
                    else:
                        return
            finally:
                for _, gate in self.flying.values():
                    gate.close()

    def _fill(self, waiting: Iterator[tuple[K, Conversation[T]]]) -> bool:
        """Start conversations until a batch is full; True when a request is ready."""
        while self.delayed and self.delayed[0][0] <= time.monotonic():
            self._queue(heapq.heappop(self.delayed)[2])
        self._refuse()
        while len(self.ready) < self.width and len(self.flying) < self.in_flight:
            started = next(waiting, None)
            if started is None:
                break
            self._go_on(*started, None)
            self._refuse()
        return bool(self.ready or self.apart)

    def _queue(self, turn: Turn[K, T]) -> None:
        (self.apart if turn.key in self.pace.widths else self.ready).append(turn)

    def _refuse(self) -> None:
        """Where the whole connection is refused, answer every pending request with that, unsent."""
        while self.refused and (self.ready or self.apart):
            turn = (self.ready or self.apart).popleft()
            self._go_on(turn.key, turn.conversation, self.refused)

    def _submit(self, pool: ThreadPoolExecutor) -> bool:
        """Send one batch, where one may be sent now."""
        if not self._is_free() or time.monotonic() < self.held_until:
            return False
        turns = self._next_apart() if self._is_to_be_told_apart() else self._next()
        gate = ExitStack()
        gate.enter_context(self.gate())
        self.flying[pool.submit(self._timed, [turn.request for turn in turns])] = turns, gate
        return True

    def _timed(self, requests: Sequence[Request]) -> tuple[Sequence[Answer], float]:
        begun = time.monotonic()
        return self.send(requests), time.monotonic() - begun

    def _is_free(self) -> bool:
        """Whether there is room for a batch of those that are ready.

        Suspects leave a way free for who waits for a moment only. Whose requests are on their way has one already.
        """
        is_kept = bool(self.delayed) and not self.ready
        return bool(self.ready or self.apart) and len(self.flying) + is_kept < self.in_flight

    def _is_to_be_told_apart(self) -> bool:
        """Whether suspects are next: after the others, and before where nothing else can tell who is slow."""
        return not self.ready or (bool(self.apart) and self.pace.asks_for(self.apart[0].key))

    def _next(self) -> list[Turn[K, T]]:
        return [self.ready.popleft() for _ in range(min(self.width, len(self.ready)))]

    def _next_apart(self) -> list[Turn[K, T]]:
        """The first suspects that may go together."""
        widths = self.pace.widths
        width = widths.get(self.apart[0].key, self.width)
        turns = [turn for turn in self.apart if widths.get(turn.key, self.width) == width][:width]
        for turn in turns:
            self.apart.remove(turn)
        return turns

    def _receive(self) -> None:
        """Wait for an answer, or for the moment when something may be sent, and hand answers on."""
        pause = self._pause()
        if not self.flying:
            time.sleep(pause)
            return
        done, _ = wait(self.flying, timeout=pause, return_when=FIRST_COMPLETED)
        for future in done:
            turns, gate = self.flying.pop(future)
            gate.close()
            answers, seconds = future.result()
            self._learn([turn.key for turn in turns], answers, seconds)
            for turn, answer in zip(turns, answers, strict=True):
                self._answer(turn, answer)

    def _learn(self, keys: Sequence[K], answers: Sequence[Answer], seconds: float) -> None:
        """What a batch says of those that were in it, and of the connection.

        One that is lost while others are answered has met a calendar that ends it. Two that are lost before any is
        answered mean that the connection is out, and nothing more is sent.
        """
        lost = lost_by(answers)
        if lost is None:
            self.is_answered = True
            late = [key for key, answer in zip(keys, answers, strict=True) if isinstance(answer, NoAnswer)]
            self.pace.note(keys, seconds, late)
        else:
            self.pace.suspect(keys, once=not self.is_answered)
            self._lose(keys, lost, seconds)
        for error in answers:
            if isinstance(error, ProviderError):
                error.is_whole &= lost is None or not self.is_answered
                error.seconds = seconds / (1 if error.is_whole else len(keys))

    def _lose(self, keys: Sequence[K], error: Unavailable, seconds: float) -> None:
        if not self.is_answered and self.lost and self.lost.isdisjoint(keys):
            self.refused = Unavailable(str(error), code=error.code, request_id=error.request_id, is_whole=True)
            self.refused.seconds = seconds
        self.lost.update(keys)

    def _pause(self) -> float:
        moments = [self.delayed[0][0]] if self.delayed else []
        if self._is_free():
            moments.append(self.held_until)
        return max(0.0, min(moments, default=time.monotonic() + LONGEST_WAIT) - time.monotonic())

    def _answer(self, turn: Turn[K, T], answer: Answer) -> None:
        if isinstance(answer, Unavailable) and self._is_soon(answer) and turn.waits < SHORT_WAITS:
            turn.waits += 1
            again_at = time.monotonic() + (answer.retry_after or 0.0)
            if answer.is_whole:
                self.held_until = max(self.held_until, again_at)
            heapq.heappush(self.delayed, (again_at, next(self._order), turn))
        else:
            if ends_all(answer):
                self.refused = answer
            self._go_on(turn.key, turn.conversation, answer)
            self._refuse()

    @staticmethod
    def _is_soon(error: Unavailable) -> bool:
        return error.retry_after is not None and error.retry_after <= LONGEST_WAIT

    def _go_on(self, key: K, conversation: Conversation[T], answer: Answer) -> None:
        """Resume `conversation` with `answer`; its next request becomes ready, or it has ended."""
        try:
            request = conversation.throw(answer) if isinstance(answer, ProviderError) else conversation.send(answer)
        except StopIteration as stop:
            self.ended.append(Ended(key, result=stop.value))
        except ProviderError as error:
            self.ended.append(Ended(key, error=error))
        else:
            self._queue(Turn(key, conversation, request))

    def _take_ended(self) -> list[Ended[K, T]]:
        ended, self.ended = self.ended, []
        return ended


def ends_all(answer: Answer) -> bool:
    """Whether an answer says that nothing of this connection is to be sent now: refused, or a named time to wait."""
    is_named = isinstance(answer, Unavailable) and answer.retry_after is not None
    return isinstance(answer, ProviderError) and answer.is_whole and (is_named or isinstance(answer, NeedsAdmin))


def lost_by(answers: Sequence[Answer]) -> Unavailable | None:
    """What all of a batch has met in place of answers, where that names no time to wait."""
    first = next(iter(answers), None)
    return first if isinstance(first, Unavailable) and all(is_lost(answer) for answer in answers) else None


def is_lost(answer: Answer) -> bool:
    if not isinstance(answer, Unavailable) or answer.retry_after is not None:
        return False
    return answer.is_whole or isinstance(answer, NoAnswer)


def converse(conversation: Conversation[T], send: Send) -> T:
    """Run one conversation to its end and return what it returns; raises its ProviderError."""
    for ended in Driver[int, T](send).run({0: conversation}):
        if ended[0].error is not None:
            raise ended[0].error
        return ended[0].result  # type: ignore[return-value]
    raise AssertionError("a conversation that was started has an end")
