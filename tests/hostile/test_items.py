"""Items of a calendar that nobody should meet, through the real engine: the others go on, and it is said what lacks."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from accounts.models import Profile
from instructors.models import Instructor
from tests.conftest import plan_event, sync_now, tomorrow
from tests.hostile.graph import item
from tests.hostile.items import KINDS, pages

pytestmark = pytest.mark.django_db
INNOCENT = item("innocent")


def ids_in(mapping):
    return set(mapping.external_events.values_list("remote_id", flat=True))


def assert_told(mapping, items, *others):
    """Each of `items` that is in the calendar is stored, or counted among what cannot be read."""
    stored = ids_in(mapping)
    told = [one for one in items if one["isCancelled"] is not True]
    assert {"innocent", *others} <= stored
    assert len(stored) + mapping.unreadable == len(told) + 1 + len(others)
    assert mapping.unreadable == 0 or f"{mapping.unreadable} items" in mapping.problem
    assert len(mapping.problem) < 500


def assert_is_unharmed(neighbour):
    assert (ids_in(neighbour), neighbour.problem) == ({"of-ben"}, "")


@pytest.fixture
def both_are_read(ann, ben, hostile):
    """Ann's calendar and Ben's, after their first sync."""
    hostile.told["ann"].window = [[INNOCENT]]
    sync_now(ann, ben)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_items_of_a_window_leave_the_others_and_the_neighbour_alone(hostile, ann, ben, kind):
    items = list(KINDS[kind]())
    hostile.told["ann"].window = [*pages(items), [INNOCENT]]

    sync_now(ann, ben)

    assert_told(ann, items)
    assert_is_unharmed(ben)
    assert ann.synced_at
    assert ann.cursor


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_items_of_a_delta_leave_the_others_and_the_neighbour_alone(both_are_read, hostile, ann, ben, kind):
    items = [one for one in KINDS[kind]() if one["type"] == "singleInstance" and not one["seriesMasterId"]]
    hostile.told["ann"].changes = [*pages(items), [item("new")]]

    sync_now(ann, ben)

    assert_told(ann, items, "new")
    assert_is_unharmed(ben)


@pytest.mark.parametrize("kind", ["series", "types"])
def test_hostile_parts_of_series_in_a_delta_leave_the_others_and_the_neighbour_alone(
    both_are_read, hostile, ann, ben, kind
):
    items = [one for one in KINDS[kind]() if one["type"] != "singleInstance" or one["seriesMasterId"]]
    hostile.told["ann"].changes = [*pages(items), [item("new")]]

    sync_now(ann, ben)

    assert {"innocent", "new"} <= ids_in(ann)
    assert ann.unreadable
    assert_is_unharmed(ben)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_items_that_are_asked_for_one_by_one_leave_the_others_alone(both_are_read, hostile, ann, ben, kind):
    singles = [one for one in KINDS[kind]() if one["type"] == "singleInstance" and len(str(one)) < 10_000]
    items = {one["id"]: one for one in singles[::5] if isinstance(one["id"], str)}
    hostile.told["ann"].items = items
    hostile.told["ann"].changes = [[{"id": remote_id} for remote_id in items], [item("new")]]

    sync_now(ann, ben)

    assert_told(ann, list(items.values()), "new")
    assert_is_unharmed(ben)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_occurrences_of_a_series_leave_the_others_and_the_neighbour_alone(
    both_are_read, hostile, ann, ben, kind
):
    items = [one for one in KINDS[kind]() if len(str(one["subject"])) < 1000]
    hostile.told["ann"].series = {"master": [*items, item("occurrence", seriesMasterId="master")]}
    hostile.told["ann"].changes = [[{"id": "master", "type": "seriesMaster"}]]

    sync_now(ann, ben)

    assert_told(ann, items, "occurrence")
    assert_is_unharmed(ben)


def test_titles_are_kept_on_one_line_without_what_cannot_be_stored_or_shown(hostile, ann):
    items = list(KINDS["texts"]())
    hostile.told["ann"].window = pages(items)

    sync_now(ann)

    titles = dict(ann.external_events.values_list("remote_id", "title"))
    for one in items:
        title = titles[one["id"]]
        assert len(title) <= 255
        assert not [letter for letter in title if unicodedata.category(letter) in {"Cs", "Zl", "Zp"} or letter < " "]


def test_a_span_beyond_the_calendar_is_kept_as_far_as_every_zone_can_show_it(hostile, ann):
    span = {
        name: {"dateTime": day, "timeZone": "UTC"} for name, day in [("start", "0001-01-01"), ("end", "9999-12-31")]
    }
    hostile.told["ann"].window = [[item("always", **span)]]

    sync_now(ann)

    always = ann.external_events.get()
    assert always.starts_at < tomorrow() - timedelta(days=10_000)
    assert always.ends_at > tomorrow() + timedelta(days=10_000)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-30T00:00:00", "2026-11-30T00:00:00", 1),
        ("2026-11-30T09:00:00", "2026-11-30T10:00:00", 1),
        ("2026-11-30T23:30:00", "2026-12-01T00:30:00", 2),
        ("2026-11-30T12:00:00", "2026-12-01T00:00:00", 1),
        ("2026-11-30T00:00:00", "2026-12-01T00:00:00", 1),
    ],
)
def test_an_item_of_whole_days_with_odd_times_covers_the_days_that_it_touches(hostile, ann, start, end, days):
    told = {name: {"dateTime": text, "timeZone": "UTC"} for name, text in (("start", start), ("end", end))}
    hostile.told["ann"].window = [[item("holiday", isAllDay=True, **told)]]

    sync_now(ann)

    holiday = ann.external_events.get()
    assert holiday.starts_at == datetime(2026, 11, 30, tzinfo=UTC)
    assert holiday.ends_at - holiday.starts_at == timedelta(days=days)


@pytest.mark.parametrize(
    ("kind", "zone"),
    [("texts", "UTC"), ("moments", "UTC"), ("spans", "Pacific/Kiritimati"), ("spans", "Pacific/Pago_Pago")],
)
def test_the_pages_show_what_was_stored_of_hostile_items(hostile, ann, client, kind, zone):
    hostile.told["ann"].window = pages([one for one in KINDS[kind]() if not one["transactionId"]])
    sync_now(ann)
    event = plan_event("First aid", ann, time_zone=zone)
    Instructor.objects.update(time_zone=zone)
    maria = User.objects.create_superuser("maria")
    Profile.objects.create(user=maria, time_zone=zone)
    client.force_login(maria)
    days = {"start": f"{tomorrow(0):%Y-%m-%d}", "end": f"{tomorrow(0, days=8):%Y-%m-%d}"}

    for page in pages_about(ann, event):
        response = client.get(page, days)

        assert response.status_code == 200, page
        is_html = response["Content-Type"].startswith("text/html")
        assert not (is_html and re.search(r"<script>alert|<svg/onload|<img src=x", response.content.decode())), page


def pages_about(mapping, event):
    tab = "/settings/calendar-integration/"
    return [
        "/calendar/",
        "/calendar/feed/",
        "/calendar/conflicts/",
        "/events/",
        f"/events/{event.pk}/",
        f"/events/{event.pk}/edit/",
        f"/instructors/{mapping.instructor_id}/",
        tab,
        f"{tab}instructors/",
        f"{tab}instructors/not-matched/",
    ]
