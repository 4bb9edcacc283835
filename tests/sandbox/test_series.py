"""Recurrence: which dates a pattern has, and what stands in a calendar because of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any

import icalendar
import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.items import Item
from sandbox.recurrence import read_recurrence
from sandbox.series import DAYS, dates, instances
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


# What follows holds random patterns of Graph against what nobody here wrote: dateutil and recurring_ical_events.

CODES = dict(zip(DAYS, ("MO", "TU", "WE", "TH", "FR", "SA", "SU"), strict=True))
POSITIONS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
DATES = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@st.composite
def patterns(draw: st.DrawFn, most: int = 20) -> dict[str, Any]:
    kind = draw(st.sampled_from(
        ["daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"]
    ))  # fmt: skip
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    return {
        "type": kind,
        "interval": draw(st.integers(1, most)),
        "month": draw(st.integers(1, 12)),
        "dayOfMonth": draw(st.integers(1, 31)),
        "daysOfWeek": days,
        "firstDayOfWeek": draw(st.sampled_from(DAYS)),
        "index": draw(st.sampled_from(list(POSITIONS))),
    }


def rule_of(pattern: dict[str, Any]) -> str:
    """The RRULE that says the same as a pattern of Graph."""
    kind, codes = pattern["type"], ",".join(CODES[day] for day in pattern["daysOfWeek"])
    frequency = next(name for name in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY") if name in kind.upper())
    rule = f"FREQ={frequency};INTERVAL={pattern['interval']};WKST={CODES[pattern['firstDayOfWeek']]}"
    if kind == "weekly":
        rule += f";BYDAY={codes}"
    if kind.endswith("Yearly"):
        rule += f";BYMONTH={pattern['month']}"
    if kind.startswith("relative"):
        rule += f";BYDAY={codes};BYSETPOS={POSITIONS[pattern['index']]}"
    if kind.startswith("absolute"):  # the day itself, or the last one of a month that has no such day
        days = range(min(pattern["dayOfMonth"], 28), pattern["dayOfMonth"] + 1)
        rule += f";BYMONTHDAY={','.join(map(str, days))};BYSETPOS=-1"
    return rule


def recurrence_of(pattern: dict[str, Any], start: date, **limits: Any) -> dict[str, Any]:
    value = {"pattern": pattern, "range": {"startDate": start.isoformat(), "type": "noEnd"} | limits}
    return read_recurrence(value, utc(f"{start}T09:00:00"))


@given(patterns(), DATES)
def test_a_pattern_has_the_dates_of_the_rule_that_says_the_same(pattern: dict[str, Any], start: date) -> None:
    found = list(islice(dates(recurrence_of(pattern, start)), 25))

    rule = rrulestr(rule_of(pattern), dtstart=datetime.combine(start, datetime.min.time()))
    assert found == [moment.date() for moment in islice(rule, 25)]


@given(patterns(), DATES, st.integers(0, 4000), st.integers(0, 60_000), st.integers(1, 999))
def test_any_way_to_end_and_to_skip_ahead_gives_the_same_dates(
    pattern: dict[str, Any], start: date, length: int, ahead: int, count: int
) -> None:
    last, since = start + timedelta(days=length), start + timedelta(days=ahead)
    endless = recurrence_of(pattern, start)
    ending = recurrence_of(pattern, start, type="endDate", endDate=last.isoformat())
    counted = recurrence_of(pattern, start, type="numbered", numberOfOccurrences=count)

    until = since + timedelta(days=4000)
    everything = list(takewhile(lambda day: day <= until, dates(endless)))

    assert list(dates(ending)) == list(takewhile(lambda day: day <= last, dates(endless)))
    assert list(dates(counted)) == list(islice(dates(endless), count))
    skipped = list(takewhile(lambda day: day <= until, dates(endless, since)))
    assert [day for day in skipped if day >= since] == [day for day in everything if day >= since]


# Often at an hour in which clocks change, and often enough over one.
TIMES = st.sampled_from(["00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "09:00", "22:45"]).map(
    time.fromisoformat
)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]

NIGHTLY = {"type": "daily", "interval": 1, "daysOfWeek": [], "firstDayOfWeek": "sunday"}


@given(patterns(most=2), DATES, TIMES, st.integers(1, 3000), st.sampled_from(ZONES), st.integers(0, 3000))
@example(NIGHTLY, date(2027, 3, 20), time(2, 30), 45, "Europe/Berlin", 0)
def test_the_instances_of_a_window_are_those_that_recurring_ical_events_finds(
    pattern: dict[str, Any], start: date, clock: time, minutes: int, zone: str, ahead: int
) -> None:
    first = next(dates(recurrence_of(pattern, start)))
    opens = datetime.combine(first, clock)
    closes = opens + timedelta(minutes=minutes)
    facts = {name: {"dateTime": at.isoformat(), "timeZone": zone} for name, at in (("start", opens), ("end", closes))}
    item = Item(1, facts, "user", "", "", recurrence=recurrence_of(pattern, first))
    begin = datetime.combine(first + timedelta(days=ahead), datetime.min.time(), UTC)
    window = (begin, begin + timedelta(days=400))

    found = {instance.day: (instance.start, instance.end) for instance in instances(item, window)}

    expected = {opens.date(): (opens, closes) for opens, closes in by_library(facts, rule_of(pattern), window)}
    # Where a start falls into an hour that the clocks skip and the end does not, the library sees the occurrence end
    # before it begins; Exchange knows no such event, and the sandbox lets it end where it begins.
    assert found == {
        day: (opens.astimezone(UTC), max(opens.astimezone(UTC), closes.astimezone(UTC)))
        for day, (opens, closes) in expected.items()
    }


def by_library(
    facts: dict[str, dict[str, str]], rule: str, window: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime]]:
    lines = [
        f"DT{name.upper()};TZID={value['timeZone']}:{value['dateTime'].replace('-', '').replace(':', '')}"
        for name, value in facts.items()
    ]
    text = "\n".join(["BEGIN:VEVENT", "UID:one", *lines, f"RRULE:{rule}", "END:VEVENT"])
    found = recurring_ical_events.of(icalendar.Event.from_ical(text)).between(*window)
    return [(event["DTSTART"].dt, event["DTEND"].dt) for event in found]


@pytest.mark.parametrize("pattern", [{"type": "daily"}, {"type": "weekly", "daysOfWeek": ["monday"]}])
def test_a_window_far_away_is_not_counted_to(pattern: dict[str, Any]) -> None:
    endless = recurrence_of({"interval": 1} | pattern, date(1970, 1, 5))

    assert date(4000, 1, 1) - next(dates(endless, date(4000, 1, 1))) < timedelta(days=8)


def test_a_recurrence_comes_back_with_everything_filled_in(sandbox: Client, ann: str) -> None:
    limits = {"type": "noEnd", "startDate": "2026-12-01"}
    master = sandbox.create(ann, **weekly(recurrence={"pattern": {"type": "daily", "interval": 2}, "range": limits}))

    assert master["recurrence"] == {
        "pattern": {
            "type": "daily", "interval": 2, "month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first",
        },
        "range": {
            "type": "noEnd", "startDate": "2026-12-01", "endDate": "0001-01-01", "numberOfOccurrences": 0,
            "recurrenceTimeZone": "W. Europe Standard Time",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("pattern", {"dayOfMonth": 32}),
        ("pattern", {"month": 13}),
        ("pattern", {"interval": 0}),
        ("pattern", {"index": "fifth"}),
        ("pattern", {"daysOfWeek": "tuesday"}),
        ("pattern", {"daysOfWeek": 5}),
        ("pattern", {"daysOfWeek": []}),
        ("range", {"endDate": "soon"}),
        ("range", {"numberOfOccurrences": 0}),
        ("range", {"numberOfOccurrences": -1, "type": "noEnd"}),
        ("range", {"type": "endDate", "endDate": "2026-11-30"}),
        ("range", {"recurrenceTimeZone": 5}),
        ("range", {"recurrenceTimeZone": "Europe/Atlantis"}),
    ],
)
def test_a_recurrence_that_makes_no_sense_is_refused_also_in_what_its_type_ignores(
    sandbox: Client, ann: str, where: str, change: dict[str, Any]
) -> None:
    series = weekly(2)
    series["recurrence"][where] |= change

    assert sandbox.graph("POST", f"/users/{ann}/events", json=course(**series)).status_code == 400


def test_an_occurrence_knows_its_neighbours_far_from_the_beginning(sandbox: Client, ann: str) -> None:
    series = weekly(start=utc("1990-01-02T10:00:00"), end=utc("1990-01-02T11:00:00"))
    series["recurrence"]["range"] = {"type": "noEnd", "startDate": "1990-01-02"}
    master = sandbox.create(ann, **series)
    second = sandbox.get(f"/users/{ann}/events/{master['id']}/instances?{WINDOW}")["value"][1]
    path = f"/users/{ann}/events/{second['id']}"

    over = {"start": utc("2026-11-17T12:00:00"), "end": utc("2026-11-17T13:00:00")}
    beside = {"start": utc("2026-11-16T12:00:00"), "end": utc("2026-11-16T13:00:00")}

    assert sandbox.graph("PATCH", path, json=over).json()["error"]["code"] == "ErrorOccurrenceCrossingBoundary"
    assert sandbox.graph("PATCH", path, json=beside).status_code == 200
