"""What schemathesis loads beside the contract: half of its requests mean people and events that exist."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import schemathesis

KNOWN: dict[str, list[str]] = json.loads(os.environ["CALSYNC_FUZZ_IDS"])
PLACES = {"user-id": "users", "event-id": "events", "calendar-id": "calendars"}
NOT_IMPLEMENTED = 501
chance = random.Random(1)  # noqa: S311 - reproducible, not secret


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Put a known id in the place of most made-up ones."""
    for name, kind in PLACES.items():
        if path_parameters and name in path_parameters and chance.random() < 0.8:
            path_parameters[name] = chance.choice(KNOWN[kind])
    return path_parameters


@schemathesis.check
def no_mistake(context: Any, response: Any, case: Any) -> None:
    """No answer is a failure of the sandbox; 501 is a refusal that Graph knows too."""
    code = response.json().get("error", {}).get("code") if response.status_code == NOT_IMPLEMENTED else ""
    if response.status_code >= 500 and code != "NotImplemented":
        raise AssertionError(f"the sandbox answered {response.status_code}: {response.text[:300]}")
