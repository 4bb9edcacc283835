"""A person of the tenant, and the mailbox with its calendars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sandbox.calendars import DEFAULT_NAME, Calendar
from sandbox.errors import item_not_found
from sandbox.items import EventId, Instance, Item, Json, read_id
from sandbox.series import has_occurrence, instances

DELETED_KEPT = 100
MAILBOX_STATES = ("ok", "none", "unknown", "refused", "moved", "alternating")


class Mailbox:
    """Calendars and the items in them.

    `sequence` grows by one with every change in any calendar. Serials, of items and calendars alike, and the numbers
    of moved items come from one counter and are never used twice.
    """

    def __init__(self, object_id: str) -> None:
        self.key = UUID(object_id).bytes
        self.default = Calendar(0, DEFAULT_NAME)
        self.calendars: dict[int, Calendar] = {0: self.default}
        self.items: dict[int, Item] = {}
        self.deleted: dict[int, Item] = {}  # the last ones in Deleted Items
        self.moved: dict[int, int] = {}  # serials by the numbers that items got when they moved
        self.sequence = 1
        self.serial = 0
        self.transactions: dict[str, int] = {}
        self.own: set[int] = set()  # what an application made
        self.saved: str | None = None  # this mailbox as its line in the state file, until something changes

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def _note(self, item: Item, now: datetime) -> int:
        """Write a change into the log of the item's calendar; the sequence number, which is the item's version too."""
        self.sequence += 1
        self.calendars[item.calendar].note(item.number, self.sequence, now)
        self.saved = None
        return self.sequence

    def put(self, item: Item, now: datetime, *, tells_all: bool = True) -> None:
        """Store a new or changed item and note the change: of a series with its occurrences, or of it alone."""
        item.version = self._note(item, now)
        if tells_all:
            item.told = item.version
        item.span = None
        self.items[item.serial] = item
        if item.creator != "user":
            self.own.add(item.serial)
        if item.transaction_id:
            self.transactions[item.transaction_id] = item.serial

    def remove(self, item: Item, now: datetime, *, for_good: bool = False) -> None:
        """Take an item away, into Deleted Items or for good; the log remembers it."""
        del self.items[item.serial]
        self.own.discard(item.serial)
        self._note(item, now)
        if for_good:
            return
        self.deleted[item.serial] = item
        if len(self.deleted) > DELETED_KEPT:
            del self.deleted[next(iter(self.deleted))]

    def move(self, item: Item, calendar: Calendar, now: datetime) -> None:
        """Put an item into another calendar: the first one sees it removed, and its ordinary id is another."""
        self._note(item, now)
        self._place_anew(item, calendar, now)

    def restore(self, serial: int, calendar: Calendar, now: datetime) -> Item:
        """Put an item of Deleted Items back into a calendar; GraphError when it is not there."""
        item = self.deleted.pop(serial, None)
        if item is None:
            raise item_not_found()
        self._place_anew(item, calendar, now)
        return item

    def _place_anew(self, item: Item, calendar: Calendar, now: datetime) -> None:
        item.calendar, item.number = calendar.serial, self.next_serial()
        self.moved[item.number] = item.serial
        self.put(item, now)

    def add_calendar(self, name: str) -> Calendar:
        """A further calendar, empty."""
        calendar = Calendar(self.next_serial(), name)
        self.calendars[calendar.serial] = calendar
        self.saved = None
        return calendar

    def calendar_named(self, name: str | None) -> Calendar:
        """The calendar of a name, which is made if there is none; the default one when no name is given."""
        if not name:
            return self.default
        found = (calendar for calendar in self.calendars.values() if calendar.name == name)
        return next(found, None) or self.add_calendar(name)

    def remove_calendar(self, calendar: Calendar, now: datetime) -> None:
        """Delete a calendar with all that stands in it."""
        for item in self.items_of(calendar):
            self.remove(item, now, for_good=True)
        del self.calendars[calendar.serial]

    def clear(self) -> None:
        """Forget everything except which serials were used: an id never means another item later."""
        self.items, self.deleted, self.moved, self.transactions, self.own = {}, {}, {}, {}, set()
        self.default.log = {}
        self.default.forget_links()
        self.default.name, self.default.providers = DEFAULT_NAME, list(Calendar(0, "").providers)
        self.calendars = {0: self.default}
        self.sequence += 1
        self.saved = None

    def items_of(self, calendar: Calendar) -> list[Item]:
        return [item for item in self.items.values() if item.calendar == calendar.serial]

    def visible(self, calendar: Calendar, now: datetime, delay: float) -> int:
        """The sequence number up to which the changes of a calendar are older than `delay` seconds."""
        if not delay:
            return self.sequence
        late = calendar.late_ones(now.timestamp() - delay)
        return min(late, default=self.sequence + 1) - 1

    def find(self, event_id: str) -> tuple[Item, date | None]:
        """The item and, for an occurrence, the original date that an id means; GraphError when it is not there."""
        found = read_id(event_id, self.key)
        item = self.items.get(found.number if found.immutable else self.serial_of(found.number))
        if item is None or (not found.immutable and found.number != item.number):
            raise item_not_found()
        if found.day is None:
            return item, None
        if not has_occurrence(item, found.day) or found != self._event_id(item, found.day, found.immutable):
            raise item_not_found()
        return item, found.day

    def find_calendar(self, calendar_id: str) -> Calendar:
        """The calendar of an id; GraphError when there is none. Calendars have ordinary ids only."""
        found = read_id(calendar_id, self.key)
        if found.immutable or found.day or found.number not in self.calendars:
            raise item_not_found()
        return self.calendars[found.number]

    def calendar_id(self, calendar: Calendar) -> str:
        return EventId(calendar.serial, immutable=False).text(self.key)

    def item_id(self, item: Item, day: date | None = None, *, immutable: bool = True) -> str:
        """The id of an item, or of its occurrence on a day, in one of the two renderings."""
        return self._event_id(item, day, immutable).text(self.key)

    def _event_id(self, item: Item, day: date | None, immutable: bool) -> EventId:
        number = item.serial if immutable else item.number
        if day is None:
            return EventId(number, immutable=immutable)
        changes = item.exceptions.get(day.isoformat())
        return EventId(number, day, item.era, bool(changes and changes.get("renamed")), immutable)

    def serial_of(self, number: int) -> int:
        """The serial of the item that has, or had, a number."""
        return self.moved.get(number, number)

    def id_of(self, serial: int, day: date | None = None, *, immutable: bool = True) -> str:
        """The id of an item by its serial, whether it is there or not."""
        item = self.items.get(serial)
        return self.item_id(item, day, immutable=immutable) if item else self.id_of_gone(serial, immutable=immutable)

    def id_of_gone(self, number: int, *, immutable: bool) -> str:
        """The id of what had this number and is not there any more."""
        return EventId(self.serial_of(number) if immutable else number, immutable=immutable).text(self.key)

    def instances(self, window: tuple[datetime, datetime], calendar: Calendar | None) -> Iterator[Instance]:
        """Yield everything that stands in `window`, in one calendar or in all, unordered."""
        for item in self.items.values() if calendar is None else self.items_of(calendar):
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
    mailbox_state: str = "ok"
    mailbox: Mailbox = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.mailbox = Mailbox(self.id)
        if self.user_type == "Guest" and self.mailbox_state == "ok":
            self.mailbox_state = "unknown"

    def addresses(self) -> set[str]:
        """Every address that leads to this person, in small letters."""
        return {address.lower() for address in (self.mail, self.upn, *self.aliases) if address and ":" not in address}

    def proxy_addresses(self) -> list[str]:
        primary = [f"SMTP:{self.mail}"] if self.mail and self.user_type != "Guest" else []
        return primary + [alias if ":" in alias else f"smtp:{alias}" for alias in self.aliases]

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
        """What the control API and the state file say about this person: `mailbox` is its state."""
        names = ("id", "name", "mail", "upn", "aliases", "other_mails", "user_type", "enabled")
        return {name: getattr(self, name) for name in names} | {"mailbox": self.mailbox_state}
