"""The directory's limit: a bucket of resource units for each application, filled again in ten seconds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sandbox.errors import GraphError

if TYPE_CHECKING:
    from sandbox.calls import Call
    from sandbox.world import World

DIRECTORY = frozenset({"/users", "/users/$count", "/users/{id}", "/users/delta"})
FILLED_IN = 10.0  # seconds
SIZES = ((50, 3500), (501, 5000))  # units of tenants with fewer users
LARGE = 8000
WARNED_FROM, MOST_SHOWN = 0.8, 1.8
SMALL_PAGE = 20


class ResourceUnits:
    """What each application has used of its bucket."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.used: dict[str, tuple[float, float]] = {}  # units, and when that was so

    def clear(self) -> None:
        self.used.clear()

    @property
    def size(self) -> int:
        """How many units the bucket of this tenant holds."""
        people = len(self.world.people)
        usual = next((units for below, units in SIZES if people < below), LARGE)
        return self.world.settings.directory_units or usual

    def spend(self, call: Call) -> float:
        """Take what a call costs; the share of the bucket that is used. GraphError when it was empty before.

        A refused call counts like any other, up to the share that is ever shown.
        """
        now, size = self.world.now().timestamp(), self.size
        used, at = self.used.get(call.client, (0.0, now))
        left_over = max(0.0, used - max(0.0, now - at) * size / FILLED_IN)
        used = min(left_over + cost(call), MOST_SHOWN * size)
        self.used[call.client] = (used, now)
        if used > size:
            self._violated(call, (used + cost(call) - size) / size * FILLED_IN)
        return used / size

    def _violated(self, call: Call, seconds: float) -> None:
        world = self.world
        world.audit.note_violation(world.now(), "resource_units", "", round(self.used[call.client][0]))
        if world.settings.refuse_over_limit:
            headers = headers_of(call, self.used[call.client][0] / self.size) | {
                "Retry-After": str(max(1, math.ceil(seconds))),
                "x-ms-throttle-scope": f"Tenant_Application/ReadWrite/{call.client}/{world.tenant_id}",
                "x-ms-throttle-information": "ResourceUnitLimitExceeded",
            }
            raise GraphError(429, "TooManyRequests", "Too many requests.", headers)


def cost(call: Call) -> int:
    """The resource units of a call: fewer with $select or a small page, more with $expand."""
    units = 2 if call.template == "/users" else 1
    units -= "$select" in call.query
    units += "$expand" in call.query
    top = call.query.get("$top", "")
    units -= top.isdecimal() and len(top) < 3 and int(top) < SMALL_PAGE
    return max(1, units)


def headers_of(call: Call, share: float) -> dict[str, str]:
    """What the call cost, and how full the bucket is when it is nearly empty."""
    shown = {"x-ms-throttle-limit-percentage": f"{share:.1f}"} if share > WARNED_FROM else {}
    return {"x-ms-resource-unit": str(cost(call))} | shown
