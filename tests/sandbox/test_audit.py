"""What the audit tells of writes."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Client, Json, course, weekly

KEYS = {
    "writes", "foreign_writes", "duplicates", "limit_violations", "mails", "user_mails", "transaction_reuse",
}  # fmt: skip


def invited(*names: str) -> Json:
    return {
        "attendees": [{"emailAddress": {"address": f"{name}@school.example"}, "type": "required"} for name in names]
    }


def patch(sandbox: Client, mailbox: str, event: Json, **changes: Any) -> None:
    answer = sandbox.graph("PATCH", f"/users/{mailbox}/events/{event['id']}", json=changes)
    assert answer.status_code == 200, answer.text


def mails(sandbox: Client, key: str = "mails") -> list[tuple[str, list[str]]]:
    return [(mail["kind"], mail["to"]) for mail in sandbox.audit()[key]]


def forget(sandbox: Client) -> None:
    sandbox.control("DELETE", "audit")


def test_nothing_is_in_a_new_audit(sandbox: Client) -> None:
    assert sandbox.audit() == {key: [] for key in KEYS}


def test_every_write_stands_there_with_before_and_after(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, transactionId="t-1")
    patch(sandbox, ann, event, subject="Other")
    sandbox.graph("DELETE", f"/users/{ann}/events/{event['id']}")

    made, changed, deleted = sandbox.audit()["writes"]

    assert [entry["method"] for entry in (made, changed, deleted)] == ["POST", "PATCH", "DELETE"]
    assert (made["before"], made["after"]["subject"]) == (None, "First aid")
    assert (changed["before"]["subject"], changed["after"]["subject"]) == ("First aid", "Other")
    assert (deleted["before"]["subject"], deleted["after"]) == ("Other", None)
    assert {(entry["own"], entry["who"], entry["transaction_id"]) for entry in (made, changed, deleted)} == {
        (True, "app", "t-1")
    }


def test_a_write_to_what_somebody_else_made_is_foreign(sandbox: Client, ann: str) -> None:
    event = sandbox.as_user(ann)
    patch(sandbox, ann, event, subject="Taken over")

    audit = sandbox.audit()

    assert [(entry["own"], entry["event_id"]) for entry in audit["foreign_writes"]] == [(False, event["id"])]
    assert audit["writes"][-1] == audit["foreign_writes"][0]


def test_two_events_that_say_to_be_the_same_are_duplicates(sandbox: Client, ann: str) -> None:
    marker = {"id": "String {0b7a55ee-3f0e-4a53-9d25-0c9a7d1f0b22} Name testMarker", "value": "1"}
    first, second = (sandbox.create(ann, singleValueExtendedProperties=[marker]) for _ in range(2))

    (found,) = sandbox.audit()["duplicates"]

    assert sorted(found["event_ids"]) == sorted([first["id"], second["id"]])
    assert found["value"] == "1"


def test_a_transaction_id_that_comes_again_is_told_with_whether_the_body_is_the_same(
    sandbox: Client, ann: str, ben: str
) -> None:
    event = sandbox.create(ann, transactionId="t-1")
    sandbox.create(ann, transactionId="t-1")
    refused = sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1", subject="Other"))
    sandbox.create(ben, transactionId="t-1")

    reuse = sandbox.audit()["transaction_reuse"]

    assert refused.status_code == 409
    assert [(entry["same_body"], entry["event_id"]) for entry in reuse] == [(True, event["id"]), (False, event["id"])]
    assert {entry["mailbox"] for entry in reuse} == {"ann@school.example"}
    assert len(sandbox.audit()["writes"]) == 2


def test_f17_an_event_without_attendees_mails_nobody(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    patch(sandbox, ann, event, subject="Other")
    sandbox.graph("DELETE", f"/users/{ann}/events/{event['id']}")

    assert mails(sandbox) == []


def test_f17_who_is_invited_gets_an_invitation(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **invited("ben", "cleo"))

    assert mails(sandbox) == [("invitation", ["ben@school.example", "cleo@school.example"])]


def test_f17_a_change_is_told_to_every_attendee(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, **invited("ben", "cleo"))
    forget(sandbox)

    patch(sandbox, ann, event, subject="Other")

    assert mails(sandbox) == [("update", ["ben@school.example", "cleo@school.example"])]


def test_f17_a_change_of_attendees_alone_is_told_to_those_whom_it_concerns(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, **invited("ben", "cleo"))
    forget(sandbox)

    patch(sandbox, ann, event, **invited("cleo", "dan"))

    assert mails(sandbox) == [("invitation", ["dan@school.example"]), ("cancellation", ["ben@school.example"])]


def test_f17_a_change_of_attendees_and_of_more_is_told_to_all(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, **invited("ben"))
    forget(sandbox)

    patch(sandbox, ann, event, subject="Other", **invited("ben", "dan"))

    assert mails(sandbox) == [("invitation", ["dan@school.example"]), ("update", ["ben@school.example"])]


@pytest.mark.parametrize("path", ["", "/cancel", "/permanentDelete"])
def test_f17_a_deletion_by_the_organizer_is_a_cancellation(sandbox: Client, ann: str, path: str) -> None:
    event = sandbox.create(ann, **invited("ben"))
    forget(sandbox)

    answer = delete(sandbox, ann, event, path)

    assert answer.ok, answer.text
    assert mails(sandbox) == [("cancellation", ["ben@school.example"])]


def delete(sandbox: Client, mailbox: str, event: Json, path: str) -> requests.Response:
    url = f"/users/{mailbox}/events/{event['id']}{path}"
    return sandbox.graph("POST", url, json={}) if path else sandbox.graph("DELETE", url)


def test_f17_a_deleted_occurrence_is_cancelled_for_its_attendees(sandbox: Client, ann: str) -> None:
    series = sandbox.create(ann, **weekly(), **invited("ben"))
    window = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z"
    occurrence = sandbox.get(f"/users/{ann}/events/{series['id']}/instances?{window}")["value"][1]
    forget(sandbox)

    sandbox.graph("DELETE", f"/users/{ann}/events/{occurrence['id']}")

    assert mails(sandbox) == [("cancellation", ["ben@school.example"])]


def test_f17_an_attendees_own_copy_is_changed_and_deleted_without_a_word(sandbox: Client, ann: str) -> None:
    event = sandbox.as_user(ann, isOrganizer=False, **invited("ann", "ben"))
    forget(sandbox)

    patch(sandbox, ann, event, showAs="free")
    sandbox.graph("DELETE", f"/users/{ann}/events/{event['id']}")

    assert mails(sandbox) == []
    assert len(sandbox.audit()["foreign_writes"]) == 2


def test_mails_of_the_owners_own_writes_stand_apart(sandbox: Client, ann: str) -> None:
    sandbox.as_user(ann, **invited("ben"))

    assert mails(sandbox) == []
    assert mails(sandbox, "user_mails") == [("invitation", ["ben@school.example"])]


def test_a_violation_of_a_limit_names_its_kind_and_mailbox(sandbox: Client, ann: str) -> None:
    sandbox.configure(requests_per_10_minutes=1, refuse_over_limit=False)
    for _ in range(2):
        assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200

    (violation,) = sandbox.audit()["limit_violations"]

    assert (violation["kind"], violation["mailbox"], violation["count"]) == ("rate", "ann@school.example", 2)


def test_requests_that_are_refused_at_the_door_are_counted_too(sandbox: Client, ann: str) -> None:
    sandbox.control("DELETE", "requests")
    sandbox.graph("GET", f"/users/{ann}/events", headers={"Authorization": "Bearer x"})
    sandbox.graph("POST", "/$batch", headers={"Authorization": "Bearer x"}, json={})
    sandbox.graph("POST", f"/users/{ann}/events", data="{")

    counts = sandbox.control("GET", "requests")

    assert counts["plain"] == {"GET /users/{id}/events": 1, "POST /$batch": 1, "POST /users/{id}/events": 1}
    assert counts["statuses"] == {"401": 2, "400": 1}
    assert (counts["total"], counts["batch"]) == (3, 1)
