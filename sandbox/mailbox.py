"""A person of the tenant, and the calendar in their mailbox with its change log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sandbox.errors import item_not_found
from sandbox.items import Instance, Item, Json, read_id, write_id
from sandbox.series import has_occurrence, instances

MAILBOX_STATES = ("ok", "none", "unknown", "refused", "moved", "alternating")


class Mailbox:
    """One calendar: its items, and which of them changed in which order.

    `sequence` grows by one with every change. `log` says for each item, also for a deleted one, when it changed
    last; it is kept in the order of the changes, so that a delta reads only its tail.
    """

    def __init__(self, object_id: str) -> None:
        self.key = UUID(object_id).bytes
        self.items: dict[int, Item] = {}
        self.log: dict[int, tuple[int, float]] = {}
        self.sequence = 1
        self.serial = 0
        self.generation = 0
        self.transactions: dict[str, int] = {}
        self.own: set[int] = set()  # what an application made
        self.saved: str | None = None  # this mailbox as its line in the state file, until something changes

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def note_change(self, serial: int, now: datetime) -> int:
        """Write a change into the log; the new sequence number, which is the item's version too."""
        self.sequence += 1
        self.log.pop(serial, None)
        self.log[serial] = (self.sequence, now.timestamp())
        self.saved = None
        return self.sequence

    def put(self, item: Item, now: datetime) -> None:
        """Store a new or changed item and note the change."""
        item.version = self.note_change(item.serial, now)
        item.span = None
        self.items[item.serial] = item
        if item.creator != "user":
            self.own.add(item.serial)
        if item.transaction_id:
            self.transactions[item.transaction_id] = item.serial

    def remove(self, item: Item, now: datetime) -> None:
        """Take an item away; the log remembers it."""
        del self.items[item.serial]
        self.own.discard(item.serial)
        self.note_change(item.serial, now)

    def clear(self) -> None:
        """Forget everything except which serials were used: an id never means another item later."""
        self.items, self.log, self.transactions, self.own = {}, {}, {}, set()
        self.sequence += 1
        self.generation += 100
        self.saved = None

    def changed_after(self, sequence: int, until: int) -> list[tuple[int, int]]:
        """(sequence, serial) of what changed after one sequence number and up to another, oldest first."""
        found = []
        for serial in reversed(self.log):
            at = self.log[serial][0]
            if at <= sequence:
                break
            if at <= until:
                found.append((at, serial))
        return found[::-1]

    def visible(self, now: datetime, delay: float) -> int:
        """The sequence number up to which changes are older than `delay` seconds."""
        if not delay:
            return self.sequence
        limit = now.timestamp() - delay
        late = [at for at, when in self.log.values() if when > limit]
        return min(late) - 1 if late else self.sequence

    def find(self, event_id: str) -> tuple[Item, date | None]:
        """The item and, for an occurrence, the original date that an id means; GraphError when it is not there."""
        serial, day = read_id(event_id, self.key)
        item = self.items.get(serial)
        if item is None or (day is not None and not has_occurrence(item, day)):
            raise item_not_found()
        return item, day

    def id_of(self, serial: int, day: date | None = None, *, immutable: bool = True) -> str:
        return write_id(self.key, serial, day, immutable=immutable)

    def instances(self, window: tuple[datetime, datetime]) -> Iterator[Instance]:
        """Yield everything that stands in `window`, unordered."""
        for item in self.items.values():
            yield from instances(item, window)


@dataclass
class Person:
    """A directory object, with its mailbox."""

    id: str
    name: str
    mail: str | None
    upn: str
    aliases: list[str] = field(default_factory=list)
    other_mails: list[str] = field(default_factory=list)
    user_type: str = "Member"
    enabled: bool = True
    mailbox: str = "ok"
    calendar: Mailbox = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.calendar = Mailbox(self.id)
        if self.user_type == "Guest" and self.mailbox == "ok":
            self.mailbox = "unknown"

    def addresses(self) -> set[str]:
        """Every address that leads to this person, in small letters."""
        return {address.lower() for address in (self.mail, self.upn, *self.aliases) if address}

    def proxy_addresses(self) -> list[str]:
        primary = [f"SMTP:{self.mail}"] if self.mail and self.user_type != "Guest" else []
        return primary + [f"smtp:{alias}" for alias in self.aliases]

    def as_user(self) -> Json:
        """The Graph user; the caller picks the properties that were asked for."""
        given, _, surname = self.name.partition(" ")
        return {
            "businessPhones": [],
            "displayName": self.name,
            "givenName": given,
            "jobTitle": None,
            "mail": self.mail,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "surname": surname,
            "userPrincipalName": self.upn,
            "id": self.id,
            "proxyAddresses": self.proxy_addresses(),
            "otherMails": self.other_mails,
            "accountEnabled": self.enabled,
            "userType": self.user_type,
        }

    def as_json(self) -> dict[str, Any]:
        """What the control API and the state file say about this person."""
        names = ("id", "name", "mail", "upn", "aliases", "other_mails", "user_type", "enabled", "mailbox")
        return {name: getattr(self, name) for name in names}
