"""The availability calendar as JSON: rows and items, in the viewer's zone."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, get_current_timezone_name
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from events import board
from events.availability import Item, Span, Teaching, Theirs
from events.calendar.roster import CalendarQuery, roster

Json = dict[str, Any]


def feed(query: CalendarQuery, user: Any) -> Json:
    """What a valid `query` asks for, with ways to the pages that `user` may open."""
    found = roster(query)
    start, end = query.cleaned_data["start"], query.cleaned_data["end"]
    rows = board.load(found.instructors, start, end)
    paths = Paths(user)
    wall = Wall(get_current_timezone())
    return {
        "start": wall[start],
        "end": wall[end],
        "zone": get_current_timezone_name(),
        "page": found.page,
        "pages": found.pages,
        "instructors": found.count,
        "resources": [resource(row, Span(start, end), wall, paths) for row in rows],
        "events": [event for row in rows for event in events_of(row, wall, paths)],
    }


class Paths:
    """The addresses of pages that somebody may open; an empty string instead of one that is closed to them."""

    def __init__(self, user: AbstractBaseUser | AnonymousUser) -> None:
        self.event = self.template("events.view_event", "events:event", user)
        self.instructor = self.template("instructors.view_instructor", "events:instructor", user)

    @staticmethod
    def template(permission: str, name: str, user: Any) -> str:
        return reverse(name, args=[0]).replace("/0/", "/%d/") if user.has_perm(permission) else ""

    def of(self, template: str, pk: int) -> str:
        return template and template % pk


class Wall(dict[datetime, str]):
    """The ISO form of each moment on the wall clock of `zone`, with its offset; a calendar repeats most of them."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self.zone = zone

    def __missing__(self, moment: datetime) -> str:
        text = self[moment] = moment.astimezone(self.zone).isoformat()
        return text


def resource(row: board.Row, span: Span, wall: Wall, paths: Paths) -> Json:
    """An instructor's row."""
    unknown = [gap for gap in row.unknown if span.overlaps(gap.start, gap.end)]
    return {
        "id": str(row.instructor.pk),
        "title": row.instructor.name,
        "as_of": row.as_of and wall[row.as_of],
        "state": row.state,
        "note": note(row),
        "conflicts": len(row.conflicts),
        "unknown": [
            {"start": wall[max(gap.start, span.start)], "end": wall[min(gap.end, span.end)]} for gap in unknown
        ],
        "unknown_note": unknown_note(row) if unknown else "",
        "problem": row.problem,
        "url": paths.of(paths.instructor, row.instructor.pk),
    }


NOTES = {
    "ok": gettext_lazy("as of %(time)s"),
    "inactive": gettext_lazy("Inactive"),
    "stopped": gettext_lazy("Not synced"),
    "paused": gettext_lazy("Integration inactive"),
    "unmatched": gettext_lazy("Not matched"),
    "waiting": gettext_lazy("First sync to come"),
    "stale": gettext_lazy("Stale, as of %(time)s"),
    "failing": gettext_lazy("Failing, as of %(time)s"),
}
UNKNOWN_NOTES = {
    "ok": gettext_lazy("Not read this far"),
    "inactive": gettext_lazy("Inactive, so the calendar is not read"),
    "stopped": gettext_lazy("Not synced, availability unknown"),
    "unmatched": gettext_lazy("Not matched, availability unknown"),
    "waiting": gettext_lazy("Not read yet, availability unknown"),
}
NOTHING: tuple[bool, list[str]] = (False, [])
SHOWN_AS = {"tentative": gettext_lazy("Tentative"), "oof": gettext_lazy("Out of office")}


@lru_cache
def notes(language: str | None) -> dict[str, str]:
    """NOTES in a language; the rows of a calendar ask for them by the hundred."""
    with override(language):
        return {state: str(text) for state, text in NOTES.items()}


def note(row: board.Row) -> str:
    """The few words below the name: as of when this row is known, or why it is not."""
    if row.state == "failing" and not row.as_of:
        return _("Failing, never read")
    return notes(get_language())[row.state] % {"time": clock(row.as_of)}


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
    zone = get_current_timezone()
    local = moment.astimezone(zone)
    age = datetime.now(zone).date() - local.date()
    if not age:
        return f"{local:%H:%M}"
    return date_format(local, "D H:i" if age < timedelta(days=7) else "j M, H:i")


def events_of(row: board.Row, wall: Wall, paths: Paths) -> Iterator[Json]:
    """The items of a row that mean something for somebody who is to teach; `with` names what one overlaps."""
    ways = in_the_way(row)
    resource_id = str(row.instructor.pk)
    for item in row.items:
        if not item.weight:
            continue
        event = teaching(item, paths) if isinstance(item, Teaching) else theirs(item)
        event["resourceId"], event["start"], event["end"] = resource_id, wall[item.start], wall[item.end]
        event["conflict"], others = ways.get(item.key, NOTHING) if ways else NOTHING
        if others:
            event["with"] = others
            if isinstance(item, Theirs):
                event["found_at"] = wall[item.found_at]
        yield event


def in_the_way(row: board.Row) -> dict[str, tuple[bool, list[str]]]:
    """Whether an item of `row` is in a conflict, and the names of what it overlaps; by the item's key."""
    found: dict[str, tuple[bool, list[str]]] = {}
    for clash in row.clashes:
        for one, other in ((clash.session, clash.other), (clash.other, clash.session)):
            is_conflict, names = found.get(one.key, NOTHING)
            found[one.key] = (is_conflict or clash.is_conflict, [*names, name_of(other)])
    return found


def name_of(item: Item) -> str:
    """A name that no other item of the calendar has."""
    return f"{item.key}-{item.instructor}" if isinstance(item, Teaching) else item.key


def teaching(item: Teaching, paths: Paths) -> Json:
    return {
        "id": name_of(item),
        "kind": "session",
        "title": item.title,
        "short_name": item.short_name,
        "status": item.status,
        "place": item.place,
        "event": item.event,
        "url": paths.of(paths.event, item.event),
    }


def theirs(item: Theirs) -> Json:
    shown: Json = {
        "id": item.key,
        "kind": "external",
        "title": item.title or shown_as(item.show_as),
        "show_as": item.show_as,
        "all_day": item.is_all_day,
    }
    if item.first and item.last:
        shown |= {"first": item.first.isoformat(), "last": item.last.isoformat()}
    return shown


def shown_as(show_as: str) -> str:
    """The word for an item whose title is not shown."""
    return str(SHOWN_AS.get(show_as, "")) or _("Busy")
