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
# What Exchange changes by itself when a meeting is written.
VOLATILE = {"attendees", "changeKey", "@odata.etag", "lastModifiedDateTime", "type"}
Mail = tuple[str, set[str]]  # invitation, update or cancellation, and to whom


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
        self.transaction_reuse: list[Json] = []
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
        self._note_mails(entry, after, before)

    def _note_mails(self, entry: Json, after: Json | None, before: Json | None) -> None:
        mails = self.user_mails if entry["who"] == "user" else self.mails
        brief = {name: entry[name] for name in ("at", "who", "method", "mailbox", "event_id", "subject")}
        for kind, recipients in mails_of(before, after):
            others = sorted(recipients - {entry["mailbox"]})
            if others:
                mails.append(brief | {"kind": kind, "to": others})

    def note_claim(self, now: datetime, person: Person, transaction_id: str | None, posted: str) -> None:
        """Record a transactionId that comes to a mailbox a second time: with the same request, or with another."""
        serial = person.mailbox.transactions.get(transaction_id) if transaction_id else None
        if serial is None:
            return
        item = person.mailbox.items.get(serial)
        entry = {
            "at": stamp(now),
            "mailbox": person.mail or person.upn,
            "transaction_id": transaction_id,
            "event_id": None if item is None else person.mailbox.item_id(item, immutable=True),
            "same_body": item is not None and item.posted == posted,
        }
        self.transaction_reuse.append(entry)

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
            "transaction_reuse": self.transaction_reuse,
        }


def mails_of(before: Json | None, after: Json | None) -> list[Mail]:
    """Which mails Graph sends because of a write: the organizer's invite, tell and uninvite the attendees.

    Who is not the organizer changes their own copy alone, and a deletion of it declines without a word.
    """
    event = after or before or {}
    if not event.get("isOrganizer", True):
        return []
    old, new = _attendees(before), _attendees(after)
    gone, kept, added = set(old) - set(new), set(new) & set(old), set(new) - set(old)
    told = {name for name in kept if old[name] != new[name]} if _only_attendees(before, after) else kept
    return [("invitation", added), ("update", told), ("cancellation", gone)]


def _attendees(event: Json | None) -> dict[str, Any]:
    found = (event or {}).get("attendees") or []
    return {entry["emailAddress"]["address"]: (entry["emailAddress"], entry.get("type")) for entry in found}


def _only_attendees(before: Json | None, after: Json | None) -> bool:
    """Whether a write changed who is invited, and nothing else: then only those whom it concerns are told."""
    if before is None or after is None or before.get("attendees") == after.get("attendees"):
        return False
    names = (before.keys() | after.keys()) - VOLATILE
    return all(before.get(name) == after.get(name) for name in names)


def duplicates(person: Person) -> list[Json]:
    """Live items of an application in one mailbox that say to be the same thing.

    The same thing: one transactionId, or one extended property with the same value.
    """
    mailbox = person.mailbox
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
