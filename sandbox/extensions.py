"""Open extensions: data of an application's own on an event, found by a name and not filterable by content."""

from __future__ import annotations

from typing import Any

from sandbox.errors import unreadable
from sandbox.items import Item, Json
from sandbox.properties import typed

TYPE = "microsoft.graph.openTypeExtension"
PREFIX = "Microsoft.OutlookServices.OpenTypeExtension."


def read_extensions(body: Json, before: list[Json]) -> list[Json]:
    """The open extensions of an item after a request: those it had, changed and added to by name."""
    found = {entry["extensionName"]: entry for entry in before}
    for given in typed("extensions", body.get("extensions") or [], list):
        entry = _extension(given)
        found[entry["extensionName"]] = entry
    return list(found.values())


def _extension(given: Any) -> Json:
    name = typed("extensions", given, dict).get("extensionName")
    if not isinstance(name, str) or not name:
        raise unreadable("An open extension needs an extensionName.")
    data = {key: value for key, value in given.items() if not key.startswith("@") and key != "id"}
    return {"@odata.type": f"#{TYPE}", "id": PREFIX + name, **data}


def shown_extensions(item: Item, wanted: frozenset[str]) -> list[Json]:
    """The extensions of an item with these names; all of them when no name is given."""
    names = {name.lower().removeprefix(PREFIX.lower()) for name in wanted}
    return [entry for entry in item.extensions if not names or entry["extensionName"].lower() in names]
