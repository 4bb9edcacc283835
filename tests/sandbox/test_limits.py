"""Outlook's limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.sandbox.conftest import Client


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

    statuses = [sandbox.graph("GET", f"/users/{ann}/calendar").status_code for _ in range(4)]
    sandbox.control("POST", "clock", {"advance": 601})

    assert statuses == [200, 200, 200, 429]
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200
