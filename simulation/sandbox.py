"""The sandbox as its owner, its users and its weather see it."""

from datetime import datetime
from typing import Any

import requests

from simulation.clock import Clock

Json = dict[str, Any]
DOMAIN = "northgate.example"


class Refused(Exception):
    """Outlook does not let its user do this; says why."""


class Sandbox:
    """The control API of a running sandbox, which goes by `clock`."""

    def __init__(self, line: dict[str, str], clock: Clock) -> None:
        self.line, self.clock = line, clock
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = line["ca_file"]

    def control(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """The JSON of an answer. Raises Refused where Outlook would not do that."""
        self.tell_the_time()
        return self._ask(method, path, body, query)

    def tell_the_time(self) -> None:
        """Put the sandbox's clock to ours, where ours has moved."""
        if not self.clock.is_told:
            self.clock.is_told = True
            self._ask("POST", "clock", {"frozen": True, "set": self.clock.now.isoformat()}, {})

    def _ask(self, method: str, path: str, body: Any, query: dict[str, str]) -> Any:
        url = f"{self.line['admin_url']}/_sandbox/{path}"
        answer = self.session.request(method, url, json=body, params=query, timeout=60)
        if answer.status_code == 400:
            raise Refused(answer.json()["error"]["message"])
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def items(self, name: str) -> list[Json]:
        """Singles and series in somebody's calendar, in a fixed order."""
        found = self.control("GET", f"mailboxes/{address(name)}/events")["value"]
        return sorted(found, key=lambda item: (item["start"]["dateTime"], item["subject"], item["id"]))

    def instances(self, name: str, start: datetime, end: datetime) -> list[Json]:
        """What a window of somebody's calendar shows."""
        window = {"startDateTime": start.isoformat(), "endDateTime": end.isoformat()}
        return list(self.control("GET", f"mailboxes/{address(name)}/events", expand="occurrences", **window)["value"])

    def add(self, name: str, body: Json) -> Json:
        return dict(self.control("POST", f"mailboxes/{address(name)}/events", body))

    def change(self, name: str, item_id: str, body: Json) -> None:
        self.control("PATCH", f"mailboxes/{address(name)}/events/{item_id}", body)

    def delete(self, name: str, item_id: str) -> None:
        self.control("DELETE", f"mailboxes/{address(name)}/events/{item_id}")


def address(name: str) -> str:
    return f"{name}@{DOMAIN}"
