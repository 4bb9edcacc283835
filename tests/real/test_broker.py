"""Valkey loses everything that it holds, and is away for a while: messages are lost, changes are not."""

import os
import signal
import time

import pytest
import redis
from django.conf import settings

from tests.conftest import plan_event
from tests.processes import kill, running
from tests.real.ending import converges, stays
from tests.real.times import SHORT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

OUTAGE = 8  # seconds, for three tries to connect again; a minute takes eight of them, of the same kind


def still_takes_hints(scene, beat) -> None:
    """Make sure that a change is pushed although there is no cycle any more."""
    kill(beat)
    plan_event("Night shift", scene.people["dev"])
    converges(scene.sandbox)


def test_messages_that_a_flush_of_the_broker_took_are_made_up_for(sandbox, scene, tmp_path):
    with running(sandbox, tmp_path, "worker", "beat", **SHORT) as processes:
        os.killpg(processes["worker"].pid, signal.SIGSTOP)
        scene.change()
        redis.Redis.from_url(settings.REDIS_URL).flushdb()
        os.killpg(processes["worker"].pid, signal.SIGCONT)

        converges(sandbox)
        still_takes_hints(scene, processes["beat"])
    stays(sandbox)


def test_what_changes_while_the_broker_is_away_is_synced_when_it_is_back(own_broker, sandbox, scene, tmp_path):
    with running(sandbox, tmp_path, "worker", "beat", **SHORT) as processes:
        own_broker.stop()
        scene.change()
        time.sleep(OUTAGE)
        own_broker.start()

        converges(sandbox)
        still_takes_hints(scene, processes["beat"])
    stays(sandbox)
