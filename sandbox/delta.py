"""calendarView/delta: what changed in a window since the last round, page by page, behind opaque tokens."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from sandbox.calls import Answer, Call
from sandbox.errors import GraphError
from sandbox.items import Item, Json
from sandbox.mailbox import Mailbox, Person
from sandbox.rendering import render, render_bare, render_master
from sandbox.series import instances
from sandbox.views import read_window

EVENT_TYPE = {"@odata.type": "#microsoft.graph.event"}
REFUSED_OPTIONS = ("$orderby", "$filter", "$select", "$expand", "$search")
LARGEST_PAGE = 1000
_TOKEN = struct.Struct(">8sqqQQQIB")


class Token(NamedTuple):
    """Where a chain of rounds stands. `since` is 0 in the first round, which tells everything.

    `cursor` says how far the pages of this round have come: by serial in the first round, by sequence later.
    """

    owner: bytes
    start: int
    end: int
    since: int
    until: int
    cursor: int
    generation: int
    empty_pages: int

    @property
    def window(self) -> tuple[datetime, datetime]:
        return datetime.fromtimestamp(self.start, UTC), datetime.fromtimestamp(self.end, UTC)

    def text(self) -> str:
        packed = _TOKEN.pack(*self)
        return base64.urlsafe_b64encode(packed + _seal(packed)).decode().rstrip("=")


def _seal(packed: bytes) -> bytes:
    return hashlib.blake2s(packed, digest_size=5, key=b"calendarView").digest()


def read_token(text: str, mailbox: Mailbox) -> Token:
    """The token of a link; GraphError when it is not one of this mailbox."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = Token(*_TOKEN.unpack(packed[:-5]))
    except (ValueError, struct.error):
        raise _malformed() from None
    if packed[-5:] != _seal(packed[:-5]) or token.owner != mailbox.key[:8]:
        raise _malformed()
    return token


def _malformed() -> GraphError:
    return GraphError(400, "ErrorInvalidUrlQuery", "The URL query token is malformed.")


def list_changes(call: Call) -> Answer:
    """One page of a round."""
    refused = [name for name in REFUSED_OPTIONS if name in call.query]
    if refused:
        message = (
            "The following parameters are not supported with change tracking over the 'CalendarView' resource: "
            f"'{', '.join(REFUSED_OPTIONS)}'."
        )
        raise GraphError(400, "ErrorInvalidUrlQuery", message)
    person = call.person
    token = _where(call, person.calendar)
    size = _page_size(call)
    rows, token, is_last = _page(call, person, token, size)
    body: Json = {"@odata.context": call.context("Collection(event)")}
    if is_last:
        body["@odata.deltaLink"] = _link(call, "$deltatoken", _closed(person.calendar, token))
    else:
        body["@odata.nextLink"] = _link(call, "$skiptoken", token)
    body["value"] = rows
    call.applied.append("odata.track-changes")
    return Answer(200, body)


def _page_size(call: Call) -> int:
    text = call.preferences.get("odata.maxpagesize", "")
    if not text.isdecimal() or int(text) == 0:
        return call.world.settings.delta_page_size
    call.applied.append(f"odata.maxpagesize={text}")
    return min(int(text), LARGEST_PAGE)


def _where(call: Call, mailbox: Mailbox) -> Token:
    """Where this request begins: a new chain, a new round, or a later page of one."""
    settings = call.world.settings
    until = mailbox.visible(call.world.now(), settings.delta_delay_seconds)
    empty = settings.delta_empty_pages
    if call.query.get("$skiptoken"):
        token = read_token(call.query["$skiptoken"], mailbox)
        _check_generation(call, mailbox, token)
        return token
    if call.query.get("$deltatoken"):
        token = read_token(call.query["$deltatoken"], mailbox)
        _check_generation(call, mailbox, token)
        return token._replace(since=token.until, until=max(until, token.until), cursor=token.until, empty_pages=empty)
    start, end = (int(moment.timestamp()) for moment in read_window(call))
    return Token(mailbox.key[:8], start, end, 0, until, 0, mailbox.generation, empty)


