"""What is kept of somebody else's items: never a body, an attendee or a private title."""

from collections.abc import Collection
from typing import Any

import psycopg
from django.db import connection
from django.utils.timezone import now

from events.models import EARLIEST, LATEST
from instructors.models import CalendarMapping
from integrations.providers.types import RemoteItem

# Arrays in binary, in one statement: a first sync writes thousands of rows, and one model instance and twelve
# parameters for each cost it ten times as much. What is in `KEPT` stays as the row was first written.
COLUMNS = {
    "remote_id": "text",
    "series_id": "text",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
    "is_all_day": "boolean",
    "show_as": "text",
    "is_private": "boolean",
    "title": "text",
    "etag": "text",
}
KEPT = {"remote_id"}
UPSERT = (
    f"INSERT INTO events_externalevent (mapping_id, seen_round, found_at, {', '.join(COLUMNS)})"  # noqa: S608
    f" SELECT %s, %s, %s, item.* FROM unnest({', '.join(f'%b::{kind}[]' for kind in COLUMNS.values())}) AS item"
    " ON CONFLICT (mapping_id, remote_id) DO UPDATE SET seen_round = EXCLUDED.seen_round, "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS if name not in KEPT)
)


def store(mapping: CalendarMapping, items: Collection[RemoteItem]) -> None:
    """Write `items`, of which no two have the same id, as external events of `mapping`, in the current transaction."""
    arrays = columns(items, shows_titles=mapping.integration.shows_titles)
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:  # Django's sends text only
        cursor.execute(UPSERT, [mapping.pk, mapping.census_round, now(), *(arrays[name] for name in COLUMNS)])


def columns(items: Collection[RemoteItem], *, shows_titles: bool) -> dict[str, list[Any]]:
    return {
        "remote_id": [item.remote_id for item in items],
        "series_id": [item.series_id for item in items],
        "starts_at": [min(max(item.starts_at, EARLIEST), LATEST) for item in items],
        "ends_at": [min(max(item.ends_at, EARLIEST), LATEST) for item in items],
        "is_all_day": [item.is_all_day for item in items],
        "show_as": [item.show_as for item in items],
        "is_private": [item.is_private for item in items],
        "title": [item.subject if shows_titles and not item.is_private else "" for item in items],
        "etag": [item.etag[:255] for item in items],
    }
