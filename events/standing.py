"""Where the sessions of many events stand, counted by the database. events/states.py says it of one, exactly.

The database does not know the fingerprint of what is wanted, so here a copy waits when it was touched after it was
sent and its calendar has not been synced since.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, CharField, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from events.models import Event, Session, SyncedEvent
from events.states import Kind
from events.sync.desired import has_own_instructors
from events.sync.state import horizon
from integrations.models import Integration

NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC))


def pairs(sessions: Q) -> list[Any]:
    """The confirmed sessions that are not over, once for each calendar of each instructor, with their `kind`.

    Two QuerySets: of the sessions with instructors of their own, and of those with the event's.
    """
    current = Session.objects.filter(sessions, event__status=Event.Status.CONFIRMED, ends_at__gte=horizon()).order_by()
    own = current.filter(instructors__isnull=False)
    inherited = current.filter(~has_own_instructors(), event__instructors__isnull=False)
    found: list[Any] = []
    for rows, teacher in ((own, "instructors"), (inherited, "event__instructors")):
        calendar = f"{teacher}__mappings__"
        let_go = Q(**{f"{calendar}leaving_at__isnull": False}) | Q(
            **{f"{calendar}integration__closing_at__isnull": False}
        )
        found.append(rows.exclude(let_go).annotate(kind=kind_of(teacher)))
    return found


def kind_of(teacher: str) -> Case:
    """The kind of a session in the calendar that the path `teacher` leads to."""
    calendar = f"{teacher}__mappings__"
    is_out = Q(**{f"{calendar}pk__isnull": True})
    is_out |= Q(**{f"{calendar}sync_enabled": False}) | Q(**{f"{teacher}__is_active": False})
    copy = SyncedEvent.objects.filter(mapping=OuterRef(f"{calendar}pk"), session_uid=OuterRef("uid"))
    return Case(
        When(is_out, then=Value(Kind.NOT_SYNCED)),
        default=Coalesce(Subquery(copy.values_list(kind_of_copy())), pending(calendar)),
        output_field=CharField(),
    )


def kind_of_copy() -> Case:
    changed = Q(changed_at__gt=Coalesce("sent_at", NEVER)) & Q(changed_at__gt=Coalesce("mapping__synced_at", NEVER))
    is_left = Q(mapping__integration__drift=Integration.Drift.FLAG)
    is_failed = ~Q(problem="") & Q(mapping__integration__status=Integration.Status.ACTIVE)
    return Case(
        When(is_failed, then=Value(Kind.FAILED)),
        When(~Q(observed="") & is_left, then=Value(Kind.DRIFTED)),
        When(changed | Q(remote_id="") | Q(fingerprint="") | ~Q(observed=""), then=pending("mapping__")),
        default=Value(Kind.IN_OUTLOOK),
        output_field=CharField(),
    )


def pending(calendar: str) -> Case:
    """The kind of what is still to be sent into the calendar at this path."""
    is_refused = Q(**{f"{calendar}retry_at__isnull": False}) | Q(**{f"{calendar}failing_since__isnull": False})
    is_failing = ~Q(**{f"{calendar}problem": ""}) & (is_refused | Q(**{f"{calendar}unreadable": 0}))
    return Case(
        When(Q(**{f"{calendar}integration__status": Integration.Status.INACTIVE}), then=Value(Kind.NOT_SYNCED)),
        When(is_failing | ~Q(**{f"{calendar}integration__problem": ""}), then=Value(Kind.FAILED)),
        default=Value(Kind.WAITING),
        output_field=CharField(),
    )


def being_removed() -> QuerySet[SyncedEvent]:
    """Copies that nobody wants any more and that go from their calendars."""
    calendar = Q(mapping__sync_enabled=True) | Q(mapping__removes_copies=True) | Q(mapping__leaving_at__isnull=False)
    is_in_use = calendar & Q(mapping__integration__status=Integration.Status.ACTIVE)
    is_cleaned = is_in_use | Q(mapping__integration__closing_at__isnull=False)
    return SyncedEvent.objects.filter(is_cleaned, released_at__isnull=False, ends_at__gte=horizon())


def counts(events: Collection[int]) -> dict[int, dict[Kind, int]]:
    """How many items there are of each kind for each of `events`."""
    found: dict[int, dict[Kind, int]] = defaultdict(dict)
    for rows in pairs(Q(event__in=events)):
        for event, kind, count in rows.values_list("event", "kind").annotate(Count("pk")):
            found[event][Kind(kind)] = found[event].get(Kind(kind), 0) + count
    events_of = dict(Session.objects.filter(event__in=events).values_list("uid", "event"))
    for uid in being_removed().filter(session_uid__in=list(events_of)).values_list("session_uid", flat=True):
        kinds = found[events_of[uid]]
        kinds[Kind.REMOVING] = kinds.get(Kind.REMOVING, 0) + 1
    return found


def events_with(*kinds: Kind) -> Q:
    """The events that have an item of one of these kinds."""
    is_one = Q()
    for rows in pairs(Q()):
        is_one |= Q(pk__in=rows.filter(kind__in=kinds).values("event"))
    if Kind.REMOVING in kinds:
        sessions = Session.objects.filter(uid__in=being_removed().values("session_uid"))
        is_one |= Q(pk__in=sessions.values("event"))
    return is_one


def standing(which: str) -> Q:
    """The events that stand in Outlook as `which` of the list's filter says."""
    if which == Kind.WAITING:
        return events_with(Kind.WAITING, Kind.REMOVING)
    if which == Kind.FAILED:
        return events_with(Kind.FAILED)
    unsettled = events_with(Kind.WAITING, Kind.FAILED)
    complete = events_with(Kind.IN_OUTLOOK) & ~events_with(Kind.NOT_SYNCED, Kind.DRIFTED)
    return complete & ~unsettled if which == Kind.IN_OUTLOOK else ~complete & ~unsettled
