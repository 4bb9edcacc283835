"""Days on which clocks change, days that are longer or shorter, zones, and instants at the ends of the calendar."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from events.availability import Span, Theirs, Verdict, local_midnight, verdict
from events.board import as_local_days, theirs
from events.localtime import SkippedTime, instant, wall_clock
from events.models import ExternalEvent
from instructors.models import Instructor
from integrations.providers.microsoft.codec import Unreadable, from_graph, from_graph_time, to_graph, to_graph_time
from integrations.providers.types import Entry
from tests.conftest import address, sync_now
from tests.factories import ExternalEventFactory
from tests.test_event_form import NEW, form, row

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
JULY = datetime(2026, 7, 15, 12, tzinfo=UTC)
ALL_ZONES = sorted(available_timezones())
# When the clocks change, in UTC, and by how many hours they are ahead of it before and after.
CHANGES: dict[str, list[tuple[str, float, float]]] = {
    "Europe/Berlin": [
        ("2026-03-29T01:00", 1, 2),
        ("2026-10-25T01:00", 2, 1),
        ("2027-03-28T01:00", 1, 2),
        ("2027-10-31T01:00", 2, 1),
    ],
    "Europe/London": [
        ("2026-03-29T01:00", 0, 1),
        ("2026-10-25T01:00", 1, 0),
        ("2027-03-28T01:00", 0, 1),
        ("2027-10-31T01:00", 1, 0),
    ],
    "Atlantic/Azores": [
        ("2026-03-29T01:00", -1, 0),
        ("2026-10-25T01:00", 0, -1),
        ("2027-03-28T01:00", -1, 0),
        ("2027-10-31T01:00", 0, -1),
    ],
    "America/New_York": [
        ("2026-03-08T07:00", -5, -4),
        ("2026-11-01T06:00", -4, -5),
        ("2027-03-14T07:00", -5, -4),
        ("2027-11-07T06:00", -4, -5),
    ],
    "America/Los_Angeles": [
        ("2026-03-08T10:00", -8, -7),
        ("2026-11-01T09:00", -7, -8),
        ("2027-03-14T10:00", -8, -7),
        ("2027-11-07T09:00", -7, -8),
    ],
    "America/St_Johns": [
        ("2026-03-08T05:30", -3.5, -2.5),
        ("2026-11-01T04:30", -2.5, -3.5),
        ("2027-03-14T05:30", -3.5, -2.5),
        ("2027-11-07T04:30", -2.5, -3.5),
    ],
    "America/Santiago": [
        ("2026-04-05T03:00", -3, -4),
        ("2026-09-06T04:00", -4, -3),
        ("2027-04-04T03:00", -3, -4),
        ("2027-09-05T04:00", -4, -3),
    ],
    "America/Nuuk": [
        ("2026-03-29T01:00", -2, -1),
        ("2026-10-25T01:00", -1, -2),
        ("2027-03-28T01:00", -2, -1),
        ("2027-10-31T01:00", -1, -2),
    ],
    "Africa/Cairo": [
        ("2026-04-23T22:00", 2, 3),
        ("2026-10-29T21:00", 3, 2),
        ("2027-04-29T22:00", 2, 3),
        ("2027-10-28T21:00", 3, 2),
    ],
    "Africa/Casablanca": [  # back before Ramadan, on after it, and back for good
        ("2026-02-15T02:00", 1, 0),
        ("2026-03-22T02:00", 0, 1),
        ("2026-09-20T01:00", 1, 0),
    ],
    "Asia/Beirut": [
        ("2026-03-28T22:00", 2, 3),
        ("2026-10-24T21:00", 3, 2),
        ("2027-03-27T22:00", 2, 3),
        ("2027-10-30T21:00", 3, 2),
    ],
    "Asia/Jerusalem": [
        ("2026-03-27T00:00", 2, 3),
        ("2026-10-24T23:00", 3, 2),
        ("2027-03-26T00:00", 2, 3),
        ("2027-10-30T23:00", 3, 2),
    ],
    "Australia/Adelaide": [
        ("2026-04-04T16:30", 10.5, 9.5),
        ("2026-10-03T16:30", 9.5, 10.5),
        ("2027-04-03T16:30", 10.5, 9.5),
        ("2027-10-02T16:30", 9.5, 10.5),
    ],
    "Australia/Lord_Howe": [
        ("2026-04-04T15:00", 11, 10.5),
        ("2026-10-03T15:30", 10.5, 11),
        ("2027-04-03T15:00", 11, 10.5),
        ("2027-10-02T15:30", 10.5, 11),
    ],
    "Pacific/Auckland": [
        ("2026-04-04T14:00", 13, 12),
        ("2026-09-26T14:00", 12, 13),
        ("2027-04-03T14:00", 13, 12),
        ("2027-09-25T14:00", 12, 13),
    ],
    "Pacific/Chatham": [
        ("2026-04-04T14:00", 13.75, 12.75),
        ("2026-09-26T14:00", 12.75, 13.75),
        ("2027-04-03T14:00", 13.75, 12.75),
        ("2027-09-25T14:00", 12.75, 13.75),
    ],
    "Antarctica/Troll": [  # by two hours
        ("2026-03-29T01:00", 0, 2),
        ("2026-10-25T01:00", 2, 0),
        ("2027-03-28T01:00", 0, 2),
        ("2027-10-31T01:00", 2, 0),
    ],
}
UNCHANGING: dict[str, float] = {
    "Asia/Kolkata": 5.5,
    "Asia/Kathmandu": 5.75,
    "Asia/Tokyo": 9,
    "America/Sao_Paulo": -3,
    "America/Asuncion": -3,
    "Africa/Lagos": 1,
    "Europe/Istanbul": 3,
    "Pacific/Kiritimati": 14,
    "Pacific/Pago_Pago": -11,
    "UTC": 0,
}
WINDOWS = {iana: name for name, iana in win_tz.items()}
ROWS = [
    pytest.param(zone, datetime.fromisoformat(at).replace(tzinfo=UTC), before * HOUR, after * HOUR, id=f"{zone} {at}")
    for zone, changes in CHANGES.items()
    for at, before, after in changes
]
every_change = pytest.mark.parametrize(("zone", "change", "before", "after"), ROWS)
seconds = st.integers(min_value=0, max_value=int(730 * DAY / timedelta(seconds=1)) - 1)
zones = st.sampled_from(ALL_ZONES)
moments_of_2026_27 = seconds.map(lambda count: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=count))


def names(zone: str) -> list[str]:
    """What Microsoft may call a zone."""
    return [zone, WINDOWS[zone]] if zone in WINDOWS else [zone]


def told(local: datetime, zone: str) -> dict[str, str]:
    """A wall-clock time as Graph tells it."""
    return {"dateTime": f"{local.replace(tzinfo=None).isoformat(timespec='microseconds')}0", "timeZone": zone}


def read(start: dict[str, str], end: dict[str, str], **values):
    return from_graph({"id": "AAMk1", "start": start, "end": end, **values})


def naive(moment: datetime, ahead: timedelta) -> datetime:
    return (moment + ahead).replace(tzinfo=None)


# The days on which clocks change


@every_change
def test_the_clock_on_both_sides_of_a_change_is_read_in_its_zone(zone, change, before, after):
    last, first = change - timedelta(minutes=90), change + timedelta(minutes=150)

    for name in names(zone):
        assert from_graph_time(told(naive(last, before), name)) == last
        assert from_graph_time(told(naive(first, after), name)) == first
    assert (wall_clock(last, zone), wall_clock(first, zone)) == (naive(last, before), naive(first, after))


@every_change
def test_of_times_that_come_twice_the_first_is_meant_and_those_that_are_left_out_are_read_as_if_the_clock_went_on(
    zone, change, before, after
):
    middle = change + abs(after - before) / 2  # by the old clock it comes after the change

    for name in names(zone):
        if after > before:
            assert from_graph_time(told(naive(middle, before), name)) == middle
        else:
            first = told(naive(middle, after), name)
            assert from_graph_time(first) == read(first, first).starts_at == middle - (before - after)


@every_change
def test_a_person_cannot_plan_in_the_time_that_is_left_out(zone, change, before, after):
    middle = change + abs(after - before) / 2

    if after > before:
        with pytest.raises(SkippedTime):
            instant(naive(middle, before), zone)
    else:
        assert instant(naive(middle, after), zone) == middle - (before - after)


@every_change
def test_an_item_over_a_change_is_as_long_as_it_takes(zone, change, before, after):
    opens, closes = naive(change - 10 * HOUR, before), naive(change + 10 * HOUR, after)

    for name in names(zone):
        item = read(told(opens, name), told(closes, name))
        assert closes - opens == 20 * HOUR + (after - before)
        assert item.ends_at - item.starts_at == 20 * HOUR


@every_change
def test_a_night_s_item_that_begins_or_ends_in_the_hour_of_the_change_can_be_read(zone, change, before, after):
    """Told by the wall, an item may end before it starts: in a repeated hour, or where it lies in the one left out."""
    shift = abs(after - before)
    ahead = min(before, after)

    for name in names(zone):
        late, early = told(naive(change + shift * 3 / 4, ahead), name), told(naive(change + shift / 4, ahead), name)
        edge = told(naive(change, after), name)
        for start, end in [(late, early), (late, edge), (early, edge)]:
            if after < before or end is edge:
                item = read(start, end)
                assert timedelta(0) <= item.ends_at - item.starts_at <= shift


def test_an_item_that_ends_before_it_starts_on_any_other_day_is_unreadable():
    with pytest.raises(Unreadable, match="ends before"):
        read(told(JULY + MICROSECOND, "Europe/Berlin"), told(JULY, "Europe/Berlin"))


@every_change
def test_a_session_that_is_typed_in_one_zone_is_shown_there_as_typed_and_elsewhere_at_the_same_instant(
    zone, change, before, after
):
    day = naive(change, after).date()
    typed = [datetime.combine(day, time(9)), datetime.combine(day, time(17))]
    starts_at, ends_at = (instant(one, zone) for one in typed)
    wanted = Entry(UUID(int=1), "First aid", starts_at, ends_at)

    answer = from_graph(to_graph(wanted) | {"id": "AAMk1"})

    assert (answer.starts_at, answer.ends_at, answer.appearance) == (starts_at, ends_at, wanted.appearance)
    assert [wall_clock(one, zone) for one in (answer.starts_at, answer.ends_at)] == typed
    for other in [*CHANGES, *UNCHANGING]:
        there = told(wall_clock(starts_at, other), other)  # as the instructor's Outlook would tell it
        assert from_graph_time(there) in (starts_at, starts_at - HOUR, starts_at - 2 * HOUR, starts_at - HOUR / 2)
        if starts_at.astimezone(ZoneInfo(other)).fold == 0:
            assert from_graph_time(there) == starts_at


@pytest.mark.parametrize(("zone", "ahead"), UNCHANGING.items())
def test_a_zone_without_changes_has_none_in_these_years(zone, ahead):
    for name in names(zone):
        for week in range(105):
            moment = datetime(2026, 1, 1, 12, tzinfo=UTC) + week * 7 * DAY
            assert from_graph_time(told(naive(moment, ahead * HOUR), name)) == moment


@given(moments_of_2026_27, zones)
def test_a_clock_on_any_wall_is_read_as_its_instant_or_as_the_first_of_two(moment, zone):
    local = moment.astimezone(ZoneInfo(zone))

    found = from_graph_time(told(local, zone))

    assert found == moment or (local.fold == 1 and moment - 2 * HOUR <= found < moment)
    assert found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local.replace(tzinfo=None)


@pytest.mark.parametrize("name", sorted(win_tz))
def test_every_windows_zone_is_known_and_means_what_its_place_means(name):
    for month in range(1, 13):
        local = JULY.replace(month=month)
        assert from_graph_time(told(local, name)) == from_graph_time(told(local, win_tz[name]))


# All-day items


@pytest.mark.parametrize(
    "name", ["UTC", "", "Tokyo Standard Time", "America/Santiago", "Pacific/Kiritimati", "No zone"]
)
@pytest.mark.parametrize("day", [date(2026, 9, 6), date(2026, 10, 25), date(2026, 11, 23)])
def test_an_all_day_item_means_its_dates_in_whatever_zone_it_is_told(name, day):
    start, end = datetime.combine(day, time()), datetime.combine(day + DAY, time())

    item = read(told(start, name), told(end, name), isAllDay=True)

    assert (item.starts_at, item.ends_at) == (start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))


def holiday(first: date, last: date, zone: str) -> Theirs:
    """An all-day item of an instructor who is in `zone`, as the board shows it; both dates are inclusive."""
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last + DAY))
    stored = Theirs(1, 1, start, end, "oof", "", is_all_day=True, is_private=False, found_at=start)
    return as_local_days(stored, ZoneInfo(zone))


def test_a_day_begins_with_its_first_instant_in_every_zone_and_ends_where_the_next_begins():
    days = [datetime(2026, 1, 1, tzinfo=UTC) + number * DAY for number in range(732)]
    for zone in map(ZoneInfo, ALL_ZONES):
        midnights = [local_midnight(day, zone) for day in days]

        for day, midnight in zip(days, midnights, strict=True):
            assert midnight.astimezone(zone).date() == day.date(), zone
            assert (midnight - MICROSECOND).astimezone(zone).date() == day.date() - DAY, zone
        assert all(22 * HOUR <= after - before <= 26 * HOUR for before, after in pairwise(midnights)), zone


@every_change
def test_an_all_day_item_is_as_long_as_the_day_is(zone, change, before, after):
    day = naive(change, min(before, after)).date()
    lengths = [one.end - one.start for one in (holiday(day, day, zone), holiday(day - DAY, day + DAY, zone))]

    is_at_midnight = (
        naive(change, max(before, after)).time() == time()
    )  # then the day before or after is the longer one
    shift = timedelta(0) if is_at_midnight and lengths[0] == DAY else after - before
    assert lengths == [DAY - shift, 3 * DAY - (after - before)]


@given(
    moments_of_2026_27, st.integers(min_value=1, max_value=5), st.sampled_from(ALL_ZONES), st.sampled_from(ALL_ZONES)
)
def test_an_all_day_item_takes_the_whole_day_where_the_instructor_is_and_nothing_of_another(
    moment, count, zone, planned_in
):
    there = ZoneInfo(zone)
    first = moment.astimezone(there).date()
    item = holiday(first, first + (count - 1) * DAY, zone)

    assert (item.first, item.last) == (first, first + (count - 1) * DAY)
    assert item.start <= moment < item.end
    last = item.end - timedelta(seconds=1)
    typed_at = [wall_clock(one, planned_in) for one in (item.start, last)]  # by somebody who plans elsewhere
    within = [instant(local, planned_in) for local in typed_at]
    assume(within == [item.start, last])  # neither is the second of two
    assert [taken(one, one + timedelta(seconds=1), item) for one in within] == [Verdict.BUSY] * 2
    assert taken(item.start - HOUR, item.start, item) == Verdict.FREE
    assert taken(item.end, item.end + HOUR, item) == Verdict.FREE


def taken(start: datetime, end: datetime, item: Theirs) -> Verdict:
    return verdict(Span(start, end), [item], [])


# Every instant


every_moment = st.datetimes(timezones=st.just(UTC))
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@given(every_moment)
@example(FIRST)
@example(LAST)
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
def test_every_instant_is_sent_and_read_back(moment):
    assert from_graph_time(to_graph_time(moment)) == moment


@given(every_moment, st.integers(min_value=0, max_value=7), st.integers(min_value=0, max_value=9))
@example(LAST, 7, 9)
def test_every_instant_is_read_from_as_many_digits_as_are_told_and_the_seventh_is_left_out(moment, digits, seventh):
    fraction = f"{moment.microsecond:06}{seventh}"[:digits]
    text = f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}{'.' if digits else ''}{fraction}"

    found = from_graph_time({"dateTime": text, "timeZone": "UTC"})

    assert found == moment.replace(microsecond=int(f"{fraction:<06}"[:6]))


@given(st.datetimes(timezones=st.timezones()), st.timedeltas(min_value=timedelta(0), max_value=400 * DAY))
def test_an_entry_of_any_zone_and_year_looks_afterwards_as_it_was_sent(moment, length):
    try:
        start = moment.astimezone(UTC)
        wanted = Entry(UUID(int=1), "First aid", start, start + length)
    except OverflowError:
        assume(condition=False)

    answer = from_graph(to_graph(wanted) | {"id": "AAMk1"})

    assert (answer.starts_at, answer.ends_at) == (start, start + length)
    assert answer.appearance == wanted.appearance


@given(st.datetimes(), st.sampled_from([*ALL_ZONES, *win_tz]))
@example(datetime.min, "Asia/Tokyo")  # noqa: DTZ901
@example(datetime.max, "Pacific Standard Time")  # noqa: DTZ901
def test_every_time_of_every_zone_is_an_instant_or_unreadable(local, zone):
    try:
        item = read(told(local, zone), told(local, zone))
    except Unreadable:
        assert local.year in (1, 9999)
        return

    assert abs(item.starts_at - local.replace(tzinfo=UTC)) <= 26 * HOUR


# Which zones count


IN_ONE_PROCESS = """
import {module}
from datetime import datetime, UTC
from zoneinfo import ZoneInfo
for name in {zones!r}:
    print(datetime(2026, 12, 1, 12, tzinfo=UTC).astimezone(ZoneInfo(name)).isoformat())
