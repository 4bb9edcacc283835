"""What a request says about an event, checked and brought into the form that is kept."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from sandbox.errors import GraphError, bad_request, invalid_property, unreadable
from sandbox.items import Json, canonical_property_id
from sandbox.properties import READERS, boolean, choice, typed
from sandbox.recurrence import read_recurrence
from sandbox.series import dates
from sandbox.settings import Settings
from sandbox.zones import digits, kept, moment_of, wall_clock

WRITABLE_ENUMS = ("showAs", "sensitivity", "importance", "onlineMeetingProvider")
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
AS_USER: dict[str, type] = {
    "isCancelled": bool, "isOrganizer": bool, "hasAttachments": bool, "isDraft": bool, "iCalUId": str,
    "responseStatus": dict, "organizer": dict, "onlineMeeting": dict, "onlineMeetingUrl": str,
    "originalStartTimeZone": str, "originalEndTimeZone": str,
}  # fmt: skip
_MAY_BE_NULL = {"onlineMeeting", "onlineMeetingUrl", "originalStartTimeZone", "originalEndTimeZone"}
SPECIAL = {"transactionId", "recurrence", "singleValueExtendedProperties", "multiValueExtendedProperties", "extensions"}
FIRST_YEAR, LAST_YEAR = 1601, 4500  # what Exchange can keep
LONGEST_OCCURRENCE = timedelta(days=1825)
PLAIN = Settings()
# An extended property by a name or a number in a set that a GUID names, or one that MAPI itself knows by its number.
_PROPERTY_ID = re.compile(
    r"[A-Za-z]+ (\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\} (Name .+|Id 0x[0-9A-Fa-f]+)|0x[0-9A-Fa-f]+)"
)


def read_facts(body: Json, settings: Settings = PLAIN, *, as_user: bool = False) -> Json:
    """The facts that a request sets; GraphError names what cannot be understood."""
    facts: Json = {}
    for name, value in body.items():
        if name in SPECIAL or (name in READ_ONLY and not (as_user and name in AS_USER)):
            continue
        facts.update(_read(name, value, settings, as_user=as_user))
    return facts


def _read(name: str, value: Any, settings: Settings, *, as_user: bool) -> Json:
    if value is None and (name in WRITABLE_ENUMS or name in BOOLEANS):  # nullable, and then what it was
        return {}
    if name in WRITABLE_ENUMS:
        return {name: choice(name, value)}
    if name in BOOLEANS:
        return {name: boolean(name, value)}
    if name in ("start", "end"):
        return {name: kept(value, name, as_user=as_user, known=settings.iana_zones)}
    if name in READERS:
        return READERS[name](value, settings)
    if as_user and name in AS_USER:
        return _of_owner(name, value)
    raise unreadable(f"The property '{name}' does not exist on type 'microsoft.graph.event'.")


def _of_owner(name: str, value: Any) -> Json:
    if value is None:  # what cannot be null is then what it was
        return {name: None} if name in _MAY_BE_NULL else {}
    if name == "organizer":
        address = typed("emailAddress", typed(name, value, dict).get("emailAddress"), dict)
        typed("address", address.get("address"), str)
    return {name: typed(name, value, AS_USER[name])}


def read_extended(body: Json) -> dict[str, str]:
    """The single-value extended properties of a request, by their canonical ids."""
    found = {}
    for entry in typed("singleValueExtendedProperties", body.get("singleValueExtendedProperties") or [], list):
        name, value = typed("singleValueExtendedProperties", entry, dict).get("id"), entry.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            raise unreadable("An extended property needs an id and a value.")
        found[_property_id(name)] = value
    return found


def read_multi_valued(body: Json) -> dict[str, list[str]]:
    """The multi-value extended properties of a request, by their canonical ids."""
    found = {}
    for entry in typed("multiValueExtendedProperties", body.get("multiValueExtendedProperties") or [], list):
        name, values = typed("multiValueExtendedProperties", entry, dict).get("id"), entry.get("value")
        if not isinstance(name, str) or not isinstance(values, list):
            raise unreadable("A multi-value extended property needs an id and a list of values.")
        found[_property_id(name)] = [typed("value", value, str) for value in values]
    return found


def _property_id(text: str) -> str:
    """The canonical id of an extended property; GraphError when it is none."""
    name = canonical_property_id(text)
    if not _PROPERTY_ID.fullmatch(name):
        raise invalid_property()
    return name


def check_times(facts: Json, settings: Settings = PLAIN) -> None:
    """GraphError unless the event has a start and an end that fit together."""
    if "start" not in facts or "end" not in facts:
        raise invalid_property()
    if not all(FIRST_YEAR <= wall_clock(facts[name]).year <= LAST_YEAR for name in ("start", "end")):
        raise invalid_property()
    if facts.get("isAllDay"):
        _check_all_day(facts, settings)
    elif moment_of(facts["end"]) < moment_of(facts["start"]):
        raise refusal_of(settings.reversed_times_code)


def refusal_of(code: str) -> GraphError:
    """A refusal whose code is not known for sure, with the text that belongs to it."""
    if code == "ErrorPropertyValidationFailure":
        return invalid_property()
    return bad_request("Your request can't be completed. The start and the end of the event do not fit.", code)


def _check_all_day(facts: Json, settings: Settings) -> None:
    start, end = wall_clock(facts["start"]), wall_clock(facts["end"])
    if facts["start"]["timeZone"] != facts["end"]["timeZone"]:
        raise bad_request("Your request can't be completed. The start and end of an all-day event need one time zone.")
    if end - start < timedelta(days=1):
        raise bad_request(
            "Your request can't be completed. The duration of an event marked as All day must be at least 24 hours."
        )
    if start.time() != end.time() or start.hour or start.minute or start.second:
        raise refusal_of(settings.not_midnight_code)


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
