"""The application's writes: POST, PATCH and DELETE of events."""

from __future__ import annotations

from urllib.parse import quote

from sandbox import events
from sandbox.calls import Answer, Call
from sandbox.errors import bad_request
from sandbox.items import Json
from sandbox.mailbox import Person
from sandbox.rendering import render, render_master
from sandbox.series import instance_on


def create_event(call: Call) -> Answer:
    person = call.person
    item, _ = events.create(call.world, person, call.details, _actor(call), immutable=call.style.immutable)
    _bump_later(call, person, item.serial)
    event = _context(call) | render_master(person, item, call.style)
    location = call.link(f"/users/{call.ids[0]}/events/{event['id']}")
    return Answer(201, event, {"Location": location})


def update_event(call: Call) -> Answer:
    person, event_id = call.person, call.ids[-1]
    events.update(call.world, person, event_id, call.details, _actor(call), call.headers.get("if-match"))
    item, day = person.calendar.find(event_id)
    _bump_later(call, person, item.serial)
    event = render(person, instance_on(item, day), call.style) if day else render_master(person, item, call.style)
    return Answer(200, _context(call) | event)


def delete_event(call: Call) -> Answer:
    events.delete(call.world, call.person, call.ids[-1], _actor(call), call.headers.get("if-match"))
    return Answer(204)


def cancel_event(call: Call) -> Answer:
    """The organizer cancels a meeting: its attendees get a mail, the event goes."""
    item, _ = call.mailbox.find(call.ids[-1])
    if not item.facts.get("isOrganizer", True) or not item.facts.get("attendees"):
        raise bad_request("Your request can't be completed. You need to be an organizer to cancel a meeting.")
    events.delete(call.world, call.person, call.ids[-1], _actor(call))
    return Answer(202)


def _actor(call: Call) -> events.Actor:
    return events.Actor(call.client)


def _context(call: Call) -> Json:
    return {"@odata.context": call.context(f"users('{quote(call.ids[0])}')/events/$entity")}


def _bump_later(call: Call, person: Person, serial: int) -> None:
    """Exchange moves an item's change key once more some seconds after a write, when the settings say so."""
    seconds = call.world.settings.change_key_bump_seconds
    if seconds:
        call.world.clock.later(seconds, lambda: events.bump(call.world, person, serial))
