"""Meetings with other people: invitations, answers to them, and what the organizer does later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import events
from sandbox.errors import bad_request
from sandbox.events import Actor
from sandbox.items import Item, Json
from sandbox.mailbox import Person
from sandbox.zones import NEVER, stamp

if TYPE_CHECKING:
    from sandbox.world import World

# What an action makes of the answer, and as what the time then shows.
ANSWERS = {"accept": ("accepted", "busy"), "tentativelyAccept": ("tentativelyAccepted", "tentative")}
DECLINE = "decline"


def invite(world: World, person: Person, body: Json) -> Item:
    """Put an invitation by somebody else into a mailbox: not answered yet, and shown as tentative."""
    organizer = body.get("organizer") or {"emailAddress": {"name": "Olaf Host", "address": "host@elsewhere.example"}}
    address = {"name": person.name, "address": person.mail or person.upn}
    me: Json = {"type": "required", "status": {"response": "none", "time": NEVER}, "emailAddress": address}
    facts = {
        "isOrganizer": False,
        "organizer": organizer,
        "responseStatus": {"response": "notResponded", "time": NEVER},
        "showAs": "tentative",
        "attendees": [me],
    }
    item, _ = events.create(world, person, facts | body, events.USER)
    return item


def respond(world: World, person: Person, event_id: str, action: str, body: Json, actor: Actor) -> None:
    """Answer an invitation; a declined one goes. GraphError when there is nothing to answer."""
    item, day = person.mailbox.find(event_id)
    if item.facts.get("isOrganizer", True):
        raise bad_request(
            "Your request can't be completed. You can't respond to this meeting because you're the meeting organizer."
        )
    if body.get("sendResponse", True) and item.facts.get("organizer"):
        _mail_organizer(world, person, item, actor, event_id)
    if action == DECLINE:
        events.delete(world, person, event_id, actor)
        return
    answer, shown = ANSWERS[action]
    facts = {"responseStatus": {"response": answer, "time": stamp(world.now())}, "showAs": shown}
    events.change_facts(world, person, (item, day), facts, actor)


def _mail_organizer(world: World, person: Person, item: Item, actor: Actor, event_id: str) -> None:
    mails = world.audit.user_mails if actor.is_user else world.audit.mails
    mails.append(
        {
            "at": stamp(world.now()),
            "who": "user" if actor.is_user else "app",
            "method": "POST",
            "mailbox": person.mail or person.upn,
            "event_id": event_id,
            "subject": item.facts.get("subject", ""),
            "kind": "response",
            "to": [item.facts["organizer"]["emailAddress"]["address"]],
        }
    )


def cancel(world: World, person: Person, event_id: str, actor: Actor) -> None:
    """The organizer calls a meeting off: it goes, and the attendees are told."""
    item, _ = person.mailbox.find(event_id)
    if not item.facts.get("isOrganizer", True):
        raise bad_request("Your request can't be completed. You need to be an organizer to cancel a meeting.")
    events.delete(world, person, event_id, actor)


def called_off(world: World, person: Person, event_id: str) -> Item:
    """What becomes of an attendee's copy when the organizer calls the meeting off: it stays, and says so."""
    item, day = person.mailbox.find(event_id)
    subject = item.facts.get("subject", "")
    facts = {"isCancelled": True, "subject": f"Canceled: {subject}", "showAs": "free"}
    events.change_facts(world, person, (item, day), facts, events.USER)
    return item
