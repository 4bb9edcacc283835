"""Signing in: tokens, their claims, and Microsoft's refusals."""

from __future__ import annotations

import msal
import pytest

from tests.sandbox.conftest import Client


def test_msal_signs_in_without_asking_microsoft(sandbox: Client) -> None:
    facts = sandbox.facts
    app = msal.ConfidentialClientApplication(
        facts["client_id"],
        client_credential=facts["client_secret"],
        authority=f"{facts['login_url']}/{facts['tenant_id']}",
        instance_discovery=False,
        http_client=sandbox.session,
    )

    result = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])

    assert result["token_type"] == "Bearer"
    assert result["expires_in"] == 3599


@pytest.mark.parametrize(
    ("changes", "status", "number", "error"),
    [
        ({"tenant": "00000000-0000-0000-0000-000000000000"}, 400, 90002, "invalid_request"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 400, 700016, "unauthorized_client"),
        ({"client_secret": "wrong"}, 401, 7000215, "invalid_client"),
        ({"client_secret": ""}, 401, 7000218, "invalid_client"),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, 1002012, "invalid_scope"),
        ({"grant_type": "password"}, 400, 70003, "unsupported_grant_type"),
    ],
)
def test_a_wrong_credential_is_refused_by_microsofts_number(
    sandbox: Client, changes: dict[str, str], status: int, number: int, error: str
) -> None:
    response = sandbox.ask_token(**changes)

    body = response.json()
    assert (response.status_code, body["error_codes"], body["error"]) == (status, [number], error)
    assert body["error_description"].startswith(f"AADSTS{number}: ")


def test_an_expired_secret_is_told_from_a_wrong_one(sandbox: Client) -> None:
    sandbox.configure(secret="expired")

    response = sandbox.ask_token()

    assert (response.status_code, response.json()["error_codes"]) == (401, [7000222])


def test_an_unknown_tenant_has_no_configuration(sandbox: Client) -> None:
    url = f"{sandbox.facts['login_url']}/nowhere.example/v2.0/.well-known/openid-configuration"

    response = sandbox.session.get(url, timeout=10)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_tenant")


@pytest.mark.parametrize(
    ("roles", "path", "code"),
    [
        (["User.Read.All"], "/users/ann@school.example/calendar", "ErrorAccessDenied"),
        (["Calendars.ReadWrite"], "/users", "Authorization_RequestDenied"),
        ([], "/users", "Authorization_RequestDenied"),
    ],
)
def test_a_token_without_a_role_is_issued_and_then_forbidden(
    sandbox: Client, roles: list[str], path: str, code: str
) -> None:
    sandbox.configure(roles=roles)
    sandbox.sign_in()

    response = sandbox.graph("GET", path)

    assert (response.status_code, response.json()["error"]["code"]) == (403, code)


def test_reading_rights_do_not_allow_writing(sandbox: Client, ann: str) -> None:
    sandbox.configure(roles=["Calendars.Read"])
    sandbox.sign_in()

    reading = sandbox.graph("GET", f"/users/{ann}/events")
    writing = sandbox.graph("POST", f"/users/{ann}/events", json={})

    assert (reading.status_code, writing.status_code) == (200, 403)


def test_a_token_ends_with_its_time(sandbox: Client) -> None:
    sandbox.control("POST", "clock", {"advance": 4000})

    response = sandbox.graph("GET", "/users")

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_forged_token_is_not_taken(sandbox: Client) -> None:
    head, claims, signature = str(sandbox.session.headers["Authorization"]).split(".")
    sandbox.session.headers["Authorization"] = f"{head}.{claims}.{signature[::-1]}"

    response = sandbox.graph("GET", "/users")

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("match", "effect", "status", "number"),
    [
        ({}, {"token": "expired"}, 401, 7000222),
        ({}, {"token": {"code": 700016}}, 400, 700016),
        ({"path": "/oauth2/v2.0/token"}, {"status": 503}, 503, 90033),
    ],
)
def test_the_token_endpoint_can_refuse_as_a_fault_says(
    sandbox: Client, match: dict[str, str], effect: dict[str, object], status: int, number: int
) -> None:
    sandbox.fault(match, **effect)

    response = sandbox.ask_token()

    assert (response.status_code, response.json()["error_codes"]) == (status, [number])


def test_the_token_endpoint_can_be_made_to_fail(sandbox: Client) -> None:
    sandbox.fault({"nth": 1}, token={"status": 503, "code": 90033})

    first, second = sandbox.ask_token(), sandbox.ask_token()

    assert (first.status_code, first.json()["error_codes"]) == (503, [90033])
    assert second.status_code == 200
