"""One time for everybody: for Django and msal, for the driver's waits, and for the sandbox."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from unittest import mock

import time_machine

LEAST = 0.001  # seconds that a sleep takes
PRODUCT = ("events.", "instructors.", "integrations.")


def waiting_modules() -> list[ModuleType]:
    """The modules of the product that ask for the time, or wait, by the machine's own clock."""
    ours = [module for name, module in list(sys.modules.items()) if name.startswith(PRODUCT)]
    return [module for module in ours if getattr(module, "time", None) is time]


class Clock:
    """Stands still unless it is put forward. `tell` tells the sandbox, before it is asked anything."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.is_told = True
        self._traveller: Any = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the product go by this clock until the block ends."""
        with ExitStack() as patches:
            for module in waiting_modules():
                patches.enter_context(mock.patch.object(module, "time", self))
            self._traveller = patches.enter_context(time_machine.travel(self.now, tick=False))
            yield

    def set(self, moment: datetime) -> None:
        self.now, self.is_told = moment, False
        self._traveller.move_to(moment)

    def advance(self, seconds: float) -> None:
        self.set(self.now + timedelta(seconds=max(seconds, LEAST)))

    def monotonic(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
