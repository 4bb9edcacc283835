"""What happens to time, to the workers and to the servers."""

from datetime import timedelta

from simulation import backup, faults
from simulation.cast import ALL_NAMES
from simulation.sandbox import address
from simulation.script import Dice, step
from simulation.truth import Truth
from simulation.world import Crash, World

SPANS = (5, 30, 61, 61, 300, 300, 300, 1200, 4000, 20_000, 90_000, 8 * 86_400)  # seconds
LEASE = 301


@step("a cycle", 26)
def run_cycle(world: World, dice: Dice) -> str:
    """Now and then somebody has noticed before that the integration is not there, or is paused."""
    if dice.happens(0.4):
        world.connect()
    world.clock.advance(61)
    world.tick()
    return "done"


@step("the workers work", 12)
def run_due(world: World, dice: Dice) -> str:
    world.work()
    return "done"


@step("time passes", 10)
def pass_time(world: World, dice: Dice) -> str:
    seconds = dice.one(SPANS)
    world.clock.advance(seconds)
    return f"{seconds} seconds"


@step("a fault strikes", 8)
def strike(world: World, dice: Dice) -> str:
    name = dice.one(sorted(faults.RULES))
    match, effect = faults.RULES[name]
    mailbox = {"mailbox": address(dice.one(ALL_NAMES))} if dice.happens(0.3) and "token" not in effect else {}
    if mailbox and match.get("path", "").startswith(("$batch", r"/users\?")):
        mailbox = {}
    world.put_in_force(name, match | mailbox, effect, times=dice.randint(1, 4))
    return name


@step("the worker is killed", 3)
def kill(world: World, dice: Dice) -> str:
    if not world.depth:
        return ""
    world.fired["a worker killed"] += 1
    raise Crash


@step("another worker takes over", 3)
def take_over(world: World, dice: Dice) -> str:
    """The lease of the one that waits for its answer has lapsed."""
    if world.depth:
        world.fired["another worker takes over"] += 1
    world.clock.advance(LEASE)
    world.tick()
    return "done"


@step("a backup is taken", 2)
def take_backup(world: World, dice: Dice) -> str:
    world.backup = backup.take()
    return "done"


@step("the database is restored", 1, is_small=False)
def restore(world: World, dice: Dice) -> str:
    if world.backup is None:
        return ""
    world.fired["the database restored"] += 1
    world.may_leave_copies = True
    backup.put_back(world.backup)
    return "done"


@step("the broker goes away or comes back", 2)
def switch_broker(world: World, dice: Dice) -> str:
    world.broker.is_down = not world.broker.is_down
    world.fired["the broker away"] += world.broker.is_down
    return "away" if world.broker.is_down else "back"


@step("the broker is emptied", 1)
def empty_broker(world: World, dice: Dice) -> str:
    if not world.broker.messages:
        return ""
    world.fired["the broker emptied"] += 1
    count = len(world.broker.messages)
    world.broker.messages.clear()
    return f"{count} messages"


@step("a mailbox goes away or comes back", 2)
def switch_mailbox(world: World, dice: Dice) -> str:
    name, state = dice.one(ALL_NAMES), dice.one(["ok", "ok", "none", "refused", "moved", "alternating"])
    world.fired["a mailbox away"] += state != "ok"
    world.may_leave_copies |= state not in ("ok", "moved")
    world.sandbox.control("POST", "people", {"upn": address(name), "mailbox": state})
    return f"{name}: {state}"


@step("Microsoft forgets its links", 1)
def forget_links(world: World, dice: Dice) -> str:
    name = dice.one(ALL_NAMES)
    world.fired["links forgotten"] += 1
    world.sandbox.control("POST", f"mailboxes/{address(name)}/forget-links", {})
    return name


@step("the clock is set back", 1, is_small=False)
def set_back(world: World, dice: Dice) -> str:
    """Our machine's clock, and for the sake of one time for all the sandbox's too."""
    world.fired["the clock set back"] += 1
    Truth(world).check_deletions()
    world.wishes = [(moment - timedelta(hours=1), wanted) for moment, wanted in world.wishes]
    world.clock.set(world.clock.now - timedelta(hours=1))
    return "an hour"
