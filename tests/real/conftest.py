"""The scene of every case: people with calendars of their own, and work for a sync in each direction."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ
import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from calsync.celery import app
from devtools.postgres import forget, postgres
from devtools.servers import valkey
from events.models import Event
from instructors.models import CalendarMapping
from tests.conftest import Sandbox, plan_event, sync_now, tomorrow
from tests.real.servers import Restartable

NEW = "Fire safety"  # the title of what a change adds


@pytest.fixture(autouse=True)
def _fresh_queues() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


@dataclass(frozen=True)
class Scene:
    """What is planned, and what else stands in Outlook; all of it is synced."""

    sandbox: Sandbox
    people: dict[str, CalendarMapping]
    planned: Event
    to_be_deleted: Event
    dentist: str  # of Ann's, in Outlook

    def change(self) -> None:
        """Leave work of every kind for a sync: to create, update and delete in Outlook, and to read from there."""
        ann, ben = self.people["ann"], self.people["ben"]
        self.planned.title = "First aid, advanced"
        self.planned.save()
        self.to_be_deleted.delete()
        plan_event(NEW, ann, ben, sessions=2, hour=13, location="Hall 2")
        self.sandbox.delete("ann", self.dentist)
        self.sandbox.add("ann", "Leave", tomorrow(6, days=3), hours=2)
        self.sandbox.add("cleo", "Dentist", tomorrow(7))


@pytest.fixture
def scene(sandbox: Sandbox, people: dict[str, CalendarMapping]) -> Scene:
    planned = plan_event("First aid", people["ann"], people["ben"], sessions=2, location="Hall 1")
    to_be_deleted = plan_event("Ladders", people["ann"], hour=16)
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.add("ben", "Choir", tomorrow(18))
    sync_now(*people.values())
    return Scene(sandbox, people, planned, to_be_deleted, dentist["id"])


@pytest.fixture
def own_database(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restartable]:
    """A PostgreSQL of this test's own, which the test and the processes that it starts work on."""
    state = tmp_path / "servers"
    state.mkdir()
    server = Restartable(lambda: postgres(state, "calsync", durable=True))
    try:
        with monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", server.url)
            use_database(server.url, patch)
            call_command("migrate", verbosity=0)
            yield server
            connection.close()
    finally:
        server.stop()
        forget(state)


def use_database(url: str, patch: pytest.MonkeyPatch) -> None:
    connection.close()
    for name, value in environ.Env.db_url_config(url).items():
        old: dict[str, Any] = connection.settings_dict
        patch.setitem(old, name, {**old["OPTIONS"], **value} if name == "OPTIONS" else value)


@pytest.fixture
def own_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restartable]:
    """A Valkey of this test's own, to which the test and the processes that it starts send their messages."""
    state = tmp_path / "servers"
    state.mkdir(exist_ok=True)
    server = Restartable(lambda: valkey(state))
    try:
        with monkeypatch.context() as patch:
            patch.setenv("REDIS_URL", server.url)
            patch.setenv("CELERY_BROKER_URL", server.url.replace("unix://", "redis+socket://", 1))
            patch.setattr(app, "_pool", None)
            patch.setattr(app.amqp, "_producer_pool", None)
            yield server
    finally:
        server.stop()
        forget(state)