"""
# Rules that were made in 2025 and 2026, which an older copy of the zones does not know.
YOUNG = {
    "Africa/Casablanca": "2026-12-01T12:00:00+00:00",
    "America/Vancouver": "2026-12-01T05:00:00-07:00",
    "America/Edmonton": "2026-12-01T06:00:00-06:00",
    "America/Winnipeg": "2026-12-01T07:00:00-05:00",
    "America/Havana": "2026-12-01T08:00:00-04:00",
}


@pytest.fixture
def older_zones(tmp_path) -> Path:
    """A system's copy of the zones that is wrong about all that is asked of it."""
    wrong = resources.files("tzdata.zoneinfo").joinpath("Asia", "Kolkata").read_bytes()
    for name in [*YOUNG, "Europe/Berlin", "UTC"]:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(wrong)
    return tmp_path


def moments_in(module: str, zones: list[str], older_zones: Path) -> list[str]:
    """What a process that imports `module` says of noon on 1 December 2026 in `zones`."""
    code = IN_ONE_PROCESS.format(module=module, zones=zones)
    env = os.environ | {"PYTHONTZPATH": str(older_zones)}
    process = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return process.stdout.split()


@pytest.mark.parametrize("module", ["calsync", "sandbox", "calsync.wsgi"])
def test_the_pinned_zones_win_over_an_older_copy_of_the_system(module, older_zones):
    found = moments_in(module, [*YOUNG, "Europe/Berlin"], older_zones)

    assert found == [*YOUNG.values(), "2026-12-01T13:00:00+01:00"]


