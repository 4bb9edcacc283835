"""Tags and filters of every page: icons, moments, initials."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from integrations.providers.types import Check

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A picture from static/calsync/icons.svg. It says nothing to a screen reader: a word stands beside it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css,
        static("calsync/icons.svg"),
        name,
    )


@register.simple_tag
def score(checks: Sequence[Check]) -> dict[str, str]:
    """The badge of a connection test: how many of its checks have passed."""
    passed = sum(check.passed is True for check in checks)
    word = _("%(passed)d of %(all)d passed") % {"passed": passed, "all": len(checks)}
    if passed == len(checks):
        return {"tone": "good", "icon": "circle-check", "word": word}
    return {"tone": "bad", "icon": "circle-x", "word": word}


@register.filter
def moment(value: datetime | None) -> str:
    """A past moment in the current zone, as short as it can be: Today, 10:40; Yesterday, 16:05; 12 Nov, 09:15."""
    if value is None:
        return _("Never")
    local, today = timezone.localtime(value), timezone.localdate()
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return _("Today, %(time)s") % {"time": clock}
    if local.date() == today - timedelta(days=1):
        return _("Yesterday, %(time)s") % {"time": clock}
    day = date_format(local, "j M" if local.year == today.year else "j M Y")
    return f"{day}, {clock}"


@register.filter
def coming(value: datetime) -> str:
    """A moment to come, for the end of a sentence: at 10:45; on 12 Nov, 09:15."""
    local = timezone.localtime(value)
    if value <= timezone.now():
        return _("at the next cycle")
    if local.date() == timezone.localdate():
        return _("at %(time)s") % {"time": f"{local:%H:%M}"}
    return _("on %(day)s, %(time)s") % {"day": date_format(local, "j M"), "time": f"{local:%H:%M}"}


@register.filter
def upcoming(value: datetime) -> str:
    """A moment to come, on its own: 10:45; 12 Nov, 09:15."""
    local = timezone.localtime(value)
    if value <= timezone.now():
        return _("Next cycle")
    clock = f"{local:%H:%M}"
    return clock if local.date() == timezone.localdate() else f"{date_format(local, 'j M')}, {clock}"


@register.filter
def initials(name: str) -> str:
    """Up to two letters that stand for a person: of the first and the last name."""
    words = [word for word in str(name).split() if word[0].isalnum()] or ["?"]
    return "".join(word[0] for word in dict.fromkeys([words[0], words[-1]])).upper()
