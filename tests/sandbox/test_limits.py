"""Outlook's limits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Client, course


def at_once(sandbox: Client, *paths: str) -> list[requests.Response]:
    """The answers to requests that are all in flight at one time."""
    clients = [Client(sandbox.facts) for _ in paths]
    for client in clients:
        client.session.headers.update(sandbox.session.headers)
    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(lambda pair: pair[0].graph("GET", pair[1]), zip(clients, paths, strict=True)))


def test_a_fifth_request_to_one_mailbox_is_refused_and_counted(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=300)

    answers = at_once(sandbox, *[f"/users/{ann}/calendar"] * 5)

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 1
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert [found["kind"] for found in sandbox.audit()["limit_violations"]] == ["concurrency"]


def test_different_mailboxes_do_not_disturb_each_other(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.configure(latency_ms=300)

    answers = at_once(sandbox, *[f"/users/{ann}/calendar"] * 4, *[f"/users/{ben}/calendar"] * 4)

    assert {answer.status_code for answer in answers} == {200}


def test_the_limit_can_count_for_the_whole_application(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.configure(latency_ms=300, concurrency="app")

    answers = at_once(sandbox, *[f"/users/{ann}/calendar"] * 3, *[f"/users/{ben}/calendar"] * 3)

    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 2


def test_a_violation_is_counted_also_when_nothing_is_refused(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=300, refuse_over_limit=False)

    answers = at_once(sandbox, *[f"/users/{ann}/calendar"] * 6)

    assert {answer.status_code for answer in answers} == {200}
    assert len(sandbox.audit()["limit_violations"]) == 2


def test_too_many_requests_in_ten_minutes_are_refused(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=3)
    sandbox.control("POST", "clock", {"frozen": True})

    statuses = [sandbox.graph("GET", f"/users/{ann}/calendar").status_code for _ in range(4)]
    sandbox.control("POST", "clock", {"advance": 601})

    assert statuses == [200, 200, 200, 429]
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200


def calendar(sandbox: Client, mailbox: str) -> requests.Response:
    return sandbox.graph("GET", f"/users/{mailbox}/calendar")


def test_what_is_sent_while_throttled_counts_and_prolongs_it(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=2)
    sandbox.control("POST", "clock", {"set": "2027-01-01T00:00:00Z", "frozen": True})
    sandbox.sign_in()
    statuses = [calendar(sandbox, ann).status_code for _ in range(2)]
    sandbox.control("POST", "clock", {"advance": 300})
    refused = [calendar(sandbox, ann) for _ in range(2)]

    sandbox.control("POST", "clock", {"advance": 301})  # the first two are forgotten, the refused ones are not
    after = calendar(sandbox, ann)

    assert statuses == [200, 200]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert [int(answer.headers["Retry-After"]) for answer in refused] == [300, 600]
    assert after.status_code == 429


def test_who_waits_as_long_as_retry_after_says_is_let_in(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=2)
    sandbox.control("POST", "clock", {"frozen": True})
    refused = [calendar(sandbox, ann) for _ in range(3)][-1]

    sandbox.control("POST", "clock", {"advance": int(refused.headers["Retry-After"])})

    assert calendar(sandbox, ann).status_code == 200


def test_one_mailboxs_ten_minutes_are_nobody_elses(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.configure(requests_per_10_minutes=1)

    statuses = [calendar(sandbox, mailbox).status_code for mailbox in (ann, ann, ben, ben)]

    assert statuses == [200, 429, 200, 429]
    assert [found["kind"] for found in sandbox.audit()["limit_violations"]] == ["rate", "rate"]


def test_too_much_upload_in_five_minutes_is_refused(sandbox: Client, ann: str) -> None:
    sandbox.configure(upload_bytes_per_5_minutes=1000)
    body = {"contentType": "text", "content": "x" * 400}

    statuses = [sandbox.graph("POST", f"/users/{ann}/events", json=course(body=body)).status_code for _ in range(3)]
    reading = calendar(sandbox, ann)
    sandbox.control("POST", "clock", {"advance": 310})

    assert statuses == [201, 429, 429]
    assert reading.status_code == 200
    assert sandbox.graph("POST", f"/users/{ann}/events", json=course(body=body)).status_code == 201
    assert {found["kind"] for found in sandbox.audit()["limit_violations"]} == {"upload"}


def test_parts_of_a_batch_count_one_by_one(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=3)
    parts = [{"id": str(number), "method": "GET", "url": f"/users/{ann}/calendar"} for number in range(5)]

    answer = sandbox.batch(*parts)

    assert sorted(part["status"] for part in answer.values()) == [200, 200, 200, 429, 429]


def test_an_application_can_have_a_limit_over_all_mailboxes(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.configure(requests_per_10_seconds=2)
    sandbox.control("POST", "clock", {"frozen": True})
    statuses = [calendar(sandbox, mailbox).status_code for mailbox in (ann, ben, ann)]

    sandbox.control("POST", "clock", {"advance": 11})

    assert statuses == [200, 200, 429]
    assert calendar(sandbox, ann).status_code == 200


def test_open_extensions_have_a_limit_of_their_own(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.configure(extensions_per_10_seconds=1)
    sandbox.control("POST", "clock", {"frozen": True})
    extension = {"@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "example.sync", "localId": "1"}
    made = sandbox.graph("POST", f"/users/{ann}/events", json=course(extensions=[extension]))

    read = sandbox.graph("GET", f"/users/{ben}/events?$expand=extensions")

    assert (made.status_code, read.status_code) == (201, 429)
    assert calendar(sandbox, ben).status_code == 200
    assert [found["kind"] for found in sandbox.audit()["limit_violations"]] == ["extensions"]


def test_a_quota_can_have_another_code(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=1, quota_code="activityLimitReached")
    calendar(sandbox, ann)

    assert calendar(sandbox, ann).json()["error"]["code"] == "activityLimitReached"


def test_the_concurrency_limit_can_have_another_code(sandbox: Client, ann: str) -> None:
    sandbox.configure(max_concurrent=0, throttle_code="TooManyRequests")

    assert calendar(sandbox, ann).json()["error"]["code"] == "TooManyRequests"


@pytest.mark.parametrize(
    ("form", "alone", "in_batch"),
    [("seconds", "5", "5"), ("missing", None, None), ("decimal", "5", "4.249")],
)
def test_retry_after_has_many_forms(
    sandbox: Client, ann: str, form: str, alone: str | None, in_batch: str | None
) -> None:
    sandbox.configure(max_concurrent=0, throttle_retry_after=5, retry_after=form)

    answer = calendar(sandbox, ann)
    part = sandbox.batch({"id": "1", "method": "GET", "url": f"/users/{ann}/calendar"})["1"]

    assert answer.status_code == part["status"] == 429
    assert answer.headers.get("Retry-After") == alone
    assert part["headers"].get("Retry-After") == in_batch


def test_retry_after_can_be_a_date(sandbox: Client, ann: str) -> None:
    sandbox.configure(max_concurrent=0, throttle_retry_after=60, retry_after="date")
    sandbox.control("POST", "clock", {"set": "2027-01-01T00:00:00Z", "frozen": True})
    sandbox.sign_in()

    answer = calendar(sandbox, ann)

    assert parsedate_to_datetime(answer.headers["Retry-After"]).isoformat() == "2027-01-01T00:01:00+00:00"


def test_a_batch_and_other_requests_together_can_be_too_many(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=300)
    parts = [{"id": str(number), "method": "GET", "url": f"/users/{ann}/calendar"} for number in range(4)]
    other = Client(sandbox.facts)
    other.session.headers.update(sandbox.session.headers)

    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(sandbox.batch, *parts)
        while sandbox_is_idle(other):
            time.sleep(0.01)
        alone = calendar(other, ann)

    assert {part["status"] for part in batch.result().values()} == {200}
    assert alone.status_code == 429


def sandbox_is_idle(sandbox: Client) -> bool:
    return not sandbox.control("GET", "requests")["in_batch"]


def directory(sandbox: Client, query: str) -> dict[str, Any]:
    answer = sandbox.graph("GET", query, headers={"ConsistencyLevel": "eventual"})
    assert answer.status_code == 200, answer.text
    return dict(answer.headers)


@pytest.mark.parametrize(
    ("query", "units"),
    [
        ("/users", "2"),
        ("/users?$select=id", "1"),
        ("/users?$top=5", "1"),
        ("/users?$top=5&$select=id", "1"),
        ("/users?$top=100", "2"),
        ("/users/ann@school.example", "1"),
        ("/users/$count", "1"),
    ],
)
def test_the_directory_says_what_an_answer_cost(sandbox: Client, query: str, units: str) -> None:
    headers = directory(sandbox, query)

    assert headers["x-ms-resource-unit"] == units
    assert "x-ms-throttle-limit-percentage" not in headers


def test_the_directory_warns_before_it_refuses(sandbox: Client) -> None:
    sandbox.configure(directory_units=10)
    sandbox.control("POST", "clock", {"frozen": True})
    shares = [directory(sandbox, "/users").get("x-ms-throttle-limit-percentage") for _ in range(5)]

    refused = sandbox.graph("GET", "/users")
    sandbox.control("POST", "clock", {"advance": 10})

    assert shares == [None, None, None, None, "1.0"]
    assert refused.status_code == 429
    assert refused.headers["x-ms-throttle-limit-percentage"] == "1.2"
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert refused.headers["x-ms-throttle-scope"].startswith("Tenant_Application/ReadWrite/")
    assert int(refused.headers["Retry-After"]) >= 1
    assert sandbox.graph("GET", "/users").status_code == 200


@pytest.mark.parametrize("asked", [6, 12])
def test_who_waits_as_long_as_the_directory_says_is_let_in(sandbox: Client, asked: int) -> None:
    sandbox.configure(directory_units=10)
    sandbox.control("POST", "clock", {"frozen": True})
    refused = [sandbox.graph("GET", "/users") for _ in range(asked)][-1]

    sandbox.control("POST", "clock", {"advance": int(refused.headers["Retry-After"])})

    assert refused.status_code == 429
    assert sandbox.graph("GET", "/users").status_code == 200


def test_the_directorys_limit_is_not_outlooks(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=1, max_concurrent=1)

    statuses = [sandbox.graph("GET", f"/users/{ann}").status_code for _ in range(4)]

    assert statuses == [200] * 4
    assert "x-ms-resource-unit" not in calendar(sandbox, ann).headers
