"""What a huge calendar adds to the memory of a worker: at its first sync, at a census and at a round of changes."""

import argparse
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bench import company
from bench.company import Json
from bench.idle import took
from bench.stage import Stage
from events.models import ExternalEvent
from instructors.models import CalendarMapping

TARGET = 60.0  # megabytes
SMALL = 150  # items of the calendars beside it, of which the first makes the worker warm
EVERY_DAY = 390  # occurrences of one series: about as many days as its window has to come
SHARE_IN_SERIES = 0.4
SHARE_NEW = 0.1  # of the items, added before the round of changes


def measure(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """The megabytes that a calendar of `options.items` items adds, and those that one of a few items does."""
    warm, small, huge = company.found(stage, [SMALL, SMALL, 0])
    fill(stage, huge, options.items)
    return {
        "items": options.items,
        "of_them_in_series": len(list(series(options.items))) * EVERY_DAY,
        "huge": figures(stage, warm, huge, options.items),
        "small": {"first_sync": grown(warm, small, SMALL)},
        "target_mb": TARGET,
    }


def figures(stage: Stage, warm: CalendarMapping, mapping: CalendarMapping, items: int) -> dict[str, Any]:
    """What each kind of round added to a worker of its own, which has synced another calendar before."""
    first = grown(warm, mapping, items)
    CalendarMapping.objects.filter(pk=mapping.pk).update(census_at=None)
    census = grown(warm, mapping, items)
    new = int(items * SHARE_NEW)
    fill(stage, mapping, new)
    changes = grown(warm, mapping, items + new)
    return {"first_sync": first, "census": census, "new": new, "round_of_changes": changes}


def grown(warm: CalendarMapping, mapping: CalendarMapping, items: int) -> dict[str, float]:
    """What one sync of `mapping` took and added; it must end with so many `items` mirrored."""
    one = took("bench.memory_worker", {"warm": warm.pk, "measured": mapping.pk})[0]
    stored = ExternalEvent.objects.filter(mapping=mapping).count()
    assert stored == items, f"{stored} of {items} items were stored"
    return {name: round(one[name], 1) for name in ("grown_mb", "kept_mb", "worker_mb", "wall")}


def fill(stage: Stage, mapping: CalendarMapping, items: int) -> None:
    """Add so many items to a calendar: single ones, and occurrences of series."""
    many = list(series(items))
    singles = [single(place) for place in range(items - len(many) * EVERY_DAY)]
    stage.control("POST", "people", {"id": mapping.remote_user_id, "events": [*many, *singles]})


def series(items: int) -> Iterator[Json]:
    """Series whose occurrences are a share of so many items."""
    start = company.today() + timedelta(days=1, hours=company.FIRST_HOUR)
    span = {"type": "numbered", "startDate": f"{start:%Y-%m-%d}", "numberOfOccurrences": EVERY_DAY}
    for number in range(int(items * SHARE_IN_SERIES) // EVERY_DAY):
        recurrence = {"pattern": {"type": "daily", "interval": 1}, "range": span}
        yield {"subject": f"Daily {number}", "showAs": "busy", "recurrence": recurrence} | company.times(start, 1)


def single(place: int) -> Json:
    """An item somewhere in the window, with a long title and a place as people write them."""
    start = company.today() + timedelta(days=1 + place % EVERY_DAY, hours=place // EVERY_DAY % 23)
    text = f"Item {place}: a talk with somebody about something that takes an hour"
    return {"subject": text, "location": {"displayName": "Room 12"}, "showAs": "busy", **company.times(start, 1)}
