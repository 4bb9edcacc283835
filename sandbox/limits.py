"""Outlook's limits: requests at a time, in ten minutes and by size; kept, and counted when they are broken."""

from __future__ import annotations

import json
import math
from collections import deque
from typing import TYPE_CHECKING

from sandbox.errors import GraphError

if TYPE_CHECKING:
    from sandbox.calls import Call
    from sandbox.mailbox import Person
    from sandbox.world import World

TEN_MINUTES, FIVE_MINUTES, TEN_SECONDS = 600, 300, 10
UPLOADS = frozenset({"POST", "PATCH", "PUT"})
MESSAGES = {
    "concurrency": "Application is over its MailboxConcurrency limit.",
    "rate": "Application is over its RequestCount limit.",
    "upload": "Application is over its UploadSize limit.",
    "app": "Application is over its limit of requests.",
    "extensions": "Application is over its limit of requests for extensions.",
}


class Window:
    """How much there was in the last so many seconds. It slides on in sixtieths of them."""

    __slots__ = ("parts", "total", "width")
    PARTS = 60

    def __init__(self, seconds: int) -> None:
        self.width = seconds / self.PARTS
        self.parts: deque[list[int]] = deque()  # [number of the sixtieth, amount in it]
        self.total = 0

    def add(self, now: float, amount: int) -> int:
        """Count `amount`; what stands in the window with it."""
        part = int(now / self.width)
        parts = self.parts
        if not parts or parts[-1][0] != part:
            self._slide(part)
            parts.append([part, 0])
        parts[-1][1] += amount
        self.total += amount
        return self.total

    def _slide(self, part: int) -> None:
        parts = self.parts
        if parts and parts[-1][0] > part:  # the clock was put back
            parts.clear()
            self.total = 0
        while parts and parts[0][0] <= part - self.PARTS:
            self.total -= parts.popleft()[1]

    def seconds_until(self, now: float, below: int) -> int:
        """In how many whole seconds less than `below` will stand in the window if nothing comes."""
        left = self.total
        for part, amount in self.parts:
            left -= amount
            if left < below:
                return max(1, math.ceil((part + self.PARTS) * self.width - now))
        return 1


class Limits:
    """Who has how many requests in flight, and how much each sent lately."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clear()

    def clear(self) -> None:
        self.in_flight: dict[str, int] = {}
        self.requests: dict[str, Window] = {}
        self.uploads: dict[str, Window] = {}
        self.of_apps: dict[str, Window] = {}

    def enter(self, call: Call, person: Person) -> str:
        """Take a place among the requests in flight; the scope to leave. GraphError when a limit is broken.

        A refused request counts like any other.
        """
        settings = self.world.settings
        key = call.client + person.id
        scope = call.client if settings.concurrency == "app" else key
        busy = self.in_flight[scope] = self.in_flight.get(scope, 0) + 1
        over = self._count(call, key)
        if busy > settings.max_concurrent and settings.concurrency != "off":
            over["concurrency"] = (busy, 0)
        if over:
            self._violated(scope, person, over)
        return scope

    def leave(self, scope: str) -> None:
        busy = self.in_flight.get(scope, 1)
        if busy > 1:
            self.in_flight[scope] = busy - 1
        else:
            self.in_flight.pop(scope, None)

    def _count(self, call: Call, key: str) -> dict[str, tuple[int, int]]:
        """Count a request; the limits that it breaks, each with the count and the seconds until there is room."""
        settings = self.world.settings
        now = self.world.now().timestamp()
        over: dict[str, tuple[int, int]] = {}
        window = self.requests.get(key) or self.requests.setdefault(key, Window(TEN_MINUTES))
        if window.add(now, 1) > settings.requests_per_10_minutes:
            over["rate"] = (window.total, window.seconds_until(now, settings.requests_per_10_minutes))
        if call.method in UPLOADS:
            window = self.uploads.setdefault(key, Window(FIVE_MINUTES))
            if window.add(now, size_of(call)) > settings.upload_bytes_per_5_minutes:
                over["upload"] = (window.total, window.seconds_until(now, settings.upload_bytes_per_5_minutes))
        if settings.requests_per_10_seconds:
            over |= self._count_app("app", call.client, now, settings.requests_per_10_seconds)
        if (call.body is not None or "$expand" in call.query) and has_extensions(call):
            over |= self._count_app("extensions", call.client, now, settings.extensions_per_10_seconds)
        return over

    def _count_app(self, kind: str, client: str, now: float, most: int) -> dict[str, tuple[int, int]]:
        """Count a request for an application over all mailboxes."""
        window = self.of_apps.setdefault(f"{kind} {client}", Window(TEN_SECONDS))
        return {kind: (window.total, window.seconds_until(now, most))} if window.add(now, 1) > most else {}

    def _violated(self, scope: str, person: Person, over: dict[str, tuple[int, int]]) -> None:
        """Note which limits were broken and, unless the settings let it pass, refuse the request."""
        settings, mailbox = self.world.settings, person.mail or person.upn
        for kind, (count, _) in over.items():
            self.world.audit.note_violation(self.world.now(), kind, mailbox, count)
        if settings.refuse_over_limit:
            self.leave(scope)
            kind = next(iter(over))
            code = settings.throttle_code if kind == "concurrency" else settings.quota_code
            seconds = max([settings.throttle_retry_after, *(seconds for _, seconds in over.values())])
            raise GraphError(429, code, MESSAGES[kind], {"Retry-After": str(seconds)})


def size_of(call: Call) -> int:
    """The bytes that a call uploads; of a part of a batch, those of its body."""
    told = call.headers.get("content-length", "")
    if told.isdecimal() and not call.in_batch:
        return int(told)
    return 0 if call.body is None else len(json.dumps(call.body))


def has_extensions(call: Call) -> bool:
    """Whether a call writes or reads open extensions, which have a limit of their own."""
    body = call.body
    return (isinstance(body, dict) and "extensions" in body) or "extensions" in call.query.get("$expand", "").lower()
