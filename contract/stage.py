"""The sandbox that the clients work with, and its control API."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

PEOPLE = 7
DOMAIN = "school.example"
MARKER = "String {0b7a55ee-3f0e-4a53-9d25-0c9a7d1f0b22} Name contractMarker"
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=3)
WINDOW = (START - timedelta(days=10), START + timedelta(days=60))


class Stage:
    """A running sandbox with seven people and empty calendars."""

    def __init__(self, facts: dict[str, str]) -> None:
        self.facts = facts
        self.root = f"{facts['graph_url']}/v1.0"
        self.ca_file = facts["ca_file"]

    @classmethod
    def of_the_environment(cls) -> Stage:
        """The sandbox that `./dev contract` has started."""
        return cls(json.loads(os.environ["CALSYNC_SANDBOX"]))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.facts['admin_url']}/_sandbox/{path}"
        answer = requests.request(method, url, json=body, verify=self.ca_file, timeout=20)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reset(self) -> None:
        people = [{"name": f"Person {number}", "mail": address(number)} for number in range(PEOPLE)]
        self.control("POST", "reset", {"tenant": {"people": people}})

    def ids(self) -> list[str]:
        """The object ids of everybody in the directory."""
        return sorted(person["id"] for person in self.control("GET", "people"))

    def add(self, number: int, subject: str, day: int = 0, **more: Any) -> Any:
        """Put an item into somebody's calendar as its owner."""
        start = START + timedelta(days=day)
        body = {"subject": subject, "start": utc(start), "end": utc(start + timedelta(hours=1)), **more}
        return self.control("POST", f"mailboxes/{address(number)}/events", body)

    def fault(self, match: dict[str, Any], times: int | None = None, **effect: Any) -> None:
        self.control("POST", "faults", {"match": match, "effect": effect, "times": times})

    def counted(self) -> dict[str, int]:
        """How many requests of each kind there were."""
        found: dict[str, int] = self.control("GET", "requests")["kinds"]
        return found


def address(number: int) -> str:
    return f"person{number}@{DOMAIN}"


def utc(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.isoformat(), "timeZone": "UTC"}
