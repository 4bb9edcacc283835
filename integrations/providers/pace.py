"""Which calendars are slow, so that no other has to wait for them.

A batch is answered when its slowest part is. Who was in a batch that took far longer than others, or that was never
answered, is suspected and goes in ever smaller batches after everybody else, until the slow one is by itself.
"""

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

K = TypeVar("K")

SLOW = 5.0  # seconds; what is answered sooner is slow for nobody
TIMES = 4.0  # and a batch that holds a slow one takes so many times as long as others
REMEMBERED = 8  # batches that say how long it usually takes
PARTS = 4  # into which a suspected batch is split: of 20, two steps lead to the slow one


class Pace(Generic[K]):
    """How quickly a service answers, and whom to suspect; it is kept for longer than one run of a driver."""

    def __init__(self) -> None:
        self.widths: dict[K, int] = {}  # of the batches that suspects may go in
        self.recent: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def usual(self) -> float:
        """The seconds that a batch without a slow one takes, as far as is known."""
        return sorted(self.recent)[len(self.recent) // PARTS] if self.recent else 0.0

    def asks_for(self, key: K) -> bool:
        """Whether only a batch of suspects can tell slow ones from a slow service: all that went lately was slow."""
        return self.usual >= SLOW and self.widths.get(key, 1) > 1

    def note(self, keys: Sequence[K], seconds: float, late: Sequence[K] = ()) -> None:
        """Learn from a batch that was answered after so many seconds, save for those who are `late`.

        Where most batches are slow, so is the service, and nobody is suspected for that.
        """
        usual = self.usual
        if seconds < SLOW or keys[0] not in self.widths:  # what suspects take is not usual
            self.recent.append(seconds)
        if seconds < SLOW:
            self.clear(keys)
        elif late:
            self.suspect(late)
        elif seconds > TIMES * usual:
            self.suspect(keys)

    def suspect(self, keys: Sequence[K], *, once: bool = False) -> None:
        """One of these is slow; `once`: perhaps none is, so that who is suspected already is no more so for it."""
        for key in keys:
            if not (once and key in self.widths):
                self.widths[key] = max(1, len(keys) // PARTS)

    def clear(self, keys: Sequence[K]) -> None:
        """None of these is slow."""
        if self.widths:  # as it nearly never is
            for key in keys:
                self.widths.pop(key, None)
