"""What owners of mailboxes, and Exchange itself, do to items and applications cannot: move, copy, restore, touch."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from sandbox.calendars import Calendar
from sandbox.errors import bad_request
from sandbox.events import USER, recorded, snapshot
from sandbox.items import Item, read_id
from sandbox.mailbox import Person
from sandbox.series import facts_on
from sandbox.zones import stamp

if TYPE_CHECKING:
    from sandbox.world import World


def move(world: World, person: Person, event_id: str, calendar: Calendar) -> Item:
    """Put an item into another calendar of its mailbox, as its owner; a series goes as a whole."""
    item, day = person.mailbox.find(event_id)
    if day is not None:
        raise bad_request("Your request can't be completed. An occurrence cannot be moved without its series.")
    if calendar.serial != item.calendar:
        with recorded(world, person, USER, item, snapshot(person, item), "MOVE"):
            item.touched = True
            person.mailbox.move(item, calendar, world.now())
    return item


def copy(world: World, person: Person, event_id: str, calendar: Calendar | None = None) -> Item:
    """Make another item like one that is there, as the owner of the mailbox does with copy and paste."""
    source, day = person.mailbox.find(event_id)
    calendar = calendar or person.mailbox.calendars[source.calendar]
    now = stamp(world.now())
    facts = deepcopy(source.facts if day is None else facts_on(source, day))
    item = Item(person.mailbox.next_serial(), facts, USER.name, now, now, calendar=calendar.serial)
    if day is None:
        item.recurrence, item.exceptions = deepcopy(source.recurrence), deepcopy(source.exceptions)
        item.cancelled = list(source.cancelled)
    if world.settings.copies_keep_properties:
        item.extended, item.multi_valued = dict(source.extended), deepcopy(source.multi_valued)
        item.extensions = deepcopy(source.extensions)
    with recorded(world, person, USER, item, None, "POST"):
        person.mailbox.put(item, world.now())
    return item


def restore(world: World, person: Person, event_id: str) -> Item:
    """Take an item out of Deleted Items again, into the default calendar."""
    mailbox = person.mailbox
    serial = mailbox.serial_of(read_id(event_id, mailbox.key).number)
    item = mailbox.restore(serial, mailbox.default, world.now())
    item.touched = True
    world.audit.note(world.now(), USER.name, "RESTORE", person, item, None, snapshot(person, item))
    return item


def bump(world: World, person: Person, serial: int) -> None:
    """Give an item a new change key although nothing in it changed, as Exchange does by itself."""
    item = person.mailbox.items.get(serial)
    if item is not None:
        person.mailbox.put(item, world.now())
