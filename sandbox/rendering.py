"""How an item looks in an answer of Graph."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from typing import Any

from sandbox.calendars import Calendar
from sandbox.items import Instance, Item, Json
from sandbox.mailbox import Mailbox, Person
from sandbox.properties import NOWHERE
from sandbox.recurrence import NO_DATE
from sandbox.series import facts_on, occurrence_interval
from sandbox.zones import NEVER, digits, rendered
from sandbox.zones_custom import shown_name

DEFAULTS: Json = {
    "categories": [],
    "reminderMinutesBeforeStart": 15,
    "isReminderOn": True,
    "hasAttachments": False,
    "subject": "",
    "importance": "normal",
    "sensitivity": "normal",
    "isAllDay": False,
    "isCancelled": False,
    "isOrganizer": True,
    "responseRequested": True,
    "showAs": "busy",
    "onlineMeetingUrl": None,
    "isOnlineMeeting": False,
    "onlineMeetingProvider": "unknown",
    "allowNewTimeProposals": True,
    "isDraft": False,
    "hideAttendees": False,
    "onlineMeeting": None,
    "responseStatus": {"response": "organizer", "time": NEVER},
    "attendees": [],
}
_UNSAID: Json = {
    "month": 0,
    "dayOfMonth": 0,
    "firstDayOfWeek": "sunday",
    "index": "first",
    "endDate": NO_DATE,
    "numberOfOccurrences": 0,
}
_GLOBAL_ID = "040000008200E00074C5B7101A82E008"


@dataclass(frozen=True, slots=True)
class Style:
    """What a request prefers: the kind of ids, the zone of the times, the kind of bodies."""

    immutable: bool = False
    zone: str = "UTC"
    text_bodies: bool = False
    bare_location: bool = False
    null_transaction_id: bool = True
    bare_recurrence: bool = False


def change_key(mailbox: Mailbox, version: int) -> str:
    return base64.b64encode(mailbox.key[:6] + version.to_bytes(10, "big")).decode()


def etag(mailbox: Mailbox, version: int) -> str:
    return f'W/"{change_key(mailbox, version)}"'


def version_of(item: Item, day: date | None) -> int:
    """The version that an etag of this instance shows: an exception has its own."""
    changes = item.exceptions.get(day.isoformat()) if day else None
    return changes.get("version", item.version) if changes else item.version


def render_master(person: Person, item: Item, style: Style) -> Json:
    """A single event, or a series as a whole, with all its properties."""
    start, end = item.interval()
    kind = "seriesMaster" if item.is_series else "singleInstance"
    return render(person, Instance(item, None, start, end, kind), style)


def render(person: Person, instance: Instance, style: Style) -> Json:
    """An instance with all its properties."""
    item, day = instance.item, instance.day
    facts = item.facts if day is None else facts_on(item, day)
    mailbox = person.mailbox
    version = version_of(item, day)
    event_id = mailbox.item_id(item, day, immutable=style.immutable)
    master_id = mailbox.item_id(item, immutable=style.immutable) if day else None
    event = {
        "@odata.etag": etag(mailbox, version),
        "id": event_id,
        "createdDateTime": item.created,
        "lastModifiedDateTime": facts.get("modified", item.modified),
        "changeKey": change_key(mailbox, version),
        "transactionId": item.transaction_id,
        "originalStartTimeZone": _original_zone(facts, "originalStartTimeZone", "start"),
        "originalEndTimeZone": _original_zone(facts, "originalEndTimeZone", "end"),
        "iCalUId": _ical_uid(mailbox, item, facts, day),
        **{name: facts.get(name, default) for name, default in DEFAULTS.items()},
        "seriesMasterId": master_id,
        "type": instance.kind,
        "webLink": _web_link(event_id),
        "recurrence": _recurrence(item, style) if day is None else None,
        "bodyPreview": preview(facts),
        "body": _body(facts, style),
        "start": _time(facts, "start", instance.start, style),
        "end": _time(facts, "end", instance.end, style),
        "location": _location(facts, style),
        "locations": facts.get("locations", []),
        "organizer": facts.get("organizer")
        or {"emailAddress": {"name": person.name, "address": person.mail or person.upn}},
    }
    if item.transaction_id is None and not style.null_transaction_id:
        del event["transactionId"]
    if day is not None:
        event["originalStart"] = _original_start(item, day)
    return event


def render_bare(person: Person, instance: Instance, style: Style) -> Json:
    """An occurrence as a delta delivers it: its ids and its times, nothing else."""
    mailbox, item = person.mailbox, instance.item
    return {
        "@odata.type": "#microsoft.graph.event",
        "@odata.etag": etag(mailbox, item.version),
        "id": mailbox.item_id(item, instance.day, immutable=style.immutable),
        "seriesMasterId": mailbox.item_id(item, immutable=style.immutable),
        "type": "occurrence",
        "start": _time(item.facts, "start", instance.start, style),
        "end": _time(item.facts, "end", instance.end, style),
    }


def render_calendar(person: Person, calendar: Calendar) -> Json:
    """A calendar as Graph shows it."""
    return {
        "id": person.mailbox.calendar_id(calendar),
        "name": calendar.name,
        "color": calendar.color,
        "hexColor": "",
        "isDefaultCalendar": calendar.is_default,
        "changeKey": change_key(person.mailbox, calendar.version),
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": calendar.providers,
        "defaultOnlineMeetingProvider": calendar.providers[0] if calendar.providers else "unknown",
        "isTallyingResponses": True,
        "isRemovable": not calendar.is_default,
        "owner": {"name": person.name, "address": person.mail or person.upn},
    }


def extended_properties(item: Item, wanted: set[str] | None = None, guids: str = "lower") -> list[Json]:
    """The extended properties of an item; only those with a `wanted` id when it is given."""
    return _properties(item.extended, wanted, guids)


def multi_value_properties(item: Item, wanted: set[str] | None = None, guids: str = "lower") -> list[Json]:
    """The extended properties of an item that have several values."""
    return _properties(item.multi_valued, wanted, guids)


def _properties(found: Mapping[str, Any], wanted: set[str] | None, guids: str) -> list[Json]:
    return [
        {"id": _upper(name) if guids == "upper" else name, "value": value}
        for name, value in found.items()
        if wanted is None or name in wanted
    ]


def _upper(name: str) -> str:
    """An extended property's id with its GUID in capital letters."""
    return re.sub(r"\{[^}]*\}", lambda match: match.group().upper(), name)


