"""Background work: hints, the cycle and its chunks. A task takes ids, claims, calls one function."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db.models import F
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from events.clock import follow_the_clock
from events.closing import tidy
from events.sync.engine import Again, sync
from events.sync.state import TURN
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
    sync_part(sync_mappings, pks, hinted, queue="realtime", size=REALTIME_CHUNK)


@shared_task
def sync_in_bulk(pks: list[int], hinted: bool = True) -> None:
    """The same for first syncs, which must not stand in the way of pushes."""
    sync_part(sync_in_bulk, pks, hinted, queue="bulk", size=CHUNK)


@shared_task
def cycle() -> None:
    """Hand out what is due: one task for each integration, those that fail last. See `hand_on`."""
    follow_the_clock()
    tick = now()
    working = Integration.objects.working().order_by(F("failing_since").asc(nulls_first=True), "pk")
    for pk in working.values_list("pk", flat=True):
        if due_in(pk, tick).exists():
            sync_due.apply_async((pk, tick.isoformat()), expires=settings.SYNC_INTERVAL_SECONDS)


@shared_task
def sync_due(integration_pk: int, tick: str) -> None:
    """Sync a chunk of an integration's calendars that no one has synced since `tick`, and hand on the others."""
    begun = datetime.fromisoformat(tick)
    due = due_in(integration_pk, begun)
    claim = due.claim(CHUNK)
    time_left = settings.SYNC_INTERVAL_SECONDS - (now() - begun).total_seconds()
    if len(claim.mappings) == CHUNK and time_left > 0:
        hand_on(sync_due, integration_pk, tick, expires=time_left)
    run(claim, due, queue="bulk", size=CHUNK)


def due_in(integration_pk: int, tick: datetime) -> CalendarMappingQuerySet:
    return CalendarMapping.objects.filter(integration=integration_pk).syncable().awake().not_seen_since(tick)


def sync_part(task: Task[..., None], pks: list[int], hinted: bool, *, queue: str, size: int) -> None:
    """Sync the first of these calendars, those of one integration, and hand on the others.

    An integration that fails comes last: its calendars take the longest.
    """
    sound_first = F("integration__failing_since").asc(nulls_first=True)
    found = waiting(pks[:size], hinted=hinted).order_by(sound_first, "integration")
    places = list(found.values_list("pk", "integration"))
    own = [pk for pk, integration in places if integration == places[0][1]]
    if rest := [pk for pk, integration in places if integration != places[0][1]] + pks[size:]:
        hand_on(task, rest, hinted)
    mappings = waiting(own, hinted=hinted)
    run(mappings.claim(size), mappings, queue=queue, size=size)


def waiting(pks: Sequence[int], *, hinted: bool) -> CalendarMappingQuerySet:
    found = CalendarMapping.objects.filter(pk__in=pks).syncable().awake()
    return found.filter(requested_at__isnull=False) if hinted else found


def hand_on(task: Task[..., None], *args: object, **options: Any) -> None:
    """Put what is left behind everybody else's work in the queue.

    Large sets do so before their first part is begun: all idle workers join in, and yet nobody ever waits for more
    of one than the parts that are being worked on and one more.
    """
    with suppressed_outage():
        task.apply_async(args, **options)


@contextmanager
def suppressed_outage() -> Iterator[None]:
    """Let a sync go on while the broker is away: what was to be synced again is found by the cycle."""
    try:
        yield
    except OperationalError:
        log.warning("broker_unreachable")


def run(claim: Claim, mappings: CalendarMappingQuerySet, *, queue: str, size: int) -> None:
    """Sync the claimed ones of `mappings`, and then those that may not be held together with them.

    These take one part after the other, for as long as one task may take.
    """
    started = time.monotonic()
    sync_claimed(claim, queue)
    while claim.has_left and time.monotonic() - started < TURN:
        mappings = mappings.exclude(pk__in=[mapping.pk for mapping in claim.mappings])
        claim = mappings.claim(size)
        sync_claimed(claim, queue)


def sync_claimed(claim: Claim, queue: str) -> None:
    """Sync what is claimed. What has to be synced again goes back to its queue, all that is unfinished together."""
    unfinished: list[int] = []

    def again(calendars: Again) -> None:
        if not (calendars.seconds or calendars.is_urgent):
            unfinished.extend(calendars.mappings)
        elif calendars.seconds < settings.SYNC_INTERVAL_SECONDS:
            task = sync_mappings if calendars.is_urgent or queue == "realtime" else sync_in_bulk
            hand_on(task, list(calendars.mappings), calendars.seconds == 0, countdown=calendars.seconds)

    in_flight = settings.SYNC_BATCHES_IN_FLIGHT[queue]
    sync(claim, in_flight=in_flight, is_urgent=queue == "realtime", on_again=again)
    if unfinished:
        hand_on(sync_in_bulk, unfinished)
    tidy(claim.mappings)
