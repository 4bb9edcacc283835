"""The properties of an event that a request may set, one by one: checked, and in the form that is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

from sandbox.errors import bad_request, invalid_property, unreadable
from sandbox.items import Json
from sandbox.settings import Settings
from sandbox.zones import NEVER

ENUMS = {
    "showAs": ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "importance": ("low", "normal", "high"),
    "onlineMeetingProvider": ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"),
    "type": ("required", "optional", "resource"),
    "contentType": ("text", "html"),
}
MOST_ATTENDEES = 500
NOWHERE: Json = {
    "displayName": "",
    "locationType": "default",
    "uniqueIdType": "unknown",
    "address": {},
    "coordinates": {},
}
_WRAPPER = (
    '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
    "</head>\r\n<body>\r\n{}\r\n</body>\r\n</html>\r\n"
)


def typed(name: str, value: Any, kind: type) -> Any:
    """`value`, which must be of a type; GraphError when it is not."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise unreadable(f"Cannot convert the value of the property '{name}' to the type it has.")
    return value


def boolean(name: str, value: Any) -> bool:
    """The truth that `value` names: python-o365 writes it as a text, and Graph takes it; GraphError for others."""
    if value in ("true", "false"):
        return bool(value == "true")
    return bool(typed(name, value, bool))


def choice(name: str, value: Any) -> str:
    """The member of an enumeration that `value` names, in the letters that Graph writes."""
    for member in ENUMS[name]:
        if isinstance(value, str) and value.lower() == member.lower():
            return member
    raise unreadable(f"Requested value '{value}' was not found.")


def _subject(value: Any, settings: Settings) -> Json:
    subject = typed("subject", value if value is not None else "", str).strip()
    if len(subject) > settings.subject_limit and settings.subject_too_long == "refuse":
        raise invalid_property()
    return {"subject": subject[: settings.subject_limit]}


def _categories(value: Any, settings: Settings) -> Json:
    names = [typed("categories", entry, str) for entry in typed("categories", value, list)]
    return {"categories": [] if settings.unknown_categories == "drop" else list(dict.fromkeys(names))}


def _attendees(value: Any, settings: Settings) -> Json:
    if len(typed("attendees", value, list)) > MOST_ATTENDEES:
        raise bad_request(f"Your request can't be completed. The number of attendees exceeds {MOST_ATTENDEES}.")
    return {"attendees": [_attendee(entry) for entry in value]}


def _attendee(given: Any) -> Json:
    address = typed("attendees", given, dict).get("emailAddress")
    if not isinstance(address, dict) or not isinstance(address.get("address"), str):
        raise unreadable("An attendee has no emailAddress.")
    name = typed("name", address.get("name") or address["address"], str)
    proposed = {"proposedNewTime": given["proposedNewTime"]} if given.get("proposedNewTime") else {}
    return {
        "type": choice("type", given.get("type") or "required"),
        "status": typed("status", given.get("status") or {"response": "none", "time": NEVER}, dict),
        "emailAddress": {"name": name, "address": address["address"]},
        **proposed,
    }


def _location(value: Any, settings: Settings) -> Json:
    """Writing `location` replaces `locations`."""
    location = _place(value) if value is not None else None
    if location is None or not location["displayName"]:
        return {"location": NOWHERE, "locations": []}
    return {"location": location, "locations": [location]}


def _locations(value: Any, settings: Settings) -> Json:
    """Of several places `location` shows the names in a row."""
    places = [_place(entry) for entry in typed("locations", value, list)]
    if not places:
        return _location(None, settings)
    name = "; ".join(place["displayName"] for place in places)
    return {"location": places[0] | {"displayName": name, "uniqueId": name}, "locations": places}


def _place(value: Any) -> Json:
    given = typed("location", value, dict)
    name = typed("displayName", given.get("displayName") or "", str).strip()
    place = {"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}
    return place | {
        key: entry for key, entry in given.items() if key not in {"displayName", "@odata.type"} and entry is not None
    }


def _body(value: Any, settings: Settings) -> Json:
    """A body as Exchange gives it back: always HTML, always in a page of its own; or as it was written."""
    given = typed("body", value if value is not None else {}, dict)
    content = typed("content", given.get("content") or "", str)
    kind = choice("contentType", given.get("contentType") or "text")
    if not settings.rewrite_bodies:
        return {"body": {"contentType": kind, "content": content}}
    if kind == "html":
        inner = re.search(r"(?is)<body[^>]*>(.*)</body>", content)
        content = inner.group(1).strip() if inner else content
    else:
        content = escape(content, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return {"body": {"contentType": "html", "content": _WRAPPER.format(content) if content else ""}}


def _reminder(value: Any, settings: Settings) -> Json:
    return {} if value is None else {"reminderMinutesBeforeStart": typed("reminderMinutesBeforeStart", value, int)}


READERS: dict[str, Callable[[Any, Settings], Json]] = {
    "subject": _subject,
    "location": _location,
    "locations": _locations,
    "attendees": _attendees,
    "categories": _categories,
    "body": _body,
    "reminderMinutesBeforeStart": _reminder,
}
