"""What a request says about an event, checked and brought into the form that is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import escape
from typing import Any

from sandbox.errors import bad_request, invalid_property, unreadable
from sandbox.items import Json, canonical_property_id
from sandbox.recurrence import read_recurrence
from sandbox.series import dates
from sandbox.zones import digits, kept, moment_of, wall_clock

ENUMS = {
    "showAs": ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "importance": ("low", "normal", "high"),
    "onlineMeetingProvider": ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"),
}
BOOLEANS = (
    "isAllDay", "isReminderOn", "responseRequested", "hideAttendees", "allowNewTimeProposals", "isOnlineMeeting",
)  # fmt: skip
# What Graph computes: a request may name it, and it is ignored.
READ_ONLY = {
    "id", "@odata.etag", "@odata.type", "@odata.context", "changeKey", "createdDateTime", "lastModifiedDateTime",
    "originalStartTimeZone", "originalEndTimeZone", "iCalUId", "hasAttachments", "bodyPreview", "isCancelled",
    "isDraft", "isOrganizer", "seriesMasterId", "type", "originalStart", "cancelledOccurrences", "onlineMeeting",
    "onlineMeetingUrl", "responseStatus", "organizer", "webLink",
}  # fmt: skip
# What the owner of a mailbox may have without the application having set it: invitations, answers, legacy zones.
AS_USER = {
    "isCancelled", "isOrganizer", "responseStatus", "organizer", "hasAttachments", "isDraft", "onlineMeeting",
    "onlineMeetingUrl", "originalStartTimeZone", "originalEndTimeZone",
}  # fmt: skip
SPECIAL = {"transactionId", "recurrence", "singleValueExtendedProperties", "multiValueExtendedProperties", "extensions"}
FIRST_YEAR, LAST_YEAR = 1601, 4500  # what Exchange can keep
LONGEST_OCCURRENCE = timedelta(days=1825)
WRAPPER = (
    '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
    "</head>\r\n<body>\r\n{}\r\n</body>\r\n</html>\r\n"
)


def read_facts(body: Json, *, as_user: bool = False, rewrite: bool = True) -> Json:
    """The facts that a request sets; GraphError names what cannot be understood."""
    facts: Json = {}
    for name, value in body.items():
        if name in SPECIAL or (name in READ_ONLY and not (as_user and name in AS_USER)):
            continue
        facts.update(_read(name, value, as_user, rewrite))
    return facts


def _read(name: str, value: Any, as_user: bool, rewrite: bool) -> Json:
    if name in ENUMS:
        return {name: _choice(name, value)}
    if name in BOOLEANS:
        return {name: _typed(name, value, bool)}
    if name in ("start", "end"):
        return {name: kept(value, name, as_user=as_user)}
    if name in _READERS:
        return _READERS[name](value)
    if name == "body":
        return {"body": _rewritten(value) if rewrite else value}
    if as_user and name in AS_USER:
        return {name: value}
    raise unreadable(f"The property '{name}' does not exist on type 'microsoft.graph.event'.")


def _typed(name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise unreadable(f"Cannot convert the value of the property '{name}' to the type it has.")
    return value


def _choice(name: str, value: Any) -> str:
    for choice in ENUMS[name]:
        if isinstance(value, str) and value.lower() == choice.lower():
            return choice
    raise unreadable(f"Requested value '{value}' was not found.")


def _subject(value: Any) -> Json:
    return {"subject": _typed("subject", value if value is not None else "", str).strip()[:255]}


def _categories(value: Any) -> Json:
    return {"categories": [_typed("categories", entry, str) for entry in _typed("categories", value, list)]}


def _attendees(value: Any) -> Json:
    attendees = []
    for entry in _typed("attendees", value, list):
        address = _typed("attendees", entry, dict).get("emailAddress")
        if not isinstance(address, dict) or not isinstance(address.get("address"), str):
            raise unreadable("An attendee has no emailAddress.")
        status = entry.get("status") or {"response": "none", "time": "0001-01-01T00:00:00Z"}
        name = address.get("name") or address["address"]
        attendees.append(
            {
                "type": entry.get("type") or "required",
                "status": status,
                "emailAddress": {"name": name, "address": address["address"]},
            }
        )
    return {"attendees": attendees}


def _location(value: Any) -> Json:
    location = _place(value) if value is not None else None
    if location is None or not location["displayName"]:
        return {"location": _NOWHERE, "locations": []}
    return {"location": location, "locations": [location]}


def _locations(value: Any) -> Json:
    places = [_place(entry) for entry in _typed("locations", value, list)]
    if not places:
        return _location(None)
    name = "; ".join(place["displayName"] for place in places)
    return {"location": places[0] | {"displayName": name, "uniqueId": name}, "locations": places}


_NOWHERE: Json = {
    "displayName": "",
    "locationType": "default",
    "uniqueIdType": "unknown",
    "address": {},
    "coordinates": {},
}


def _place(value: Any) -> Json:
    given = _typed("location", value, dict)
    name = _typed("displayName", given.get("displayName") or "", str).strip()
    place = {"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}
    return place | {
        key: entry for key, entry in given.items() if key not in {"displayName", "@odata.type"} and entry is not None
    }


def _rewritten(value: Any) -> Json:
    """A body as Exchange gives it back: always HTML, always in a page of its own."""
    given = _typed("body", value if value is not None else {"content": ""}, dict)
    content = _typed("content", given.get("content") or "", str)
    if str(given.get("contentType", "text")).lower() == "html":
        inner = re.search(r"(?is)<body[^>]*>(.*)</body>", content)
        content = inner.group(1).strip() if inner else content
    else:
        content = escape(content, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return {"contentType": "html", "content": WRAPPER.format(content) if content else ""}


_READERS: dict[str, Callable[[Any], Json]] = {
    "subject": _subject,
    "location": _location,
    "locations": _locations,
    "attendees": _attendees,
    "categories": _categories,
    "reminderMinutesBeforeStart": lambda value: {
        "reminderMinutesBeforeStart": _typed("reminderMinutesBeforeStart", value, int)
    },
}


def read_extended(body: Json) -> dict[str, str]:
    """The single-value extended properties of a request, by their canonical ids."""
    found = {}
    for entry in _typed("singleValueExtendedProperties", body.get("singleValueExtendedProperties") or [], list):
        name, value = _typed("singleValueExtendedProperties", entry, dict).get("id"), entry.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            raise unreadable("An extended property needs an id and a value.")
        found[canonical_property_id(name)] = value
    return found


def check_times(facts: Json) -> None:
    """GraphError unless the event has a start and an end that fit together."""
    if "start" not in facts or "end" not in facts:
        raise invalid_property()
    if not all(FIRST_YEAR <= wall_clock(facts[name]).year <= LAST_YEAR for name in ("start", "end")):
        raise invalid_property()
    if facts.get("isAllDay"):
        _check_all_day(facts)
    elif moment_of(facts["end"]) < moment_of(facts["start"]):
        raise invalid_property()


def _check_all_day(facts: Json) -> None:
    start, end = wall_clock(facts["start"]), wall_clock(facts["end"])
    if facts["start"]["timeZone"] != facts["end"]["timeZone"]:
        raise bad_request("Your request can't be completed. The start and end of an all-day event need one time zone.")
    if end - start < timedelta(days=1):
        raise bad_request(
            "Your request can't be completed. The duration of an event marked as All day must be at least 24 hours."
        )
    if start.time() != end.time() or start.hour or start.minute or start.second:
        raise bad_request("Your request can't be completed. An event marked as All day must start and end at midnight.")


def read_series(value: Any, facts: Json) -> Json | None:
    """The recurrence of a request, and `facts` moved to its first date; None when it asks for a single event."""
    if value is None:
        return None
    if wall_clock(facts["end"]) - wall_clock(facts["start"]) > LONGEST_OCCURRENCE:
        raise invalid_property()
    recurrence = read_recurrence(value, facts["start"])
    first = next(dates(recurrence), None)
    if first is None:
        raise invalid_property()
    move_to(facts, first)
    return recurrence


def move_to(facts: Json, day: date) -> None:
    """Put the start of `facts` on `day`, and its end as far behind as it was."""
    start, end = wall_clock(facts["start"]), wall_clock(facts["end"])
    shift = timedelta(days=(day - start.date()).days)
    if shift:
        facts["start"] = facts["start"] | {"dateTime": digits(start + shift)}
        facts["end"] = facts["end"] | {"dateTime": digits(end + shift)}
