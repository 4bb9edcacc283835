"""The directory's memory: what changed when, for delta queries, and for readers that lag behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import uuid4

from sandbox.items import Json
from sandbox.mailbox import Person


class Change(NamedTuple):
    """A user became what `after` says; None when they went, for the `reason` that a delta names."""

    sequence: int
    when: float
    id: str
    after: Json | None
    reason: str = ""


class Directory:
    """Every change of every user, in order."""

    def __init__(self) -> None:
        self.restart(())

    def restart(self, people: Iterable[Person]) -> None:
        """Begin again with these people: what was handed out before is not known any more."""
        self.epoch = uuid4().hex
        self.log: list[Change] = []
        self.of: dict[str, list[Change]] = {}
        for person in people:
            self.note(person, 0.0)

    def note(self, person: Person, when: float, *, gone: str = "") -> None:
        """Write down what a person has become, unless that is known."""
        history = self.of.setdefault(person.id, [])
        after = None if gone else person.as_user()
        if (history[-1].after if history else None) == after:
            return
        change = Change(len(self.log) + 1, when, person.id, after, gone)
        self.log.append(change)
        history.append(change)

    def sequence_at(self, when: float) -> int:
        """The number of the last change up to a moment."""
        found = len(self.log)
        while found and self.log[found - 1].when > when:
            found -= 1
        return found

    def state(self, user_id: str, sequence: int) -> Json | None:
        """What a user was after so many changes of the directory; None when there was no such user."""
        history = self.of.get(user_id, ())
        return next((change.after for change in reversed(history) if change.sequence <= sequence), None)

    def users(self, sequence: int) -> list[Json]:
        """Everybody who was there after so many changes, in the order in which they came."""
        states = (self.state(user_id, sequence) for user_id in self.of)
        return [state for state in states if state is not None]

    def changed(self, since: int, until: int) -> list[Change]:
        """The last change of each user between two numbers, in their order."""
        last = {change.id: change for change in self.log[since:until]}
        return sorted(last.values(), key=lambda change: change.sequence)
