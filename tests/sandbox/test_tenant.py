"""Tenants from files, made up, and kept over a restart."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.people import generate
from sandbox.tenant import load
from sandbox.world import World
from tests.sandbox.conftest import PEOPLE, ROOT, WINDOW, Client, Running, start, weekly
from tests.sandbox.test_sign_in import ask_with, made_certificate

Starter = Callable[..., Running]


@pytest.fixture
def started() -> Iterator[Starter]:
    """Starts sandboxes that are stopped after the test."""
    processes: list[Running] = []

    def starter(*arguments: str) -> Running:
        processes.append(start(*arguments))
        return processes[-1]

    yield starter
    for found in processes:
        found.stop()


def client_of(running: Running) -> Client:
    client = Client(running.facts)
    client.sign_in()
    return client


def test_a_series_of_a_tenant_file_has_its_exceptions_and_cancelled_dates(sandbox: Client) -> None:
    zone = "W. Europe Standard Time"
    moved = {
        "start": {"dateTime": "2026-12-09T15:00:00", "timeZone": zone},
        "end": {"dateTime": "2026-12-09T16:00:00", "timeZone": zone},
    }
    series = weekly(4) | {
        "exceptions": [{"original_start": "2026-12-08", "changes": moved}],
        "cancelled": ["2026-12-15"],
    }
    sandbox.control("POST", "reset", {"tenant": {"people": [{"mail": "dora@school.example", "events": [series]}]}})

    found = sandbox.get(f"/users/dora@school.example/calendarView?{WINDOW}")["value"]

    assert [(event["type"], event["start"]["dateTime"][:16]) for event in found] == [
        ("occurrence", "2026-12-01T09:00"),
        ("exception", "2026-12-09T14:00"),
        ("occurrence", "2026-12-22T09:00"),
    ]
    assert sandbox.audit()["writes"] == []


@pytest.mark.parametrize(
    "specification",
    [
        {"people": "all"},
        {"people": [{"name": "Nobody"}]},
        {"people": [{"mail": "a@b.example", "mailbox": "full"}]},
        {"people": [{"mail": "a@b.example", "shoe": 42}]},
        {"people": [{"mail": ["a@b.example"]}]},
        {"people": [{"mail": "a@b.example", "aliases": "c@b.example"}]},
        {"people": [{"mail": "a@b.example", "aliases": [5]}]},
        {"people": [{"mail": "a@b.example", "enabled": "yes"}]},
        {"people": [{"mail": "a@b.example", "events": ["x"]}]},
        {"people": [{"mail": "a@b.example", "events": [{"subject": "Without a time"}]}]},
    ],
)
def test_a_tenant_that_makes_no_sense_is_refused(specification: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        load(World(), specification)


def test_made_up_people_have_a_realistic_load_and_are_the_same_for_the_same_seed() -> None:
    worlds = [World(), World()]
    for world in worlds:
        generate(world, 30, seed=3)

    first, second = (
        [item.facts for person in world.people.values() for item in person.mailbox.items.values()] for world in worlds
    )

    assert first == second
    assert {facts.get("showAs", "busy") for facts in first} == {"busy", "tentative", "free", "oof"}
    assert any(facts.get("sensitivity") == "private" for facts in first)
    assert any(facts.get("isAllDay") for facts in first)
    series = [item for person in worlds[0].people.values() for item in person.mailbox.items.values() if item.is_series]
    assert all(item.exceptions and item.cancelled for item in series)


def test_everything_outlives_a_restart(started: Starter, tmp_path: Path) -> None:
    (tmp_path / "tenant.json").write_text(json.dumps(PEOPLE))
    arguments = ("--tenant", str(tmp_path / "tenant.json"), "--state", str(tmp_path / "state.json"))
    before = started(*arguments)
    client = client_of(before)
    token = client.session.headers["Authorization"]
    event = client.create("ann@school.example", transactionId="t-1")
    client.create("ann@school.example", **weekly(2))
    client.as_user("ann@school.example", subject="Own")
    _, link = client.first_round("ann@school.example")
    before.stop()

    after = started(*arguments)
    again = Client(after.facts)
    again.session.headers["Authorization"] = token
    items, _ = again.round(link.replace(before.facts["graph_url"], after.facts["graph_url"]))

    same = ("tenant_id", "client_id", "client_secret", "user_id", "ca_file")
    assert {name: after.facts[name] for name in same} == {name: before.facts[name] for name in same}
    assert items == []
    assert again.create("ann@school.example", transactionId="t-1")["id"] == event["id"]
    assert len(again.get("/users/ann@school.example/events")["value"]) == 3


def test_who_was_taken_out_comes_back_with_the_calendar_after_a_restart(started: Starter, tmp_path: Path) -> None:
    (tmp_path / "tenant.json").write_text(json.dumps(PEOPLE))
    arguments = ("--tenant", str(tmp_path / "tenant.json"), "--state", str(tmp_path / "state.json"))
    before = started(*arguments)
    old = client_of(before).create("ann@school.example", subject="Old")
    client_of(before).control("DELETE", "people/ann@school.example")
    before.stop()

    again = client_of(started(*arguments))
    again.control("POST", "people", PEOPLE["people"][0])
    new = again.create("ann@school.example", subject="New")

    assert new["id"] != old["id"]
    assert again.get(f"/users/ann@school.example/events/{old['id']}")["subject"] == "Old"


def test_certificates_outlive_a_restart(started: Starter, tmp_path: Path) -> None:
    certificate = made_certificate()
    before = started("--state", str(tmp_path / "state.json"))
    Client(before.facts).control("POST", "certificates", {"certificate": certificate.pem})
    before.stop()

    again = Client(started("--state", str(tmp_path / "state.json")).facts)

    assert "access_token" in ask_with(again, {"private_key": certificate.key, "public_certificate": certificate.pem})


def test_faults_outlive_a_restart_with_what_they_have_done(started: Starter, tmp_path: Path) -> None:
    arguments = ("--people", "1", "--state", str(tmp_path / "state.json"))
    before = started(*arguments)
    client = client_of(before)
    mail = client.control("GET", "people")[1]["mail"]
    rule = {"match": {"mailbox": mail, "method": "GET"}, "effect": {"status": 503}, "times": 2}
    first = client.control("POST", "faults", rule)
    client.graph("GET", f"/users/{mail}/events")
    before.stop()

    again = client_of(started(*arguments))
    kept = again.control("GET", "faults")
    second = again.control("POST", "faults", rule)

    assert kept == [first | {"seen": 1, "applied": 1}]
    assert second["id"] != first["id"]


def test_the_state_is_saved_while_running(started: Starter, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    running = started("--state", str(state), "--people", "1")
    mail = client_of(running).control("GET", "people")[1]["mail"]
    client_of(running).as_user(mail, subject="Kept")

    deadline = time.monotonic() + 10
    while "Kept" not in state.read_text() and time.monotonic() < deadline:
        time.sleep(0.2)
    running.process.kill()
    running.process.wait(5)
    found = client_of(started("--state", str(state))).control("GET", f"mailboxes/{mail}/events")["value"]

    assert "Kept" in {event["subject"] for event in found}
    assert state.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_even_with_open_connections(started: Starter, number: int) -> None:
    running = started()
    clients = [client_of(running) for _ in range(3)]

    running.process.send_signal(number)
    status = running.process.wait(5)

    assert (status, len(clients)) == (0, 3)


def test_a_taken_port_is_said_in_a_sentence(started: Starter) -> None:
    port = started().facts["graph_url"].rpartition(":")[2]

    found = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", port],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=20,
    )

    assert found.returncode == 1
    assert found.stderr.startswith("sandbox: ")
    assert "Traceback" not in found.stderr


def test_the_generated_calendars_lie_around_today() -> None:
    world = World()
    generate(world, 5, seed=1)

    starts = [item.interval()[0].date() for person in world.people.values() for item in person.mailbox.items.values()]

    assert min(starts) < date.today() < max(starts)  # noqa: DTZ011 - which day it is here does not matter
