"""Ids of events in the five formats that Exchange knows, and from one into another."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.calls import Answer, Call
from sandbox.errors import GraphError, bad_request, malformed_id
from sandbox.items import IMMUTABLE, ORDINARY, Json, read_id

MOST = 1000
# What stands before the part that tells the item. An ewsId is a restId in the ordinary alphabet of base64.
_PREFIXES = {
    "entryId": "AAAAAFe_kuFUnk5OrkpxbNW3oZoHAB8A",
    "ewsId": ORDINARY,
    "immutableEntryId": "AAAAAB2EAxGqZhHNm8gAqgAvhFoNAAAA",
    "restId": ORDINARY,
    "restImmutableEntryId": IMMUTABLE,
}


def translate_ids(call: Call) -> Answer:
    """Ids of events from one format into another; an id that cannot be read is told beside the others."""
    source, target = (_kind(call, name) for name in ("sourceIdType", "targetIdType"))
    given = call.details.get("inputIds")
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise bad_request("The property 'inputIds' is a list of ids.", "ErrorInvalidParameter")
    if len(given) > MOST:
        raise bad_request(f"At most {MOST} ids can be translated at once.", "ErrorInvalidParameter")
    key = call.mailbox.key
    context = call.context(f"users('{quote(call.ids[0])}')/translateExchangeIds")
    value = [_translated(entry, source, target, key) for entry in given]
    return Answer(200, {"@odata.context": context, "value": value})


def _kind(call: Call, name: str) -> str:
    given: Any = call.details.get(name)
    if not isinstance(given, str) or given not in _PREFIXES:
        raise bad_request(f"The value of '{name}' is no format of ids.", "ErrorInvalidParameter")
    return given


def _translated(text: str, source: str, target: str, key: bytes) -> Json:
    try:
        told = _told(text, source)
        read_id(ORDINARY + told, key)
    except GraphError as error:
        return {"sourceId": text, "targetId": None, "errorDetails": {"code": error.code, "message": error.message}}
    written = _PREFIXES[target] + told
    return {"sourceId": text, "targetId": _as_ews(written) if target == "ewsId" else written}


def _told(text: str, kind: str) -> str:
    """The part of an id that tells the item; GraphError when it is not of this kind."""
    if kind == "ewsId":
        text = text.replace("/", "-").replace("+", "_")
    if not text.startswith(_PREFIXES[kind]):
        raise malformed_id()
    return text[len(_PREFIXES[kind]) :]


def _as_ews(text: str) -> str:
    return text.replace("-", "/").replace("_", "+")
