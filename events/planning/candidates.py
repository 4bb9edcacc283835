"""Whom else an event suits: a bounded number of instructors, looked at closely, best fit first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import F, Q, QuerySet
from django.utils.timezone import now

from events import board
from events.availability import WEIGHTS, Span, Teaching, Weight
from events.models import Event, ExternalEvent, Session
from events.planning.forms import Planning
from events.planning.people import search
from events.planning.standing import ORDER, Standing, standings
from events.sync.desired import has_own_instructors
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

CLOSELY = 60  # so many instructors are looked at closely
GLANCED = 400  # of so many it is found out who seems free
EXPERTS = 20
MOST_TAUGHT = 5_000
MOST_SPANS = 12
AROUND = timedelta(days=7)
HARMLESS = [status for status, weight in WEIGHTS.items() if weight == Weight.NOTHING]


@dataclass(frozen=True)
class Candidates:
    """Those who were looked at, best fit first, of `everybody` whom the search fits; none without a session."""

    ranked: Sequence[Standing] = ()
    everybody: int = 0
    taught: Counter[int] = field(default_factory=Counter)
    before: dict[int, Teaching] = field(default_factory=dict)
    after: dict[int, Teaching] = field(default_factory=dict)


def candidates(planning: Planning, text: str = "") -> Candidates:
    """Whom the event suits among those whose name or address has every word of `text`, without those chosen."""
    others = search(text).exclude(pk__in=planning.typed.everybody)
    taught = times_taught(planning)
    near = list(others[: CLOSELY + 1])
    everybody = len(near)
    if everybody > CLOSELY:
        everybody = others.count()
        near = pool(others, planning, taught)
    found = standings(planning, near, chosen=False)
    pks = [one.pk for one in near]
    ranked = sorted(found, key=lambda one: (ORDER.index(one.verdict), -taught[one.instructor.pk]))
    return Candidates(ranked, everybody, taught, *neighbours(planning, [*pks, *planning.typed.everybody]))


def pool(people: QuerySet[Instructor], planning: Planning, taught: Counter[int]) -> list[Instructor]:
    """So many of `people` as are looked at closely, by name: who has taught it, who seems free, and the first."""
    known = {pk for pk, _times in taught.most_common(EXPERTS)}
    experts = list(people.filter(pk__in=known).values_list("pk", flat=True))
    first = list(people.values_list("pk", flat=True)[:GLANCED])
    free = seemingly_free(list(dict.fromkeys([*experts, *first])), planning)[: CLOSELY - EXPERTS]
    kept = list(dict.fromkeys([*experts, *free, *first]))[:CLOSELY]
    return list(Instructor.objects.filter(pk__in=kept))


def seemingly_free(instructors: Sequence[int], planning: Planning) -> list[int]:
    """Those of `instructors` whose calendars are known and have nothing in the way of the sessions, in their order.

    It is a glance only: all-day items are taken to be wider than they are, and of many sessions the gaps count too.
    """
    spans = few([Span(one.starts_at, one.ends_at) for one in planning.sessions])
    if not spans:
        return []
    taken = {*with_external(instructors, spans), *teaching(instructors, spans, planning.event)}
    known = set(readable(instructors, spans))
    return [pk for pk in instructors if pk in known and pk not in taken]


def readable(instructors: Sequence[int], spans: Sequence[Span]) -> Iterable[int]:
    """Those of whose calendars it is known what they hold in `spans`."""
    calendars = CalendarMapping.objects.filter(
        Q(window_start=None) | Q(window_start__lte=spans[0].start),
        Q(window_end=None) | Q(window_end__gte=spans[-1].end),
        instructor__pk__any=instructors,
        sync_enabled=True,
        leaving_at=None,
        problem="",
        unreadable=0,
        synced_at__gte=now() - board.stale_after(),
        integration__status=Integration.Status.ACTIVE,
        integration__problem="",
        integration__closing_at=None,
    )
    return calendars.order_by().values_list("instructor", flat=True)


def with_external(instructors: Sequence[int], spans: Sequence[Span]) -> Iterable[int]:
    """Those who have external events in `spans`."""
    wide = [Span(one.start - board.EVERYWHERE, one.end + board.EVERYWHERE) for one in spans]
    in_the_way = Q(is_all_day=False) & within(spans) | Q(is_all_day=True) & within(wide)
    whole = Q(starts_at__lt=wide[-1].end, ends_at__gt=wide[0].start)  # which the index can follow
    owned = Q(mapping__instructor__pk__any=instructors, mapping__leaving_at=None, mapping__integration__closing_at=None)
    found = ExternalEvent.objects.filter(owned, whole, in_the_way).exclude(show_as__in=HARMLESS)
    return found.values_list("mapping__instructor", flat=True).distinct()


def teaching(instructors: Sequence[int], spans: Sequence[Span], event: Event | None) -> Iterable[int]:
    """Those who have sessions in `spans`, other than of `event`."""
    planned = Session.objects.filter(within(spans), event__status__in=board.PLANNED).order_by()
    if event is not None:
        planned = planned.exclude(event=event)
    own = planned.filter(instructors__pk__any=instructors).values_list("instructors")
    inherited = planned.filter(~has_own_instructors(), event__instructors__pk__any=instructors)
    return [pk for (pk,) in own.union(inherited.values_list("event__instructors"))]


def within(spans: Iterable[Span]) -> Q:
    return reduce(or_, (Q(starts_at__lt=one.end, ends_at__gt=one.start) for one in spans))


def few(spans: Sequence[Span]) -> list[Span]:
    """Not more than MOST_SPANS that cover all of `spans`, given in order of time: the smallest gaps are closed."""
    merged: list[Span] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    while len(merged) > MOST_SPANS:
        at = min(range(1, len(merged)), key=lambda number: merged[number].start - merged[number - 1].end)
        merged[at - 1 : at + 1] = [Span(merged[at - 1].start, merged[at].end)]
    return merged


def times_taught(planning: Planning) -> Counter[int]:
    """How often each instructor has held an event of this title."""
    title = planning.typed.title.replace("\0", "")
    if not title:
        return Counter()
    held = Session.objects.filter(event__status=Event.Status.CONFIRMED, event__title__iexact=title, ends_at__lt=now())
    own = held.filter(instructors__isnull=False).annotate(teacher=F("instructors"))
    inherited = held.filter(~has_own_instructors(), event__instructors__isnull=False)
    pairs = (
        own.order_by()
        .values_list("teacher", "event")
        .union(inherited.order_by().annotate(teacher=F("event__instructors")).values_list("teacher", "event"))
    )
    return Counter(teacher for teacher, _event in pairs[:MOST_TAUGHT])


def neighbours(planning: Planning, instructors: Sequence[int]) -> tuple[dict[int, Teaching], dict[int, Teaching]]:
    """What each of `instructors` teaches last before the first session and first after the last, within a week."""
    if not planning.sessions or not instructors:
        return {}, {}
    start, end = planning.sessions[0].starts_at, max(one.ends_at for one in planning.sessions)
    event = planning.event.pk if planning.event else None
    earlier = board.teachings(instructors, start - AROUND, start, event)
    later = board.teachings(instructors, end, end + AROUND, event)
    before = {one.instructor: one for one in sorted(earlier, key=ended) if one.end <= start}
    after = {one.instructor: one for one in sorted(later, key=started, reverse=True) if one.start >= end}
    return before, after


def ended(item: Teaching) -> datetime:
    return item.end


def started(item: Teaching) -> datetime:
    return item.start
