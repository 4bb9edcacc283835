"""A client that sends anything, and notes what is wrong with the answers."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from typing import Any

import requests

SLOW = 5.0  # seconds for one answer; the machine may be busy
JSON = {"Content-Type": "application/json"}
NOT_IMPLEMENTED = 501
SCOPE = "https://graph.microsoft.com/.default"


class Client:
    """Counts the answers by status; `problems` are those that no request may get."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = json.loads(os.environ["CALSYNC_SANDBOX"])
        self.origin = self.facts["graph_url"]
        self.session = requests.Session()
        self.session.verify = self.facts["ca_file"]
        self.statuses: Counter[int] = Counter()
        self.problems: list[str] = []
        self.token = self.sign_in()

    def sign_in(self) -> str:
        form = {"grant_type": "client_credentials", "scope": SCOPE}
        form |= {name: self.facts[name] for name in ("client_id", "client_secret")}
        url = f"{self.origin}/{self.facts['tenant_id']}/oauth2/v2.0/token"
        return str(self.session.post(url, data=form, timeout=20).json()["access_token"])

    def graph(self, method: str, path: str, **kwargs: Any) -> requests.Response | None:
        """Send a request below /v1.0 with a valid token."""
        headers = {"Authorization": f"Bearer {self.token}"} | kwargs.pop("headers", {})
        return self.send(method, f"/v1.0{path}", headers=headers, **kwargs)

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response | None:
        """The answer to a request; None when there was none."""
        began = time.monotonic()
        url = requests.Request(method, self.origin + path).url
        try:
            answer = self.session.request(method, url, timeout=30, allow_redirects=False, **kwargs)
        except (requests.exceptions.InvalidHeader, UnicodeError, requests.exceptions.InvalidURL):
            return None  # it never left
        except requests.RequestException as error:
            self.note(method, path, f"no answer ({type(error).__name__})", kwargs)
            return None
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500 and not is_meant(answer):
            self.note(method, path, f"{answer.status_code} {answer.text[:200]}", kwargs)
        elif time.monotonic() - began > SLOW:
            self.note(method, path, f"took {time.monotonic() - began:.1f} s", kwargs)
        return answer

    def note(self, method: str, path: str, what: str, sent: dict[str, Any]) -> None:
        shown = {name: value for name, value in sent.items() if name != "headers"}
        self.problems.append(f"{method} {path[:200]} {repr(shown)[:300]}: {what}")

    def json(self, method: str, path: str, value: Any, **kwargs: Any) -> None:
        """Send any value as JSON, surrogates and all."""
        self.graph(method, path, data=json.dumps(value).encode(), headers=JSON | kwargs.pop("headers", {}), **kwargs)

    def control(self, method: str, path: str, value: Any = None) -> requests.Response | None:
        data = None if value is None else json.dumps(value).encode()
        return self.send(method, f"/_sandbox{path}", data=data, headers=JSON)

    def reset(self) -> None:
        """Three people with an item each, and none of the settings and faults that came before."""
        people = [{"name": name.title(), "mail": f"{name}@school.example"} for name in ("ann", "ben", "cleo")]
        self.control("DELETE", "/faults")
        self.control("POST", "/clock", {})
        self.control("POST", "/reset", {"tenant": {"people": people}})


def is_meant(answer: requests.Response) -> bool:
    """Whether a failure is one that was asked for, by a fault, or a refusal that Graph knows too."""
    if "x-sandbox-fault" in answer.headers:
        return True
    try:
        return answer.status_code == NOT_IMPLEMENTED and answer.json()["error"]["code"] == "NotImplemented"
    except (ValueError, LookupError, TypeError):
        return False
