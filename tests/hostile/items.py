"""The corpus as items of a calendar: in each, one property is hostile."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.conftest import tomorrow
from tests.hostile.corpus.ids import ETAGS, IDS
from tests.hostile.corpus.moments import MOMENTS, SPANS
from tests.hostile.corpus.texts import TEXTS
from tests.hostile.corpus.types import TYPES
from tests.hostile.corpus.zones import ZONES
from tests.hostile.graph import Item, item

PROPERTIES = (
    "@odata.etag",
    "type",
    "subject",
    "start",
    "end",
    "isAllDay",
    "isCancelled",
    "showAs",
    "sensitivity",
    "location",
    "responseStatus",
    "seriesMasterId",
    "transactionId",
    "singleValueExtendedProperties",
    "singleValueExtendedProperties[]",
)
SHORT = 10_000  # texts up to here stand for the long ones, where a page would become too large


def day(found: re.Match[str]) -> str:
    """`{in 3}` as the date in three days, a midnight where no time follows."""
    moment = tomorrow(0) + timedelta(days=int(found[1]) - 1)
    return f"{moment:%Y-%m-%d}" + ("" if found[2] else "T00:00:00")


def span(start: str, end: str) -> dict[str, Any]:
    told = [re.sub(r"\{in (-?\d+)\}(?=(T)?)", day, text) for text in (start, end)]
    return {name: {"dateTime": text, "timeZone": "UTC"} for name, text in zip(("start", "end"), told, strict=True)}


def of_texts() -> Iterator[Item]:
    for number, text in enumerate(TEXTS):
        yield item(f"subject-{number}", subject=text)
        if len(text) < SHORT:
            yield item(f"location-{number}", location={"displayName": text})
            yield item(f"show-{number}", showAs=text)
            yield item(f"key-{number}", transactionId=text)


def of_moments() -> Iterator[Item]:
    for number, text in enumerate(MOMENTS):
        yield item(f"start-{number}", start={"dateTime": text, "timeZone": "UTC"})
        yield item(f"end-{number}", end={"dateTime": text, "timeZone": "Tokyo Standard Time"})


def of_zones() -> Iterator[Item]:
    for number, zone in enumerate(ZONES):
        yield item(f"zone-{number}", start={"dateTime": "2026-01-01T09:00:00", "timeZone": zone})


def of_spans() -> Iterator[Item]:
    for number, (start, end, is_all_day) in enumerate(SPANS):
        yield item(f"span-{number}", isAllDay=is_all_day, **span(start, end))


def of_ids() -> Iterator[Item]:
    for remote_id in IDS:
        yield item(remote_id)
    for number, etag in enumerate(ETAGS):
        yield item(f"etag-{number}", **{"@odata.etag": etag})


def of_series() -> Iterator[Item]:
    for number, remote_id in enumerate(IDS):
        if len(remote_id) < SHORT:
            yield item(f"part-{number}", seriesMasterId=remote_id, type="occurrence")


def of_types() -> Iterator[Item]:
    for number, value in enumerate(TYPES):
        if value is not None:
            yield item("", id=value)
        for name in PROPERTIES:
            told = {name.removesuffix("[]"): [value] if name.endswith("[]") else value}
            yield item(f"type-{number}-{name}", **told)


KINDS = {
    "texts": of_texts,
    "moments": of_moments,
    "zones": of_zones,
    "spans": of_spans,
    "ids": of_ids,
    "series": of_series,
    "types": of_types,
}


def size(one: Item) -> int:
    return len(json.dumps(one))


def pages(items: list[Item], *, largest: int = 8 * 2**20) -> list[list[Item]]:
    """`items` on as many pages as it takes for none to be larger than that."""
    found: list[list[Item]] = [[]]
    room = largest
    for one in items:
        room -= (taken := size(one))
        if room < 0:
            found.append([])
            room = largest - taken
        found[-1].append(one)
    return found
