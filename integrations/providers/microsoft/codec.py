"""Between our entries and Graph's events. Pure.

Source: https://learn.microsoft.com/graph/api/resources/event
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
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
LONGEST_ID = 512
FOLDS = ((0, 0), (0, 1), (1, 1))  # how start and end are read: by the first of two equal hours, where that can be


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
        starts_at, ends_at = times_of(event)
        series_id = event.get("seriesMasterId")
        return RemoteItem(
            remote_id=id_of(event["id"]),
            etag=line_of(event.get("@odata.etag")),
            starts_at=starts_at,
            ends_at=ends_at,
            series_id=id_of(series_id) if series_id else "",
            subject=line_of(event.get("subject")),
            location=line_of((event.get("location") or {}).get("displayName")),
            is_all_day=event.get("isAllDay") is True,
            show_as=show_as(event),
            is_private=is_private(event),
            is_ignored=event.get("isCancelled") is True or response_of(event) == "declined",
            transaction_id=text_of(event.get("transactionId")),
            marker=marker_of(event),
        )
    except Unreadable:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{type(error).__name__} in an event of Microsoft's") from error


def text_of(value: object) -> str:
    """`value` where it is a text; what is none says nothing."""
    return value if isinstance(value, str) else ""


def line_of(value: object) -> str:
    return one_line(text_of(value))


def usable_id(value: object) -> str:
    """`value` where it can be an id: stored, and asked for by a path; else nothing."""
    if not isinstance(value, str) or len(value) > LONGEST_ID or value in {".", ".."}:
        return ""
    return value if value.isascii() and value.isprintable() else ""


def id_of(value: object) -> str:
    """The id that `value` is, or the empty text. Raises Unreadable."""
    usable = usable_id(value)
    if not usable and value != "":
        raise Unreadable("an id that cannot be one")
    return usable


def times_of(event: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Start and end of an event; of an all-day one, which floats, the UTC midnights of its dates. Raises Unreadable."""
    told = event["start"], event["end"]
    if event.get("isAllDay") is True:
        return whole_days(*span_of(*(wall_clock(value).replace(tzinfo=UTC) for value in told)))
    for first, second in FOLDS:
        starts_at, ends_at = from_graph_time(told[0], fold=first), from_graph_time(told[1], fold=second)
        if starts_at <= ends_at:
            break
    return span_of(starts_at, ends_at)


def whole_days(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    """The days that a span touches, at least one: an item of whole days never looks as if it took no time."""
    first, last = (moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in (starts_at, ends_at))
    return first, last + timedelta(days=1) if last < ends_at or last == first else last


def span_of(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    if ends_at < starts_at:
        raise Unreadable("an event that ends before it starts")
    return starts_at, ends_at


def from_graph_time(value: Mapping[str, str], *, fold: int = 0) -> datetime:
    """The instant of a dateTimeTimeZone (no offset, up to 7 fractional digits, Windows or IANA zone), in UTC.

    `fold` 1 means the second of two equal hours, and counts back from the end of an hour that is left out.
    """
    local = wall_clock(value)
    name = value.get("timeZone") or ""
    if name in UTC_NAMES:  # as nearly always, because it is what we ask for
        return local.replace(tzinfo=UTC)
    return local.replace(tzinfo=zone(name), fold=fold).astimezone(UTC)


def wall_clock(value: Mapping[str, str]) -> datetime:
    """The naive time of a dateTimeTimeZone. Raises Unreadable."""
    local = datetime.fromisoformat(value["dateTime"].rstrip("Z"))
    if local.tzinfo is not None:
        raise Unreadable(f"a time with an offset and a zone: {value['dateTime']!r}")
    return local


def zone(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name. Raises Unreadable for any other."""
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, such as Europe
        raise Unreadable(f"unknown time zone {name!r}") from error


def show_as(event: Mapping[str, Any]) -> str:
    """How the item shows; what we do not know counts as busy, because unknown is not free."""
    value = text_of(event.get("showAs"))
    return value if value in SHOW_AS else "busy"


def is_private(event: Mapping[str, Any]) -> bool:
    """Whether nobody else is to know what the item is about; so it is with what we do not know."""
    sensitivity = event.get("sensitivity")
    return sensitivity is not None and text_of(sensitivity).lower() not in PUBLIC


def response_of(event: Mapping[str, Any]) -> str:
    return text_of((event.get("responseStatus") or {}).get("response"))


def marker_of(event: Mapping[str, Any]) -> str:
    """The session uid that our extended property holds, or ""; property ids differ in letter case."""
    for prop in event.get("singleValueExtendedProperties") or ():
        if text_of(prop.get("id")).lower() == MARKER_ID.lower():
            return text_of(prop.get("value"))
    return ""
