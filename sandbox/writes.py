"""The application's writes: POST, PATCH and DELETE of events, and what one does with meetings."""

from __future__ import annotations

from datetime import date

from sandbox import edits, events, meetings
from sandbox.calls import Answer, Call
from sandbox.errors import unreadable
from sandbox.items import Item, Json
from sandbox.rendering import render, render_master
from sandbox.series import instance_on


def create_event(call: Call) -> Answer:
    person = call.person
    item, _ = events.create(
        call.world, person, call.details, _actor(call), calendar=call.calendar, immutable=call.style.immutable
    )
    _bump_later(call, item)
    event = _shown(call, item, None)
    headers = {"Location": call.link(f"/users/{call.ids[0]}/events/{event['id']}")}
    return Answer(201, _reduced(call, event), headers if call.world.settings.location_header else {})


def update_event(call: Call) -> Answer:
    call.find_event()
    details, if_match = call.details, call.headers.get("if-match")
    item, day = events.update(call.world, call.person, call.ids[-1], details, _actor(call), if_match)
    _bump_later(call, item)
    event = _reduced(call, _shown(call, item, day))
    if call.world.settings.return_minimal == "empty" and _wants_minimum(call):
        return Answer(204)
    return Answer(200, event)


def delete_event(call: Call) -> Answer:
    call.find_event()
    events.delete(call.world, call.person, call.ids[-1], _actor(call), call.headers.get("if-match"))
    return Answer(204)


def delete_for_good(call: Call) -> Answer:
    """Delete past Deleted Items: its owner cannot take it back."""
    call.find_event()
    events.delete(call.world, call.person, call.ids[-1], _actor(call), for_good=True)
    return Answer(204)


def cancel_event(call: Call) -> Answer:
    """The organizer cancels a meeting: its attendees get a mail, the event goes."""
    call.find_event()
    _words(call)
    meetings.cancel(call.world, call.person, call.ids[-1], _actor(call))
    return Answer(202)


def respond(call: Call) -> Answer:
    """Accept, decline or tentatively accept somebody else's meeting."""
    call.find_event()
    action = {name.lower(): name for name in (*meetings.ANSWERS, meetings.DECLINE)}[call.segments[-1].lower()]
    meetings.respond(call.world, call.person, call.ids[-1], action, _words(call), _actor(call))
    return Answer(202)


def _words(call: Call) -> Json:
    """The body of an action, which may be missing; GraphError when it is not what the action takes."""
    words = {} if call.body is None else call.details
    kinds = {"comment": str, "sendResponse": bool, "proposedNewTime": dict}
    for name, value in words.items():
        kind = kinds.get(name[:1].lower() + name[1:])
        if kind is None or (value is not None and not isinstance(value, kind)):
            raise unreadable(f"The parameter '{name}' is not one of this action, or has another type.")
    return {name[:1].lower() + name[1:]: value for name, value in words.items() if value is not None}


def _actor(call: Call) -> events.Actor:
    return events.Actor(call.client)


def _shown(call: Call, item: Item, day: date | None) -> Json:
    person, style = call.person, call.style
    event = render(person, instance_on(item, day), style) if day else render_master(person, item, style)
    return {"@odata.context": call.context(f"{call.root}/events/$entity")} | event


def _wants_minimum(call: Call) -> bool:
    """Whether the request prefers a minimal answer and the settings honour that."""
    if call.preferences.get("return", "").lower() != "minimal" or call.world.settings.return_minimal == "ignore":
        return False
    if "return=minimal" not in call.applied:
        call.applied.append("return=minimal")
    return True


def _reduced(call: Call, event: Json) -> Json:
    if not _wants_minimum(call):
        return event
    return {name: value for name, value in event.items() if name[0] == "@" or name in ("id", "changeKey")}


def _bump_later(call: Call, item: Item) -> None:
    """Exchange moves an item's change key again some seconds after a write, when the settings say so."""
    settings, world, person = call.world.settings, call.world, call.person
    if settings.change_key_bump_seconds:
        for number in range(1, settings.change_key_bumps + 1):
            delay = number * settings.change_key_bump_seconds
            world.clock.later(delay, lambda: edits.bump(world, person, item.serial))
