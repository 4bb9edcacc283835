"""How instructors stand to the sessions of a plan: a verdict for each session, and what is in the way."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from events import board
from events.availability import Item, Span, Verdict, Weight, verdict
from events.planning.forms import PlannedSession, Planning
from instructors.models import Instructor

ORDER = [Verdict.FREE, Verdict.TENTATIVE, Verdict.BUSY, Verdict.UNKNOWN]


class Obstacle(NamedTuple):
    """Something that overlaps a session: an item, or another session of the same plan."""

    session: PlannedSession
    other: Item | PlannedSession

    @property
    def weight(self) -> Weight:
        return Weight.BLOCKS if isinstance(self.other, PlannedSession) else self.other.weight

    def digest(self, instructor: int) -> str:
        """A short name of this conflict; it changes when either side moves."""
        other = self.other
        seen = (instructor, self.session.starts_at, self.session.ends_at, other.key, other.start, other.end)
        return sha256("|".join(map(str, seen)).encode()).hexdigest()[:16]


class Cell(NamedTuple):
    """One session of an instructor."""

    session: PlannedSession
    verdict: Verdict


@dataclass
class Standing:
    """One instructor beside the sessions that they teach, or would teach."""

    row: board.Row
    sessions: Sequence[PlannedSession]

    @property
    def instructor(self) -> Instructor:
        return self.row.instructor

    @cached_property
    def meetings(self) -> list[tuple[PlannedSession, list[Item]]]:
        return list(meetings(self.sessions, self.row.items))

    @cached_property
    def obstacles(self) -> list[Obstacle]:
        """What overlaps the sessions and has weight, in order of time."""
        outside = [Obstacle(session, item) for session, items in self.meetings for item in items]
        inside = [Obstacle(later, one) for one, later in overlaps(self.sessions)]
        return sorted(outside + inside, key=lambda one: (one.session.starts_at, one.session.row))

    @property
    def conflicts(self) -> list[Obstacle]:
        return [one for one in self.obstacles if one.weight == Weight.BLOCKS]

    @cached_property
    def cells(self) -> list[Cell]:
        """The verdict on each session."""
        doubled = {one.row for pair in overlaps(self.sessions) for one in pair}
        return [
            Cell(session, Verdict.BUSY if session.row in doubled else self.judged(session, items))
            for session, items in self.meetings
        ]

    def judged(self, session: PlannedSession, items: Iterable[Item]) -> Verdict:
        return verdict(Span(session.starts_at, session.ends_at), items, self.row.unknown)

    @cached_property
    def verdict(self) -> Verdict:
        """The worst of the cells; what is known to block says more than what is not known."""
        found = {cell.verdict for cell in self.cells}
        ranked = (Verdict.BUSY, Verdict.UNKNOWN, Verdict.TENTATIVE)
        return next((one for one in ranked if one in found), Verdict.FREE)


def meetings(sessions: Sequence[PlannedSession], items: Iterable[Item]) -> Iterator[tuple[PlannedSession, list[Item]]]:
    """Yield each session, in order of time, with what has weight and overlaps it."""
    coming = sorted((one for one in items if one.weight), key=lambda one: one.start, reverse=True)
    running: list[Item] = []
    for session in sorted(sessions, key=lambda one: one.starts_at):
        span = Span(session.starts_at, session.ends_at)
        while coming and coming[-1].start < span.end:
            running.append(coming.pop())
        running = [one for one in running if one.end > span.start]
        yield session, [one for one in running if span.overlaps(one.start, one.end)]


def overlaps(sessions: Sequence[PlannedSession]) -> Iterator[tuple[PlannedSession, PlannedSession]]:
    """Yield each two sessions of one plan that overlap, the earlier one first."""
    running: list[PlannedSession] = []
    for session in sorted(sessions, key=lambda one: (one.starts_at, one.row)):
        running = [one for one in running if one.ends_at > session.starts_at]
        yield from ((one, session) for one in running)
        running.append(session)


def standings(planning: Planning, instructors: Sequence[Instructor], *, chosen: bool) -> list[Standing]:
    """How each of `instructors` stands: to what they teach if they are chosen, else to all sessions of the event."""
    sessions = planning.sessions
    if not sessions or not instructors:
        return [Standing(board.Row(one, ()), []) for one in instructors]
    start, end = sessions[0].starts_at, max(one.ends_at for one in sessions)
    event = planning.event.pk if planning.event else None
    rows = board.load(instructors, start, end, without_event=event)
    return [Standing(row, taught_by(row.instructor.pk, sessions) if chosen else open_to_all(sessions)) for row in rows]


def taught_by(instructor: int, sessions: Iterable[PlannedSession]) -> list[PlannedSession]:
    return [one for one in sessions if instructor in one.teachers]


def open_to_all(sessions: Sequence[PlannedSession]) -> list[PlannedSession]:
    """The sessions that an instructor of the event teaches: those without instructors of their own."""
    return [one for one in sessions if not one.typed.instructors] or list(sessions)


def chosen(planning: Planning) -> list[Standing]:
    """How everybody who is chosen stands, by name."""
    return standings(planning, planning.people.of(planning.typed.everybody), chosen=True)
