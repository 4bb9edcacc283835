"""The sandbox's own time: as it passes, moved to another moment, or standing still."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

LONGEST_ADVANCE = timedelta(days=3650)
Work = Callable[[], None]


class Clock:
    """Tells the time, waits, and does later what is asked for later. Everything here asks it alone."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.stands_at: datetime | None = None
        self.on_change: list[Work] = []
        self._due: list[tuple[datetime, int, Work]] = []
        self._number = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_frozen(self) -> bool:
        return self.stands_at is not None

    def now(self) -> datetime:
        return self.stands_at or datetime.now(UTC) + self.offset

    def advance(self, seconds: float) -> None:
        """Put the clock forward; what falls due on the way is done at its own moment."""
        if not 0 <= seconds <= LONGEST_ADVANCE.total_seconds():
            raise ValueError("The clock advances by at most ten years.")
        self.set(self.now() + timedelta(seconds=seconds))

    def set(self, moment: datetime) -> None:
        """Put the clock to a moment, also back."""
        if abs(moment - datetime.now(UTC)) > LONGEST_ADVANCE:
            raise ValueError("The clock goes at most ten years away from the real time.")
        while self._due and self._due[0][0] <= moment:
            due, _, work = heapq.heappop(self._due)
            self._move(max(due, self.now()))
            work()
        self._move(moment)
        self._changed()

    def freeze(self, frozen: bool) -> None:
        """Let time stand still, or go on from where it stood."""
        now = self.now()
        self.stands_at = now if frozen else None
        self._move(now)
        self._changed()

    def restore(self) -> None:
        """Back to the real time; what was still to be done is forgotten."""
        self._due.clear()
        self.offset, self.stands_at = timedelta(), None
        self._changed()

    async def sleep(self, seconds: float) -> None:
        """Wait, unless time stands still: then only the others get their turn."""
        await asyncio.sleep(0 if self.is_frozen else seconds)

    def later(self, seconds: float, work: Work) -> None:
        """Do `work` once so many seconds have passed on this clock."""
        heapq.heappush(self._due, (self.now() + timedelta(seconds=seconds), next(self._number), work))
        self._wait_for_the_next()

    def _move(self, moment: datetime) -> None:
        self.offset = moment - datetime.now(UTC)
        if self.is_frozen:
            self.stands_at = moment

    def _changed(self) -> None:
        for work in self.on_change:
            work()
        self._wait_for_the_next()

    def _wait_for_the_next(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due and not self.is_frozen:
            seconds = (self._due[0][0] - self.now()).total_seconds()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._do_what_is_due)

    def _do_what_is_due(self) -> None:
        while self._due and not self.is_frozen and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()
        self._wait_for_the_next()
