"""The tasks that are to be run: what the broker and the workers are in production."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from celery import Task
from kombu.exceptions import OperationalError

from simulation.clock import Clock


@dataclass(frozen=True)
class Message:
    """A task that waits for a worker."""

    task: Task
    args: tuple[Any, ...]
    due: datetime
    expires: datetime | None


class Broker:
    """Keeps messages until they are due. `is_down`: publishing fails, as with Valkey away."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.messages: list[Message] = []
        self.is_down = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let everything that is published go here until the block ends."""

        def apply_async(task: Task, args: Any = (), kwargs: Any = None, **options: Any) -> None:
            self.publish(task, tuple(args or ()), **options)

        def delay(task: Task, *args: Any) -> None:
            self.publish(task, args)

        with mock.patch.object(Task, "apply_async", apply_async), mock.patch.object(Task, "delay", delay):
            yield

    def publish(self, task: Task, args: tuple[Any, ...], **options: Any) -> None:
        """Take a message; raises as a broker that cannot be reached does."""
        if self.is_down:
            raise OperationalError("the broker is down")
        now = self.clock.now
        expires = now + timedelta(seconds=options["expires"]) if options.get("expires") else None
        self.messages.append(Message(task, args, now + timedelta(seconds=options.get("countdown") or 0), expires))

    def take_due(self) -> list[Message]:
        """Hand out what is due; what has expired is gone."""
        now = self.clock.now
        due = [one for one in self.messages if one.due <= now]
        self.messages = [one for one in self.messages if one.due > now]
        return [one for one in due if one.expires is None or one.expires > now]
