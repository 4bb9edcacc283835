"""Background work: hints, the cycle and its chunks. A task takes ids, claims, calls one function."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog
from celery import shared_task
from django.conf import settings
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from events.closing import tidy
from events.sync.engine import Again, sync
from events.sync.state import SHARE_OF_LEASE
from instructors.claims import CalendarMappingQuerySet, Claim
from instructors.models import CalendarMapping
from integrations.models import Integration

log = structlog.get_logger(__name__)

CHUNK = 200  # calendars that one task holds; a multiple of a batch's 20
REALTIME_CHUNK = 20


@shared_task
def sync_mappings(pks: list[int], hinted: bool = True) -> None:
    """Bring these calendars up to date, as soon as possible. Run twice, late or never, it does no harm.

    `hinted`: only those that still wait for it, because several hints for one change need one sync.
    """
    for start in range(REALTIME_CHUNK, len(pks), REALTIME_CHUNK):
        sync_mappings.delay(pks[start : start + REALTIME_CHUNK], hinted)
    sync_in_chunks(waiting(pks[:REALTIME_CHUNK], hinted=hinted), queue="realtime", size=REALTIME_CHUNK)


@shared_task
def sync_in_bulk(pks: list[int], hinted: bool = True) -> None:
    """The same for first syncs, which must not stand in the way of pushes. A large set is spread over the workers."""
    for start in range(CHUNK, len(pks), CHUNK):
        sync_in_bulk.delay(pks[start : start + CHUNK], hinted)
    sync_in_chunks(waiting(pks[:CHUNK], hinted=hinted), queue="bulk", size=CHUNK)


@shared_task
def cycle() -> None:
    """Hand out everything that is due, in chunks; the integrations take turns, so that none waits for another."""
    tick = now()
    due = {
        pk: CalendarMapping.objects.filter(integration=pk).syncable().awake().not_seen_since(tick).count()
        for pk in Integration.objects.working().values_list("pk", flat=True)
    }
    for turn in range(max((-(-count // CHUNK) for count in due.values()), default=0)):
        for pk, count in due.items():
            if turn * CHUNK < count:
                sync_due.apply_async((pk, tick.isoformat()), expires=settings.SYNC_INTERVAL_SECONDS)


@shared_task
def sync_due(integration_pk: int, tick: str) -> None:
    """Sync one chunk of an integration's calendars that no one has synced since `tick`."""
    due = CalendarMapping.objects.filter(integration=integration_pk).syncable().awake()
    run(due.not_seen_since(datetime.fromisoformat(tick)), queue="bulk", size=CHUNK)


def waiting(pks: Sequence[int], *, hinted: bool) -> CalendarMappingQuerySet:
    found = CalendarMapping.objects.filter(pk__in=pks).syncable().awake()
    return found.filter(requested_at__isnull=False) if hinted else found


def sync_in_chunks(mappings: CalendarMappingQuerySet, *, queue: str, size: int) -> None:
    """Sync `mappings`, those of each integration by themselves."""
    for integration in set(mappings.values_list("integration", flat=True)):
        run(mappings.filter(integration=integration), queue=queue, size=size)


@contextmanager
def suppressed_outage() -> Iterator[None]:
    """Let a sync go on while the broker is away: what was to be synced again is found by the cycle."""
    try:
        yield
    except OperationalError:
        log.warning("broker_unreachable")


def run(mappings: CalendarMappingQuerySet, *, queue: str, size: int) -> None:
    """Claim up to `size` of `mappings` and sync them; what has to be synced again goes back to its queue.

    Calendars that may not be held together are synced one part after the other, for as long as one lease allows.
    """
    started = time.monotonic()
    claim = mappings.claim(size)
    sync_claimed(claim, queue)
    while claim.has_left and time.monotonic() - started < settings.SYNC_LEASE_SECONDS * SHARE_OF_LEASE:
        mappings = mappings.exclude(pk__in=[mapping.pk for mapping in claim.mappings])
        claim = mappings.claim(size)
        sync_claimed(claim, queue)


def sync_claimed(claim: Claim, queue: str) -> None:
    def again(calendars: Again) -> None:
        task = sync_mappings if calendars.is_urgent or (queue == "realtime" and calendars.seconds) else sync_in_bulk
        if calendars.seconds < settings.SYNC_INTERVAL_SECONDS:
            with suppressed_outage():
                task.apply_async((list(calendars.mappings), calendars.seconds == 0), countdown=calendars.seconds)

    in_flight = settings.SYNC_BATCHES_IN_FLIGHT[queue]
    sync(claim, in_flight=in_flight, is_urgent=queue == "realtime", on_again=again)
    tidy(claim.mappings)