def test_without_us_the_copy_of_the_system_would_count(older_zones):
    assert moments_in("zoneinfo", ["Europe/Berlin"], older_zones) == ["2026-12-01T17:30:00+05:30"]


def test_a_worker_reads_zones_from_the_pinned_copy(older_zones):
    code = "from calsync.celery import app; app.loader.import_default_modules()"
    found = moments_in(f"sys; exec({code!r})", ["Europe/Berlin"], older_zones)

    assert found == ["2026-12-01T13:00:00+01:00"]


@pytest.mark.parametrize(("zone", "expected"), YOUNG.items())
def test_a_zone_whose_rules_are_young_is_read_by_them(zone, expected):
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    local = datetime.fromisoformat(expected)

    assert from_graph_time(told(local, zone)) == noon
    assert wall_clock(noon, zone) == local.replace(tzinfo=None)


# With the database and in Outlook


@pytest.mark.django_db
def test_an_all_day_item_is_in_the_way_where_the_instructor_is_in_every_zone():
    day = datetime(2026, 10, 25, tzinfo=UTC)
    mapping = ExternalEventFactory.create(starts_at=day, ends_at=day + DAY, is_all_day=True).mapping
    owners, minute = {mapping.pk: mapping.instructor_id}, timedelta(minutes=1)
    days = {(local_midnight(day, ZoneInfo(one)), local_midnight(day + DAY, ZoneInfo(one))): one for one in ALL_ZONES}
    assert len(days) > 35  # so many kinds of that day there are
    for (begins, ends), zone in days.items():
        spans = [(begins - minute, begins), (begins, begins + minute), (ends - minute, ends), (ends, ends + minute)]

        found = [[*theirs(owners, *span, {mapping.instructor_id: zone})] for span in spans]

        assert [len(items) for items in found] == [0, 1, 1, 0], zone


