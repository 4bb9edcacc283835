"""The sandbox as one ASGI application: sign-in, Graph, control API and page on one origin."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from itertools import count
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from sandbox import auth, entra
from sandbox.batch import answer_batch, read_query
from sandbox.bodies import read_body, read_json
from sandbox.calls import JSON_TYPE, Answer, Call
from sandbox.control import control_app
from sandbox.errors import GraphError, name_request, unreadable
from sandbox.pipeline import LOST, answer, refused, turned_away
from sandbox.server import drop, stick, stuck, stuck_answer
from sandbox.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_SERVER = {
    "DataCenter": "North Europe",
    "Slice": "E",
    "Ring": "4",
    "ScaleUnit": "000",
    "RoleInstance": "DB1PEPF00000001",
}
DIAGNOSTIC = json.dumps({"ServerInfo": _SERVER}, separators=(",", ":"))
_ENTRA = [(b"cache-control", b"private"), (b"strict-transport-security", b"max-age=31536000")]
_JSON = (b"content-type", JSON_TYPE.encode())
_encode = json.JSONEncoder(separators=(",", ":")).encode
# Request ids are GUIDs, no two of them alike; to draw each of them anew would cost more than all else in the head.
_IDS, _NUMBERS = str(uuid4())[:24], count(1)
_GRAPH = [*_ENTRA, (b"x-ms-ags-diagnostic", DIAGNOSTIC.encode())]


class Sandbox:
    """Hands each request to the part that it is meant for. Graph takes the short way, past the router."""

    def __init__(self, world: World, facts: dict[str, Any]) -> None:
        self.world = world
        self.control = control_app(world, facts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith("/v1.0/"):
            await self._graph(scope, receive, send)
        elif path == "/" or path.startswith("/_sandbox"):
            await self.control(scope, receive, send)
        elif path in ("/v1.0", "/beta") or path.startswith("/beta/"):
            await self._graph(scope, receive, send)
        else:
            await self._login(scope, receive, send)

    async def _graph(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if len(headers) < len(scope["headers"]):
            headers = _joined(scope["headers"])
        call = Call(
            world=self.world,
            method=scope["method"],
            segments=_segments(scope["raw_path"].decode("latin-1")),
            query=read_query(scope["query_string"].decode("latin-1")),
            headers=headers,
        )
        body = await read_body(receive, self.world.settings.max_body_bytes)
        found = stuck_answer(scope["client"], self.world.beginnings) if stuck else None
        if found is None:
            found = await self._answer(call, body)
        if found is not LOST and (found.sticks or (found.status == 503 and self.world.settings.sticky_503)):
            stick(scope["client"], self.world.beginnings, found)
        request_id = f"{_IDS}{next(_NUMBERS):012x}"
        client_id = headers.get("client-request-id", request_id)
        if found is not LOST and found.status >= 400:
            name_request(found.body, request_id, client_id)
        more = [(b"request-id", request_id.encode()), (b"client-request-id", client_id.encode("latin-1"))]
        await reply(scope, send, found, more)

    async def _answer(self, call: Call, body: bytes | None) -> Answer | None:
        try:
            claims = auth.bearer(self.world, call.headers.get("authorization", ""))
            call.roles, call.client = frozenset(claims.get("roles", ())), claims.get("appid", "")
            call.body = _content(call, body) if body != b"" else None
        except GraphError as error:
            return turned_away(call, error)
        if call.segments == ["$batch"]:
            return await self._batch(call)
        return await answer(call)

    async def _batch(self, call: Call) -> Answer | None:
        call.template = "/$batch"
        if call.method != "POST":
            message = "Specified HTTP method is not allowed for the request target."
            return turned_away(call, GraphError(405, "Request_BadRequest", message))
        self.world.audit.plain["POST /$batch"] += 1
        try:
            return await answer_batch(call)
        except GraphError as error:
            return refused(self.world, error)

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, self.world.settings.max_body_bytes)
        if body is None:
            found: Answer | None = Answer(413, {"error": "request_too_large"}, {"Content-Type": "application/json"})
        else:
            found = await entra.answer(self.world, scope, body)
        more = [(b"x-ms-request-id", str(uuid4()).encode()), (b"x-ms-ests-server", b"2.1.1 - SANDBOX")]
        await reply(scope, send, found, more, _ENTRA)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of a request that has some of them several times, as preferences may come."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        found[name.decode("latin-1")].append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in found.items()}


def _segments(path: str) -> list[str]:
    """The parts of a path below the version; another version than v1.0 stays among them, and is not found."""
    parts = path.strip("/").split("/")
    if "%" in path:
        parts = [unquote(part) for part in parts]
    return parts[1:] if parts[0] == "v1.0" else parts


def _content(call: Call, body: bytes | None) -> Any:
    """The JSON value of a request's body; GraphError when it is too large, of another kind, or cannot be read."""
    if body is None:
        raise GraphError(413, "RequestEntityTooLarge", "The request is larger than the service takes.")
    if call.method == "GET":
        return None
    kind = call.headers.get("content-type", "")
    if kind and "json" not in kind.lower():
        raise GraphError(415, "UnsupportedMediaType", f"The content type '{kind}' is not supported.")
    try:
        return read_json(body)
    except ValueError:
        message = "Unable to read JSON request payload. Please ensure payload is of valid JSON format."
        raise unreadable(message) from None


def content_of(found: Answer) -> bytes:
    """The bytes of an answer's body: JSON, or text as it stands."""
    if found.body is None:
        return b""
    return (found.body if isinstance(found.body, str) else _encode(found.body)).encode()


async def reply(
    scope: Scope,
    send: Send,
    found: Answer | None,
    more: list[tuple[bytes, bytes]],
    always: list[tuple[bytes, bytes]] = _GRAPH,
) -> None:
    """Send an answer; a lost one closes the connection instead."""
    if found is LOST:
        drop(scope["client"])
        await asyncio.sleep(0.01)  # let the server notice, so that it does not answer in our place
        return
    content = content_of(found)
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in found.headers.items()]
    names = {name for name, _ in headers}
    if content and b"content-type" not in names:
        headers.append(_JSON)
    headers += [entry for entry in always if entry[0] not in names]
    headers += [*more, (b"content-length", str(len(content)).encode())]
    if found.status == 204:
        content, headers = b"", headers[:-1]
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
