"""Time zones by their Windows and IANA names, and Graph's two ways of writing a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from sandbox.errors import GraphError, invalid_property, unreadable

NEVER = "0001-01-01T00:00:00Z"

_WINDOWS = {name.lower(): iana for name, iana in win_tz.items()}
_UTC_NAMES = {"utc", "etc/utc", "gmt", "etc/gmt", "tzone://microsoft/utc", "coordinated universal time"}


def unknown_zone(name: str) -> GraphError:
    return GraphError(
        400, "TimeZoneNotSupportedException", f"A valid TimeZone value must be specified. '{name}' is not supported."
    )


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name; GraphError for a name that is neither."""
    if name.lower() in _UTC_NAMES:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(_WINDOWS.get(name.lower(), name))
    except (KeyError, ValueError, OSError):
        raise unknown_zone(name) from None


@lru_cache(maxsize=65536)
def instant(text: str, zone_name: str) -> datetime:
    """The UTC moment of a wall-clock time in a zone. An ambiguous hour means the first; an offset in the text wins."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(zone_name))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid_property() from None


def moment_of(value: Mapping[str, Any]) -> datetime:
    """The UTC moment of a dateTimeTimeZone."""
    return instant(value["dateTime"], value["timeZone"])


def wall_clock(value: Mapping[str, Any]) -> datetime:
    """The wall-clock time of a dateTimeTimeZone, without a zone."""
    return datetime.fromisoformat(value["dateTime"]).replace(tzinfo=None)


def digits(moment: datetime) -> str:
    """`moment` with the seven digits that Graph writes and no offset."""
    return moment.isoformat(timespec="microseconds")[:26] + "0"


def rendered(moment: datetime, zone_name: str = "UTC") -> dict[str, str]:
    """A dateTimeTimeZone: the UTC `moment` as the clocks of a zone show it."""
    if zone_name != "UTC":
        moment = moment.astimezone(zone(zone_name))
    return {"dateTime": digits(moment), "timeZone": zone_name}


def stamp(moment: datetime) -> str:
    """A DateTimeOffset: UTC with a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def kept(value: Any, name: str) -> dict[str, str]:
    """A dateTimeTimeZone of a request in the form that is kept; GraphError when it is none."""
    if not isinstance(value, dict) or not isinstance(value.get("dateTime"), str):
        raise unreadable(f"The property '{name}' is not a dateTimeTimeZone.")
    zone_name = value.get("timeZone") or "UTC"
    if not isinstance(zone_name, str):
        raise unreadable(f"The property '{name}' has no readable timeZone.")
    local = instant(value["dateTime"], zone_name).astimezone(zone(zone_name))
    if datetime.fromisoformat(value["dateTime"]).tzinfo is None:  # keep what was written, also in a skipped hour
        local = datetime.fromisoformat(value["dateTime"])
    return {"dateTime": digits(local), "timeZone": zone_name}
