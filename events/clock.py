"""Where the clock has been set back, nothing waits for a time that it has shown before."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils.timezone import now

from events.models import SyncedEvent
from instructors.claims import SKEW
from instructors.models import CalendarMapping
from integrations.models import Integration

log = structlog.get_logger(__name__)

RESTING = (Integration, CalendarMapping, SyncedEvent)
NOTED = {  # what is written as it happens, and so is never later than now
    Integration: ("failing_since",),
    CalendarMapping: ("synced_at", "failing_since", "requested_at", "census_at"),
    SyncedEvent: ("intended_at", "released_at", "changed_at", "sent_at"),
}


def follow_the_clock() -> None:
    """Where the clock has been set back, set back by as much what is to be waited for.

    What syncs have noted tells: it cannot be later than now, save for what two machines' clocks differ by.
    """
    if set_back_by() <= SKEW:
        return
    with transaction.atomic():
        list(CalendarMapping.objects.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        span = set_back_by()
        if span > SKEW:  # else somebody else has just done it
            log.warning("clock_set_back", seconds=span.total_seconds())
            set_back(span, now())


def set_back_by() -> timedelta:
    """By how much, at least, the clock has been set back since the last sync; negative where it goes on."""
    noted = {name: Max(name) for name in ("synced_at", "failing_since", "leased_until")}
    latest = CalendarMapping.objects.aggregate(**noted, whole=Max("integration__failing_since"))
    if latest["leased_until"]:
        latest["leased_until"] -= timedelta(seconds=settings.SYNC_LEASE_SECONDS)
    moment = now()
    return max((at for at in latest.values() if at), default=moment) - moment


def set_back(span: timedelta, moment: datetime) -> None:
    """Let no rest last longer, by `span`, than it was meant to, and nothing be noted for a time after `moment`."""
    for model in RESTING:
        model._default_manager.filter(retry_at__gt=moment).update(retry_at=F("retry_at") - span)
    latest = moment + timedelta(seconds=settings.SYNC_LEASE_SECONDS)
    CalendarMapping.objects.filter(leased_until__gt=latest).update(leased_until=F("leased_until") - span)
    for noting, names in NOTED.items():
        for name in names:
            noting._default_manager.filter(**{f"{name}__gt": moment}).update(**{name: moment})
