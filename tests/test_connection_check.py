"""The connection test: every right by itself, against the sandbox."""

from typing import Any

import pytest

from integrations.connection import check
from integrations.models import Integration
from integrations.providers.microsoft.checks import STEPS
from integrations.providers.types import Check
from tests.conftest import Sandbox, address

SIGN_IN, ROLES, LIST, READ, WRITE = STEPS
NOBODY = "99999999-9999-9999-9999-999999999999"


def checked(sandbox: Sandbox, **changes: Any) -> list[Check]:
    """The test of an integration that nobody has saved yet."""
    line = sandbox.line
    values = {name: line[name] for name in ("tenant_id", "client_id", "client_secret", "user_id")}
    return check(Integration(name="Northgate", **values | changes))


def failed(checks: list[Check]) -> Check:
    """The one step that failed, after which none was reached and before which all passed."""
    (place,) = [place for place, one in enumerate(checks) if one.passed is False]
    assert [one.passed for one in checks[:place]] == [True] * place
    assert [one.passed for one in checks[place + 1 :]] == [None] * (len(checks) - place - 1)
    return checks[place]


def everything_in_the_calendar_of_the_user_id(sandbox: Sandbox) -> list[Any]:
    people = {person["id"]: person["mail"] for person in sandbox.control("GET", "people")}
    return sandbox.control("GET", f"mailboxes/{people[sandbox.line['user_id']]}/events")["value"]


def test_all_five_steps_pass_in_their_order(sandbox):
    checks = checked(sandbox)

    assert [(one.name, one.passed) for one in checks] == [(name, True) for name in STEPS]
    assert all(one.detail.endswith(".") for one in checks)
    assert [one.detail for one in checks if one.name == LIST] == ["5 people found."]


def test_nothing_is_left_in_the_calendar_of_the_user_id(sandbox):
    checked(sandbox)

    assert everything_in_the_calendar_of_the_user_id(sandbox) == []
    assert sandbox.audit()["mails"] in ([], 0)


def test_nothing_is_stored(sandbox, db):
    checked(sandbox)

    assert not Integration.objects.exists()


def test_a_sign_in_name_does_for_a_user_id(sandbox):
    assert [one.passed for one in checked(sandbox, user_id=address("ann"))] == [True] * 5
    assert sandbox.events("ann") == []


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"client_secret": "wrong"}, "client_secret", "Client Secret"),
        ({"client_id": NOBODY}, "client_id", "Client ID"),
        ({"tenant_id": NOBODY}, "tenant_id", "Tenant ID"),
    ],
)
def test_wrong_credentials_fail_the_sign_in_and_name_the_field(sandbox, changes, field, word):
    step = failed(checked(sandbox, **changes))

    assert (step.name, step.field) == (SIGN_IN, field)
    assert word in step.why
    assert "AADSTS" in step.detail
    assert step.todo


def test_an_expired_secret_fails_the_sign_in_and_says_so(sandbox):
    sandbox.configure(secret="expired")

    step = failed(checked(sandbox))

    assert (step.name, step.field) == (SIGN_IN, "client_secret")
    assert "expired" in step.why


def test_a_wrong_secret_that_was_put_right_is_tested_with_nothing_remembered(sandbox):
    failed(checked(sandbox, client_secret="wrong"))

    assert all(one.passed for one in checked(sandbox))


@pytest.mark.parametrize(
    ("roles", "lacking"),
    [
        ([], ["Calendars.ReadWrite", "User.Read.All"]),
        (["Calendars.ReadWrite"], ["User.Read.All"]),
        (["User.Read.All"], ["Calendars.ReadWrite"]),
        (["Calendars.Read", "User.Read.All"], ["Calendars.ReadWrite"]),
    ],
)
def test_a_lacking_role_is_named(sandbox, roles, lacking):
    sandbox.configure(roles=roles)

    step = failed(checked(sandbox))

    assert step.name == ROLES
    assert all(role in step.detail and role in step.why for role in lacking)
    assert any("Grant admin consent" in line for line in step.todo)


