"""A clock that is set back by an hour stops nothing for an hour."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils.timezone import now

from events.clock import follow_the_clock
from events.models import SyncedEvent
from events.sync.unread import TRIES, pause_after
from events.tasks import cycle, sync_due
from instructors.models import CalendarMapping
from integrations.models import Integration
from tests.conftest import address, plan_event, sync_now
from tests.test_poison_items import (
    FAILING,
    ITEM,
    let_items_wait_no_more,
    mapped,
    mirrored,
    try_often,
    unread_in,
    unsure,
)

HOUR = timedelta(hours=1)
SOON = timedelta(minutes=1)
OUTAGE = {"status": 503, "code": "ServiceUnavailable"}


@pytest.fixture
def ahead():
    """The time in which a test begins: an hour later than it is."""
    with time_machine.travel(now() + HOUR, tick=True) as clock:
        yield clock


def reload(*rows):
    for row in rows:
        row.refresh_from_db()


def test_a_calendar_that_failed_rests_no_longer_than_before(sandbox, people, ahead):
    ann, ben = people["ann"], people["ben"]
    sandbox.fault({"mailbox": address("ben")}, **OUTAGE, retry_after=300)
    sync_now(ann, ben)

    ahead.shift(-HOUR)
    follow_the_clock()

    reload(ann, ben)
    assert timedelta(minutes=4) < ben.retry_at - now() < timedelta(minutes=6)
    assert ben.failing_since <= now()
    assert ann.synced_at <= now()


def test_a_connection_that_failed_rests_no_longer_than_before(sandbox, people, integration, ahead):
    sandbox.fault({"path": r"\$batch"}, **OUTAGE)
    sync_now()
    assert Integration.objects.get().retry_at

    ahead.shift(-HOUR)
    follow_the_clock()

    reload(integration)
    assert integration.retry_at < now() + SOON
    assert integration.failing_since <= now()


def test_a_copy_that_failed_or_was_only_asked_for_rests_no_longer_than_before(sandbox, people, ann, ahead):
    plan_event("First aid", ann)
    sandbox.fault({"method": "POST", "path": "/events"}, **OUTAGE, times=1)
    sync_now(ann)
    assert SyncedEvent.objects.get().retry_at

    ahead.shift(-HOUR)
    follow_the_clock()

    assert SyncedEvent.objects.filter(retry_at__lt=now() + SOON, intended_at__lte=now()).exists()


def test_what_a_dead_worker_held_is_free_after_one_lease(sandbox, people, ann, ahead):
    CalendarMapping.objects.filter(pk=ann.pk).claim()

    ahead.shift(-HOUR)
    follow_the_clock()

    reload(ann)
    assert ann.leased_until <= now() + timedelta(seconds=settings.SYNC_LEASE_SECONDS)


def test_a_clock_that_goes_on_and_one_that_differs_a_little_change_nothing(sandbox, people, ann, ahead):
    sandbox.fault({"mailbox": address("ben")}, **OUTAGE, retry_after=300)
    sync_now()
    before = list(CalendarMapping.objects.order_by("pk").values())

    follow_the_clock()
    ahead.shift(timedelta(minutes=-2))
    follow_the_clock()

    assert list(CalendarMapping.objects.order_by("pk").values()) == before


def test_a_clock_that_was_set_back_is_followed_once(sandbox, people, ann, ahead):
    sandbox.fault({"mailbox": address("ben")}, **OUTAGE, retry_after=7200)
    sync_now()
    ahead.shift(-HOUR)

    follow_the_clock()
    rests = CalendarMapping.objects.get(pk=people["ben"].pk).retry_at
    follow_the_clock()

    assert CalendarMapping.objects.get(pk=people["ben"].pk).retry_at == rests


@pytest.mark.parametrize("tries", [1, 4])
def test_an_item_that_could_not_be_read_waits_no_longer_than_before(sandbox, ann, ahead, tries):
    sync_now(ann)
    item = unsure(sandbox, ann)
    mapped(sandbox, ITEM, FAILING["500"], item)
    sync_now(ann)
    try_often(ann, tries - 1)
    if tries > TRIES:
        let_items_wait_no_more(ann, timedelta(minutes=5))
        sync_now(ann)
    assert unread_in(ann)[item][0] == tries
    sandbox.clear_faults()

    ahead.shift(-HOUR)
    follow_the_clock()
    ahead.shift(timedelta(seconds=pause_after(tries)))
    sync_now(ann)

    assert mirrored() == {item}
    assert ann.unread == ""


def test_an_item_that_could_not_be_read_keeps_its_pause_where_two_clocks_differ_a_little(sandbox, ann, ahead):
    sync_now(ann)
    item = unsure(sandbox, ann)
    mapped(sandbox, ITEM, FAILING["500"], item)
    sync_now(ann)

    ahead.shift(-SOON)
    sync_now(ann)

    assert unread_in(ann)[item][0] == 1


def test_the_cycle_follows_the_clock(sandbox, people, integration, ahead):
    sandbox.fault({"path": r"\$batch"}, **OUTAGE)
    sync_now()
    sandbox.clear_faults()
    ahead.shift(-HOUR)

    cycle()
    ahead.shift(SOON)
    sync_due(integration.pk, now().isoformat())

    assert not CalendarMapping.objects.filter(synced_at=None).exists()
    assert Integration.objects.get().retry_at is None
