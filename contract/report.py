"""Steps that went as a client expects, and those that differ."""

from __future__ import annotations

from types import TracebackType
from typing import Any


class Differs(Exception):
    """A client saw something else than it should; says what."""


class Report:
    """Prints a line for each step and counts those that differ."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.steps = self.differing = 0

    def step(self, name: str) -> Step:
        """A block that is one step; whatever it raises makes it differ, and the next one goes on."""
        return Step(self, name)

    def end(self, name: str, problem: BaseException | None) -> None:
        self.steps += 1
        self.differing += problem is not None
        print(f"{'ok     ' if problem is None else 'DIFFERS'}  {self.client}: {name}", flush=True)
        if problem is not None:
            print(f"         {type(problem).__name__}: {problem}", flush=True)


class Step:
    """The block of one step."""

    def __init__(self, report: Report, name: str) -> None:
        self.report, self.name = report, name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> bool:
        self.report.end(self.name, problem)
        return isinstance(problem, Exception)


def expect(what: str, found: Any, wanted: Any) -> None:
    """Raise Differs unless both are equal."""
    if found != wanted:
        raise Differs(f"{what} is {found!r}, not {wanted!r}")


def expect_that(what: str, holds: Any) -> None:
    """Raise Differs with this sentence unless it holds."""
    if not holds:
        raise Differs(f"not so: {what}")


def raised(call: Any, kind: type[Exception]) -> Any:
    """The error of this kind that a call raises; Differs when it raises none."""
    try:
        call()
    except kind as error:
        return error
    raise Differs(f"no {kind.__name__} was raised")


async def raised_by(waiting: Any, kind: type[Exception]) -> Any:
    """The error of this kind that what is awaited raises; Differs when it raises none."""
    try:
        await waiting
    except kind as error:
        return error
    raise Differs(f"no {kind.__name__} was raised")
