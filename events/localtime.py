"""From a wall-clock time that a person types to an instant. The first of two ambiguous hours is meant."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


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
