"""The availability calendar as a list: days, in each the people with what they have, conflicts first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from events import board
from events.availability import Clash, Item, Span, Teaching, Theirs
from events.calendar.feed import Paths, note, shown_as, unknown_note
from events.calendar.period import DASH, midnight

NEARLY_A_DAY = timedelta(hours=23)  # the shortest day there is


@dataclass(frozen=True)
class Overlap:
    """Something that is in the way of an item, with the hours that both take."""

    name: str
    hours: str
    is_conflict: bool
    found_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One item of somebody's day."""

    kind: str
    title: str
    hours: str
    place: str = ""
    word: str = ""
    url: str = ""
    overlaps: Sequence[Overlap] = ()

    @property
    def is_conflict(self) -> bool:
        return any(one.is_conflict for one in self.overlaps)


@dataclass(frozen=True)
class Entry:
    """One person on one day."""

    row: board.Row
    lines: Sequence[Line]
    is_unknown: bool
    url: str

    @property
    def name(self) -> str:
        return self.row.instructor.name

    @cached_property
    def has_conflict(self) -> bool:
        return any(line.is_conflict for line in self.lines)

    @property
    def is_free(self) -> bool:
        return not self.lines and not self.is_unknown

    @property
    def note(self) -> str:
        return note(self.row)

    @property
    def unknown_note(self) -> str:
        return unknown_note(self.row)


@dataclass(frozen=True)
class Day:
    """One day with everybody who is listed, whoever has a conflict first."""

    date: date
    entries: Sequence[Entry]

    @property
    def conflicts(self) -> int:
        return sum(entry.has_conflict for entry in self.entries)

    @property
    def busy(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.lines]

    @property
    def unknown(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_unknown and not entry.lines]

    @property
    def free(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_free]


class Agenda:
    """Turns rows of the board into days, in one zone and with ways to the pages that one user may open."""

    def __init__(self, rows: Sequence[board.Row], zone: ZoneInfo, paths: Paths) -> None:
        self.rows = rows
        self.zone = zone
        self.paths = paths
        self.clashes = {row.instructor.pk: by_item(row.clashes) for row in rows}

    def day(self, day: date) -> Day:
        """`day` with everybody."""
        span = Span(midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone))
        entries = [self.entry(row, day, span) for row in self.rows]
        return Day(day, sorted(entries, key=lambda entry: not entry.has_conflict))

    def entry(self, row: board.Row, day: date, span: Span) -> Entry:
        items = [item for item in row.items if item.weight and span.overlaps(item.start, item.end)]
        return Entry(
            row,
            [self.line(item, day, span) for item in sorted(items, key=lambda item: item.start)],
            any(span.overlaps(*gap) for gap in row.unknown),
            self.paths.of(self.paths.instructor, row.instructor.pk),
        )

    def line(self, item: Item, day: date, span: Span) -> Line:
        if isinstance(item, Theirs):
            return self.their_line(item, day)
        clashing = self.clashes[item.instructor].get(item.key, ())
        overlaps = [self.overlap(item, clash) for clash in clashing if span.overlaps(*clash.overlap)]
        word = _("Draft") if item.status == "draft" else ""
        url = self.paths.of(self.paths.event, item.event)
        kind = f"session-{item.status}"
        return Line(kind, item.title, self.hours(item, day), item.place, word, url, overlaps)

    def their_line(self, item: Theirs, day: date) -> Line:
        """An external event; what it is in the way of is said at the session."""
        kind = "tentative" if item.show_as == "tentative" else "busy"
        word = _("In Outlook: %(word)s") % {"word": shown_as(item.show_as).lower()} if item.title else ""
        if item.is_all_day:
            return Line(f"{kind} all-day", called(item), self.days(item, day), word=word)
        return Line(kind, called(item), self.hours(item, day), word=word)

    def overlap(self, item: Item, clash: Clash) -> Overlap:
        other = clash.other if item is clash.session else clash.session
        start, end = clash.overlap
        hours = _("all day") if end - start >= NEARLY_A_DAY else self.clock(start, end)
        found_at = clash.other.found_at if isinstance(clash.other, Theirs) else None
        return Overlap(called(other), hours, clash.is_conflict, found_at)

    def clock(self, start: datetime, end: datetime) -> str:
        return f"{start.astimezone(self.zone):%H:%M}{DASH}{end.astimezone(self.zone):%H:%M}"

    def hours(self, item: Item, day: date) -> str:
        """When a timed item is, as seen on `day`."""
        start, end = item.start.astimezone(self.zone), item.end.astimezone(self.zone)
        ends_later = end > midnight(day + timedelta(days=1), self.zone)
        if start.date() == day:
            text = _("%(start)s until %(day)s, %(end)s") if ends_later else f"%(start)s{DASH}%(end)s"
        else:
            text = _("Until %(day)s, %(end)s") if ends_later else _("Until %(end)s")
        return text % {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "day": short_day(end.date())}

    def days(self, item: Theirs, day: date) -> str:
        """How long an all-day item goes on, as seen on `day`."""
        if item.last is None or item.last <= day:
            return _("All day")
        return _("All day, until %(day)s") % {"day": short_day(item.last)}


def by_item(clashes: Iterable[Clash]) -> dict[str, list[Clash]]:
    """For the key of each item, what it clashes with."""
    found: dict[str, list[Clash]] = {}
    for clash in clashes:
        for item in (clash.session, clash.other):
            found.setdefault(item.key, []).append(clash)
    return found


def called(item: Item) -> str:
    """The title of an item; the word for what Outlook says of it where none may be shown."""
    if isinstance(item, Teaching) or item.title:
        return item.title
    words = {"tentative": _("Tentative in Outlook"), "oof": _("Out of office")}
    return words.get(item.show_as, _("Busy in Outlook"))


def short_day(day: date) -> str:
    return date_format(day, "D j M")
