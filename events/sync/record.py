"""Every write of a sync. Each is conditional on the lease: who lost it raises LeaseLost and writes nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from events.models import ExternalEvent, Session, SyncedEvent
from events.sync.mirror import store
from events.sync.plan import Action, Create, Update, key_of
from events.sync.state import Calendar, LeaseLost
from instructors.models import CalendarMapping
from integrations.providers.errors import ProviderError, Unavailable
from integrations.providers.types import Entry, Receipt, RemoteItem, Window

FIRST_PAUSE = 5  # seconds until a copy is tried again; doubles each time
LONGEST_PAUSE = 3600
LONGEST_TIMES = 10  # of a time that was named
REJECTED_FOR = timedelta(days=1)
LONGEST_REQUEST = timedelta(seconds=65)


def hold(calendar: Calendar) -> bool:
    """Make sure, until the transaction ends, that this worker still has the calendar; True when nothing has changed."""
    held = CalendarMapping.objects.filter(pk=calendar.mapping.pk, lease=calendar.lease)
    requests = held.select_for_update(of=("self",), no_key=True).values_list("requested_at", flat=True)
    for requested_at in requests:
        return requested_at is None
    raise LeaseLost


def note(calendar: Calendar, **values: Any) -> None:
    """Update the mapping, here and in the database. In a transaction that holds it as well: see `hold`."""
    if not CalendarMapping.objects.write(calendar.mapping.pk, calendar.lease, **values):
        raise LeaseLost
    for name, value in values.items():
        setattr(calendar.mapping, name, value)


def note_copy(calendar: Calendar, copy: SyncedEvent, **values: Any) -> None:
    """Update one of our copies, here and in the database."""
    held = SyncedEvent.objects.filter(pk=copy.pk, mapping__lease=calendar.lease)
    if not held.update(**values):
        raise LeaseLost
    for name, value in values.items():
        setattr(copy, name, value)


@transaction.atomic
def intend(calendar: Calendar, actions: Iterable[Action]) -> None:
    """Write down what will be created, with its key, before anything is sent.

    Where a change has come since the plan was made, nothing is written: what it wants may not be wanted any more.
    """
    creations = [action for action in actions if isinstance(action, Create)]
    if not creations:
        return
    if not hold(calendar):
        calendar.is_unfinished = True
        return
    new = [intent(calendar, action) for action in creations if action.uid not in calendar.copies]
    SyncedEvent.objects.bulk_create(new)
    for action in creations:
        known = calendar.copies.get(action.uid)
        if known is not None and (known.generation != action.generation or known.remote_id):
            take_generation(calendar, known, action.generation)
        elif known is not None:
            note_copy(calendar, known, intended_at=now())
    calendar.copies.update({copy.session_uid: copy for copy in new})


def intent(calendar: Calendar, action: Create) -> SyncedEvent:
    return SyncedEvent(
        mapping=calendar.mapping,
        session_uid=action.uid,
        generation=action.generation,
        key=key_of(calendar.mailbox, action.uid, action.generation),
        ends_at=action.entry.ends_at,
        fingerprint=action.entry.fingerprint,
        intended_at=now(),
    )


def take_generation(calendar: Calendar, copy: SyncedEvent, generation: int) -> None:
    """Turn `copy` back into an intent, under the key of another generation."""
    key = key_of(calendar.mailbox, copy.session_uid, generation)
    blank = {"remote_id": "", "etag": "", "receipt_fingerprint": "", "observed": "", "intended_at": now()}
    note_copy(calendar, copy, generation=generation, key=key, **blank)


def receive(calendar: Calendar, copy: SyncedEvent, entry: Entry, receipt: Receipt, *, fingerprint: str) -> None:
    """Store what the calendar answered to a write of `entry`; `fingerprint` is of what it holds now."""
    note_copy(
        calendar,
        copy,
        remote_id=receipt.remote_id,
        etag=receipt.etag,
        ends_at=entry.ends_at,
        fingerprint=fingerprint,
        receipt_fingerprint=receipt.appearance,
        sent_at=now(),
        observed="",
        rejected_fingerprint="",
        failures=0,
        retry_at=None,
        problem="",
    )


def count_restoring(calendar: Calendar, copy: SyncedEvent) -> None:
    today = now().date()
    restores = copy.restores + 1 if copy.restored_on == today else 1
    note_copy(calendar, copy, restored_on=today, restores=restores)


def reject(calendar: Calendar, copy: SyncedEvent, action: Action, error: ProviderError) -> None:
    """Note that this item is refused, until its entry changes or a day has passed."""
    refused = action.entry.fingerprint if isinstance(action, Create | Update) else ""
    note_copy(calendar, copy, rejected_fingerprint=refused, retry_at=now() + REJECTED_FOR, problem=str(error))


def postpone(calendar: Calendar, copy: SyncedEvent, error: ProviderError) -> float:
    """Note that this item is to be tried again, later each time; the seconds until then.

    One that is answered with a time to wait again and again rests for longer than its calendar, which so gets on.
    """
    named = error.retry_after or 0.0 if isinstance(error, Unavailable) else 0.0
    pause = min(FIRST_PAUSE * 2**copy.failures, LONGEST_PAUSE) + named * (min(2**copy.failures, LONGEST_TIMES) - 1)
    retry_at = now() + timedelta(seconds=pause)
    failures = min(copy.failures + 1, 20)
    note_copy(calendar, copy, failures=failures, retry_at=retry_at, rejected_fingerprint="", problem=str(error))
    return pause


def wait_for_arrival(calendar: Calendar, copy: SyncedEvent) -> None:
    """Look again later for a copy that was asked for a moment ago: the request may still be on its way."""
    note_copy(calendar, copy, retry_at=arrived_by(copy), rejected_fingerprint="")


def arrived_by(copy: SyncedEvent) -> datetime:
    """When the request for an intended copy has arrived or failed, whoever sent it: a lease and a time-out later."""
    return copy.intended_at + timedelta(seconds=settings.SYNC_LEASE_SECONDS) + LONGEST_REQUEST


def drop_copy(calendar: Calendar, copy: SyncedEvent) -> None:
    """Forget a copy that stands in the calendar no more."""
    if not SyncedEvent.objects.filter(pk=copy.pk, mapping__lease=calendar.lease).delete()[0]:
        raise LeaseLost
    del calendar.copies[copy.session_uid]


def forget_copies(calendar: Calendar) -> None:
    """Forget the copies in a mailbox that is still to be left: they went with it, or nobody can remove them."""
    held = CalendarMapping.objects.filter(pk=calendar.mapping.pk, lease=calendar.lease, leaving_at__isnull=False)
    SyncedEvent.objects.filter(mapping__in=held).delete()


def adopt(calendar: Calendar, item: RemoteItem, copy: SyncedEvent | None = None) -> SyncedEvent:
    """Take `item` as our copy of its session; the next plan updates or deletes it."""
    if copy is None:
        uid = UUID(item.marker)
        key = UUID(item.transaction_id)
        values = {"key": key, "ends_at": item.ends_at, "intended_at": now()}
        copy = SyncedEvent.objects.create(mapping=calendar.mapping, session_uid=uid, **values)
        calendar.copies[uid] = copy
    seen = {"seen_round": calendar.mapping.census_round, "ends_at": item.ends_at}
    note_copy(calendar, copy, remote_id=item.remote_id, etag=item.etag, fingerprint="", observed="", **seen)
    of(calendar).filter(Q(remote_id=item.remote_id) | Q(series_id=item.remote_id)).delete()
    return copy


def adoptable(calendar: Calendar, items: Sequence[RemoteItem]) -> set[UUID]:
    """The markers of `items` that are sessions of ours without a copy in this calendar."""
    markers = [UUID(item.marker) for item in items]
    if not markers:
        return set()
    copied = SyncedEvent.objects.filter(mapping=calendar.mapping, session_uid__in=markers)
    known = Session.objects.filter(uid__in=markers).exclude(uid__in=copied.values("session_uid"))
    return set(known.values_list("uid", flat=True))


def copied(calendar: Calendar, items: Sequence[RemoteItem]) -> set[str]:
    """The remote ids among `items` that are copies of ours, over or not."""
    ids = [item.remote_id for item in items]
    if not ids:
        return set()
    ours = SyncedEvent.objects.filter(mapping=calendar.mapping, remote_id__in=ids)
    return set(ours.values_list("remote_id", flat=True))


def mirror(calendar: Calendar, items: Iterable[RemoteItem], dropped: Sequence[str] = ()) -> None:
    """Store somebody else's items, and remove those `dropped`."""
    kept = {item.remote_id: item for item in items if not item.is_ignored}
    if kept:
        store(calendar.mapping, kept.values())
        of(calendar).filter(series_id__in=[*kept]).delete()  # a series that its owner made single again
    calendar.report.pulled += len(kept)
    if dropped:
        calendar.report.pulled += of(calendar).filter(remote_id__in=dropped).delete()[0]


