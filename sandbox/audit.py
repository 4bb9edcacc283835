"""What the sandbox saw: every write, and what a well-behaved application never does."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.items import Item, Json
from sandbox.mailbox import Person
from sandbox.zones import stamp

KEPT_WRITES = 20_000


class Audit:
    """The log of writes, and the counts of requests by kind."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.writes: deque[Json] = deque(maxlen=KEPT_WRITES)
        self.foreign_writes: list[Json] = []
        self.limit_violations: list[Json] = []
        self.mails: list[Json] = []
        self.user_mails: list[Json] = []
        self.clear_requests()

    def clear_requests(self) -> None:
        self.plain: Counter[str] = Counter()
        self.in_batch: Counter[str] = Counter()
        self.token: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()

    def note(
        self, now: datetime, who: str, method: str, person: Person, item: Item, before: Json | None, after: Json | None
    ) -> None:
        """Record one write of a user or of an application."""
        event = after or before or {}
        entry = {
            "at": stamp(now),
            "who": "user" if who == "user" else "app",
            "client_id": None if who == "user" else who,
            "method": method,
            "mailbox": person.mail or person.upn,
            "event_id": event.get("id"),
            "subject": event.get("subject"),
            "transaction_id": item.transaction_id,
            "own": item.creator == who,
            "before": before,
            "after": after,
        }
        self.writes.append(entry)
        if who != "user" and item.creator != who:
            self.foreign_writes.append(entry)
        self._note_mails(entry, event, before or {})

    def _note_mails(self, entry: Json, event: Json, before: Json) -> None:
        """Graph mails the attendees of whatever is written, and those who were attendees until now."""
        people = [*event.get("attendees", []), *before.get("attendees", [])]
        recipients = sorted({attendee["emailAddress"]["address"] for attendee in people})
        if recipients:
            mails = self.user_mails if entry["who"] == "user" else self.mails
            brief = {name: entry[name] for name in ("at", "who", "method", "mailbox", "event_id", "subject")}
            mails.append(brief | {"to": recipients})

    def note_violation(self, now: datetime, kind: str, mailbox: str, count: int) -> None:
        self.limit_violations.append({"at": stamp(now), "kind": kind, "mailbox": mailbox, "count": count})

    def requests(self) -> Json:
        """The counts of requests by kind."""
        kinds = self.plain + self.in_batch
        batches = self.plain.get("POST /$batch", 0)
        return {
            "total": sum(self.plain.values()) + sum(self.token.values()),
            "token": self.token.get("POST /oauth2/v2.0/token", 0),
            "openid": sum(count for kind, count in self.token.items() if kind.startswith("GET")),
            "batch": batches,
            "plain": dict(self.plain),
            "in_batch": dict(self.in_batch),
            "kinds": dict(kinds),
            "statuses": dict(self.statuses),
        }

    def report(self, people: Iterable[Person]) -> Json:
        """The whole audit, with the duplicates that stand at this moment."""
        return {
            "writes": list(self.writes),
            "foreign_writes": self.foreign_writes,
            "duplicates": [entry for person in people for entry in duplicates(person)],
            "limit_violations": self.limit_violations,
            "mails": self.mails,
            "user_mails": self.user_mails,
        }


def duplicates(person: Person) -> list[Json]:
    """Live items of an application in one mailbox that say to be the same thing.

    The same thing: one transactionId, or one extended property with the same value.
    """
    mailbox = person.calendar
    if len(mailbox.own) < 2:
        return []
    claims: dict[tuple[str, str], list[int]] = defaultdict(list)
    for serial in sorted(mailbox.own):
        for claim in _claims(mailbox.items[serial]):
            claims[claim].append(serial)
    return [
        {
            "mailbox": person.mail or person.upn,
            "claim": name,
            "value": value,
            "event_ids": [mailbox.id_of(serial) for serial in serials],
        }
        for (name, value), serials in claims.items()
        if len(serials) > 1
    ]


def _claims(item: Item) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = list(item.extended.items())
    return [*found, ("transactionId", item.transaction_id)] if item.transaction_id else found
