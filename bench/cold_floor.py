"""The least that a first sync can cost: the same requests by bare `requests` over threads, their items stored as rows.

A program (`python -m bench.cold_floor`): reads where to and what from standard input, does it all twice from an empty
table and prints what each time took. What is left out is what the engine is for: leases, copies of ours, series,
resuming, errors, places in the chain of changes. What is kept is what no program that ends with these rows can do
without, each in the quickest way known to us: parsing every answer, instants from their text, one statement for the
rows of a batch, its arrays in binary. The token and the connection to the database do not count.
"""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.figures import memory, taken
from bench.floor import THREADS, WIDTH, fetch_token, send

Row = tuple[Any, ...]
COLUMNS = {
    "mapping_id": "bigint",
    "remote_id": "text",
    "series_id": "text",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
    "is_all_day": "boolean",
    "show_as": "text",
    "is_private": "boolean",
    "title": "text",
    "etag": "text",
    "seen_round": "integer",
    "found_at": "timestamptz",
}
KEPT = ("mapping_id", "remote_id", "found_at")
UPSERT = (
    f"INSERT INTO events_externalevent ({', '.join(COLUMNS)})"  # noqa: S608 (all of it is above)
    f" SELECT * FROM unnest({', '.join(f'%b::{kind}[]' for kind in COLUMNS.values())})"
    " ON CONFLICT (mapping_id, remote_id) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS if name not in KEPT)
)


def main() -> None:
    given = json.load(sys.stdin)
    token = fetch_token(given["line"])
    groups = [slice(first, first + WIDTH) for first in range(0, len(given["mappings"]), WIDTH)]
    url = os.environ["DATABASE_URL"]
    with ThreadPoolExecutor(THREADS) as pool, psycopg.connect(url, autocommit=True) as connection:

        def read_and_store_all() -> None:
            for rows in pool.map(lambda group: read(given, token, group), groups):
                connection.execute(UPSERT, [list(column) for column in zip(*rows, strict=True)])

        before, takes = memory()["now_mb"], []
        for _ in range(2):
            connection.execute("TRUNCATE events_externalevent")
            took = taken(read_and_store_all)
            peak = memory()["peak_mb"]
            takes.append({**took, "peak_mb": peak, "grown_mb": peak - before})
        print(json.dumps(takes))


def read(given: dict[str, Any], token: str, group: slice) -> list[Row]:
    """The rows of a batch of mailboxes: the start of their chains of changes, all in one page, then their census."""
    for body in bodies(send(given["line"], token, given["deltas"][group])):
        assert body["@odata.deltaLink"], "the floor knows one page a mailbox"
    answer = send(given["line"], token, given["censuses"][group])
    return [
        row
        for mapping, body in zip(given["mappings"][group], bodies(answer), strict=True)
        for row in rows(mapping, body)
    ]


def bodies(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What a batch answered, in the order of its parts; they may come in any."""
    parts = sorted(answer["responses"], key=lambda part: int(part["id"]))
    assert all(part["status"] == 200 for part in parts), "the floor's requests were refused"
    return [part["body"] for part in parts]


def rows(mapping: int, body: dict[str, Any]) -> Iterator[Row]:
    """What is stored of each item: no title, as the integration's privacy says, and nothing cancelled or declined."""
    assert "@odata.nextLink" not in body, "the floor knows one page a mailbox"
    found_at = datetime.now(UTC)
    for item in body["value"]:
        if item["isCancelled"] or item["responseStatus"]["response"] == "declined":
            continue
        yield (
            mapping,
            item["id"],
            item.get("seriesMasterId") or "",
            instant(item["start"]),
            instant(item["end"]),
            item["isAllDay"],
            item["showAs"],
            item["sensitivity"] in ("private", "confidential"),
            "",
            item["@odata.etag"],
            1,
            found_at,
        )


def instant(value: dict[str, str]) -> datetime:
    """The requests ask for UTC."""
    return datetime.fromisoformat(value["dateTime"]).replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
