"""Faults on demand, as a plain HTTP client meets them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.conftest import Client, course


def test_a_status_comes_instead_of_the_work(sandbox: Client, ann: str) -> None:
    fault = sandbox.fault({"method": "POST", "path": "/users/{id}/events"}, status=503, code="X", retry_after=3)

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course())

    assert (response.status_code, response.json()["error"]["code"]) == (503, "X")
    assert (response.headers["Retry-After"], response.headers["x-sandbox-fault"]) == ("3", fault["id"])
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_an_error_can_come_although_the_work_was_done(sandbox: Client, ann: str) -> None:
    sandbox.fault({"method": "POST"}, status=500, commit=True)

    sandbox.graph("POST", f"/users/{ann}/events", json=course())

    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_an_answer_can_be_lost_before_or_after_the_work(sandbox: Client, ann: str, when: str, count: int) -> None:
    sandbox.fault({"method": "POST", "nth": 1}, drop=when)

    with pytest.raises(requests.ConnectionError):
        sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))
    after_loss = len(sandbox.get(f"/users/{ann}/events")["value"])
    sandbox.create(ann, transactionId="t-1")

    assert after_loss == count
    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_the_answer_of_a_whole_batch_can_be_lost(sandbox: Client, ann: str, when: str, count: int) -> None:
    sandbox.fault({"path": "$batch", "in_batch": False}, drop=when)
    item = {
        "id": "1",
        "method": "POST",
        "url": f"/users/{ann}/events",
        "headers": {"Content-Type": "application/json"},
        "body": course(),
    }

    with pytest.raises(requests.ConnectionError):
        sandbox.graph("POST", "/$batch", json={"requests": [item]})

    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == count


def test_an_answer_can_be_html(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, status=502, body="<html>Bad Gateway</html>")

    response = sandbox.graph("GET", "/users")

    assert response.headers["Content-Type"] == "text/html"
    assert response.text == "<html>Bad Gateway</html>"


def test_an_answer_can_be_cut_off(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, truncate=True)

    response = sandbox.graph("GET", "/users")

    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_an_answer_can_be_slow(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, delay=0.2)

    began = time.monotonic()
    response = sandbox.graph("GET", "/users")

    assert response.status_code == 200
    assert time.monotonic() - began >= 0.2


def test_a_rule_hits_only_what_it_names(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.fault({"method": "GET", "mailbox": "Ann@school.example", "path": r"calendar$"}, status=500)

    statuses = [
        sandbox.graph("GET", path).status_code
        for path in (f"/users/{ann}/calendar", f"/users/{ann}/events", f"/users/{ben}/calendar")
    ]

    assert statuses == [500, 200, 200]


def test_a_rule_can_hit_the_nth_request_only(sandbox: Client) -> None:
    sandbox.fault({"path": "/users", "nth": 2}, status=500)

    assert [sandbox.graph("GET", "/users").status_code for _ in range(3)] == [200, 500, 200]


def test_a_rule_can_stop_after_some_times(sandbox: Client) -> None:
    sandbox.control("POST", "faults", {"match": {"path": "/users"}, "effect": {"status": 500}, "times": 2})

    assert [sandbox.graph("GET", "/users").status_code for _ in range(3)] == [500, 500, 200]


def test_chance_is_the_same_with_the_same_seed(sandbox: Client) -> None:
    runs = []
    for _ in range(2):
        sandbox.fault({"path": "/users", "probability": 0.5, "seed": 7}, status=500)
        runs.append([sandbox.graph("GET", "/users").status_code for _ in range(12)])
        sandbox.control("DELETE", "faults")

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_valid_token_can_be_refused_once(sandbox: Client) -> None:
    sandbox.fault({"path": "/users", "nth": 1}, status=401)

    first, second = (sandbox.graph("GET", "/users") for _ in range(2))

    assert first.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert second.status_code == 200


def test_rules_are_listed_and_lifted(sandbox: Client) -> None:
    first = sandbox.fault({"path": "/users"}, status=500)
    second = sandbox.fault({"path": "/users"}, status=503)

    sandbox.control("DELETE", f"faults/{first['id']}")

    assert [rule["id"] for rule in sandbox.control("GET", "faults")] == [second["id"]]
    assert sandbox.graph("GET", "/users").status_code == 503


@pytest.mark.parametrize(
    "rule",
    [
        {"match": {"colour": "red"}, "effect": {"status": 500}},
        {"match": {"path": "("}, "effect": {"status": 500}},
        {"match": {}, "effect": {"drop": "never"}},
        {"match": [], "effect": {}},
        {"match": {}, "effect": {"status": "500"}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(sandbox: Client, rule: object) -> None:
    sandbox.control("POST", "faults", rule, status=400)


def test_what_was_on_its_way_when_it_began_again_is_lost(sandbox: Client, ann: str) -> None:
    sandbox.fault({"method": "POST"}, delay=0.5)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(sandbox.graph, "POST", f"/users/{ann}/events", json=course())
        while "POST /users/{id}/events" not in sandbox.control("GET", "requests")["kinds"]:
            time.sleep(0.01)
        sandbox.control("POST", "reset", {"keep_people": True})

        with pytest.raises(requests.ConnectionError):
            late.result()
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_only_what_is_sent_with_a_certain_text_goes_wrong(sandbox: Client, ann: str) -> None:
    sandbox.fault({"path": "/users/{id}/events", "body": "Appendix 12"}, status=413, code="ErrorMessageSizeExceeded")

    refused = sandbox.graph("POST", f"/users/{ann}/events", json=course(body={"content": "Appendix 1 to Appendix 12"}))
    taken = sandbox.graph("POST", f"/users/{ann}/events", json=course(body={"content": "Appendix 1"}))

    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "ErrorMessageSizeExceeded")
    assert taken.status_code == 201
