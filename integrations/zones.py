"""IANA time zones: the default and the validator of a field, which a person may choose, and what people call them."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NO_PLACES = {"Factory", "localtime"}


def default_zone() -> str:
    return settings.TIME_ZONE


def is_zone(value: str) -> bool:
    return value in available_timezones()


def validate_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA time zone, for example Europe/Berlin."""
    if not is_zone(value):
        raise ValidationError(_("%(zone)s is no known time zone. An example is Europe/Berlin.") % {"zone": value})


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