def _check_generation(call: Call, mailbox: Mailbox, token: Token) -> None:
    """Only the last few links of a mailbox are remembered."""
    kept = call.world.settings.delta_generations
    if token.generation > mailbox.generation - kept or (token.generation == mailbox.generation):
        return
    live = "".join(f"[{number}]" for number in range(max(1, mailbox.generation - kept + 1), mailbox.generation + 1))
    message = (
        f"The sync state generation is not found; generation={token.generation};[highest={mailbox.generation}]{live}."
    )
    raise reset_of(call, message, token)


def reset_of(call: Call, message: str, token: Token) -> GraphError:
    headers = None
    if call.world.settings.delta_reset == "location":
        start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in token.window)
        query = f"startDateTime={start}&endDateTime={end}&$deltatoken="
        headers = {"Location": f"{call.link(_path(call))}?{query}"}
    return GraphError(410, "SyncStateNotFound", message, headers)


def _closed(mailbox: Mailbox, token: Token) -> Token:
    """The token of the round's deltaLink: a new generation of the mailbox's sync state."""
    mailbox.generation += 1
    return token._replace(since=0, cursor=0, generation=mailbox.generation, empty_pages=0)


def _path(call: Call) -> str:
    return "/" + "/".join(quote(segment, safe="()") for segment in call.segments)


def _link(call: Call, name: str, token: Token) -> str:
    return f"{call.world.origin}/v1.0{_path(call)}?{name}={token.text()}"


def _page(call: Call, person: Person, token: Token, size: int) -> tuple[list[Json], Token, bool]:
    """The rows of one page, the token behind it, and whether it is the last of the round."""
    if token.empty_pages:
        return [], token._replace(empty_pages=token.empty_pages - 1), False
    if token.since and token.cursor >= token.until:  # nothing changed: the usual case, and it costs nothing
        return _noise(call, person, [], first=True), token, True
    pending = _pending(person.calendar, token)
    rows: list[Json] = []
    for place, (position, serial) in enumerate(pending):
        rows += _rows(call, person, serial, token)
        if len(rows) >= size and place < len(pending) - 1:  # a series is never split over pages
            return _noise(call, person, rows), token._replace(cursor=position), False
    return _noise(call, person, rows, first=True), token, True


def _pending(mailbox: Mailbox, token: Token) -> list[tuple[int, int]]:
    """(position, serial) of the items that the rest of this round is about."""
    if token.since:
        return mailbox.changed_after(token.cursor, token.until)
    return [(serial, serial) for serial in sorted(mailbox.items) if serial > token.cursor]


def _rows(call: Call, person: Person, serial: int, token: Token) -> list[Json]:
    """What a delta tells about one item: it, its instances in the window, or that it is not (any more) in it."""
    item = person.calendar.items.get(serial)
    found = list(instances(item, token.window)) if item else []
    if not found or item is None:
        return [_removed(call, person.calendar, serial)] if token.since else []
    if not item.is_series:
        return [EVENT_TYPE | render(person, found[0], call.style)]
    master = [] if call.world.settings.delta_master == "missing" else [_master(call, person, item)]
    rows = [
        render_bare(person, entry, call.style)
        if entry.kind == "occurrence"
        else EVENT_TYPE | render(person, entry, call.style)
        for entry in found
    ]
    return rows + master if call.world.settings.delta_master == "last" else master + rows


def _master(call: Call, person: Person, item: Item) -> Json:
    return EVENT_TYPE | render_master(person, item, call.style)


def _removed(call: Call, mailbox: Mailbox, serial: int) -> Json:
    event_id = mailbox.id_of(serial, immutable=call.style.immutable)
    return EVENT_TYPE | {"id": event_id, "@removed": {"reason": "deleted"}}


def _noise(call: Call, person: Person, rows: list[Json], *, first: bool = False) -> list[Json]:
    """What a page holds besides its news, when the settings ask for it: repetitions, replays, unknown removals."""
    settings = call.world.settings
    if settings.delta_duplicates:
        rows = rows + rows
    if first and settings.delta_replays:
        rows = rows + _replays(call, person, settings.delta_replays)
    if first and settings.delta_foreign_removed:
        unknown = range(10**9, 10**9 + settings.delta_foreign_removed)
        rows = [_removed(call, person.calendar, serial) for serial in unknown] + rows
    return rows


def _replays(call: Call, person: Person, count: int) -> list[Json]:
    singles: Iterable[Item] = (item for item in person.calendar.items.values() if not item.is_series)
    return [_master(call, person, item) for item, _ in zip(singles, range(count), strict=False)]
