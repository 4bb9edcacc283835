"""From a wall-clock time that a person types to an instant. The first of two ambiguous hours is meant."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class SkippedTime(ValueError):
    """The clock jumps over this time on that day."""


def instant(local: datetime, zone: str) -> datetime:
    """The UTC instant of the naive `local` in the IANA `zone`. Raises SkippedTime."""
    moment = local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise SkippedTime(f"{local:%Y-%m-%d %H:%M} does not exist in {zone}")
    return moment


def wall_clock(moment: datetime, zone: str) -> datetime:
    """The naive local time of `moment` in the IANA `zone`."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
