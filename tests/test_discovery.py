"""Looking instructors up in the sandbox's directory."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from calsync.celery import app
from events.closing import tidy
from events.models import ExternalEvent, SyncedEvent
from instructors.discovery import discover, note_refusal, store, unanswered
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration
from integrations.providers.errors import NeedsAdmin
from tests.conftest import Sandbox, address, plan_event, sync_now, tomorrow


def put(sandbox: Sandbox, name: str, **values: Any) -> str:
    """Add a person to the directory, or change the one with this sign-in name; their object id."""
    person = {"name": name.title(), "mail": address(name), "upn": address(name)} | values
    return sandbox.control("POST", "people", json=person)["id"]


def hire(name: str, email: str = "", **values: Any) -> Instructor:
    return Instructor.objects.create(name=name.title(), email=email or address(name), **values)


def causes() -> dict[str, str]:
    return {one.instructor.name: one.cause for one in Unmatched.objects.select_related("instructor")}


def paired() -> dict[str, str]:
    return {one.instructor.name: one.remote_user_id for one in CalendarMapping.objects.select_related("instructor")}


def look_ups(sandbox: Sandbox) -> int:
    return sandbox.requests()["in_batch"].get("GET /users", 0) + sandbox.requests()["plain"].get("GET /users", 0)


def test_of_forty_instructors_thirty_six_are_paired_and_four_are_not_with_their_causes(sandbox, integration):
    for number in range(36):
        put(sandbox, f"person{number}")
        hire(f"person{number}")
    put(sandbox, "owner", aliases=[address("alias")])
    put(sandbox, "double", upn="double1@northgate.example")
    put(sandbox, "double", upn="double2@northgate.example")
    put(sandbox, "guest", upn="guest#EXT#@northgate.example", user_type="Guest")
    for name in ("nobody", "alias", "double", "guest"):
        hire(name)

    assert discover(integration)

    assert len(paired()) == 36
    assert causes() == {"Nobody": "not_found", "Alias": "alias", "Double": "ambiguous", "Guest": "guest"}
    assert all(one.reason.endswith(".") for one in Unmatched.objects.all())


def test_forty_look_ups_are_two_batches(sandbox, integration):
    for number in range(40):
        hire(f"person{number}")

    discover(integration)

    assert (sandbox.requests()["batch"], look_ups(sandbox)) == (2, 40)


@pytest.mark.parametrize("email", ["ANN@Northgate.Example", " ann@northgate.example ", "ann@NORTHGATE.example"])
def test_letter_case_and_blanks_make_no_difference(sandbox, integration, email):
    hire("ann", email)

    discover(integration)

    (mapping,) = CalendarMapping.objects.all()
    assert mapping.instructor.name == "Ann"
    assert mapping.address.lower() == "ann@northgate.example"
    assert mapping.sync_enabled


@pytest.mark.parametrize("name", ["o'hara", "a+b", "jörg"])
def test_an_address_with_special_characters_is_found(sandbox, integration, name):
    put(sandbox, name)
    hire(name)

    discover(integration)

    assert list(paired()) == [name.title()]


def test_a_mapping_is_bound_to_the_directory_object_and_not_to_its_address(sandbox, integration):
    ben = put(sandbox, "ben", mail="renamed@northgate.example")
    hire("ben")

    discover(integration)

    assert paired() == {"Ben": ben}


def test_two_instructors_cannot_have_one_mailbox_and_the_second_is_told_whose_it_is(sandbox, integration):
    put(sandbox, "ann", mail="a.lake@northgate.example")
    hire("ann")
    hire("lake", "a.lake@northgate.example")

    discover(integration)

    assert len(paired()) == 1
    assert list(causes().values()) == ["taken"]
    assert "is paired with this mailbox." in Unmatched.objects.get().reason


def test_a_new_discovery_replaces_the_cause_of_the_last_one(sandbox, integration):
    hire("eve")
    discover(integration)
    assert causes() == {"Eve": "not_found"}
    first = Unmatched.objects.get().checked_at

    put(sandbox, "owner", aliases=[address("eve")])
    discover(integration)

    assert causes() == {"Eve": "alias"}
    assert Unmatched.objects.get().checked_at > first


def test_the_owner_of_an_alias_is_suggested(sandbox, integration):
    put(sandbox, "owner", aliases=[address("eve")])
    hire("eve")

    discover(integration)

    assert Unmatched.objects.get().suggestion == address("owner")


def test_an_address_that_another_instructor_has_is_not_suggested(sandbox, integration):
    put(sandbox, "owner", aliases=[address("eve")])
    hire("eve")
    hire("owner", address("OWNER"))

    discover(integration)

    assert [one.suggestion for one in Unmatched.objects.all()] == [""]


def test_a_suggestion_goes_with_its_cause(sandbox, integration):
    put(sandbox, "owner", aliases=[address("eve")])
    eve = hire("eve")
    discover(integration)

    Instructor.objects.filter(pk=eve.pk).update(email=address("nobody"))
    discover(integration)

    assert (causes(), Unmatched.objects.get().suggestion) == ({"Eve": "not_found"}, "")


@pytest.mark.parametrize("change", ["deleted", "another address"])
def test_whoever_was_deleted_or_readdressed_while_the_directory_was_asked_stays_as_is(sandbox, integration, change):
    eve = hire("eve")
    stale = Instructor.objects.get()
    if change == "deleted":
        eve.delete()
    else:
        Instructor.objects.update(email=address("zoe"))

    new = store(integration, stale, ())

    assert new == []
    assert not Unmatched.objects.exists()


def test_whoever_appears_in_the_directory_later_is_paired_and_no_longer_listed(sandbox, integration):
    hire("eve")
    discover(integration)

    put(sandbox, "eve")
    discover(integration)

    assert (list(paired()), causes()) == (["Eve"], {})


def test_whoever_is_paired_is_not_looked_up_again(sandbox, integration):
    hire("ann")
    discover(integration)
    asked = look_ups(sandbox)

    discover(integration)

    assert look_ups(sandbox) == asked == 1


def test_only_the_given_instructors_are_looked_up(sandbox, integration):
    ann, _ = hire("ann"), hire("ben")

    discover(integration, [ann.pk])

    assert list(paired()) == ["Ann"]


def test_inactive_instructors_are_not_looked_up_and_no_longer_listed(sandbox, integration):
    hire("ann", is_active=False)
    eve = hire("eve")
    discover(integration)

    Instructor.objects.filter(pk=eve.pk).update(is_active=False)
    discover(integration)

    assert (paired(), causes()) == ({}, {})


@pytest.mark.parametrize("values", [{"status": "inactive"}, {"closing_at": tomorrow()}])
def test_an_integration_that_is_not_in_use_is_not_asked(sandbox, integration, values):
    hire("ann")
    Integration.objects.filter(pk=integration.pk).update(**values)
    integration.refresh_from_db()

    discover(integration)

    assert look_ups(sandbox) == 0
    assert not CalendarMapping.objects.exists()


def in_outlook(sandbox: Sandbox, *names: str) -> list[list[str]]:
    return [sandbox.subjects(name) for name in names]


def test_a_changed_address_leaves_the_old_mailbox_and_pairs_with_the_new(sandbox, people):
    integration = Integration.objects.get()
    zoe = put(sandbox, "zoe")
    sandbox.add("ann", "Dentist", tomorrow(14))
    ann = people["ann"]
    plan_event("First aid", ann)
    sync_now(ann)
    assert in_outlook(sandbox, "ann", "zoe") == [["Dentist", "First aid"], []]

    ann.instructor.email = address("zoe")
    ann.instructor.save()
    discover(integration)
    ann.refresh_from_db()
    assert ann.leaving_at
    assert not ExternalEvent.objects.exists()
    sync_now(ann)
    tidy([ann])
    discover(integration)
    (mapping,) = CalendarMapping.objects.filter(instructor=ann.instructor)
    sync_now(mapping)

    assert (mapping.remote_user_id, mapping.address) == (zoe, address("zoe"))
    assert in_outlook(sandbox, "ann", "zoe") == [["Dentist"], ["First aid"]]
    assert SyncedEvent.objects.get().mapping == mapping


def test_a_changed_address_of_the_same_mailbox_keeps_the_mapping(sandbox, people):
    ann = people["ann"]
    sandbox.control("POST", "people", json={"upn": address("ann"), "mail": "a.lake@northgate.example"})

    ann.instructor.email = "a.lake@northgate.example"
    ann.instructor.save()
    discover(Integration.objects.get())

    ann.refresh_from_db()
    assert (ann.address, ann.leaving_at) == ("a.lake@northgate.example", None)


def test_a_changed_address_that_nobody_has_leaves_the_old_mailbox_and_says_why(sandbox, people):
    ann = people["ann"]

    ann.instructor.email = address("nobody")
    ann.instructor.save()
    discover(Integration.objects.get())

    ann.refresh_from_db()
    assert ann.leaving_at
    assert causes() == {"Ann": "not_found"}


@pytest.mark.parametrize(
    "effect",
    [
        {"status": 503},
        {"status": 403, "code": "Authorization_RequestDenied"},
        {"status": 500, "body": "<html>"},
        {"body": {}},
    ],
)
def test_a_directory_that_cannot_be_asked_keeps_what_was_known(sandbox, people, effect):
    ann, eve = people["ann"], hire("eve")
    integration = Integration.objects.get()
    discover(integration)
    known = Unmatched.objects.get()
    ann.instructor.email = address("zoe")
    ann.instructor.save()

    sandbox.fault({"path": "/users", "method": "GET"}, **effect)
    assert not discover(integration)

    ann.refresh_from_db()
    assert (ann.leaving_at, ann.address) == (None, address("ann"))
    assert Unmatched.objects.get() == known
    assert known.instructor == eve


def test_an_app_that_may_not_look_people_up_is_said_at_each_of_them_until_it_may(sandbox, integration):
    eve = hire("eve")
    sandbox.fault({"path": "/users", "method": "GET"}, status=403, code="Authorization_RequestDenied")

    assert not discover(integration)

    refused = Unmatched.objects.get()
    assert (refused.instructor, refused.cause) == (eve, "refused")
    assert "User.Read.All" in refused.reason
    sandbox.clear_faults()
    put(sandbox, "eve")
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert unanswered(integration) == [eve.pk]
        discover(integration, unanswered(integration))
    assert list(paired()) == ["Eve"]
    assert not Unmatched.objects.exists()


def test_a_check_that_is_refused_says_so_in_place_of_what_the_last_one_found(sandbox, integration):
    hire("eve")
    put(sandbox, "owner", aliases=[address("eve")])
    discover(integration)
    assert Unmatched.objects.get().suggestion
    sandbox.fault({"path": "/users", "method": "GET"}, status=403, code="Authorization_RequestDenied")

    discover(integration)

    refused = Unmatched.objects.get()
    assert (refused.cause, refused.suggestion) == ("refused", "")
    sandbox.clear_faults()
    discover(integration)
    assert Unmatched.objects.get().cause == "alias"


def test_a_refusal_is_not_said_of_an_address_that_is_no_longer_somebodys(integration):
    stale = hire("eve")
    Instructor.objects.update(email=address("zoe"))

    note_refusal(integration, stale, NeedsAdmin("Microsoft refused to look people up."))

    assert not Unmatched.objects.exists()


def test_whom_the_app_may_not_look_up_is_not_asked_for_in_every_cycle(sandbox, integration):
    eve, start = hire("eve"), now()
    sandbox.fault({"path": "/users", "method": "GET"}, status=403, code="Authorization_RequestDenied")
    discover(integration)
    assert unanswered(integration) == []

    with time_machine.travel(start + timedelta(minutes=11)):
        assert unanswered(integration) == [eve.pk]
        discover(integration, unanswered(integration))

        assert Unmatched.objects.get().checked_at > start + timedelta(minutes=10)
        assert unanswered(integration) == []


def test_whom_the_app_may_not_look_up_is_asked_for_after_the_clock_was_set_back(sandbox, integration):
    eve, start = hire("eve"), now()
    sandbox.fault({"path": "/users", "method": "GET"}, status=403, code="Authorization_RequestDenied")
    discover(integration)

    with time_machine.travel(start - timedelta(minutes=5)):  # by which two machines' clocks may differ
        assert unanswered(integration) == []
    with time_machine.travel(start - timedelta(hours=6)):
        assert unanswered(integration) == [eve.pk]


def test_a_refusal_in_many_words_is_said_as_far_as_there_is_room(sandbox, integration):
    hire("eve")
    sandbox.fault({"path": "/users", "method": "GET"}, status=403, code="x" * 2000)

    assert not discover(integration)

    assert Unmatched.objects.get().reason.startswith("Microsoft refused access")


def test_one_look_up_that_fails_does_not_stop_the_others(sandbox, integration):
    hire("ann"), hire("ben")
    sandbox.control("POST", "faults", json={"match": {"path": "ann@"}, "effect": {"status": 500}})

    assert not discover(integration)

    assert list(paired()) == ["Ben"]


def test_a_refused_sign_in_rests_the_integration_and_says_why(sandbox, integration):
    hire("ann")
    integration.client_secret = "wrong"
    integration.save()

    assert not discover(integration)

    integration.refresh_from_db()
    assert "Client Secret" in integration.problem
    assert integration.retry_at


def test_a_sign_in_that_is_away_for_a_moment_is_nobodys_business(sandbox, integration):
    hire("ann")
    integration.tenant_id = integration.tenant_id.upper()  # of which no token is kept yet
    integration.save()
    sandbox.fault({"path": "/token"}, token={"status": 503, "code": 90033})

    assert not discover(integration)

    integration.refresh_from_db()
    assert integration.problem == ""
    assert integration.retry_at


def test_a_discovery_that_works_again_forgets_the_problem(sandbox, integration):
    hire("eve")
    secret = integration.client_secret
    integration.client_secret = "wrong"
    integration.save()
    discover(integration)

    integration.client_secret = secret
    integration.save()
    discover(integration)

    integration.refresh_from_db()
    assert (integration.problem, integration.retry_at) == ("", None)


def test_a_mailbox_that_refuses_calendar_calls_is_matched_with_a_problem(sandbox, integration):
    put(sandbox, "ann", mailbox="none")
    hire("ann")

    discover(integration)
    sync_now(CalendarMapping.objects.get())

    assert "licence" in CalendarMapping.objects.get().problem
    assert causes() == {}


def test_new_mappings_are_asked_to_be_synced(sandbox, integration):
    hire("ann")

    discover(integration)

    assert CalendarMapping.objects.get().requested_at


def test_a_look_up_that_got_no_answer_is_asked_for_again_by_the_next_cycle(sandbox, integration):
    ann = hire("ann")
    sandbox.fault({"path": "/users", "method": "GET"}, status=503)
    discover(integration)
    assert unanswered(integration) == [ann.pk]

    sandbox.clear_faults()
    discover(integration, unanswered(integration))

    assert list(paired()) == ["Ann"]
    assert unanswered(integration) == []


def test_whoever_is_paired_unmatched_inactive_or_moving_needs_no_answer(sandbox, people):
    integration = Integration.objects.get()
    hire("eve")
    hire("old", is_active=False)
    ben = people["ben"]
    ben.instructor.email = address("zoe")
    ben.instructor.save()
    put(sandbox, "zoe")

    discover(integration)

    ben.refresh_from_db()
    assert ben.leaving_at
    assert unanswered(integration) == []


def test_a_mailbox_that_is_being_left_keeps_the_lease_of_its_clean_up(sandbox, people):
    ann = people["ann"]
    ann.instructor.email = address("zoe")
    ann.instructor.save()
    put(sandbox, "zoe")
    discover(Integration.objects.get())
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()

    discover(Integration.objects.get())

    assert CalendarMapping.objects.write(ann.pk, claim.lease, problem="still mine")


@pytest.fixture
def tasks_at_once() -> Iterator[None]:
    """Tasks run where they are sent from."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_the_schedule_asks_again_for_those_of_whom_nothing_is_known(sandbox, integration, tasks_at_once):
    hire("ann")

    app.tasks[app.conf.beat_schedule["unanswered"]["task"]].delay()

    assert list(paired()) == ["Ann"]
