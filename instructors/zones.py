"""IANA time zones as a field's default and validator."""

from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def default_zone() -> str:
    return settings.TIME_ZONE


def is_zone(value: str) -> bool:
    return value in available_timezones()


def validate_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA time zone, for example Europe/Berlin."""
    if not is_zone(value):
        raise ValidationError(_("%(zone)s is no known time zone. An example is Europe/Berlin.") % {"zone": value})
