"""`kill -9` of a worker, of its child, of beat and of everything at once."""

import os
import signal
from pathlib import Path

import pytest
import redis
from django.conf import settings

from events.models import ExternalEvent, SyncedEvent
from events.sync.crash import POINTS
from instructors.models import CalendarMapping
from tests.conftest import plan_event
from tests.processes import kill, log_of, running, wait_for
from tests.real.conftest import NEW
from tests.real.ending import converges, hits, is_sent_by_us, stays
from tests.real.times import SHORT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def intents() -> int:
    return SyncedEvent.objects.filter(remote_id="").count()


def unknown_copies(scene) -> int:
    """How many of our copies stand in Outlook of which nothing is known here."""
    known = set(SyncedEvent.objects.values_list("remote_id", flat=True))
    items = [item for name in scene.people for item in scene.sandbox.events(name)]
    return sum(1 for item in items if is_sent_by_us(item) and item["id"] not in known)


def new_in_outlook(scene) -> int:
    return sum(scene.sandbox.subjects(name).count(NEW) for name in scene.people)


def is_read(scene) -> bool:
    """Whether it is known here what Ann has changed in Outlook."""
    return not ExternalEvent.objects.filter(remote_id=scene.dentist).exists()


def is_place_noted(scene) -> bool:
    ann = scene.people["ann"]
    return CalendarMapping.objects.get(pk=ann.pk).cursor != ann.cursor


# Where a worker dies, and what is half done then.
DEATHS = {
    "intent": lambda scene: intents() == 2 and new_in_outlook(scene) == 0,
    "sent:5": lambda scene: unknown_copies(scene) == 1,
    "receipt:6": lambda scene: intents() > 0 and new_in_outlook(scene) > 0 and unknown_copies(scene) == 0,
    "applied:2": lambda scene: is_read(scene) and not is_place_noted(scene),
    "cursor:2": lambda scene: is_read(scene) and is_place_noted(scene),
}


@pytest.mark.parametrize("point", DEATHS)
def test_a_worker_that_is_killed_at_a_point_of_a_sync_loses_nothing(sandbox, scene, tmp_path, point):
    scene.change()
    with running(sandbox, tmp_path / "first", "mortal", CALSYNC_CRASH_AT=point, **SHORT) as processes:
        assert processes["mortal"].wait(60) == -signal.SIGKILL
    assert CalendarMapping.objects.filter(lease__isnull=False).exists()
    assert DEATHS[point](scene)

    with running(sandbox, tmp_path / "next", "stack", **SHORT):
        converges(sandbox)
    stays(sandbox)


def test_every_point_has_a_death():
    assert {point.partition(":")[0] for point in DEATHS} == set(POINTS)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_request_that_arrives_long_after_its_worker_was_killed_makes_no_second_copy(sandbox, scene, tmp_path):
    sandbox.fault({"method": "POST", "path": "/events", "body": NEW}, delay=12, times=1)
    with running(sandbox, tmp_path, "worker", "beat", **SHORT) as processes:
        scene.change()
        wait_for(lambda: hits(sandbox) == 1, seconds=60)
        for child in children_of(processes["worker"].pid):
            os.kill(child, signal.SIGKILL)

        converges(sandbox)
        wait_for(lambda: sandbox.audit()["transaction_reuse"], seconds=60)
        converges(sandbox)
    stays(sandbox)


def test_beat_goes_on_where_it_was_killed_and_pushes_never_wait_for_it(sandbox, scene, tmp_path):
    with running(sandbox, tmp_path, "worker", "beat", **SHORT) as processes:
        wait_for(lambda: cycles(tmp_path) > 1, seconds=60)
        kill(processes["beat"])
        wait_for(is_idle, seconds=60)
        scene.change()
        wait_for(lambda: new_in_outlook(scene) == 4, seconds=60)
        assert not ExternalEvent.objects.filter(mapping=scene.people["cleo"]).exists()

        with running(sandbox, tmp_path, "beat", **SHORT):
            converges(sandbox)
    stays(sandbox)


def cycles(folder: Path) -> int:
    """How many cycles beat has sent."""
    return log_of("beat", folder).read_text().count("events.tasks.cycle")


def is_idle() -> bool:
    """Whether the broker holds no message that has not been worked on to its end."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return not (client.llen("realtime") + client.llen("bulk") + client.hlen("unacked"))


def test_all_processes_are_killed_together_in_the_middle_of_their_work(sandbox, scene, tmp_path):
    sandbox.fault({"method": "POST", "path": "/events", "body": NEW, "nth": [3, 4]}, delay=30)
    with running(sandbox, tmp_path / "first", "realtime", "bulk", "beat", **SHORT) as processes:
        scene.change()
        wait_for(lambda: hits(sandbox) > 0, seconds=60)
        kill(*processes.values())
    assert new_in_outlook(scene) == 2
    assert CalendarMapping.objects.filter(lease__isnull=False).exists()
    sandbox.clear_faults()
    plan_event("Night shift", scene.people["dev"])

    with running(sandbox, tmp_path / "next", "realtime", "bulk", "beat", **SHORT):
        converges(sandbox)
    stays(sandbox)
