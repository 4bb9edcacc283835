"""The control API: what users do, what the sandbox saw, and how it begins again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import MARKER, PEOPLE, ROOT, WINDOW, Client, course, utc, weekly


def marked(value: str) -> dict[str, Any]:
    return {"singleValueExtendedProperties": [{"id": MARKER, "value": value}]}


def test_a_users_item_is_an_event_of_graph(sandbox: Client, ann: str) -> None:
    event = sandbox.as_user("ann@school.example", subject="Dentist", sensitivity="private")

    assert sandbox.get(f"/users/{ann}/events/{event['id']}")["subject"] == "Dentist"


def test_a_user_may_have_items_that_the_application_could_not_make(sandbox: Client, ann: str) -> None:
    response = {"response": "declined", "time": "2026-11-22T10:00:00Z"}
    sandbox.as_user(ann, isCancelled=True, responseStatus=response, originalStartTimeZone="tzone://Microsoft/Custom")

    event = sandbox.get(f"/users/{ann}/events")["value"][0]

    assert (event["isCancelled"], event["responseStatus"]["response"]) == (True, "declined")
    assert event["originalStartTimeZone"] == "tzone://Microsoft/Custom"


@pytest.mark.parametrize(
    "odd",
    [
        {"originalStartTimeZone": 5},
        {"organizer": "me"},
        {"organizer": {"emailAddress": {"name": "Zoe"}}},
        {"responseStatus": "accepted"},
        {"onlineMeeting": "here"},
        {"isCancelled": "perhaps"},
        {"iCalUId": 7},
    ],
)
def test_what_no_event_can_have_is_refused_to_its_owner_too(sandbox: Client, ann: str, odd: dict[str, Any]) -> None:
    sandbox.control("POST", "mailboxes/ann@school.example/events", course(**odd), status=400)

    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_somebody_elses_meeting_without_an_organizer_can_be_answered(sandbox: Client, ann: str) -> None:
    event = sandbox.as_user(ann, isOrganizer=False)

    answer = sandbox.graph("POST", f"/users/{ann}/events/{event['id']}/accept", json={"sendResponse": True})

    assert answer.status_code == 202
    assert sandbox.audit()["mails"] == []


def test_a_users_edit_of_an_item_of_the_application_is_no_foreign_write(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    sandbox.control("PATCH", f"mailboxes/ann@school.example/events/{event['id']}", {"subject": "Mine now"})

    audit = sandbox.audit()
    assert [write["who"] for write in audit["writes"]] == ["app", "user"]
    assert (audit["writes"][1]["before"]["subject"], audit["writes"][1]["after"]["subject"]) == (
        "First aid",
        "Mine now",
    )
    assert audit["foreign_writes"] == []


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_of_the_application_to_a_users_item_is_a_foreign_write(sandbox: Client, ann: str, method: str) -> None:
    event = sandbox.as_user(ann)

    sandbox.graph(
        method, f"/users/{ann}/events/{event['id']}", json={"subject": "Taken"} if method == "PATCH" else None
    )

    found = sandbox.audit()["foreign_writes"]
    assert [(write["method"], write["event_id"]) for write in found] == [(method, event["id"])]


def test_two_items_of_the_application_with_one_marker_are_a_duplicate_while_both_stand(
    sandbox: Client, ann: str, ben: str
) -> None:
    first = sandbox.create(ann, **marked("1"))
    sandbox.create(ann, **marked("1"))
    sandbox.create(ben, **marked("1"))

    standing = sandbox.audit()["duplicates"]
    sandbox.graph("DELETE", f"/users/{ann}/events/{first['id']}")

    assert [(found["mailbox"], found["value"], len(found["event_ids"])) for found in standing] == [
        ("ann@school.example", "1", 2)
    ]
    assert sandbox.audit()["duplicates"] == []


def test_a_copy_that_a_user_made_is_no_duplicate(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **marked("1"))
    sandbox.as_user(ann, **marked("1"))

    assert sandbox.audit()["duplicates"] == []


def test_a_users_calendar_is_listed_as_items_or_as_occurrences(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **weekly(3, **marked("1")))

    items = sandbox.control("GET", f"mailboxes/{ann}/events")["value"]
    occurrences = sandbox.control("GET", f"mailboxes/{ann}/events?expand=occurrences&{WINDOW}")["value"]

    assert [event["type"] for event in items] == ["seriesMaster"]
    assert items[0]["singleValueExtendedProperties"] == [{"id": MARKER, "value": "1"}]
    assert [event["type"] for event in occurrences] == ["occurrence"] * 3


def test_a_users_mistake_is_refused_with_graphs_code(sandbox: Client, ann: str) -> None:
    answer = sandbox.control("POST", f"mailboxes/{ann}/events", course(end=utc("2020-01-01T00:00:00")), status=400)

    assert answer["error"]["code"] == "ErrorPropertyValidationFailure"


def test_nobody_has_a_calendar_under_an_unknown_address(sandbox: Client) -> None:
    sandbox.control("GET", "mailboxes/nobody@school.example/events", status=404)


def test_a_reset_empties_calendars_audit_faults_and_settings(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    _, link = sandbox.first_round(ann)
    sandbox.fault({"path": "/users"}, status=500)
    sandbox.configure(latency_ms=5)

    sandbox.control("POST", "reset")

    assert sandbox.get(f"/users/{ann}/events")["value"] == []
    assert sandbox.audit()["writes"] == []
    assert sandbox.control("GET", "settings")["latency_ms"] == 0
    assert sandbox.graph("GET", link).status_code == 410
    assert sandbox.graph("GET", f"/users/{ann}/events/{event['id']}").status_code == 404


def test_a_reset_with_a_tenant_replaces_the_people_and_gives_no_id_out_twice(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    sandbox.control("POST", "reset", {"tenant": {"domain": "other.example", "people": PEOPLE["people"][:1]}})
    again = sandbox.create(ann)

    mails = [person["mail"] for person in sandbox.control("GET", "people")]
    assert mails == ["planning@other.example", "ann@school.example"]
    assert again["id"] != event["id"]


def test_a_reset_can_empty_the_directory(sandbox: Client) -> None:
    sandbox.control("POST", "reset", {"keep_people": False})

    assert [person["name"] for person in sandbox.control("GET", "people")] == ["Planning"]


@pytest.mark.parametrize("settings", [{"colour": "red"}, {"latency_ms": "slow"}, {"delta_duplicates": 1}])
def test_a_setting_that_makes_no_sense_is_refused(sandbox: Client, settings: dict[str, Any]) -> None:
    answer = sandbox.control("POST", "settings", settings, status=400)

    assert next(iter(settings)) in answer["error"]["message"]


def test_the_sandbox_says_who_it_is(sandbox: Client) -> None:
    assert sandbox.control("GET", "") == sandbox.facts


def test_the_page_shows_people_and_calendars_without_a_script(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, subject="<b>Course</b>")
    sandbox.configure()

    people = sandbox.session.get(f"{sandbox.facts['admin_url']}/", timeout=10)
    calendar = sandbox.session.get(f"{sandbox.facts['admin_url']}/?person={ann}", timeout=10)

    assert "Ann Lake" in people.text
    assert "<script" not in people.text + calendar.text
    assert "style-src 'self'" in people.headers["Content-Security-Policy"]
    assert "<b>Course" not in calendar.text


def test_every_answer_of_graph_carries_the_ids_of_its_request(sandbox: Client) -> None:
    response = sandbox.graph("GET", "/users/nobody", headers={"client-request-id": "mine"})

    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["request-id"])
    assert response.headers["client-request-id"] == "mine"
    assert response.json()["error"]["innerError"]["request-id"]


def test_every_setting_is_in_the_readme(sandbox: Client) -> None:
    readme = (ROOT / "sandbox" / "README.md").read_text()

    missing = [name for name in sandbox.control("GET", "settings") if f"`{name}`" not in readme]

    assert missing == []


def test_a_visitor_of_the_page_adds_and_removes_an_item_as_the_owner(sandbox: Client, ann: str) -> None:
    page = f"{sandbox.facts['admin_url']}/?person={ann}"
    day = datetime.now(UTC) + timedelta(days=1)
    item = {"subject": "Dentist", "start": f"{day:%Y-%m-%dT09:00}", "end": f"{day:%Y-%m-%dT10:00}"}

    added = sandbox.session.post(page, data=item, timeout=10)
    (event,) = sandbox.control("GET", f"mailboxes/{ann}/events")["value"]
    removed = sandbox.session.post(page, data={"remove": event["id"]}, timeout=10)

    assert "Dentist" in added.text
    assert event["start"]["dateTime"].startswith(item["start"])
    assert "Dentist</td>" not in removed.text


def test_a_visitor_of_the_page_refuses_the_application_and_lets_it_in_again(sandbox: Client, ann: str) -> None:
    page = f"{sandbox.facts['admin_url']}/?person={ann}"

    closed = sandbox.session.post(page, data={"mailbox": "refused"}, timeout=10)
    refused = sandbox.graph("GET", f"/users/{ann}/events").status_code
    opened = sandbox.session.post(page, data={"mailbox": "ok"}, timeout=10)
    answered = sandbox.graph("GET", f"/users/{ann}/events").status_code

    assert (refused, answered) == (403, 200)
    assert "Let the application in again" in closed.text
    assert "Refuse the application" in opened.text
