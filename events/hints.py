"""Asking for calendars to be synced: noted in the transaction of the change, published once it is committed."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.timezone import now

from events.models import Session, SyncedEvent
from events.sync.desired import teachers_of
from instructors.models import CalendarMapping


class Hint:
    """Publishes one task for all calendars that a transaction touched; lost messages are found by the cycle."""

    def __init__(self, *, bulk: bool) -> None:
        self.bulk = bulk
        self.mappings: set[int] = set()

    def publish(self) -> None:
        from events.tasks import sync_in_bulk, sync_mappings

        (sync_in_bulk if self.bulk else sync_mappings).delay(sorted(self.mappings))


def request_sync(mappings: Iterable[int], *, bulk: bool = False) -> None:
    """Hint that these calendars may be out of date. Call it in the transaction of the change."""
    pks = set(mappings)
    if not pks:
        return
    CalendarMapping.objects.filter(pk__in=pks).request_sync()
    hint = pending_hint(bulk=bulk)
    if hint is None:
        hint = Hint(bulk=bulk)
        hint.mappings |= pks
        transaction.on_commit(hint.publish, robust=True)
    else:
        hint.mappings |= pks


def pending_hint(*, bulk: bool) -> Hint | None:
    """The hint that this transaction will publish already, if there is one.

    A savepoint that is undone may take it along, but then it takes what was asked for since along too.
    """
    for _, function, *_ in connection.run_on_commit:
        hint = getattr(function, "__self__", None)
        if isinstance(hint, Hint) and hint.bulk == bulk:
            return hint
    return None


def sessions_changed(session_uids: Collection[UUID]) -> None:
    """Hint at every calendar where these sessions should be, or where a copy of them still is."""
    if not session_uids:
        return
    teachers = Q(instructor__in=assigned_to(session_uids))
    request_sync(CalendarMapping.objects.filter(teachers | copies_of(session_uids)).values_list("pk", flat=True))
    SyncedEvent.objects.filter(session_uid__in=session_uids).update(changed_at=now())
    release_unwanted(session_uids)  # calendars are locked before their copies, as a sync does it


def sessions_deleted(session_uids: Collection[UUID]) -> None:
    """Release every copy of these sessions, and hint at the calendars that hold one."""
    request_sync(CalendarMapping.objects.filter(copies_of(session_uids)).values_list("pk", flat=True))
    SyncedEvent.objects.filter(session_uid__in=session_uids).update(released_at=now())


def assigned_to(session_uids: Collection[UUID]) -> set[int]:
    """The instructors of these sessions or of their events, whatever their status."""
    sessions = Session.objects.filter(uid__in=session_uids)
    own = sessions.filter(instructors__isnull=False).values_list("instructors", flat=True)
    of_event = sessions.filter(event__instructors__isnull=False).values_list("event__instructors", flat=True)
    return {*own, *of_event}


def copies_of(session_uids: Collection[UUID]) -> Q:
    holders = SyncedEvent.objects.filter(session_uid__in=session_uids)
    return Q(pk__in=list(holders.values_list("mapping", flat=True)))


def release_unwanted(session_uids: Collection[UUID]) -> None:
    """Mark the copies that nobody wants any more, so that removing them is no surprise."""
    wanted = teachers_of(session_uids)
    copies = SyncedEvent.objects.filter(session_uid__in=session_uids, released_at=None)
    unwanted = [
        pk
        for pk, teacher, uid in copies.values_list("pk", "mapping__instructor", "session_uid")
        if (teacher, uid) not in wanted
    ]
    if unwanted:
        SyncedEvent.objects.filter(pk__in=unwanted).update(released_at=now())


def uids_of(events: Iterable[int]) -> list[UUID]:
    return list(Session.objects.filter(event__in=list(events)).values_list("uid", flat=True))
