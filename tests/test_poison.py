"""Poison: calendars that end their workers are set aside, and nothing else is set aside with them."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError
from django.db.models import F
from django.test import override_settings
from django.urls import reverse
from django.utils.timezone import now

from events.sync import engine
from events.tasks import sync_due, sync_in_bulk, sync_mappings
from instructors.claims import FEW, SET_ASIDE, Claim
from instructors.models import CalendarMapping
from instructors.switching import start, stop
from integrations.switching import wake
from tests.acts import crowd_of, let_pass
from tests.conftest import plan_event, process_environment, sync_now
from tests.test_claims import calendars, everything, held

LAPSED = {"lease": "11111111-2222-4333-8444-555555555555"}


def lapse(mappings: Sequence[CalendarMapping]) -> None:
    """Let the worker that holds these calendars have died, and its lease have run out."""
    everything().filter(pk__in=[mapping.pk for mapping in mappings]).update(leased_until=now() - timedelta(seconds=1))


def die_with(claim: Claim) -> Claim:
    """Let the worker that made this claim die."""
    lapse(claim.mappings)
    return claim


def set_aside(mapping: CalendarMapping) -> None:
    """Let this calendar have ended three workers."""
    everything().filter(pk=mapping.pk).update(lapses=2, leased_until=now() - timedelta(seconds=1), **LAPSED)
    everything().filter(pk=mapping.pk).claim()
    mapping.refresh_from_db()
    assert mapping.problem


def lapses() -> list[int]:
    return list(everything().order_by("pk").values_list("lapses", flat=True))


@pytest.mark.django_db
def test_a_calendar_that_ends_its_worker_three_times_is_set_aside_with_its_reason():
    (mapping,) = calendars(1)
    for _ in range(3):
        die_with(everything().awake().claim())

    claim = everything().awake().claim()

    mapping.refresh_from_db()
    assert held(claim) == set()
    assert mapping.problem == SET_ASIDE
    assert mapping.failing_since
    assert mapping.retry_at
    assert timedelta(hours=23) < mapping.retry_at - now() <= timedelta(days=1)
    assert (mapping.lease, mapping.leased_until) == (None, None)
    assert not everything().awake().exists()


@pytest.mark.django_db
def test_of_a_chunk_that_dies_only_the_calendar_that_ends_its_worker_is_set_aside():
    mappings = calendars(60)
    poison = mappings[30].pk
    sizes = []

    for _ in range(60):
        claim = everything().awake().not_seen_since(now()).filter(synced_at=None).claim(200)
        sizes.append(len(claim.mappings))
        if poison in held(claim):
            die_with(claim)
        else:
            CalendarMapping.objects.release_clean(claim.lease, dict.fromkeys(held(claim), ""))

    assert list(everything().exclude(problem="").values_list("pk", flat=True)) == [poison]
    assert everything().filter(synced_at=None).count() == 1
    assert sizes[:4] == [60, 20, 20, 20]
    assert sizes[4:24] == [1] * 20
    assert not any(sizes[24:])


@pytest.mark.django_db
def test_calendars_without_a_lapse_are_claimed_before_and_apart_from_others():
    mappings = calendars(4)
    everything().filter(pk=mappings[0].pk).update(lapses=2)
    everything().filter(pk=mappings[1].pk).update(lapses=1)

    claims = [everything().claim() for _ in range(4)]

    wanted = [{mappings[2].pk, mappings[3].pk}, {mappings[1].pk}, {mappings[0].pk}, set()]
    assert [held(claim) for claim in claims] == wanted
    assert [claim.has_left for claim in claims] == [True, True, False, False]


@pytest.mark.django_db
def test_two_calendars_that_have_ended_two_workers_are_never_held_at_the_same_time():
    mappings = calendars(2, lapses=2)
    first = everything().claim()

    assert held(everything().claim()) == set()
    CalendarMapping.objects.release_clean(first.lease, {mappings[0].pk: ""})

    assert held(everything().filter(synced_at=None).claim()) == {mappings[1].pk}


@pytest.mark.django_db
def test_a_lone_calendar_whose_worker_died_keeps_the_next_one_waiting_no_longer_than_its_lease():
    mappings = calendars(2, lapses=2)
    first = everything().claim()
    assert held(everything().claim()) == set()

    die_with(first)

    assert held(everything().awake().claim()) == {mappings[1].pk}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("release", "left"),
    [
        (lambda claim, pk: CalendarMapping.objects.release_clean(claim.lease, {pk: ""}), 0),
        (lambda claim, pk: CalendarMapping.objects.release(pk, claim.lease, requested_at=now()), 1),
        (lambda claim, pk: CalendarMapping.objects.release_failed(claim.lease, [pk], problem="", seconds=5), 1),
        (lambda claim, pk: CalendarMapping.objects.release_failed(claim.lease, [pk], problem="", seconds=None), 1),
    ],
    ids=["clean", "unfinished", "failed", "failed with its integration"],
)
def test_only_a_sync_that_succeeds_clears_a_suspicion_and_none_adds_to_it(release, left):
    (mapping,) = calendars(1)
    die_with(everything().claim())
    claim = everything().claim()
    assert lapses() == [1]

    release(claim, mapping.pk)

    assert lapses() == [left]
    everything().claim()
    assert lapses() == [left]


@pytest.mark.django_db
def test_a_chunk_that_is_given_back_is_no_lapse(people):
    claim = everything().claim()
    everything().filter(lease=claim.lease).update(lease=None, leased_until=None, requested_at=now())

    assert len(held(everything().claim())) == len(people)
    assert set(lapses()) == {0}


BROKEN = {
    "certificates": lambda: override_settings(MICROSOFT_CA_FILE="/nonexistent/ca.pem"),
    "keys": lambda: override_settings(CREDENTIAL_KEYS=[Fernet.generate_key().decode()]),
    "database": lambda: mock.patch.object(engine, "load", side_effect=OperationalError("canceling statement")),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_on_our_side_is_no_calendars_fault(sandbox, people, integration, broken):
    sync_now()
    with broken():
        for _ in range(6):
            with pytest.raises((OSError, ImproperlyConfigured, OperationalError)):
                sync_due(integration.pk, now().isoformat())
            let_pass(timedelta(minutes=6))

    sync_due(integration.pk, now().isoformat())

    assert set(lapses()) == {0}
    assert not everything().exclude(problem="").exists()
    assert not everything().filter(synced_at__lt=now() - timedelta(minutes=1)).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("switch", [start, lambda mapping: stop(mapping, remove_copies=True)], ids=["start", "stop"])
def test_switching_a_calendar_clears_its_suspicion(switch):
    (mapping,) = calendars(1, lapses=3, unread='{"a": [3, "2026-01-01T00:00:00+00:00"]}')
    set_aside(mapping)

    switch(mapping)

    mapping.refresh_from_db()
    assert (mapping.lapses, mapping.problem, mapping.retry_at, mapping.unread) == (0, "", None, "")


def press_sync_now(mapping: CalendarMapping, client) -> None:
    client.post(reverse("instructors:sync", args=[mapping.pk]))
    sync_mappings([mapping.pk])


def press_sync_now_of_the_integration(mapping: CalendarMapping, client) -> None:
    wake(mapping.integration)
    sync_in_bulk([mapping.pk])


def run_the_command(mapping: CalendarMapping, client) -> None:
    call_command("sync")


def stop_and_start(mapping: CalendarMapping, client) -> None:
    mapping.stop()
    mapping.start()
    sync_in_bulk([mapping.pk])


def let_a_day_pass(mapping: CalendarMapping, client) -> None:
    let_pass(timedelta(days=1))
    sync_due(mapping.integration_id, now().isoformat())


@pytest.mark.parametrize(
    "act", [press_sync_now, press_sync_now_of_the_integration, run_the_command, stop_and_start, let_a_day_pass]
)
def test_a_calendar_that_was_set_aside_is_tried_again_and_a_success_clears_everything(
    sandbox, ann, people, admin_client, act
):
    sync_now()
    set_aside(ann)
    plan_event("First aid", ann)
    sync_mappings([ann.pk])
    assert sandbox.subjects("ann") == []

    act(ann, admin_client)

    ann.refresh_from_db()
    assert sandbox.subjects("ann") == ["First aid"]
    assert (ann.problem, ann.failing_since, ann.retry_at, ann.lapses) == ("", None, None, 0)


def test_a_calendar_that_was_set_aside_and_ends_its_worker_once_more_is_set_aside_at_once(ann):
    set_aside(ann)
    let_pass(timedelta(days=1))
    die_with(everything().filter(pk=ann.pk).awake().claim())

    claim = everything().filter(pk=ann.pk).awake().claim()

    ann.refresh_from_db()
    assert held(claim) == set()
    assert ann.retry_at - now() > timedelta(hours=23)
    assert ann.problem == SET_ASIDE


def test_the_page_says_why_a_calendar_was_set_aside(ann, admin_client):
    set_aside(ann)

    page = admin_client.get(reverse("instructors:list")).content.decode()

    assert "which was killed, ran out of memory or took too long" in page


def test_one_task_syncs_all_suspects_of_a_worker_that_was_killed(sandbox, integration):
    crowd = crowd_of(FEW + 5, integration, sandbox)
    sound, group, lone = crowd[:2], crowd[2:-2], crowd[-2:]
    everything().filter(pk__in=[mapping.pk for mapping in group]).update(lapses=1)
    everything().filter(pk__in=[mapping.pk for mapping in lone]).update(lapses=2)
    plan_event("First aid", *sound, *group, *lone)

    sync_due(integration.pk, now().isoformat())

    assert everything().filter(synced_at=None).count() == 0
    assert set(lapses()) == {0}


def test_a_task_for_certain_calendars_syncs_none_of_them_twice_for_the_sake_of_a_suspect(sandbox, people, ann):
    everything().filter(pk=ann.pk).update(lapses=1)

    sync_in_bulk([mapping.pk for mapping in people.values()], hinted=False)
    sandbox.control("DELETE", "requests")
    everything().filter(pk=ann.pk).update(lapses=1)
    sync_in_bulk([mapping.pk for mapping in people.values()], hinted=False)

    assert sandbox.requests()["total"] == 2  # a batch of three, and Ann's request


@pytest.mark.django_db
def test_what_was_synced_or_claimed_before_the_clock_was_set_back_is_due_and_free():
    synced, claimed, recent = calendars(3)
    everything().filter(pk=synced.pk).update(synced_at=now() + timedelta(hours=1))
    everything().filter(pk=recent.pk).update(synced_at=now() + timedelta(seconds=30))  # another machine's clock
    lease = {"lease": LAPSED["lease"], "leased_until": now() + timedelta(hours=1)}
    everything().filter(pk=claimed.pk).update(**lease)

    due = set(everything().not_seen_since(now()).unleased().values_list("pk", flat=True))

    assert due == {synced.pk, claimed.pk}


@pytest.mark.django_db(transaction=True)
def test_a_calendar_that_kills_real_processes_is_set_aside_and_the_others_are_synced(sandbox, people, ann):
    sync_now()
    plan_event("Poison", ann)
    everything().exclude(pk=ann.pk).update(synced_at=None)
    environment = process_environment(
        CALSYNC_CRASH_AT="intent",
        MICROSOFT_LOGIN_URL=sandbox.line["login_url"],
        MICROSOFT_GRAPH_URL=sandbox.line["graph_url"],
        MICROSOFT_CA_FILE=sandbox.line["ca_file"],
    )
    cycle = (
        "import django; django.setup(); from django.utils.timezone import now; from events.tasks import sync_due;"
        f"sync_due({ann.integration_id}, now().isoformat())"
    )

    codes = []
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", cycle], env=environment, capture_output=True, check=False)
        codes.append(done.returncode)
        everything().update(leased_until=F("leased_until") - timedelta(hours=1))

    ann.refresh_from_db()
    assert codes == [-signal.SIGKILL] * 3 + [0]
    assert ann.problem == SET_ASIDE
    assert [one.problem for one in people.values() if one.pk != ann.pk] == [""] * 3
    assert everything().filter(synced_at=None).count() == 0
