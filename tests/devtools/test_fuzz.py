"""The client that sends odd requests sees what must not be; else it would find nothing, whatever there is."""

import argparse
import json
import socket
import subprocess

import pytest

from fuzz import __main__ as fuzz
from fuzz import wire
from fuzz.client import Client
from tests.wire import Said, serve


@pytest.fixture
def answering(monkeypatch):
    """A server that answers as it is told, and a client of it that has signed in."""
    with serve() as server:
        facts = {"graph_url": server.endpoints.graph_url, "tenant_id": "t", "client_id": "c", "client_secret": "s"}
        monkeypatch.setenv("CALSYNC_SANDBOX", json.dumps(facts | {"ca_file": "unused.pem"}))
        monkeypatch.setattr(Client, "sign_in", lambda self: "token")
        yield server


@pytest.mark.parametrize(
    "said",
    [
        Said(500, "NotImplementedError"),
        Said(500, {"error": {"code": "NotImplemented"}}),
        Said(501, "NotImplemented"),
        Said(501, {"error": "NotImplemented"}),
        Said(503, None),
        Said(hang_up=True),
    ],
)
def test_a_failure_that_nobody_asked_for_is_a_problem(answering, said):
    answering.say(said)
    client = Client()

    client.graph("GET", "/users")

    assert len(client.problems) == 1


@pytest.mark.parametrize(
    "said",
    [
        Said(400, {"error": {"code": "BadRequest"}}),
        Said(501, {"error": {"code": "NotImplemented"}}),
        Said(503, "<html>", {"x-sandbox-fault": "1"}),
    ],
)
def test_a_refusal_and_a_failure_that_was_asked_for_are_none(answering, said):
    answering.say(said)
    client = Client()

    client.graph("GET", "/users")

    assert client.problems == []
    assert client.statuses.total() == 1


@pytest.mark.parametrize(
    ("answer", "is_failure"),
    [(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", True), (b"HTTP/1.1 400 Bad Request\r\n\r\n", False), (b"", False)],
)
def test_what_comes_back_to_raw_garbage_is_looked_at(answer, is_failure):
    ours, theirs = socket.socketpair()
    theirs.sendall(answer)

    said = wire.speak(ours, b"garbage")

    theirs.close()
    assert said == answer
    assert bool(wire.FAILURE.match(said)) is is_failure


@pytest.mark.parametrize(("recorded", "ended", "status"), [(1, 0, 0), (1, 1, 1), (0, 0, 1), (0, 2, 2)])
def test_a_schemathesis_that_sent_nothing_has_proved_nothing(answering, monkeypatch, tmp_path, recorded, ended, status):
    recording = tmp_path / "exchanges.jsonl"
    recording.touch()

    def call(*_, **__):
        recording.write_text('{"status": 200}\n' * recorded)
        return ended

    monkeypatch.setattr(subprocess, "call", call)
    options = argparse.Namespace(recording=recording, contract="contract.json", cases=1)

    assert fuzz.made_up(Client(), options) == status
