"""Time zones by their Windows and IANA names, and Graph's two ways of writing a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from sandbox.errors import GraphError, invalid_property, unreadable
from sandbox.zones_custom import CUSTOM, custom_name, rule_of, rule_zone, shown_name

NEVER = "0001-01-01T00:00:00Z"

_WINDOWS = {name.lower(): iana for name, iana in win_tz.items()}
_LISTED = frozenset(win_tz.values())
_UTC_NAMES = {"utc", "etc/utc", "gmt", "etc/gmt", "tzone://microsoft/utc", "coordinated universal time"}


def unknown_zone(name: str) -> GraphError:
    return GraphError(
        400,
        "TimeZoneNotSupportedException",
        f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.",
    )


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name, or of a kept custom zone; GraphError for a name that is none of them."""
    if name.lower() in _UTC_NAMES:
        return ZoneInfo("UTC")
    try:
        if name.startswith(f"{CUSTOM}#"):
            return rule_zone(name)
        return ZoneInfo(_WINDOWS.get(name.lower(), name))
    except (KeyError, ValueError, OSError):
        raise unknown_zone(name) from None


def requested_zone(name: str, known: str = "all") -> ZoneInfo:
    """The zone that a request may name: no custom one and, when only `known` "listed" ones are, no rare IANA name."""
    if name.lower().startswith(CUSTOM.lower()) or (known == "listed" and not _is_listed(name)):
        raise unknown_zone(name)
    return zone(name)


def _is_listed(name: str) -> bool:
    """Whether a name is that of a Windows zone, or the IANA name that stands for one in Microsoft's list."""
    return name.lower() in _WINDOWS or name.lower() in _UTC_NAMES or name in _LISTED


def same_zone(one: str, other: str) -> bool:
    """Whether two names mean the same zone. Of a custom zone the client knows only that it is one."""
    return shown_name(one) == shown_name(other) or zone(one) is zone(other)


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


def kept(value: Any, name: str, *, as_user: bool = False, known: str = "all") -> dict[str, str]:
    """A dateTimeTimeZone of a request in the form that is kept; GraphError when it is none.

    The owner of a mailbox may have a zone of their own: a customTimeZone in place of the name. `known` says which
    zones an application may name ("all" or "listed").
    """
    if not isinstance(value, dict) or not isinstance(value.get("dateTime"), str):
        raise unreadable(f"The property '{name}' is not a dateTimeTimeZone.")
    zone_name = _zone_name(value.get("timeZone") or "UTC", name, as_user, known)
    local = instant(value["dateTime"], zone_name).astimezone(zone(zone_name))
    if datetime.fromisoformat(value["dateTime"]).tzinfo is None:  # keep what was written, also in a skipped hour
        local = datetime.fromisoformat(value["dateTime"])
    return {"dateTime": digits(local), "timeZone": zone_name}


def _zone_name(given: Any, name: str, as_user: bool, known: str) -> str:
    if as_user and isinstance(given, dict):
        return custom_name(rule_of(given))
    if not isinstance(given, str):
        raise unreadable(f"The property '{name}' has no readable timeZone.")
    if not as_user:
        requested_zone(given, known)
    return given
