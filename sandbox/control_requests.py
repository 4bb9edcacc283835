"""What the endpoints of the control API read from a request."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from sandbox.bodies import read_json
from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.mailbox import Person
from sandbox.world import World


async def body_of(request: Request) -> Json:
    """The JSON object of a request; ValueError when it is none."""
    body: Any = read_json(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("A JSON object is expected.")  # noqa: TRY004 - one error for bad input
    return body


def person_of(world: World, request: Request) -> Person:
    """The person whom the path names; GraphError when there is nobody."""
    person = world.find(request.path_params["mail"])
    if person is None:
        raise GraphError(404, "ErrorInvalidUser", f"Nobody here has the address '{request.path_params['mail']}'.")
    return person
