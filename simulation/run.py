"""Running one script from its first step to the last check."""

import hashlib
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from events.models import ExternalEvent
from instructors.models import CalendarMapping
from instructors.tasks import discover_all
from integrations.models import Integration
from integrations.switching import activate
from simulation import machine, ours, theirs  # noqa: F401  (they register their steps)
from simulation.broker import Broker
from simulation.cast import NAMES
from simulation.clock import Clock
from simulation.sandbox import Sandbox
from simulation.script import Script
from simulation.truth import External, Truth, check_always, externals, is_ignored
from simulation.world import Broken, World

ROUNDS = 2  # cycles until everything is in step, once what rests has rested
FORGETTING = {
    "stop an instructor",
    "put right what was paused, stopped or deleted",
    "change an instructor's address",
    "retire or reinstate an instructor",
    "delete the integration",
    "the database is restored",
}


@dataclass(frozen=True)
class Outcome:
    """How a simulation ended: `failure` is empty where everything holds."""

    script: Script
    failure: str
    trace: tuple[str, ...]
    fired: Counter[str]
    requests: int

    @property
    def digest(self) -> str:
        """Of the trace: the same for the same seed."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]


def run(script: Script, sandbox: Sandbox, clock: Clock, broker: Broker) -> Outcome:
    """Take every step of `script`, let everything come to rest, and say what does not hold."""
    world = World(script, sandbox, clock, broker)
    failure = ""
    try:
        world.begin()
        before = externals()
        for step in script.steps:
            world.has_happened.clear()
            world.take(step)
            check_always()
            after = externals()
            if not world.has_happened & FORGETTING:
                check_vanished(world, before - after)
            before = after
        settle(world)
    except Broken as broken:
        failure = str(broken)
    except Exception:  # noqa: BLE001 - the outermost edge of a simulation: whatever it is, it is a finding
        failure = "".join(traceback.format_exc().splitlines(keepends=True)[-12:])
    world.say(failure or "in step")
    requests = sandbox.control("GET", "requests")["total"]
    return Outcome(script, failure, tuple(world.trace), world.fired, requests)


def check_vanished(world: World, gone: set[External]) -> None:
    """Raise Broken where an external event is gone, although its item stands in Outlook as it stood."""
    windows = {mapping.pk: mapping for mapping in CalendarMapping.objects.filter(pk__in={pk for pk, _ in gone})}
    for pk, mapping in windows.items():
        if not (mapping.is_pushed_to and mapping.window_start and mapping.window_end):
            continue
        name = NAMES[mapping.remote_user_id]
        seen = world.sandbox.instances(name, mapping.window_start, mapping.window_end)
        standing = {item["id"]: item for item in seen if not is_ignored(item) and not item.get("transactionId")}
        if lost := [remote_id for owner, remote_id in gone if owner == pk and remote_id in standing]:
            raise Broken(f"{name}: an external event is gone, and its item stands: {standing[lost[0]]['subject']!r}")


def settle(world: World) -> None:
    """Let faults and edits end and time pass; then both sides are in step, and stay so without another write."""
    world.clear_weather()
    world.say("the weather clears")
    for paused in Integration.objects.filter(status=Integration.Status.INACTIVE):
        activate(paused)
    come_to_rest(world, days=2)
    Truth(world).check()
    if not Integration.objects.exists():
        world.found()
    Integration.objects.update(drift=Integration.Drift.RESTORE)
    come_to_rest(world, days=1)
    Truth(world).check()
    writes, known = len(world.sandbox.control("GET", "audit")["writes"]), external_state()
    world.clock.advance(61)
    world.tick()
    if len(world.sandbox.control("GET", "audit")["writes"]) != writes or external_state() != known:
        raise Broken("a further cycle still changes something")


def come_to_rest(world: World, *, days: int) -> None:
    """So much time that nothing rests any more, and a few cycles."""
    for _ in range(days):
        world.clock.advance(timedelta(hours=25).total_seconds())
        for tasks in ((discover_all,), *[()] * ROUNDS):
            world.tick(*tasks)
            world.note_wishes()
            world.clock.advance(310)


def external_state() -> list[tuple]:
    return list(
        ExternalEvent.objects.order_by("mapping", "remote_id").values_list("pk", "remote_id", "starts_at", "title")
    )
