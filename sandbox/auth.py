"""Entra ID: discovery, the token endpoint with its errors, and the check of a bearer token."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from sandbox.calls import Answer
from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.world import World

GRAPH = "https://graph.microsoft.com"
NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
    'client_id="00000003-0000-0000-c000-000000000000"'
)


class Refused(Exception):
    """A request to Entra that is refused: the number behind AADSTS says why."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


# status and `error` by AADSTS number
KINDS = {
    7000215: (401, "invalid_client"),
    7000222: (401, "invalid_client"),
    7000218: (401, "invalid_client"),
    7000112: (400, "unauthorized_client"),
    700016: (400, "unauthorized_client"),
    90002: (400, "invalid_request"),
    900023: (400, "invalid_request"),
    900144: (400, "invalid_request"),
    70003: (400, "unsupported_grant_type"),
    1002012: (400, "invalid_scope"),
    70011: (400, "invalid_scope"),
    500011: (400, "invalid_resource"),
    90033: (503, "temporarily_unavailable"),
    90055: (429, "temporarily_unavailable"),
}


def error_answer(
    world: World, number: int, message: str, status: int | None = None, error: str | None = None
) -> Answer:
    """A refusal as Entra words it."""
    usual_status, usual_error = KINDS.get(number, (400, "invalid_request"))
    at = world.now().strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid4()), str(uuid4())
    text = f"AADSTS{number}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
    body = {
        "error": error or usual_error,
        "error_description": text,
        "error_codes": [number],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return Answer(status or usual_status, body, {"Content-Type": "application/json; charset=utf-8", **NO_STORE})


def discovery(world: World, tenant: str, *, v2: bool = True) -> Answer:
    """The openid-configuration of the tenant; an unknown tenant is refused."""
    try:
        check_tenant(world, tenant)
    except Refused as refusal:
        return error_answer(world, refusal.number, refusal.message, 400, "invalid_tenant")
    base = f"{world.origin}/{world.tenant_id}"
    return Answer(200, _configuration(world, base, v2))


def _configuration(world: World, base: str, v2: bool) -> Json:
    methods = ["client_secret_post", "private_key_jwt", "client_secret_basic"]
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": methods,
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/v2.0" if v2 else base,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{world.origin}/oidc/userinfo",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": world.origin.removeprefix("https://"),
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": world.origin.removeprefix("https://"),
        "rbac_url": "https://pas.windows.net",
    }


def check_tenant(world: World, tenant: str) -> None:
    if tenant.lower() not in (world.tenant_id, world.domain):
        message = (
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant."
        )
        raise Refused(90002, message)


def issue(world: World, tenant: str, form: dict[str, str], authorization: str = "") -> Answer:
    """A token for the application, or Entra's refusal."""
    try:
        check_tenant(world, tenant)
        _check_grant(form)
        _check_application(world, _credentials(form, authorization))
    except Refused as refusal:
        return error_answer(world, refusal.number, refusal.message)
    seconds = world.settings.expires_in
    token = world.token_key.sign(_claims(world, seconds))
    body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
    return Answer(200, body, {"Content-Type": "application/json; charset=utf-8", **NO_STORE})


def _check_grant(form: dict[str, str]) -> None:
    if form.get("grant_type") != "client_credentials":
        if "grant_type" not in form:
            raise Refused(900144, "The request body must contain the following parameter: 'grant_type'.")
        raise Refused(70003, f"The app requested an unsupported grant type '{form['grant_type']}'.")
    scope = form.get("scope", "")
    if not scope:
        raise Refused(900144, "The request body must contain the following parameter: 'scope'.")
    if not scope.endswith("/.default"):
        message = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        raise Refused(1002012, message)
    if scope.removesuffix("/.default").rstrip("/") != GRAPH:
        raise Refused(
            500011, f"The resource principal named {scope.removesuffix('/.default')} was not found in the tenant."
        )


def _credentials(form: dict[str, str], authorization: str) -> tuple[str, str]:
    """Client id and secret from the form, or from a Basic header."""
    if authorization.lower().startswith("basic "):
        try:
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        except ValueError:
            name = secret = ""
        return unquote(name), unquote(secret)
    if "client_id" not in form:
        raise Refused(900144, "The request body must contain the following parameter: 'client_id'.")
    return form["client_id"], form.get("client_secret", "")


def _check_application(world: World, credentials: tuple[str, str]) -> None:
    client_id, secret = credentials
    if client_id.lower() != world.client_id:
        message = (
            f"Application with identifier '{client_id}' was not found in the directory '{world.tenant_id}'. "
            "This can happen if the application has not been installed by the administrator of the tenant or consented "
            "to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
        )
        raise Refused(700016, message)
    if world.settings.app == "disabled":
        raise Refused(7000112, f"Application '{client_id}' is disabled.")
    if not secret:
        raise Refused(
            7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        )
    if secret != world.client_secret:
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client_id}'."
        )
        raise Refused(7000215, message)
    if world.settings.secret == "expired":  # noqa: S105 - a state, not a secret
        message = (
            f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new "
            "keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added "
            "security: https://aka.ms/certCreds."
        )
        raise Refused(7000222, message)


def _claims(world: World, seconds: int) -> Json:
    now = int(world.now().timestamp())
    issuer = f"https://sts.windows.net/{world.tenant_id}/"
    claims = {
        "aud": GRAPH,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "aio": "k2RgYHgs",
        "app_displayname": "Calendar Sync",
        "appid": world.client_id,
        "appidacr": "1",
        "idp": issuer,
        "idtyp": "app",
        "oid": world.principal_id,
        "rh": "0.AAAA",
        "sub": world.principal_id,
        "tid": world.tenant_id,
        "uti": uuid4().hex[:22],
        "ver": "1.0",
    }
    return claims | {"roles": list(world.settings.roles)} if world.settings.roles else claims


def bearer(world: World, authorization: str) -> Json:
    """The claims of the token that a request carries; GraphError when Graph would not take it."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Access token is empty.")
    claims = world.token_key.read(token)
    if claims is None:
        raise unauthorized("CompactToken parsing failed with error code: 80049217")
    if claims["exp"] <= world.now().timestamp():
        raise unauthorized("Lifetime validation failed, the token is expired.")
    if claims.get("aud") != GRAPH or claims.get("tid") != world.tenant_id:
        raise unauthorized("Access token validation failure. Invalid audience.")
    return claims


def unauthorized(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": CHALLENGE})


def read_form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


_NUMBERS = {"expired": 7000222, "secret": 7000215, "client": 700016, "tenant": 90002, "throttled": 90055}


def forged(world: World, effect: Json) -> Answer:
    """The token endpoint's answer to a request that a fault hits: by AADSTS number, or by a word for one."""
    token = effect.get("token", effect)
    given = token if isinstance(token, dict) else {"code": token}
    code = str(given.get("code"))
    number = int(code) if code.isdecimal() else _NUMBERS.get(code, 90033)
    found = error_answer(
        world, number, str(given.get("message") or "A fault."), given.get("status"), given.get("error")
    )
    if given.get("retry_after") is not None:
        found.headers["Retry-After"] = str(given["retry_after"])
    return found
