"""One calendar of a mailbox: what it is called, and which of its items changed in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.items import Json

DEFAULT_NAME = "Calendar"
PROVIDERS = ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness")


@dataclass(slots=True)
class Calendar:
    """A calendar and its change log.

    `log` says for each item, by its number, also for one that was deleted or moved away, at which sequence number and
    when it changed last; it is kept in the order of the changes, so that a delta reads only its tail.
    `generations` counts for each application the links that finished rounds gave it.
    """

    serial: int
    name: str
    color: str = "auto"
    providers: list[str] = field(default_factory=lambda: ["teamsForBusiness"])
    version: int = 1
    log: dict[int, tuple[int, float]] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def is_default(self) -> bool:
        return self.serial == 0

    def note(self, number: int, sequence: int, now: datetime) -> None:
        """Write a change into the log."""
        self.log.pop(number, None)
        self.log[number] = (sequence, now.timestamp())

    def changed_after(self, sequence: int, until: int) -> list[tuple[int, int]]:
        """(sequence, number) of what changed after one sequence number and up to another, oldest first."""
        found = []
        for number in reversed(self.log):
            at = self.log[number][0]
            if at <= sequence:
                break
            if at <= until:
                found.append((at, number))
        return found[::-1]

    def late_ones(self, limit: float) -> Iterator[int]:
        """Yield the sequence numbers of what changed after the timestamp `limit`."""
        return (at for at, when in self.log.values() if when > limit)

    def forget_links(self) -> None:
        """No link that was ever given out is known any more."""
        for client in self.generations:
            self.generations[client] += 100

    def as_json(self) -> Json:
        """What the state file keeps."""
        names = ("serial", "name", "color", "providers", "version")
        log = [[number, *change] for number, change in self.log.items()]
        return {name: getattr(self, name) for name in names} | {"log": log, "generations": dict(self.generations)}

    @classmethod
    def from_json(cls, entry: Json) -> Calendar:
        """A calendar of the state file."""
        log = {number: (sequence, when) for number, sequence, when in entry["log"]}
        return cls(**entry | {"log": log, "generations": defaultdict(int, entry["generations"])})
