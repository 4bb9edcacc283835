"""Signing in: each refusal of Entra's by its cause, and what is asked how often."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import responses
import time_machine

from integrations.providers.errors import NeedsAdmin, ProviderError, Unavailable
from integrations.providers.microsoft.auth import SignInRefused, Tokens
from integrations.providers.types import Credentials
from tests.conftest import Sandbox
from tests.wire import CREDENTIALS, LOGIN, SECRET, configuration, sign_in_works, signed, token

TOKEN = f"{LOGIN}/oauth2/v2.0/token"
DISCOVERY = f"{LOGIN}/v2.0/.well-known/openid-configuration"


def tokens(sandbox: Sandbox, **changes: str) -> Tokens:
    """The tokens of the sandbox's app, or of one with a part of its credentials changed."""
    names = ("tenant_id", "client_id", "client_secret")
    credentials = Credentials(**{name: sandbox.line[name] for name in names} | changes)
    return Tokens(credentials, login_url=sandbox.line["login_url"], verify=sandbox.line["ca_file"])


def refusal_of(found: Tokens) -> SignInRefused:
    with pytest.raises(SignInRefused) as refused:
        found.get()
    return refused.value


def token_calls(sandbox: Sandbox) -> int:
    return sandbox.requests()["token"]


def test_right_credentials_give_a_token_with_the_roles(sandbox):
    claims = tokens(sandbox).claims()

    assert claims["tid"] == sandbox.line["tenant_id"]
    assert set(claims["roles"]) == {"Calendars.ReadWrite", "User.Read.All"}


def test_the_token_is_kept_until_it_is_forgotten(sandbox):
    found = tokens(sandbox)

    first, same = found.get(), found.get()
    found.forget()
    other = found.get()

    assert first == same != other


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"client_secret": "wrong"}, "client_secret", "AADSTS7000215"),
        ({"client_id": "99999999-9999-9999-9999-999999999999"}, "client_id", "AADSTS700016"),
        ({"tenant_id": "99999999-9999-9999-9999-999999999999"}, "tenant_id", "AADSTS90002"),
        ({"tenant_id": "nobody.example"}, "tenant_id", "AADSTS90002"),
    ],
)
def test_a_wrong_part_of_the_credentials_is_named(sandbox, changes, field, code):
    error = refusal_of(tokens(sandbox, **changes))

    assert (error.refusal.field, error.code, error.is_whole) == (field, code, True)
    assert code in str(error)
    assert error.refusal.todo in str(error)


def test_an_expired_secret_is_told_from_a_wrong_one(sandbox):
    sandbox.configure(secret="expired")

    error = refusal_of(tokens(sandbox))

    assert (error.refusal.field, error.code) == ("client_secret", "AADSTS7000222")
    assert "expired" in error.refusal.why


def test_a_disabled_app_is_named(sandbox):
    sandbox.configure(app="disabled")

    error = refusal_of(tokens(sandbox))

    assert (error.refusal.field, error.code) == ("client_id", "AADSTS7000112")


def test_no_roles_are_a_token_without_roles(sandbox):
    sandbox.configure(roles=[])

    assert not tokens(sandbox).claims().get("roles")


def test_a_domain_in_place_of_the_tenant_id_is_taken(sandbox):
    user = sandbox.line["user_id"]
    (mail,) = [person["mail"] for person in sandbox.control("GET", "people") if person["id"] == user]

    claims = tokens(sandbox, tenant_id=mail.partition("@")[2]).claims()

    assert claims["tid"] == sandbox.line["tenant_id"]


@pytest.mark.parametrize("status", [500, 503])
def test_a_sign_in_that_fails_is_unavailable_and_no_refusal(sandbox, status):
    sandbox.fault({"path": "/token"}, token={"status": status, "code": 90033, "error": "temporarily_unavailable"})

    with pytest.raises(Unavailable) as unavailable:
        tokens(sandbox).get()

    assert unavailable.value.is_whole


def test_a_network_that_is_down_is_unavailable():
    found = Tokens(CREDENTIALS, login_url="https://127.0.0.1:9")

    with pytest.raises(Unavailable) as unavailable:
        found.get()

    assert unavailable.value.is_whole
    assert SECRET not in str(unavailable.value)


def test_a_refused_sign_in_is_not_asked_for_again_within_thirty_seconds(sandbox):
    found = tokens(sandbox, client_secret="wrong")
    refusal_of(found)
    asked = token_calls(sandbox)

    again = refusal_of(found)

    assert asked == token_calls(sandbox) == 1
    assert again.code == "AADSTS7000215"


def test_a_refused_sign_in_is_asked_for_again_after_thirty_seconds(login, monkeypatch):
    from integrations.providers.microsoft import auth

    monkeypatch.setattr(auth, "REFUSED_FOR", 0.0)
    login.post(TOKEN, json=refused_body(7000215), status=401)
    found = Tokens(CREDENTIALS)
    refusal_of(found)

    login.replace(responses.POST, TOKEN, json=token("token-1"))

    assert found.get() == "token-1"


