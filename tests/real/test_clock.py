"""The clock is set back by an hour under running processes, and after some that died in the time to come."""

import os
import signal
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from events.models import SyncedEvent
from instructors.models import CalendarMapping
from tests.conftest import address
from tests.processes import kill, running, wait_for
from tests.real.ending import converges, hits, stays
from tests.real.times import SHORT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

HOUR = timedelta(hours=1)
AHEAD = ["tests.real.shifted", str(HOUR.total_seconds())]
# Long enough for what a dead worker holds to be held still when the clock is set back.
LATER = SHORT | {"SYNC_LEASE_SECONDS": "12"}


def test_a_clock_that_is_set_back_by_an_hour_stops_nothing_for_an_hour(sandbox, scene, tmp_path):
    sandbox.fault({"method": "GET", "mailbox": address("ben")}, status=503, code="ServiceUnavailable")
    with running(sandbox, tmp_path, "solo", "beat", program=AHEAD, **LATER) as before:
        wait_for(lambda: mappings(synced_at__gt=soon(), failing_since=None).count() == 3, seconds=60)
        wait_for(lambda: mappings(retry_at__gt=soon()).exists(), seconds=60)
        sandbox.fault({"method": "POST", "path": "/events"}, delay=60)
        with time_machine.travel(now() + HOUR, tick=True):
            scene.change()
        wait_for(lambda: hits(sandbox) > 1 and SyncedEvent.objects.filter(remote_id="").exists(), seconds=60)
        kill(before["solo"])
        sandbox.clear_faults()

        with running(sandbox, tmp_path, "solo-2", program=AHEAD, **LATER) as after:
            assert mappings(leased_until__gt=soon()).exists()
            for process in (before["beat"], after["solo-2"]):
                os.kill(process.pid, signal.SIGUSR2)
            converges(sandbox)
            assert not mappings(synced_at__gt=soon()).exists()
    stays(sandbox)


def soon():
    return now() + HOUR / 2


def mappings(**facts):
    return CalendarMapping.objects.filter(**facts)
