"""getSchedule: when people are free, for up to twenty of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.calls import Answer, Call
from sandbox.errors import GraphError, bad_request
from sandbox.items import Instance, Json, overlaps
from sandbox.mailbox import Person
from sandbox.outlook import working_hours
from sandbox.series import facts_on
from sandbox.zones import digits, kept, moment_of, rendered

MOST_SCHEDULES = 20
MOST_ITEMS = 1000
LONGEST = timedelta(days=62)  # not reached
DEFAULT_MINUTES, LEAST_MINUTES, MOST_MINUTES = 30, 5, 1440
_RANK = {"free": 0, "workingElsewhere": 1, "tentative": 2, "busy": 3, "oof": 4}
_DIGITS = {"free": "0", "tentative": "1", "busy": "2", "oof": "3"}
Window = tuple[datetime, datetime]


def get_schedule(call: Call) -> Answer:
    """What stands in the calendars of the people who are named; an unknown one spoils nobody else's answer."""
    call.world.mailbox_owner(call.ids[0])
    schedules = _schedules(call.details.get("schedules"))
    window = _window(call.details)
    minutes = _interval(call.details.get("availabilityViewInterval"))
    zone = call.style.zone
    value = [_schedule(call, name, window, minutes, zone) for name in schedules]
    context = call.context("Collection(microsoft.graph.scheduleInformation)")
    return Answer(200, {"@odata.context": context, "value": value})


def _schedules(given: Any) -> list[str]:
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise bad_request("The property 'schedules' is a list of addresses.", "ErrorMailboxDataArrayEmpty")
    if len(given) > MOST_SCHEDULES:
        message = f"The number of schedules is larger than {MOST_SCHEDULES}."
        raise bad_request(message, "ErrorMailboxDataArrayTooBig")
    return given


def _window(details: Json) -> Window:
    start, end = (moment_of(kept(details.get(name), name)) for name in ("startTime", "endTime"))
    if end <= start:
        raise bad_request("The end of the period is not after its start.", "ErrorInvalidTimeInterval")
    if end - start >= LONGEST:
        message = "The requested time duration specified for FreeBusyViewOptions.TimeWindow is not within the limits."
        raise bad_request(message, "ErrorTimeIntervalTooBig")
    return start, end


def _interval(given: Any) -> int:
    if given is None:
        return DEFAULT_MINUTES
    if not isinstance(given, int) or isinstance(given, bool) or not LEAST_MINUTES <= given <= MOST_MINUTES:
        message = f"The interval of the availability view is from {LEAST_MINUTES} to {MOST_MINUTES} minutes."
        raise bad_request(message, "ErrorInvalidMergedFreeBusyInterval")
    return given


def _schedule(call: Call, name: str, window: Window, minutes: int, zone: str) -> Json:
    person = call.world.find(name)
    if person is None or not _has_mailbox(call, person):
        message = f"Unable to resolve e-mail address {name} to an Active Directory object."
        return _failed(call, name, "5016", message)
    found = call.world.views.of(person.mailbox, window, person.mailbox.default)
    if len(found) > MOST_ITEMS:
        message = f"The result set contains too many calendar entries. The allowed size = {MOST_ITEMS}."
        return _failed(call, name, "5006", message)
    shown: list[tuple[Instance, Json]] = [
        (entry, facts_on(entry.item, entry.day) if entry.day else entry.item.facts) for entry in found
    ]
    return {
        "scheduleId": name,
        "availabilityView": _view(call, shown, window, minutes),
        "scheduleItems": [_item(call, entry, facts, zone) for entry, facts in shown],
        "workingHours": working_hours(call),
    }


def _has_mailbox(call: Call, person: Person) -> bool:
    try:
        call.world.mailbox_owner(person.id)
    except GraphError as error:
        return error.status not in (403, 404)
    return True


def _failed(call: Call, name: str, code: str, message: str) -> Json:
    items: list[Json] | None = None if call.world.settings.schedule_error_items == "null" else []
    error = {"message": message, "responseCode": code}
    return {"scheduleId": name, "availabilityView": "", "error": error, "scheduleItems": items}


def _view(call: Call, shown: Sequence[tuple[Instance, Json]], window: Window, minutes: int) -> str:
    """A digit for each interval: the strongest claim on any part of it."""
    step = timedelta(minutes=minutes)
    states = ["free"] * math.ceil((window[1] - window[0]) / step)
    for entry, facts in shown:
        status = facts.get("showAs", "busy")
        first = max(0, (entry.start - window[0]) // step)
        for place in range(first, len(states)):
            begin = window[0] + place * step
            if entry.end <= begin and entry.start < begin:
                break
            if overlaps(entry.start, entry.end, (begin, begin + step)) and _RANK.get(status, 0) > _RANK[states[place]]:
                states[place] = status
    elsewhere = call.world.settings.working_elsewhere_digit
    return "".join(_DIGITS.get(state, elsewhere) for state in states)


def _item(call: Call, entry: Instance, facts: Json, zone: str) -> Json:
    status = facts.get("showAs", "busy")
    if call.world.settings.schedule_status == "capitalised":
        status = status[0].upper() + status[1:]
    item: Json = {"status": status, "start": _time(entry.start, facts, zone), "end": _time(entry.end, facts, zone)}
    is_private = facts.get("sensitivity", "normal") in ("private", "confidential")
    if not call.world.settings.schedule_details:
        return item
    told = {} if is_private else {"subject": facts.get("subject", ""), "location": _place(facts)}
    return {"isPrivate": is_private, **told, **item}


def _place(facts: Json) -> str:
    location = facts.get("location")
    return str(location.get("displayName", "")) if isinstance(location, dict) else ""


def _time(moment: datetime, facts: Json, zone: str) -> Json:
    if facts.get("isAllDay"):  # floating, as everywhere
        return {"dateTime": digits(moment), "timeZone": zone}
    return rendered(moment, zone)
