"""Entra ID's tokens: who gets one, what stands in it, and which of them Graph takes."""

from __future__ import annotations

import base64
import json
import random
from typing import Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import uuid4

from sandbox.aadsts import JSON_HEADERS, Refused, refusal
from sandbox.assertions import check_assertion
from sandbox.calls import Answer
from sandbox.discovery import check_tenant
from sandbox.errors import CHALLENGE, GraphError
from sandbox.items import Json
from sandbox.world import World

GRAPH = "https://graph.microsoft.com"
GRAPH_NAMES = (GRAPH, "00000003-0000-0000-c000-000000000000")
SECRET, CERTIFICATE = "1", "2"  # how the application proved who it is
WITH_CAPABILITY = 86_399  # seconds that a token lives when the client says that it understands claims challenges


def issue(world: World, tenant: str, form: dict[str, str], authorization: str = "") -> Answer:
    """A token for the application, or Entra's refusal."""
    try:
        check_tenant(world, tenant)
        _check_grant(world, form)
        proof = _check_application(world, form, authorization)
    except Refused as refused:
        return refusal(world, refused)
    return Answer(200, _token(world, form, proof), dict(JSON_HEADERS))


def _token(world: World, form: dict[str, str], proof: str) -> Json:
    settings, more = world.settings, _asked_claims(form)
    seconds = settings.expires_in or random.randint(3600, 5399)  # noqa: S311 - a lifetime, not a secret
    if more:
        seconds = WITH_CAPABILITY
    claims = claims_of(world, seconds) | more | {"appidacr": proof}
    body: Json = {"token_type": "Bearer", "expires_in": seconds}
    if settings.ext_expires_in:
        body["ext_expires_in"] = seconds
    if settings.refresh_in:
        body["refresh_in"] = settings.refresh_in
    return body | {"access_token": world.token_key.sign(claims, with_nonce=settings.token_nonce)}


def _asked_claims(form: dict[str, str]) -> Json:
    """What the claims parameter of a client with the capability cp1 brings into its token."""
    try:
        asked: Any = json.loads(form.get("claims") or "{}")
    except (ValueError, RecursionError):
        return {}
    asked = asked.get("access_token") if isinstance(asked, dict) else None
    capabilities = asked.get("xms_cc") if isinstance(asked, dict) else None
    if not isinstance(capabilities, dict) or "cp1" not in (capabilities.get("values") or ()):
        return {}
    return {"xms_cc": ["cp1"]} | ({"xms_challenged": True} if "nbf" in asked else {})


def _check_grant(world: World, form: dict[str, str]) -> None:
    for name in ("grant_type", "scope"):
        if not form.get(name):
            raise Refused(900144, name=name)
    if form["grant_type"] != "client_credentials":
        raise Refused(70003, grant=form["grant_type"])
    scope = form["scope"]
    if len(scope.split()) != 1:
        raise Refused(70011, scope=scope)
    if not scope.endswith("/.default"):
        raise Refused(1002012, scope=scope)
    resource = scope.removesuffix("/.default").rstrip("/")
    if resource not in GRAPH_NAMES:
        raise Refused(500011, resource=resource, tenant=world.tenant_id)


def _check_application(world: World, form: dict[str, str], authorization: str) -> str:
    """How the application proved who it is; Refused when it did not."""
    client, secret = _credentials(form, authorization)
    is_signed = bool(form.get("client_assertion")) and not secret
    if is_signed:
        client = check_assertion(world, form)
    if not client:
        raise Refused(900144, name="client_id")
    if client.lower() != world.client_id:
        raise Refused(700016, client=client, tenant=world.tenant_id)
    if world.settings.app == "disabled":
        raise Refused(7000112, client=client)
    if is_signed:
        return CERTIFICATE
    if not secret:
        raise Refused(7000218)
    if secret != world.client_secret:
        raise Refused(7000215, client=client)
    if world.settings.secret == "expired":  # noqa: S105 - a state, not a secret
        raise Refused(7000222, client=client)
    return SECRET


def _credentials(form: dict[str, str], authorization: str) -> tuple[str, str]:
    """Client id and secret from the form, or from a Basic header."""
    if authorization.lower().startswith("basic "):
        try:
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        except ValueError:
            name = secret = ""
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def claims_of(world: World, seconds: int) -> Json:
    """The claims of a token that lives so many seconds, with the roles of this moment."""
    now = int(world.now().timestamp())
    issuer = f"https://sts.windows.net/{world.tenant_id}/"
    claims: Json = {
        "aud": GRAPH,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "aio": "k2RgYHgs",
        "appid": world.client_id,
        "appidacr": SECRET,
        "idp": issuer,
        "oid": world.principal_id,
        "rh": "0.AAAA",
        "sub": world.principal_id,
        "tid": world.tenant_id,
        "uti": uuid4().hex[:22],
        "ver": "1.0",
        "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
        "xms_idrel": "7 32",
    }
    if world.settings.optional_claims:
        claims |= {"app_displayname": "Calendar Sync", "idtyp": "app"}
    return claims | {"roles": list(world.settings.roles)} if world.settings.roles else claims


def mint(world: World, changes: Json) -> str:
    """A token with some claims changed: the tokens that a client should never have.

    `starts_in` and `ends_in` are seconds from now; every other name is a claim, None takes it away.
    """
    claims = claims_of(world, world.settings.expires_in or 3600)
    now = int(world.now().timestamp())
    times = {"starts_in": "nbf", "ends_in": "exp"}
    for name, value in changes.items():
        if name in (*times, "nbf", "exp", "iat") and (not isinstance(value, int) or abs(value) > 10**12):
            raise ValueError(f"'{name}' is a number of seconds.")
        if name == "roles" and not (isinstance(value, list) and all(isinstance(role, str) for role in value)):
            raise ValueError("'roles' is a list of names.")
        if name == "appid" and not isinstance(value, str | None):
            raise ValueError("'appid' is a text.")
        claims[times.get(name, name)] = now + value if name in times else value
    return world.token_key.sign({name: value for name, value in claims.items() if value is not None})


def bearer(world: World, authorization: str) -> Json:
    """The claims of the token that a request carries; GraphError when Graph would not take it."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Access token is empty.")
    claims = world.token_key.read(token)
    if claims is None:
        raise unauthorized("CompactToken parsing failed with error code: 80049217")
    now = world.now().timestamp()
    if not claims["nbf"] <= now < claims["exp"]:
        raise unauthorized(_lifetime_text(world, is_early=now < claims["nbf"]))
    if claims.get("aud") not in GRAPH_NAMES or claims.get("tid") != world.tenant_id:
        raise unauthorized("Access token validation failure. Invalid audience.")
    if world.settings.insufficient_claims and "xms_cc" in claims and "xms_challenged" not in claims:
        raise _challenged(world)
    return claims


def _lifetime_text(world: World, *, is_early: bool) -> str:
    if is_early or world.settings.expired_text != "lifetime":
        return "Access token has expired or is not yet valid."
    return "Lifetime validation failed, the token is expired."


def unauthorized(message: str, more: str = "") -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": CHALLENGE + more})


def _challenged(world: World) -> GraphError:
    """Continuous access evaluation asks for a fresher token; only clients that declare cp1 ever see it."""
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(world.now().timestamp()))}}}
    claims = base64.b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()
    message = "Continuous access evaluation resulted in challenge with result: InteractionRequired."
    return unauthorized(message, f', error="insufficient_claims", claims="{claims}"')


def read_form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
