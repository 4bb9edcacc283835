"""Between our entries and Graph's events. Pure.

Source: https://learn.microsoft.com/graph/api/resources/event
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from integrations.providers.types import Entry, RemoteItem, one_line

MARKER_ID = "String {6f1c9a60-3f0e-4a53-9d25-0c9a7d1f0a11} Name calsyncSession"
FIELDS = (
    "id,subject,start,end,isAllDay,showAs,sensitivity,type,seriesMasterId,transactionId,"
    "isCancelled,responseStatus,location"
)
PUBLIC = {"normal", "personal"}  # what we do not know is private
UTC_NAMES = {"", "UTC", "tzone://Microsoft/Utc"}
SHOW_AS = {"free", "tentative", "busy", "oof", "workingElsewhere"}


class Unreadable(ValueError):
    """An event of Graph's that cannot be understood; says why."""


def to_graph(entry: Entry) -> dict[str, Any]:
    """The event that shows `entry`: busy, in UTC, without attendees, so that nobody is mailed."""
    return {
        "subject": entry.subject,
        "start": to_graph_time(entry.starts_at),
        "end": to_graph_time(entry.ends_at),
        "isAllDay": False,
        "showAs": "busy",
        "location": {"displayName": entry.location},
        "body": {"contentType": "text", "content": entry.body},
        "singleValueExtendedProperties": [{"id": MARKER_ID, "value": str(entry.session_uid)}],
    }


def to_graph_time(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.astimezone(UTC).replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


def from_graph(event: Mapping[str, Any]) -> RemoteItem:
    """The item that a single event, an occurrence or an exception is. Raises Unreadable."""
    try:
        return RemoteItem(
            remote_id=str(event["id"]),
            etag=str(event.get("@odata.etag") or ""),
            starts_at=from_graph_time(event["start"]),
            ends_at=from_graph_time(event["end"]),
            series_id=str(event.get("seriesMasterId") or ""),
            subject=one_line(str(event.get("subject") or "")),
            location=one_line(str((event.get("location") or {}).get("displayName") or "")),
            is_all_day=bool(event.get("isAllDay")),
            show_as=show_as(event),
            is_private=str(event.get("sensitivity") or "normal").lower() not in PUBLIC,
            is_ignored=bool(event.get("isCancelled")) or response_of(event) == "declined",
            transaction_id=str(event.get("transactionId") or ""),
            marker=marker_of(event),
        )
    except Unreadable:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{type(error).__name__} in an event of Microsoft's") from error


def from_graph_time(value: Mapping[str, str]) -> datetime:
    """The instant of a dateTimeTimeZone (no offset, up to 7 fractional digits, Windows or IANA zone), in UTC."""
    local = datetime.fromisoformat(value["dateTime"].rstrip("Z"))
    if local.tzinfo is not None:
        raise Unreadable(f"a time with an offset and a zone: {value['dateTime']!r}")
    name = value.get("timeZone") or ""
    if name in UTC_NAMES:  # as nearly always, because it is what we ask for
        return local.replace(tzinfo=UTC)
    return local.replace(tzinfo=zone(name)).astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name. Raises Unreadable for any other."""
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, such as Europe
        raise Unreadable(f"unknown time zone {name!r}") from error


def show_as(event: Mapping[str, Any]) -> str:
    """How the item shows; what we do not know counts as busy, because unknown is not free."""
    value = str(event.get("showAs") or "busy")
    return value if value in SHOW_AS else "busy"


def response_of(event: Mapping[str, Any]) -> str:
    return str((event.get("responseStatus") or {}).get("response") or "")


def marker_of(event: Mapping[str, Any]) -> str:
    """The session uid that our extended property holds, or ""; property ids differ in letter case."""
    for prop in event.get("singleValueExtendedProperties") or ():
        if str(prop.get("id", "")).lower() == MARKER_ID.lower():
            return str(prop.get("value") or "")
    return ""
