"""From a wall-clock time that a person types to an instant. The first of two ambiguous hours is meant."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

NO_PLACES = {"Factory", "localtime"}


class SkippedTime(ValueError):
    """There is no such time: the clock jumps over it on that day, or the calendar ends before it."""


def instant(local: datetime, zone: str) -> datetime:
    """The UTC instant of the naive `local` in the IANA `zone`. Raises SkippedTime."""
    try:
        moment = local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    except OverflowError:
        raise SkippedTime(f"{local:%Y-%m-%d %H:%M} in {zone} lies beyond the calendar") from None
    if wall_clock(moment, zone) != local.replace(fold=0):
        raise SkippedTime(f"{local:%Y-%m-%d %H:%M} does not exist in {zone}")
    return moment


def wall_clock(moment: datetime, zone: str) -> datetime:
    """The naive local time of `moment` in the IANA `zone`."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@cache
def zone_names() -> list[str]:
    """Every IANA time zone that a person may choose, in order."""
    return sorted(available_timezones() - NO_PLACES)


def zone_named(text: str) -> str:
    """The IANA zone that is meant by `text`: a whole name or its last part, in any letter case; else empty."""
    wanted = text.strip().replace(" ", "_").casefold()
    if not wanted:
        return ""
    whole = [name for name in zone_names() if name.casefold() == wanted]
    fitting = whole or [name for name in zone_names() if name.casefold().rpartition("/")[2] == wanted]
    return fitting[0] if len(fitting) == 1 else ""
