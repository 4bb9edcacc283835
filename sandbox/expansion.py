"""$expand on events: which of the things that hang on an event an answer shows besides its properties."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from sandbox.calls import Call
from sandbox.errors import GraphError, bad_request
from sandbox.extensions import shown_extensions
from sandbox.items import Item, Json, canonical_property_id
from sandbox.rendering import extended_properties, multi_value_properties, render, render_calendar
from sandbox.series import instance_on

Wanted = Mapping[str, frozenset[str]]  # the ids that stand in the filter of each expansion
SINGLE, MULTI = "singleValueExtendedProperties", "multiValueExtendedProperties"
NAMES = {
    name.lower(): name for name in (SINGLE, MULTI, "extensions", "attachments", "calendar", "exceptionOccurrences")
}
_ID = re.compile(r"(?i)\bid\s+eq\s+'((?:[^']|'')*)'")
_PIECE = re.compile(r"'(?:[^']|'')*'|[(),]|[^'(),]+|'")


@lru_cache(maxsize=256)
def expansions(text: str | None) -> Wanted:
    """What an $expand asks for; GraphError when an event has nothing of that name or the filter names no property."""
    found: dict[str, frozenset[str]] = {}
    for part in _parts(text or ""):
        given, _, inner = part.partition("(")
        name = NAMES.get(given.strip().lower())
        if name is None:
            raise bad_request(
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{given.strip()}' on type 'microsoft.graph.event'.",
                "BadRequest",
            )
        ids = [match.replace("''", "'") for match in _ID.findall(inner)]
        if name in (SINGLE, MULTI) and not ids:
            raise GraphError(
                400,
                "ErrorInvalidUrlQueryFilter",
                "The filter expression for $expand does not match to a single extended property and a value "
                "restriction.",
            )
        found[name] = frozenset(ids)
    return MappingProxyType(found)


def _parts(text: str) -> Iterator[str]:
    """Yield the pieces between the commas that stand in no parentheses and in no text."""
    part, depth = "", 0
    for piece in _PIECE.findall(text):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "," and depth == 0:
            yield part
            part = ""
        else:
            part += piece
    if part.strip():
        yield part


def expand(call: Call, event: Json, item: Item) -> Json:
    """`event` with what the query expands; extended properties stand there only if the item has them."""
    if "$expand" not in call.query:
        return event
    wanted = expansions(call.query["$expand"])
    for name, shown in _shown(call, item, wanted):
        if shown or name not in (SINGLE, MULTI):
            event[name] = shown
    return event


def _shown(call: Call, item: Item, wanted: Wanted) -> Iterator[tuple[str, Json | list[Json]]]:
    guids = call.world.settings.extended_property_guids
    if SINGLE in wanted:
        yield SINGLE, extended_properties(item, _canonical(wanted[SINGLE]), guids)
    if MULTI in wanted:
        yield MULTI, multi_value_properties(item, _canonical(wanted[MULTI]), guids)
    if "extensions" in wanted:
        yield "extensions", shown_extensions(item, wanted["extensions"])
    if "attachments" in wanted:
        yield "attachments", []
    if "calendar" in wanted:
        yield "calendar", render_calendar(call.person, call.mailbox.calendars[item.calendar])
    if "exceptionOccurrences" in wanted:
        days = sorted(map(date.fromisoformat, item.exceptions))
        yield "exceptionOccurrences", [render(call.person, instance_on(item, day), call.style) for day in days]


def _canonical(ids: frozenset[str]) -> set[str]:
    return {canonical_property_id(name) for name in ids}
