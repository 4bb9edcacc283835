"""Creating, changing and deleting events, by the application or as the owner of the mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sandbox import transactions
from sandbox.calendars import Calendar
from sandbox.errors import GraphError, bad_request, invalid_property
from sandbox.extensions import read_extensions
from sandbox.facts import check_times, read_extended, read_facts, read_multi_valued, read_series
from sandbox.items import Item, Json
from sandbox.mailbox import Mailbox, Person
from sandbox.online_meetings import online_meeting
from sandbox.rendering import Style, etag, extended_properties, render, render_master, version_of
from sandbox.series import facts_on, instance_on, neighbours
from sandbox.settings import Settings
from sandbox.zones import instant, same_zone, stamp, wall_clock, zone

if TYPE_CHECKING:
    from sandbox.world import World

KEPT = Style(immutable=True)
Target = tuple[Item, date | None]  # an item, or its occurrence on an original date


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: the owner of the mailbox ("user"), or an application by its client id."""

    name: str

    @property
    def is_user(self) -> bool:
        return self.name == "user"


USER = Actor("user")


def create(
    world: World,
    person: Person,
    body: Json,
    actor: Actor,
    *,
    calendar: Calendar | None = None,
    immutable: bool = True,
) -> tuple[Item, bool]:
    """A new item, and True; or the one that the same transactionId made before, and False.

    It goes into the default calendar unless another one is given. `immutable` says in which rendering a refusal names
    the event that stands in the way.
    """
    mailbox = person.mailbox
    calendar = calendar or mailbox.default
    claim = transactions.read_claim(world, calendar, body)
    world.audit.note_claim(world.now(), person, claim.transaction_id, claim.posted)
    known = transactions.known(world, mailbox, claim, immutable=immutable)
    if known is not None:
        return known, False
    item = _new_item(world, calendar, mailbox.next_serial(), body, actor)
    item.transaction_id, item.posted = claim.transaction_id, claim.posted
    with recorded(world, person, actor, item, None, "POST"):
        mailbox.put(item, world.now())
    return item, True


def _new_item(world: World, calendar: Calendar, serial: int, body: Json, actor: Actor) -> Item:
    settings = world.settings
    facts = read_facts(body, settings, as_user=actor.is_user)
    check_times(facts, settings)
    if actor.is_user and facts.get("isAllDay"):
        facts.setdefault("showAs", settings.all_day_of_user)
    _note_zones(facts, settings)
    facts |= online_meeting({}, facts, calendar)
    recurrence = read_series(body.get("recurrence"), facts)
    now = stamp(world.now())
    item = Item(serial, facts, actor.name, now, now, calendar=calendar.serial, recurrence=recurrence)
    for name, value in _extras(body, item).items():
        setattr(item, name, value)
    return item


def _note_zones(facts: Json, settings: Settings) -> None:
    """The zones in which an event was written stay known when its times are changed."""
    for name, key in (("originalStartTimeZone", "start"), ("originalEndTimeZone", "end")):
        zone_name = facts[key]["timeZone"]
        facts.setdefault(name, settings.original_utc_zone if zone_name == "UTC" else zone_name)


def update(
    world: World, person: Person, event_id: str, body: Json, actor: Actor, if_match: str | None = None
) -> Target:
    """Change an item or one occurrence; the item, and the original date of the occurrence."""
    mailbox, settings = person.mailbox, world.settings
    item, day = mailbox.find(event_id)
    _check_match(world, mailbox, item, day, if_match)
    changes = read_facts(body, settings, as_user=actor.is_user)
    changes |= online_meeting(item.facts, changes, mailbox.calendars[item.calendar])
    if day is None:
        change = _series_change(item, changes, body, settings)
    else:
        change = _occurrence_change(item, day, changes, body, settings)
    extras = _extras(body, item)
    if actor.is_user and day is None and not settings.edits_keep_properties:
        extras["extended"], extras["multi_valued"] = read_extended(body), read_multi_valued(body)
    _write(world, person, actor, (item, day), change, extras)
    return item, day


def change_facts(world: World, person: Person, target: Target, facts: Json, actor: Actor) -> None:
    """Set facts that no request may set, such as the answer to an invitation."""
    item, day = target
    _write(world, person, actor, target, {"facts": facts if day else item.facts | facts})


def _extras(body: Json, item: Item) -> Json:
    """What hangs on an item after a request: extended properties and extensions, old and new."""
    return {
        "extended": item.extended | read_extended(body),
        "multi_valued": item.multi_valued | read_multi_valued(body),
        "extensions": read_extensions(body, item.extensions),
    }


def _write(
    world: World, person: Person, actor: Actor, target: Target, change: Json, extras: Json | None = None
) -> None:
    item, day = target
    with recorded(world, person, actor, item, snapshot(person, item, day), "PATCH", day):
        item.touched = True
        for name, value in (extras or {}).items():
            setattr(item, name, value)
        _apply(item, day, change, stamp(world.now()), world.settings)
        person.mailbox.put(item, world.now())
        if day is not None:
            item.exceptions[day.isoformat()]["version"] = item.version


