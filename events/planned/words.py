"""Moments and states in words, as the pages about events say them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from events.planned.states import Kind, State, Why

DASH = "\N{EN DASH}"


def said(moment: datetime) -> str:
    """A past or coming moment for the middle of a sentence: today, 10:38; yesterday, 16:05; 12 Nov, 09:15."""
    local, today = timezone.localtime(moment), timezone.localdate()
    clock = {"time": f"{local:%H:%M}"}
    if local.date() == today:
        return _("today, %(time)s") % clock
    if local.date() == today - timedelta(days=1):
        return _("yesterday, %(time)s") % clock
    return f"{day(local)}, {local:%H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago that was, as short as it can be: 5 s ago; 3 min ago; else when it was."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 60:
        return _("%(seconds)d s ago") % {"seconds": seconds}
    if seconds < 3600:
        return _("%(minutes)d min ago") % {"minutes": seconds // 60}
    return said(moment)


def day(local: datetime, *, weekday: bool = False) -> str:
    """A date, with its year where that is not this one: 12 Nov; Tue 24 Nov; 12 Nov 2027."""
    form = ("D " if weekday else "") + ("j M" if local.year == timezone.localdate().year else "j M Y")
    return date_format(local, form)


@dataclass(frozen=True)
class Times:
    """When a session takes place, for somebody in the current zone; the event's own zone is `zone`."""

    start: datetime
    end: datetime
    zone: str

    @property
    def day(self) -> str:
        return day(timezone.localtime(self.start), weekday=True)

    @property
    def hours(self) -> str:
        """From when to when, with the last day where that is another one."""
        return hours(timezone.localtime(self.start), timezone.localtime(self.end))

    @property
    def elsewhere(self) -> str:
        """The same in the event's zone, where its clocks show something else; else empty."""
        start, end = self.start.astimezone(ZoneInfo(self.zone)), self.end.astimezone(ZoneInfo(self.zone))
        here = timezone.localtime(self.start)
        if start.utcoffset() == here.utcoffset() and end.utcoffset() == timezone.localtime(self.end).utcoffset():
            return ""
        first = "" if start.date() == here.date() else f"{day(start, weekday=True)}, "
        return _("%(hours)s in %(city)s") % {"hours": first + hours(start, end), "city": city(self.zone)}

    def __str__(self) -> str:
        return f"{self.day}, {self.hours}"


def hours(start: datetime, end: datetime) -> str:
    if start.date() == end.date():
        return f"{start:%H:%M}{DASH}{end:%H:%M}"
    return f"{start:%H:%M} {DASH} {day(end, weekday=True)}, {end:%H:%M}"


def city(zone: str) -> str:
    """The place that a zone is named for: Berlin."""
    return zone.rpartition("/")[2].replace("_", " ")


def dates(start: datetime, end: datetime) -> str:
    """The first and the last day of an event: Tue 24 Nov; Tue 24 to Thu 26 Nov; Mon 30 Nov to Tue 1 Dec 2026."""
    first, last = timezone.localtime(start), timezone.localtime(end - timedelta(microseconds=1))
    if first.date() == last.date():
        return day(first, weekday=True)
    is_one_month = (first.year, first.month) == (last.year, last.month)
    form = "D j" if is_one_month else "D j M" if first.year == last.year else "D j M Y"
    return _("%(first)s to %(last)s") % {"first": date_format(first, form), "last": day(last, weekday=True)}


@dataclass(frozen=True)
class Look:
    """How a kind of state looks: its tone, its icon, its word."""

    tone: str
    icon: str
    word: Promise | str

    @property
    def is_turning(self) -> bool:
        return self.icon == "loader-2"


LOOKS = {
    Kind.FAILED: Look("bad", "circle-x-filled", _l("Failed")),
    Kind.WAITING: Look("info", "loader-2", _l("Waiting")),
    Kind.REMOVING: Look("warn", "trash", _l("Being removed")),
    Kind.DRIFTED: Look("warn", "pencil", _l("Changed in Outlook")),
    Kind.IN_OUTLOOK: Look("good", "circle-check-filled", _l("In Outlook")),
    Kind.NOT_SYNCED: Look("off", "player-pause", _l("Not synced")),
    Kind.NOT_ASSIGNED: Look("none", "minus", _l("Not assigned")),
}
DELETED = Look("warn", "trash", _l("Deleted in Outlook"))
REASONS = {
    Why.DRAFT: _l("Not sent: a draft"),
    Why.CANCELLED: _l("Cancelled, so not in Outlook"),
    Why.UNMATCHED: _l("Not matched with a mailbox"),
    Why.INACTIVE: _l("The instructor is inactive"),
    Why.LEAVING: _l("No longer this mailbox"),
    Why.CLOSING: _l("The integration is being deleted"),
    Why.STOPPED: _l("Syncing is stopped"),
    Why.KEPT: _l("Stopped; its item stays in Outlook"),
    Why.PAUSED: _l("The integration is inactive"),
    Why.RESTORING: _l("Changed in Outlook, being put right"),
    Why.SENDING: _l("Being sent"),
    Why.CYCLE: _l("Sent at the next cycle"),
    Why.EDITED: _l("Left as it is there"),
    Why.DELETED: _l("Left as it is there"),
    Why.OVER: _l("Over"),
}


def look(state: State) -> Look:
    """The look of a state in its cell."""
    return DELETED if state.kind == Kind.DRIFTED and state.why == Why.DELETED else LOOKS[state.kind]


def detail(state: State, now: datetime) -> str:
    """The few words below a state: since when, why, or when it is tried again."""
    if state.kind == Kind.IN_OUTLOOK and state.why != Why.OVER:
        return _("Sent %(time)s") % {"time": said(state.at)} if state.at else ""
    if state.retry_at and (state.problem or state.why == Why.RESTING):
        return again(state.retry_at, now)
    if state.why == Why.CHANGED and state.at:
        return _("Changed %(ago)s") % {"ago": ago(state.at, now)}
    return reason(state)


def again(retry_at: datetime, now: datetime) -> str:
    if retry_at <= now:
        return _("Tries again now")
    local = timezone.localtime(retry_at)
    clock = f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{day(local)}, {local:%H:%M}"
    return _("Tries again %(time)s") % {"time": clock}


def reason(state: State) -> str:
    """Why a state is as it is, in a few words."""
    if state.kind == Kind.IN_OUTLOOK and state.why == Why.OVER:
        return _("Over; it stays there")
    return str(REASONS.get(state.why, ""))


def counted(kind: Kind, count: int) -> str:
    """So many items of a kind, for a badge: 3 in Outlook."""
    forms = {
        Kind.FAILED: _("%d failed"),
        Kind.WAITING: _("%d waiting"),
        Kind.REMOVING: _("%d being removed"),
        Kind.DRIFTED: _("%d changed in Outlook"),
        Kind.IN_OUTLOOK: _("%d in Outlook"),
        Kind.NOT_SYNCED: _("%d not synced"),
        Kind.NOT_ASSIGNED: _("%d not assigned"),
    }
    return forms[kind] % count


def sessions(count: int) -> str:
    return ngettext("%d session", "%d sessions", count) % count
