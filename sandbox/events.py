"""Creating, changing and deleting events, by the application or as the owner of the mailbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sandbox.errors import GraphError, bad_request, invalid_property
from sandbox.facts import check_times, read_extended, read_facts, read_series
from sandbox.items import Item, Json
from sandbox.mailbox import Mailbox, Person
from sandbox.rendering import Style, etag, extended_properties, render, render_master, version_of
from sandbox.series import facts_on, instance_on, neighbours
from sandbox.zones import instant, same_zone, stamp, wall_clock, zone

if TYPE_CHECKING:
    from sandbox.world import World

KEPT = Style(immutable=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: the owner of the mailbox ("user"), or an application by its client id."""

    name: str

    @property
    def is_user(self) -> bool:
        return self.name == "user"


USER = Actor("user")


def create(world: World, person: Person, body: Json, actor: Actor, *, immutable: bool = True) -> tuple[Item, bool]:
    """A new item, and True; or the one that the same transactionId made before, and False.

    `immutable` says in which rendering a refusal names the event that stands in the way.
    """
    mailbox = person.calendar
    posted = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    transaction_id = body.get("transactionId")
    if transaction_id is not None and not isinstance(transaction_id, str):
        raise bad_request("The transactionId must be a string.")
    _note_transaction(world, person, transaction_id, posted)
    known = _known_transaction(world, mailbox, transaction_id, posted, immutable=immutable)
    if known is not None:
        return known, False
    item = _new_item(world, mailbox, body, actor)
    item.transaction_id, item.posted = transaction_id, posted
    with _recorded(world, person, actor, item, None, "POST"):
        mailbox.put(item, world.now())
    return item, True


def _note_transaction(world: World, person: Person, transaction_id: str | None, posted: str) -> None:
    """Put it into the audit when a transactionId comes a second time."""
    mailbox = person.calendar
    serial = mailbox.transactions.get(transaction_id) if transaction_id else None
    if serial is not None:
        item = mailbox.items.get(serial)
        is_same = item is not None and item.posted == posted
        world.audit.note_transaction(
            world.now(), person.mail or person.upn, str(transaction_id), mailbox.id_of(serial), is_same
        )


def _known_transaction(
    world: World, mailbox: Mailbox, transaction_id: str | None, posted: str, *, immutable: bool
) -> Item | None:
    """The item that this very request made before; GraphError when its transactionId made another one."""
    serial = mailbox.transactions.get(transaction_id) if transaction_id else None
    if serial is None:
        return None
    item = mailbox.items.get(serial)
    if item is None and world.settings.transaction_after_delete == "free":
        return None
    if item is not None and item.posted == posted and not item.touched:
        return item
    message = (
        "Your request can't be completed. The TransactionId specified in the request has already been used "
        "to create a different event."
    )
    shown = item is not None and world.settings.duplicate_transaction_existing_id
    existing = {"@event.existingEventId": mailbox.id_of(serial, immutable=immutable)} if shown else {}
    status = world.settings.duplicate_transaction_status
    raise GraphError(status, "ErrorDuplicateTransactionId", message, annotations=existing)


def _new_item(world: World, mailbox: Mailbox, body: Json, actor: Actor) -> Item:
    facts = read_facts(body, as_user=actor.is_user, rewrite=world.settings.rewrite_bodies)
    extended = read_extended(body)
    check_times(facts)
    recurrence = read_series(body.get("recurrence"), facts)
    now = stamp(world.now())
    return Item(mailbox.next_serial(), facts, actor.name, now, now, recurrence=recurrence, extended=extended)


def update(world: World, person: Person, event_id: str, body: Json, actor: Actor, if_match: str | None = None) -> Json:
    """Change an item or one occurrence; the changed event as the control API and the audit show it."""
    item, day = person.calendar.find(event_id)
    _check_match(world, person.calendar, item, day, if_match)
    changes = read_facts(body, as_user=actor.is_user, rewrite=world.settings.rewrite_bodies)
    extended = read_extended(body)
    before = snapshot(person, item, day)
    change = _series_change(item, changes, body) if day is None else _occurrence_change(item, day, changes, body)
    with _recorded(world, person, actor, item, before, "PATCH", day):
        item.extended = item.extended | extended
        item.touched = True
        _apply(item, day, change, stamp(world.now()))
        person.calendar.put(item, world.now())
        if day is not None:
            item.exceptions[day.isoformat()]["version"] = item.version
    return snapshot(person, item, day)


def _check_match(world: World, mailbox: Mailbox, item: Item, day: date | None, if_match: str | None) -> None:
    if not if_match or if_match == "*" or world.settings.if_match == "ignore":
        return
    if if_match != etag(mailbox, version_of(item, day)):
        message = (
            "The send or update operation could not be performed because the change key passed in the request "
            "does not match the current change key for the item."
        )
        raise GraphError(412, "ErrorIrresolvableConflict", message)


def _series_change(item: Item, changes: Json, body: Json) -> Json:
    """What a PATCH of a single event or of a whole series comes to: facts and, perhaps, a recurrence."""
    facts = item.facts | changes
    check_times(facts)
    if "recurrence" in body:
        return {"facts": facts, "recurrence": read_series(body["recurrence"], facts), "fresh": True}
    if item.recurrence is None or not ({"start", "end", "isAllDay"} & set(changes)):
        return {"facts": facts}
    if not same_zone(facts["start"]["timeZone"], item.facts["start"]["timeZone"]):
        raise invalid_property()  # a series changes its zone only together with its recurrence
    limits = item.recurrence["range"] | {"startDate": wall_clock(facts["start"]).date().isoformat()}
    return {"facts": facts, "recurrence": read_series(item.recurrence | {"range": limits}, facts), "fresh": True}


def _occurrence_change(item: Item, day: date, changes: Json, body: Json) -> Json:
    if body.get("recurrence") is not None:
        raise bad_request("Your request can't be completed. An occurrence cannot have a recurrence.")
    facts = facts_on(item, day) | changes
    check_times(facts)
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


def _apply(item: Item, day: date | None, change: Json, now: str) -> None:
    if day is not None:
        item.exceptions[day.isoformat()] = (
            item.exceptions.get(day.isoformat(), {}) | change["facts"] | {"modified": now}
        )
        return
    item.facts, item.modified = change["facts"], now
    if change.get("fresh"):
        item.recurrence, item.exceptions, item.cancelled = change["recurrence"], {}, []


def delete(world: World, person: Person, event_id: str, actor: Actor, if_match: str | None = None) -> None:
    """Delete an item, or one occurrence of a series: of that, the log tells only that the series changed."""
    item, day = person.calendar.find(event_id)
    _check_match(world, person.calendar, item, day, if_match)
    before = snapshot(person, item, day)
    with _recorded(world, person, actor, item, before, "DELETE", day):
        if day is None:
            person.calendar.remove(item, world.now())
            return
        item.cancelled = sorted({*item.cancelled, day.isoformat()})
        item.exceptions.pop(day.isoformat(), None)
        item.touched = True
        person.calendar.put(item, world.now())


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
def _recorded(
    world: World, person: Person, actor: Actor, item: Item, before: Json | None, method: str, day: date | None = None
) -> Iterator[None]:
    """Put the write that happens inside into the audit."""
    yield
    gone = method == "DELETE"
    after = None if gone else snapshot(person, item, day)
    world.audit.note(world.now(), actor.name, method, person, item, before, after)


def bump(world: World, person: Person, serial: int) -> None:
    """Give an item a new change key although nothing in it changed, as Exchange does by itself."""
    item = person.calendar.items.get(serial)
    if item is not None:
        person.calendar.put(item, world.now())
