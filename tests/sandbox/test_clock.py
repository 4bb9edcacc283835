"""The sandbox's own time."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest

from tests.sandbox.conftest import Client, course


def put(sandbox: Client, **clock: object) -> dict[str, object]:
    return dict(sandbox.control("POST", "clock", clock))


def versions(sandbox: Client, mailbox: str) -> list[str]:
    return [event["changeKey"] for event in sandbox.get(f"/users/{mailbox}/events")["value"]]


def test_a_token_expires_when_the_clock_goes_on(sandbox: Client) -> None:
    put(sandbox, advance=3500)
    before = sandbox.graph("GET", "/users")
    put(sandbox, advance=100)

    after = sandbox.graph("GET", "/users")

    assert before.status_code == 200
    assert after.status_code == 401
    assert after.json()["error"]["message"] == "Lifetime validation failed, the token is expired."


def test_ten_minutes_pass_at_once(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=2)
    put(sandbox, frozen=True)
    statuses = [sandbox.graph("GET", f"/users/{ann}/calendar").status_code for _ in range(3)]

    put(sandbox, advance=601)

    assert statuses == [200, 200, 429]
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200


def test_a_delayed_change_shows_when_its_time_has_come(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_delay_seconds=60)
    _, link = sandbox.first_round(ann)
    sandbox.as_user(ann)
    at_once, link = sandbox.round(link)

    put(sandbox, advance=61)
    later, _ = sandbox.round(link)

    assert at_once == []
    assert [item["subject"] for item in later] == ["First aid"]


def test_a_change_key_moves_once_more_when_its_time_has_come(sandbox: Client, ann: str) -> None:
    sandbox.configure(change_key_bump_seconds=2)
    put(sandbox, frozen=True)
    sandbox.create(ann)
    first = versions(sandbox, ann)

    put(sandbox, advance=1)
    second = versions(sandbox, ann)
    put(sandbox, advance=1)
    third = versions(sandbox, ann)

    assert first == second != third


def test_what_falls_due_on_the_way_is_done_at_its_own_moment(sandbox: Client, ann: str) -> None:
    sandbox.configure(change_key_bump_seconds=2, delta_delay_seconds=60)
    put(sandbox, frozen=True)
    sandbox.create(ann)
    _, link = sandbox.first_round(ann)

    put(sandbox, advance=63)  # both the write and the bump are more than a minute old by now

    assert [item["subject"] for item in sandbox.round(link)[0]] == ["First aid"]


def test_a_change_key_moves_by_itself_in_real_time(sandbox: Client, ann: str) -> None:
    sandbox.configure(change_key_bump_seconds=0.05)
    sandbox.create(ann)
    first = versions(sandbox, ann)

    time.sleep(0.3)

    assert versions(sandbox, ann) != first


def test_every_date_is_the_clocks(sandbox: Client, ann: str) -> None:
    put(sandbox, set="2027-03-01T12:00:00Z", frozen=True)
    sandbox.sign_in()

    event = sandbox.create(ann)
    refused = sandbox.graph("GET", f"/users/{ann}/events/x")

    assert parsedate_to_datetime(refused.headers["Date"]).isoformat() == "2027-03-01T12:00:00+00:00"
    assert refused.json()["error"]["innerError"]["date"] == "2027-03-01T12:00:00"
    assert event["createdDateTime"].startswith("2027-03-01T12:00:00")
    assert sandbox.audit()["writes"][0]["at"].startswith("2027-03-01T12:00:00")


def test_time_that_stands_still_makes_nobody_wait(sandbox: Client, ann: str) -> None:
    sandbox.configure(latency_ms=50_000)
    sandbox.fault({"path": "/calendar"}, delay=50)
    put(sandbox, frozen=True)

    answer = sandbox.graph("GET", f"/users/{ann}/calendar")  # gives up sooner than that

    assert answer.status_code == 200


def test_time_goes_on_from_where_it_stood(sandbox: Client) -> None:
    stood = put(sandbox, set="2027-03-01T12:00:00Z", frozen=True)
    time.sleep(0.02)
    still = sandbox.control("GET", "clock")
    going = put(sandbox, frozen=False)
    time.sleep(0.02)

    later = sandbox.control("GET", "clock")

    assert stood["now"] == still["now"] == "2027-03-01T12:00:00+00:00"
    assert "2027-03-01T12:00:00" <= str(going["now"]) < later["now"] < "2027-03-01T12:01"
    assert (still["frozen"], later["frozen"]) == (True, False)


@pytest.mark.parametrize("path", ["clock", "reset"])
def test_the_real_time_comes_back(sandbox: Client, path: str) -> None:
    put(sandbox, advance=86_400, frozen=True)

    sandbox.control("POST", path, {})

    clock = sandbox.control("GET", "clock")
    assert (clock["offset"], clock["frozen"]) == (0.0, False)
    assert sandbox.graph("GET", "/users").status_code == 200


@pytest.mark.parametrize(
    "clock", [{"advance": -1}, {"advance": 1e12}, {"set": "tomorrow"}, {"set": 5}, {"set": "1990-01-01"}]
)
def test_a_time_that_makes_no_sense_is_refused(sandbox: Client, clock: dict[str, object]) -> None:
    sandbox.control("POST", "clock", clock, status=400)


def test_a_write_is_dated_by_the_clock_also_as_the_owner(sandbox: Client, ann: str) -> None:
    put(sandbox, set="2027-03-01T12:00:00Z")

    event = sandbox.control("POST", f"mailboxes/{ann}/events", course())

    assert event["lastModifiedDateTime"].startswith("2027-03-01T12:00")
