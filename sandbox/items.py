"""What stands in a calendar: items, their instances, and the ids by which both are known."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sandbox.errors import malformed_id
from sandbox.zones import moment_of, wall_clock

Json = dict[str, Any]

# Two renderings of one id. Both are opaque, case-sensitive and end with an equals sign, as the real ones often do.
IMMUTABLE = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
ORDINARY = "AAMkAGI0M2NmOWE0LTVkYzctNDE2Yy1hZDRiLTU0ZGI4ZTk5YjA5NwBGAAAAAABXv5LhVJ5OTq5KcWzVt6GaBwAf"
_PAYLOAD = struct.Struct(">16sQI")
_MORE = struct.Struct(">HB")  # only in ids of occurrences that are not what they were
_SHORT = _PAYLOAD.size + 4


class EventId(NamedTuple):
    """What an id means: an item of a mailbox by its number, or its occurrence on a day.

    The number of an ordinary id is the item's place in its calendar, that of an immutable one its serial. `era` counts
    the patterns that a series has had, as far as they changed ids; `renamed` is the id of what became an exception.
    """

    number: int
    day: date | None = None
    era: int = 0
    renamed: bool = False
    immutable: bool = True

    def text(self, key: bytes) -> str:
        """The id as it travels, in the mailbox `key`."""
        payload = _PAYLOAD.pack(key, self.number, self.day.toordinal() if self.day else 0)
        if self.era or self.renamed:
            payload += _MORE.pack(self.era, self.renamed)
        payload += zlib.crc32(payload).to_bytes(4, "big")
        return (IMMUTABLE if self.immutable else ORDINARY) + base64.urlsafe_b64encode(payload).decode()


def read_id(text: str, key: bytes) -> EventId:
    """What an id of the mailbox `key` means; GraphError for an id that is not its own."""
    prefix = next((prefix for prefix in (IMMUTABLE, ORDINARY) if text.startswith(prefix)), None)
    if prefix is None:
        raise malformed_id()
    try:
        payload = base64.b64decode(text[len(prefix) :], altchars=b"-_", validate=True)
        owner, number, ordinal = _PAYLOAD.unpack(payload[: _PAYLOAD.size])
        era, renamed = _MORE.unpack(payload[_PAYLOAD.size : -4]) if len(payload) != _SHORT else (0, 0)
        day = date.fromordinal(ordinal) if ordinal else None
    except (ValueError, OverflowError, struct.error):
        raise malformed_id() from None
    if owner != key or zlib.crc32(payload[:-4]).to_bytes(4, "big") != payload[-4:]:
        raise malformed_id()
    return EventId(number, day, era, bool(renamed), prefix == IMMUTABLE)


def canonical_property_id(text: str) -> str:
    """An extended property's id as it is kept: single blanks, the GUID in small letters."""
    words = text.split()
    return " ".join(word.lower() if word.startswith("{") else word for word in words)


@dataclass(slots=True)
class Item:
    """A single event or a series, with the facts that were set; everything else is a default."""

    serial: int
    facts: Json
    creator: str  # "user", or the client id of the application
    created: str
    modified: str
    calendar: int = 0  # the serial of the calendar it stands in
    number: int = 0  # its place there, drawn anew with every move
    version: int = 0
    told: int = 0  # the version from which on a delta tells its occurrences too, not only the series
    era: int = 0
    recurrence: Json | None = None
    exceptions: dict[str, Json] = field(default_factory=dict)  # by original date; "version" and "modified" among them
    cancelled: list[str] = field(default_factory=list)
    extended: dict[str, str] = field(default_factory=dict)
    multi_valued: dict[str, list[str]] = field(default_factory=dict)  # extended properties, too
    extensions: list[Json] = field(default_factory=list)  # open ones
    transaction_id: str | None = None
    posted: str = ""  # fingerprint of the body that made it
    touched: bool = False  # changed since it was made
    span: tuple[datetime, datetime] | None = None  # cache; whoever changes start or end clears it

    def __post_init__(self) -> None:
        self.number = self.number or self.serial

    @property
    def is_series(self) -> bool:
        return self.recurrence is not None

    @property
    def is_all_day(self) -> bool:
        return bool(self.facts.get("isAllDay"))

    def interval(self) -> tuple[datetime, datetime]:
        """Start and end in UTC; of an all-day item the UTC midnights of its dates, as Graph matches them."""
        if self.span is None:
            self.span = interval_of(self.facts)
        return self.span


class Instance(NamedTuple):
    """One thing that stands in a calendar view: a single event, or one occurrence of a series."""

    item: Item
    day: date | None
    start: datetime
    end: datetime
    kind: str  # singleInstance, occurrence, exception, seriesMaster


def interval_of(facts: Json) -> tuple[datetime, datetime]:
    if facts.get("isAllDay"):
        return wall_clock(facts["start"]).replace(tzinfo=UTC), wall_clock(facts["end"]).replace(tzinfo=UTC)
    return moment_of(facts["start"]), moment_of(facts["end"])


def overlaps(start: datetime, end: datetime, window: tuple[datetime, datetime]) -> bool:
    """Whether [start, end) touches the half-open window; an item without length counts where it starts."""
    return start < window[1] and (end > window[0] or start >= window[0])