def test_a_refusal_raised_again_and_again_does_not_grow(sandbox):
    found = tokens(sandbox, client_secret="wrong")
    refusals = [refusal_of(found) for _ in range(30)]

    assert max(depth(error) for error in refusals) < 10


def depth(error: BaseException) -> int:
    trace, steps = error.__traceback__, 0
    while trace is not None:
        trace, steps = trace.tb_next, steps + 1
    return steps


@pytest.fixture
def login() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as login:
        login.get(DISCOVERY, json=configuration())
        yield login


def refused_body(code: int, error: str = "invalid_client") -> dict[str, Any]:
    return {"error": error, "error_description": f"AADSTS{code}: No.", "error_codes": [code], "correlation_id": "c1"}


def test_verify_and_timeout_are_passed_on_every_call(login):
    login.post(TOKEN, json=token("token-1"))

    Tokens(CREDENTIALS, verify="/etc/ca.pem").get()

    assert [call.request.url for call in login.calls] == [DISCOVERY, TOKEN]
    assert [call.request.req_kwargs["verify"] for call in login.calls] == ["/etc/ca.pem"] * 2
    assert [call.request.req_kwargs["timeout"] for call in login.calls] == [(5, 20)] * 2


def test_a_ca_bundle_of_the_environment_does_not_win_over_ours(sandbox, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nowhere/ca.pem")

    assert tokens(sandbox).get()


def test_a_server_of_another_ca_is_not_trusted(sandbox):
    credentials = Credentials(sandbox.line["tenant_id"], sandbox.line["client_id"], sandbox.line["client_secret"])

    with pytest.raises(Unavailable):
        Tokens(credentials, login_url=sandbox.line["login_url"]).get()


def test_the_scope_stays_microsofts_own_whatever_the_hosts(login):
    login.post(TOKEN, json=token("token-1"))

    Tokens(CREDENTIALS).get()

    assert "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default" in str(login.calls[-1].request.body)


@pytest.mark.parametrize("body", ["<html>Sign in to this hotel's network</html>", "", "[]", '"text"', "null"])
@pytest.mark.parametrize("status", [200, 403, 404, 429])
@pytest.mark.parametrize("place", [DISCOVERY, TOKEN])
def test_an_answer_that_is_not_microsofts_is_no_refusal_of_the_credentials(login, place, status, body):
    login.upsert(responses.GET if place == DISCOVERY else responses.POST, place, body=body, status=status)

    with pytest.raises(Unavailable):
        Tokens(CREDENTIALS).get()


@pytest.mark.parametrize("code", [90033, 90006, 90024, 90055])
@pytest.mark.parametrize("error", ["temporarily_unavailable", "server_error"])
@pytest.mark.parametrize("status", [400, 429])
def test_what_passes_by_itself_is_no_refusal(login, status, error, code):
    login.post(TOKEN, json=refused_body(code, error), status=status)

    with pytest.raises(Unavailable):
        Tokens(CREDENTIALS).get()


def test_a_refusal_of_an_unknown_kind_says_what_microsoft_said(login):
    login.post(TOKEN, json=refused_body(1234567), status=400)

    error = refusal_of(Tokens(CREDENTIALS))

    assert (error.refusal.field, error.code, error.request_id) == ("", "AADSTS1234567", "c1")


@pytest.mark.parametrize("codes", [None, [], ["text"], "text"])
def test_a_refusal_without_a_code_is_one_all_the_same(login, codes):
    login.post(TOKEN, json={"error": "invalid_client", "error_codes": codes}, status=401)

    assert isinstance(refusal_of(Tokens(CREDENTIALS)), NeedsAdmin)


def test_threads_share_one_token(login):
    sign_in_works(login)
    found = Tokens(CREDENTIALS)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(found.get())) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == ["token-1"] * 8


@pytest.mark.parametrize("opaque", ["opaque", "a.b.c", "..", f"x.{signed().split('.')[0]}.y"])
def test_a_token_that_cannot_be_read_says_nothing_of_itself(login, opaque):
    login.post(TOKEN, json=token(opaque))

    assert Tokens(CREDENTIALS).claims().get("roles") is None


def test_a_token_is_renewed_before_it_expires(login):
    sign_in_works(login)
    found = Tokens(CREDENTIALS)

    with time_machine.travel(1_800_000_000, tick=False) as clock:
        first = found.get()
        clock.shift(3500)
        second = found.get()

    assert (first, second) == ("token-1", "token-2")


def test_neither_secret_nor_token_is_in_an_error(login):
    login.post(TOKEN, json=refused_body(7000215), status=401)

    error: ProviderError = refusal_of(Tokens(CREDENTIALS))

    assert SECRET not in f"{error!r}{error}{CREDENTIALS!r}"
