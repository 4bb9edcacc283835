"""The commands that scripts call: create_integration, delete_integration, sync."""

import io
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from events.management.commands.sync import Command as SyncCommand
from events.models import ExternalEvent, SyncedEvent
from events.sync import everything, state
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration
from tests.conftest import Sandbox, address, plan_event, sync_now, tomorrow

pytestmark = pytest.mark.django_db
COUNTS = {"created", "updated", "deleted", "pulled", "failed", "seconds", "requests"}


@dataclass
class Outcome:
    """What a command printed, and the exit code it would end with in a shell."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> dict[str, Any]:
        return json.loads(self.out.strip().splitlines()[-1])


def run(*arguments: str) -> Outcome:
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    except SystemExit as stop:
        code = int(stop.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


def create_arguments(sandbox: Sandbox, **changes: str) -> list[str]:
    line = sandbox.line
    values = {"name": "Northgate", "tenant": line["tenant_id"], "client": line["client_id"], "user": line["user_id"]}
    return [
        "create_integration",
        *(word for name, value in (values | changes).items() for word in (f"--{name}", value)),
    ]


@pytest.fixture
def secret(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the client secret that the command finds in the environment; the right one at first."""

    def put(value: str) -> None:
        monkeypatch.setenv("CALSYNC_CLIENT_SECRET", value)

    put(sandbox.line["client_secret"])
    return put


def test_an_integration_is_tested_and_created(sandbox, secret):
    outcome = run(*create_arguments(sandbox))

    integration = Integration.objects.get()
    assert (outcome.code, integration.name, integration.status) == (0, "Northgate", "active")
    assert integration.client_secret == sandbox.line["client_secret"]
    assert outcome.out.count("ok ") == 5
    assert sandbox.line["client_secret"] not in outcome.out + outcome.err


def test_creating_an_integration_has_its_people_looked_up(sandbox, secret, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        run(*create_arguments(sandbox))

    assert len(callbacks) == 1


def test_the_secret_may_come_on_standard_input(sandbox, monkeypatch):
    monkeypatch.delenv("CALSYNC_CLIENT_SECRET", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(sandbox.line["client_secret"] + "\n"))

    assert run(*create_arguments(sandbox)).code == 0


def test_no_secret_is_said(sandbox, monkeypatch):
    monkeypatch.delenv("CALSYNC_CLIENT_SECRET", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))

    outcome = run(*create_arguments(sandbox))

    assert outcome.code == 1
    assert "CALSYNC_CLIENT_SECRET" in outcome.err


