"""From saving an event to the calendar having it: with nothing else to do, and during a first sync.

Events are saved at a fixed pace, whether or not the earlier ones have arrived. When one has arrived is the time in the
sandbox's audit: the same machine's clock. Between two of them a bare POST is timed, as the yardstick of the run.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from bench import company
from bench.cycle import run_cycle
from bench.figures import summary
from bench.floor import fetch_token
from bench.stage import Stage
from bench.workers import workers
from events.hints import request_sync
from events.models import Event, ExternalEvent
from instructors.models import CalendarMapping

PACE = 0.2  # seconds from one event to the next
WARM_UP = 8
ITEMS = 150  # in each mailbox of the first sync
PATIENCE = 60.0
TARGETS = {"idle": 150, "during_first_sync": 500}  # p95, in milliseconds
FORGOTTEN = {"cursor": "", "next_cursor": "", "census_link": "", "census_at": None, "synced_at": None}


def measure(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """Latencies over `options.pushes` events of as many instructors, each way."""
    teachers, others = fill(stage, options)
    with workers(stage.folder):
        yardstick = Yardstick(stage)
        push_all(company.plan(teachers[:WARM_UP], "Warm-up", "draft"), yardstick)
        figures = {}
        for name in TARGETS:
            first_sync = FirstSync(others) if name == "during_first_sync" else None
            figures[name] = one_half(stage, name, teachers, first_sync)
    check_audit(stage)
    return {"pushes": options.pushes, "pace_seconds": PACE, **figures}


def fill(stage: Stage, options: argparse.Namespace) -> tuple[list[CalendarMapping], list[CalendarMapping]]:
    """Instructors who are in sync, and others whose mailboxes have never been; the last one is the yardstick's."""
    sizes = [4] * options.pushes + [ITEMS] * options.first_sync + [0]
    mappings = company.found(stage, sizes)
    teachers, others = mappings[: options.pushes], mappings[options.pushes : -1]
    idle = CalendarMapping.objects.exclude(pk__in=[mapping.pk for mapping in teachers])
    idle.update(sync_enabled=False)
    run_cycle()
    run_cycle()
    idle.filter(pk__in=[mapping.pk for mapping in others]).update(sync_enabled=True)
    return teachers, others


@dataclass
class FirstSync:
    """A first sync of these mailboxes in `bulk`, begun again whenever it is done."""

    mappings: Sequence[CalendarMapping]
    rounds: int = 0
    seconds: list[float] = field(default_factory=list)
    _begun: float = 0.0

    def keep_going(self) -> None:
        if self.rounds and self._rows().filter(census_at=None).exists():
            return
        if self.rounds:
            self.seconds.append(time.time() - self._begun)
        ExternalEvent.objects.filter(mapping__in=self.mappings).delete()
        self._rows().update(**FORGOTTEN)
        self.rounds, self._begun = self.rounds + 1, time.time()
        request_sync([mapping.pk for mapping in self.mappings], bulk=True)

    def wait(self) -> None:
        """Until the round that runs is done."""
        deadline = time.monotonic() + PATIENCE
        while self._rows().filter(census_at=None).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.seconds.append(time.time() - self._begun)

    def _rows(self) -> Any:
        return CalendarMapping.objects.filter(pk__in=[mapping.pk for mapping in self.mappings])


class Yardstick:
    """A bare POST of an event over a warm connection: what the sandbox and the network cost by themselves."""

    def __init__(self, stage: Stage) -> None:
        self.session, self.seconds = requests.Session(), list[float]()
        self.session.headers["Authorization"] = f"Bearer {fetch_token(stage.line)}"
        self.ca_file = stage.line["ca_file"]  # with every request: REQUESTS_CA_BUNDLE wins over a session's own
        last = CalendarMapping.objects.order_by("pk").last()
        assert last is not None
        self.url = f"{stage.line['graph_url']}/v1.0/users/{last.remote_user_id}/events"
        self.post()
        self.seconds.clear()

    def post(self) -> None:
        begun = time.perf_counter()
        answer = self.session.post(self.url, json=company.single(0), verify=self.ca_file, timeout=60)
        answer.raise_for_status()
        self.seconds.append(time.perf_counter() - begun)


def one_half(
    stage: Stage, name: str, teachers: Sequence[CalendarMapping], first_sync: FirstSync | None
) -> dict[str, Any]:
    """The figures of one half: `name` is also the beginning of its events' titles."""
    yardstick = Yardstick(stage)
    events = company.plan(teachers, name, "draft")
    saves: list[float] = []
    begun = push_all(events, yardstick, first_sync, saves)
    if first_sync:
        first_sync.wait()
    arrived = arrivals(stage, begun)
    pushed = summary([arrived[title] - moment for title, moment in begun.items()])
    bare = summary(yardstick.seconds)
    found: dict[str, Any] = {**pushed, "p95_target_ms": TARGETS[name], "bare_post": bare}
    found["save_itself"] = summary(saves)
    found["p50_ratio"] = round(pushed["p50_ms"] / bare["p50_ms"], 1)
    found["p95_ratio"] = round(pushed["p95_ms"] / bare["p95_ms"], 1)
    if first_sync:
        found["first_sync"] = {"mailboxes": len(first_sync.mappings), "items": ITEMS, "rounds": first_sync.rounds}
        found["first_sync"]["seconds"] = [round(seconds, 2) for seconds in first_sync.seconds]
    return found


def push_all(
    events: Sequence[Event], yardstick: Yardstick, first_sync: FirstSync | None = None, saves: list[float] | None = None
) -> dict[str, float]:
    """Confirm the events one by one, which puts them into calendars; when each was saved, by title.

    `saves` is told how long each save took by itself.
    """
    begun: dict[str, float] = {}
    start = time.monotonic()
    for number, event in enumerate(events):
        if first_sync:
            first_sync.keep_going()
        time.sleep(max(0.0, start + number * PACE - time.monotonic()))
        event.status = Event.Status.CONFIRMED
        begun[event.title] = time.time()
        event.save()
        if saves is not None:
            saves.append(time.time() - begun[event.title])
        time.sleep(max(0.0, start + (number + 0.5) * PACE - time.monotonic()))
        yardstick.post()
    return begun


def arrivals(stage: Stage, titles: Sequence[str] | dict[str, float]) -> dict[str, float]:
    """When each title was written for the first time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        writes = stage.control("GET", "audit")["writes"]
        found = {
            write["subject"]: datetime.fromisoformat(write["at"]).timestamp()
            for write in reversed(writes)
            if write["subject"] in titles
        }
        if len(found) == len(titles):
            return found
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: {len(titles) - len(found)} of {len(titles)} events have not arrived.")
        time.sleep(0.2)


def check_audit(stage: Stage) -> None:
    """A figure of a run that broke a rule is worth nothing."""
    audit = stage.control("GET", "audit")
    broken = [name for name in ("foreign_writes", "duplicates", "limit_violations", "mails") if audit[name]]
    if broken:
        raise SystemExit(f"bench: the sandbox's audit reports {', '.join(broken)}.")
