"""What owners of mailboxes do in Outlook, with their own items and with our copies."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now

from simulation.cast import ALL_NAMES, INSTRUCTORS, SPARE
from simulation.sandbox import Json, Sandbox
from simulation.script import Dice, step
from simulation.world import World

SUBJECTS = ("Dentist", "Lunch", "Board meeting", "Chœur", "Day off", "x" * 300, " Two  blanks ")
ZONES = ("UTC", "W. Europe Standard Time", "Eastern Standard Time", "AUS Eastern Standard Time", "Europe/Paris")
OWNERS = INSTRUCTORS * 4 + SPARE  # most of what happens, happens where calsync looks
SHOWN = ("busy", "busy", "busy", "tentative", "oof", "free", "workingElsewhere")


def times(start: datetime, minutes: int, zone: str = "UTC") -> Json:
    end = start + timedelta(minutes=minutes)
    return {
        name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": zone} for name, at in (("start", start), ("end", end))
    }


def some_time(dice: Dice) -> datetime:
    start = now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=dice.randint(-40, 24 * 50))
    return start + timedelta(days=dice.one([0] * 12 + [500, -60]))  # now and then beyond the window


def is_ours(item: Json) -> bool:
    return bool(item.get("transactionId"))


def theirs(sandbox: Sandbox, name: str, *, series: bool | None = None) -> list[Json]:
    found = [item for item in sandbox.items(name) if not is_ours(item)]
    return [item for item in found if series is None or (item["type"] == "seriesMaster") == series]


def copies(sandbox: Sandbox, name: str) -> list[Json]:
    return [item for item in sandbox.items(name) if is_ours(item)]


def shown(name: str, item: Json) -> str:
    return f"{name}: {item['subject'][:30]!r}"


@step("add an item", 7)
def add(world: World, dice: Dice) -> str:
    name = dice.one(OWNERS)
    body = {"subject": dice.one(SUBJECTS), "showAs": dice.one(SHOWN)}
    body["sensitivity"] = dice.one(["normal"] * 4 + ["private", "confidential", "personal"])
    return shown(
        name, world.sandbox.add(name, body | times(some_time(dice), dice.one([0, 15, 60, 600]), dice.one(ZONES)))
    )


@step("add an all-day item", 3)
def add_day(world: World, dice: Dice) -> str:
    name, start = dice.one(OWNERS), some_time(dice).replace(hour=0)
    body = {"subject": "Holiday", "isAllDay": True, "showAs": dice.one(SHOWN)}
    return shown(name, world.sandbox.add(name, body | times(start, 24 * 60 * dice.randint(1, 3), dice.one(ZONES))))


@step("add a series", 3)
def add_series(world: World, dice: Dice) -> str:
    name, start = (
        dice.one(OWNERS),
        now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=dice.randint(-99, 500)),
    )
    pattern: Any = {"type": "daily", "interval": dice.randint(1, 4)}
    if dice.happens(0.5):
        pattern = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{start:%A}".lower()], "firstDayOfWeek": "monday"}
    span = {"type": "numbered", "startDate": f"{start:%Y-%m-%d}", "numberOfOccurrences": dice.randint(2, 7)}
    body = {"subject": "Stand-up", "recurrence": {"pattern": pattern, "range": span}}
    return shown(name, world.sandbox.add(name, body | times(start, 30, dice.one(ZONES))))


def change(world: World, dice: Dice, name: str, item: Json) -> str:
    """Change something that shows of an item, or something that does not."""
    changes: list[Json] = [
        times(some_time(dice), 45),
        {"subject": dice.one(SUBJECTS)},
        {"showAs": dice.one(SHOWN)},
        {"location": {"displayName": "Elsewhere"}},
        {"sensitivity": "private"},
        {"categories": ["Red category"]},
        {"body": {"contentType": "text", "content": "my notes"}},
    ]
    wanted = dice.one(changes)
    world.sandbox.change(name, item["id"], wanted)
    return f"{shown(name, item)}, {', '.join(wanted)}"


def of(dice: Dice, found: dict[str, list[Json]]) -> tuple[str, Json] | None:
    """One of the items of all mailboxes, as a rule of one that calsync looks at."""
    every = [(name, item) for name in OWNERS for item in found[name]]
    return dice.one(every) if every else None


def all_theirs(world: World, *, series: bool | None = None) -> dict[str, list[Json]]:
    return {name: theirs(world.sandbox, name, series=series) for name in ALL_NAMES}


def all_copies(world: World) -> dict[str, list[Json]]:
    return {name: copies(world.sandbox, name) for name in ALL_NAMES}


@step("change an item", 6)
def change_theirs(world: World, dice: Dice) -> str:
    found = of(dice, all_theirs(world, series=False))
    return change(world, dice, *found) if found else ""


@step("delete an item", 6)
def delete_theirs(world: World, dice: Dice) -> str:
    found = of(dice, all_theirs(world))
    if found is None:
        return ""
    world.sandbox.delete(found[0], found[1]["id"])
    return shown(*found)


@step("change or cancel one occurrence", 4)
def change_occurrence(world: World, dice: Dice) -> str:
    found = of(dice, all_theirs(world, series=True))
    if found is None:
        return ""
    name, series = found
    days = [one for one in window(world, name) if one.get("seriesMasterId") == series["id"]]
    if not days:
        return ""
    day = dice.one(sorted(days, key=lambda one: one["start"]["dateTime"]))
    if dice.happens(0.5):
        world.sandbox.delete(name, day["id"])
        return f"{shown(name, day)} on {day['start']['dateTime']} is cancelled"
    start = datetime.fromisoformat(day["start"]["dateTime"]) + timedelta(minutes=dice.one([5, 40]))
    changes = dice.one([times(start, 20), {"subject": "Stand-up, long"}, {"sensitivity": "private"}])
    world.sandbox.change(name, day["id"], changes)
    return f"{shown(name, day)} on {day['start']['dateTime']}, {', '.join(changes)}"


def window(world: World, name: str) -> list[Json]:
    return world.sandbox.instances(name, now() - timedelta(days=30), now() + timedelta(days=400))


@step("change a series", 2)
def change_series(world: World, dice: Dice) -> str:
    found = of(dice, all_theirs(world, series=True))
    if found is None:
        return ""
    changes = dice.one([{"subject": "Stand-up, all"}, {"showAs": dice.one(SHOWN)}, {"sensitivity": "private"}])
    world.sandbox.change(found[0], found[1]["id"], changes)
    return f"{shown(*found)}, {', '.join(changes)}"


@step("edit our copy", 5)
def change_ours(world: World, dice: Dice) -> str:
    found = of(dice, all_copies(world))
    return change(world, dice, *found) if found else ""


@step("delete our copy", 4)
def delete_ours(world: World, dice: Dice) -> str:
    found = of(dice, all_copies(world))
    if found is None:
        return ""
    world.sandbox.delete(found[0], found[1]["id"])
    return shown(*found)


@step("copy our copy", 2)
def copy_ours(world: World, dice: Dice) -> str:
    found = of(dice, all_copies(world))
    if found is None:
        return ""
    world.sandbox.control("POST", f"mailboxes/{found[0]}@northgate.example/events/{found[1]['id']}/copy", {})
    return shown(*found)


@step("make a series of our copy", 1)
def repeat_ours(world: World, dice: Dice) -> str:
    found = of(dice, all_copies(world))
    if found is None or found[1]["type"] != "singleInstance":
        return ""
    span = {"type": "numbered", "startDate": found[1]["start"]["dateTime"][:10], "numberOfOccurrences": 3}
    pattern = {"type": "daily", "interval": 1}
    if datetime.fromisoformat(found[1]["end"]["dateTime"]) - datetime.fromisoformat(
        found[1]["start"]["dateTime"]
    ) > timedelta(hours=20):
        return ""
    world.sandbox.change(found[0], found[1]["id"], {"recurrence": {"pattern": pattern, "range": span}})
    return shown(*found)


@step("touch an item", 1)
def touch(world: World, dice: Dice) -> str:
    found = of(dice, {name: world.sandbox.items(name) for name in ALL_NAMES})
    if found is None:
        return ""
    world.sandbox.control("POST", f"mailboxes/{found[0]}@northgate.example/events/{found[1]['id']}/touch", {})
    return shown(*found)
