"""IANA time zones as a field's default and validator."""

from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def default_zone() -> str:
    return settings.TIME_ZONE


def validate_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA time zone, for example Europe/Berlin."""
    if value not in available_timezones():
        raise ValidationError(_("%(zone)s is no known time zone. An example is Europe/Berlin.") % {"zone": value})
