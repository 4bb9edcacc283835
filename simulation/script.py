"""What happens in one simulation: a list of steps and the weather, both drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from simulation.world import World

T = TypeVar("T")
Do = Callable[["World", "Dice"], str]
MEANWHILE = 0.2  # of the steps happen while a request is on its way


class Dice(random.Random):
    """The choices of one step: they depend on its own seed alone, so that a step means the same without the others."""

    def one(self, things: Sequence[T]) -> T:
        """Any of `things`, of which there is at least one."""
        return things[self.randrange(len(things))]

    def some(self, things: Sequence[T], most: int = 3) -> list[T]:
        """Between one and `most` of `things`, in their order."""
        count = min(self.randint(1, most), len(things))
        return [things[place] for place in sorted(self.sample(range(len(things)), count))]

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def uid(self) -> UUID:
        return UUID(int=self.getrandbits(128), version=4)


@dataclass(frozen=True)
class Kind:
    """A kind of step. `weight` says how often it is drawn; `is_small`: it may happen while a request is on its way."""

    name: str
    do: Do
    weight: int
    is_small: bool


KINDS: dict[str, Kind] = {}


def step(name: str, weight: int, *, is_small: bool = True) -> Callable[[Do], Do]:
    """Let a function be a kind of step; it returns what it has done, or "" where there was nothing to do it to."""

    def register(do: Do) -> Do:
        KINDS[name] = Kind(name, do, weight, is_small)
        return do

    return register


@dataclass(frozen=True)
class Step:
    """One step. `during`: it happens while so many further requests have been sent; 0: at once."""

    kind: str
    seed: int
    during: int = 0

    def __str__(self) -> str:
        return f"{self.kind} #{self.seed}" + (f" during request {self.during}" if self.during else "")


@dataclass(frozen=True)
class Script:
    """A whole simulation. `weather` are the kinds of faults that may strike by themselves, and how often."""

    seed: int
    steps: tuple[Step, ...]
    weather: tuple[tuple[str, float], ...] = ()

    def without(self, first: int, count: int) -> Script:
        return replace(self, steps=self.steps[:first] + self.steps[first + count :])

    def without_weather(self, name: str) -> Script:
        return replace(self, weather=tuple(one for one in self.weather if one[0] != name))

    def __str__(self) -> str:
        weather = [f"    weather: {name} {probability}" for name, probability in self.weather]
        return "\n".join([*weather, *(f"    {number:3} {one}" for number, one in enumerate(self.steps))])


def write(seed: int, length: int, faults: Sequence[str]) -> Script:
    """The script of a seed. First it is drawn which kinds of faults there are at all, then how often each strikes.

    Were all of them always possible, each would be met among all the others, and rare combinations of few never.
    """
    chance = random.Random(seed)
    weather = [(name, chance.choice([0.01, 0.03, 0.1, 0.3])) for name in faults if chance.random() < 0.13]
    kinds = sorted(KINDS)
    weights = [KINDS[name].weight * chance.choice([0, 1, 1, 1, 3]) or 0.2 for name in kinds]
    names = chance.choices(kinds, weights, k=length)
    return Script(seed, tuple(draw(chance, name) for name in names), tuple(weather))


def draw(chance: random.Random, name: str) -> Step:
    is_during = chance.random() < MEANWHILE and KINDS[name].is_small
    return Step(name, chance.getrandbits(32), chance.randint(1, 12) if is_during else 0)
