"""Signing in: tokens, their claims, and Microsoft's refusals."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.sandbox.conftest import Client, Json

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OPENID = "/v2.0/.well-known/openid-configuration"
CONFIGURATION = {
    "token_endpoint", "token_endpoint_auth_methods_supported", "jwks_uri", "response_modes_supported",
    "subject_types_supported", "id_token_signing_alg_values_supported", "response_types_supported", "scopes_supported",
    "issuer", "request_uri_parameter_supported", "userinfo_endpoint", "authorization_endpoint",
    "device_authorization_endpoint", "http_logout_supported", "frontchannel_logout_supported", "end_session_endpoint",
    "claims_supported", "kerberos_endpoint", "tenant_region_scope", "cloud_instance_name", "cloud_graph_host_name",
    "msgraph_host", "rbac_url",
}  # fmt: skip


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


@dataclass
class Certificate:
    """A key and its certificate, as an administrator makes them."""

    key: str
    pem: str
    thumbprint: str


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return made_certificate()


def made_certificate(days: int = 30) -> Certificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calendar sync")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pem = made.public_bytes(Encoding.PEM).decode()
    return Certificate(private, pem, made.fingerprint(hashes.SHA1()).hex())  # noqa: S303


def ask_with(sandbox: Client, credential: Json) -> Json:
    """What msal gets with a credential of its own making."""
    facts = sandbox.facts
    app = msal.ConfidentialClientApplication(
        facts["client_id"],
        client_credential=credential,
        authority=f"{facts['login_url']}/{facts['tenant_id']}",
        instance_discovery=False,
        http_client=sandbox.session,
    )
    return app.acquire_token_for_client(["https://graph.microsoft.com/.default"])


def assertion(sandbox: Client, certificate: Certificate, **changes: Any) -> str:
    """A client assertion of our own making."""
    facts, now = sandbox.facts, int(time.time())
    audience = f"{facts['login_url']}/{facts['tenant_id']}/oauth2/v2.0/token"
    client = facts["client_id"]
    claims = {"aud": audience, "iss": client, "sub": client, "iat": now, "exp": now + 600, "jti": "1"} | changes
    print_ = base64.urlsafe_b64encode(bytes.fromhex(certificate.thumbprint)).rstrip(b"=").decode()
    return jwt.encode(claims, certificate.key, "RS256", headers={"x5t": print_})


def claims_of(token: str) -> Json:
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("kind", ["public_certificate", "thumbprint"])
def test_an_application_signs_in_with_a_certificate_in_both_of_msals_ways(
    sandbox: Client, certificate: Certificate, kind: str
) -> None:
    sandbox.control("POST", "certificates", {"certificate": certificate.pem})
    named = {"public_certificate": certificate.pem, "thumbprint": certificate.thumbprint}[kind]

    result = ask_with(sandbox, {"private_key": certificate.key, kind: named})

    assert claims_of(result["access_token"])["appidacr"] == "2"
    sandbox.session.headers["Authorization"] = f"Bearer {result['access_token']}"
    assert sandbox.graph("GET", "/users").status_code == 200


def test_a_certificate_that_nobody_registered_is_refused(sandbox: Client) -> None:
    stranger = made_certificate()

    result = ask_with(sandbox, {"private_key": stranger.key, "public_certificate": stranger.pem})

    assert (result["error"], result["error_codes"]) == ("invalid_client", [700027])


def test_a_certificate_that_has_expired_is_refused(sandbox: Client) -> None:
    old = made_certificate(days=-1)
    sandbox.control("POST", "certificates", {"certificate": old.pem})

    result = ask_with(sandbox, {"private_key": old.key, "public_certificate": old.pem})

    assert result["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"exp": 1_700_000_000, "iat": 1_699_999_000}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
        ({"aud": "https://elsewhere.example/token"}, 700023),
        ({"sub": "somebody else"}, 700021),
        ({"exp": "soon"}, 50027),
    ],
)
def test_an_assertion_that_does_not_fit_is_refused_by_number(
    sandbox: Client, certificate: Certificate, changes: Json, number: int
) -> None:
    sandbox.control("POST", "certificates", {"certificate": certificate.pem})
    signed = assertion(sandbox, certificate, **changes)

    response = sandbox.ask_token(client_secret="", client_assertion_type=JWT_BEARER, client_assertion=signed)

    assert (response.status_code, response.json()["error_codes"]) == (401, [number])


def test_an_assertion_signed_with_another_key_is_refused(sandbox: Client, certificate: Certificate) -> None:
    sandbox.control("POST", "certificates", {"certificate": certificate.pem})
    mixed = replace(certificate, key=made_certificate().key)
    signed = assertion(sandbox, mixed)

    response = sandbox.ask_token(client_secret="", client_assertion_type=JWT_BEARER, client_assertion=signed)

    assert response.json()["error_codes"] == [700027]


@pytest.mark.parametrize("text", ["x", "a.b.c", "....", "e30.e30.", "\N{SNOWMAN}.e30.e30", "W10.W10.W10"])
def test_an_assertion_that_is_no_token_is_refused(sandbox: Client, text: str) -> None:
    response = sandbox.ask_token(client_secret="", client_assertion_type=JWT_BEARER, client_assertion=text)

    assert response.status_code in (400, 401)
    assert response.json()["error"] == "invalid_client"


@pytest.mark.parametrize("pem", [None, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 5])
def test_only_a_certificate_can_be_registered(sandbox: Client, pem: Any) -> None:
    answer = sandbox.control("POST", "certificates", {"certificate": pem}, status=400)

    assert answer["error"]["code"] == "BadInput"


def test_client_and_secret_may_come_as_http_basic(sandbox: Client) -> None:
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    url = f"{sandbox.facts['login_url']}/{sandbox.facts['tenant_id']}/oauth2/v2.0/token"
    secret = quote(sandbox.facts["client_secret"], safe="")

    good = sandbox.session.post(url, data=form, auth=(sandbox.facts["client_id"], secret), timeout=10)
    bad = sandbox.session.post(url, data=form, auth=(sandbox.facts["client_id"], "wrong"), timeout=10)

    assert (good.status_code, bad.status_code, bad.json()["error_codes"]) == (200, 401, [7000215])


@pytest.mark.parametrize("name", ["grant_type", "scope", "client_id"])
def test_a_missing_parameter_is_named(sandbox: Client, name: str) -> None:
    response = sandbox.ask_token(**{name: ""})

    body = response.json()
    assert (response.status_code, body["error"], body["error_codes"]) == (400, "invalid_request", [900144])
    assert f"parameter: '{name}'" in body["error_description"]


@pytest.mark.parametrize(
    ("tenant", "number"),
    [("common", 9001023), ("organizations", 9001023), ("nowhere.example", 90002), ("no tenant", 900023)],
)
def test_a_tenant_that_is_none_is_refused_by_number(sandbox: Client, tenant: str, number: int) -> None:
    response = sandbox.ask_token(tenant=tenant)

    assert (response.status_code, response.json()["error_codes"]) == (400, [number])


def test_the_domain_names_the_tenant_and_its_configuration_shows_the_id(sandbox: Client) -> None:
    domain = "planning.example"
    url = f"{sandbox.facts['login_url']}/{domain}/v2.0/.well-known/openid-configuration"

    configuration = sandbox.session.get(url, timeout=10).json()

    assert sandbox.ask_token(tenant=domain).status_code == 200
    assert sandbox.facts["tenant_id"] in configuration["token_endpoint"]
    assert set(configuration) >= CONFIGURATION


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"scope": "https://graph.microsoft.com/.default https://outlook.office.com/.default"}, 70011),
        ({"scope": "https://graph.microsoft.us/.default"}, 500011),
        ({"scope": "User.Read"}, 1002012),
    ],
)
def test_a_scope_that_does_not_fit_is_refused_by_number(sandbox: Client, changes: dict[str, str], number: int) -> None:
    response = sandbox.ask_token(**changes)

    assert (response.status_code, response.json()["error_codes"]) == (400, [number])


def test_a_disabled_application_is_refused(sandbox: Client) -> None:
    sandbox.configure(app="disabled")

    response = sandbox.ask_token()

    assert (response.json()["error"], response.json()["error_codes"]) == ("unauthorized_client", [7000112])


def test_the_claims_of_a_token_are_those_of_an_application(sandbox: Client) -> None:
    body = sandbox.ask_token().json()

    claims, facts = claims_of(body["access_token"]), sandbox.facts
    issuer = f"https://sts.windows.net/{facts['tenant_id']}/"
    assert (claims["aud"], claims["iss"], claims["idp"]) == ("https://graph.microsoft.com", issuer, issuer)
    assert (claims["appid"], claims["appidacr"], claims["ver"]) == (facts["client_id"], "1", "1.0")
    assert claims["sub"] == claims["oid"]
    assert claims["roles"] == ["Calendars.ReadWrite", "User.Read.All"]
    assert "scp" not in claims
    assert body["expires_in"] == body["ext_expires_in"] == 3599 == claims["exp"] - claims["iat"]


def test_the_published_key_checks_a_token_unless_it_has_a_nonce(sandbox: Client) -> None:
    url = f"{sandbox.facts['login_url']}/{sandbox.facts['tenant_id']}/discovery/v2.0/keys"
    key = jwt.PyJWK(sandbox.session.get(url, timeout=10).json()["keys"][0]).key
    plain = sandbox.ask_token().json()["access_token"]
    sandbox.configure(token_nonce=True)
    covered = sandbox.ask_token().json()["access_token"]
    sandbox.session.headers["Authorization"] = f"Bearer {covered}"

    assert jwt.decode(plain, key, ["RS256"], audience="https://graph.microsoft.com")["tid"]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(covered, key, ["RS256"], audience="https://graph.microsoft.com")
    assert sandbox.graph("GET", "/users").status_code == 200


def test_a_role_that_was_taken_away_stays_in_the_tokens_that_are_out(sandbox: Client) -> None:
    sandbox.configure(roles=["User.Read.All"])

    before = sandbox.graph("GET", "/users/ann@school.example/calendar")
    sandbox.sign_in()
    after = sandbox.graph("GET", "/users/ann@school.example/calendar")

    assert (before.status_code, after.status_code) == (200, 403)


def test_the_lifetime_of_a_token_is_what_the_switch_says(sandbox: Client) -> None:
    lifetimes = []
    for seconds in (120, 0):
        sandbox.configure(expires_in=seconds, refresh_in=60, ext_expires_in=False)
        lifetimes.append(sandbox.ask_token().json())

    assert lifetimes[0]["expires_in"] == 120
    assert 3600 <= lifetimes[1]["expires_in"] < 5400
    assert [(body["refresh_in"], "ext_expires_in" in body) for body in lifetimes] == [(60, False)] * 2


def test_msal_asks_again_for_a_token_that_lives_less_than_five_minutes(sandbox: Client) -> None:
    sandbox.configure(expires_in=200)
    sandbox.control("DELETE", "requests")
    facts = sandbox.facts
    app = msal.ConfidentialClientApplication(
        facts["client_id"],
        client_credential=facts["client_secret"],
        authority=f"{facts['login_url']}/{facts['tenant_id']}",
        instance_discovery=False,
        http_client=sandbox.session,
    )

    for _ in range(3):
        app.acquire_token_for_client(["https://graph.microsoft.com/.default"])

    counts = sandbox.control("GET", "requests")
    assert (counts["token"], counts["openid"]) == (3, 1)


def test_an_authority_of_open_id_alone_is_enough_for_msal(sandbox: Client) -> None:
    facts = sandbox.facts

    app = msal.ConfidentialClientApplication(
        facts["client_id"],
        client_credential=facts["client_secret"],
        oidc_authority=f"{facts['login_url']}/{facts['tenant_id']}",
        http_client=sandbox.session,
    )

    assert "access_token" in app.acquire_token_for_client(["https://graph.microsoft.com/.default"])


def test_the_hosts_of_the_cloud_are_told_and_a_strange_one_is_refused(sandbox: Client) -> None:
    url = f"{sandbox.facts['login_url']}/common/discovery/instance"
    own = f"{sandbox.facts['login_url']}/{sandbox.facts['tenant_id']}/oauth2/v2.0/authorize"

    known = sandbox.session.get(url, params={"api-version": "1.1", "authorization_endpoint": own}, timeout=10)
    strange = sandbox.session.get(url, params={"authorization_endpoint": "https://evil.example/x"}, timeout=10)

    assert known.json()["tenant_discovery_endpoint"].endswith(f"/{sandbox.facts['tenant_id']}{OPENID}")
    assert (strange.status_code, strange.json()["error"]) == (400, "invalid_instance")


def test_statuses_and_words_that_nobody_could_confirm_are_switches(sandbox: Client) -> None:
    sandbox.configure(
        entra_statuses={"7000218": 400}, entra_errors={"7000218": "invalid_request"}, entra_separator="lines"
    )
    sandbox.configure(entra_error_uri=False)

    response = sandbox.ask_token(client_secret="")

    body = response.json()
    assert (response.status_code, body["error"]) == (400, "invalid_request")
    assert "\r\nTrace ID: " in body["error_description"]
    assert "error_uri" not in body


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"ends_in": -60}, "Lifetime validation failed, the token is expired."),
        ({"starts_in": 600}, "Access token has expired or is not yet valid."),
        ({"aud": "https://outlook.office.com"}, "Access token validation failure. Invalid audience."),
        ({"tid": "another tenant"}, "Access token validation failure. Invalid audience."),
    ],
)
def test_graph_says_what_is_wrong_with_a_token(sandbox: Client, claims: Json, text: str) -> None:
    token = sandbox.control("POST", "tokens", claims)["access_token"]
    sandbox.session.headers["Authorization"] = f"Bearer {token}"

    response = sandbox.graph("GET", "/users")

    assert (response.status_code, response.json()["error"]["message"]) == (401, text)
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5"])
def test_no_token_is_an_empty_token(sandbox: Client, header: str | None) -> None:
    sandbox.session.headers["Authorization"] = header  # type: ignore[assignment]

    response = sandbox.graph("GET", "/users")

    assert (response.status_code, response.json()["error"]["message"]) == (401, "Access token is empty.")


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "...", "e30.e30.e30", "bnVsbA.bnVsbA.AA", "A" * 9000, "\xff\xfe.\xe9.\xa0"]
)
def test_a_token_of_garbage_is_not_taken(sandbox: Client, token: str) -> None:
    sandbox.session.headers["Authorization"] = f"Bearer {token}".encode("latin-1")

    response = sandbox.graph("GET", "/users")

    assert (response.status_code, response.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_a_valid_token_can_be_refused_once(sandbox: Client) -> None:
    sandbox.control("POST", "faults", {"match": {"path": "/users"}, "effect": {"status": 401}, "times": 1})

    first, second = sandbox.graph("GET", "/users"), sandbox.graph("GET", "/users")

    assert (first.status_code, second.status_code) == (401, 200)
    assert first.json()["error"]["message"] == "Lifetime validation failed, the token is expired."
    assert first.headers["WWW-Authenticate"].startswith("Bearer ")


def test_only_a_client_that_says_so_is_asked_for_more_claims(sandbox: Client) -> None:
    sandbox.configure(insufficient_claims=True)
    plain = sandbox.graph("GET", "/users")
    asked = {"access_token": {"xms_cc": {"values": ["cp1"]}}}
    long = sandbox.ask_token(claims=json.dumps(asked)).json()
    sandbox.session.headers["Authorization"] = f"Bearer {long['access_token']}"
    challenged = sandbox.graph("GET", "/users")
    header = challenged.headers["WWW-Authenticate"]
    wanted = json.loads(base64.b64decode(header.rpartition('claims="')[2].rstrip('"')))
    asked["access_token"] |= wanted["access_token"]
    sandbox.session.headers["Authorization"] = (
        f"Bearer {sandbox.ask_token(claims=json.dumps(asked)).json()['access_token']}"
    )

    assert (plain.status_code, challenged.status_code, long["expires_in"]) == (200, 401, 86399)
    assert 'error="insufficient_claims"' in header
    assert sandbox.graph("GET", "/users").status_code == 200


@pytest.mark.parametrize(("number", "status"), [(90033, 503), (90006, 503), (90024, 503), (90055, 429), (53003, 400)])
def test_a_fault_of_the_token_endpoint_has_the_words_of_its_number(sandbox: Client, number: int, status: int) -> None:
    sandbox.fault({}, token={"code": number, "retry_after": 7})

    response = sandbox.ask_token()

    assert (response.status_code, response.headers["Retry-After"]) == (status, "7")
    assert "fault" not in response.json()["error_description"]


def test_what_a_library_asks_before_it_signs_in_can_fail_alone(sandbox: Client) -> None:
    url = f"{sandbox.facts['login_url']}/{sandbox.facts['tenant_id']}{OPENID}"
    rule = {"match": {"path": "openid-configuration"}, "effect": {"status": 503}, "times": 1}
    sandbox.control("POST", "faults", rule)

    others = [sandbox.ask_token().status_code, sandbox.graph("GET", "/users").status_code]
    failed, fine = sandbox.session.get(url, timeout=10), sandbox.session.get(url, timeout=10)

    assert others == [200, 200]
    assert (failed.status_code, failed.json()["error"], fine.status_code) == (503, "temporarily_unavailable", 200)
    assert "x-sandbox-fault" in failed.headers


@pytest.mark.parametrize(
    "claims", [{"appid": 5}, {"appid": []}, {"roles": "all"}, {"exp": "soon"}, {"starts_in": None}]
)
def test_a_token_that_graph_could_not_read_is_not_made(sandbox: Client, claims: Json) -> None:
    sandbox.control("POST", "tokens", claims, status=400)
