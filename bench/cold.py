"""A first sync, beside a program that sends the same requests, decodes the same items and only stores them."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bench import company
from bench.cold_cycle import forget
from bench.floor import WIDTH
from bench.idle import Pair, Took, middle, took
from bench.stage import Stage
from events.sync.state import new_window
from instructors.models import CalendarMapping
from integrations.connection import connect
from integrations.models import Integration
from integrations.providers.microsoft.client import part

TARGET = 3.0  # times the floor's CPU
ITEMS = 150  # in each mailbox, of which 30 are occurrences of a series: see company.person
STORED = (
    "SELECT count(*), md5(string_agg(item::text, '' ORDER BY item.mapping_id, item.remote_id))"
    " FROM (SELECT mapping_id, remote_id, series_id, starts_at, ends_at, is_all_day, show_as, is_private, title, etag"
    " FROM events_externalevent) AS item"
)


def measure(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of a first sync of `options.first_sync` mailboxes: medians of rounds in which both take turns.

    Those in use: of the second first sync of a process, as in a worker that has run for a while.
    """
    mappings = company.found(stage, [ITEMS] * options.first_sync)
    requests = {"line": stage.line, **first_requests(mappings)}
    rounds = [(run(stage, "bench.cold_cycle"), run(stage, "bench.cold_floor", requests)) for _ in range(options.rounds)]
    check(rounds, ITEMS * len(mappings))
    engine, floor = ([one[side].takes for one in rounds] for side in (0, 1))
    new, warm = (Pair([one[place] for one in engine], [one[place] for one in floor]) for place in (0, 1))
    asked = rounds[0][0].asked
    return {
        "mailboxes": len(mappings),
        "items": ITEMS * len(mappings),
        "batches": asked["plain"]["POST /$batch"] // 2,
        "other_requests": sum(asked["plain"].values()) // 2 - asked["plain"]["POST /$batch"] // 2,
        "requests_in_batches": sum(asked["in_batch"].values()) // 2,
        "engine": medians(warm.engine, ITEMS * len(mappings)),
        "floor": medians(warm.floor, ITEMS * len(mappings)),
        "cpu_ratio": warm.ratio("cpu"),
        "cpu_ratio_target": TARGET,
        "cpu_ratio_in_a_new_process": new.ratio("cpu"),
        "wall_ratio": warm.ratio("wall"),
    }


@dataclass(frozen=True)
class Run:
    """One run of one of the two programs, which does it twice: what it took, asked for and has stored."""

    takes: list[Took]
    asked: dict[str, dict[str, int]]  # how many of each kind, plain and in batches
    stored: tuple[int, str]  # how many rows, and the hash of what they say


def run(stage: Stage, program: str, given: Any = None) -> Run:
    forget()
    stage.control("DELETE", "requests")
    takes = took(program, given)
    with connection.cursor() as cursor:
        cursor.execute(STORED)
        count, content = cursor.fetchone()
    counts = stage.control("GET", "requests")
    return Run(takes, {name: counts[name] for name in ("plain", "in_batch")}, (count, content))


def check(rounds: Sequence[tuple[Run, Run]], items: int) -> None:
    """A ratio means something only between programs that have asked for the same and stored the same."""
    runs = [run for pair in rounds for run in pair]
    assert all(run.stored == runs[0].stored for run in runs), f"not stored alike: {[run.stored for run in runs]}"
    assert runs[0].stored[0] == items, f"{runs[0].stored[0]} of {items} items were stored"
    assert all(run.asked == runs[0].asked for run in runs), f"not asked alike: {[run.asked for run in runs]}"


def first_requests(mappings: Sequence[CalendarMapping]) -> dict[str, Any]:
    """What the engine will ask of each mailbox, as parts of batches: the chain of changes, then the census."""
    provider, window = connect(Integration.objects.get()), new_window()
    boxes = [(str(place % WIDTH), mapping.remote_user_id) for place, mapping in enumerate(mappings)]
    return {
        "mappings": [mapping.pk for mapping in mappings],
        "deltas": [part(number, next(provider.start_delta(box, window))) for number, box in boxes],
        "censuses": [part(number, next(provider.census(box, window))) for number, box in boxes],
    }


def medians(rounds: Sequence[Took], items: int) -> dict[str, float]:
    return {
        "wall_seconds": round(middle(rounds, "wall"), 3),
        "cpu_seconds": round(middle(rounds, "cpu"), 3),
        "cpu_ms_per_item": round(middle(rounds, "cpu") / items * 1000, 4),
        "cpu_seconds_least": round(min(one["cpu"] for one in rounds), 3),
        "cpu_seconds_most": round(max(one["cpu"] for one in rounds), 3),
        "peak_mb": round(middle(rounds, "peak_mb"), 1),
        "grown_mb": round(middle(rounds, "grown_mb"), 1),
    }