def test_a_domain_is_stored_as_the_tenant_it_belongs_to(sandbox, secret):
    user = sandbox.line["user_id"]
    (mail,) = [person["mail"] for person in sandbox.control("GET", "people") if person["id"] == user]

    run(*create_arguments(sandbox, tenant=mail.partition("@")[2]))

    assert Integration.objects.get().tenant_id == sandbox.line["tenant_id"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tenant": "99999999-9999-9999-9999-999999999999"}, "Tenant ID"),
        ({"client": "99999999-9999-9999-9999-999999999999"}, "Client ID"),
        ({"user": "nobody@northgate.example"}, "User ID"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(sandbox, secret, changes, word):
    outcome = run(*create_arguments(sandbox, **changes))

    assert outcome.code == 1
    assert word in outcome.err
    assert "Nothing was saved." in outcome.err
    assert not Integration.objects.exists()


def test_a_wrong_secret_is_said_and_not_shown(sandbox, secret):
    secret("a-wrong-secret")

    outcome = run(*create_arguments(sandbox))

    assert (outcome.code, Integration.objects.count()) == (1, 0)
    assert "Client Secret" in outcome.err
    assert "a-wrong-secret" not in outcome.out + outcome.err


def test_a_tenant_that_has_an_integration_is_refused(sandbox, secret, integration):
    outcome = run(*create_arguments(sandbox, name="Another"))

    assert (outcome.code, Integration.objects.count()) == (1, 1)
    assert "This tenant has an integration already." in outcome.err


def test_a_name_that_is_taken_is_refused(sandbox, secret, integration):
    Integration.objects.update(tenant_id="11111111-1111-1111-1111-111111111111")

    outcome = run(*create_arguments(sandbox))

    assert (outcome.code, Integration.objects.count()) == (1, 1)
    assert "An integration has this name." in outcome.err


def test_an_integration_is_deleted_at_once_where_nothing_of_ours_stands(sandbox, people):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now()

    outcome = run("delete_integration", "Northgate")

    assert outcome.code == 0
    assert "0 copies in 0 calendars, 1 external events" in outcome.out
    assert not Integration.objects.exists()
    assert not CalendarMapping.objects.exists()
    assert sandbox.subjects("ann") == ["Dentist"]


def test_a_deleted_integration_takes_our_copies_out_of_outlook(sandbox, people):
    plan_event("First aid", people["ann"], people["ben"])
    sync_now()

    outcome = run("delete_integration", "Northgate")
    assert "2 copies in 2 calendars" in outcome.out
    assert Integration.objects.get().closing_at
    finished = run("sync")

    assert finished.code == 0
    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == ([], [])
    assert not Integration.objects.exists()
    assert not SyncedEvent.objects.exists()


def test_a_deleted_integration_may_leave_our_copies_in_outlook(sandbox, people):
    plan_event("First aid", people["ann"])
    sync_now()

    run("delete_integration", "Northgate", "--keep-copies")

    assert not Integration.objects.exists()
    assert sandbox.subjects("ann") == ["First aid"]
    assert Instructor.objects.count() == 4


def test_an_unknown_integration_cannot_be_deleted():
    outcome = run("delete_integration", "Nowhere")

    assert outcome.code == 1
    assert "no integration named Nowhere" in outcome.err


def test_a_sync_matches_everybody_and_brings_every_calendar_up_to_date(sandbox, integration):
    ann = Instructor.objects.create(name="Ann", email=address("ann"))
    Instructor.objects.create(name="Eve", email=address("eve"))
    event = plan_event("First aid")
    event.instructors.add(ann)
    sandbox.add("ann", "Dentist", tomorrow(14))

    outcome = run("sync", "--json")

    assert outcome.code == 0, outcome.err
    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert (outcome.last["created"], outcome.last["pulled"], outcome.last["failed"]) == (1, 1, 0)
    assert Unmatched.objects.get().instructor.name == "Eve"


def test_the_last_line_is_one_object_of_numbers(sandbox, people):
    outcome = run("sync", "--json")

    assert set(outcome.last) == COUNTS
    assert all(isinstance(value, int | float) for value in outcome.last.values())
    assert outcome.last["requests"] > 0


def test_progress_is_shown_beside_the_output(sandbox, people):
    outcome = run("sync")

    assert "4 of 4 calendars" in outcome.err
    assert outcome.out.startswith("Done in")


def test_nothing_to_do_is_done():
    outcome = run("sync", "--json")

    assert (outcome.code, outcome.last["requests"], outcome.last["failed"]) == (0, 0, 0)


def test_only_the_named_integration_or_instructor_is_synced(sandbox, people):
    plan_event("First aid", people["ann"], people["ben"])

    run("sync", "--integration", "Northgate", "--instructor", " ANN@northgate.example")

    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == (["First aid"], [])


@pytest.mark.parametrize("arguments", [("--integration", "Nowhere"), ("--instructor", "nobody@nowhere.example")])
def test_a_name_that_does_not_exist_ends_with_two(people, arguments):
    outcome = run("sync", *arguments)

    assert outcome.code == 2
    assert arguments[1] in outcome.err


def test_an_unknown_option_ends_with_two():
    with pytest.raises(SystemExit) as stop:
        SyncCommand().run_from_argv(["manage.py", "sync", "--nonsense"])

    assert stop.value.code == 2


def test_an_instructor_who_is_not_paired_yet_is_looked_up_first(sandbox, integration):
    ann = Instructor.objects.create(name="Ann", email=address("ann"))
    plan_event("First aid").instructors.add(ann)

    outcome = run("sync", "--instructor", address("ann"))

    assert outcome.code == 0, outcome.err
    assert sandbox.subjects("ann") == ["First aid"]


def test_an_instructor_who_cannot_be_matched_is_no_failure(sandbox, integration):
    Instructor.objects.create(name="Eve", email=address("eve"))

    assert run("sync", "--instructor", address("eve")).code == 0


def test_a_calendar_that_fails_ends_with_one_and_the_others_are_synced(sandbox, people):
    plan_event("First aid", people["ann"], people["ben"])
    sandbox.control("POST", "people", json={"upn": address("ann"), "mailbox": "none"})

    outcome = run("sync", "--json")

    assert (outcome.code, outcome.last["failed"]) == (1, 1)
    assert sandbox.subjects("ben") == ["First aid"]


@pytest.mark.parametrize(
    "effect", [{"status": 503}, {"status": 429, "retry_after": 60}, {"status": 403}, {"drop": "before"}]
)
def test_a_calendar_that_fails_is_tried_once_and_does_not_hold_up_the_command(sandbox, people, effect):
    sandbox.fault({"mailbox": address("ann")}, **effect)

    started = time.monotonic()
    outcome = run("sync", "--json")

    assert (outcome.code, outcome.last["failed"]) == (1, 1)
    assert time.monotonic() - started < 10
    assert not CalendarMapping.objects.filter(lease__isnull=False).exists()


def test_a_calendar_that_is_given_up_before_its_end_ends_with_one(sandbox, people, monkeypatch):
    monkeypatch.setattr(state, "TURN", -1.0)
    monkeypatch.setattr(everything, "TRIES", 3)

    outcome = run("sync", "--json", "--instructor", address("ann"))

    assert (outcome.code, outcome.last["failed"]) == (1, 1)
    assert CalendarMapping.objects.get(instructor__email=address("ann")).synced_at is None


def test_a_directory_that_cannot_be_asked_ends_with_one(sandbox, people):
    Instructor.objects.create(name="Eve", email=address("eve"))
    sandbox.fault({"path": "/users", "method": "GET"}, status=503)

    assert run("sync").code == 1


def test_resting_calendars_are_synced_all_the_same(sandbox, people):
    plan_event("First aid", people["ann"])
    CalendarMapping.objects.update(retry_at=tomorrow(days=3), failing_since=tomorrow(days=-1), problem="No.")
    Integration.objects.update(retry_at=tomorrow(days=3), problem="No.", failing_since=tomorrow(days=-1))

    outcome = run("sync")

    assert outcome.code == 0
    assert sandbox.subjects("ann") == ["First aid"]
    assert not CalendarMapping.objects.exclude(problem="").exists()


def test_stopped_calendars_and_inactive_integrations_are_left_alone(sandbox, people):
    plan_event("First aid", people["ann"], people["ben"])
    people["ann"].stop()
    run("sync")
    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == ([], ["First aid"])

    Integration.objects.update(status="inactive")
    plan_event("Fire safety", people["ben"])
    outcome = run("sync", "--json")

    assert (outcome.code, outcome.last["requests"]) == (0, 0)
    assert sandbox.subjects("ben") == ["First aid"]


def test_a_dry_run_prints_the_plan_and_writes_nothing_anywhere(sandbox, people):
    plan_event("First aid", people["ann"], sessions=2)
    Instructor.objects.create(name="Eve", email=address("eve"))
    before = list(CalendarMapping.objects.order_by("pk").values())
    sandbox.control("DELETE", "requests")

    outcome = run("sync", "--dry-run")

    lines = outcome.out.strip().splitlines()
    assert outcome.code == 0
    assert len(lines) == 2
    assert all("Ann" in line and "create First aid" in line for line in lines)
    assert sandbox.requests()["total"] == 0
    assert list(CalendarMapping.objects.order_by("pk").values()) == before
    assert not SyncedEvent.objects.exists()
    assert not Unmatched.objects.exists()


def test_a_dry_run_with_nothing_to_write_says_so(sandbox, people):
    outcome = run("sync", "--dry-run")

    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.strip() == "Nothing would be written to a calendar now."


def test_a_dry_run_names_updates_and_deletions_too(sandbox, people):
    first, second = plan_event("First aid", people["ann"]), plan_event("Fire safety", people["ann"], hour=14)
    sync_now()
    first.title = "First aid, advanced"
    first.save()
    second.delete()

    lines = sorted(run("sync", "--dry-run").out.strip().splitlines())

    assert ["update First aid, advanced" in line for line in lines].count(True) == 1
    assert ["delete" in line for line in lines].count(True) == 1
    assert sandbox.subjects("ann") == ["Fire safety", "First aid"]


def test_a_census_reads_every_calendar_whole(sandbox, people):
    sandbox.add("ann", "Dentist", tomorrow(14))
    run("sync")
    ExternalEvent.objects.all().delete()  # as a restore of the database might
    run("sync")
    assert not ExternalEvent.objects.exists()

    outcome = run("sync", "--census")

    assert outcome.code == 0
    assert ExternalEvent.objects.count() == 1


def test_a_second_sync_has_nothing_to_do(sandbox, people):
    plan_event("First aid", people["ann"], people["ben"])
    run("sync")

    again = run("sync", "--json").last

    assert (again["created"], again["updated"], again["deleted"], again["pulled"], again["failed"]) == (0, 0, 0, 0, 0)
    assert again["requests"] == 1
