"""Reading a calendar by window."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import MARKER, WINDOW, Client, utc, weekly


def view(sandbox: Client, mailbox: str, query: str = "", **headers: str) -> list[str]:
    found = sandbox.get(f"/users/{mailbox}/calendarView?{WINDOW}{query}", headers=headers)
    return [event["subject"] for event in found["value"]]


def test_a_view_needs_a_window(sandbox: Client, ann: str) -> None:
    response = sandbox.graph("GET", f"/users/{ann}/calendarView")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "ErrorInvalidParameter")


def test_a_window_may_not_be_longer_than_five_years(sandbox: Client, ann: str) -> None:
    query = "startDateTime=2020-01-01T00:00:00Z&endDateTime=2026-01-01T00:00:00Z"

    response = sandbox.graph("GET", f"/users/{ann}/calendarView?{query}")

    assert response.status_code == 400
    assert "Maximum number of days: 1825" in response.json()["error"]["message"]


def test_the_offset_of_a_window_is_honoured(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)  # nine to ten in UTC
    window = {"startDateTime": "2026-12-01T11:00:00+01:00", "endDateTime": "2026-12-01T12:00:00+01:00"}

    found = sandbox.get(f"/users/{ann}/calendarView", params=window)["value"]

    assert found == []


def test_what_only_reaches_into_the_window_is_in_it(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, subject="Before", start=utc("2026-10-31T23:00:00"), end=utc("2026-11-01T00:00:00"))
    sandbox.create(ann, subject="Into", start=utc("2026-10-31T23:00:00"), end=utc("2026-11-01T00:30:00"))
    sandbox.create(ann, subject="After", start=utc("2027-05-01T00:00:00"), end=utc("2027-05-01T01:00:00"))

    assert view(sandbox, ann) == ["Into"]


def test_a_view_expands_series_and_comes_in_pages_of_ten(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **weekly(12))

    first = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}&$select=subject,type&$count=true")
    second = sandbox.get(first["@odata.nextLink"])

    assert (len(first["value"]), len(second["value"]), first["@odata.count"]) == (10, 2, 12)
    assert "@odata.nextLink" not in second
    assert first["value"][0]["type"] == "occurrence"
    assert "start" not in second["value"][0]


def test_a_view_expands_extended_properties_also_of_occurrences(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **weekly(2, singleValueExtendedProperties=[{"id": MARKER, "value": "x"}]))
    sandbox.create(ann, subject="Plain")

    query = f"&$select=subject&$expand=singleValueExtendedProperties($filter=id eq '{MARKER}')&$top=50"
    found = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}{query}")["value"]

    marked = [event["subject"] for event in found if "singleValueExtendedProperties" in event]
    assert (len(found), marked) == (3, ["Weekly", "Weekly"])


def test_a_view_can_be_ordered_and_filtered(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, subject="One")
    sandbox.create(ann, subject="Two", start=utc("2026-12-02T09:00:00"), end=utc("2026-12-02T10:00:00"))

    assert view(sandbox, ann, "&$orderby=start/dateTime desc") == ["Two", "One"]
    assert view(sandbox, ann, "&$filter=subject eq 'One'") == ["One"]


def test_the_page_size_can_be_a_preference(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **weekly(12))

    assert len(view(sandbox, ann, Prefer="odata.maxpagesize=5")) == 5


def test_an_all_day_item_is_matched_as_if_its_dates_were_in_utc(sandbox: Client, ann: str) -> None:
    zone = "Tokyo Standard Time"
    start, end = ({"dateTime": f"2026-12-{day}T00:00:00", "timeZone": zone} for day in (24, 25))
    sandbox.create(ann, subject="Holiday", start=start, end=end, isAllDay=True)

    inside = "startDateTime=2026-12-24T23:00:00Z&endDateTime=2026-12-25T00:00:00Z"
    before = "startDateTime=2026-12-23T15:00:00Z&endDateTime=2026-12-24T00:00:00Z"

    assert len(sandbox.get(f"/users/{ann}/calendarView?{inside}")["value"]) == 1
    assert sandbox.get(f"/users/{ann}/calendarView?{before}")["value"] == []


def test_an_expand_without_an_id_is_refused(sandbox: Client, ann: str) -> None:
    response = sandbox.graph("GET", f"/users/{ann}/calendarView?{WINDOW}&$expand=singleValueExtendedProperties")

    assert response.status_code == 400


def test_two_times_cannot_be_selected_in_a_view(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)

    whole = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}")["value"][0]
    chosen = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}&$select=subject,createdDateTime,lastModifiedDateTime")
    listed = sandbox.get(f"/users/{ann}/events?$select=createdDateTime")["value"][0]

    assert {"createdDateTime", "lastModifiedDateTime"} <= set(whole)
    assert set(chosen["value"][0]) == {"@odata.etag", "id", "subject"}
    assert "createdDateTime" in listed


def test_a_view_shows_the_link_of_a_meeting_only_if_asked_whether_it_is_online(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, isOnlineMeeting=True)

    both, one = (
        sandbox.get(f"/users/{ann}/calendarView?{WINDOW}&$select={names}")["value"][0]["onlineMeeting"]
        for names in ("onlineMeeting,isOnlineMeeting", "onlineMeeting")
    )

    assert "joinUrl" in both
    assert "joinUrl" not in one


def test_the_window_of_a_view_is_not_in_the_zone_that_is_preferred(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)  # nine to ten in UTC
    window = {"startDateTime": "2026-12-01T09:00:00", "endDateTime": "2026-12-01T10:00:00"}

    found = sandbox.get(
        f"/users/{ann}/calendarView", params=window, headers={"Prefer": 'outlook.timezone="Tokyo Standard Time"'}
    )

    assert len(found["value"]) == 1
    assert found["value"][0]["start"]["dateTime"] == "2026-12-01T18:00:00.0000000"


def test_the_names_of_the_window_may_be_in_any_letters(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)

    found = sandbox.get(f"/users/{ann}/calendarView?{WINDOW.lower().replace('t0', 'T0').replace('z', 'Z')}")

    assert len(found["value"]) == 1


def test_a_view_has_no_masters_and_every_instance_in_full(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **weekly(2))

    found = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}")["value"]

    assert [event["type"] for event in found] == ["occurrence", "occurrence"]
    assert all(event["subject"] == "Weekly" and event["seriesMasterId"] for event in found)
    assert found[1]["originalStart"] == "2026-12-08T09:00:00Z"


def test_instances_need_a_window_and_leave_out_what_was_cancelled(sandbox: Client, ann: str) -> None:
    series = sandbox.as_user(ann, **weekly(3))
    path = f"/users/{ann}/events/{series['id']}/instances"
    second = sandbox.get(f"{path}?{WINDOW}")["value"][1]["id"]
    sandbox.graph("DELETE", f"/users/{ann}/events/{second}")

    found = sandbox.get(f"{path}?{WINDOW}&$select=start")["value"]
    refused = sandbox.graph("GET", path)

    assert len(found) == 2
    assert second not in {event["id"] for event in found}
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ErrorInvalidParameter")


@pytest.mark.parametrize("option", ["$filter=shoeSize eq 1", "$select=id,shoeSize", "$orderby=shoeSize"])
@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("events", "event"),
        (f"calendarView?{WINDOW}", "event"),
        (f"calendar/calendarView?{WINDOW}", "event"),
        ("calendars", "calendar"),
    ],
)
def test_a_query_about_what_no_event_or_calendar_has_is_refused(
    sandbox: Client, ann: str, path: str, type_: str, option: str
) -> None:
    response = sandbox.graph("GET", f"/users/{ann}/{path}{'&' if '?' in path else '?'}{option}")

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"].endswith(f"Could not find a property named 'shoeSize' on type 'microsoft.graph.{type_}'.")


@pytest.mark.parametrize(
    "filter_",
    ["Subject eq 'First aid'", "Start/DateTime ge '2026-12-01T09:00:00'", "isallday eq false"],
)
def test_a_filter_of_events_does_not_mind_the_letters(sandbox: Client, ann: str, filter_: str) -> None:
    sandbox.create(ann)

    response = sandbox.graph("GET", f"/users/{ann}/events", params={"$filter": filter_})

    assert len(response.json()["value"]) == 1


def test_a_filter_of_events_that_holds_a_flag_against_a_text_is_refused(sandbox: Client, ann: str) -> None:
    response = sandbox.graph("GET", f"/users/{ann}/events", params={"$filter": "isAllDay eq 'true'"})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")


def test_an_event_and_a_calendar_refuse_a_property_that_they_have_not(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    statuses = [
        sandbox.graph("GET", f"/users/{ann}/{path}?$select=shoeSize").status_code
        for path in (f"events/{event['id']}", "calendar")
    ]

    assert statuses == [400, 400]
