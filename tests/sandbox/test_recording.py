"""`--record`: what a client asked and was answered, as data; not what a fault made of it, and no secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import PEOPLE, Client, start

Json = dict[str, Any]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recording") / "exchanges.jsonl"


@pytest.fixture(scope="module")
def recorded(file: Path) -> Iterator[Client]:
    running = start("--record", str(file))
    client = Client(running.facts)
    client.control("POST", "reset", {"tenant": PEOPLE})
    client.sign_in()
    yield client
    running.stop()


@pytest.fixture
def client(recorded: Client) -> Iterator[Client]:
    yield recorded
    recorded.control("DELETE", "faults")


def lines(file: Path, since: int = 0) -> list[Json]:
    return [json.loads(line) for line in file.read_text().splitlines()][since:]


def said_in(file: Path, since: int) -> list[tuple[str, int]]:
    return [(line["method"], line["status"]) for line in lines(file, since)]


def test_an_exchange_is_written_with_what_was_asked_and_answered(client, file):
    before = len(lines(file))

    answer = client.graph("POST", "/users/ann@school.example/events?$select=id", json={"subject": 1})

    (line,) = lines(file, before)
    assert line["method"] == "POST"
    assert line["url"] == client.facts["graph_url"] + "/v1.0/users/ann@school.example/events?$select=id"
    assert line["req_body"] == {"subject": 1}
    assert line["req_headers"]["prefer"] == 'IdType="ImmutableId"'
    assert line["status"] == answer.status_code == 400
    assert line["resp_body"] == answer.json()
    assert line["resp_headers"]["request-id"] == answer.headers["request-id"]


def test_an_answer_without_a_body_is_written_with_none(client, file):
    event = client.create("ann@school.example")
    before = len(lines(file))

    client.graph("DELETE", f"/users/ann@school.example/events/{event['id']}")

    (line,) = lines(file, before)
    assert (line["status"], line["req_body"], line["resp_body"]) == (204, None, None)


def test_no_secret_is_written(client, file):
    before = len(lines(file))

    answer = client.ask_token()
    client.get("/users")

    token, users = lines(file, before)
    assert token["url"].endswith("/oauth2/v2.0/token")
    assert "client_secret=REDACTED" in token["req_body"]
    assert token["resp_body"]["access_token"] == users["req_headers"]["authorization"] == "REDACTED"
    assert client.facts["client_secret"] not in file.read_text()
    assert answer.json()["access_token"] not in file.read_text()


def test_the_control_api_is_not_written(client, file):
    before = len(lines(file))

    client.control("GET", "people")
    client.session.get(client.facts["admin_url"] + "/", timeout=10)

    assert said_in(file, before) == []


@pytest.mark.parametrize("effect", [{"status": 503}, {"body": {"value": 7}}, {"truncate": True}, {"delay": 0.01}])
def test_what_a_fault_shaped_is_left_out(client, file, effect):
    client.fault({"path": "/users/{id}/events"}, **effect)
    before = len(lines(file))

    client.graph("GET", "/users/ann@school.example/events")
    client.graph("GET", "/users/ann@school.example")

    assert said_in(file, before) == [("GET", 200)]
    assert lines(file, before)[0]["url"].endswith("/users/ann@school.example")


@pytest.mark.parametrize("effect", [{"status": 429, "retry_after": 1}, {"drop": "after"}])
def test_of_a_batch_the_parts_of_a_fault_are_left_out_with_their_requests(client, file, effect):
    client.fault({"path": "/users/{id}/events", "in_batch": True}, **effect)
    before = len(lines(file))

    client.batch(
        {"id": "a", "method": "GET", "url": "/users/ann@school.example/events"},
        {"id": "b", "method": "GET", "url": "/users/ann@school.example"},
    )

    (line,) = lines(file, before)
    assert [item["id"] for item in line["req_body"]["requests"]] == ["b"]
    assert [part["id"] for part in line["resp_body"]["responses"]] == ["b"]


def test_a_batch_of_which_a_fault_left_nothing_is_left_out(client, file):
    client.fault({"path": "/users/{id}/events", "in_batch": True}, status=500)
    before = len(lines(file))

    client.batch({"id": "a", "method": "GET", "url": "/users/ann@school.example/events"})

    assert said_in(file, before) == []


def test_what_is_no_json_is_written_as_text(client, file):
    before = len(lines(file))

    client.graph(
        "POST", "/users/ann@school.example/events", data=b"{\xff", headers={"Content-Type": "application/json"}
    )

    (line,) = lines(file, before)
    assert (line["status"], line["req_body"]) == (400, "{\ufffd")


def test_a_second_sandbox_adds_its_lines(client, file):
    before = len(lines(file))
    second = start("--record", str(file))

    Client(second.facts).sign_in()
    second.stop()
    client.get("/users")

    assert said_in(file, before) == [("POST", 200), ("GET", 200)]
