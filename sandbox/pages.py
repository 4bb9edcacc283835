"""The page that shows the people and their calendars, and lets a visitor act as the owner of one."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse

from sandbox import events
from sandbox.items import Instance, Json
from sandbox.mailbox import Person
from sandbox.series import facts_on
from sandbox.world import World

DAYS_SHOWN = 21
PEOPLE_SHOWN = 200
SWITCHED = {"ok": ("refused", "Refuse the application"), "refused": ("ok", "Let the application in again")}

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1.5rem; color: #1f2937; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
a { color: #1d4ed8; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #e5e7eb; vertical-align: top; }
th { font-weight: 600; } .app { background: #dbeafe; } .quiet { color: #4b5563; }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/_sandbox/style.css"></head>
<body><h1>{title}</h1>{content}</body></html>
"""


def calendars(world: World, request: Request) -> HTMLResponse:
    """The people; or one person's next three weeks, when the query names one."""
    person = world.find(request.query_params.get("person", ""))
    if person is not None:
        return _html(f"Calendar of {person.name}", _calendar(world, person))
    return _html("Sandbox of Microsoft 365", _people(world, request.query_params.get("search", "")))


def act(world: World, person: Person, form: str) -> None:
    """Do what a form of the page says: as the owner remove an item or add one, or open or close the mailbox."""
    values = {name: found[0] for name, found in parse_qs(form).items()}
    if "remove" in values:
        events.delete(world, person, values["remove"], events.USER)
        return
    if values.get("mailbox") in SWITCHED:
        person.mailbox_state = values["mailbox"]
        world.access.note(person)
        world.people_changed = True
        return
    span = {name: {"dateTime": values.get(name, ""), "timeZone": "UTC"} for name in ("start", "end")}
    events.create(world, person, {"subject": values.get("subject", ""), **span}, events.USER)


def _html(title: str, content: str) -> HTMLResponse:
    policy = "default-src 'none'; style-src 'self'; form-action 'self'"
    return HTMLResponse(_PAGE.format(title=escape(title), content=content), headers={"Content-Security-Policy": policy})


def _people(world: World, search: str) -> str:
    found = [person for person in world.people.values() if search.lower() in _searchable(person)]
    rows = "".join(_person_row(person) for person in found[:PEOPLE_SHOWN])
    more = f"<p class='quiet'>The first {PEOPLE_SHOWN} of {len(found)}.</p>" if len(found) > PEOPLE_SHOWN else ""
    return (
        f"<p>Tenant {world.tenant_id}, application {world.client_id}, {len(world.people)} people.</p>"
        f"<form><label>Search <input name='search' value='{escape(search, quote=True)}'></label></form>"
        + _table(("Name", "Mail", "Mailbox", "Items"), rows)
        + more
    )


def _searchable(person: Person) -> str:
    return f"{person.name} {person.mail} {person.upn}".lower()


def _table(names: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _person_row(person: Person) -> str:
    link = f"<a href='/?person={person.id}'>{escape(person.name)}</a>"
    state = escape(
        person.mailbox_state if person.user_type == "Member" else f"{person.mailbox_state} ({person.user_type})"
    )
    cells = (link, escape(person.mail or ""), state, str(len(person.mailbox.items)))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _calendar(world: World, person: Person) -> str:
    today = world.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found = world.views.of(person.mailbox, (today - timedelta(days=1), today + timedelta(days=DAYS_SHOWN)), None)
    rows = "".join(_instance_row(person, instance) for instance in found)
    start = (today + timedelta(days=1, hours=9)).strftime("%Y-%m-%dT%H:%M")
    end = (today + timedelta(days=1, hours=10)).strftime("%Y-%m-%dT%H:%M")
    return (
        f"<p><a href='/'>All people</a></p><p>{escape(person.mail or person.upn)}, the next {DAYS_SHOWN} days, "
        "times in UTC. What the application wrote is on a blue ground.</p>"
        f"<form method='post' action='/?person={person.id}'>"
        "<label>Subject <input name='subject' value='Dentist'></label> "
        f"<label>Start <input type='datetime-local' name='start' value='{start}'></label> "
        f"<label>End <input type='datetime-local' name='end' value='{end}'></label> "
        f"<button>Add as {escape(person.name)}</button></form>"
        + _switch(person)
        + _table(("Start", "End", "Calendar", "Subject", "Location", "Shown as", ""), rows)
    )


def _switch(person: Person) -> str:
    """A button that opens or closes the mailbox to the application, as an Exchange administrator would."""
    if person.mailbox_state not in SWITCHED:
        return ""
    other, text = SWITCHED[person.mailbox_state]
    button = f"<button name='mailbox' value='{other}'>{text}</button>"
    return f"<form method='post' action='/?person={person.id}'>Mailbox: {person.mailbox_state} {button}</form>"


def _instance_row(person: Person, instance: Instance) -> str:
    facts: Json = facts_on(instance.item, instance.day) if instance.day else instance.item.facts
    by_app = " class='app'" if instance.item.creator != "user" else ""
    place = facts.get("location", {}).get("displayName", "")
    cells = (
        _when(instance.start, facts),
        _when(instance.end, facts),
        person.mailbox.calendars[instance.item.calendar].name,
        facts.get("subject", ""),
        place,
        facts.get("showAs", "busy"),
    )
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr{by_app}>{shown}<td>{'' if instance.day else _removal(person, instance)}</td></tr>"


def _removal(person: Person, instance: Instance) -> str:
    """A button that removes a single item as its owner would."""
    event_id = escape(events.snapshot(person, instance.item)["id"], quote=True)
    button = f"<button name='remove' value='{event_id}'>Remove</button>"
    return f"<form method='post' action='/?person={person.id}'>{button}</form>"


def _when(moment: datetime, facts: Json) -> str:
    return moment.strftime("%a %d %b %Y" if facts.get("isAllDay") else "%a %d %b %Y %H:%M")
