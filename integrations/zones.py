"""The time zones that a person may choose, and what people call them."""

from functools import cache
from zoneinfo import available_timezones

NO_PLACES = {"Factory", "localtime"}


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
