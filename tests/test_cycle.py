"""The cycle: what it hands out, what an idle one costs, and that one calendar never holds up the others."""

import json
from typing import Any

import pytest
import redis
from celery import Task
from django.conf import settings
from django.utils.timezone import now

from events.models import ExternalEvent
from events.tasks import cycle, sync_due, sync_mappings
from instructors.models import CalendarMapping, Instructor
from tests.conftest import address, pair, plan_event, sync_now, tomorrow


@pytest.fixture
def crowd(integration, sandbox) -> list[CalendarMapping]:
    """Forty people, synced, each with an item of their own and one of ours."""
    names = [f"person{number}" for number in range(40)]
    people = [{"name": name.title(), "mail": address(name), "upn": address(name)} for name in names]
    sandbox.control("POST", "reset", json={"tenant": {"people": people}})
    ids = {person["mail"]: person["id"] for person in sandbox.control("GET", "people")}
    mappings = [pair(integration, name, ids[address(name)]) for name in names]
    plan_event("First aid", *mappings)
    for name in names[:5]:
        sandbox.add(name, "Dentist", tomorrow(14))
    sync_now()
    sandbox.control("DELETE", "requests")
    return mappings


def test_an_idle_cycle_costs_one_batch_for_twenty_calendars_and_writes_nothing(sandbox, crowd):
    report = sync_now()

    counts = sandbox.requests()
    assert counts["plain"] == {"POST /$batch": 2}
    assert vars(report) == {"created": 0, "updated": 0, "deleted": 0, "pulled": 0, "failed": 0, "requests": 2}


def test_an_idle_cycle_asks_the_database_a_few_questions_a_batch(crowd, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        sync_now()


def test_a_first_sync_of_all_takes_no_more_than_a_few_batches_more(sandbox, crowd):
    CalendarMapping.objects.update(cursor="", census_at=None)

    sync_now()

    assert sandbox.requests()["batch"] <= 10
    assert ExternalEvent.objects.count() == 5


def test_a_calendar_that_is_broken_delays_no_other(sandbox, crowd):
    sandbox.fault({"mailbox": address("person3")}, status=429, code="ApplicationThrottled", retry_after=300)
    plan_event("Fire safety", *crowd, hour=13)

    sync_now()

    reached = [name for name in (f"person{number}" for number in range(40)) if "Fire safety" in sandbox.subjects(name)]
    assert len(reached) == 39


@pytest.fixture
def _no_queue():
    redis.Redis.from_url(settings.REDIS_URL).delete("bulk", "realtime")
    yield
    redis.Redis.from_url(settings.REDIS_URL).delete("bulk", "realtime")


@pytest.mark.usefixtures("_no_queue")
def test_the_cycle_hands_out_each_integration_in_chunks_that_expire(people, sandbox, monkeypatch):
    monkeypatch.setattr("events.tasks.CHUNK", 3)

    cycle()
    (first,) = handed_out()
    sync_due(people["ann"].integration_id, now().isoformat())

    (_, second) = handed_out()
    assert (first["task"], second["task"]) == ("events.tasks.sync_due",) * 2
    assert first["expires"]
    assert second["expires"]
    assert CalendarMapping.objects.filter(synced_at=None).count() == 1


def handed_out() -> list[dict[str, Any]]:
    """The headers of what waits for a bulk worker, the oldest first."""
    messages = redis.Redis.from_url(settings.REDIS_URL).lrange("bulk", 0, -1)
    return [json.loads(message)["headers"] for message in reversed(messages)]


@pytest.mark.usefixtures("_no_queue")
def test_the_cycle_hands_out_nothing_for_calendars_that_rest_or_were_synced_since(people):
    CalendarMapping.objects.update(synced_at=now(), retry_at=now().replace(year=2099))

    cycle()

    assert redis.Redis.from_url(settings.REDIS_URL).llen("bulk") == 0


def test_several_hints_for_one_change_cost_one_sync(sandbox, ann):
    sync_now()
    plan_event("First aid", ann)
    sandbox.control("DELETE", "requests")

    for _ in range(3):
        sync_mappings([ann.pk])

    assert sandbox.requests()["kinds"].get("POST /users/{id}/events") == 1
    assert sandbox.requests()["total"] == 2


def test_messages_that_come_twice_and_the_last_first_make_each_copy_once(
    sandbox, people, monkeypatch, django_capture_on_commit_callbacks
):
    sync_now()
    messages: list[tuple[Task, Any]] = []
    monkeypatch.setattr(Task, "apply_async", lambda task, args=None, *_, **__: messages.append((task, args or ())))
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            kept = plan_event("First aid", people["ann"], people["ben"])
            gone = plan_event("Ladders", people["ann"], hour=14)
        with django_capture_on_commit_callbacks(execute=True):
            gone.delete()
            kept.instructors.remove(people["ben"].instructor)
        cycle()

    for task, args in reversed(list(messages)):
        for _ in range(2):
            task(*args)

    assert len({task.name for task, _ in messages}) > 1
    assert [sandbox.subjects(name) for name in ("ann", "ben")] == [["First aid", "First aid"], []]


def test_a_second_cycle_of_the_same_moment_finds_nothing_left(sandbox, people):
    tick = now().isoformat()
    integration = people["ann"].integration_id
    sync_due(integration, tick)
    sandbox.control("DELETE", "requests")

    sync_due(integration, tick)

    assert sandbox.requests()["total"] == 0


def test_a_resting_calendar_is_left_alone_by_hints_too(sandbox, ann):
    sync_now()
    CalendarMapping.objects.update(retry_at=now().replace(year=2099))
    plan_event("First aid", ann)

    sync_mappings([ann.pk])

    assert sandbox.subjects("ann") == []
    assert CalendarMapping.objects.get(pk=ann.pk).requested_at


def test_an_instructor_without_a_mailbox_disturbs_nothing(people):
    nobody = Instructor.objects.create(name="Nobody", email="nobody@elsewhere.example")
    event = plan_event("First aid", people["ann"])

    event.instructors.add(nobody)

    assert sync_now().created == 1
