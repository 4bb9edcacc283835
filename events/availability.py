"""Who is free, and what is in whose way: decisions over what events/board.py has loaded.

Moments are aware, in UTC; intervals are half-open. Nothing here knows the database, the clock or a page.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time
from enum import IntEnum, StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo


class Weight(IntEnum):
    """What an item means for somebody who is to teach at that time."""

    NOTHING = 0
    WARNS = 1
    BLOCKS = 2


WEIGHTS = {"free": Weight.NOTHING, "workingElsewhere": Weight.NOTHING, "tentative": Weight.WARNS}


def weight_of(show_as: str) -> Weight:
    """The weight of an external event; a status that is not understood blocks, because unknown is not free."""
    return WEIGHTS.get(show_as, Weight.BLOCKS)


class Verdict(StrEnum):
    """Whether somebody can teach in a span."""

    FREE = "free"
    TENTATIVE = "tentative"
    BUSY = "busy"
    UNKNOWN = "unknown"


class Span(NamedTuple):
    start: datetime
    end: datetime

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


class Teaching(NamedTuple):
    """A session as one instructor has it."""

    instructor: int
    session: int
    uid: UUID
    event: int
    title: str
    short_name: str
    place: str
    status: str
    start: datetime
    end: datetime

    @property
    def weight(self) -> Weight:
        return Weight.BLOCKS

    @property
    def key(self) -> str:
        """A name of this item that no other item of the same instructor has."""
        return f"s{self.session}"


class Theirs(NamedTuple):
    """An external event of an instructor: of an all-day one `start` and `end` are midnights where the instructor is."""

    instructor: int
    pk: int
    start: datetime
    end: datetime
    show_as: str
    title: str
    is_all_day: bool
    is_private: bool
    found_at: datetime
    first: date | None = None  # of an all-day item: its dates, both inclusive
    last: date | None = None

    @property
    def weight(self) -> Weight:
        return weight_of(self.show_as)

    @property
    def key(self) -> str:
        """A name of this item that no other item of the same instructor has."""
        return f"x{self.pk}"


Item = Teaching | Theirs


class Clash(NamedTuple):
    """Two items that overlap, a session first; it is a conflict when both block, else a warning."""

    session: Teaching
    other: Item

    @property
    def weight(self) -> Weight:
        return self.other.weight

    @property
    def is_conflict(self) -> bool:
        return self.weight == Weight.BLOCKS

    @property
    def overlap(self) -> Span:
        return Span(max(self.session.start, self.other.start), min(self.session.end, self.other.end))


def clashes(items: Iterable[Item]) -> Iterator[Clash]:
    """Yield every overlap of a session of one instructor with something else that has weight, in order of time."""
    running: list[Item] = []
    for item in sorted((one for one in items if one.weight), key=lambda one: one.start):
        running = [one for one in running if one.end > item.start]
        for one in running:
            if isinstance(item, Teaching):
                yield Clash(item, one)
            elif isinstance(one, Teaching):
                yield Clash(one, item)
        running.append(item)


def verdict(span: Span, items: Iterable[Item], unknown: Iterable[Span]) -> Verdict:
    """Whether the instructor who has `items`, and of whom nothing is known in `unknown`, can teach in `span`.

    What is known to block says more than what is not known.
    """
    weight = max((item.weight for item in items if span.overlaps(item.start, item.end)), default=Weight.NOTHING)
    if weight == Weight.BLOCKS:
        return Verdict.BUSY
    if any(span.overlaps(*gap) for gap in unknown):
        return Verdict.UNKNOWN
    return Verdict.TENTATIVE if weight else Verdict.FREE


def local_midnight(utc_midnight: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the date of `utc_midnight` begins in `zone`."""
    return datetime.combine(utc_midnight.date(), time(), zone).astimezone(UTC)


def by_instructor(items: Iterable[Item], instructors: Collection[int]) -> dict[int, list[Item]]:
    """The items of each of `instructors`, empty lists included."""
    found: dict[int, list[Item]] = defaultdict(list, {pk: [] for pk in instructors})
    for item in items:
        found[item.instructor].append(item)
    return dict(found)
