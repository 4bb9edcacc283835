"""Where the sessions of many events stand, counted by the database. events/planned/states.py says it of one, exactly.

The database does not know the fingerprint of what is wanted, so here a copy waits when it was touched after it was
sent and its calendar has not been synced since.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from events.models import Event, Session, SyncedEvent
from events.planned.states import Kind
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
    return [with_kind(own, "instructors"), with_kind(inherited, "event__instructors")]


def with_kind(sessions: Any, teacher: str) -> Any:
    """`sessions` with their kind in each calendar of the instructors to whom the path `teacher` leads."""
    calendar = f"{teacher}__mappings__"
    is_let_go = Q(**{f"{calendar}leaving_at__isnull": False})
    is_let_go |= Q(**{f"{calendar}integration__closing_at__isnull": False})
    is_out = Q(**{f"{calendar}pk__isnull": True})
    is_out |= Q(**{f"{calendar}sync_enabled": False}) | Q(**{f"{teacher}__is_active": False})
    kinds = {"if_pending": pending(calendar), "if_failed": failed(calendar), "if_drifted": drifted(calendar)}
    rows = sessions.annotate(is_let_go=Case(When(is_let_go, then=True), default=False)).filter(is_let_go=False)
    rows = rows.annotate(calendar=F(f"{calendar}pk"), seen_at=Coalesce(f"{calendar}synced_at", NEVER), **kinds)
    copy = SyncedEvent.objects.filter(mapping=OuterRef("calendar"), session_uid=OuterRef("uid"))
    kind = Coalesce(Subquery(copy.values_list(kind_of_copy())), "if_pending")
    return rows.annotate(kind=case(When(is_out, then=Value(Kind.NOT_SYNCED)), default=kind))


def case(*cases: When, default: Any) -> Case:
    return Case(*cases, default=default, output_field=CharField())


def kind_of_copy() -> Case:
    """The kind of a session of which there is a copy."""
    is_changed = Q(changed_at__gt=Coalesce("sent_at", NEVER)) & Q(changed_at__gt=OuterRef("seen_at"))
    return case(
        When(~Q(problem=""), then=OuterRef("if_failed")),
        When(~Q(observed=""), then=OuterRef("if_drifted")),
        When(is_changed | Q(remote_id="") | Q(fingerprint=""), then=OuterRef("if_pending")),
        default=Value(Kind.IN_OUTLOOK),
    )


def pending(calendar: str) -> Case:
    """The kind of what is still to be sent into the calendar at this path."""
    is_refused = Q(**{f"{calendar}retry_at__isnull": False}) | Q(**{f"{calendar}failing_since__isnull": False})
    is_failing = Q(**{f"{calendar}problem__gt": ""}) & (is_refused | Q(**{f"{calendar}unreadable": 0}))
    is_failing |= Q(**{f"{calendar}integration__problem__gt": ""})
    return case(is_paused(calendar), When(is_failing, then=Value(Kind.FAILED)), default=Value(Kind.WAITING))


def failed(calendar: str) -> Case:
    """The kind of what could not be sent into the calendar at this path."""
    return case(is_paused(calendar), default=Value(Kind.FAILED))


def drifted(calendar: str) -> Case:
    """The kind of what was changed in Outlook."""
    is_left = Q(**{f"{calendar}integration__drift": Integration.Drift.FLAG})
    return case(When(is_left, then=Value(Kind.DRIFTED)), default=pending(calendar))


def is_paused(calendar: str) -> When:
    inactive = Q(**{f"{calendar}integration__status": Integration.Status.INACTIVE})
    return When(inactive, then=Value(Kind.NOT_SYNCED))


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


def standing(which: str, events: QuerySet[Event]) -> list[int]:
    """Those of `events` that stand in Outlook as `which` of the list's filter says, by their primary keys."""
    kinds: dict[int, set[str]] = {pk: set() for pk in events.order_by().values_list("pk", flat=True)}
    for rows in pairs(Q()):
        for event, kind in rows.values_list("event", "kind").distinct():
            if event in kinds:
                kinds[event].add(kind)
    if which == Kind.WAITING:
        sessions = Session.objects.filter(uid__in=being_removed().values("session_uid"))
        for event in sessions.values_list("event", flat=True):
            kinds.get(event, set()).add(Kind.REMOVING)
    return [event for event, found in kinds.items() if stands(which, found)]


def stands(which: str, kinds: set[str]) -> bool:
    """Whether an event with items of these kinds stands in Outlook as `which` says."""
    if which == Kind.WAITING:
        return bool(kinds & {Kind.WAITING, Kind.REMOVING})
    if which == Kind.FAILED:
        return Kind.FAILED in kinds
    if which == Kind.IN_OUTLOOK:
        return kinds == {Kind.IN_OUTLOOK}
    return kinds != {Kind.IN_OUTLOOK} and not kinds & {Kind.WAITING, Kind.FAILED}
