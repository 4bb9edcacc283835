"""The whole: real workers, a real broker and a real schedule between a save and a mailbox."""

import os

import pytest
import redis
from django.conf import settings

from events.closing import close
from events.models import ExternalEvent
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration
from integrations.setup import create
from tests.conftest import PEOPLE, address, plan_event, tomorrow
from tests.processes import running, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


def empty_queues() -> None:
    redis.Redis.from_url(settings.REDIS_URL).delete("realtime", "bulk")


@pytest.fixture(autouse=True)
def _fresh_queues():
    empty_queues()


def new_integration(sandbox) -> Integration:
    line = sandbox.line
    names = {"name": "Northgate", "user_id": line["user_id"]}
    ids = {"tenant_id": line["tenant_id"], "client_id": line["client_id"], "client_secret": line["client_secret"]}
    return create(Integration(**names, **ids))


def test_an_integration_is_created_matched_synced_both_ways_and_deleted(sandbox, tmp_path):
    for name in PEOPLE:
        Instructor.objects.create(name=name.title(), email=address(name))
    sandbox.add("ann", "Dentist", tomorrow(14))
    with running(sandbox, tmp_path, "realtime", "bulk", "beat", SYNC_INTERVAL_SECONDS="3"):
        integration = new_integration(sandbox)
        wait_for(lambda: CalendarMapping.objects.filter(synced_at__isnull=False).count() == 4, seconds=30)
        assert ExternalEvent.objects.count() == 1

        event = plan_event("First aid", CalendarMapping.objects.get(instructor__name="Ann"))
        assert wait_for(lambda: "First aid" in sandbox.subjects("ann"), seconds=10) < 2
        event.title = "First aid, advanced"
        event.save()
        wait_for(lambda: "First aid, advanced" in sandbox.subjects("ann"), seconds=10)

        sandbox.add("ben", "Leave", tomorrow(8))
        wait_for(lambda: ExternalEvent.objects.count() == 2, seconds=3 + 5)

        close(integration, keep_copies=False)
        wait_for(lambda: not Integration.objects.exists(), seconds=20)
    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == (["Dentist"], ["Leave"])


def test_a_hint_that_was_lost_is_made_up_for_by_the_cycle(sandbox, people, tmp_path):
    plan_event("First aid", people["ann"])
    empty_queues()

    with running(sandbox, tmp_path, "realtime", "bulk", "beat", SYNC_INTERVAL_SECONDS="3"):
        wait_for(lambda: sandbox.subjects("ann") == ["First aid"], seconds=20)


def test_a_bulk_worker_gives_way_to_pushes(sandbox, tmp_path):
    with running(sandbox, tmp_path, "realtime", "bulk") as processes:
        niceness = {role: os.getpriority(os.PRIO_PROCESS, process.pid) for role, process in processes.items()}

    assert niceness["bulk"] > niceness["realtime"]
