"""The stage of one simulation: an organisation, its calendars, a clock, a broker and a worker."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from celery import Task
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.timezone import now
from kombu.exceptions import OperationalError as BrokerError

from events.sync import crash
from events.tasks import cycle
from instructors.models import Instructor
from instructors.tasks import discover_unanswered
from integrations import connection as connections
from integrations.models import Integration
from integrations.providers.base import PROVIDERS
from integrations.providers.conversation import Answer, Request
from integrations.setup import create
from integrations.switching import activate
from simulation import faults
from simulation.backup import empty
from simulation.broker import Broker, Message
from simulation.cast import ALL_NAMES, INSTRUCTORS, person
from simulation.clock import Clock
from simulation.sandbox import Refused, Sandbox, address
from simulation.script import KINDS, Dice, Script, Step
from simulation.wire import Watched, called, worded
from simulation.wishes import wishes

FIRST = ("plan an event", "plan an event", "add an item", "add a series", "add an all-day item", "a cycle")
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
MOST_REQUESTS = 600  # of one task, whose calendars hold a few items each


class Crash(BaseException):
    """The process is gone: nothing in it may handle this."""


class Broken(Exception):
    """An invariant does not hold."""


class World:
    """Everything of one simulation. `trace` says what happened, `fired` which faults struck."""

    def __init__(self, script: Script, sandbox: Sandbox, clock: Clock, broker: Broker) -> None:
        self.script, self.sandbox, self.clock, self.broker = script, sandbox, clock, broker
        self.chance = Dice(script.seed)
        self.trace: list[str] = []
        self.fired: Counter[str] = Counter(dict.fromkeys(faults.ALL, 0))
        self.ours = {name: probability for name, probability in script.weather if name in faults.OURS}
        self.rules: dict[str, str] = {}  # kinds by the ids of their rules
        self.has_happened: set[str] = set()  # kinds of steps since the last check, those during requests too
        self.meanwhile: list[list[Any]] = []
        self.depth = self.sent = 0
        self.backup: Any = None
        self.checked_writes = 0
        self.wishes: list[tuple[datetime, set[tuple[str, UUID]]]] = []  # what was wanted after each step
        self.may_leave_copies = False  # somebody asked for it, a mailbox refused, or the database forgot
        self.backend = 0
        self.has_dropped = False

    # --- before the first step

    def begin(self) -> None:
        connection.close()  # an earlier simulation may have left a dropped one
        empty()
        connections._connect.cache_clear()
        Watched.listener = self
        PROVIDERS["microsoft"] = Watched
        crash.end_process = self.crash
        self.broker.messages.clear()
        self.broker.is_down = False
        self.sandbox.control(
            "POST", "reset", {"keep_people": False, "tenant": {"people": list(map(person, ALL_NAMES))}}
        )
        self.clock.set(FIRST_DAY + timedelta(minutes=self.chance.randrange(700 * 24 * 60)))
        for name in INSTRUCTORS:
            zone = self.chance.one(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"])
            Instructor.objects.create(name=name.title(), email=address(name), time_zone=zone)
        self.found()
        for kind in FIRST:
            self.do(Step(kind, self.chance.getrandbits(32)))
        self.make_weather()

    def found(self) -> None:
        """Connect the organisation, as an admin does."""
        line = self.sandbox.line
        ids = {name: line[name] for name in ("tenant_id", "client_id", "client_secret", "user_id")}
        create(Integration(name="Northgate", privacy=self.chance.one(["titles", "free_busy"]), **ids))

    def connect(self) -> str:
        """Create the integration again, or resume it; what was done, if anything was to be done."""
        found = Integration.objects.first()
        if found is None:
            self.found()
            return "connected again"
        if found.is_active:
            return ""
        activate(found)
        return "resumed"

    def make_weather(self) -> None:
        for name, probability in self.script.weather:
            if name in faults.RULES:
                match, effect = faults.RULES[name]
                self.put_in_force(name, match | {"probability": probability, "seed": self.script.seed}, effect)
            elif name in faults.SWITCHES:
                self.sandbox.control("POST", "settings", faults.SWITCHES[name])
                self.fired[name] += 1

    def put_in_force(self, name: str, match: dict[str, Any], effect: dict[str, Any], times: int | None = None) -> None:
        self.may_leave_copies |= name in faults.GIVEN_UP
        rule = self.sandbox.control("POST", "faults", {"match": match, "effect": effect, "times": times})
        self.rules[str(rule["id"])] = name

    def clear_weather(self) -> None:
        """Let nothing go wrong any more; what has gone wrong is counted. Microsoft's ways stay as they are."""
        for rule in self.sandbox.control("GET", "faults"):
            self.fired[self.rules[str(rule["id"])]] += rule["applied"]
        self.sandbox.control("DELETE", "faults")
        for name in ALL_NAMES:
            self.sandbox.control("POST", "people", {"upn": address(name), "mailbox": "ok"})
        self.ours = {}
        self.broker.is_down = False
        self.meanwhile.clear()

    # --- steps

    def say(self, text: str) -> None:
        self.trace.append(f"{self.clock.now:%m-%d %H:%M:%S} {'  ' * self.depth}{text}")

    def take(self, step: Step) -> None:
        """Do a step, now or during one of the next requests."""
        self.clock.advance(1 + step.seed % 20)
        if step.during:
            self.meanwhile.append([step.during, step])
        else:
            self.do(step)

    def do(self, step: Step) -> None:
        self.has_happened.add(step.kind)
        with suppressed_outages(self):
            try:
                done = KINDS[step.kind].do(self, Dice(step.seed))
            except Refused as refused:
                done = f"refused, {refused}"
            self.say(f"{step.kind}: {done}" if done else f"{step.kind}: nothing to do")
        self.note_wishes()

    def note_wishes(self) -> None:
        if self.has_dropped:  # and nobody may have noticed
            connection.close()
            self.has_dropped = False
        self.wishes.append((self.clock.now, wishes()))

    def strikes(self, name: str) -> bool:
        """Whether a fault of ours happens now."""
        if name not in self.ours or not self.chance.happens(self.ours[name]):
            return False
        self.fired[name] += 1
        return True

    # --- the worker

    def tick(self, *tasks: Task) -> None:
        """What beat publishes, by itself each cycle's two tasks, and what comes of it."""
        for task in tasks or (cycle, discover_unanswered):
            with suppress(BrokerError):
                self.broker.publish(task, ())
        self.work()

    def work(self) -> None:
        """Run what is due, until nothing is."""
        while due := self.broker.take_due():
            if self.strikes("messages in another order"):
                self.chance.shuffle(due)
            for message in due:
                if self.strikes("a message lost"):
                    continue
                for _ in range(1 + self.strikes("a message doubled")):
                    self.run(message)

    def run(self, message: Message) -> None:
        """Run one task as a worker does: it may be killed, and then the message comes again."""
        self.choose_a_crash()
        sent, self.sent = self.sent, 0
        self.note_backend()
        name = message.task.name.rpartition(".")[2]
        self.say(f"{name} begins")
        try:
            message.task.run(*message.args)
        except Crash:
            self.say(f"{name} is killed")
            connection.close()
            connections._connect.cache_clear()
            if self.chance.happens(0.7):
                self.broker.messages.append(message)
                self.broker.messages[-1] = Message(message.task, message.args, later(15), message.expires)
        except (OperationalError, InterfaceError, BrokerError) as error:
            self.say(f"{name} ends with {type(error).__name__}")
            connection.close()
        finally:
            settings.CALSYNC_CRASH_AT = ""
            self.sent = sent

    def choose_a_crash(self) -> None:
        for name, point in faults.CRASHES.items():
            if name in self.ours and self.chance.happens(self.ours[name]):
                crash._passed.clear()
                settings.CALSYNC_CRASH_AT = f"{point}:{self.chance.randint(1, 3)}"

    def crash(self) -> None:
        point = settings.CALSYNC_CRASH_AT.partition(":")[0]
        self.fired[f"a crash at {point}"] += 1
        settings.CALSYNC_CRASH_AT = ""
        raise Crash

    def note_backend(self) -> None:
        if "the database drops a connection" in self.ours and not self.depth:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = cursor.fetchone()[0]

    # --- the wire

    def before(self) -> None:
        self.sent += 1
        if self.sent > MOST_REQUESTS:
            raise Broken("a task sends requests without end")
        self.pass_the_time("before")
        self.sandbox.tell_the_time()

    def after(self, requests: Sequence[Request], answers: Sequence[Answer]) -> None:
        for request, answer in zip(requests, answers, strict=True):
            self.say(f"{called(request)} -> {worded(answer)}")
        self.pass_the_time("after")
        if not self.depth and self.backend and self.strikes("the database drops a connection"):
            self.has_dropped = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [self.backend])
            self.backend = 0
            connection.close()

    def pass_the_time(self, when: str) -> None:
        """Do the steps whose turn is during this request: half of them before Microsoft does it, half after it."""
        if self.depth:
            return
        ready = []
        for waiting in self.meanwhile:
            is_before = waiting[1].seed % 2 == 0
            if is_before == (when == "before"):
                waiting[0] -= 1
                if waiting[0] <= 0:
                    ready.append(waiting)
        self.depth += 1
        try:
            for waiting in ready:
                self.meanwhile.remove(waiting)
                self.do(waiting[1])
        finally:
            self.depth -= 1
            if ready:
                connection.close()


@contextmanager
def suppressed_outages(world: World) -> Iterator[None]:
    """Let what the database does to a person's request be an error page: the request is undone, no more."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        world.say(f"fails with {type(error).__name__}")
        connection.close()


def later(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
