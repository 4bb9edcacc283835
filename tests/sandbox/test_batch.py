"""JSON batching."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.conftest import WINDOW, Client, course


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
        [get(1, "/users"), {"id": "2", "method": "POST", "url": "/users/x/events/y/permanentDelete"}],
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


def quickest(sandbox: Client, requests: list[dict[str, Any]]) -> float:
    """Seconds that a batch takes, on a machine that has other things to do as well."""
    took = []
    for _ in range(3):
        began = time.monotonic()
        sandbox.batch(*requests)
        took.append(time.monotonic() - began)
    return min(took)


def test_a_batch_works_on_four_items_at_a_time(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=50)
    requests = [get(number, f"/users/{ann}/calendar") for number in range(10)]

    parts = sandbox.batch(*requests)

    assert {part["status"] for part in parts.values()} == {200}
    assert sandbox.audit()["limit_violations"] == []
    assert 3 * 0.05 <= quickest(sandbox, requests) < 10 * 0.05


def test_the_counts_tell_batches_from_what_is_in_them(sandbox: Client, ann: str) -> None:
    sandbox.batch(get(1, f"/users/{ann}/calendar"), get(2, f"/users/{ann}/calendar"))
    sandbox.graph("GET", f"/users/{ann}/calendar")

    counts = sandbox.control("GET", "requests")

    assert counts["batch"] == 1
    assert counts["in_batch"] == {"GET /users/{id}/calendar": 2}
    assert counts["plain"]["GET /users/{id}/calendar"] == 1


def test_a_post_without_content_needs_an_empty_body(sandbox: Client, ann: str) -> None:
    item = {"id": "1", "method": "POST", "url": f"/users/{ann}/events/{sandbox.create(ann)['id']}/permanentDelete"}

    refused = sandbox.graph("POST", "/$batch", json={"requests": [item]})
    parts = sandbox.batch(item | {"headers": {"Content-Type": "application/json"}, "body": {}})

    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "Write request id : 1 does not contain Content-Type header or body."
    assert parts["1"]["status"] == 204


def in_turn(mailbox: str) -> list[dict[str, Any]]:
    return [get(1, f"/users/{mailbox}/calendar"), get(2, f"/users/{mailbox}/calendar", dependsOn=["1"])]


@pytest.mark.parametrize(("batches", "is_fine"), [(4, True), (5, False)])
def test_four_batches_that_go_one_by_one_may_run_at_once(
    sandbox: Client, ann: str, batches: int, is_fine: bool
) -> None:
    sandbox.configure(latency_ms=200)
    clients = [Client(sandbox.facts) for _ in range(batches)]
    for client in clients:
        client.session.headers.update(sandbox.session.headers)

    with ThreadPoolExecutor(batches) as pool:
        answers = list(pool.map(lambda client: client.batch(*in_turn(ann)), clients))

    statuses = {part["status"] for parts in answers for part in parts.values()}
    assert (429 not in statuses) == is_fine


def test_a_parts_own_authorization_counts_for_nothing(sandbox: Client, ann: str) -> None:
    parts = sandbox.batch(get(1, f"/users/{ann}/calendar", headers={"Authorization": "Bearer nonsense"}))

    assert parts["1"]["status"] == 200


def test_a_link_in_a_part_can_be_followed_outside_of_the_batch(sandbox: Client, ann: str) -> None:
    for _ in range(3):
        sandbox.as_user(ann)
    url = f"/users/{ann}/calendarView/delta?{WINDOW}"

    part = sandbox.batch(get(1, url, headers={"Prefer": "odata.maxpagesize=1"}))["1"]

    assert part["body"]["@odata.nextLink"].startswith("https://")
    assert sandbox.get(part["body"]["@odata.nextLink"])["value"]


@pytest.mark.parametrize("code", ["MaximumValueExceeded", "BadRequest"])
def test_a_batch_of_21_is_refused_with_the_code_that_is_wanted(sandbox: Client, code: str) -> None:
    sandbox.configure(large_batch_code=code)

    answer = sandbox.graph("POST", "/$batch", json={"requests": [get(number, "/users") for number in range(21)]})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"] == "Number of batch request steps exceeds the maximum value of 20."


def test_the_refusal_of_a_dependent_can_have_no_body(sandbox: Client, ann: str) -> None:
    sandbox.configure(failed_dependency_body=False)

    parts = sandbox.batch(get(1, f"/users/{ann}/events/x"), post(2, ann) | {"dependsOn": ["1"]})

    assert parts["2"]["status"] == 424
    assert "body" not in parts["2"]


def test_what_depends_on_something_makes_the_batch_go_one_by_one(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=60)
    items = [get(number, f"/users/{ann}/calendar") for number in range(3)]

    began = time.monotonic()
    sandbox.batch(*items, get(3, f"/users/{ann}/calendar", dependsOn=["0"]))

    assert time.monotonic() - began >= 4 * 0.06


@pytest.mark.parametrize(("count", "rounds"), [(1, 1), (4, 1), (5, 2), (20, 5)])
def test_a_batch_takes_as_long_as_its_rounds_of_four(sandbox: Client, ann: str, count: int, rounds: int) -> None:
    sandbox.configure(latency_ms=40)
    items = [get(number, f"/users/{ann}/calendar") for number in range(count)]

    assert rounds * 0.04 <= quickest(sandbox, items) < rounds * 0.04 + 0.2


def test_jitter_makes_some_answers_later_than_others(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=1, jitter_ms=60)

    seconds = [sandbox.graph("GET", f"/users/{ann}/calendar").elapsed.total_seconds() for _ in range(8)]

    assert max(seconds) - min(seconds) > 0.01


def test_an_answer_that_lacks_a_part_says_so(sandbox: Client, ann: str) -> None:
    sandbox.fault({"in_batch": True, "nth": 1}, drop="before")

    answer = sandbox.graph("POST", "/$batch", json={"requests": [get(1, f"/users/{ann}/calendar")]})

    assert answer.json() == {"responses": []}
    assert answer.headers["x-sandbox-lost"] == "1"


def test_a_part_that_a_fault_shaped_says_so(sandbox: Client, ann: str, ben: str) -> None:
    fault = sandbox.fault({"mailbox": ann, "in_batch": True}, status=503, body="<html></html>")

    parts = sandbox.batch(get(1, f"/users/{ann}/calendar"), get(2, f"/users/{ben}/calendar"))

    assert parts["1"]["headers"]["x-sandbox-fault"] == fault["id"]
    assert parts["1"]["headers"]["Content-Type"] == "text/html"
    assert parts["1"]["body"] == "<html></html>"
    assert "x-sandbox-fault" not in parts["2"]["headers"]


def test_a_batch_over_four_megabytes_is_refused_unless_more_is_allowed(sandbox: Client, ann: str) -> None:
    item = post(1, ann, body={"contentType": "text", "content": "x" * 4_300_000})

    refused = sandbox.graph("POST", "/$batch", json={"requests": [item]})
    sandbox.configure(max_body_bytes=8_000_000)
    taken = sandbox.graph("POST", "/$batch", json={"requests": [item]})

    assert refused.status_code == 413
    assert taken.status_code == 200
