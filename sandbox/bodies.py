"""What stands in the body of a request: read up to a limit, and understood strictly."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_body(receive: Receive, most: int) -> bytes | None:
    """The whole body; None when it is larger than `most` bytes."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= most:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks) if size <= most else None


def read_json(body: bytes) -> Any:
    """The value of a JSON text; ValueError for what is none, and for what could not be written again as JSON."""
    try:
        value = _STRICT.decode(body.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
    if b"\\ud" in body or b"\\uD" in body:
        json.dumps(value, ensure_ascii=False).encode()  # half a character is a ValueError
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"'{name}' is no number of JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse(text)
    return value


_STRICT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
