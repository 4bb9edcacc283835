"""What should be in a calendar: the one place that says so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from events.models import Event, Session
from instructors.models import CalendarMapping
from integrations.providers.types import Entry, one_line

Desired = dict[int, dict[UUID, Entry]]  # by mapping


def desired(
    mappings: Iterable[CalendarMapping], known: Mapping[int, Collection[UUID]], *, horizon: datetime
) -> Desired:
    """The entries of each of `mappings`: confirmed sessions that end at or after `horizon`.

    A session that was moved before the horizon is still wanted where a copy of it stands (`known`, by mapping), so
    that the copy moves too.
    """
    pushed = {mapping.instructor_id: mapping.pk for mapping in mappings if mapping.is_pushed_to}
    wanted: Desired = defaultdict(dict)
    for instructor, entry in assignments(Q(ends_at__gte=horizon), pushed):
        wanted[pushed[instructor]][entry.session_uid] = entry
    left = {uid for pk in pushed.values() for uid in known.get(pk, ()) if uid not in wanted[pk]}
    if left:
        for instructor, entry in assignments(Q(ends_at__lt=horizon, uid__in=left), pushed):
            if entry.session_uid in known.get(pushed[instructor], ()):
                wanted[pushed[instructor]][entry.session_uid] = entry
    return wanted


def assignments(sessions: Q, instructors: Collection[int]) -> list[tuple[int, Entry]]:
    """Which of `instructors` teaches which confirmed session. A session's own instructors replace the event's."""
    confirmed = Session.objects.filter(sessions, event__status=Event.Status.CONFIRMED)
    own = confirmed.filter(instructors__pk__any=instructors).annotate(teacher=F("instructors"))
    inherited = confirmed.filter(~has_own_instructors(), event__instructors__pk__any=instructors).annotate(
        teacher=F("event__instructors")
    )
    entries: dict[UUID, Entry] = {}
    return [(row[0], entry_of(entries, *row[1:])) for query in (own, inherited) for row in rows(query)]


def has_own_instructors() -> Exists:
    return Exists(Session.instructors.through.objects.filter(session_id=OuterRef("pk")))


def rows(sessions: QuerySet[Session]) -> QuerySet:
    fields = ("teacher", "uid", "starts_at", "ends_at", "event__title", "event__location", "event__description")
    return sessions.order_by("starts_at", "pk").values_list(*fields)


def entry_of(
    entries: dict[UUID, Entry], uid: UUID, starts_at: datetime, ends_at: datetime, title: str, location: str, text: str
) -> Entry:
    """The entry of a session, made once for all of its instructors."""
    entry = entries.get(uid)
    if entry is None:
        entry = entries[uid] = Entry(uid, one_line(title), starts_at, ends_at, one_line(location), text.strip())
    return entry


def teachers_of(session_uids: Collection[UUID]) -> set[tuple[int, UUID]]:
    """Who teaches which of these sessions, as (instructor, session uid), if they are confirmed."""
    own = Q(instructors__isnull=False) & Q(uid__in=session_uids)
    confirmed = Session.objects.filter(event__status=Event.Status.CONFIRMED)
    named = confirmed.filter(own).values_list("instructors", "uid")
    inherited = confirmed.filter(~has_own_instructors(), uid__in=session_uids, event__instructors__isnull=False)
    return {*named, *inherited.values_list("event__instructors", "uid")}
