"""What the availability calendar stands on: instructors with what they teach, what else they have, and what is unknown.

Three queries, however many instructors there are.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils.timezone import now

from events.availability import (
    Clash,
    Item,
    Span,
    Teaching,
    Theirs,
    Verdict,
    by_instructor,
    clashes,
    local_midnight,
    verdict,
)
from events.models import Event, ExternalEvent, Session
from events.sync.desired import has_own_instructors
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

PLANNED = (Event.Status.DRAFT, Event.Status.CONFIRMED)
CYCLES_UNTIL_STALE = 3
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EVERYWHERE = timedelta(hours=15)  # no zone is further from UTC


class Known(NamedTuple):
    """How much is known of one calendar."""

    instructor: int
    sync_enabled: bool
    synced_at: datetime | None
    window_start: datetime | None
    window_end: datetime | None
    problem: str
    unreadable: int
    integration_status: str
    integration_problem: str

    @property
    def state(self) -> str:
        """One of STATES: what the row says of this calendar."""
        if not self.sync_enabled:
            return "stopped"
        if self.integration_status != Integration.Status.ACTIVE:
            return "paused"
        if self.synced_at is None:
            return "failing" if self.problem or self.integration_problem else "waiting"
        if self.problem or self.integration_problem:
            return "failing"
        return "stale" if self.synced_at < now() - stale_after() else "ok"

    @property
    def unknown(self) -> list[Span]:
        """When nothing is known of this calendar."""
        if self.state in {"stopped", "waiting"} or self.synced_at is None:
            return [Span(FIRST, LAST)]
        known_from = self.window_start or FIRST
        known_until = self.window_end or LAST
        if self.unreadable:
            known_until = known_from
        elif self.state != "ok":
            known_until = min(known_until, self.synced_at)
        return [gap for gap in (Span(FIRST, known_from), Span(known_until, LAST)) if gap.start < gap.end]


STATES = ["unmatched", "stopped", "paused", "waiting", "failing", "stale", "ok"]  # the worst first
UNMATCHED = [Span(FIRST, LAST)]


def stale_after() -> timedelta:
    """How old the last sync may be until a calendar is no longer called known."""
    return timedelta(seconds=CYCLES_UNTIL_STALE * settings.SYNC_INTERVAL_SECONDS)


@dataclass
class Row:
    """One instructor on the calendar."""

    instructor: Instructor
    known: Sequence[Known]
    items: list[Item] = field(default_factory=list)

    @cached_property
    def state(self) -> str:
        """One of STATES, the worst of the instructor's calendars."""
        return min((one.state for one in self.known), key=STATES.index, default="unmatched")

    @cached_property
    def as_of(self) -> datetime | None:
        """Since when nothing newer is known; None where nothing is."""
        seen = [one.synced_at for one in self.known]
        return min(seen) if seen and None not in seen else None  # type: ignore[type-var]

    @cached_property
    def unknown(self) -> list[Span]:
        """When it is not known whether the instructor is free."""
        return [gap for one in self.known for gap in one.unknown] if self.known else UNMATCHED

    @property
    def problem(self) -> str:
        """The sentence about a calendar that fails."""
        return next((one.integration_problem or one.problem for one in self.known if one.state == "failing"), "")

    @cached_property
    def clashes(self) -> list[Clash]:
        return list(clashes(self.items))

    @property
    def conflicts(self) -> list[Clash]:
        return [clash for clash in self.clashes if clash.is_conflict]

    def verdict(self, span: Span) -> Verdict:
        """Whether this instructor can teach in `span`, which the board was loaded for."""
        return verdict(span, self.items, self.unknown)


def load(
    instructors: Sequence[Instructor], start: datetime, end: datetime, *, without_event: int | None = None
) -> list[Row]:
    """The row of each of `instructors` in their order, with everything that overlaps [start, end).

    `without_event` leaves out the sessions of an event, which is being planned anew.
    """
    pks = [one.pk for one in instructors]
    zones = {one.pk: one.time_zone for one in instructors}
    items = by_instructor([*teachings(pks, start, end, without_event), *theirs(pks, start, end, zones)], pks)
    known: dict[int, list[Known]] = {pk: [] for pk in pks}
    for one in calendars(pks):
        known[one.instructor].append(one)
    return [Row(one, known[one.pk], items[one.pk]) for one in instructors]


def with_conflicts(zones: dict[int, str], start: datetime, end: datetime) -> list[int]:
    """Which of the instructors, given with their time zones, have a conflict in [start, end)."""
    teaching = by_instructor(teachings(list(zones), start, end), ())
    for item in theirs(list(teaching), start, end, zones):
        teaching[item.instructor].append(item)
    return [pk for pk, items in teaching.items() if any(clash.is_conflict for clash in clashes(items))]


def calendars(instructors: Collection[int]) -> Iterable[Known]:
    """How much is known of the calendars of `instructors`."""
    rows = CalendarMapping.objects.filter(
        instructor__pk__any=instructors, leaving_at=None, integration__closing_at=None
    )
    fields = ("instructor", "sync_enabled", "synced_at", "window_start", "window_end", "problem", "unreadable")
    of_integration = ("integration__status", "integration__problem")
    return map(Known._make, rows.order_by("pk").values_list(*fields, *of_integration))


def teachings(
    instructors: Collection[int], start: datetime, end: datetime, without_event: int | None = None
) -> Iterable[Teaching]:
    """The sessions, drafts too, that `instructors` have in [start, end). Its own instructors replace the event's."""
    planned = Session.objects.filter(event__status__in=PLANNED, starts_at__lt=end, ends_at__gt=start)
    if without_event:
        planned = planned.exclude(event=without_event)
    own = planned.filter(instructors__pk__any=instructors)
    inherited = planned.filter(~has_own_instructors(), event__instructors__pk__any=instructors)
    rows = taught(own, "instructors").union(taught(inherited, "event__instructors"), all=True)
    return map(Teaching._make, rows)


def taught(sessions: QuerySet[Session], teacher: str) -> QuerySet[Session, Any]:
    of_event = ("event", "event__title", "event__short_name", "event__location", "event__status")
    rows = sessions.order_by().annotate(teacher=F(teacher))
    return rows.values_list("teacher", "pk", "uid", *of_event, "starts_at", "ends_at")


def theirs(instructors: Collection[int], start: datetime, end: datetime, zones: dict[int, str]) -> Iterable[Theirs]:
    """The external events of `instructors` in [start, end), all-day ones as long as the day is where they are."""
    timed = Q(is_all_day=False, starts_at__lt=end, ends_at__gt=start)
    all_day = Q(is_all_day=True, starts_at__lt=end + EVERYWHERE, ends_at__gt=start - EVERYWHERE)
    owned = Q(mapping__instructor__pk__any=instructors, mapping__leaving_at=None, mapping__integration__closing_at=None)
    fields = ("mapping__instructor", "pk", "starts_at", "ends_at", "show_as", "title")
    rows = ExternalEvent.objects.filter(owned, timed | all_day).values_list(
        *fields, "is_all_day", "is_private", "found_at"
    )
    for row in rows:
        item = Theirs(*row)
        if item.is_all_day:
            item = as_local_days(item, zone_of(zones[item.instructor]))
            if item.start >= end or item.end <= start:
                continue
        yield item


def as_local_days(item: Theirs, zone: ZoneInfo) -> Theirs:
    first, last = item.start.date(), (item.end - timedelta(days=1)).date()
    start, end = local_midnight(item.start, zone), local_midnight(item.end, zone)
    return item._replace(start=start, end=end, first=first, last=last)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)
