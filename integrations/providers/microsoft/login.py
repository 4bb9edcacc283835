"""The HTTP client that msal is handed. What it passes on is short and of the shape that msal expects, or an error.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from integrations.providers.microsoft.errors import retry_after, word
from integrations.providers.microsoft.wire import DirectSession, UnreadableAnswer, content_of, parsed

TIMEOUT = (5, 20)  # seconds to connect, to read
CONFIGURATION = ("issuer", "authorization_endpoint", "token_endpoint")
URL = re.compile(r"https://[!-~]{1,2000}")
TOKEN = re.compile(r"[!-~]{1,32768}")
LONGEST_LIFE = 7 * 86_400  # seconds of a token


@dataclass(frozen=True)
class Answered:
    """An answer as msal reads it."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise requests.HTTPError(f"HTTP status {self.status_code}")


class LoginSession:
    """Every call passes `verify` and `timeout`, and raises UnreadableAnswer for what cannot be from Entra.

    `refusal` keeps the last body of a 4xx, because msal's own error does not carry it.
    """

    def __init__(self, verify: bool | str) -> None:
        self.session = DirectSession()
        self.verify = verify
        self.refusal: dict[str, Any] = {}

    def get(self, url: str, **kwargs: Any) -> Answered:
        return self._ask("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> Answered:
        return self._ask("POST", url, kwargs)

    def close(self) -> None:
        self.session.close()

    def _ask(self, method: str, url: str, kwargs: dict[str, Any]) -> Answered:
        own: dict[str, Any] = {"verify": self.verify, "timeout": TIMEOUT, "allow_redirects": False, "stream": True}
        response = self.session.request(method, url, **kwargs, **own)
        status, content = response.status_code, content_of(response)
        pause = retry_after(response.headers)
        headers = {} if pause is None else {"Retry-After": str(int(pause))}
        if status >= 500:
            return Answered(status, "", headers)
        told = told_by(method, status, parsed(content))
        self.refusal = told if status >= 400 else {}
        return Answered(status if self.refusal else 200, json.dumps(told), headers)


def told_by(method: str, status: int, body: Any) -> dict[str, Any]:
    """What an answer of Entra's tells; a GET asks for the configuration, a POST for a token."""
    told: dict[str, Any] = {}
    if isinstance(body, dict) and status >= 400:
        told = refusal_in(body)
    elif isinstance(body, dict) and 200 <= status < 300:
        told = configuration_in(body) if method == "GET" else token_in(body)
    if not told:
        raise UnreadableAnswer("Microsoft's sign-in gave an answer that cannot be understood.")
    return told


def configuration_in(body: Mapping[str, Any]) -> dict[str, str]:
    """Where the sign-in is, or nothing where `body` does not say it."""
    places = {name: body.get(name) for name in CONFIGURATION}
    return {name: str(place) for name, place in places.items()} if all(map(is_url, places.values())) else {}


def is_url(value: object) -> bool:
    if not isinstance(value, str) or not URL.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def token_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """The token that `body` holds and how long it lives, or nothing where it can be none."""
    token, life = body.get("access_token"), str(body.get("expires_in"))[:20]
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        return {}
    lives = {"expires_in": min(int(life), LONGEST_LIFE)} if life.isascii() and life.isdigit() else {}
    return {"token_type": "Bearer", "access_token": token, **lives}


def refusal_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """What Entra says against the credentials in `body`; nothing where it says nothing."""
    if not word(body.get("error")):
        return {}
    codes = body.get("error_codes")
    known = [code for code in codes if type(code) is int and 0 < code < 10**9] if isinstance(codes, list) else []
    request_id = word(body.get("correlation_id")) or word(body.get("trace_id"))
    return {"error": word(body["error"]), "error_codes": known, "correlation_id": request_id}
