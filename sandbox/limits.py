"""Outlook's limits: four requests at a time, ten thousand in ten minutes; kept, and counted when they are broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.errors import GraphError

if TYPE_CHECKING:
    from sandbox.world import World

TEN_MINUTES = 600


class Limits:
    """Who has how many requests in flight, and how many in these ten minutes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clear()

    def clear(self) -> None:
        self.in_flight: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.counted_since = 0.0

    @contextmanager
    def slot(self, client: str, mailbox: str) -> Iterator[None]:
        """Hold one of the places of a mailbox (or of the application); GraphError when there is none."""
        settings = self.world.settings
        scope = client if settings.concurrency == "app" else mailbox
        self.in_flight[scope] += 1
        try:
            if settings.concurrency != "off" and self.in_flight[scope] > settings.max_concurrent:
                self._violated("concurrency", mailbox, self.in_flight[scope])
            self._count(client, mailbox)
            yield
        finally:
            if self.in_flight[scope] > 1:
                self.in_flight[scope] -= 1
            else:
                del self.in_flight[scope]

    def _count(self, client: str, mailbox: str) -> None:
        now = self.world.now().timestamp()
        if now - self.counted_since >= TEN_MINUTES:
            self.counts.clear()
            self.counted_since = now
        self.counts[f"{client}/{mailbox}"] += 1
        count = self.counts[f"{client}/{mailbox}"]
        if count > self.world.settings.requests_per_10_minutes:
            self._violated("rate", mailbox, count)

    def _violated(self, kind: str, mailbox: str, count: int) -> None:
        """Note that a limit was broken and, unless the settings let it pass, refuse the request."""
        self.world.audit.note_violation(self.world.now(), kind, mailbox, count)
        if self.world.settings.refuse_over_limit:
            message = "Application is over its MailboxConcurrency limit."
            if kind == "rate":
                message = "Application is over its RequestCount limit."
            retry_after = str(self.world.settings.throttle_retry_after)
            raise GraphError(429, "ApplicationThrottled", message, {"Retry-After": retry_after})
