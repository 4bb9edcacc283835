"""Every kind of fault that may befall a request, one at a time, for as long as there is work of every kind."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from events.models import ExternalEvent
from instructors.discovery import discover
from instructors.models import CalendarMapping, Instructor
from integrations.providers import conversation
from simulation.faults import RULES, SWITCHES
from tests import test_switches
from tests.conftest import Sandbox, address, plan_event, tomorrow
from tests.whole_job import WholeJob, person

EVERYBODY = ("ann", "ben", "eve")


@pytest.fixture
def job(db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[WholeJob]:
    """Two calendars after their first sync, of which several pages are read, and a time that nobody waits for."""
    monkeypatch.setattr(conversation, "LONGEST_WAIT", 0.5)
    with time_machine.travel(now(), tick=True) as clock:
        job = WholeJob(sandbox, clock, delta_largest_page=2)
        job.pair_mailboxes()
        job.first_sync()
        yield job


def leave_work(job: WholeJob) -> set[str]:
    """Leave so much to do that every kind of request is sent; return the ids of what is deleted in Outlook."""
    sandbox = job.sandbox
    sandbox.control("POST", "people", json=person("eve"))
    Instructor.objects.create(name="Eve", email=address("eve"))
    plan_event("Fork-lift", job.of("ann"), job.of("ben"), hour=18)
    job.first_aid.title = "First aid, advanced"
    job.first_aid.save()
    job.safety.delete()
    deleted = [job.find("ann", "Deleted"), job.occurrences("ann", "Stand-up")[0]]
    for item in deleted:
        sandbox.delete("ann", item["id"])
    for day in (3, 5, 6):
        sandbox.add("ann", "Optician", tomorrow(19, days=day))
    CalendarMapping.objects.filter(pk=job.of("ben").pk).update(census_at=None)
    job.sign_in_anew()
    return {item["id"] for item in deleted}


def known_ids() -> set[str]:
    return set(ExternalEvent.objects.values_list("remote_id", flat=True))


def struck(sandbox: Sandbox) -> int:
    rules: list[dict[str, Any]] = sandbox.control("GET", "faults")
    return sum(rule["applied"] for rule in rules)


@pytest.mark.parametrize("kind", RULES)
def test_a_fault_that_lasts_deletes_nothing_and_everything_is_in_step_once_it_is_over(job, sandbox, kind):
    match, effect = RULES[kind]
    known = known_ids() - leave_work(job)
    sandbox.fault(match, **effect)

    job.cycles(2)
    discover(job.integration)
    job.cycles(1)

    assert struck(sandbox)
    assert known_ids() >= known
    sandbox.clear_faults()
    job.let_pass(90_000)
    discover(job.integration)
    job.cycles()
    job.agree(*EVERYBODY)
    job.nothing_new()


def test_every_switch_of_the_simulation_is_tried_by_a_whole_job_too():
    tried = {name for position in test_switches.POSSIBLE for name in position}

    assert {name for switches in SWITCHES.values() for name in switches} - tried == set()
