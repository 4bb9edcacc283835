"""The sign-in host: which path of Entra is what, and its faults."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from sandbox import auth, discovery
from sandbox.aadsts import forged
from sandbox.batch import read_query
from sandbox.calls import Answer
from sandbox.faults import HEADER, Fault, Request, fault_of_header
from sandbox.pipeline import shaped
from sandbox.world import World

TOKEN = "oauth2/v2.0/token"  # noqa: S105 - a path, not a secret
_CONFIGURATION = ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration")
_METHODS = {TOKEN: "POST"} | dict.fromkeys((*_CONFIGURATION, "discovery/instance", "discovery/v2.0/keys"), "GET")
_COUNTED = (TOKEN, *_CONFIGURATION, "discovery/instance")


async def answer(world: World, scope: MutableMapping[str, Any], body: bytes) -> Answer | None:
    """What Entra says to a request; None when the answer is lost."""
    rest = scope["path"].strip("/").partition("/")[2].rstrip("/")
    if rest not in _METHODS:
        return Answer(404, {"error": "not_found"}, {"Content-Type": "application/json"})
    if rest in _COUNTED:
        world.audit.token[f"{_METHODS[rest]} /{rest}"] += 1
    if scope["method"] != _METHODS[rest]:
        return Answer(
            405, {"error": "method_not_allowed"}, {"Content-Type": "application/json", "Allow": _METHODS[rest]}
        )
    asked = dict(scope["headers"]).get(HEADER.encode())
    request = Request(scope["method"], scope["path"], f"/{rest}", part="token" if rest == TOKEN else "discovery")
    try:
        fault = fault_of_header(asked.decode("latin-1")) if asked else world.faults.find(request)
    except (ValueError, TypeError) as error:
        return Answer(400, {"error": "bad_input", "error_description": f"The header {HEADER}: {error}"})
    if fault is None:
        return _performed(world, scope, body)
    return await _with_fault(world, fault, lambda: _performed(world, scope, body))


def _performed(world: World, scope: MutableMapping[str, Any], body: bytes) -> Answer:
    """What Entra says when nothing goes wrong on the way."""
    tenant, _, rest = scope["path"].strip("/").partition("/")
    rest = rest.rstrip("/")
    if rest == TOKEN:
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        return auth.issue(world, tenant, auth.read_form(body), authorization)
    if rest in _CONFIGURATION:
        return discovery.configuration(world, tenant, v2=rest.startswith("v2.0"))
    if rest == "discovery/instance":
        return discovery.instances(world, read_query(scope["query_string"].decode("latin-1")))
    return Answer(200, {"keys": [world.token_key.as_jwk()]}, {"Content-Type": "application/json"})


async def _with_fault(world: World, fault: Fault, perform: Callable[[], Answer]) -> Answer | None:
    effect = fault.effect
    await world.clock.sleep(effect.get("delay") or 0)
    if "token" in effect or ("status" in effect and "body" not in effect):
        found = forged(world, effect)
        found.headers[HEADER] = fault.id
        return found
    return shaped(world, fault, perform)
