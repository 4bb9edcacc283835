"""Servers that one test has for itself, to stop and start."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack


class Restartable:
    """A server that can be stopped, and started again at the same address."""

    def __init__(self, make: Callable[[], AbstractContextManager[str]]) -> None:
        self.make = make
        self.running = ExitStack()
        self.url = ""
        self.start()

    def start(self) -> None:
        self.url = self.running.enter_context(self.make())

    def stop(self) -> None:
        self.running.close()
