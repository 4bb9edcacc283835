"""The catalogue of what goes wrong, F1 to F17: what no other file shows, and that none of it lacks a test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.sandbox.conftest import Client, course, utc, weekly

FAULTS = {*range(1, 13), 15, 16, 17}  # 13 and 14 are about notifications


def test_every_fault_has_a_test_of_its_name():
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]

    assert {int(number) for text in texts for number in re.findall(r"^def test_f(\d+)_", text, re.MULTILINE)} == FAULTS


def test_f10_a_token_expires_by_the_sandboxes_clock(sandbox: Client, ann: str):
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200

    sandbox.control("POST", "clock", {"advance": 3600})

    refused = sandbox.graph("GET", f"/users/{ann}/calendar")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    sandbox.sign_in()
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200


def test_f10_a_removed_role_is_missing_from_the_next_token_only(sandbox: Client, ann: str):
    sandbox.control("POST", "faults", {"scenario": "F10", "variant": "role_removed"})

    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200
    sandbox.sign_in()
    refused = sandbox.graph("GET", f"/users/{ann}/calendar")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    assert sandbox.graph("GET", "/users").status_code == 200


def test_f11_bodies_become_pages_and_subjects_lose_their_blanks(sandbox: Client, ann: str):
    event = sandbox.create(ann, subject="  First aid  ", body={"contentType": "text", "content": "Bring\na pen."})

    assert event["subject"] == "First aid"
    assert event["body"]["contentType"] == "html"
    assert "<html>" in event["body"]["content"]


def test_f12_an_owner_adds_edits_moves_and_deletes_and_rounds_tell_of_it(sandbox: Client, ann: str):
    _, link = sandbox.first_round(ann)
    event = sandbox.as_user("ann@school.example", subject="Dentist")
    path = f"mailboxes/ann@school.example/events/{event['id']}"

    sandbox.control("PATCH", path, {"subject": "Doctor"})
    edited, link = sandbox.round(link)
    sandbox.control("PATCH", path, {"start": utc("2026-12-02T09:00:00"), "end": utc("2026-12-02T10:00:00")})
    moved, link = sandbox.round(link)
    sandbox.control("DELETE", path)
    deleted, _ = sandbox.round(link)

    assert [item["subject"] for item in edited] == ["Doctor"]
    assert [item["start"]["dateTime"] for item in moved] == ["2026-12-02T09:00:00.0000000"]
    assert [(item["id"], "@removed" in item) for item in deleted] == [(event["id"], True)]
    assert sandbox.audit()["writes"][-1]["who"] == "user"


def test_f12_a_deleted_occurrence_is_no_item_of_a_round_but_a_new_key_of_its_series(sandbox: Client, ann: str):
    series = sandbox.as_user("ann@school.example", **weekly())
    known, link = sandbox.first_round(ann)
    occurrence = next(item for item in known if item.get("seriesMasterId"))

    sandbox.control("DELETE", f"mailboxes/ann@school.example/events/{occurrence['id']}")
    items, _ = sandbox.round(link)

    assert occurrence["id"] not in {item["id"] for item in items}
    (master,) = [item for item in items if item["type"] == "seriesMaster"]
    assert master["changeKey"] != series["changeKey"]
    assert len(sandbox.get(f"/users/{ann}/events/{series['id']}/instances?{DECEMBER}")["value"]) == 3


def test_f15_zones_are_refused_kept_and_left_out(sandbox: Client, ann: str):
    unknown = {"dateTime": "2026-12-01T09:00:00", "timeZone": "Mars Standard Time"}
    refused = sandbox.graph("POST", f"/users/{ann}/events", json=course(start=unknown))
    midnights = {"start": utc("2026-12-24T00:00:00"), "end": utc("2026-12-25T00:00:00")}
    floating = sandbox.create(ann, isAllDay=True, **midnights)
    custom = sandbox.as_user("ann@school.example", originalStartTimeZone="tzone://Microsoft/Custom")

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TimeZoneNotSupportedException")
    tokyo = {"Prefer": 'IdType="ImmutableId", outlook.timezone="Tokyo Standard Time"'}
    shown = sandbox.get(f"/users/{ann}/events/{floating['id']}", headers=tokyo)
    assert shown["start"]["dateTime"] == "2026-12-24T00:00:00.0000000"
    made = sandbox.get(f"/users/{ann}/events/{custom['id']}")
    assert made["originalStartTimeZone"] == "tzone://Microsoft/Custom"


def test_f16_a_round_refuses_every_option_with_microsofts_list_of_them(sandbox: Client, ann: str):
    for option in ("$select=subject", "$filter=isAllDay eq true", "$orderby=subject", "$expand=calendar", "$search=x"):
        refused = sandbox.graph("GET", f"/users/{ann}/calendarView/delta?{DECEMBER}&{option}")

        assert refused.status_code == 400, option
        assert refused.json()["error"]["code"] == "ErrorInvalidUrlQuery"
        assert refused.json()["error"]["message"] == (
            "The following parameters are not supported with change tracking over the 'CalendarView' resource: "
            "'$orderby, $filter, $select, $expand, $search'."
        )


DECEMBER = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z"
