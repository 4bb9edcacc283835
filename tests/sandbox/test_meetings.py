"""Meetings, and what the owner of a mailbox does behind an application's back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import MARKER, WINDOW, Client, course, weekly

Json = dict[str, Any]
HOST = {"emailAddress": {"name": "Host", "address": "host@elsewhere.example"}}


def invited(sandbox: Client, mailbox: str, **event: Any) -> Json:
    return sandbox.control("POST", f"mailboxes/{mailbox}/invitations", course(organizer=HOST, **event))


def test_an_invitation_is_somebody_elses_meeting(sandbox: Client, ann: str) -> None:
    event = sandbox.get(f"/users/{ann}/events/{invited(sandbox, ann)['id']}")

    assert (event["isOrganizer"], event["organizer"]) == (False, HOST)
    assert event["responseStatus"]["response"] == "notResponded"
    assert event["showAs"] == "tentative"
    assert [entry["emailAddress"]["address"] for entry in event["attendees"]] == ["ann@school.example"]


@pytest.mark.parametrize(
    ("action", "response", "shown"),
    [("accept", "accepted", "busy"), ("tentativelyAccept", "tentativelyAccepted", "tentative")],
)
def test_an_application_answers_an_invitation(
    sandbox: Client, ann: str, action: str, response: str, shown: str
) -> None:
    path = f"/users/{ann}/events/{invited(sandbox, ann)['id']}"

    answer = sandbox.graph("POST", f"{path}/{action}", json={"comment": "Fine", "sendResponse": True})
    event = sandbox.get(path)

    assert (answer.status_code, answer.content) == (202, b"")
    assert (event["responseStatus"]["response"], event["showAs"]) == (response, shown)
    assert [mail["to"] for mail in sandbox.audit()["mails"]] == [["host@elsewhere.example"]]


def test_a_declined_invitation_goes(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/events/{invited(sandbox, ann)['id']}"

    answer = sandbox.graph("POST", f"{path}/decline", json={"sendResponse": False})

    assert answer.status_code == 202
    assert sandbox.graph("GET", path).status_code == 404
    assert sandbox.audit()["mails"] == []


@pytest.mark.parametrize("action", ["accept", "decline", "tentativelyAccept"])
def test_nobody_answers_their_own_event(sandbox: Client, ann: str, action: str) -> None:
    event = sandbox.create(ann)

    answer = sandbox.graph("POST", f"/users/{ann}/events/{event['id']}/{action}", json={})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ErrorInvalidRequest")


def test_an_answer_with_unknown_words_is_refused(sandbox: Client, ann: str) -> None:
    event = invited(sandbox, ann)

    answer = sandbox.graph("POST", f"/users/{ann}/events/{event['id']}/accept", json={"mood": "good"})

    assert answer.status_code == 400


def test_only_the_organizer_cancels_a_meeting(sandbox: Client, ann: str) -> None:
    own, foreign = sandbox.create(ann), invited(sandbox, ann)

    done = sandbox.graph("POST", f"/users/{ann}/events/{own['id']}/cancel", json={"comment": "Rain"})
    refused = sandbox.graph("POST", f"/users/{ann}/events/{foreign['id']}/cancel", json={})

    assert done.status_code == 202
    assert sandbox.graph("GET", f"/users/{ann}/events/{own['id']}").status_code == 404
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].endswith("You need to be an organizer to cancel a meeting.")


def test_a_meeting_that_its_organizer_called_off_stays_and_says_so(sandbox: Client, ann: str) -> None:
    event = invited(sandbox, ann)
    sandbox.control("POST", f"mailboxes/{ann}/events/{event['id']}/accept", {"sendResponse": False})

    sandbox.control("POST", f"mailboxes/{ann}/events/{event['id']}/called-off")
    found = sandbox.get(f"/users/{ann}/events/{event['id']}")

    assert (found["isCancelled"], found["subject"], found["showAs"]) == (True, "Canceled: First aid", "free")


def test_the_same_meeting_has_one_ical_uid_in_two_mailboxes(sandbox: Client, ann: str, ben: str) -> None:
    own = sandbox.create(ann, **weekly(2))
    invited(sandbox, ben, **weekly(2), iCalUId=own["iCalUId"])

    here, there = (sandbox.get(f"/users/{who}/calendarView?{WINDOW}")["value"] for who in (ann, ben))

    assert [event["iCalUId"] for event in here] == [event["iCalUId"] for event in there]
    assert len({event["iCalUId"] for event in here} | {own["iCalUId"]}) == 3


def test_an_attendee_changes_their_own_copy(sandbox: Client, ann: str) -> None:
    event = invited(sandbox, ann)

    changed = sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"subject": "Mine"})

    assert (changed.status_code, changed.json()["isOrganizer"]) == (200, False)


def test_an_owner_edits_moves_and_deletes_an_item(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    _, link = sandbox.first_round(ann)
    later = {"start": {"dateTime": "2026-12-02T09:00:00", "timeZone": "UTC"}}
    later["end"] = {"dateTime": "2026-12-02T10:00:00", "timeZone": "UTC"}

    sandbox.control("PATCH", f"mailboxes/{ann}/events/{event['id']}", later | {"subject": "Changed"})
    changed, link = sandbox.round(link)
    sandbox.control("DELETE", f"mailboxes/{ann}/events/{event['id']}")
    gone, _ = sandbox.round(link)

    assert changed[0]["start"]["dateTime"] == "2026-12-02T09:00:00.0000000"
    assert changed[0]["subject"] == "Changed"
    assert "@removed" in gone[0]


def test_an_owner_deletes_one_occurrence_of_which_a_round_tells_only_the_series(sandbox: Client, ann: str) -> None:
    series = sandbox.as_user(ann, **weekly(3))
    items, link = sandbox.first_round(ann)
    sandbox.control("DELETE", f"mailboxes/{ann}/events/{items[2]['id']}")

    news, _ = sandbox.round(link)
    left = sandbox.get(f"/users/{ann}/events/{series['id']}/instances?{WINDOW}")["value"]
    master = sandbox.get(f"/users/{ann}/events/{series['id']}?$select=subject,cancelledOccurrences")

    assert [(item["id"], item["type"]) for item in news] == [(series["id"], "seriesMaster")]
    assert news[0]["changeKey"] != series["changeKey"]
    assert [event["id"] for event in left] == [items[1]["id"], items[3]["id"]]
    assert len(master["cancelledOccurrences"]) == 1


@pytest.mark.parametrize("is_kept", [True, False])
def test_whether_a_copy_has_the_extended_properties_is_a_switch(sandbox: Client, ann: str, is_kept: bool) -> None:
    sandbox.configure(copies_keep_properties=is_kept)
    event = sandbox.create(ann, transactionId="t-1", singleValueExtendedProperties=[{"id": MARKER, "value": "x"}])

    copy = sandbox.control("POST", f"mailboxes/{ann}/events/{event['id']}/copy", {})

    assert (copy["subject"], copy["start"]) == (event["subject"], event["start"])
    assert copy["id"] != event["id"]
    assert copy["iCalUId"] != event["iCalUId"]
    assert copy["transactionId"] is None
    assert ("singleValueExtendedProperties" in copy) is is_kept


@pytest.mark.parametrize("is_kept", [True, False])
def test_whether_an_owners_change_leaves_the_extended_properties_is_a_switch(
    sandbox: Client, ann: str, is_kept: bool
) -> None:
    sandbox.configure(edits_keep_properties=is_kept)
    event = sandbox.create(ann, singleValueExtendedProperties=[{"id": MARKER, "value": "x"}])
    path = f"/users/{ann}/events/{event['id']}"

    by_application = sandbox.graph("PATCH", path, json={"subject": "First"}).status_code
    still = sandbox.get(f"{path}?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')")
    changed = sandbox.control("PATCH", f"mailboxes/{ann}/events/{event['id']}", {"subject": "Second"})

    assert by_application == 200
    assert "singleValueExtendedProperties" in still
    assert ("singleValueExtendedProperties" in changed) is is_kept


def test_an_owners_change_of_one_occurrence_leaves_the_properties_of_the_series(sandbox: Client, ann: str) -> None:
    sandbox.configure(edits_keep_properties=False)
    series = sandbox.create(ann, **weekly(3), singleValueExtendedProperties=[{"id": MARKER, "value": "x"}])
    shown = sandbox.control("GET", f"mailboxes/{ann}/events?expand=occurrences")["value"]

    sandbox.control("PATCH", f"mailboxes/{ann}/events/{shown[1]['id']}", {"subject": "Second"})

    (found,) = sandbox.control("GET", f"mailboxes/{ann}/events")["value"]
    assert found["id"] == series["id"]
    assert found["singleValueExtendedProperties"] == [{"id": MARKER, "value": "x"}]


def test_a_copy_of_a_series_has_its_exceptions(sandbox: Client, ann: str) -> None:
    series = sandbox.as_user(ann, **weekly(3))
    items, _ = sandbox.first_round(ann)
    sandbox.control("PATCH", f"mailboxes/{ann}/events/{items[1]['id']}", {"subject": "Long"})
    copy = sandbox.control("POST", f"mailboxes/{ann}/events/{series['id']}/copy", {})

    found = sandbox.get(f"/users/{ann}/events/{copy['id']}/instances?{WINDOW}")["value"]

    assert [event["subject"] for event in found] == ["Long", "Weekly", "Weekly"]


def test_a_deleted_item_comes_back_with_the_same_immutable_id(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    ordinary = sandbox.get(f"/users/{ann}/events", immutable=False)["value"][0]["id"]
    sandbox.graph("DELETE", f"/users/{ann}/events/{event['id']}")
    _, link = sandbox.first_round(ann)

    restored = sandbox.control("POST", f"mailboxes/{ann}/events/{event['id']}/restore")
    items, _ = sandbox.round(link)

    assert restored["id"] == event["id"] == items[0]["id"]
    assert sandbox.get(f"/users/{ann}/events", immutable=False)["value"][0]["id"] != ordinary


def test_what_was_deleted_for_good_does_not_come_back(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    sandbox.graph("POST", f"/users/{ann}/events/{event['id']}/permanentDelete")

    answer = sandbox.control("POST", f"mailboxes/{ann}/events/{event['id']}/restore", status=404)

    assert answer["error"]["code"] == "ErrorItemNotFound"


def test_a_change_key_moves_although_nothing_changes(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    touched = sandbox.control("POST", f"mailboxes/{ann}/events/{event['id']}/touch")

    assert touched["changeKey"] != event["changeKey"]
    assert touched["lastModifiedDateTime"] == event["lastModifiedDateTime"]
