"""users/delta: what changed in the directory since the last round."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from typing import NamedTuple

from sandbox.calls import Answer, Call
from sandbox.directory import Change, Directory
from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.users import DEFAULT_PAGE, LARGEST_PAGE, chosen, fields, pick_user, unsupported, visible

REFUSED_OPTIONS = ("$expand", "$top", "$orderby", "$search", "$skip", "$count")
MOST_IDS = 50
LIFETIME = 7 * 86_400  # seconds
_ID = re.compile(r"(?i)\s*id\s+eq\s+'([^']*)'\s*")


class Token(NamedTuple):
    """Where a chain of rounds stands, and what it was asked for. `since` is -1 in the first round."""

    epoch: str
    issued: int
    since: int
    until: int
    cursor: int
    empty: int
    select: str
    ids: list[str]

    def text(self) -> str:
        packed = zlib.compress(json.dumps(self).encode())
        return base64.urlsafe_b64encode(_seal(packed) + packed).decode().rstrip("=")


def _seal(packed: bytes) -> bytes:
    return hashlib.blake2s(packed, digest_size=6, key=b"users").digest()


def read_token(text: str) -> Token:
    """The token of a link; GraphError when it is none of ours."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if packed[:6] == _seal(packed[6:]):
            return Token(*json.loads(zlib.decompress(packed[6:])))
    except ValueError:
        pass
    raise GraphError(400, "Request_BadRequest", "The delta token is malformed.")


def list_user_changes(call: Call) -> Answer:
    """One page of a round."""
    for name in REFUSED_OPTIONS:
        if name in call.query:
            raise unsupported(f"'{name}' is not supported with change tracking over the 'users' resource.")
    token = _where(call)
    call.query["$select"] = token.select
    size = _page_size(call)
    rows = [] if token.empty else _pending(call.world.directory, token)
    shown = rows[:size]
    if call.preferences.get("return") == "minimal":
        call.applied.append("return=minimal")
    body: Json = {"@odata.context": call.context(f"users{fields(call)}")}
    body |= _further(call, token, shown[-1].sequence if shown else token.cursor, is_last=len(rows) <= size)
    body["value"] = [row for change in shown for row in _shown(call, token, change)]
    return Answer(200, body)


def _further(call: Call, token: Token, cursor: int, *, is_last: bool) -> Json:
    """The link to the next page, or to the next round."""
    if token.empty or not is_last:
        token = token._replace(cursor=cursor, empty=max(0, token.empty - 1))
        return {"@odata.nextLink": call.link("/users/delta", **{"$skiptoken": token.text()})}
    token = token._replace(since=token.until, cursor=0, issued=int(call.world.now().timestamp()))
    return {"@odata.deltaLink": call.link("/users/delta", **{"$deltatoken": token.text()})}


def _where(call: Call) -> Token:
    """Where this request begins: a new chain, a new round, or a later page of one."""
    until, delta = visible(call), call.query.get("$deltatoken")
    if call.query.get("$skiptoken"):
        return _checked(call, read_token(call.query["$skiptoken"]))
    if delta and delta != "latest":
        token = _checked(call, read_token(delta))
        return token._replace(until=max(until, token.since), cursor=0)
    now, directory = int(call.world.now().timestamp()), call.world.directory
    chosen(call)
    since, empty = (until, 0) if delta == "latest" else (-1, call.world.settings.users_empty_pages)
    select, ids = call.query.get("$select", ""), _wanted_ids(call.query.get("$filter", ""))
    return Token(directory.epoch, now, since, until, 0, empty, select, ids)


def _checked(call: Call, token: Token) -> Token:
    if token.epoch == call.world.directory.epoch and call.world.now().timestamp() - token.issued <= LIFETIME:
        return token
    headers = None
    if call.world.settings.delta_reset == "location":
        query = {"$select": token.select} if token.select else {}
        headers = {"Location": call.link("/users/delta", **query) + ("&" if query else "?") + "$deltatoken="}
    message = "Resync required. Replace any local items with the server's version (including deletes)."
    raise GraphError(410, "resyncRequired", message, headers)


def _wanted_ids(text: str) -> list[str]:
    """The ids of a $filter, the only thing that a delta can be filtered by."""
    if not text:
        return []
    found = [_ID.fullmatch(part) for part in re.split(r"(?i)\bor\b", text)]
    ids = [match[1].lower() for match in found if match]
    if len(ids) != len(found) or len(ids) > MOST_IDS:
        raise unsupported(f"A delta can be filtered by id alone, and by {MOST_IDS} of them at most.")
    return ids


def _page_size(call: Call) -> int:
    text = call.preferences.get("odata.maxpagesize", "")
    if not text.isdecimal() or len(text) > 9 or int(text) == 0:
        return DEFAULT_PAGE
    call.applied.append(f"odata.maxpagesize={text}")
    return min(int(text), LARGEST_PAGE)


def _pending(directory: Directory, token: Token) -> list[Change]:
    """What the rest of the round is about."""
    if token.since >= 0:
        found = directory.changed(token.since, token.until)
    else:
        first = [(history[0], directory.state(user_id, token.until)) for user_id, history in directory.of.items()]
        found = [change._replace(after=state) for change, state in first if state is not None]
    wanted = set(token.ids)
    return [change for change in found if change.sequence > token.cursor and (not wanted or change.id in wanted)]


def _shown(call: Call, token: Token, change: Change) -> list[Json]:
    """The row of one change; none when nothing changed that was selected."""
    names, user = chosen(call), change.after
    before = call.world.directory.state(change.id, token.since) if token.since >= 0 else None
    if user is None:
        return [{"id": change.id, "@removed": {"reason": change.reason}}] if before else []
    now = pick_user(user, names)
    if before is None:
        return [_set(now) | {"id": change.id}]
    old = pick_user(before, names)
    changed = {name: value for name, value in now.items() if old[name] != value}
    if not changed:
        return []
    if call.preferences.get("return") == "minimal":
        return [changed | {"id": change.id}]
    return [_set(now) | changed | {"id": change.id}]


def _set(user: Json) -> Json:
    """What has a value: a delta says nothing of the rest."""
    return {name: value for name, value in user.items() if value is not None}
