"""The sign-in host: which path of Entra is what, and its faults."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sandbox import auth, discovery
from sandbox.aadsts import forged
from sandbox.batch import read_query
from sandbox.calls import Answer
from sandbox.faults import HEADER, Request, fault_of_header
from sandbox.pipeline import shaped
from sandbox.world import World

TOKEN = "oauth2/v2.0/token"  # noqa: S105 - a path, not a secret
_CONFIGURATION = ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration")
_METHODS = {TOKEN: "POST"} | dict.fromkeys((*_CONFIGURATION, "discovery/instance", "discovery/v2.0/keys"), "GET")
_COUNTED = (TOKEN, *_CONFIGURATION, "discovery/instance")


async def answer(world: World, scope: MutableMapping[str, Any], body: bytes) -> Answer | None:
    """What Entra says to a request; None when the answer is lost."""
    tenant, _, rest = scope["path"].strip("/").partition("/")
    rest = rest.rstrip("/")
    if rest not in _METHODS:
        return Answer(404, {"error": "not_found"}, {"Content-Type": "application/json"})
    if rest in _COUNTED:
        world.audit.token[f"{_METHODS[rest]} /{rest}"] += 1
    if scope["method"] != _METHODS[rest]:
        return Answer(
            405, {"error": "method_not_allowed"}, {"Content-Type": "application/json", "Allow": _METHODS[rest]}
        )
    if rest == TOKEN:
        return await _token(world, scope, tenant, body)
    if rest in _CONFIGURATION:
        return discovery.configuration(world, tenant, v2=rest.startswith("v2.0"))
    if rest == "discovery/instance":
        return discovery.instances(world, read_query(scope["query_string"].decode("latin-1")))
    return Answer(200, {"keys": [world.token_key.as_jwk()]}, {"Content-Type": "application/json"})


async def _token(world: World, scope: MutableMapping[str, Any], tenant: str, body: bytes) -> Answer | None:
    authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    request = Request("POST", scope["path"], f"/{TOKEN}", is_token=True)
    asked = dict(scope["headers"]).get(HEADER.encode())
    try:
        fault = fault_of_header(asked.decode("latin-1")) if asked else world.faults.find(request)
    except (ValueError, TypeError) as error:
        return Answer(400, {"error": "bad_input", "error_description": f"The header {HEADER}: {error}"})

    def issue() -> Answer:
        return auth.issue(world, tenant, auth.read_form(body), authorization)

    if fault is None:
        return issue()
    await world.clock.sleep(fault.effect.get("delay") or 0)
    if "token" in fault.effect or ("status" in fault.effect and "body" not in fault.effect):
        found = forged(world, fault.effect)
        found.headers["x-sandbox-fault"] = fault.id
        return found
    return shaped(world, fault, issue)
