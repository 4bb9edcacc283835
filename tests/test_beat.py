"""Beat: what it sends, and when."""

from contextlib import ExitStack, closing
from datetime import timedelta

import pytest
import redis
import time_machine
from django.conf import settings
from django.utils.timezone import now

from calsync.beat import Scheduler
from calsync.celery import app

INTERVAL = timedelta(seconds=settings.SYNC_INTERVAL_SECONDS)


@pytest.fixture
def queue():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("realtime", "bulk")
        yield client
        client.delete("realtime", "bulk")


@pytest.fixture
def start(tmp_path):
    """Starts beat, always with the same file for its schedule; the one before has ended."""
    app.finalize()
    running = ExitStack()

    def start_beat() -> Scheduler:
        running.close()
        return running.enter_context(closing(Scheduler(app, schedule_filename=str(tmp_path / "schedule"))))

    with running:
        yield start_beat


def tick(scheduler) -> None:
    """Let beat look at the clock until it finds nothing more to do."""
    while scheduler.tick() == 0:
        pass


def sent(queue) -> dict[str, int]:
    """How many messages were sent since the last time."""
    found = {name: queue.llen(name) for name in ("realtime", "bulk")}
    queue.delete("realtime", "bulk")
    return found


def test_beat_sends_a_cycle_and_a_look_up_in_every_interval(queue, start):
    with time_machine.travel(now(), tick=False) as clock:
        beat = start()
        tick(beat)
        assert sent(queue) == {"realtime": 0, "bulk": 0}

        clock.shift(INTERVAL)
        tick(beat)

    assert sent(queue) == {"realtime": 1, "bulk": 1}


@pytest.mark.parametrize("is_restarted", [False, True])
def test_beat_goes_on_with_everything_when_the_clock_is_set_back(queue, start, is_restarted):
    with time_machine.travel(now(), tick=False) as clock:
        beat = start()
        clock.shift(INTERVAL)
        tick(beat)
        sent(queue)

        clock.shift(timedelta(hours=-1))
        beat = start() if is_restarted else beat
        tick(beat)
        clock.shift(INTERVAL)
        tick(beat)

    assert sent(queue) == {"realtime": 1, "bulk": 1}
