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


@pytest.mark.parametrize("is_null", [True, False])
def test_whether_an_event_without_a_transaction_id_says_null_is_a_switch(
    sandbox: Client, ann: str, is_null: bool
) -> None:
    sandbox.configure(transaction_id_null=is_null)

    event = sandbox.create(ann)

    assert ("transactionId" in event) is is_null
    assert sandbox.create(ann, transactionId="t-1")["transactionId"] == "t-1"


def test_a_transaction_id_cannot_be_changed(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/events/{sandbox.create(ann, transactionId='t-1')['id']}"

    changed = sandbox.graph("PATCH", path, json={"transactionId": "t-2"}).json()

    assert changed["transactionId"] == "t-1"


def test_the_same_request_again_may_be_refused_too(sandbox: Client, ann: str) -> None:
    sandbox.configure(transaction_repost="refuse")
    first = sandbox.create(ann, transactionId="t-1")

    error = sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1")).json()["error"]

    assert (error["code"], error["@event.existingEventId"]) == ("ErrorDuplicateTransactionId", first["id"])


@pytest.mark.parametrize("is_immutable", [True, False])
def test_a_refusal_names_the_event_by_the_kind_of_id_that_is_preferred(
    sandbox: Client, ann: str, is_immutable: bool
) -> None:
    event = sandbox.create(ann, transactionId="t-1")
    asked = sandbox.get(f"/users/{ann}/events", immutable=is_immutable)["value"][0]["id"]

    body = course(subject="Other", transactionId="t-1")
    error = sandbox.graph("POST", f"/users/{ann}/events", json=body, immutable=is_immutable).json()["error"]

    assert error["@event.existingEventId"] == asked
    assert (asked == event["id"]) is is_immutable


def test_a_transaction_id_may_count_for_the_tenant_or_be_too_long(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.configure(transaction_scope="tenant", transaction_id_longest=36)
    sandbox.create(ann, transactionId="t-1")

    elsewhere = sandbox.graph("POST", f"/users/{ben}/events", json=course(transactionId="t-1"))
    long = sandbox.graph("POST", f"/users/{ben}/events", json=course(transactionId="t" * 37))

    assert elsewhere.json()["error"]["code"] == "ErrorDuplicateTransactionId"
    assert long.status_code == 400


def test_a_refused_etag_may_have_the_status_409(sandbox: Client, ann: str) -> None:
    sandbox.configure(if_match_status=409)
    path = f"/users/{ann}/events/{sandbox.create(ann)['id']}"

    refused = [sandbox.graph(method, path, json={}, headers={"If-Match": 'W/"x"'}) for method in ("PATCH", "DELETE")]
    fresh = sandbox.graph("DELETE", path, headers={"If-Match": sandbox.get(path)["@odata.etag"]})

    assert [response.status_code for response in refused] == [409, 409]
    assert refused[0].json()["error"]["code"] == "ErrorIrresolvableConflict"
    assert fresh.status_code == 204


def test_a_fault_can_be_a_conflict_of_two_writes(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/events/{sandbox.create(ann)['id']}"
    sandbox.fault({"method": "PATCH", "nth": 1}, status=409)

    first, second = (sandbox.graph("PATCH", path, json={"subject": "New"}) for _ in range(2))

    assert (first.status_code, first.json()["error"]["code"]) == (409, "ErrorIrresolvableConflict")
    assert (second.status_code, second.json()["subject"]) == (200, "New")


def test_what_is_read_only_is_ignored(sandbox: Client, ann: str) -> None:
    said = {
        "id": "mine", "changeKey": "mine", "iCalUId": "mine", "webLink": "mine",
        "createdDateTime": "2020-01-01T00:00:00Z",
        "isCancelled": True, "isOrganizer": False, "hasAttachments": True, "isDraft": True, "type": "occurrence",
        "bodyPreview": "mine", "originalStartTimeZone": "mine", "seriesMasterId": "mine", "onlineMeetingUrl": "mine",
        "responseStatus": {"response": "declined"}, "organizer": {"emailAddress": {"address": "x@elsewhere.example"}},
    }  # fmt: skip

    event = sandbox.create(ann, **said)

    assert [name for name, value in said.items() if event[name] == value] == []


def test_a_new_event_has_the_defaults_of_exchange(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    assert {
        "isReminderOn": True, "reminderMinutesBeforeStart": 15, "showAs": "busy", "sensitivity": "normal",
        "importance": "normal", "responseRequested": True, "hideAttendees": False, "allowNewTimeProposals": True,
        "isOrganizer": True, "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "type": "singleInstance", "seriesMasterId": None, "recurrence": None, "onlineMeeting": None, "locations": [],
        "isAllDay": False, "isCancelled": False, "attendees": [], "categories": [], "transactionId": None,
    }.items() <= event.items()  # fmt: skip
    assert "originalStart" not in event
    assert "cancelledOccurrences" not in event
    assert event["webLink"].endswith("&exvsurl=1&path=/calendar/item")


@pytest.mark.parametrize(("shape", "expected"), [("full", "default"), ("bare", None)])
def test_how_no_place_looks_is_a_switch(sandbox: Client, ann: str, shape: str, expected: str | None) -> None:
    sandbox.configure(empty_location=shape)

    event = sandbox.create(ann)

    assert (event["location"]["displayName"], event["location"].get("locationType")) == ("", expected)


GUID = "{66f5a359-4659-4638-81a3-d1d2b2f5c5b4}"


@pytest.mark.parametrize(
    ("property_id", "status"),
    [
        (f"String {GUID} Name OurAppEventId", 201),
        (f"Integer {GUID.upper()} Id 0x8012", 201),
        ("String 0x4001001E", 201),
        ("OurAppEventId", 400),
        (f"String {GUID[1:-1]} Name OurAppEventId", 400),
        (f"String {GUID} OurAppEventId", 400),
    ],
)
def test_an_extended_property_has_an_id_of_one_of_three_forms(
    sandbox: Client, ann: str, property_id: str, status: int
) -> None:
    event = course(singleValueExtendedProperties=[{"id": property_id, "value": "7"}])

    response = sandbox.graph("POST", f"/users/{ann}/events", json=event)

    assert response.status_code == status


def test_a_recurrence_may_come_without_what_says_nothing(sandbox: Client, ann: str) -> None:
    sandbox.configure(recurrence_defaults=False)

    found = sandbox.create(ann, **weekly(4))["recurrence"]

    assert found["pattern"] == {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]}
    assert found["range"] == {
        "type": "numbered",
        "startDate": "2026-12-01",
        "recurrenceTimeZone": BERLIN,
        "numberOfOccurrences": 4,
    }


@pytest.mark.parametrize("code", ["RequestBodyRead", "BadRequest"])
@pytest.mark.parametrize("body", [b'{"subject": ', b'{"showAs": "asleep"}', b'{"colour": "red"}'])
def test_the_code_of_a_body_that_cannot_be_read_is_a_switch(sandbox: Client, ann: str, body: bytes, code: str) -> None:
    sandbox.configure(unreadable_code=code)

    headers = {"Content-Type": "application/json"}
    response = sandbox.graph("POST", f"/users/{ann}/events", data=body, headers=headers)

    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_the_code_that_a_fault_names_is_no_matter_of_that_switch(sandbox: Client, ann: str) -> None:
    sandbox.configure(unreadable_code="BadRequest")
    sandbox.fault({"path": "/events"}, status=400, code="RequestBodyRead")

    response = sandbox.graph("GET", f"/users/{ann}/events")

    assert response.json()["error"]["code"] == "RequestBodyRead"


def test_a_location_and_locations_follow_each_other(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/events/{sandbox.create(ann, location={'displayName': 'Room 1'})['id']}"
    rooms = [{"displayName": "Room 2"}, {"displayName": "Room 3"}]

    one = sandbox.get(path)
    several = sandbox.graph("PATCH", path, json={"locations": rooms}).json()
    again = sandbox.graph("PATCH", path, json={"location": {"displayName": "Room 4"}}).json()

    assert [place["displayName"] for place in one["locations"]] == ["Room 1"]
    assert several["location"]["displayName"] == "Room 2; Room 3"
    assert [place["displayName"] for place in again["locations"]] == ["Room 4"]


def test_the_zones_of_an_event_stay_those_in_which_it_was_made(sandbox: Client, ann: str) -> None:
    start = {"dateTime": "2026-12-01T09:00:00", "timeZone": BERLIN}
    path = f"/users/{ann}/events/{sandbox.create(ann, start=start)['id']}"

    changed = sandbox.graph("PATCH", path, json={"start": utc("2026-12-01T08:30:00")}).json()

    assert (changed["originalStartTimeZone"], changed["originalEndTimeZone"]) == (BERLIN, "UTC")


def test_an_event_in_utc_may_name_its_zone_otherwise(sandbox: Client, ann: str) -> None:
    sandbox.configure(original_utc_zone="tzone://Microsoft/Utc")

    event = sandbox.create(ann)

    assert event["originalStartTimeZone"] == "tzone://Microsoft/Utc"
    assert event["start"]["timeZone"] == "UTC"


@pytest.mark.parametrize("zone", ["Customized Time Zone", "", None])
def test_an_item_of_an_owner_may_have_an_odd_name_for_its_zone_or_none(
    sandbox: Client, ann: str, zone: str | None
) -> None:
    path = f"/users/{ann}/events/{sandbox.as_user(ann, originalStartTimeZone=zone)['id']}"

    event = sandbox.get(path)

    assert event["originalStartTimeZone"] == zone
    assert event["start"] == utc("2026-12-01T09:00:00.0000000")


@pytest.mark.parametrize(("is_sent", "settings"), [(True, {}), (False, {"location_header": False})])
def test_whether_a_created_event_has_a_location_is_a_switch(
    sandbox: Client, ann: str, is_sent: bool, settings: dict[str, bool]
) -> None:
    sandbox.configure(**settings)

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course())

    assert ("Location" in response.headers) is is_sent
    if is_sent:
        assert sandbox.get(response.headers["Location"])["id"] == response.json()["id"]


@pytest.mark.parametrize(
    ("mode", "status", "is_whole"), [("ignore", 200, True), ("reduce", 200, False), ("empty", 204, False)]
)
def test_what_a_minimal_answer_is_is_a_switch(
    sandbox: Client, ann: str, mode: str, status: int, is_whole: bool
) -> None:
    sandbox.configure(return_minimal=mode)
    path = f"/users/{ann}/events/{sandbox.create(ann)['id']}"

    response = sandbox.graph("PATCH", path, json={"subject": "New"}, headers={"Prefer": "return=minimal"})

    assert response.status_code == status
    assert (b"subject" in response.content) is is_whole
    assert ("return=minimal" in response.headers.get("Preference-Applied", "")) is not is_whole
    assert sandbox.get(path)["subject"] == "New"


@pytest.mark.parametrize(("rule", "status"), [("cut", 201), ("refuse", 400)])
def test_what_happens_to_a_long_subject_is_a_switch(sandbox: Client, ann: str, rule: str, status: int) -> None:
    sandbox.configure(subject_too_long=rule)

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course(subject="x" * 256))

    assert response.status_code == status
    assert sandbox.create(ann, subject="x" * 255)["subject"] == "x" * 255


@pytest.mark.parametrize(("rule", "expected"), [("keep", ["Ours", "Theirs"]), ("drop", [])])
def test_whether_categories_that_nobody_made_are_kept_is_a_switch(
    sandbox: Client, ann: str, rule: str, expected: list[str]
) -> None:
    sandbox.configure(unknown_categories=rule)

    assert sandbox.create(ann, categories=["Ours", "Theirs", "Ours"])["categories"] == expected


@pytest.mark.parametrize("code", ["ErrorInvalidRequest", "ErrorPropertyValidationFailure"])
def test_codes_for_times_that_cannot_be_are_switches(sandbox: Client, ann: str, code: str) -> None:
    sandbox.configure(reversed_times_code=code, not_midnight_code=code)
    reversed_times = course(end=utc("2026-12-01T08:00:00"))
    by_day = course(isAllDay=True, end=utc("2026-12-02T09:00:00"))

    answers = [sandbox.graph("POST", f"/users/{ann}/events", json=body) for body in (reversed_times, by_day)]

    assert [answer.json()["error"]["code"] for answer in answers] == [code, code]


def test_an_all_day_event_shorter_than_a_day_is_refused_in_microsofts_words(sandbox: Client, ann: str) -> None:
    error = sandbox.graph("POST", f"/users/{ann}/events", json=course(isAllDay=True)).json()["error"]

    assert error["code"] == "ErrorInvalidRequest"
    assert error["message"] == (
        "Your request can't be completed. The duration of an event marked as All day must be at least 24 hours."
    )


def test_all_day_items_of_owners_may_show_as_free(sandbox: Client, ann: str) -> None:
    sandbox.configure(all_day_of_user="free")
    times = {"isAllDay": True, "start": utc("2026-12-01T00:00:00"), "end": utc("2026-12-02T00:00:00")}

    assert sandbox.as_user(ann, **times)["showAs"] == "free"
    assert sandbox.as_user(ann, **times, showAs="oof")["showAs"] == "oof"
    assert sandbox.create(ann, **times)["showAs"] == "busy"


def test_an_event_becomes_an_online_meeting_once_if_the_calendar_knows_the_provider(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    path = f"/users/{ann}/events/{event['id']}"

    after = sandbox.graph("PATCH", path, json={"isOnlineMeeting": False, "onlineMeetingProvider": "unknown"}).json()

    assert event["onlineMeeting"]["joinUrl"].startswith("https://")
    assert (after["isOnlineMeeting"], after["onlineMeeting"]) == (True, event["onlineMeeting"])


def test_the_wish_for_an_online_meeting_is_ignored_where_the_provider_is_not_allowed(sandbox: Client, ann: str) -> None:
    calendar = sandbox.get(f"/users/{ann}/calendar")
    sandbox.control("PATCH", f"mailboxes/{ann}/calendars/{calendar['id']}", {"allowedOnlineMeetingProviders": []})

    event = sandbox.create(ann, isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")

    assert (event["isOnlineMeeting"], event["onlineMeeting"]) == (False, None)


def test_attendees_are_kept_with_their_answers_and_are_at_most_500(sandbox: Client, ann: str) -> None:
    people = [
        {"emailAddress": {"address": f"p{number}@elsewhere.example"}, "type": "optional"} for number in range(501)
    ]

    event = sandbox.create(ann, attendees=people[:500])
    refused = sandbox.graph("POST", f"/users/{ann}/events", json=course(attendees=people))

    assert event["attendees"][0] == {
        "type": "optional",
        "status": {"response": "none", "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": "p0@elsewhere.example", "address": "p0@elsewhere.example"},
    }
    assert refused.status_code == 400


def test_a_body_comes_back_as_a_page_or_as_text(sandbox: Client, ann: str) -> None:
    body = {"contentType": "text", "content": "One\nTwo & three"}
    path = f"/users/{ann}/events/{sandbox.create(ann, body=body)['id']}"

    page = sandbox.get(path)["body"]
    text = sandbox.get(path, headers={"Prefer": 'outlook.body-content-type="text"'})["body"]

    assert page["contentType"] == "html"
    assert page["content"].startswith("<html>")
    assert text == {"contentType": "text", "content": "One\r\nTwo & three"}


def test_bodies_may_come_back_as_they_were(sandbox: Client, ann: str) -> None:
    sandbox.configure(rewrite_bodies=False)
    body = {"contentType": "html", "content": "<p>One</p>"}

    assert sandbox.create(ann, body=body)["body"] == body


@pytest.mark.parametrize("body", ["text", {"content": 1}, {"contentType": "rtf", "content": "x"}])
def test_a_body_that_is_none_is_refused(sandbox: Client, ann: str, body: Any) -> None:
    for rewrite in (True, False):
        sandbox.configure(rewrite_bodies=rewrite)

        assert sandbox.graph("POST", f"/users/{ann}/events", json=course(body=body)).status_code == 400


@pytest.mark.parametrize("letters", ["lower", "upper"])
def test_the_letters_of_a_property_id_are_a_switch(sandbox: Client, ann: str, letters: str) -> None:
    sandbox.configure(extended_property_guids=letters)
    path = f"/users/{ann}/events/{sandbox.create(ann, **marked('1'))['id']}"

    query = f"$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"
    (found,) = sandbox.get(f"{path}?{query}")["singleValueExtendedProperties"]

    assert found["id"].lower() == MARKER.lower()
    assert ("0B7A55EE" in found["id"]) is (letters == "upper")


def test_a_property_is_absent_where_the_event_has_it_not_and_added_by_a_patch(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/events/{sandbox.create(ann)['id']}"
    query = f"?$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')"

    before = sandbox.get(path + query)
    sandbox.graph("PATCH", path, json=marked("2"))
    after = sandbox.get(path + query)

    assert "singleValueExtendedProperties" not in before
    assert after["singleValueExtendedProperties"][0]["value"] == "2"


def test_the_name_of_a_property_is_case_sensitive_in_a_filter(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **marked("1"))

    other = MARKER.replace("testMarker", "TESTMARKER")
    query = f"$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{other}' and ep/value eq '1')"

    assert sandbox.get(f"/users/{ann}/events?{query}")["value"] == []


def test_properties_with_several_values_are_expanded_too(sandbox: Client, ann: str) -> None:
    several = MARKER.replace("String", "StringArray")
    event = sandbox.create(ann, multiValueExtendedProperties=[{"id": several, "value": ["a", "b"]}])

    query = f"$expand=multiValueExtendedProperties($filter=id eq '{several}')"
    found = sandbox.get(f"/users/{ann}/events/{event['id']}?{query}")

    assert "multiValueExtendedProperties" not in event
    assert found["multiValueExtendedProperties"] == [{"id": several, "value": ["a", "b"]}]


def test_open_extensions_are_expanded_and_changed_by_name(sandbox: Client, ann: str) -> None:
    name = "example.calsync.test"
    event = sandbox.create(ann, extensions=[{"extensionName": name, "localId": "1"}])
    path = f"/users/{ann}/events/{event['id']}"
    sandbox.graph("PATCH", path, json={"extensions": [{"extensionName": name, "localId": "2"}]})

    found = sandbox.get(f"{path}?$expand=extensions($filter=id eq '{name}')")["extensions"]
    others = sandbox.get(f"{path}?$expand=extensions($filter=id eq 'example.other')")["extensions"]
    filtered = sandbox.graph("GET", f"/users/{ann}/events?$filter=extensions/any(e: e/localId eq '2')")

    assert "extensions" not in event
    assert (found[0]["extensionName"], found[0]["localId"]) == (name, "2")
    assert (others, filtered.status_code) == ([], 400)


def test_other_things_that_hang_on_an_event_are_expanded(sandbox: Client, ann: str) -> None:
    series = sandbox.as_user(ann, **weekly(2))
    items, _ = sandbox.first_round(ann)
    sandbox.control("PATCH", f"mailboxes/{ann}/events/{items[1]['id']}", {"subject": "Long"})

    found = sandbox.get(f"/users/{ann}/events/{series['id']}?$expand=calendar,attachments,exceptionOccurrences")
    refused = sandbox.graph("GET", f"/users/{ann}/events/{series['id']}?$expand=weather")

    assert (found["calendar"]["name"], found["attachments"]) == ("Calendar", [])
    assert [event["subject"] for event in found["exceptionOccurrences"]] == ["Long"]
    assert refused.status_code == 400


@pytest.mark.parametrize(("rule", "status"), [("cut", 200), ("refuse", 400)])
def test_what_a_large_top_does_is_a_switch(sandbox: Client, ann: str, rule: str, status: int) -> None:
    sandbox.configure(events_top=rule)

    statuses = [sandbox.graph("GET", f"/users/{ann}/events?$top={top}").status_code for top in (1000, 1001)]

    assert statuses == [200, status]


def test_lists_come_in_pages_of_ten_by_skip(sandbox: Client, ann: str) -> None:
    for number in range(12):
        sandbox.create(ann, subject=f"Event {number:02d}")

    first = sandbox.get(f"/users/{ann}/events?$orderby=subject desc&$select=subject")
    second = sandbox.get(first["@odata.nextLink"])

    assert [event["subject"] for event in first["value"]][:2] == ["Event 11", "Event 10"]
    assert "$skip=10" in first["@odata.nextLink"]
    assert [event["subject"] for event in second["value"]] == ["Event 01", "Event 00"]


@pytest.mark.parametrize(
    "text",
    [
        "subject eq 'First aid'",
        "lastModifiedDateTime gt 2020-01-01T00:00:00Z",
        "start/dateTime ge '2026-12-01T00:00:00'",
        "iCalUId eq '{iCalUId}'",
    ],
)
def test_events_are_filtered_by_what_graph_filters_by(sandbox: Client, ann: str, text: str) -> None:
    event = sandbox.create(ann)
    sandbox.create(ann, subject="Old", start=utc("2026-11-01T09:00:00"), end=utc("2026-11-01T10:00:00"))

    found = sandbox.get(f"/users/{ann}/events?$filter={text.format(**event)}")["value"]

    assert event["id"] in {entry["id"] for entry in found}


def test_a_fault_can_refuse_a_transaction_id_with_either_status(sandbox: Client, ann: str) -> None:
    for status in (409, 400):
        sandbox.control("DELETE", "faults")
        sandbox.fault({"method": "POST"}, status=status, code="ErrorDuplicateTransactionId")

        response = sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))

        assert (response.status_code, response.json()["error"]["code"]) == (status, "ErrorDuplicateTransactionId")
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


@pytest.mark.parametrize(
    ("test", "expected"), [("ge 7", ["7", "12"]), ("lt 12", ["7"]), ("eq 12", ["12"]), ("gt 12", [])]
)
def test_a_number_in_a_property_is_compared_as_one_by_a_cast(
    sandbox: Client, ann: str, test: str, expected: list[str]
) -> None:
    number = "Integer {0b7a55ee-3f0e-4a53-9d25-0c9a7d1f0b22} Name count"
    for value in ("7", "12"):
        sandbox.create(ann, subject=value, singleValueExtendedProperties=[{"id": number, "value": value}])

    query = f"singleValueExtendedProperties/Any(ep: ep/id eq '{number}' and cast(ep/value, Edm.Int32) {test})"
    found = sandbox.get(f"/users/{ann}/events?$filter={query}")["value"]

    assert [event["subject"] for event in found] == expected
