"""Conflicts that are asked about once before an event is saved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from events.models import Event
from events.planning.forms import PlannedSession, Planning
from events.planning.standing import Obstacle, Standing, chosen
from events.planning.typed import Typed
from events.planning.words import Words
from instructors.models import Instructor

MOST_SHOWN = 10
MOST_ANSWERS = 200_000  # characters of the hidden field
Pair = tuple[int, str, tuple[str, str, str, str]]


class Question(NamedTuple):
    """One conflict in words."""

    instructor: Instructor
    session: str
    obstacle: str
    digest: str


@dataclass(frozen=True)
class Asked:
    """What a save with conflicts answers: the conflicts, and what must be sent back to save all the same."""

    questions: Sequence[Question]

    @property
    def shown(self) -> Sequence[Question]:
        return self.questions[:MOST_SHOWN]

    @property
    def more(self) -> int:
        return len(self.questions) - len(self.shown)

    @property
    def answer(self) -> str:
        return ",".join(sorted({one.digest for one in self.questions}))


def conflicts(planning: Planning, saved: Typed | None, answer: str) -> Asked | None:
    """The conflicts that saving brings about, unless `answer` names all of them; None when nothing is to be asked.

    What is saved like this already is not asked about again.
    """
    if planning.status == Event.Status.CANCELLED:
        return None
    known = pairs_of(saved) if saved and is_as_saved(planning.typed, saved) else frozenset()
    words = Words(planning.zone, planning.sessions)
    asked = Asked([one for standing in chosen(planning) for one in questions(standing, known, words)])
    answered = set(answer[:MOST_ANSWERS].split(","))
    return asked if {one.digest for one in asked.questions} - answered else None


def questions(standing: Standing, known: Collection[Pair], words: Words) -> list[Question]:
    pk = standing.instructor.pk
    return [
        Question(standing.instructor, words.session(one.session), words.obstacle(one), one.digest(pk))
        for one in standing.conflicts
        if not is_known(one, pk, known)
    ]


def is_known(obstacle: Obstacle, instructor: int, known: Collection[Pair]) -> bool:
    sides = [one for one in (obstacle.session, obstacle.other) if isinstance(one, PlannedSession)]
    return all((instructor, one.typed.uid, one.typed.times) in known for one in sides)


def is_as_saved(typed: Typed, saved: Typed) -> bool:
    """Whether its sessions are at the same moments and as certain as before."""
    return (typed.time_zone, typed.status) == (saved.time_zone, saved.status)


def pairs_of(saved: Typed) -> frozenset[Pair]:
    """Who teaches what, and when, as it is saved."""
    return frozenset(
        (pk, one.uid, one.times) for one in saved.sessions for pk in (one.instructors or saved.instructors)
    )
