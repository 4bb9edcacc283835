"""Syncing everything now, whatever is due or resting: what `manage.py sync` does."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

from django.conf import settings
from django.utils.timezone import now

from events.closing import tidy
from events.models import SyncedEvent
from events.sync.engine import Again, sync
from events.sync.plan import Create, Delete, Find, UnsafePlan, Update, check_is_safe
from events.sync.state import Calendar, Report, load
from instructors.claims import CalendarMappingQuerySet, Claim
from instructors.discovery import discover
from instructors.models import CalendarMapping
from integrations.connection import connect
from integrations.models import Integration

CHUNK = 200
TRIES = 100  # how often a calendar that has more to do is gone on with
WAIT = 0.5  # seconds between two looks at a calendar that another worker holds
VERBS = {Create: "create", Update: "update", Delete: "delete", Find: "find"}


def sync_everything(
    mappings: CalendarMappingQuerySet, integrations: Sequence[Integration], *, progress: Callable[[int, int], None]
) -> Report:
    """Discover, then sync every calendar of `mappings` once, waiting for those that other workers hold."""
    report = Report()
    for integration in integrations:
        report.failed += not discover(integration)
    for integration in integrations:
        own = mappings.filter(integration=integration).syncable()
        report.add(sync_each(own, progress))
    return report


def sync_each(mappings: CalendarMappingQuerySet, progress: Callable[[int, int], None]) -> Report:
    report = Report()
    left = set(mappings.values_list("pk", flat=True))
    total, tries = len(left), Counter[int]()
    SyncedEvent.objects.filter(mapping__in=left).update(retry_at=None)
    patience = new_patience()
    while left and time.monotonic() < patience:
        claim = CalendarMapping.objects.filter(pk__in=left).syncable().claim(CHUNK)
        if not claim.mappings:
            left &= set(CalendarMapping.objects.filter(pk__in=left).syncable().values_list("pk", flat=True))
            time.sleep(WAIT if left else 0)
            continue
        unfinished: set[int] = set()

        def goes_on(again: Again, to: set[int] = unfinished) -> None:
            if not again.seconds:  # what failed is tried again by the cycle
                to.update(again.mappings)

        report.add(sync(claim, in_flight=settings.SYNC_BATCHES_IN_FLIGHT["bulk"], on_again=goes_on))
        tidy(claim.mappings)
        tries.update(unfinished)
        given_up = {pk for pk in unfinished if tries[pk] >= TRIES}
        report.failed += len(given_up)
        left -= {mapping.pk for mapping in claim.mappings} - (unfinished - given_up)
        patience = new_patience()
        progress(total - len(left), total)
    report.failed += len(left)
    return report


def new_patience() -> float:
    """Until when to wait for calendars that other workers hold: a little longer than they can."""
    return time.monotonic() + settings.SYNC_LEASE_SECONDS + 30


def plans(mappings: CalendarMappingQuerySet) -> Iterator[str]:
    """What a sync would do to each calendar, a line an action; writes nothing and asks nobody."""
    held = list(mappings.syncable().select_related("integration", "instructor"))
    for integration in {mapping.integration for mapping in held}:
        own = [mapping for mapping in held if mapping.integration == integration]
        yield from plans_of(integration, own)


def plans_of(integration: Integration, mappings: Sequence[CalendarMapping]) -> Iterator[str]:
    provider = connect(integration)
    claim = Claim(uuid4(), now(), mappings)
    for calendar in load(claim, provider, Report()).values():
        yield from lines(calendar)


def lines(calendar: Calendar) -> Iterator[str]:
    actions = calendar.plan()
    try:
        check_is_safe(actions, calendar.copies)
    except UnsafePlan as error:
        yield f"{calendar.mapping}: refused. {error}"
        return
    for action in actions:
        entry = getattr(action, "entry", None)
        what = f"{entry.subject}, {entry.starts_at:%Y-%m-%d %H:%M} UTC" if entry else str(action.uid)
        yield f"{calendar.mapping}: {VERBS[type(action)]} {what}"
