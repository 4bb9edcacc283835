"""Claiming and releasing calendars, also with two real connections at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils.timezone import now

from instructors.claims import Claim
from instructors.models import CalendarMapping, Instructor
from instructors.switching import forget, start, stop
from integrations.models import Integration


def calendars(count: int = 3, **values: Any) -> list[CalendarMapping]:
    """So many calendars of a new integration, of which nothing is known yet."""
    name = f"Integration {uuid4()}"
    integration = Integration.objects.create(
        name=name, user_id="u", tenant_id=str(uuid4()), client_id="c", client_secret="s"
    )
    return [calendar(integration, number, **values) for number in range(count)]


def calendar(integration: Integration, number: int, **values: Any) -> CalendarMapping:
    email = f"{number}@{integration.pk}.example"
    instructor = Instructor.objects.create(name=f"Person {number}", email=email)
    return CalendarMapping.objects.create(
        integration=integration, instructor=instructor, address=email, remote_user_id=str(uuid4()), **values
    )


def everything() -> Any:
    return CalendarMapping.objects.all()


def held(claim: Claim) -> set[int]:
    return {mapping.pk for mapping in claim.mappings}


@contextmanager
def elsewhere() -> Iterator[Any]:
    """Run functions one after the other in another thread, and so in another connection."""
    with_result: list[Any] = []

    def run(function: Any) -> Any:
        def body() -> None:
            with_result.append(function())
            connection.close()

        thread = threading.Thread(target=body)
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), "it waited for a lock"
        return with_result.pop()

    yield run


@pytest.mark.django_db
def test_a_claim_holds_calendars_under_one_lease(settings):
    settings.SYNC_LEASE_SECONDS = 60
    mappings = calendars(3)

    claim = everything().claim()

    assert held(claim) == {mapping.pk for mapping in mappings}
    assert {mapping.lease for mapping in everything()} == {claim.lease}
    assert timedelta(seconds=55) < claim.until - now() <= timedelta(seconds=60)


@pytest.mark.django_db
def test_a_claim_takes_no_more_than_its_limit():
    calendars(5)

    assert [len(everything().claim(2).mappings) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.django_db
def test_a_held_calendar_is_not_claimed_again_before_its_lease_has_lapsed():
    (mapping,) = calendars(1)
    everything().claim()
    assert held(everything().claim()) == set()

    everything().update(leased_until=now() - timedelta(seconds=1))

    assert held(everything().claim()) == {mapping.pk}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_share_the_calendars_and_neither_waits():
    mappings = calendars(6)

    with elsewhere() as other, transaction.atomic():
        mine = everything().claim(3)
        theirs = other(lambda: everything().claim())

    assert len(held(mine)) == len(held(theirs)) == 3
    assert held(mine) | held(theirs) == {mapping.pk for mapping in mappings}


@pytest.mark.django_db(transaction=True)
def test_many_workers_never_hold_one_calendar_twice():
    calendars(40)
    claims: list[set[int]] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        while found := held(everything().claim(3)):
            claims.append(found)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sum(len(claim) for claim in claims) == len(set().union(*claims)) == 40


@pytest.mark.django_db(transaction=True)
def test_a_change_in_a_transaction_that_is_open_is_not_lost_by_a_claim():
    (mapping,) = calendars(1, requested_at=now())

    with elsewhere() as other:
        with transaction.atomic():
            everything().filter(pk=mapping.pk).request_sync()
            assert held(other(lambda: everything().claim())) == set()
        claim = everything().claim()

    assert held(claim) == {mapping.pk}


@pytest.mark.django_db
def test_the_wish_is_cleared_at_the_claim_and_one_that_comes_later_is_found():
    (mapping,) = calendars(1, requested_at=now())

    claim = everything().claim()
    assert CalendarMapping.objects.requested([mapping.pk]) == []
    everything().request_sync()

    assert CalendarMapping.objects.requested(held(claim)) == [mapping.pk]


@pytest.mark.django_db
def test_a_wish_for_a_calendar_that_rests_is_not_followed_at_once():
    (mapping,) = calendars(1, requested_at=now(), retry_at=now() + timedelta(minutes=5))

    assert CalendarMapping.objects.requested([mapping.pk]) == []


@pytest.mark.django_db
def test_whoever_lost_the_lease_writes_nothing():
    (mapping,) = calendars(1)
    lost = everything().claim().lease
    everything().update(leased_until=now() - timedelta(seconds=1))
    held_by_other = everything().claim().lease

    wrote = CalendarMapping.objects.write(mapping.pk, lost, cursor="mine")
    CalendarMapping.objects.release(mapping.pk, lost, problem="mine")
    CalendarMapping.objects.release_clean(lost, {mapping.pk: "mine"})

    mapping.refresh_from_db()
    assert not wrote
    assert (mapping.cursor, mapping.problem, mapping.synced_at, mapping.lease) == ("", "", None, held_by_other)


@pytest.mark.django_db
def test_whoever_holds_the_lease_writes():
    (mapping,) = calendars(1)
    lease = everything().claim().lease

    assert CalendarMapping.objects.write(mapping.pk, lease, cursor="mine")

    mapping.refresh_from_db()
    assert (mapping.cursor, mapping.lease) == ("mine", lease)


@pytest.mark.django_db
@pytest.mark.parametrize("switch", [start, lambda mapping: stop(mapping, remove_copies=False), forget])
def test_switching_a_calendar_takes_the_lease_of_a_running_sync_away(switch):
    (mapping,) = calendars(1)
    lease = everything().claim().lease

    switch(mapping)

    assert not CalendarMapping.objects.write(mapping.pk, lease, cursor="late")


@pytest.mark.django_db
def test_calendars_that_are_clean_are_released_with_the_cursors_of_their_rounds():
    one, other, third = calendars(3, cursor="old", problem="It failed.", retry_at=now(), failing_since=now())
    lease = everything().claim().lease

    CalendarMapping.objects.release_clean(lease, {one.pk: "new", other.pk: ""})

    assert list(everything().order_by("pk").values_list("cursor", flat=True)) == ["new", "old", "old"]
    one.refresh_from_db()
    assert (one.lease, one.leased_until, one.problem, one.retry_at, one.failing_since) == (None, None, "", None, None)
    assert one.synced_at
    third.refresh_from_db()
    assert third.lease == lease


@pytest.mark.django_db
def test_a_release_keeps_a_wish_that_came_meanwhile():
    (mapping,) = calendars(1)
    lease = everything().claim().lease
    everything().request_sync()

    CalendarMapping.objects.release_clean(lease, {mapping.pk: ""})

    mapping.refresh_from_db()
    assert mapping.requested_at
    assert mapping.lease is None


@pytest.mark.django_db
def test_releasing_nothing_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        CalendarMapping.objects.release_clean(uuid4(), {})


@pytest.mark.django_db
def test_a_chunk_of_two_hundred_is_claimed_and_released_in_a_few_queries(django_assert_max_num_queries):
    mappings = calendars(1)
    integration = mappings[0].integration
    people = Instructor.objects.bulk_create(Instructor(name=str(n), email=f"b{n}@x.example") for n in range(200))
    CalendarMapping.objects.bulk_create(
        CalendarMapping(integration=integration, instructor=person, address=person.email, remote_user_id=person.email)
        for person in people
    )

    with django_assert_max_num_queries(7):
        claim = everything().claim(200)
        CalendarMapping.objects.release_clean(claim.lease, dict.fromkeys(held(claim), "c"))

    assert everything().filter(cursor="c", lease=None).count() == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("integration", "mapping", "is_syncable"),
    [
        ({}, {}, True),
        ({}, {"sync_enabled": False}, False),
        ({}, {"sync_enabled": False, "removes_copies": True}, True),
        ({"status": "inactive"}, {}, False),
        ({"status": "inactive"}, {"removes_copies": True}, False),
        ({"closing_at": now()}, {"sync_enabled": False}, True),
        ({"status": "inactive", "closing_at": now()}, {}, True),
    ],
)
def test_what_a_sync_has_something_to_do_for(integration, mapping, is_syncable):
    calendars(1, **mapping)
    Integration.objects.update(**integration)

    assert everything().syncable().exists() is is_syncable


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "is_awake"),
    [(None, True), (-1, True), (60, False)],
)
@pytest.mark.parametrize("model", [CalendarMapping, Integration])
def test_what_rests_is_left_alone_until_its_time(model, seconds, is_awake):
    calendars(1)
    model.objects.update(retry_at=None if seconds is None else now() + timedelta(seconds=seconds))

    assert everything().awake().exists() is is_awake


@pytest.mark.django_db
def test_what_was_synced_since_the_tick_is_not_due_unless_it_is_wished_for():
    tick = now()
    never, before, since, wished = calendars(4)
    everything().filter(pk=before.pk).update(synced_at=tick - timedelta(seconds=1))
    everything().filter(pk__in=[since.pk, wished.pk]).update(synced_at=tick + timedelta(seconds=1))
    everything().filter(pk=wished.pk).update(requested_at=tick)

    due = set(everything().not_seen_since(tick).values_list("pk", flat=True))

    assert due == {never.pk, before.pk, wished.pk}
