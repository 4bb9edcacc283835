"""What is in the way of an event: the conflicts of those who teach it, and of whom nothing is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import now
from django.utils.translation import gettext as _

from events import board
from events.availability import Clash, Span, Teaching, Theirs, Verdict
from events.calendar.feed import shown_as, unknown_note
from events.models import Event
from events.planned.sheet import Sheet
from events.planned.words import Times, dates, said
from instructors.models import Instructor

SHOWN = 10


@dataclass(frozen=True)
class Conflict:
    """Something that an instructor has at the time of a session."""

    instructor: Instructor
    clash: Clash
    event: Event
    found: str

    @property
    def is_bad(self) -> bool:
        return self.clash.is_conflict

    @property
    def other(self) -> str:
        """What is in the way: a title where it may be shown."""
        other = self.clash.other
        if isinstance(other, Teaching):
            return other.title
        return other.title or _("%(busy)s in Outlook") % {"busy": shown_as(other.show_as)}

    @property
    def other_event(self) -> int:
        """The event of ours that is in the way, 0 where it is somebody else's item."""
        return self.clash.other.event if isinstance(self.clash.other, Teaching) else 0

    @property
    def session(self) -> Times:
        return Times(self.clash.session.start, self.clash.session.end, self.event.time_zone)

    @property
    def span(self) -> Times:
        """When the other item is."""
        return Times(self.clash.other.start, self.clash.other.end, self.event.time_zone)

    @property
    def days(self) -> str:
        """The days of an item that takes whole days."""
        return dates(self.clash.other.start, self.clash.other.end)

    @property
    def is_all_day(self) -> bool:
        return isinstance(self.clash.other, Theirs) and self.clash.other.is_all_day


@dataclass(frozen=True)
class Unknown:
    """An instructor of whom it is not known whether there is a conflict."""

    instructor: Instructor
    why: str


@dataclass(frozen=True)
class Clashes:
    """What is in the way of an event. Past sessions are left out."""

    conflicts: list[Conflict]
    unknown: list[Unknown]

    @property
    def shown(self) -> list[Conflict]:
        return self.conflicts[:SHOWN]

    @property
    def unshown(self) -> int:
        return max(0, len(self.conflicts) - SHOWN)


def load(sheet: Sheet) -> Clashes:
    """The conflicts of the event of `sheet`, in four queries."""
    moment = now()
    coming = [one for one in sheet.sessions if one.ends_at > moment]
    people = list({row.instructor.pk: row.instructor for row in sheet.rows if row.assigned}.values())
    if not coming or not people or sheet.event.status == Event.Status.CANCELLED:
        return Clashes([], [])
    start, end = min(one.starts_at for one in coming), max(one.ends_at for one in coming)
    rows = board.load(people, start, end)
    found = [
        Conflict(row.instructor, clash, sheet.event, found_when(clash, sheet))
        for row in rows
        for clash in of_event(sheet.event.pk, row.clashes)
        if clash.overlap.end > moment
    ]
    spans = [Span(one.starts_at, one.ends_at) for one in coming]
    unknown = [Unknown(row.instructor, unknown_note(row)) for row in rows if is_unknown(row, spans)]
    return Clashes(sorted(found, key=lambda one: (not one.is_bad, one.clash.overlap.start)), unknown)


def busy(sheet: Sheet) -> list[tuple[str, Times]]:
    """Who of those who teach has something else at which session to come."""
    people = list({row.instructor.pk: row.instructor for row in sheet.rows}.values())
    coming = [times for times in sheet.times if times.end > now()]
    if not people or not coming:
        return []
    start, end = min(times.start for times in coming), max(times.end for times in coming)
    known = {row.instructor.pk: row for row in board.load(people, start, end, without_event=sheet.event.pk)}
    found = {
        (row.instructor.name, cell.times): None
        for row in sheet.rows
        for cell in row.assigned
        if cell.times in coming
        and known[row.instructor.pk].verdict(Span(cell.times.start, cell.times.end)) == Verdict.BUSY
    }
    return list(found)[:SHOWN]


def of_event(event: int, clashes: Iterable[Clash]) -> Iterable[Clash]:
    """Those of `clashes` that concern `event`, its session first."""
    for clash in clashes:
        if clash.session.event == event:
            yield clash
        elif isinstance(clash.other, Teaching) and clash.other.event == event:
            yield Clash(clash.other, clash.session)


def is_unknown(row: board.Row, spans: list[Span]) -> bool:
    return any(span.overlaps(*gap) for gap in row.unknown for span in spans)


def found_when(clash: Clash, sheet: Sheet) -> str:
    """When the other item was first seen, and whether that was after the session was sent."""
    other = clash.other
    if not isinstance(other, Theirs):
        return ""
    when = {"time": said(other.found_at)}
    sent = sent_at(clash, sheet)
    if sent and other.found_at > sent:
        return _("Found there %(time)s, after this session was put into Outlook.") % when
    return _("Found there %(time)s.") % when


def sent_at(clash: Clash, sheet: Sheet) -> datetime | None:
    """When the session was first sent to the instructor's calendar, if it stands there."""
    return sheet.sent.get((clash.session.instructor, clash.session.uid))
