"""Hostile answers of a sign-in, and hostile tokens: no token, or a sentence."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses

from integrations.providers.errors import NeedsAdmin, ProviderError, Unavailable
from integrations.providers.microsoft import wire as wire_module
from integrations.providers.microsoft.auth import Tokens
from integrations.providers.microsoft.checks import Lacking, roles
from integrations.providers.microsoft.provider import Microsoft365
from integrations.providers.types import Endpoints
from tests.hostile.conftest import bounded, is_fit_for_the_page, shown
from tests.hostile.corpus.answers import bomb
from tests.hostile.corpus.bodies import BODIES
from tests.hostile.corpus.headers import RETRY_AFTERS
from tests.hostile.corpus.tokens import CLAIMS, CONFIGURATIONS, TOKENS
from tests.hostile.corpus.types import TYPES
from tests.wire import CREDENTIALS, LOGIN, TENANT, configuration, signed, token

TOKEN = f"{LOGIN}/oauth2/v2.0/token"
DISCOVERY = f"{LOGIN}/v2.0/.well-known/openid-configuration"
STATUSES = [200, 201, 302, 400, 401, 500]
READABLE = [claims for claims in CLAIMS if len(json.dumps(claims)) < 20_000]


@pytest.fixture
def entra() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as entra:
        entra.get(DISCOVERY, json=configuration())
        entra.post(TOKEN, json=token("token-1"))
        yield entra


def say(
    entra: responses.RequestsMock, place: str, body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    text = body if isinstance(body, bytes) else json.dumps(body)
    entra.upsert(responses.GET if place == DISCOVERY else responses.POST, place, text, status=status, headers=headers)


def signed_in() -> str | ProviderError:
    """The token, or the error instead of it."""
    try:
        return Tokens(CREDENTIALS).get()
    except ProviderError as error:
        return error


def assert_is_token_or_sentence(found: str | ProviderError, value: Any) -> None:
    if isinstance(found, ProviderError):
        assert is_fit_for_the_page(found), shown(value)
        assert found.is_whole, shown(value)
        assert len(found.request_id) <= 100
    else:
        assert found.isascii(), shown(value)
        assert found.isprintable(), shown(value)


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("place", [DISCOVERY, TOKEN])
def test_a_hostile_body_of_the_sign_in_is_no_refusal(entra, place, status):
    for body in (*BODIES, *(json.dumps(value).encode() for value in TYPES)):
        say(entra, place, body, status)

        assert isinstance(signed_in(), Unavailable), shown(body)


@pytest.mark.parametrize("status", STATUSES)
def test_a_hostile_configuration_gives_no_token_but_a_sentence(entra, status):
    for changes in CONFIGURATIONS:
        say(entra, DISCOVERY, configuration() | changes, status)
        found = signed_in()

        assert isinstance(found, ProviderError) or "error" in changes, shown(changes)
        assert_is_token_or_sentence(found, changes)


@pytest.mark.parametrize("status", STATUSES)
def test_a_hostile_answer_in_place_of_a_token_gives_a_token_or_a_sentence(entra, status):
    for changes in TOKENS:
        say(entra, TOKEN, token("token-1") | changes, status)
        found = signed_in()

        assert_is_token_or_sentence(found, changes)
        assert found == "token-1" or isinstance(found, ProviderError)


def test_a_hostile_time_to_wait_of_the_sign_in_stops_nothing(entra):
    for value in RETRY_AFTERS:
        if value.isascii() and value.isprintable():
            say(entra, TOKEN, {"error": "temporarily_unavailable"}, 429, {"Retry-After": value})

            assert isinstance(signed_in(), Unavailable), shown(value)


@pytest.mark.parametrize("place", [DISCOVERY, TOKEN])
def test_a_bomb_of_the_sign_in_is_unavailable(entra, place, monkeypatch):
    monkeypatch.setattr(wire_module, "LARGEST", 2**20)
    say(entra, place, bomb(64), 200, {"Content-Encoding": "gzip"})

    with bounded(8 * 2**20):
        assert isinstance(signed_in(), Unavailable)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", [DISCOVERY, TOKEN])
def test_credentials_do_not_follow_a_redirect(entra, place, status):
    say(entra, place, b"", status, {"Location": "https://elsewhere.example/token"})

    assert isinstance(signed_in(), Unavailable)
    assert not [call for call in entra.calls if "elsewhere" in str(call.request.url)]


def of(claims: dict[str, Any], entra: responses.RequestsMock) -> Microsoft365:
    say(entra, TOKEN, token(signed(**claims)))
    return Microsoft365(CREDENTIALS, Endpoints())


def test_a_token_that_says_hostile_things_of_itself_names_no_other_tenant(entra):
    for claims in READABLE:
        assert of(claims, entra).resolve_tenant() == TENANT, shown(claims)


def test_a_token_with_hostile_roles_lacks_the_roles(entra):
    for claims in READABLE:
        with pytest.raises((Lacking, NeedsAdmin)):
            roles(of({"roles": []} | claims, entra), "ann")