def _check_match(world: World, mailbox: Mailbox, item: Item, day: date | None, if_match: str | None) -> None:
    """GraphError when `if_match` is an outdated etag, unless the settings say that this does not matter."""
    if not if_match or if_match == "*" or world.settings.if_match == "ignore":
        return
    if if_match != etag(mailbox, version_of(item, day)):
        message = (
            "The send or update operation could not be performed because the change key passed in the request "
            "does not match the current change key for the item."
        )
        raise GraphError(world.settings.if_match_status, "ErrorIrresolvableConflict", message)


def _series_change(item: Item, changes: Json, body: Json, settings: Settings) -> Json:
    """What a PATCH of a single event or of a whole series comes to: facts and, perhaps, a recurrence."""
    facts = item.facts | changes
    check_times(facts, settings)
    if "recurrence" in body:
        return {"facts": facts, "recurrence": read_series(body["recurrence"], facts), "fresh": True}
    if item.recurrence is None or not ({"start", "end", "isAllDay"} & set(changes)):
        return {"facts": facts}
    if not same_zone(facts["start"]["timeZone"], item.facts["start"]["timeZone"]):
        raise invalid_property()  # a series changes its zone only together with its recurrence
    limits = item.recurrence["range"] | {"startDate": wall_clock(facts["start"]).date().isoformat()}
    return {"facts": facts, "recurrence": read_series(item.recurrence | {"range": limits}, facts), "fresh": True}


def _occurrence_change(item: Item, day: date, changes: Json, body: Json, settings: Settings) -> Json:
    if body.get("recurrence") is not None:
        raise bad_request("Your request can't be completed. An occurrence cannot have a recurrence.")
    facts = facts_on(item, day) | changes
    check_times(facts, settings)
    if "start" in changes:
        _check_boundaries(item, day, facts)
    return {"facts": changes}


def _check_boundaries(item: Item, day: date, facts: Json) -> None:
    """An occurrence may not be moved to or over the day of its neighbours."""
    moment = instant(facts["start"]["dateTime"], facts["start"]["timeZone"])
    moved = moment.astimezone(zone(item.facts["start"]["timeZone"])).date()
    before, after = neighbours(item, day)
    if (before and moved <= before) or (after and moved >= after):
        message = "Cannot move an occurrence to or over the day of an adjacent occurrence."
        raise GraphError(400, "ErrorOccurrenceCrossingBoundary", message)


def _apply(item: Item, day: date | None, change: Json, now: str, settings: Settings) -> None:
    if day is not None:
        known = item.exceptions.get(day.isoformat()) or {"renamed": settings.exception_ids == "change"}
        item.exceptions[day.isoformat()] = known | change["facts"] | {"modified": now}
        return
    item.facts, item.modified = change["facts"], now
    if change.get("fresh"):
        item.recurrence, item.exceptions, item.cancelled = change["recurrence"], {}, []
        if settings.instance_ids == "change":
            item.era = (item.era + 1) % 0x10000


def delete(
    world: World, person: Person, event_id: str, actor: Actor, if_match: str | None = None, *, for_good: bool = False
) -> None:
    """Delete an item, or one occurrence of a series: of that, the log tells only that the series changed."""
    mailbox = person.mailbox
    item, day = mailbox.find(event_id)
    _check_match(world, mailbox, item, day, if_match)
    before = snapshot(person, item, day)
    with recorded(world, person, actor, item, before, "DELETE", day):
        if day is None:
            mailbox.remove(item, world.now(), for_good=for_good)
            return
        item.cancelled = sorted({*item.cancelled, day.isoformat()})
        item.exceptions.pop(day.isoformat(), None)
        item.touched = True
        mailbox.put(item, world.now(), tells_all=False)


def set_exceptions(item: Item, exceptions: list[Json], cancelled: list[str]) -> None:
    """Give a series of a tenant file its exceptions and its cancelled dates, before it is stored."""
    for entry in exceptions:
        day = date.fromisoformat(entry["original_start"][:10])
        item.exceptions[day.isoformat()] = read_facts(entry["changes"], as_user=True)
        check_times(facts_on(item, day))
    item.cancelled = sorted(date.fromisoformat(day[:10]).isoformat() for day in cancelled)


def snapshot(person: Person, item: Item, day: date | None = None) -> Json:
    """An item, or one occurrence, in full: immutable ids, UTC, with its extended properties."""
    event = render(person, instance_on(item, day), KEPT) if day else render_master(person, item, KEPT)
    if item.extended:
        event["singleValueExtendedProperties"] = extended_properties(item)
    return event


@contextmanager
def recorded(
    world: World, person: Person, actor: Actor, item: Item, before: Json | None, method: str, day: date | None = None
) -> Iterator[None]:
    """Put the write that happens inside into the audit."""
    yield
    gone = method == "DELETE"
    after = None if gone else snapshot(person, item, day)
    world.audit.note(world.now(), actor.name, method, person, item, before, after)