def differing(calendar: Calendar, items: Sequence[RemoteItem]) -> list[RemoteItem]:
    """Those of somebody else's `items` that are not as they are stored; Graph repeats unchanged ones."""
    ours = calendar.remote_ids
    stored = dict(
        of(calendar).filter(remote_id__in=[item.remote_id for item in items]).values_list("remote_id", "etag")
    )
    return [item for item in items if item.remote_id not in ours and stored.get(item.remote_id) != item.etag[:255]]


def keep_unreadable(calendar: Calendar, remote_ids: Sequence[str]) -> None:
    """Let what was known of items stand that cannot be read any more: unknown is not gone."""
    of(calendar).filter(remote_id__in=remote_ids).update(seen_round=calendar.mapping.census_round)


def of(calendar: Calendar) -> Any:
    return ExternalEvent.objects.filter(mapping=calendar.mapping)


@transaction.atomic
def replace_series(calendar: Calendar, series_id: str, items: Sequence[RemoteItem]) -> None:
    """Store a series as it is now: `items` are all of its occurrences in the window."""
    hold(calendar)
    kept = [item.remote_id for item in items if not item.is_ignored]
    gone = of(calendar).filter(series_id=series_id).exclude(remote_id__in=kept).delete()[0]
    calendar.report.pulled += gone + of(calendar).filter(remote_id=series_id).delete()[0]
    mirror(calendar, items)


