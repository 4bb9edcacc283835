"""What nobody should ask, and was once answered with a mistake of the sandbox."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Client, weekly


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1601-01-01T00:00:00Z"])
@pytest.mark.parametrize("path", ["calendarView", "calendarView/delta"])
def test_a_window_at_an_end_of_time_is_empty(sandbox: Client, ann: str, moment: str, path: str) -> None:
    sandbox.as_user(ann, **weekly())

    answer = sandbox.graph("GET", f"/users/{ann}/{path}?startDateTime={moment}&endDateTime={moment}")

    assert answer.status_code == 200
    assert answer.json()["value"] == []


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_control_api_shows_an_empty_window_at_an_end_of_time(sandbox: Client, ann: str, moment: str) -> None:
    sandbox.as_user(ann, **weekly())

    window = f"startDateTime={moment}&endDateTime={moment}"
    found = sandbox.control("GET", f"mailboxes/{ann}/events?expand=occurrences&{window}")

    assert found["value"] == []


def test_a_fault_whose_status_is_null_is_refused(sandbox: Client) -> None:
    sandbox.control("POST", "faults", {"match": {}, "effect": {"status": None}}, status=400)


@pytest.mark.parametrize("depth", [500, 980, 100_000])
def test_nesting_that_no_reader_follows_is_refused_in_words(sandbox: Client, ann: str, depth: int) -> None:
    body = b"[" * depth + b"]" * depth

    answer = sandbox.graph("POST", f"/users/{ann}/events", data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"]
