"""Wall-clock times and instants, where the clock jumps and where it repeats itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.localtime import SkippedTime, instant, wall_clock

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "UTC"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("UTC", "2026-07-01 09:00", "2026-07-01T09:00+00:00"),
        ("Europe/Berlin", "2026-07-01 09:00", "2026-07-01T07:00+00:00"),
        ("Europe/Berlin", "2026-12-01 09:00", "2026-12-01T08:00+00:00"),
        ("America/New_York", "2026-07-01 09:00", "2026-07-01T13:00+00:00"),
        ("Asia/Kathmandu", "2026-07-01 09:00", "2026-07-01T03:15+00:00"),
        ("Pacific/Kiritimati", "2026-07-01 09:00", "2026-06-30T19:00+00:00"),
    ],
)
def test_a_time_is_read_in_its_zone(zone, local, expected):
    assert instant(at(local), zone) == at(expected)


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/Berlin", "2026-03-29 02:00"),
        ("Europe/Berlin", "2026-03-29 02:30"),
        ("Europe/Berlin", "2026-03-29 02:59"),
        ("America/New_York", "2026-03-08 02:30"),
        ("Europe/London", "2026-03-29 01:30"),
        ("Australia/Lord_Howe", "2026-10-04 02:15"),
        ("America/Santiago", "2026-09-06 00:30"),
        ("Africa/Cairo", "2026-04-24 00:30"),
        ("Pacific/Apia", "2011-12-30 12:00"),
    ],
)
def test_a_time_that_the_clock_jumps_over_does_not_exist(zone, local):
    with pytest.raises(SkippedTime, match=zone):
        instant(at(local), zone)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29T00:59+00:00"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00+00:00"),
        ("America/New_York", "2026-03-08 03:00", "2026-03-08T07:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-03T15:30+00:00"),
    ],
)
def test_the_minutes_around_a_jump_exist(zone, local, expected):
    assert instant(at(local), zone) == at(expected)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30+00:00"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30+00:00"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45+00:00"),
        ("America/Santiago", "2026-04-04 23:30", "2026-04-05T02:30+00:00"),
    ],
)
@pytest.mark.parametrize("fold", [0, 1])
def test_of_an_hour_that_comes_twice_the_first_is_meant(zone, local, expected, fold):
    assert instant(at(local).replace(fold=fold), zone) == at(expected)


@given(
    moment=st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
        max_value=datetime(2090, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    zone=st.sampled_from(ZONES),
)
def test_an_instant_shown_on_a_wall_reads_back_as_itself_or_as_the_first_of_two(moment, zone):
    read = instant(wall_clock(moment, zone), zone)

    second = moment.astimezone(ZoneInfo(zone)).fold == 1
    assert read == moment or (second and timedelta(0) < moment - read <= timedelta(hours=3))


@pytest.mark.parametrize("local", ["0001-01-01 00:00", "9999-12-31 23:59"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_time_at_the_end_of_the_calendar_is_an_instant_or_does_not_exist(zone, local):
    try:
        found = instant(at(local), zone)
    except SkippedTime:
        return

    assert wall_clock(found, zone) == at(local)


def test_a_wall_clock_time_has_no_zone():
    assert wall_clock(at("2026-07-01T07:00+00:00"), "Europe/Berlin") == at("2026-07-01 09:00")
