"""Access tokens for an app by client credentials, over msal.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import base64
import threading
import time
from dataclasses import dataclass
from typing import Any

import msal
import requests
from msal.exceptions import MsalServiceError

from integrations.providers.errors import NeedsAdmin, ProviderError, Unavailable
from integrations.providers.microsoft.login import LoginSession
from integrations.providers.microsoft.wire import UnreadableAnswer, parsed
from integrations.providers.types import Credentials

LOGIN_HOSTS = {
    "global": "https://login.microsoftonline.com",
    "usgov": "https://login.microsoftonline.us",
    "dod": "https://login.microsoftonline.us",
    "china": "https://login.chinacloudapi.cn",
}
SCOPE_HOSTS = {
    "global": "https://graph.microsoft.com",
    "usgov": "https://graph.microsoft.us",
    "dod": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}
PASSING = {90006, 90024, 90033, 90055}  # trouble of Entra's own, or too many requests
REFUSED_FOR = 30.0  # seconds for which a refusal is not asked for again


@dataclass(frozen=True)
class Refusal:
    """What one of Entra's error codes means: the form field, why, what to do."""

    field: str
    why: str
    todo: str


REFUSALS = {
    7000215: Refusal(
        "client_secret",
        "The Client Secret is wrong.",
        "Copy the column Value of the secret, not its Secret ID. Microsoft shows it once; make a new one if need be.",
    ),
    7000222: Refusal(
        "client_secret",
        "The Client Secret has expired.",
        "Make a new secret under Certificates and secrets of the app, and enter it here.",
    ),
    700016: Refusal(
        "client_id",
        "The tenant has no app with this Client ID.",
        "Copy Application (client) ID from the app's overview, and make sure that the app belongs to this tenant.",
    ),
    7000112: Refusal("client_id", "The app is disabled.", "Enable it under Enterprise applications."),
    90002: Refusal(
        "tenant_id", "There is no tenant with this Tenant ID.", "Copy Tenant ID from the overview of Entra ID."
    ),
    900023: Refusal("tenant_id", "The Tenant ID is not valid.", "Copy Tenant ID from the overview of Entra ID."),
    53003: Refusal("", "Conditional Access blocks the app.", "Let a policy for workload identities allow it."),
}
UNKNOWN_REFUSAL = Refusal(
    "", "Microsoft refused the sign-in of the app.", "Check Tenant ID, Client ID and Client Secret."
)


class SignInRefused(NeedsAdmin):
    """Entra refused the credentials; `refusal` says which one and what to do."""

    def __init__(self, code: int, request_id: str = "") -> None:
        self.number = code
        self.refusal = REFUSALS.get(code, UNKNOWN_REFUSAL)
        label = f"AADSTS{code}" if code else "refused"
        sentence = f"{self.refusal.why} {self.refusal.todo} (Microsoft: {label})"
        super().__init__(sentence, code=label, request_id=request_id, is_whole=True)


class Tokens:
    """The access token of one app, fetched when needed and shared by the threads of a process."""

    def __init__(self, credentials: Credentials, *, login_url: str = "", verify: bool | str = True) -> None:
        self.credentials = credentials
        self.authority = f"{login_url or LOGIN_HOSTS[credentials.cloud]}/{credentials.tenant_id}"
        self.http = LoginSession(verify)
        self._app: msal.ConfidentialClientApplication | None = None
        self._refused: tuple[float, SignInRefused] | None = None
        self._lock = threading.Lock()

    def get(self) -> str:
        """A valid access token. Raises SignInRefused (asked again after REFUSED_FOR at the soonest) or Unavailable."""
        with self._lock:
            if self._refused and time.monotonic() < self._refused[0]:
                raise SignInRefused(self._refused[1].number, self._refused[1].request_id)
            try:
                return self._acquire()
            except SignInRefused as error:
                self._refused = (time.monotonic() + REFUSED_FOR, error)
                raise

    def forget(self) -> None:
        """Drop the cached token, because Graph refused it."""
        with self._lock:
            if self._app is not None:
                self._app.remove_tokens_for_client()

    def claims(self) -> dict[str, Any]:
        """What the token says of itself, for diagnosis only: it is not verified, and empty where it cannot be read."""
        _, _, payload = self.get().rpartition(".")[0].rpartition(".")
        try:
            claims = parsed(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (ValueError, UnreadableAnswer):
            return {}
        return claims if isinstance(claims, dict) else {}

    def _acquire(self) -> str:
        self.http.refusal = {}
        try:
            answer = self._client().acquire_token_for_client([f"{SCOPE_HOSTS[self.credentials.cloud]}/.default"])
        except (requests.RequestException, MsalServiceError) as error:
            raise Unavailable(
                f"Microsoft's sign-in cannot be reached ({type(error).__name__}).", is_whole=True
            ) from None
        except UnreadableAnswer as error:
            raise Unavailable(str(error), is_whole=True) from None
        except ValueError as error:  # msal: the authority's configuration was refused
            raise self._refusal(self.http.refusal) from error
        if "access_token" not in answer:
            raise self._refusal(answer)
        return str(answer["access_token"])

    def _client(self) -> msal.ConfidentialClientApplication:
        if self._app is None:
            self._app = msal.ConfidentialClientApplication(
                self.credentials.client_id,
                client_credential=self.credentials.client_secret,
                authority=self.authority,
                instance_discovery=False,
                http_client=self.http,
            )
        return self._app

    @staticmethod
    def _refusal(body: dict[str, Any]) -> ProviderError:
        """What a refusal of Entra's means; see `login.refusal_in`."""
        code = next(iter(body.get("error_codes") or ()), 0)
        if "error" not in body:
            return Unavailable("Microsoft's sign-in gave an answer that cannot be understood.", is_whole=True)
        if body["error"] == "temporarily_unavailable" or code in PASSING:
            return Unavailable("Microsoft's sign-in is not available for the moment.", is_whole=True)
        return SignInRefused(code, body["correlation_id"])
