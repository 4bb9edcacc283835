"""Entra's refusals: the number behind AADSTS, and what status, word and sentence belong to it."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple
from uuid import uuid4

from sandbox.calls import Answer
from sandbox.fault_values import TOKEN_WORDS
from sandbox.items import Json
from sandbox.world import World

JSON_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store, no-cache",
    "Pragma": "no-cache",
}


class Refused(Exception):
    """A request to Entra that is refused; `values` stand in the sentence of the number."""

    def __init__(self, number: int, **values: str) -> None:
        super().__init__(f"AADSTS{number}")
        self.number = number
        self.values = values


class Kind(NamedTuple):
    """How a refusal looks: HTTP status, `error`, and the sentence."""

    status: int
    error: str
    text: str


_TRANSIENT = "A transient error has occurred. Please try again."
KINDS = {
    50027: Kind(401, "invalid_client", "JWT token is invalid or malformed."),
    50049: Kind(400, "invalid_instance", "Unknown or invalid instance."),
    53003: Kind(400, "access_denied", "Access has been blocked by Conditional Access policies."),
    70003: Kind(400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
    70011: Kind(
        400,
        "invalid_scope",
        "The provided value for the input parameter 'scope' is not valid: {scope}.",
    ),
    90002: Kind(
        400,
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    ),
    90006: Kind(503, "temporarily_unavailable", _TRANSIENT),
    90024: Kind(503, "temporarily_unavailable", _TRANSIENT),
    90033: Kind(503, "temporarily_unavailable", _TRANSIENT),
    90055: Kind(429, "temporarily_unavailable", "The tenant is throttled: it sends too many requests."),
    500011: Kind(
        400,
        "invalid_resource",
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
    ),
    530032: Kind(400, "invalid_grant", "Access has been blocked by a security policy of the tenant."),
    700016: Kind(
        400,
        "unauthorized_client",
        "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
    ),
    700021: Kind(401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."),
    700023: Kind(401, "invalid_client", "Client assertion audience claim does not match Realm issuer."),
    700024: Kind(
        401,
        "invalid_client",
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {start}, "
        "expiry time of assertion {end}.",
    ),
    700027: Kind(
        401,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application, or its "
        "signature is invalid. [Reason - {reason}., Thumbprint of key used by client: '{thumbprint}']",
    ),
    900023: Kind(
        400,
        "invalid_request",
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
    ),
    900144: Kind(400, "invalid_request", "The request body must contain the following parameter: '{name}'."),
    1002012: Kind(
        400,
        "invalid_scope",
        "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    ),
    7000112: Kind(400, "unauthorized_client", "Application '{client}'({client}) is disabled."),
    7000215: Kind(
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        "the client secret ID, for a secret added to app '{client}'.",
    ),
    7000218: Kind(
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: Kind(
        401,
        "invalid_client",
        "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for "
        "your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
    ),
    9001023: Kind(
        400,
        "invalid_grant",
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or "
        "tenant-specific endpoint.",
    ),
    9002313: Kind(400, "invalid_request", "Invalid request. Request is malformed or invalid."),
}
UNKNOWN = Kind(400, "invalid_request", "The request is refused.")


def refusal(world: World, refused: Refused, *, error: str | None = None) -> Answer:
    """The answer that tells a refusal."""
    kind = KINDS.get(refused.number, UNKNOWN)
    text = kind.text.format_map(defaultdict(lambda: "", refused.values))
    return _answer(world, refused.number, text, None, error)


def forged(world: World, effect: Json) -> Answer:
    """The token endpoint's answer to a request that a fault hits: by AADSTS number, or by a word for one."""
    token = effect.get("token", effect)
    given = token if isinstance(token, dict) else {"code": token}
    code = str(given.get("code"))
    number = int(code) if code.isdecimal() and len(code) < 10 else TOKEN_WORDS.get(code, 90033)
    names = {"client": world.client_id, "tenant": world.tenant_id}
    usual = KINDS.get(number, UNKNOWN).text.format_map(defaultdict(lambda: "", names))
    status = given.get("status") if given.get("status") in range(400, 600) else None
    found = _answer(world, number, str(given.get("message") or usual), status, given.get("error"))
    if given.get("retry_after") is not None:
        found.headers["Retry-After"] = str(given["retry_after"])
    return found


def _answer(world: World, number: int, message: str, status: int | None, error: str | None) -> Answer:
    kind, settings = KINDS.get(number, UNKNOWN), world.settings
    at = world.now().strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid4()), str(uuid4())
    apart = " " if settings.entra_separator == "space" else "\r\n"
    parts = (f"AADSTS{number}: {message}", f"Trace ID: {trace}", f"Correlation ID: {correlation}", f"Timestamp: {at}")
    body = {
        "error": error or settings.entra_errors.get(str(number), kind.error),
        "error_description": apart.join(parts),
        "error_codes": [number],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    if settings.entra_error_uri:
        body["error_uri"] = f"https://login.microsoftonline.com/error?code={number}"
    return Answer(status or settings.entra_statuses.get(str(number), kind.status), body, dict(JSON_HEADERS))
