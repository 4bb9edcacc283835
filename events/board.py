"""What the availability calendar stands on: instructors with what they teach, what else they have, and what is unknown.

Three queries, however many instructors there are.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Field, Func, QuerySet
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


@dataclass
class Known:
    """How much is known of one calendar."""

    mapping: int
    instructor: int
    sync_enabled: bool
    problem: str
    unreadable: int
    integration_status: str
    integration_problem: str
    synced_at: datetime | None
    window_start: datetime | None
    window_end: datetime | None

    @cached_property
    def state(self) -> str:
        """One of STATES: what the row says of this calendar."""
        if not self.sync_enabled:
            return "stopped"
        if self.integration_status != Integration.Status.ACTIVE:
            return "paused"
        if self.problem or self.integration_problem:
            return "failing"
        if self.synced_at is None:
            return "waiting"
        return "stale" if self.synced_at < now() - stale_after() else "ok"

    @property
    def unknown(self) -> list[Span]:
        """When nothing is known of this calendar."""
        if self.synced_at is None or not self.sync_enabled:
            return [Span(FIRST, LAST)]
        known_from = self.window_start or FIRST
        known_until = self.window_end or LAST
        if self.unreadable:
            known_until = known_from
        elif self.state != "ok":
            known_until = min(known_until, self.synced_at)
        return [gap for gap in (Span(FIRST, known_from), Span(known_until, LAST)) if gap.start < gap.end]


STATES = ["inactive", "unmatched", "stopped", "paused", "waiting", "failing", "stale", "ok"]  # the worst first
ALWAYS = [Span(FIRST, LAST)]


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
        if not self.instructor.is_active:
            return "inactive"
        return min((one.state for one in self.known), key=STATES.index, default="unmatched")

    @cached_property
    def as_of(self) -> datetime | None:
        """Since when nothing newer is known; None where nothing is."""
        seen = [one.synced_at for one in self.known]
        return min(seen) if seen and None not in seen else None  # type: ignore[type-var]

    @cached_property
    def unknown(self) -> list[Span]:
        """When it is not known whether the instructor is free."""
        if not self.instructor.is_active:
            return ALWAYS
        return [gap for one in self.known for gap in one.unknown] if self.known else ALWAYS

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
    zones = {one.pk: one.time_zone for one in instructors}
    known: dict[int, list[Known]] = {pk: [] for pk in zones}
    for calendar in calendars(zones):
        known[calendar.instructor].append(calendar)
    owners = {one.mapping: one.instructor for calendars in known.values() for one in calendars}
    items = by_instructor(teachings(zones, start, end, without_event), zones)
    for item in theirs(owners, start, end, zones):
        items[item.instructor].append(item)
    return [Row(one, known[one.pk], items[one.pk]) for one in instructors]


def with_conflicts(zones: dict[int, str], start: datetime, end: datetime) -> list[int]:
    """Which of the instructors, given with their time zones, have a conflict in [start, end)."""
    items = by_instructor(teachings(zones, start, end), ())
    owners = {one.mapping: one.instructor for one in calendars(items)}
    for item in theirs(owners, start, end, zones):
        items[item.instructor].append(item)
    return [pk for pk, those in items.items() if any(clash.is_conflict for clash in clashes(those))]


def calendars(instructors: Collection[int]) -> Iterable[Known]:
    """How much is known of the calendars of `instructors`."""
    rows = CalendarMapping.objects.filter(instructor__pk__any=[*instructors], leaving_at=None)
    rows = rows.filter(integration__closing_at=None).order_by("pk").annotate(**READ)
    fields = ("pk", "instructor", "sync_enabled", "problem", "unreadable")
    of_integration = ("integration__status", "integration__problem")
    for row in rows.values_list(*fields, *of_integration, *READ):
        yield Known(*row[:-3], *map(moment, row[-3:]))


def teachings(
    instructors: Collection[int], start: datetime, end: datetime, without_event: int | None = None
) -> Iterator[Teaching]:
    """The sessions, drafts too, that `instructors` have in [start, end). Its own instructors replace the event's."""
    planned = Session.objects.filter(event__status__in=PLANNED, starts_at__lt=end, ends_at__gt=start)
    if without_event:
        planned = planned.exclude(event=without_event)
    own = planned.filter(instructors__pk__any=[*instructors])
    inherited = planned.filter(~has_own_instructors(), event__instructors__pk__any=[*instructors])
    for row in taught(own, "instructors").union(taught(inherited, "event__instructors"), all=True):
        yield Teaching(*row[:-2], *map(instant, row[-2:]))


def taught(sessions: QuerySet[Session], teacher: str) -> QuerySet[Session, Any]:
    of_event = ("event", "event__title", "event__short_name", "event__location", "event__status")
    rows = sessions.order_by().annotate(teacher=F(teacher), **SPAN)
    return rows.values_list("teacher", "pk", "uid", *of_event, *SPAN)


def theirs(owners: dict[int, int], start: datetime, end: datetime, zones: dict[int, str]) -> Iterator[Theirs]:
    """The external events in [start, end) of the calendars of `owners`, instructors by mapping.

    All-day ones are as long as the day is in the zone of their owner, one of `zones`.
    """
    near = ExternalEvent.objects.filter(mapping__pk__any=[*owners])
    near = near.filter(starts_at__lt=end + EVERYWHERE, ends_at__gt=start - EVERYWHERE)
    fields = ("mapping", "pk", "show_as", "title", "is_all_day", "is_private")
    rows = near.annotate(**SPAN, found=Epoch("found_at")).values_list(*fields, *SPAN, "found")
    for mapping, pk, show_as, title, is_all_day, is_private, starts, ends, found in rows:
        owner, span = owners[mapping], (instant(starts), instant(ends))
        item = Theirs(owner, pk, *span, show_as, title, is_all_day, is_private, instant(found))
        if is_all_day:
            item = as_local_days(item, zone_of(zones[owner]))
        if item.start < end and item.end > start:
            yield item


def as_local_days(item: Theirs, zone: ZoneInfo) -> Theirs:
    first, last = item.start.date(), (item.end - timedelta(days=1)).date()
    start, end = local_midnight(item.start, zone), local_midnight(item.end, zone)
    return item._replace(start=start, end=end, first=first, last=last)


class Epoch(Func):
    """A moment as seconds since 1970: thousands of them are read many times faster than as timestamps."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"
    output_field = Field()  # a FloatField would convert every number once more


SPAN = {"starts": Epoch("starts_at"), "ends": Epoch("ends_at")}
READ = {"synced": Epoch("synced_at"), "known_from": Epoch("window_start"), "known_until": Epoch("window_end")}


def instant(seconds: float) -> datetime:
    """The moment so many seconds after 1970 began, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)
