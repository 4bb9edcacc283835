"""Two of what there should be one of: two beats, two workers for the same calendars."""

import pytest

from calsync.celery import app
from events.tasks import cycle, sync_mappings
from tests.processes import log_of, running, wait_for
from tests.real.ending import converges, stays
from tests.real.times import SHORT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

BEATS = ["beat", "beat-2"]
WORKERS = ["worker", "worker-2"]


def cycles_of(folder) -> list[int]:
    """How many cycles each beat has asked for."""
    return [log_of(beat, folder).read_text().count("events.tasks.cycle") for beat in BEATS]


def test_two_beats_make_no_more_than_two_requests_in_each_interval(sandbox, scene, tmp_path):
    with running(sandbox, tmp_path, "worker", *BEATS, **SHORT):
        scene.change()
        converges(sandbox)
        before = cycles_of(tmp_path)
        sandbox.control("DELETE", "requests")
        wait_for(lambda: all(now > then + 2 for then, now in zip(before, cycles_of(tmp_path), strict=True)), seconds=60)
        requests = sandbox.requests()["batch"]
        asked_for = sum(cycles_of(tmp_path)) - sum(before)

        assert 0 < requests <= asked_for + 2 * len(BEATS)  # so many may have been on their way before
        converges(sandbox)
    stays(sandbox)


def have_both_worked() -> bool:
    """Whether each worker has done some task."""
    stats = app.control.inspect(timeout=20, limit=len(WORKERS)).stats() or {}
    return len([worker for worker in stats.values() if worker["total"]]) == len(WORKERS)


def test_two_workers_with_every_hint_and_cycle_twice_make_each_copy_once(sandbox, scene, tmp_path):
    sandbox.configure(latency_ms=30)
    pks = [mapping.pk for mapping in scene.people.values()]
    with running(sandbox, tmp_path, *WORKERS, "beat", **SHORT):
        scene.change()
        for _ in range(3):
            sync_mappings.delay(pks, hinted=False)
            cycle.delay()

        converges(sandbox)
        wait_for(have_both_worked, seconds=60)
    stays(sandbox)
