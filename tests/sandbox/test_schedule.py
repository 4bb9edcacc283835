"""getSchedule, the conversion of ids, time zones and mailbox settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Client, Json, utc, weekly


def ask(sandbox: Client, *schedules: str, zone: str = "", **changes: Any) -> list[Json]:
    """The schedules of the first of December, as Ann is asked for them."""
    headers = {"Prefer": f'outlook.timezone="{zone}"'} if zone else {}
    path = "/users/ann@school.example/calendar/getSchedule"
    response = sandbox.graph("POST", path, json=question(*schedules, **changes), headers=headers)
    assert response.status_code == 200, response.text
    return response.json()["value"]


def question(*schedules: str, **changes: Any) -> Json:
    body: Json = {
        "schedules": list(schedules),
        "startTime": utc("2026-12-01T08:00:00"),
        "endTime": utc("2026-12-01T12:00:00"),
        "availabilityViewInterval": 60,
    }
    return body | changes


def item(hour: int, **changes: Any) -> Json:
    return {"start": utc(f"2026-12-01T{hour:02d}:00:00"), "end": utc(f"2026-12-01T{hour + 1:02d}:00:00")} | changes


def test_a_digit_tells_for_each_interval_how_busy_somebody_is(sandbox: Client) -> None:
    for hour, state in ((8, "oof"), (9, "tentative"), (10, "workingElsewhere"), (11, "free")):
        sandbox.as_user("ben@school.example", **item(hour, showAs=state))

    (schedule,) = ask(sandbox, "ben@school.example")

    assert schedule["availabilityView"] == "3140"
    assert [entry["status"] for entry in schedule["scheduleItems"]] == ["oof", "tentative", "workingElsewhere", "free"]


def test_the_strongest_claim_on_an_interval_counts_and_half_hours_are_the_default(sandbox: Client) -> None:
    sandbox.as_user("ben@school.example", **item(9, showAs="tentative"))
    sandbox.as_user("ben@school.example", **item(9, showAs="busy", end=utc("2026-12-01T09:30:00")))

    (schedule,) = ask(sandbox, "ben@school.example", availabilityViewInterval=None)

    assert schedule["availabilityView"] == "00210000"


def test_occurrences_count_and_an_alias_names_the_person(sandbox: Client) -> None:
    sandbox.as_user("ann@school.example", **weekly(2))

    (schedule,) = ask(sandbox, "a.lake@school.example")

    assert (schedule["scheduleId"], schedule["availabilityView"]) == ("a.lake@school.example", "0200")


def test_times_come_in_the_zone_that_is_preferred(sandbox: Client) -> None:
    sandbox.as_user("ben@school.example", **item(9))

    (schedule,) = ask(sandbox, "ben@school.example", zone="W. Europe Standard Time")

    start = schedule["scheduleItems"][0]["start"]
    assert start == {"dateTime": "2026-12-01T10:00:00.0000000", "timeZone": "W. Europe Standard Time"}


def test_what_is_private_has_neither_subject_nor_place(sandbox: Client) -> None:
    sandbox.as_user("ben@school.example", **item(9, sensitivity="private", location={"displayName": "Clinic"}))
    sandbox.as_user("ben@school.example", **item(10, subject="Open", location={"displayName": "Room"}))

    hidden, shown = ask(sandbox, "ben@school.example")[0]["scheduleItems"]

    assert (hidden["isPrivate"], "subject" in hidden, "location" in hidden) == (True, False, False)
    assert (shown["isPrivate"], shown["subject"], shown["location"]) == (False, "Open", "Room")


@pytest.mark.parametrize("state", [None, "none", "unknown", "refused"])
def test_an_unknown_person_and_one_without_a_mailbox_look_the_same_and_spoil_nobody_elses(
    sandbox: Client, state: str | None
) -> None:
    if state:
        sandbox.control("POST", "people", {"mail": "dora@school.example", "mailbox": state})

    good, bad = ask(sandbox, "ben@school.example", "dora@school.example")

    assert (good["availabilityView"], bad["availabilityView"]) == ("0000", "")
    assert (bad["error"]["responseCode"], bad["scheduleItems"]) == ("5016", [])


def test_more_than_a_thousand_entries_are_too_many_for_one_schedule(sandbox: Client) -> None:
    short = {"start": utc("2026-12-01T09:00:00"), "end": utc("2026-12-01T09:01:00"), "subject": "Short"}
    sandbox.control("POST", "people", {"mail": "ben@school.example", "events": [short] * 1001})

    (schedule,) = ask(sandbox, "ben@school.example")

    assert schedule["error"]["responseCode"] == "5006"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"endTime": utc("2027-02-01T08:00:00")}, "ErrorTimeIntervalTooBig"),
        ({"endTime": utc("2026-12-01T08:00:00")}, "ErrorInvalidTimeInterval"),
        ({"availabilityViewInterval": 4}, "ErrorInvalidMergedFreeBusyInterval"),
        ({"availabilityViewInterval": 1441}, "ErrorInvalidMergedFreeBusyInterval"),
        ({"schedules": ["x@school.example"] * 21}, "ErrorMailboxDataArrayTooBig"),
        ({"schedules": []}, "ErrorMailboxDataArrayEmpty"),
        ({"schedules": "all"}, "ErrorMailboxDataArrayEmpty"),
        ({"startTime": "now"}, "RequestBodyRead"),
        ({"startTime": {"dateTime": "2026-12-01T08:00:00", "timeZone": "Nowhere"}}, "TimeZoneNotSupportedException"),
    ],
)
def test_a_question_that_does_not_fit_is_refused_by_code(sandbox: Client, changes: Json, code: str) -> None:
    body = question("ben@school.example") | changes

    response = sandbox.graph("POST", "/users/ann@school.example/calendar/getSchedule", json=body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_sixty_one_days_are_not_too_long(sandbox: Client) -> None:
    (schedule,) = ask(sandbox, "ben@school.example", endTime=utc("2027-01-31T08:00:00"), availabilityViewInterval=1440)

    assert schedule["availabilityView"] == "0" * 61


def test_what_is_told_in_two_ways_is_a_switch(sandbox: Client) -> None:
    sandbox.as_user("ben@school.example", **item(9, showAs="workingElsewhere"))
    usual = ask(sandbox, "ben@school.example")[0]
    sandbox.configure(
        working_elsewhere_digit="0",
        schedule_status="capitalised",
        working_hours_zone="custom",
        schedule_details=False,
        schedule_error_items="null",
    )

    other, nobody = ask(sandbox, "ben@school.example", "nobody@school.example")

    assert usual["workingHours"]["timeZone"] == {"name": "W. Europe Standard Time"}
    assert other["workingHours"]["timeZone"]["@odata.type"] == "#microsoft.graph.customTimeZone"
    assert (other["availabilityView"], other["scheduleItems"][0]["status"]) == ("0000", "WorkingElsewhere")
    assert set(other["scheduleItems"][0]) == {"status", "start", "end"}
    assert nobody["scheduleItems"] is None


def test_reading_schedules_needs_a_role_and_a_calendar_in_the_path(sandbox: Client, ann: str) -> None:
    elsewhere = sandbox.graph("POST", f"/users/{ann}/getSchedule", json=question("ben@school.example"))
    sandbox.configure(roles=["User.Read.All"])
    sandbox.sign_in()

    response = sandbox.graph("POST", f"/users/{ann}/calendar/getSchedule", json=question("ben@school.example"))

    assert (elsewhere.status_code, response.status_code) == (404, 403)
    assert response.json()["error"]["code"] == "ErrorAccessDenied"


KINDS = ["entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId"]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_go_from_every_format_into_every_other_and_back(sandbox: Client, ann: str, kind: str) -> None:
    rest = sandbox.graph("POST", f"/users/{ann}/events", json=item(9), immutable=False).json()["id"]

    there = translated(sandbox, ann, [rest], "restId", kind)[0]
    back = translated(sandbox, ann, [there["targetId"]], kind, "restId")[0]

    assert back == {"sourceId": there["targetId"], "targetId": rest}


def translated(sandbox: Client, mailbox: str, ids: list[str], source: str, target: str) -> list[Json]:
    body = {"inputIds": ids, "sourceIdType": source, "targetIdType": target}
    response = sandbox.graph("POST", f"/users/{mailbox}/translateExchangeIds", json=body)
    assert response.status_code == 200, response.text
    return response.json()["value"]


def test_an_id_that_cannot_be_read_is_told_beside_the_others(sandbox: Client, ann: str, ben: str) -> None:
    own = sandbox.create(ann)["id"]
    foreign = sandbox.create(ben)["id"]

    good, bad, other = translated(sandbox, ann, [own, "x", foreign], "restImmutableEntryId", "restId")

    assert "errorDetails" not in good
    assert [entry["errorDetails"]["code"] for entry in (bad, other)] == ["ErrorInvalidIdMalformed"] * 2


@pytest.mark.parametrize(
    "changes",
    [{"inputIds": ["x"] * 1001}, {"inputIds": "x"}, {"inputIds": [5]}, {"sourceIdType": "oldId"}, {"targetIdType": []}],
)
def test_a_translation_that_does_not_fit_is_refused(sandbox: Client, ann: str, changes: Json) -> None:
    body = {"inputIds": ["x"], "sourceIdType": "restId", "targetIdType": "ewsId"} | changes

    response = sandbox.graph("POST", f"/users/{ann}/translateExchangeIds", json=body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "ErrorInvalidParameter")


@pytest.mark.parametrize(("roles", "status"), [("directory", 403), ("calendars", 200)])
def test_whether_a_role_for_calendars_is_enough_to_translate_ids_is_a_switch(
    sandbox: Client, ann: str, roles: str, status: int
) -> None:
    sandbox.configure(roles=["Calendars.ReadWrite"], translation_roles=roles)
    sandbox.sign_in()
    body = {"inputIds": [], "sourceIdType": "restId", "targetIdType": "ewsId"}

    translation = sandbox.graph("POST", f"/users/{ann}/translateExchangeIds", json=body)
    zones = sandbox.graph("GET", f"/users/{ann}/outlook/supportedTimeZones")

    assert (translation.status_code, zones.status_code) == (status, 403)


def test_the_zones_are_told_by_their_windows_names_or_by_those_of_iana(sandbox: Client, ann: str) -> None:
    path = f"/users/{ann}/outlook/supportedTimeZones"

    windows = sandbox.get(path)["value"]
    iana = sandbox.get(f"{path}(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')")["value"]
    wrong = sandbox.graph("GET", f"{path}(TimeZoneStandard=microsoft.graph.timeZoneStandard'Mars')")

    named = {zone["alias"]: zone["displayName"] for zone in windows}
    assert named["Pacific Standard Time"].startswith("(UTC-08:00) ")
    assert named["W. Europe Standard Time"].startswith("(UTC+01:00) ")
    assert {"alias": "Europe/Berlin", "displayName": "Europe/Berlin"} in iana
    assert all(zone["alias"] for zone in [*windows, *iana])
    assert wrong.status_code == 400


def test_zones_need_a_mailbox_to_be_asked_for(sandbox: Client) -> None:
    response = sandbox.graph("GET", "/users/nobody@school.example/outlook/supportedTimeZones")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "ErrorInvalidUser")


def test_mailbox_settings_are_for_those_who_have_the_role(sandbox: Client, ann: str) -> None:
    forbidden = sandbox.graph("GET", f"/users/{ann}/mailboxSettings")
    sandbox.configure(roles=["MailboxSettings.Read"])
    sandbox.sign_in()

    settings = sandbox.get(f"/users/{ann}/mailboxSettings")

    assert (forbidden.status_code, forbidden.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    assert settings["timeZone"] == "W. Europe Standard Time"
    assert settings["workingHours"]["daysOfWeek"][0] == "monday"
