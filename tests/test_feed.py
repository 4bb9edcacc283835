"""The availability calendar as JSON."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils.timezone import now

from accounts.models import Profile
from events import board
from events.availability import Span, Verdict
from events.models import Event
from instructors.models import CalendarMapping, Instructor
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
FEED = "/calendar/feed/"
WEEK = {"start": "2026-11-16", "end": "2026-11-23"}
WEDNESDAY = datetime(2026, 11, 18, tzinfo=UTC)


def at(hour: float) -> datetime:
    return WEDNESDAY + timedelta(hours=hour)


@pytest.fixture
def scheduler(client: Client) -> Client:
    user = User.objects.create_user("tom")
    user.groups.add(Group.objects.get(name="Schedulers"))
    client.force_login(user)
    return client


@pytest.fixture
def ann() -> CalendarMapping:
    return CalendarMappingFactory.create(instructor__name="Ann", instructor__time_zone="UTC")


def course(mapping: CalendarMapping, start: float, end: float, **values: Any) -> Event:
    event = EventFactory.create(**values)
    event.instructors.add(mapping.instructor)
    SessionFactory.create(event=event, starts_at=at(start), ends_at=at(end))
    return event


def external(mapping: CalendarMapping, start: float, end: float, **values: Any) -> None:
    ExternalEventFactory.create(mapping=mapping, starts_at=at(start), ends_at=at(end), **values)


def lives_in(zone: str) -> None:
    Profile.objects.update_or_create(user=User.objects.get(), defaults={"time_zone": zone})


def read(client: Client, **query: Any) -> dict[str, Any]:
    answer = client.get(FEED, WEEK | query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_session_and_an_external_event_stand_in_the_row_of_their_instructor(
    scheduler: Client, ann: CalendarMapping
) -> None:
    event = course(ann, 9, 12, title="First aid", location="York", short_name="Aid")
    external(ann, 14, 15)

    found = read(scheduler)

    row = str(ann.instructor_id)
    assert [(one["id"], one["title"], one["state"]) for one in found["resources"]] == [(row, "Ann", "ok")]
    assert found["events"] == [
        {
            "id": ANY,
            "resourceId": row,
            "start": "2026-11-18T09:00:00+00:00",
            "end": "2026-11-18T12:00:00+00:00",
            "kind": "session",
            "conflict": False,
            "title": "First aid",
            "short_name": "Aid",
            "place": "York",
            "status": "confirmed",
            "event": event.pk,
            "url": f"/events/{event.pk}/",
        },
        {
            "id": ANY,
            "resourceId": row,
            "start": "2026-11-18T14:00:00+00:00",
            "end": "2026-11-18T15:00:00+00:00",
            "kind": "external",
            "conflict": False,
            "title": "Busy",
            "show_as": "busy",
            "all_day": False,
        },
    ]


def test_what_overlaps_a_session_is_a_conflict_of_both(scheduler: Client, ann: CalendarMapping) -> None:
    course(ann, 9, 12)
    external(ann, 11, 13)

    found = read(scheduler)

    session, meeting = found["events"]
    assert (session["conflict"], session["with"]) == (True, [meeting["id"]])
    assert (meeting["conflict"], meeting["with"]) == (True, [session["id"]])
    assert datetime.fromisoformat(meeting["found_at"]) <= now()
    assert found["resources"][0]["conflicts"] == 1


def test_a_tentative_event_warns_and_a_free_one_is_left_out(scheduler: Client, ann: CalendarMapping) -> None:
    course(ann, 9, 12)
    external(ann, 11, 13, show_as="tentative")
    external(ann, 9, 17, show_as="free")

    session, meeting = read(scheduler)["events"]

    assert (session["conflict"], session["with"], meeting["title"]) == (False, [meeting["id"]], "Tentative")


def test_a_session_with_instructors_of_its_own_is_not_in_the_rows_of_the_others(
    scheduler: Client, ann: CalendarMapping
) -> None:
    ben = CalendarMappingFactory.create(instructor__name="Ben")
    event = course(ann, 9, 12)
    event.sessions.get().instructors.add(ben.instructor)

    assert [one["resourceId"] for one in read(scheduler)["events"]] == [str(ben.instructor_id)]


def test_a_draft_is_shown_and_a_cancelled_event_is_not(scheduler: Client, ann: CalendarMapping) -> None:
    course(ann, 9, 12, status="draft")
    course(ann, 13, 15, status="cancelled")

    assert [one["status"] for one in read(scheduler)["events"]] == ["draft"]


def test_an_all_day_item_covers_the_days_where_the_instructor_is(scheduler: Client) -> None:
    kim = CalendarMappingFactory.create(instructor__time_zone="Pacific/Auckland")
    course(kim, -12, -8, title="Tuesday evening in London is Wednesday there")
    external(kim, 0, 24, is_all_day=True, show_as="oof")

    session, leave = read(scheduler)["events"]

    assert session["conflict"]
    assert (leave["title"], leave["first"], leave["last"]) == ("Out of office", "2026-11-18", "2026-11-18")
    assert datetime.fromisoformat(leave["start"]) == at(-13)


def test_times_are_those_of_the_viewer(scheduler: Client, ann: CalendarMapping) -> None:
    lives_in("Asia/Kolkata")
    course(ann, 9, 12)

    found = read(scheduler)

    assert found["zone"] == "Asia/Kolkata"
    assert found["start"] == "2026-11-16T00:00:00+05:30"
    assert found["events"][0]["start"] == "2026-11-18T14:30:00+05:30"


@pytest.mark.parametrize(
    ("values", "state", "label"),
    [
        ({"synced_at": None}, "waiting", "Not read yet, availability unknown"),
        ({"sync_enabled": False}, "stopped", "Not synced, availability unknown"),
        ({"integration__status": "inactive"}, "paused", "Not known since"),
        ({"problem": "The mailbox refuses access."}, "failing", "Not known since"),
        ({"problem": "2 items cannot be read.", "unreadable": 2}, "failing", "Not known since"),
        ({"integration__problem": "The secret has ended."}, "failing", "Not known since"),
        ({"synced_at": now() - timedelta(minutes=20)}, "stale", "Not known since"),
    ],
)
def test_a_row_that_is_not_known_says_so_and_does_not_look_free(
    scheduler: Client, values: dict[str, Any], state: str, label: str
) -> None:
    CalendarMappingFactory.create(**values)
    tomorrow = {"start": str(now().date() + timedelta(days=1)), "end": str(now().date() + timedelta(days=2))}

    row = read(scheduler, **tomorrow)["resources"][0]

    assert (row["state"], row["unknown_note"][: len(label)]) == (state, label)
    assert [gap["start"][:10] for gap in row["unknown"]] == [tomorrow["start"]]


def test_an_instructor_without_a_mailbox_is_not_known(scheduler: Client) -> None:
    InstructorFactory.create()

    row = read(scheduler)["resources"][0]

    assert (row["state"], row["as_of"], len(row["unknown"])) == ("unmatched", None, 1)


def test_what_lies_beyond_the_window_is_not_known(scheduler: Client, ann: CalendarMapping) -> None:
    CalendarMapping.objects.update(window_start=at(-100), window_end=at(12))

    row = read(scheduler)["resources"][0]

    assert row["unknown"] == [{"start": "2026-11-18T12:00:00+00:00", "end": "2026-11-23T00:00:00+00:00"}]
    assert (row["state"], row["unknown_note"]) == ("ok", "Not read this far")


def test_the_worst_of_several_calendars_speaks_for_the_instructor(scheduler: Client, ann: CalendarMapping) -> None:
    CalendarMappingFactory.create(instructor=ann.instructor, sync_enabled=False)

    assert [row["state"] for row in read(scheduler)["resources"]] == ["stopped"]


def test_a_mailbox_that_is_left_tells_nothing_of_its_instructor(scheduler: Client, ann: CalendarMapping) -> None:
    external(ann, 9, 10)
    CalendarMapping.objects.update(leaving_at=now())

    found = read(scheduler)

    assert (found["resources"][0]["state"], found["events"]) == ("unmatched", [])


def test_an_inactive_instructor_has_no_row(scheduler: Client, ann: CalendarMapping) -> None:
    Instructor.objects.update(is_active=False)

    assert read(scheduler)["resources"] == []


@pytest.mark.parametrize("text", ["100%", 'Nora "Ni"', "O'Hara", "\N{RIGHT-TO-LEFT MARK}", "_", "\\"])
def test_the_search_takes_every_character_as_it_is(scheduler: Client, ann: CalendarMapping, text: str) -> None:
    InstructorFactory.create(name=f"A {text} Z")

    assert [row["title"] for row in read(scheduler, q=text)["resources"]] == [f"A {text} Z"]


def test_fifty_instructors_are_a_page_and_one_beyond_the_last_is_the_last(scheduler: Client) -> None:
    InstructorFactory.create_batch(60)

    first, beyond = read(scheduler), read(scheduler, page=9)

    assert (len(first["resources"]), first["page"], first["pages"], first["instructors"]) == (50, 1, 2, 60)
    assert (len(beyond["resources"]), beyond["page"]) == (10, 2)


def test_only_those_with_a_conflict_are_shown_and_counted(scheduler: Client, ann: CalendarMapping) -> None:
    ben = CalendarMappingFactory.create(instructor__name="Ben")
    for mapping, show_as in ((ann, "busy"), (ben, "tentative")):
        course(mapping, 9, 12)
        external(mapping, 9, 10, show_as=show_as)

    assert [row["title"] for row in read(scheduler, conflicts="on")["resources"]] == ["Ann"]
    assert scheduler.get("/calendar/conflicts/", WEEK).json() == {"instructors": 1}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"start": "yesterday", "end": "2026-11-23"},
        {"start": "2026-02-31", "end": "2026-11-23"},
        {"start": "2026-11-23", "end": "2026-11-16"},
        {"start": "2026-01-01", "end": "2026-11-16"},
        {"start": "0001-01-01T00:00:00+14:00", "end": "0001-01-02"},
        {"start": "9999-12-31", "end": "9999-12-31T23:59:59-12:00"},
        {**WEEK, "q": "\x00"},
        {**WEEK, "page": "-1"},
        {**WEEK, "page": "9" * 30},
        {**WEEK, "size": "1000000"},
        {**WEEK, "start": "2026-11-16T00:00:00+99:99"},
    ],
)
def test_a_query_that_makes_no_sense_is_told_so(scheduler: Client, query: dict[str, str]) -> None:
    answer = scheduler.get(FEED, query)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_whoever_may_not_see_events_is_shown_no_way_to_them(client: Client, ann: CalendarMapping) -> None:
    user = User.objects.create_user("una")
    user.user_permissions.add(Permission.objects.get(codename="view_calendar"))
    client.force_login(user)
    course(ann, 9, 12)

    found = read(client)

    assert (found["events"][0]["url"], found["resources"][0]["url"]) == ("", "")


def test_two_hundred_instructors_and_a_month_take_eight_queries(
    scheduler: Client, django_assert_max_num_queries: Any
) -> None:
    mappings = CalendarMappingFactory.create_batch(200)
    for mapping in mappings[::10]:
        course(mapping, 9, 12)
        external(mapping, 9, 10)

    with django_assert_max_num_queries(8):
        found = read(scheduler, start="2026-11-01", end="2026-12-02", size=200)

    assert (len(found["resources"]), len(found["events"])) == (200, 40)


def test_a_month_that_begins_before_the_clocks_change_begins_at_midnight(
    scheduler: Client, ann: CalendarMapping
) -> None:
    lives_in("Europe/London")

    found = read(scheduler, start=date(2026, 10, 1).isoformat(), end=date(2026, 11, 1).isoformat())

    assert (found["start"], found["end"]) == ("2026-10-01T00:00:00+01:00", "2026-11-01T00:00:00+00:00")


def test_of_an_inactive_instructor_nothing_is_known(ann: CalendarMapping) -> None:
    Instructor.objects.update(is_active=False)
    row = board.load([Instructor.objects.get()], at(0), at(24))[0]

    assert (row.state, row.verdict(Span(at(9), at(10)))) == ("inactive", Verdict.UNKNOWN)
