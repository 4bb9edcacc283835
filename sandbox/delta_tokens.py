"""What stands in the links of a delta: where a chain of rounds is, sealed, and of no use to anybody else."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from datetime import UTC, datetime
from typing import NamedTuple

from sandbox.calendars import Calendar
from sandbox.errors import GraphError
from sandbox.mailbox import Mailbox

_TOKEN = struct.Struct(">8sIIqqqQQQIBHB")


class Token(NamedTuple):
    """Where a chain of rounds stands. `since` is 0 in the first round, which tells everything.

    `cursor` says how far the pages of this round have come: by number in the first round, by sequence later.
    `size` and `immutable` are what the first request preferred; they count only where links remember preferences.
    """

    owner: bytes
    calendar: int
    app: int
    issued: int
    start: int
    end: int
    since: int
    until: int
    cursor: int
    generation: int
    empty_pages: int
    size: int
    immutable: int

    @property
    def window(self) -> tuple[datetime, datetime]:
        return datetime.fromtimestamp(self.start, UTC), datetime.fromtimestamp(self.end, UTC)

    def text(self) -> str:
        packed = _TOKEN.pack(*self)
        return base64.urlsafe_b64encode(packed + _seal(packed)).decode().rstrip("=")


def _seal(packed: bytes) -> bytes:
    return hashlib.blake2s(packed, digest_size=5, key=b"calendarView").digest()


def app_of(client_id: str) -> int:
    """An application as tokens name it."""
    return zlib.crc32(client_id.encode())


def read_token(text: str, mailbox: Mailbox, calendar: Calendar) -> Token:
    """The token of a link; GraphError when it is not one of this calendar."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = Token(*_TOKEN.unpack(packed[:-5]))
    except (ValueError, struct.error):
        raise malformed() from None
    if packed[-5:] != _seal(packed[:-5]) or token.owner != mailbox.key[:8] or token.calendar != calendar.serial:
        raise malformed()
    return token


def malformed() -> GraphError:
    return GraphError(400, "ErrorInvalidUrlQuery", "The URL query token is malformed.")
