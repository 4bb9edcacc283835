"""Recurrence: which dates a pattern has, and what stands in a calendar because of it."""

from __future__ import annotations

from datetime import date
from itertools import islice, takewhile
from typing import Any

import pytest

from sandbox.recurrence import read_recurrence
from sandbox.series import dates
from tests.sandbox.conftest import WINDOW, Client, course, utc, weekly


def first_dates(
    start: str, pattern: dict[str, Any], limits: dict[str, Any] | None = None, since: str = ""
) -> list[str]:
    value = {
        "pattern": {"interval": 1} | pattern,
        "range": {"startDate": start} | (limits or {"type": "noEnd"}),
    }
    recurrence = read_recurrence(value, utc(f"{start}T09:00:00"))
    found = dates(recurrence, date.fromisoformat(since) if since else None)
    return [day.isoformat() for day in islice(found, 5)]


@pytest.mark.parametrize(
    ("start", "pattern", "expected"),
    [
        ("2026-01-30", {"type": "daily", "interval": 2}, ["2026-01-30", "2026-02-01", "2026-02-03"]),
        (
            "2026-01-07",
            {"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "wednesday"], "firstDayOfWeek": "monday"},
            ["2026-01-07", "2026-01-19", "2026-01-21", "2026-02-02"],
        ),
        (
            "2026-01-04",
            {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "monday"], "firstDayOfWeek": "sunday"},
            ["2026-01-04", "2026-01-05", "2026-01-18", "2026-01-19"],
        ),
        (
            "2026-01-31",
            {"type": "absoluteMonthly", "dayOfMonth": 31},
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"],
        ),
        (
            "2026-01-13",
            {"type": "relativeMonthly", "daysOfWeek": ["tuesday"], "index": "second"},
            ["2026-01-13", "2026-02-10", "2026-03-10"],
        ),
        (
            "2026-01-30",
            {"type": "relativeMonthly", "daysOfWeek": ["friday"], "index": "last", "interval": 2},
            ["2026-01-30", "2026-03-27", "2026-05-29"],
        ),
        (
            "2026-01-01",
            {"type": "relativeMonthly", "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"]},
            ["2026-01-01", "2026-02-02", "2026-03-02"],
        ),
        (
            "2024-02-29",
            {"type": "absoluteYearly", "dayOfMonth": 29, "month": 2},
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        ),
        (
            "2026-11-26",
            {"type": "relativeYearly", "daysOfWeek": ["thursday"], "index": "fourth", "month": 11},
            ["2026-11-26", "2027-11-25", "2028-11-23"],
        ),
        (
            "2026-06-15",
            {"type": "absoluteYearly", "dayOfMonth": 1, "month": 3, "interval": 2},
            ["2028-03-01", "2030-03-01"],
        ),
    ],
)
def test_a_pattern_has_the_dates_that_outlook_gives_it(
    start: str, pattern: dict[str, Any], expected: list[str]
) -> None:
    found = first_dates(start, pattern)

    assert found[: len(expected)] == expected


def test_an_end_date_belongs_to_the_series() -> None:
    limits = {"type": "endDate", "endDate": "2026-01-03"}

    assert first_dates("2026-01-01", {"type": "daily"}, limits) == ["2026-01-01", "2026-01-02", "2026-01-03"]


def test_a_count_is_counted_from_the_first_occurrence() -> None:
    limits = {"type": "numbered", "numberOfOccurrences": 2}

    assert first_dates("2026-01-01", {"type": "daily"}, limits, since="2030-01-01") == ["2026-01-01", "2026-01-02"]


@pytest.mark.parametrize(
    "pattern",
    [
        {"type": "daily", "interval": 3},
        {"type": "weekly", "interval": 3, "daysOfWeek": ["thursday", "friday"], "firstDayOfWeek": "monday"},
        {"type": "absoluteMonthly", "dayOfMonth": 31, "interval": 5},
        {"type": "relativeYearly", "daysOfWeek": ["friday"], "index": "last", "month": 5, "interval": 2},
    ],
)
def test_skipping_ahead_changes_no_date(pattern: dict[str, Any]) -> None:
    value = {"pattern": {"interval": 1} | pattern, "range": {"type": "noEnd", "startDate": "2020-01-02"}}
    recurrence = read_recurrence(value, utc("2020-01-02T09:00:00"))
    since, until = date(2029, 3, 1), date(2040, 1, 1)

    skipped = list(takewhile(lambda day: day < until, dates(recurrence, since)))
    counted = list(takewhile(lambda day: day < until, dates(recurrence)))

    assert [day for day in skipped if day >= since] == [day for day in counted if day >= since]


def starts(sandbox: Client, mailbox: str, master: str) -> list[tuple[str, str]]:
    found = sandbox.get(f"/users/{mailbox}/events/{master}/instances?{WINDOW}&$top=50")["value"]
    return [(event["type"], event["start"]["dateTime"][:16]) for event in found]