def next_change(zone: str) -> date:
    """The first day to come, of those that a calendar is read for, on which noon is told by another clock."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + 9 * DAY
    days = [noon + number * DAY for number in range(380)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return next(day.date() for day, one, other in zip(days[1:], offsets, offsets[1:], strict=False) if one != other)


def at(day: date, clock: str, zone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


WITH_CHANGES = [
    ("Europe/Berlin", "W. Europe Standard Time"),
    ("America/New_York", "Eastern Standard Time"),
    ("Australia/Lord_Howe", "Lord Howe Standard Time"),
    ("America/Santiago", "Pacific SA Standard Time"),
    ("Pacific/Chatham", "Pacific/Chatham"),
    ("Antarctica/Troll", "Antarctica/Troll"),
]


def test_what_stands_in_outlook_over_a_change_is_mirrored_at_its_instants(sandbox, ann):
    expected = []
    for zone, name in WITH_CHANGES:
        day = next_change(zone)
        week = {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [f"{day:%A}".lower()]},
            "range": {"type": "numbered", "startDate": f"{day - 7 * DAY}", "numberOfOccurrences": 3},
        }
        add_local(sandbox, name, day - 7 * DAY, "09:00", day - 7 * DAY, "17:30", recurrence=week)
        add_local(sandbox, name, day - DAY, "20:00", day + DAY, "06:15")
        days = [day + number * 7 * DAY for number in (-1, 0, 1)]
        expected += [(at(one, "09:00", zone), at(one, "17:30", zone)) for one in days]
        expected.append((at(day - DAY, "20:00", zone), at(day + DAY, "06:15", zone)))

    sync_now(ann)

    assert sorted(ExternalEvent.objects.values_list("starts_at", "ends_at")) == sorted(expected)


def add_local(sandbox, zone: str, first: date, start: str, last: date, end: str, **more) -> None:
    """Add an item by the clock on the owner's wall."""
    body = {
        "subject": "Choir",
        "start": {"dateTime": f"{first}T{start}:00", "timeZone": zone},
        "end": {"dateTime": f"{last}T{end}:00", "timeZone": zone},
        **more,
    }
    sandbox.control("POST", f"mailboxes/{address('ann')}/events", json=body)


def test_a_session_that_is_typed_in_its_own_zone_stands_in_outlook_at_its_instant(sandbox, people, admin_client):
    Instructor.objects.update(time_zone="Asia/Kathmandu")
    for mapping, (zone, _) in zip(people.values(), WITH_CHANGES, strict=False):
        typed = row(f"{next_change(zone)}", "05:00", "13:00")
        admin_client.post(NEW, form(typed, people=[mapping.instructor], time_zone=zone))

    sync_now()

    for name, (zone, _) in zip(people, WITH_CHANGES, strict=False):
        (item,) = sandbox.events(name)
        expected = [at(next_change(zone), clock, zone) for clock in ("05:00", "13:00")]
        assert [from_graph_time(item["start"]), from_graph_time(item["end"])] == expected
    assert not sync_now().updated
    assert not ExternalEvent.objects.exists()
