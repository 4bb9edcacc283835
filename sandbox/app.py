"""The sandbox as one ASGI application: sign-in, Graph, control API and page on one origin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from sandbox import auth
from sandbox.batch import answer_batch, read_query
from sandbox.calls import JSON_TYPE, Answer, Call
from sandbox.control import control_app
from sandbox.errors import GraphError, unreadable
from sandbox.faults import Request
from sandbox.pipeline import LOST, answer, refused, request_of, shaped
from sandbox.server import drop
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
_FIXED = [
    (b"cache-control", b"private"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-ms-ags-diagnostic", DIAGNOSTIC.encode()),
]


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
        else:
            await self._login(scope, receive, send)

    async def _graph(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        call = Call(
            world=self.world,
            method=scope["method"],
            segments=[unquote(part) for part in scope["raw_path"].decode("latin-1").strip("/").split("/")[1:]],
            query=read_query(scope["query_string"].decode("latin-1")),
            headers=headers,
        )
        found = await self._answer(call, await read_body(receive))
        request_id = str(uuid4())
        more = [
            (b"request-id", request_id.encode()),
            (b"client-request-id", headers.get("client-request-id", request_id).encode("latin-1")),
        ]
        await reply(scope, send, found, more)

    async def _answer(self, call: Call, body: bytes) -> Answer | None:
        try:
            claims = auth.bearer(self.world, call.headers.get("authorization", ""))
            call.roles, call.client = frozenset(claims.get("roles", ())), claims["appid"]
            call.body = read_json(body) if body else None
            if call.segments == ["$batch"]:
                return await self._batch(call)
        except GraphError as error:
            return refused(self.world, error)
        return await answer(call)

    async def _batch(self, call: Call) -> Answer | None:
        call.template = "/$batch"
        self.world.audit.plain[f"{call.method} /$batch"] += 1
        if call.method != "POST":
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        fault = self.world.faults.find(request_of(call, None)) if self.world.faults.rules else None
        if fault is None:
            return await answer_batch(call)
        await self.world.clock.sleep(fault.effect.get("delay") or 0)
        works = not ("status" in fault.effect or fault.effect.get("drop") == "before") or fault.effect.get("commit")
        found = await answer_batch(call) if works else Answer(200)
        return shaped(self.world, fault, lambda: found)

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        parts = [part for part in scope["path"].split("/") if part]
        found = await self._entra(scope, parts, body)
        await reply(
            scope, send, found, [(b"x-ms-request-id", str(uuid4()).encode()), (b"x-ms-ests-server", b"2.1.1 - SANDBOX")]
        )

    async def _entra(self, scope: Scope, parts: list[str], body: bytes) -> Answer | None:
        tenant, rest = (parts[0], "/".join(parts[1:])) if parts else ("", "")
        if rest in _ENTRA:
            self.world.audit.token[f"{_ENTRA[rest]} /{rest}"] += 1
        if rest == "oauth2/v2.0/token" and scope["method"] == "POST":
            return await self._token(scope, tenant, body)
        if rest in ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration"):
            return auth.discovery(self.world, tenant, v2=rest.startswith("v2.0"))
        if rest == "discovery/v2.0/keys":
            return Answer(200, {"keys": [self.world.token_key.as_jwk()]})
        if tenant == "common" and rest == "discovery/instance":
            return Answer(200, _instances(self.world))
        return Answer(404, {"error": "not_found"}, {"Content-Type": "application/json"})

    async def _token(self, scope: Scope, tenant: str, body: bytes) -> Answer | None:
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        request = Request("POST", scope["path"], "/oauth2/v2.0/token", is_token=True)
        fault = self.world.faults.find(request) if self.world.faults.rules else None

        def issue() -> Answer:
            return auth.issue(self.world, tenant, auth.read_form(body), authorization)

        if fault is None:
            return issue()
        await self.world.clock.sleep(fault.effect.get("delay") or 0)
        if "token" in fault.effect or ("status" in fault.effect and "body" not in fault.effect):
            found = auth.forged(self.world, fault.effect)
            found.headers["x-sandbox-fault"] = fault.id
            return found
        return shaped(self.world, fault, issue)


_ENTRA = {
    "oauth2/v2.0/token": "POST",
    "v2.0/.well-known/openid-configuration": "GET",
    ".well-known/openid-configuration": "GET",
    "discovery/instance": "GET",
}


def _instances(world: World) -> dict[str, Any]:
    host = world.origin.removeprefix("https://")
    metadata = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
    endpoint = f"{world.origin}/{world.tenant_id}/v2.0/.well-known/openid-configuration"
    return {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata}


async def read_body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise unreadable(
            "Unable to read JSON request payload. Please ensure payload is of valid JSON format."
        ) from None


def content_of(found: Answer) -> bytes:
    """The bytes of an answer's body: JSON, or text as it stands."""
    if found.body is None:
        return b""
    return (found.body if isinstance(found.body, str) else json.dumps(found.body, separators=(",", ":"))).encode()


async def reply(scope: Scope, send: Send, found: Answer | None, more: list[tuple[bytes, bytes]]) -> None:
    """Send an answer; a lost one closes the connection instead."""
    if found is LOST:
        drop(scope["client"])
        await asyncio.sleep(0.01)  # let the server notice, so that it does not answer in our place
        return
    content = content_of(found)
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in found.headers.items()]
    if content and not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", JSON_TYPE.encode()))
    fixed = [entry for entry in _FIXED if entry[0] not in {name for name, _ in headers}]
    headers += [*fixed, *more, (b"content-length", str(len(content)).encode())]
    if found.status == 204:
        content, headers = b"", headers[:-1]
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
