"""The rows of the events list, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events import board
from events.availability import Teaching
from events.models import Event
from events.planned.standing import counts
from events.planned.states import Kind
from events.planned.words import Look, Times, counted, dates, sessions
from events.sync.state import horizon
from instructors.models import Instructor

FURTHEST = timedelta(days=400)  # so far ahead conflicts are looked for: calendars are read no further
SHOWN = 2  # so many instructors are named; more are counted
ORDER = [Kind.FAILED, Kind.WAITING, Kind.REMOVING, Kind.DRIFTED, Kind.NOT_SYNCED, Kind.IN_OUTLOOK]
LOOKS = {
    Kind.FAILED: ("bad", "circle-x"),
    Kind.WAITING: ("info", "loader-2"),
    Kind.REMOVING: ("warn", "trash"),
    Kind.DRIFTED: ("warn", "pencil"),
    Kind.NOT_SYNCED: ("off", "player-pause"),
    Kind.IN_OUTLOOK: ("good", "circle-check"),
}


@dataclass
class Row:
    """One event in the list."""

    event: Event
    instructors: list[str] = field(default_factory=list)
    kinds: dict[Kind, int] = field(default_factory=dict)
    conflicts: int = 0  # instructors with one that is still to come

    @property
    def conflict(self) -> Look | None:
        """The badge of an event of which somebody cannot teach what is planned."""
        words = ngettext("%d conflict", "%d conflicts", self.conflicts) % self.conflicts
        return Look("bad", "alert-triangle", words) if self.conflicts else None

    @property
    def dates(self) -> str:
        first, last, count = self.event.first, self.event.last, self.event.session_count  # type: ignore[attr-defined]
        if not first:
            return ""
        return str(Times(first, last, self.event.time_zone)) if count == 1 else dates(first, last)

    @property
    def sessions(self) -> str:
        return sessions(self.event.session_count)  # type: ignore[attr-defined]

    @property
    def is_over(self) -> bool:
        last = self.event.last  # type: ignore[attr-defined]
        return last is not None and last < horizon()

    @property
    def note(self) -> str:
        """Why nothing of the event is in Outlook."""
        if self.event.status == Event.Status.DRAFT:
            return _("Not sent: a draft")
        if self.event.status == Event.Status.CANCELLED:
            return _("Cancelled, so not in Outlook")
        if self.is_over:
            return _("Over")
        return _("Nothing to send yet")

    @property
    def named(self) -> list[str]:
        return self.instructors[:SHOWN]

    @property
    def unnamed(self) -> int:
        return max(0, len(self.instructors) - SHOWN)

    @property
    def badges(self) -> list[Look]:
        """What became of the event in Outlook, what needs somebody first."""
        return [Look(*LOOKS[kind], counted(kind, self.kinds[kind])) for kind in ORDER if self.kinds.get(kind)]


def in_order(events: QuerySet[Event], period: str) -> QuerySet[Event]:
    """`events` with their dates: the next ones first, or the latest first where they are past or all."""
    dated = events.annotate(
        first=Min("sessions__starts_at"), last=Max("sessions__ends_at"), session_count=Count("sessions")
    )
    if period in {"past", "all"}:
        return dated.order_by(F("last").desc(nulls_first=True), "-pk")
    if period == "given":
        return dated.order_by(F("first").asc(nulls_last=True), "pk")
    coming = Min("sessions__starts_at", filter=Q(sessions__ends_at__gt=now()))
    return dated.annotate(coming=coming).order_by(F("coming").asc(nulls_last=True), "pk")


def rows(events: Sequence[Event]) -> list[Row]:
    """The rows of these events, which `in_order` gave."""
    pks = [event.pk for event in events]
    names = names_of(pks)
    kinds = counts(pks)
    conflicts = conflicts_of(events)
    return [
        Row(event, names.get(event.pk, []), kinds.get(event.pk, {}), conflicts.get(event.pk, 0)) for event in events
    ]


def conflicts_of(events: Sequence[Event]) -> dict[int, int]:
    """How many instructors of each of these events have something else at a session that is still to come."""
    moment = now()
    coming = [one for one in events if one.last and one.last > moment]  # type: ignore[attr-defined]
    coming = [one for one in coming if one.status != Event.Status.CANCELLED]
    if not coming:
        return {}
    pks = [one.pk for one in coming]
    teachers = Instructor.objects.filter(Q(events__in=pks) | Q(sessions__event__in=pks), is_active=True).distinct()
    last: datetime = max(one.last for one in coming)  # type: ignore[attr-defined]
    found: dict[int, set[int]] = defaultdict(set)
    for row in board.load(list(teachers), moment, min(last, moment + FURTHEST)):
        for clash in row.conflicts:
            for item in (clash.session, clash.other):
                if isinstance(item, Teaching) and clash.overlap.end > moment:
                    found[item.event].add(item.instructor)
    return {event: len(people) for event, people in found.items()}


def names_of(events: Collection[int]) -> dict[int, list[str]]:
    """The names of everybody who teaches in each of `events`."""
    of_event = Instructor.objects.filter(events__in=events).values_list("events", "name")
    of_session = Instructor.objects.filter(sessions__event__in=events).values_list("sessions__event", "name")
    found: dict[int, set[str]] = defaultdict(set)
    for event, name in [*of_event, *of_session.distinct()]:
        found[event].add(name)
    return {event: sorted(names) for event, names in found.items()}