def series_among(calendar: Calendar, removed: Sequence[str]) -> set[str]:
    """The series that removed ids belong to, as occurrences or as the series itself."""
    occurrences = of(calendar).filter(remote_id__in=removed).exclude(series_id="").values_list("series_id", flat=True)
    whole = of(calendar).filter(series_id__in=removed).values_list("series_id", flat=True)
    return {*occurrences, *whole}


def start_over(calendar: Calendar) -> None:
    """Forget every place in the calendar, so that the next pull is a full round from its start."""
    note(calendar, cursor="", next_cursor="", census_link="", census_at=None, round_pages=0, census_pages=0)


def begin_full_round(calendar: Calendar, window: Window, *, next_cursor: str) -> None:
    """Begin a new census of a new window, with the place where its chain of changes begins."""
    census_round = calendar.mapping.census_round + 1
    note(
        calendar,
        cursor="",
        next_cursor=next_cursor,
        census_link="",
        census_at=None,
        round_pages=0,
        census_pages=0,
        census_readings=0,
        census_round=census_round,
        window_start=window.start,
        window_end=window.end,
        unreadable=0,
        unread="",
    )


@transaction.atomic
def finish_census(calendar: Calendar) -> None:
    """Sweep what the census did not see, and let the chain of changes go on from where it began."""
    note(calendar, cursor=calendar.mapping.next_cursor, next_cursor="", census_link="", census_at=now())
    unseen = of(calendar).exclude(seen_round=calendar.mapping.census_round)
    calendar.report.pulled += unseen.delete()[0]
