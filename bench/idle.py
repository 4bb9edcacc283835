"""A cycle in which nothing has changed, beside a program that sends the same batches and does nothing else."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import company
from bench.cycle import run_cycle
from bench.floor import WIDTH
from bench.stage import Stage
from events.models import SyncedEvent
from instructors.models import CalendarMapping
from integrations.providers.microsoft.client import part
from integrations.providers.microsoft.provider import known_place

TARGET = 4.0  # times the floor's CPU
Took = dict[str, float]


def measure(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of an idle cycle of `options.mailboxes`: medians over rounds in which both programs take turns.

    Those in use: of the second cycle of a process. Those of its first stand beside them.
    """
    first_sync = fill(stage, options.mailboxes)
    batches, engine, floor = [], [], []
    for _ in range(options.rounds):
        stage.control("DELETE", "requests")
        engine.append(took("bench.cycle"))
        batches.append(counted_batches(stage, options.mailboxes))
        floor.append(took("bench.floor", {"line": stage.line, "parts": delta_requests()}))
    new, warm = (Pair([one[place] for one in engine], [one[place] for one in floor]) for place in (0, 1))
    return {
        "mailboxes": options.mailboxes,
        "copies": SyncedEvent.objects.count(),
        "first_sync_seconds": round(first_sync, 2),
        "batches": max(batches),
        "batches_target": -(-options.mailboxes // WIDTH),
        "engine": medians(warm.engine, options.mailboxes),
        "floor": medians(warm.floor, options.mailboxes),
        "cpu_ratio": warm.ratio("cpu"),
        "cpu_ratio_target": TARGET,
        "cpu_ratio_in_a_new_process": new.ratio("cpu"),
        "wall_ratio": warm.ratio("wall"),
    }


@dataclass(frozen=True)
class Pair:
    """What the engine and the floor took, round by round."""

    engine: Sequence[Took]
    floor: Sequence[Took]

    def ratio(self, name: str) -> float:
        return round(middle(self.engine, name) / middle(self.floor, name), 2)


def fill(stage: Stage, mailboxes: int) -> float:
    """Mailboxes after their first sync, of which every fifth holds a few items and every tenth a copy or two.

    The seconds that the first sync took.
    """
    mappings = company.found(stage, [0 if number % 5 else 3 for number in range(mailboxes)])
    company.plan(mappings[::10], "Course", "confirmed")
    company.plan(mappings[::20], "Second course", "confirmed")
    start = time.perf_counter()
    run_cycle()
    seconds = time.perf_counter() - start
    run_cycle()  # what the first round saw of its own writes
    assert not CalendarMapping.objects.filter(cursor="").exists(), "the first sync has left something undone"
    return seconds


def delta_requests() -> list[dict[str, Any]]:
    """What the engine will ask next, as parts of batches."""
    cursors = CalendarMapping.objects.order_by("pk").values_list("cursor", flat=True)
    return [part(str(number % WIDTH), next(known_place(cursor))) for number, cursor in enumerate(cursors)]


def took(program: str, given: Any = None) -> list[Took]:
    """Run a program that measures itself: two takes."""
    command = [sys.executable, "-m", program]
    done = subprocess.run(command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def counted_batches(stage: Stage, mailboxes: int) -> int:
    """The `$batch` POSTs of one of the two cycles. Anything else that was sent is a mistake."""
    counts = stage.control("GET", "requests")
    assert sum(counts["in_batch"].values()) == 2 * mailboxes, f"not one request a mailbox: {counts}"
    assert counts["plain"] == {"POST /$batch": counts["batch"]}, f"more than batches was sent: {counts}"
    return -(-int(counts["batch"]) // 2)


def middle(rounds: Sequence[Took], name: str) -> float:
    return median(one[name] for one in rounds)


def medians(rounds: Sequence[Took], mailboxes: int) -> dict[str, float]:
    return {
        "wall_seconds": round(middle(rounds, "wall"), 3),
        "cpu_seconds": round(middle(rounds, "cpu"), 3),
        "cpu_ms_per_mailbox": round(middle(rounds, "cpu") / mailboxes * 1000, 3),
        "cpu_seconds_least": round(min(one["cpu"] for one in rounds), 3),
        "cpu_seconds_most": round(max(one["cpu"] for one in rounds), 3),
    }