def _time(facts: Json, name: str, moment: datetime, style: Style) -> dict[str, str]:
    if facts.get("isAllDay"):  # floating: midnight of its own date, whichever zone is asked for
        return {"dateTime": digits(moment), "timeZone": style.zone}
    return rendered(moment, style.zone)


def _original_zone(facts: Json, name: str, key: str) -> str | None:
    """The zone in which an event was written; an old one may have an empty name, or none."""
    zone_name = facts.get(name, facts[key]["timeZone"])
    return shown_name(zone_name) if zone_name else zone_name


def _web_link(event_id: str) -> str:
    escaped = event_id.replace("=", "%3D")
    return f"https://outlook.office365.com/owa/?itemid={escaped}&exvsurl=1&path=/calendar/item"


def _original_start(item: Item, day: date) -> str:
    return occurrence_interval(item, day)[0].strftime("%Y-%m-%dT%H:%M:%SZ")


def _ical_uid(mailbox: Mailbox, item: Item, facts: Json, day: date | None) -> str:
    """The same for one meeting in every mailbox; an occurrence has its date in it."""
    uid = str(facts.get("iCalUId") or f"{_GLOBAL_ID}{'0' * 8}{mailbox.key.hex().upper()}{item.serial:016X}")
    if day is None or not uid.startswith(_GLOBAL_ID):
        return uid
    return f"{_GLOBAL_ID}{day.year:04X}{day.month:02X}{day.day:02X}{uid[len(_GLOBAL_ID) + 8 :]}"


def _recurrence(item: Item, style: Style) -> Json | None:
    """The recurrence with all its fields, or without those that say nothing."""
    if item.recurrence is None or not style.bare_recurrence:
        return item.recurrence
    return {
        name: {field: value for field, value in part.items() if _UNSAID.get(field) != value}
        for name, part in item.recurrence.items()
    }


def _location(facts: Json, style: Style) -> Json:
    location: Json = facts.get("location", NOWHERE)
    return {"displayName": ""} if style.bare_location and not location["displayName"] else location


def _body(facts: Json, style: Style) -> Json:
    body = facts.get("body") or {"contentType": "html", "content": ""}
    if style.text_bodies:
        return {"contentType": "text", "content": _plain(body["content"])}
    return body


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", re.sub(r"(?is)<head>.*?</head>", "", html))).strip()


def preview(facts: Json) -> str:
    body: dict[str, Any] | None = facts.get("body")
    return _plain(body["content"])[:255] if body else ""
