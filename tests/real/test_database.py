"""PostgreSQL is restarted in the middle of a cycle, and a backup is restored that knows nothing of the last pushes."""

import subprocess

import pytest

from devtools.postgres import find_home
from events.models import ExternalEvent
from instructors.models import CalendarMapping
from tests.conftest import plan_event, process_environment, sync_now
from tests.processes import running, wait_for
from tests.real.conftest import NEW
from tests.real.ending import converges, hits, stays
from tests.real.times import SHORT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def test_postgresql_is_restarted_in_the_middle_of_a_cycle(own_database, sandbox, scene, tmp_path):
    sandbox.fault({"method": "POST", "body": NEW}, delay=3)
    scene.change()
    with running(sandbox, tmp_path, "realtime", "bulk", "beat", **SHORT):
        wait_for(lambda: hits(sandbox) > 0, seconds=60)
        assert CalendarMapping.objects.filter(lease__isnull=False).exists()
        own_database.stop()
        own_database.start()
        sandbox.clear_faults()

        converges(sandbox)
    stays(sandbox)


def postgres_tool(name, *arguments) -> None:
    """Run a program that PostgreSQL brings along on the test's database."""
    url = process_environment()["DATABASE_URL"]
    subprocess.run([find_home(arguments[-1].parent).bin / name, "--dbname", url, *arguments], check=True)


def test_a_restored_backup_that_knows_nothing_of_the_last_pushes_converges(sandbox, scene, tmp_path):
    backup = tmp_path / "calsync.dump"
    plan_event("Night shift", scene.people["dev"])
    postgres_tool("pg_dump", "--format", "custom", "--file", backup)
    scene.change()
    sync_now()
    pushed_since = [item["id"] for name in ("ann", "ben") for item in sandbox.events(name) if item["subject"] == NEW]

    postgres_tool("pg_restore", "--clean", "--if-exists", "--single-transaction", backup)
    with running(sandbox, tmp_path, "stack", **SHORT):
        converges(sandbox, strangers={NEW})
    stays(sandbox, strangers={NEW})

    assert len(pushed_since) == 4
    assert set(ExternalEvent.objects.values_list("remote_id", flat=True)).issuperset(pushed_since)
    assert sandbox.subjects("dev") == ["Night shift"]