def test_calendars_that_exchange_alone_opens_to_the_app_pass_though_no_token_says_so(sandbox):
    sandbox.configure(roles=["User.Read.All"], exchange_roles=["Calendars.ReadWrite"])

    checks = checked(sandbox)

    assert [one.passed for one in checks] == [True] * 5
    assert "Exchange" in next(one.detail for one in checks if one.name == ROLES)


def test_the_right_to_list_people_cannot_come_from_exchange(sandbox):
    sandbox.configure(roles=[], exchange_roles=["Calendars.ReadWrite", "User.Read.All"])

    step = failed(checked(sandbox))

    assert step.name == ROLES
    assert "User.Read.All" in step.why


def test_a_refused_list_of_people_names_the_permission(sandbox):
    sandbox.fault({"path": "/users", "method": "GET"}, status=403, code="Authorization_RequestDenied")

    step = failed(checked(sandbox))

    assert step.name == LIST
    assert "User.Read.All" in step.why
    assert step.todo


def test_a_calendar_outside_of_the_apps_scope_names_the_user_id(sandbox):
    sandbox.fault({"path": "calendarView"}, status=403, code="ErrorAccessDenied")

    step = failed(checked(sandbox))

    assert (step.name, step.field) == (READ, "user_id")
    assert "Calendars.ReadWrite" in step.why
    assert step.todo


@pytest.mark.parametrize("user_id", [NOBODY, "nobody@northgate.example", "no such person"])
def test_a_user_id_that_nobody_has_is_named(sandbox, user_id):
    step = failed(checked(sandbox, user_id=user_id))

    assert (step.name, step.field) == (READ, "user_id")
    assert step.todo


def test_an_account_without_a_mailbox_is_named(sandbox):
    sandbox.control("POST", "people", json={"upn": address("ann"), "mailbox": "none"})

    step = failed(checked(sandbox, user_id=address("ann")))

    assert (step.name, step.field) == (READ, "user_id")
    assert "mailbox" in step.why


def test_a_calendar_that_may_not_be_written_is_named(sandbox):
    sandbox.fault({"method": "POST", "path": "/events"}, status=403, code="ErrorAccessDenied")

    step = failed(checked(sandbox))

    assert (step.name, step.field) == (WRITE, "user_id")
    assert everything_in_the_calendar_of_the_user_id(sandbox) == []


@pytest.mark.parametrize("status", [500, 503])
def test_a_service_that_is_away_is_said_and_blamed_on_no_field(sandbox, status):
    sandbox.fault({"path": "calendarView"}, status=status, body="<html>Away</html>")

    step = failed(checked(sandbox))

    assert (step.name, step.field) == (READ, "")
    assert step.why
    assert "again" in step.todo[0]


@pytest.mark.parametrize("body", ["<html>A proxy</html>", "", [], {"value": None}])
@pytest.mark.parametrize(("path", "name"), [("/users?", LIST), ("calendarView", READ)])
def test_an_answer_that_cannot_be_read_fails_its_step(sandbox, path, name, body):
    sandbox.fault({"path": path, "method": "GET"}, body=body)

    step = failed(checked(sandbox))

    assert step.name == name
    assert step.detail


def test_a_sign_in_that_cannot_be_reached_is_said(sandbox, settings):
    settings.MICROSOFT_LOGIN_URL = "https://127.0.0.1:9"

    step = failed(checked(sandbox))

    assert (step.name, step.field) == (SIGN_IN, "")
    assert step.why


def test_a_failed_step_carries_the_id_that_microsofts_support_asks_for(sandbox):
    sandbox.fault({"path": "calendarView"}, status=403, code="ErrorAccessDenied")

    assert len(failed(checked(sandbox)).request_id) == 36


def test_a_test_item_whose_deletion_fails_is_said_to_be_left_behind(sandbox):
    sandbox.fault({"method": "DELETE"}, status=500)

    step = failed(checked(sandbox))

    assert step.name == WRITE
    assert 'An item named "calsync connection test" is left' in step.detail
    assert [one["subject"] for one in everything_in_the_calendar_of_the_user_id(sandbox)] == ["calsync connection test"]
