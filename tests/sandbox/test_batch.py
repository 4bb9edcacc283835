"""JSON batching."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.conftest import Client, course


def get(number: int | str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": url} | more


def post(number: int | str, mailbox: str, **event: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Prefer": 'IdType="ImmutableId"'}
    return {
        "id": str(number),
        "method": "POST",
        "url": f"/users/{mailbox}/events",
        "headers": headers,
        "body": course(**event),
    }


def test_every_item_gets_its_own_answer(sandbox: Client, ann: str) -> None:
    parts = sandbox.batch(post("a", ann), get("b", f"/users/{ann}/events/x"), get("c", f"users/{ann}/calendar"))

    assert {name: part["status"] for name, part in parts.items()} == {"a": 201, "b": 400, "c": 200}
    assert parts["b"]["body"]["error"]["code"] == "ErrorInvalidIdMalformed"


def test_a_deletion_has_no_body(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    parts = sandbox.batch(
        {"id": "1", "method": "DELETE", "url": f"/users/{ann}/events/{event['id'].replace('=', '%3D')}"}
    )

    assert parts["1"]["status"] == 204
    assert "body" not in parts["1"]


def test_the_order_of_the_answers_says_nothing(sandbox: Client, ann: str) -> None:
    requests = [get(number, f"/users/{ann}/calendar") for number in range(20)]

    answer = sandbox.graph("POST", "/$batch", json={"requests": requests}).json()

    order = [part["id"] for part in answer["responses"]]
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert order != sorted(order, key=int)


@pytest.mark.parametrize(
    "requests",
    [
        [],
        "none",
        [{"id": "1", "method": "GET"}],
        [get(1, "/users"), get(1, "/users")],
        [get("a", "/users"), get("A", "/users")],
        [get(number, "/users") for number in range(21)],
        [{"id": "1", "method": "POST", "url": "/users/x/events", "body": {}}],
        [get(1, "/users", dependsOn=["7"])],
        [get(1, "/users", method="BREW")],
    ],
)
def test_a_batch_that_breaks_the_rules_is_refused_whole(sandbox: Client, requests: Any) -> None:
    response = sandbox.graph("POST", "/$batch", json={"requests": requests})

    assert response.status_code == 400


def test_what_depends_on_a_failure_is_not_done(sandbox: Client, ann: str) -> None:
    parts = sandbox.batch(
        get(1, f"/users/{ann}/events/x"),
        post(2, ann) | {"dependsOn": ["1"]},
        post(3, ann, subject="Alone"),
    )

    assert [parts[name]["status"] for name in "123"] == [400, 424, 201]
    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


def test_one_item_can_be_throttled_alone(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.fault({"mailbox": "ann@school.example", "in_batch": True}, status=429, retry_after=7)

    parts = sandbox.batch(get(1, f"/users/{ann}/calendar"), get(2, f"/users/{ben}/calendar"))

    assert [parts[name]["status"] for name in "12"] == [429, 200]
    assert parts["1"]["headers"]["Retry-After"] == "7"
    assert parts["1"]["body"]["error"]["code"] == "ApplicationThrottled"


def test_an_item_can_be_left_unanswered_after_it_was_done(sandbox: Client, ann: str) -> None:
    sandbox.fault({"method": "POST", "in_batch": True, "nth": 1}, drop="after")

    parts = sandbox.batch(post(1, ann, transactionId="t-1"), get(2, f"/users/{ann}/calendar"))

    assert list(parts) == ["2"]
    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


def test_an_item_can_be_left_undone_and_unanswered(sandbox: Client, ann: str) -> None:
    sandbox.fault({"method": "POST", "in_batch": True}, drop="before")

    parts = sandbox.batch(post(1, ann))

    assert parts == {}
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_a_batch_works_on_four_items_at_a_time(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=50)
    requests = [get(number, f"/users/{ann}/calendar") for number in range(10)]

    began = time.monotonic()
    parts = sandbox.batch(*requests)
    seconds = time.monotonic() - began

    assert {part["status"] for part in parts.values()} == {200}
    assert 0.15 <= seconds < 0.4
    assert sandbox.audit()["limit_violations"] == []


def test_the_counts_tell_batches_from_what_is_in_them(sandbox: Client, ann: str) -> None:
    sandbox.batch(get(1, f"/users/{ann}/calendar"), get(2, f"/users/{ann}/calendar"))
    sandbox.graph("GET", f"/users/{ann}/calendar")

    counts = sandbox.control("GET", "requests")

    assert counts["batch"] == 1
    assert counts["in_batch"] == {"GET /users/{id}/calendar": 2}
    assert counts["plain"]["GET /users/{id}/calendar"] == 1
