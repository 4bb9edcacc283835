"""What the engine and a provider hand each other. Datetimes are aware and UTC, intervals half-open."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

NAMESPACE = UUID("5b1f0d3e-6c1b-4d0b-8d53-0f4f1e0c9c77")  # of every key that calsync computes
TEXT_LIMIT = 255
CONTROL = re.compile(r"[\x00-\x1f\x7f\s]+")


def fingerprint(values: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of `values`, as 64 hexadecimal digits."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def one_line(text: str) -> str:
    """`text` as calendars keep it: on one line, without blanks at its ends, at most 255 characters."""
    if text.isascii() and text.isprintable() and "  " not in text:  # as nearly always
        return text.strip()[:TEXT_LIMIT].rstrip()
    readable = text.encode("utf-8", "ignore").decode()  # without lone surrogates, which no database takes
    return CONTROL.sub(" ", readable).strip()[:TEXT_LIMIT].rstrip()


def appearance(
    *, subject: str, starts_at: datetime, ends_at: datetime, is_all_day: bool, location: str, show_as: str
) -> str:
    """The fingerprint of what a person sees of an item; drift is a difference in it."""
    return fingerprint(
        {
            "subject": subject,
            "start": starts_at.isoformat(),
            "end": ends_at.isoformat(),
            "all_day": is_all_day,
            "location": location,
            "show_as": show_as,
        }
    )


@dataclass(frozen=True)
class Entry:
    """What one session should look like in one calendar."""

    session_uid: UUID
    subject: str
    starts_at: datetime
    ends_at: datetime
    location: str = ""
    body: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Of everything that is sent."""
        return fingerprint({"appearance": self.appearance, "body": self.body})

    @cached_property
    def appearance(self) -> str:
        """What a calendar that took this entry shows; see `appearance`."""
        return appearance(
            subject=self.subject,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            is_all_day=False,
            location=self.location,
            show_as="busy",
        )


@dataclass(frozen=True)
class Window:
    """The span of time that is mirrored."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class RemoteItem:
    """One item as it stands in a calendar. `marker` is only known where it was asked for."""

    remote_id: str
    etag: str
    starts_at: datetime
    ends_at: datetime
    series_id: str = ""
    subject: str = ""
    location: str = ""
    is_all_day: bool = False
    show_as: str = "busy"
    is_private: bool = False
    is_ignored: bool = False  # declined by the instructor, or cancelled by its organiser
    transaction_id: str = ""
    marker: str = ""

    @cached_property
    def appearance(self) -> str:
        return appearance(
            subject=self.subject,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            is_all_day=self.is_all_day,
            location=self.location,
            show_as=self.show_as,
        )


@dataclass(frozen=True)
class Receipt:
    """What a calendar answered to a write."""

    remote_id: str
    etag: str
    appearance: str


@dataclass(frozen=True)
class Page:
    """A part of an answer: of a delta round, a series or a census.

    `next_link` goes on; `cursor` ends a delta round and starts the next one. A census or a series ends with neither.
    `series` are the series that the round touched, `unreadable` the ids of items that could not be understood,
    `unread` the ids of items that could not be asked for just now.
    A page whose items are not read has a `digest`: one of the same items has the same.
    """

    items: tuple[RemoteItem, ...] = ()
    removed: tuple[str, ...] = ()
    series: frozenset[str] = frozenset()
    unreadable: tuple[str, ...] = ()
    next_link: str = ""
    cursor: str = ""
    unread: tuple[str, ...] = ()
    digest: int = 0


@dataclass(frozen=True)
class Person:
    """Somebody in the directory. `addresses` are all of them in lower case, aliases too."""

    remote_user_id: str
    name: str
    mail: str
    sign_in_name: str
    addresses: frozenset[str] = frozenset()
    is_guest: bool = False


@dataclass(frozen=True)
class Check:
    """One step of a connection test. `passed` None: not reached. `field` is the form field it belongs to."""

    name: str
    passed: bool | None = None
    detail: str = ""
    why: str = ""
    todo: tuple[str, ...] = ()
    field: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Credentials:
    """What opens an organisation's calendars. Its repr shows no secret."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    cloud: str = "global"


@dataclass(frozen=True)
class Endpoints:
    """Origins in place of the cloud's own hosts, and a private CA for them; empty means the usual ones."""

    login_url: str = ""
    graph_url: str = ""
    ca_file: str = ""
