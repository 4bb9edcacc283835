"""Garbage for the control API."""

from __future__ import annotations

from fuzz.client import JSON, Client
from fuzz.garbage import EVENT, METHODS, SERIES
from fuzz.values import MOMENTS, NASTY, RECURRENCES, SEGMENTS, TEXTS

MAILBOX = "/mailboxes/ann@school.example/events"
WRITES = (
    ("POST", "/people"),
    ("POST", MAILBOX),
    ("PATCH", f"{MAILBOX}/x"),
    ("POST", "/faults"),
    ("POST", "/settings"),
    ("POST", "/clock"),
    ("POST", "/reset"),
)
READS = ("", "/people", MAILBOX, "/faults", "/audit", "/requests", "/settings", "/nothing")
OF_A_PERSON = ("name", "mail", "upn", "id", "aliases", "user_type", "enabled", "mailbox", "events", "x")
OF_A_MATCH = ("method", "path", "mailbox", "body", "in_batch", "nth", "probability", "seed", "x")
OF_AN_EFFECT = (
    "status",
    "code",
    "message",
    "retry_after",
    "body",
    "headers",
    "drop",
    "token",
    "truncate",
    "commit",
    "x",
)


def send_all(client: Client) -> None:
    """Each endpoint with bodies and values that are none; after each, the world is made anew."""
    for method, path in WRITES:
        for text in TEXTS:
            client.send(method, f"/_sandbox{path}", data=text, headers=JSON)
        for value in NASTY:
            client.control(method, path, value)
        client.reset()
    for part in (settings, people, faults, events, paths):
        part(client)
        client.reset()


def settings(client: Client) -> None:
    """Values of a wrong type for each switch: what fits may rightly slow the sandbox down."""
    found = client.control("GET", "/settings")
    for name, usual in (found.json() if found is not None else {}).items():
        for value in NASTY:
            if type(value) is not type(usual) and not isinstance(value, int | float):
                client.control("POST", "/settings", {name: value})
    client.reset()
    for moment in MOMENTS:
        client.control("POST", "/clock", {"now": moment, "advance": moment, "at": moment})


def people(client: Client) -> None:
    for name in OF_A_PERSON:
        for value in NASTY:
            client.control("POST", "/people", {"mail": "dev@school.example", name: value})
            client.control("POST", "/reset", {"tenant": {"people": [{"mail": "dev@school.example", name: value}]}})
            client.control("POST", "/reset", {"tenant": {name: value}})
            client.control("GET", "/people")


def faults(client: Client) -> None:
    """Rules that cannot be, and requests under those that can."""
    for names, part in ((OF_A_MATCH, "match"), (OF_AN_EFFECT, "effect")):
        for name in names:
            for value in NASTY:
                rule = {"match": {"path": "/users"}, "effect": {"status": 503}, "times": 1}
                client.control("POST", "/faults", rule | {part: {name: value}})
                if part == "effect":  # whatever is taken must work
                    client.graph("GET", "/users/ben@school.example/events")
                    client.send("POST", f"/{client.facts['tenant_id']}/oauth2/v2.0/token", data=b"grant_type=x")
                client.control("DELETE", "/faults")
    for value in NASTY:
        client.control("POST", "/faults", {"match": {}, "effect": {"status": 503}, "times": value})
        client.control("DELETE", "/faults")


def events(client: Client) -> None:
    for name in (
        "subject",
        "start",
        "end",
        "recurrence",
        "exceptions",
        "cancelled",
        "attendees",
        "responseStatus",
        "organizer",
        "x",
    ):
        for value in NASTY:
            client.control("POST", MAILBOX, EVENT | {name: value})
    for recurrence in RECURRENCES:
        client.control("POST", MAILBOX, EVENT | {"recurrence": recurrence})
    client.control("POST", MAILBOX, EVENT | {"recurrence": SERIES})
    for moment in MOMENTS:
        client.control("POST", MAILBOX, EVENT | {"start": {"dateTime": moment, "timeZone": "UTC"}})
        client.send(
            "GET",
            f"/_sandbox{MAILBOX}",
            params={"expand": "occurrences", "startDateTime": moment, "endDateTime": moment},
        )
    client.send("GET", "/")


def paths(client: Client) -> None:
    for segment in SEGMENTS:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            client.send(method, f"/_sandbox/{segment}", data=b"{}", headers=JSON)
            client.send(method, f"/_sandbox/mailboxes/{segment}/events/{segment}", data=b"{}", headers=JSON)
            client.send(method, f"/{segment}", data=b"{}", headers=JSON)
    for method in METHODS:
        for path in READS:
            client.control(method, path)
