"""A running sandbox, and plain clients for it: one for Graph, one for the control API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]
WINDOW = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2027-05-01T00:00:00Z"
MARKER = "String {0b7a55ee-3f0e-4a53-9d25-0c9a7d1f0b22} Name testMarker"
PEOPLE = {
    "people": [
        {"name": "Ann Lake", "mail": "ann@school.example", "aliases": ["a.lake@school.example"]},
        {"name": "Ben Hill", "mail": "ben@school.example"},
        {"name": "Cleo Reed", "mail": "cleo@school.example", "upn": "c.reed@school.example"},
    ]
}
Json = dict[str, Any]


@dataclass
class Running:
    """A sandbox process and what it said about itself."""

    process: subprocess.Popen[str]
    facts: dict[str, str]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def start(*arguments: str) -> Running:
    """Start a sandbox on a free port and wait until it can answer."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    return Running(process, json.loads(process.stdout.readline()))


@dataclass
class Client:
    """A plain HTTP client with a token, and with the control API as `control`."""

    facts: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = self.facts["ca_file"]

    def ask_token(self, *, tenant: str | None = None, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.facts["client_id"],
            "client_secret": self.facts["client_secret"],
            "scope": "https://graph.microsoft.com/.default",
        }
        url = f"{self.facts['login_url']}/{tenant or self.facts['tenant_id']}/oauth2/v2.0/token"
        return self.session.post(url, data=form | changes, timeout=10)

    def sign_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.ask_token().json()['access_token']}"

    def graph(self, method: str, path: str, *, immutable: bool = True, **kwargs: Any) -> requests.Response:
        """Send a request to Graph; `path` is relative to /v1.0, or a whole link."""
        url = path if path.startswith("https://") else f"{self.facts['graph_url']}/v1.0{path}"
        headers = ({"Prefer": 'IdType="ImmutableId"'} if immutable else {}) | kwargs.pop("headers", {})
        return self.session.request(method, url, headers=headers, timeout=10, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Json:
        """The body of a GET that must succeed."""
        response = self.graph("GET", path, **kwargs)
        assert response.status_code == 200, response.text
        return response.json()

    def create(self, mailbox: str, **event: Any) -> Json:
        """Create an event as the application."""
        response = self.graph("POST", f"/users/{mailbox}/events", json=course(**event))
        assert response.status_code == 201, response.text
        return response.json()

    def batch(self, *requests_: Json) -> dict[str, Json]:
        """The parts of a batch's answer by their ids."""
        response = self.graph("POST", "/$batch", json={"requests": list(requests_)})
        assert response.status_code == 200, response.text
        return {part["id"]: part for part in response.json()["responses"]}

    def round(self, link: str, **headers: str) -> tuple[list[Json], str]:
        """All items of a delta round, and the link to the next."""
        items: list[Json] = []
        while True:
            page = self.get(link, headers=headers)
            items += page["value"]
            if "@odata.deltaLink" in page:
                return items, page["@odata.deltaLink"]
            link = page["@odata.nextLink"]

    def first_round(self, mailbox: str, **headers: str) -> tuple[list[Json], str]:
        return self.round(f"/users/{mailbox}/calendarView/delta?{WINDOW}", **headers)

    def control(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """The JSON of an answer of the control API."""
        url = f"{self.facts['admin_url']}/_sandbox/{path}"
        response = self.session.request(method, url, json=body, timeout=10)
        assert response.status_code == status if status else response.ok, response.text
        return response.json() if response.content else None

    def as_user(self, mailbox: str, **event: Any) -> Json:
        """Add an event as the owner of the mailbox."""
        return self.control("POST", f"mailboxes/{mailbox}/events", course(**event))

    def configure(self, **settings: Any) -> None:
        self.control("POST", "settings", settings)

    def fault(self, match: Json, **effect: Any) -> Json:
        return self.control("POST", "faults", {"match": match, "effect": effect})

    def audit(self) -> Json:
        return self.control("GET", "audit")


def utc(text: str) -> dict[str, str]:
    return {"dateTime": text, "timeZone": "UTC"}


def course(**changes: Any) -> Json:
    """A small event, with changes."""
    return {
        "subject": "First aid",
        "start": utc("2026-12-01T09:00:00"),
        "end": utc("2026-12-01T10:00:00"),
    } | changes


def weekly(count: int = 4, zone: str = "W. Europe Standard Time", **changes: Any) -> Json:
    """A weekly series on Tuesdays from 1 December 2026, ten to eleven on the clocks of its zone."""
    return {
        "subject": "Weekly",
        "start": {"dateTime": "2026-12-01T10:00:00", "timeZone": zone},
        "end": {"dateTime": "2026-12-01T11:00:00", "timeZone": zone},
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
            "range": {"type": "numbered", "startDate": "2026-12-01", "numberOfOccurrences": count},
        },
    } | changes


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    found = start()
    yield found
    found.stop()


@pytest.fixture
def sandbox(running: Running) -> Client:
    """A client of a sandbox with three people and empty calendars."""
    client = Client(running.facts)
    client.control("POST", "reset", {"tenant": PEOPLE})
    client.sign_in()
    return client


@pytest.fixture
def ann(sandbox: Client) -> str:
    return sandbox.get("/users/ann@school.example")["id"]


@pytest.fixture
def ben(sandbox: Client) -> str:
    return sandbox.get("/users/ben@school.example")["id"]