def test_a_series_keeps_its_wall_clock_time_over_the_change_of_clocks(sandbox: Client, ann: str) -> None:
    start = {"dateTime": "2027-03-23T10:00:00", "timeZone": "W. Europe Standard Time"}
    end = {"dateTime": "2027-03-23T11:00:00", "timeZone": "W. Europe Standard Time"}
    series = weekly(2, start=start, end=end)
    series["recurrence"]["range"]["startDate"] = "2027-03-23"
    master = sandbox.create(ann, **series)

    found = starts(sandbox, ann, master["id"])

    assert found == [("occurrence", "2027-03-23T09:00"), ("occurrence", "2027-03-30T08:00")]


def test_a_changed_occurrence_is_an_exception_with_its_original_start(sandbox: Client, ann: str) -> None:
    master = sandbox.create(ann, **weekly(3))
    second = sandbox.get(f"/users/{ann}/events/{master['id']}/instances?{WINDOW}")["value"][1]

    changes = {"start": utc("2026-12-09T12:00:00"), "end": utc("2026-12-09T13:00:00"), "subject": "Moved"}
    changed = sandbox.graph("PATCH", f"/users/{ann}/events/{second['id']}", json=changes).json()

    assert (changed["type"], changed["subject"]) == ("exception", "Moved")
    assert changed["originalStart"] == "2026-12-08T09:00:00Z"
    assert changed["seriesMasterId"] == master["id"]
    assert starts(sandbox, ann, master["id"]) == [
        ("occurrence", "2026-12-01T09:00"),
        ("exception", "2026-12-09T12:00"),
        ("occurrence", "2026-12-15T09:00"),
    ]


def test_a_deleted_occurrence_is_gone_and_its_neighbours_stay(sandbox: Client, ann: str) -> None:
    master = sandbox.create(ann, **weekly(3))
    second = sandbox.get(f"/users/{ann}/events/{master['id']}/instances?{WINDOW}")["value"][1]

    sandbox.graph("DELETE", f"/users/{ann}/events/{second['id']}")

    assert [start for _, start in starts(sandbox, ann, master["id"])] == ["2026-12-01T09:00", "2026-12-15T09:00"]
    assert sandbox.graph("GET", f"/users/{ann}/events/{second['id']}").status_code == 404


@pytest.mark.parametrize("day", ["2026-12-01", "2026-12-15", "2026-12-20"])
def test_an_occurrence_cannot_pass_its_neighbours(sandbox: Client, ann: str, day: str) -> None:
    master = sandbox.create(ann, **weekly(3))
    second = sandbox.get(f"/users/{ann}/events/{master['id']}/instances?{WINDOW}")["value"][1]
    changes = {"start": utc(f"{day}T12:00:00"), "end": utc(f"{day}T13:00:00")}

    response = sandbox.graph("PATCH", f"/users/{ann}/events/{second['id']}", json=changes)

    assert response.json()["error"]["code"] == "ErrorOccurrenceCrossingBoundary"


def test_deleting_the_master_deletes_the_series(sandbox: Client, ann: str) -> None:
    master = sandbox.create(ann, **weekly())

    sandbox.graph("DELETE", f"/users/{ann}/events/{master['id']}")

    assert sandbox.get(f"/users/{ann}/calendarView?{WINDOW}")["value"] == []


def test_a_series_begins_at_its_first_fitting_date(sandbox: Client, ann: str) -> None:
    series = weekly(2, start=utc("2026-12-02T10:00:00"), end=utc("2026-12-02T11:00:00"))
    series["recurrence"]["range"]["startDate"] = "2026-12-02"

    master = sandbox.create(ann, **series)

    assert master["start"]["dateTime"].startswith("2026-12-08T10:00")


def test_a_recurrence_that_does_not_fit_its_event_is_refused(sandbox: Client, ann: str) -> None:
    other_zone = weekly()
    other_zone["recurrence"]["range"]["recurrenceTimeZone"] = "UTC"
    other_date = weekly()
    other_date["recurrence"]["range"]["startDate"] = "2026-12-03"

    answers = [sandbox.graph("POST", f"/users/{ann}/events", json=body) for body in (other_zone, other_date)]

    assert {answer.json()["error"]["code"] for answer in answers} == {"ErrorPropertyValidationFailure"}


def test_a_single_event_has_no_instances(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, **course())

    response = sandbox.graph("GET", f"/users/{ann}/events/{event['id']}/instances?{WINDOW}")

    assert response.status_code == 400


def test_moving_a_series_forgets_its_exceptions(sandbox: Client, ann: str) -> None:
    master = sandbox.create(ann, **weekly(2))
    first = sandbox.get(f"/users/{ann}/events/{master['id']}/instances?{WINDOW}")["value"][0]
    sandbox.graph("DELETE", f"/users/{ann}/events/{first['id']}")
    zone = "W. Europe Standard Time"
    changes = {
        "start": {"dateTime": "2026-12-01T14:00:00", "timeZone": zone},
        "end": {"dateTime": "2026-12-01T15:00:00", "timeZone": zone},
    }

    sandbox.graph("PATCH", f"/users/{ann}/events/{master['id']}", json=changes)

    assert [start for _, start in starts(sandbox, ann, master["id"])] == ["2026-12-01T13:00", "2026-12-08T13:00"]
