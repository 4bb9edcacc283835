"""What a sandbox was asked and what it answered, one JSON object a line. Not there unless somebody records."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Json = dict[str, Any]

_HIDDEN = "REDACTED"
_FAULT = "x-sandbox-fault"
_OWN = "/_sandbox"  # the control API, which no Graph has
_FORM_SECRET = re.compile(r"\b(client_secret|client_assertion)=[^&]*")


class Recorder:
    """The application with a record of what it is asked and what it answers, appended to a file.

    Left out are answers that never left, those that a fault shaped, also as a part of a batch, and the control API.
    Several sandboxes may write to one file: a line is one write at its end.
    """

    def __init__(self, application: Application, path: Path) -> None:
        self.application = application
        self.file = path.open("ab", buffering=0)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith(_OWN):
            await self.application(scope, receive, send)
            return
        asked: list[bytes] = []
        answered: list[Message] = []

        async def overhear() -> Message:
            message = await receive()
            asked.append(message.get("body", b""))
            return message

        async def note(message: Message) -> None:
            answered.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.write(exchange_of(scope, b"".join(asked), answered))  # before the client can read the file
            await send(message)

        await self.application(scope, overhear, note)

    def write(self, exchange: Json) -> None:
        """Append an exchange, less what a fault shaped of it."""
        honest = without_faults(exchange)
        if honest is not None:
            with suppress(RecursionError):  # nested so deeply that no contract knows it
                self.file.write(json.dumps(honest).encode() + b"\n")


def exchange_of(scope: Message, asked: bytes, answered: list[Message]) -> Json:
    """One exchange as data, its secrets hidden."""
    headers = _read_headers(scope["headers"])
    url = f"https://{headers.get('host', '')}{scope['raw_path'].decode('latin-1')}"
    query = scope["query_string"].decode("latin-1")
    content = b"".join(message.get("body", b"") for message in answered)
    return {
        "method": scope["method"],
        "url": f"{url}?{query}" if query else url,
        "req_headers": headers | ({"authorization": _HIDDEN} if "authorization" in headers else {}),
        "req_body": _hide(_read(asked)),
        "status": answered[0]["status"],
        "resp_headers": _read_headers(answered[0]["headers"]),
        "resp_body": _hide(_read(content)),
    }


def without_faults(exchange: Json) -> Json | None:
    """The exchange less what a fault shaped: parts of a batch with their requests, or all of it (None)."""
    if _FAULT in exchange["resp_headers"]:
        return None
    if exchange["status"] != 200 or not exchange["url"].endswith("/$batch"):
        return exchange
    parts = [part for part in exchange["resp_body"]["responses"] if _FAULT not in part["headers"]]
    answered = {part["id"] for part in parts}  # what is lost was lost by a fault
    requests = [item for item in exchange["req_body"]["requests"] if item["id"] in answered]
    if not requests:
        return None
    return exchange | {
        "req_body": exchange["req_body"] | {"requests": requests},
        "resp_body": exchange["resp_body"] | {"responses": parts},
    }


def _read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


def _read(content: bytes) -> Any:
    """A body as JSON, or as text where it is none; None for no body."""
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def _hide(body: Any) -> Any:
    if isinstance(body, str):
        return _FORM_SECRET.sub(rf"\1={_HIDDEN}", body)
    if isinstance(body, dict) and "access_token" in body:
        return body | {"access_token": _HIDDEN}
    return body
