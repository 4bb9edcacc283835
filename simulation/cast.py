"""Who is in the directory."""

from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from simulation.sandbox import address

INSTRUCTORS = ("ann", "ben", "cleo", "dev")
SPARE = ("eve", "fay")  # in the directory, and nobody's yet
ALL_NAMES = (*INSTRUCTORS, *SPARE)
IDS = {name: str(uuid5(NAMESPACE_DNS, address(name))) for name in ALL_NAMES}
NAMES = {identity: name for name, identity in IDS.items()}


def person(name: str) -> dict[str, Any]:
    """Somebody of a tenant file; their id is always the same."""
    return {"id": IDS[name], "name": name.title(), "mail": address(name), "upn": address(name)}
