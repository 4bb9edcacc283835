"""Writing events as the application."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import MARKER, Client, course, utc, weekly

BERLIN = "W. Europe Standard Time"


def marked(value: str) -> dict[str, Any]:
    return {"singleValueExtendedProperties": [{"id": MARKER, "value": value}]}


def test_a_created_event_comes_back_with_what_exchange_makes_of_it(sandbox: Client, ann: str) -> None:
    event = sandbox.create(
        ann, subject=" First aid ", body={"contentType": "text", "content": "a < b\nc"}, **marked("1")
    )

    assert event["subject"] == "First aid"
    assert event["body"]["contentType"] == "html"
    assert "a &lt; b<br>" in event["body"]["content"]
    assert event["bodyPreview"].startswith("a < b")
    assert event["start"] == {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "UTC"}
    assert event["@odata.etag"] == f'W/"{event["changeKey"]}"'
    assert event["organizer"]["emailAddress"]["address"] == "ann@school.example"
    assert "singleValueExtendedProperties" not in event


def test_the_same_request_with_the_same_transaction_id_makes_one_event(sandbox: Client, ann: str) -> None:
    first = sandbox.create(ann, transactionId="t-1")
    again = sandbox.create(ann, transactionId="t-1")

    assert again["id"] == first["id"]
    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


def test_another_request_with_the_same_transaction_id_is_refused_and_names_the_event(sandbox: Client, ann: str) -> None:
    first = sandbox.create(ann, transactionId="t-1")

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course(subject="Other", transactionId="t-1"))

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (409, "ErrorDuplicateTransactionId")
    assert error["@event.existingEventId"] == first["id"]


def test_a_changed_event_no_longer_answers_to_its_transaction_id(sandbox: Client, ann: str) -> None:
    sandbox.configure(duplicate_transaction_existing_id=False, duplicate_transaction_status=400)
    first = sandbox.create(ann, transactionId="t-1")
    sandbox.graph("PATCH", f"/users/{ann}/events/{first['id']}", json={"subject": "Changed"})

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))

    assert response.status_code == 400
    assert "@event.existingEventId" not in response.json()["error"]


def test_a_transaction_id_belongs_to_one_mailbox(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.create(ann, transactionId="t-1")
    sandbox.create(ben, subject="Other", transactionId="t-1")

    assert len(sandbox.get(f"/users/{ben}/events")["value"]) == 1


@pytest.mark.parametrize(("remembered", "status"), [("kept", 409), ("free", 201)])
def test_whether_a_deleted_event_keeps_its_transaction_id_is_a_switch(
    sandbox: Client, ann: str, remembered: str, status: int
) -> None:
    sandbox.configure(transaction_after_delete=remembered)
    event = sandbox.create(ann, transactionId="t-1")
    sandbox.graph("DELETE", f"/users/{ann}/events/{event['id']}")

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))

    assert response.status_code == status


def test_an_event_has_two_ids_and_answers_to_both(sandbox: Client, ann: str) -> None:
    immutable = sandbox.create(ann)["id"]
    ordinary = sandbox.get(f"/users/{ann}/events", immutable=False)["value"][0]["id"]

    assert ordinary != immutable
    assert sandbox.get(f"/users/{ann}/events/{ordinary}")["id"] == immutable
    assert sandbox.get(f"/users/{ann}/events/{immutable}", immutable=False)["id"] == ordinary


@pytest.mark.parametrize("broken", ["x", "AAMkBroken=", "{id}A", "{swapped}"])
def test_an_id_that_graph_never_gave_out_is_malformed(sandbox: Client, ann: str, broken: str) -> None:
    event_id = sandbox.create(ann)["id"]
    asked = broken.format(id=event_id, swapped=event_id.swapcase())

    response = sandbox.graph("GET", f"/users/{ann}/events/{asked}")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "ErrorInvalidIdMalformed")


def test_an_id_of_another_mailbox_is_malformed(sandbox: Client, ann: str, ben: str) -> None:
    event = sandbox.create(ann)

    response = sandbox.graph("GET", f"/users/{ben}/events/{event['id']}")

    assert response.json()["error"]["code"] == "ErrorInvalidIdMalformed"


def test_a_deleted_event_is_not_found_again(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/events/{sandbox.create(ann)['id']}"

    statuses = [sandbox.graph(method, path).status_code for method in ("DELETE", "DELETE", "GET")]

    assert statuses == [204, 404, 404]


def test_a_patch_changes_what_it_names_and_the_change_key(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, location={"displayName": "Room 1"})

    changed = sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"showAs": "free"}).json()

    assert (changed["showAs"], changed["location"]["displayName"]) == ("free", "Room 1")
    assert changed["changeKey"] != event["changeKey"]


@pytest.mark.parametrize(("mode", "status"), [("honour", 412), ("ignore", 200)])
def test_whether_an_outdated_etag_matters_is_a_switch(sandbox: Client, ann: str, mode: str, status: int) -> None:
    sandbox.configure(if_match=mode)
    event = sandbox.create(ann)
    path = f"/users/{ann}/events/{event['id']}"
    sandbox.graph("PATCH", path, json={"subject": "One"}, headers={"If-Match": event["@odata.etag"]})

    response = sandbox.graph("PATCH", path, json={"subject": "Two"}, headers={"If-Match": event["@odata.etag"]})

    assert response.status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"end": utc("2026-12-01T08:00:00")},
        {"start": None},
        {"start": {"dateTime": "tomorrow", "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "Atlantis Standard Time"}},
        {"showAs": "asleep"},
        {"isAllDay": "yes"},
        {"colour": "red"},
        {"isAllDay": True},
        {"isAllDay": True, "start": utc("2026-12-01T00:00:00"), "end": utc("2026-12-01T00:00:00")},
        {"attendees": [{"type": "required"}]},
        {"singleValueExtendedProperties": [{"id": MARKER}]},
        {"recurrence": {"pattern": {"type": "hourly"}, "range": {}}},
    ],
)
def test_an_event_that_cannot_be_is_refused(sandbox: Client, ann: str, changes: dict[str, Any]) -> None:
    response = sandbox.graph("POST", f"/users/{ann}/events", json=course(**changes))

    assert response.status_code == 400
    assert response.json()["error"]["code"]


def test_times_come_in_utc_or_in_the_zone_that_is_asked_for(sandbox: Client, ann: str) -> None:
    start = {"dateTime": "2026-12-01T09:00:00", "timeZone": "Europe/Berlin"}
    path = f"/users/{ann}/events/{sandbox.create(ann, start=start)['id']}"

    plain = sandbox.get(path)
    local = sandbox.graph("GET", path, headers={"Prefer": f'outlook.timezone="{BERLIN}"'})

    assert plain["start"]["dateTime"] == "2026-12-01T08:00:00.0000000"
    assert plain["originalStartTimeZone"] == "Europe/Berlin"
    assert local.json()["start"] == {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": BERLIN}
    assert BERLIN in local.headers["Preference-Applied"]


def test_an_all_day_event_keeps_its_dates_in_every_zone(sandbox: Client, ann: str) -> None:
    start = {"dateTime": "2026-12-24T00:00:00", "timeZone": BERLIN}
    end = {"dateTime": "2026-12-25T00:00:00", "timeZone": BERLIN}
    path = f"/users/{ann}/events/{sandbox.create(ann, start=start, end=end, isAllDay=True)['id']}"

    found = sandbox.get(path, headers={"Prefer": 'outlook.timezone="Tokyo Standard Time"'})

    assert found["start"]["dateTime"] == "2026-12-24T00:00:00.0000000"
    assert found["end"]["dateTime"] == "2026-12-25T00:00:00.0000000"


def test_own_events_are_found_by_an_extended_property(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, **marked("session-1"))
    sandbox.create(ann, **marked("session-2"))
    upper = MARKER.replace("0b7a55ee", "0B7A55EE")

    query = f"$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{upper}' and ep/value eq 'SESSION-1')"
    bare = sandbox.get(f"/users/{ann}/events?{query}")["value"]
    expanded = sandbox.get(
        f"/users/{ann}/events?{query}&$select=id&$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
    )["value"]

    assert [found["id"] for found in bare] == [event["id"]]
    assert "singleValueExtendedProperties" not in bare[0]
    assert expanded[0]["singleValueExtendedProperties"] == [{"id": MARKER, "value": "session-1"}]
    assert set(expanded[0]) == {"@odata.etag", "id", "singleValueExtendedProperties"}


def test_events_are_filtered_by_start(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, subject="Early")
    sandbox.create(ann, subject="Late", start=utc("2026-12-09T09:00:00"), end=utc("2026-12-09T10:00:00"))

    found = sandbox.get(f"/users/{ann}/events?$filter=start/dateTime ge '2026-12-05T00:00:00'&$select=subject")["value"]

    assert [event["subject"] for event in found] == ["Late"]


def test_a_write_with_attendees_would_have_sent_mails(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, attendees=[{"emailAddress": {"address": "ben@school.example"}, "type": "required"}])

    mails = sandbox.audit()["mails"]

    assert [mail["to"] for mail in mails] == [["ben@school.example"]]


def test_an_event_can_be_deleted_for_good(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    response = sandbox.graph("POST", f"/users/{ann}/events/{event['id']}/permanentDelete")

    assert response.status_code == 204
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_ids_are_translated_from_one_rendering_to_the_other(sandbox: Client, ann: str) -> None:
    immutable = sandbox.create(ann)["id"]
    ordinary = sandbox.get(f"/users/{ann}/events", immutable=False)["value"][0]["id"]
    body = {"inputIds": [ordinary], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}

    response = sandbox.graph("POST", f"/users/{ann}/translateExchangeIds", json=body)

    assert response.json()["value"] == [{"sourceId": ordinary, "targetId": immutable}]


def test_the_calendar_can_be_named_in_the_path(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)
    calendar = sandbox.get(f"/users/{ann}/calendars")["value"][0]

    by_id = sandbox.get(f"/users/{ann}/calendars/{calendar['id']}/events")["value"]
    default = sandbox.get(f"/users/{ann}/calendar/events")["value"]
    wrong = sandbox.graph("GET", f"/users/{ann}/calendars/other/events")

    assert len(by_id) == len(default) == 1
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "ErrorInvalidIdMalformed")


def test_a_path_or_method_that_is_not_there_is_refused(sandbox: Client, ann: str) -> None:
    unknown = sandbox.graph("GET", f"/users/{ann}/drives")
    method = sandbox.graph("PUT", f"/users/{ann}/events", json={})
    broken = sandbox.graph("POST", f"/users/{ann}/events", data="{", headers={"Content-Type": "application/json"})

    assert (unknown.status_code, method.status_code, broken.status_code) == (404, 405, 400)


def test_changing_the_zone_of_a_series_needs_its_recurrence(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, **weekly())

    response = sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"start": utc("2026-12-01T09:00:00")})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "ErrorPropertyValidationFailure")
