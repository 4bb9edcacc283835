"""The availability calendar as JSON: rows and items, in the viewer's zone."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, get_current_timezone_name, localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import board
from events.availability import Item, Span, Teaching, Theirs
from events.roster import CalendarQuery, roster

Json = dict[str, Any]


def feed(query: CalendarQuery, user: Any) -> Json:
    """What a valid `query` asks for, with ways to the pages that `user` may open."""
    found = roster(query)
    start, end = query.cleaned_data["start"], query.cleaned_data["end"]
    rows = board.load(found.instructors, start, end)
    paths = Paths(user)
    zone = get_current_timezone()
    return {
        "start": iso(start, zone),
        "end": iso(end, zone),
        "zone": get_current_timezone_name(),
        "page": found.page,
        "pages": found.pages,
        "instructors": found.count,
        "resources": [resource(row, Span(start, end), zone, paths) for row in rows],
        "events": [event for row in rows for event in events_of(row, zone, paths)],
    }


class Paths:
    """The addresses of pages that somebody may open; an empty string instead of one that is closed to them."""

    def __init__(self, user: AbstractBaseUser | AnonymousUser) -> None:
        self.event = self.template("events.view_event", "events:event", user)
        self.instructor = self.template("instructors.view_instructor", "events:instructor", user)

    @staticmethod
    def template(permission: str, name: str, user: Any) -> str:
        try:
            return reverse(name, args=[0]).replace("/0/", "/%d/") if user.has_perm(permission) else ""
        except NoReverseMatch:
            return ""

    def of(self, template: str, pk: int) -> str:
        return template and template % pk


def resource(row: board.Row, span: Span, zone: Any, paths: Paths) -> Json:
    """An instructor's row."""
    return {
        "id": str(row.instructor.pk),
        "title": row.instructor.name,
        "as_of": row.as_of and iso(row.as_of, zone),
        "state": row.state,
        "note": note(row),
        "conflicts": len(row.conflicts),
        "unknown": [
            {"start": iso(max(gap.start, span.start), zone), "end": iso(min(gap.end, span.end), zone)}
            for gap in row.unknown
            if span.overlaps(gap.start, gap.end)
        ],
        "unknown_note": unknown_note(row),
        "problem": row.problem,
        "url": paths.of(paths.instructor, row.instructor.pk),
    }


NOTES = {
    "ok": gettext_lazy("as of %(time)s"),
    "stopped": gettext_lazy("Not synced"),
    "paused": gettext_lazy("Integration inactive"),
    "unmatched": gettext_lazy("Not matched"),
    "waiting": gettext_lazy("First sync to come"),
    "stale": gettext_lazy("Stale, as of %(time)s"),
    "failing": gettext_lazy("Failing, as of %(time)s"),
}
UNKNOWN_NOTES = {
    "ok": gettext_lazy("Not read this far"),
    "stopped": gettext_lazy("Not synced, availability unknown"),
    "unmatched": gettext_lazy("Not matched, availability unknown"),
    "waiting": gettext_lazy("Not read yet, availability unknown"),
}
SHOWN_AS = {"tentative": gettext_lazy("Tentative"), "oof": gettext_lazy("Out of office")}


def note(row: board.Row) -> str:
    """The few words below the name: as of when this row is known, or why it is not."""
    if row.state == "failing" and not row.as_of:
        return _("Failing, never read")
    return NOTES[row.state] % {"time": clock(row.as_of)}


def unknown_note(row: board.Row) -> str:
    """The label on the hatch of a row of which something is not known."""
    if not row.unknown:
        return ""
    if row.state in UNKNOWN_NOTES:
        return str(UNKNOWN_NOTES[row.state])
    return _("Not known since %(time)s") % {"time": clock(row.as_of)} if row.as_of else _("Availability unknown")


def clock(moment: datetime | None) -> str:
    """A past moment in few words: 10:41; Tue 16:05; 12 Nov, 09:15."""
    if moment is None:
        return ""
    local = moment.astimezone(get_current_timezone())
    age = localdate() - local.date()
    if not age:
        return f"{local:%H:%M}"
    return date_format(local, "D H:i" if age < timedelta(days=7) else "j M, H:i")


def events_of(row: board.Row, zone: Any, paths: Paths) -> list[Json]:
    """The items of a row."""
    in_the_way: dict[str, list[str]] = {}
    conflicting: set[str] = set()
    for clash in row.clashes:
        for one, other in ((clash.session, clash.other), (clash.other, clash.session)):
            in_the_way.setdefault(one.key, []).append(name_of(other))
            if clash.is_conflict:
                conflicting.add(one.key)
    events = []
    for item in row.items:
        if not item.weight:
            continue
        others = in_the_way.get(item.key, [])
        is_conflict = item.key in conflicting
        events.append(
            {
                "id": name_of(item),
                "resourceId": str(item.instructor),
                "start": iso(item.start, zone),
                "end": iso(item.end, zone),
                "conflict": is_conflict,
                "warning": bool(others) and not is_conflict,
                "with": others,
                **(teaching(item, paths) if isinstance(item, Teaching) else theirs(item, zone)),
            }
        )
    return events


def name_of(item: Item) -> str:
    """A name that no other item of the calendar has."""
    return f"{item.key}-{item.instructor}" if isinstance(item, Teaching) else item.key


def teaching(item: Teaching, paths: Paths) -> Json:
    return {
        "kind": "session",
        "title": item.title,
        "short_name": item.short_name,
        "status": item.status,
        "place": item.place,
        "event": item.event,
        "url": paths.of(paths.event, item.event),
    }


def theirs(item: Theirs, zone: Any) -> Json:
    dates = {"first": item.first.isoformat(), "last": item.last.isoformat()} if item.first and item.last else {}
    return {
        "kind": "external",
        "title": item.title or shown_as(item.show_as),
        "show_as": item.show_as,
        "all_day": item.is_all_day,
        "private": item.is_private,
        "found_at": iso(item.found_at, zone),
        **dates,
    }


def shown_as(show_as: str) -> str:
    """The word for an item whose title is not shown."""
    return str(SHOWN_AS.get(show_as, "")) or _("Busy")


def iso(moment: datetime, zone: Any) -> str:
    """`moment` on the wall clock of `zone`, with its offset."""
    return moment.astimezone(zone).isoformat()
