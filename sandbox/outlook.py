"""What Outlook says of itself and of a mailbox: the time zones it knows, the settings of the owner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import tz_win, win_tz

from sandbox.calls import Answer, Call
from sandbox.entity_types import SETTINGS
from sandbox.errors import bad_request
from sandbox.items import Json
from sandbox.odata import pick

WORKING_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]
_ZONE = "W. Europe Standard Time"
_STANDARDS = {"windows", "iana"}


def supported_zones(call: Call) -> Answer:
    """The zones by their Windows names, or by their IANA names when the path asks for them."""
    call.world.mailbox_owner(call.ids[0])
    _, _, asked = call.segments[-1].partition("(")
    standard = asked.rpartition("timeZoneStandard'")[2].rstrip("')").lower() if asked.rstrip(")") else "windows"
    if standard not in _STANDARDS:
        raise bad_request(f"The time zone standard of '{call.segments[-1]}' is not known.", "ErrorInvalidParameter")
    if standard == "iana":
        value = [{"alias": name, "displayName": name} for name in sorted(filter(None, tz_win))]
    else:
        value = [{"alias": name, "displayName": f"{_offset(iana)} {name}"} for name, iana in sorted(win_tz.items())]
    context = call.context("Collection(microsoft.graph.timeZoneInformation)")
    return Answer(200, {"@odata.context": context, "value": value})


def _offset(iana: str) -> str:
    """The offset from UTC outside of daylight saving time, as Windows shows it."""
    offsets = [datetime(2026, month, 1, tzinfo=UTC).astimezone(ZoneInfo(iana)) for month in (1, 7)]
    standard = next((moment for moment in offsets if not moment.dst()), offsets[0]).utcoffset() or timedelta()
    minutes = int(standard.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"(UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d})" if minutes else "(UTC)"


def working_hours(call: Call) -> Json:
    """Eight to five from Monday to Friday, in a zone by its name or by its rules."""
    zone: Json = {"name": _ZONE}
    if call.world.settings.working_hours_zone == "custom":
        change = {"time": "02:00:00.0000000", "dayOccurrence": 5, "dayOfWeek": "sunday", "year": 0}
        zone = {
            "@odata.type": "#microsoft.graph.customTimeZone",
            "bias": -60,
            "name": "Customized Time Zone",
            "standardOffset": change | {"time": "03:00:00.0000000", "month": 10},
            "daylightOffset": change | {"daylightBias": -60, "month": 3},
        }
    times = {"startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000"}
    return {"daysOfWeek": WORKING_DAYS, **times, "timeZone": zone}


def mailbox_settings(call: Call) -> Answer:
    """The settings of a mailbox. They need a permission that a calendar sync does not have."""
    call.world.mailbox_owner(call.ids[0])
    nowhen = {"dateTime": "2026-01-01T00:00:00.0000000", "timeZone": "UTC"}
    body = {
        "@odata.context": call.context(f"users('{quote(call.ids[0])}')/mailboxSettings"),
        "archiveFolder": "",
        "timeZone": _ZONE,
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "dd.MM.yyyy",
        "timeFormat": "HH:mm",
        "userPurpose": "user",
        "automaticRepliesSetting": {
            "status": "disabled",
            "externalAudience": "all",
            "internalReplyMessage": "",
            "externalReplyMessage": "",
            "scheduledStartDateTime": nowhen,
            "scheduledEndDateTime": nowhen,
        },
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "workingHours": working_hours(call),
    }
    return Answer(200, pick(body, SETTINGS.selected(call.query.get("$select"))))
