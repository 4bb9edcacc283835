"""Time zones: which names Graph takes, what it answers in, and the zones that have no name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import WINDOW, Client, course, utc, weekly

# A zone of somebody's own: half past two ahead of UTC, an hour more from the last Sunday in March to that in October.
CAMPUS = {
    "@odata.type": "#microsoft.graph.customTimeZone",
    "name": "Customized Time Zone",
    "bias": -150,
    "standardOffset": {"time": "04:00:00.0000000", "dayOccurrence": 5, "dayOfWeek": "sunday", "month": 10, "year": 0},
    "daylightOffset": {
        "daylightBias": -60,
        "time": "03:00:00.0000000",
        "dayOccurrence": 5,
        "dayOfWeek": "sunday",
        "month": 3,
        "year": 0,
    },
}


def at(text: str, zone: Any) -> dict[str, Any]:
    return {"dateTime": text, "timeZone": zone}


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2027-07-01T09:00"),
        ("W. Europe Standard Time", "2027-07-01T07:00"),
        ("w. europe standard time", "2027-07-01T07:00"),
        ("Europe/Berlin", "2027-07-01T07:00"),
        ("India Standard Time", "2027-07-01T03:30"),
        ("Asia/Kolkata", "2027-07-01T03:30"),
        ("Eastern Standard Time", "2027-07-01T13:00"),  # "standard" in the name, daylight saving in the rules
    ],
)
def test_windows_and_iana_names_are_taken_and_answered_in_utc(
    sandbox: Client, ann: str, zone: str, expected: str
) -> None:
    event = sandbox.create(ann, start=at("2027-07-01T09:00:00", zone), end=at("2027-07-01T10:00:00", zone))

    assert event["start"] == utc(f"{expected}:00.0000000")
    assert (event["originalStartTimeZone"], event["originalEndTimeZone"]) == (zone, zone)


@pytest.mark.parametrize(
    "zone",
    ["Greenwich Mean Time", "Europe/Atlantis", "tzone://Microsoft/Custom", "tzone://Microsoft/Custom#<S>0:00:00"],
)
def test_an_unknown_zone_is_refused_by_name(sandbox: Client, ann: str, zone: str) -> None:
    event = course(start=at("2027-07-01T09:00:00", zone), end=at("2027-07-01T10:00:00", zone))

    written = sandbox.graph("POST", f"/users/{ann}/events", json=event)
    preferred = sandbox.graph("GET", f"/users/{ann}/events", headers={"Prefer": f'outlook.timezone="{zone}"'})

    for response in (written, preferred):
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (400, "TimeZoneNotSupportedException")
        assert f"not supported: '{zone}'" in error["message"]


def test_a_switch_leaves_only_the_iana_names_that_microsoft_lists(sandbox: Client, ann: str) -> None:
    sandbox.configure(iana_zones="listed")
    zones = ["Europe/Berlin", "Europe/Vienna", "W. Europe Standard Time", "UTC"]

    events = [course(start=at("2027-07-01T09:00:00", zone), end=at("2027-07-01T10:00:00", zone)) for zone in zones]
    written = [sandbox.graph("POST", f"/users/{ann}/events", json=event).status_code for event in events]
    preferred = [
        sandbox.graph("GET", f"/users/{ann}/events", headers={"Prefer": f'outlook.timezone="{zone}"'}).status_code
        for zone in zones
    ]

    assert written == [201, 400, 201, 201]
    assert preferred == [200, 400, 200, 200]


@pytest.mark.parametrize(
    ("zone", "expected"), [("Tokyo Standard Time", "2026-12-01T18:00"), ("America/New_York", "2026-12-01T04:00")]
)
def test_times_come_in_the_zone_that_is_preferred(sandbox: Client, ann: str, zone: str, expected: str) -> None:
    event = sandbox.create(ann)

    response = sandbox.graph(
        "GET", f"/users/{ann}/events/{event['id']}", headers={"Prefer": f'outlook.timezone="{zone}"'}
    )

    assert response.json()["start"] == at(f"{expected}:00.0000000", zone)
    assert response.json()["originalStartTimeZone"] == "UTC"
    assert f'outlook.timezone="{zone}"' in response.headers["Preference-Applied"]


def test_a_user_may_have_a_zone_that_has_no_name(sandbox: Client, ann: str) -> None:
    series = weekly(2, start=at("2027-03-23T10:00:00", CAMPUS), end=at("2027-03-23T11:00:00", CAMPUS))
    series["recurrence"]["range"]["startDate"] = "2027-03-23"
    master = sandbox.as_user("ann@school.example", **series)

    found = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}")["value"]

    assert master["recurrence"]["range"]["recurrenceTimeZone"] == "tzone://Microsoft/Custom"
    assert [event["originalStartTimeZone"] for event in found] == ["tzone://Microsoft/Custom"] * 2
    # Its clocks go forward between the two, so the second one begins an hour earlier in UTC.
    assert [event["start"]["dateTime"][:16] for event in found] == ["2027-03-23T07:30", "2027-03-30T06:30"]


def test_a_custom_zone_without_daylight_saving_is_a_fixed_offset(sandbox: Client, ann: str) -> None:
    zone = {"bias": 210, "name": "Customized Time Zone"}

    event = sandbox.as_user(ann, start=at("2027-07-01T09:00:00", zone), end=at("2027-07-01T10:00:00", zone))

    assert event["start"]["dateTime"][:16] == "2027-07-01T12:30"


@pytest.mark.parametrize(
    "change",
    [
        {"bias": "an hour"},
        {"bias": 5000},
        {"standardOffset": None},
        {"daylightOffset": {"daylightBias": -60, "month": 13, "dayOfWeek": "sunday", "dayOccurrence": 1}},
        {"daylightOffset": {"daylightBias": -60, "month": 3, "dayOfWeek": "someday", "dayOccurrence": 1}},
    ],
)
def test_a_custom_zone_that_makes_no_sense_is_refused(sandbox: Client, ann: str, change: dict[str, Any]) -> None:
    zone = CAMPUS | change
    event = course(start=at("2027-07-01T09:00:00", zone), end=at("2027-07-01T10:00:00", zone))

    error = sandbox.control("POST", f"mailboxes/{ann}/events", event, status=400)

    assert error["error"]["code"] == "RequestBodyRead"


def test_an_application_cannot_make_a_custom_zone(sandbox: Client, ann: str) -> None:
    event = course(start=at("2027-07-01T09:00:00", CAMPUS), end=at("2027-07-01T10:00:00", CAMPUS))

    response = sandbox.graph("POST", f"/users/{ann}/events", json=event)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "RequestBodyRead")


def test_an_application_can_give_a_custom_series_a_zone_with_a_name(sandbox: Client, ann: str) -> None:
    series = weekly(2, start=at("2026-12-01T10:00:00", CAMPUS), end=at("2026-12-01T11:00:00", CAMPUS))
    master = sandbox.as_user(ann, **series)
    times = {"start": utc("2026-12-01T08:00:00"), "end": utc("2026-12-01T09:00:00")}
    recurrence = weekly(2)["recurrence"]

    alone = sandbox.graph("PATCH", f"/users/{ann}/events/{master['id']}", json=times)
    both = sandbox.graph("PATCH", f"/users/{ann}/events/{master['id']}", json=times | {"recurrence": recurrence})

    assert alone.json()["error"]["code"] == "ErrorPropertyValidationFailure"
    assert both.json()["recurrence"]["range"]["recurrenceTimeZone"] == "UTC"


@pytest.mark.parametrize("zone", ["Tokyo Standard Time", "America/Los_Angeles", "UTC"])
def test_an_all_day_event_floats(sandbox: Client, ann: str, zone: str) -> None:
    midnights = {"start": at("2026-12-24T00:00:00", "W. Europe Standard Time"), "isAllDay": True}
    sandbox.create(ann, **midnights, end=at("2026-12-25T00:00:00", "W. Europe Standard Time"))
    prefer = {"Prefer": f'outlook.timezone="{zone}"'}
    day = "startDateTime=2026-12-24T00:00:00Z&endDateTime=2026-12-25T00:00:00Z"
    eve = "startDateTime=2026-12-23T00:00:00Z&endDateTime=2026-12-24T00:00:00Z"

    found = sandbox.get(f"/users/{ann}/calendarView?{day}", headers=prefer)["value"]
    before = sandbox.get(f"/users/{ann}/calendarView?{eve}", headers=prefer)["value"]

    assert [event["start"]["dateTime"][:16] for event in found] == ["2026-12-24T00:00"]
    assert [event["end"]["dateTime"][:16] for event in found] == ["2026-12-25T00:00"]
    assert before == []  # although it begins at eleven in the evening of the 23rd in UTC


def test_an_all_day_event_is_at_least_a_day_long(sandbox: Client, ann: str) -> None:
    event = course(isAllDay=True, start=utc("2026-12-24T00:00:00"), end=utc("2026-12-24T23:00:00"))

    error = sandbox.graph("POST", f"/users/{ann}/events", json=event).json()["error"]

    assert error["code"] == "ErrorInvalidRequest"
    assert error["message"].endswith("The duration of an event marked as All day must be at least 24 hours.")


def test_an_all_day_series_keeps_its_dates(sandbox: Client, ann: str) -> None:
    zone = "W. Europe Standard Time"
    series = weekly(2, isAllDay=True, start=at("2027-03-23T00:00:00", zone), end=at("2027-03-25T00:00:00", zone))
    series["recurrence"]["range"]["startDate"] = "2027-03-23"
    sandbox.create(ann, **series)

    found = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}", headers={"Prefer": 'outlook.timezone="UTC"'})["value"]

    spans = [(event["start"]["dateTime"][:16], event["end"]["dateTime"][:16]) for event in found]
    assert spans == [("2027-03-23T00:00", "2027-03-25T00:00"), ("2027-03-30T00:00", "2027-04-01T00:00")]
