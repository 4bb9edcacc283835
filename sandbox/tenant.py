"""A tenant from a file: people, and what stands in their calendars."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from sandbox import events
from sandbox.errors import GraphError
from sandbox.facts import check_times, read_extended, read_facts, read_series
from sandbox.faults import wanted_by_name
from sandbox.items import Item, Json
from sandbox.mailbox import MAILBOX_STATES, Person
from sandbox.world import TENANT_DOMAIN, World
from sandbox.zones import stamp

FIELDS = {"id", "name", "mail", "upn", "aliases", "other_mails", "user_type", "enabled", "mailbox", "events"}


def load(world: World, specification: Any) -> None:
    """Add the people of a tenant specification; ValueError says what is wrong with it."""
    people = specification.get("people") if isinstance(specification, dict) else None
    if not isinstance(people, list):
        raise ValueError("A tenant is an object with a list of 'people'.")  # noqa: TRY004 - one error for bad input
    domain = str(specification.get("domain") or TENANT_DOMAIN)
    if domain.lower() != world.domain:
        world.rename_domain(domain)
    for entry in people:
        put_person(world, entry)


def put_person(world: World, entry: Any) -> Person:
    """Add the person of an entry, or change the one there is; its events are added to the calendar."""
    if not isinstance(entry, dict) or (unknown := set(entry) - FIELDS):
        raise ValueError(f"A person is an object with some of {', '.join(sorted(FIELDS))}; not {sorted(unknown)}.")
    if entry.get("mailbox", "ok") not in MAILBOX_STATES:
        raise ValueError(f"A mailbox is one of {', '.join(MAILBOX_STATES)}.")
    _check_kinds(entry)
    wanted_by_name(address for address in (entry.get("mail"), entry.get("upn"), *entry.get("aliases", ())) if address)
    person = _known(world, entry)
    if person is None:
        person = _new(world, entry)
        world.add(person)
    else:
        for name in FIELDS & set(entry) - {"id", "events"}:
            if entry[name] is not None or name == "mail":
                setattr(person, "mailbox_state" if name == "mailbox" else name, entry[name])
        world.relist(person)
    for event in entry.get("events", []):
        add_event(world, person, event)
    return person


def _check_kinds(entry: Json) -> None:
    """ValueError for a value of another kind than it has to be."""
    for name, value in entry.items():
        if name in ("aliases", "other_mails"):
            fits = isinstance(value, list) and all(isinstance(address, str) for address in value)
        elif name == "events":
            fits = isinstance(value, list) and all(isinstance(event, dict) for event in value)
        elif name == "enabled":
            fits = isinstance(value, bool)
        else:
            fits = isinstance(value, str) or (value is None and name in ("mail", "upn", "id", "name"))
        if not fits:
            raise ValueError(f"The value of '{name}' does not fit a person.")


def _known(world: World, entry: Json) -> Person | None:
    """The person that an entry means: by id, else by UPN, else by mail address. (Two people may share one.)"""
    name = entry.get("id") or entry.get("upn")
    if name or not entry.get("mail"):
        return world.in_directory(name) if name else None
    mail = entry["mail"].lower()
    listed = world.by_address.get(mail, ())
    return next((person for person in listed if mail in (person.upn.lower(), (person.mail or "").lower())), None)


def _new(world: World, entry: Json) -> Person:
    upn = entry.get("upn") or entry.get("mail")
    if not upn:
        raise ValueError("A person needs a mail address or a upn.")
    return Person(
        id=entry.get("id") or str(uuid5(UUID(world.tenant_id), upn.lower())),
        name=entry.get("name") or upn.partition("@")[0],
        mail=entry.get("mail"),
        upn=upn,
        aliases=entry.get("aliases", []),
        other_mails=entry.get("other_mails", []),
        user_type=entry.get("user_type", "Member"),
        enabled=entry.get("enabled", True),
        mailbox_state=entry.get("mailbox", "ok"),
    )


def add_event(world: World, person: Person, event: Json) -> Item:
    """Put an event of a tenant file into a calendar; the audit does not hear of it."""
    item = read_event(world, person, event)
    person.mailbox.put(item, world.now())
    return item


def read_event(world: World, person: Person, event: Json) -> Item:
    """The item that an event of a tenant file means; ValueError says what is wrong with it."""
    try:
        return _item(world, person, event)
    except GraphError as error:
        raise ValueError(f"{person.upn}, '{event.get('subject')}': {error.message}") from None


def _item(world: World, person: Person, event: Json) -> Item:
    body = {name: value for name, value in event.items() if name not in ("exceptions", "cancelled", "calendar")}
    facts = read_facts(body, as_user=True)
    check_times(facts)
    recurrence = read_series(body.get("recurrence"), facts)
    now = stamp(world.now())
    item = Item(person.mailbox.next_serial(), facts, "user", now, now, recurrence=recurrence)
    item.calendar = person.mailbox.calendar_named(event.get("calendar")).serial
    item.extended = read_extended(body)
    events.set_exceptions(item, event.get("exceptions", []), event.get("cancelled", []))
    return item
