"""Planning and editing events: what is accepted, what is asked, what is written, and what two people do at once."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from events.models import Event, Session
from events.planning.typed import Typed
from instructors.models import CalendarMapping, Instructor
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    SessionFactory,
    SyncedEventFactory,
)

pytestmark = pytest.mark.django_db
NEW, CANDIDATES = "/events/new/", "/events/candidates/"
TODAY = datetime(2026, 11, 18, 10, 42, tzinfo=UTC)
TUE, WED, THU = "2026-11-24", "2026-11-25", "2026-11-26"
Row = dict[str, Any]
PLAIN = str.maketrans({"\N{EN DASH}": "-", "\u201c": "'", "\u201d": "'"})


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def scheduler(client: Client) -> Client:
    user = User.objects.create_user("tom")
    user.groups.add(Group.objects.get(name="Schedulers"))
    client.force_login(user)
    return client


@pytest.fixture
def ann() -> Instructor:
    return calendar("Ann Archer").instructor


@pytest.fixture
def ben() -> Instructor:
    return calendar("Ben Baker").instructor


def calendar(name: str, **values: Any) -> CalendarMapping:
    window = {"window_start": TODAY - timedelta(days=30), "window_end": TODAY + timedelta(days=400)}
    return CalendarMappingFactory.create(instructor__name=name, **{**window, **values})


def row(day: str = TUE, start: str = "09:00", end: str = "17:00", **more: Any) -> Row:
    return {"day": day, "start": start, "end": end, **more}


def form(*rows: Row, people: Any = (), **values: Any) -> dict[str, Any]:
    """What the browser sends of a new event."""
    data = {"title": "First aid", "status": "confirmed", "time_zone": "UTC", "action": "save", **values}
    data["instructors"] = [one.pk for one in people]
    for number, one in enumerate(rows):
        for name, value in one.items():
            pks = [person.pk for person in value] if name == "people" else value
            data[f"sessions-{number}-{'instructors' if name == 'people' else name}"] = pks
    return data


def opened(client: Client, event: Event) -> dict[str, Any]:
    """What the browser would send of a form that was opened and not touched."""
    page = client.get(edit_url(event))
    typed = Typed.of(event)
    rows = [
        {"uid": one.uid, **row(one.day, one.start, one.end), "end_day": one.end_day, "instructors": one.instructors}
        for one in typed.sessions
    ]
    values = {name: getattr(typed, name) for name in ("title", "short_name", "location", "status", "description")}
    sent = form(*rows, **values, time_zone=typed.time_zone, base=hidden(page, "base"), uid=hidden(page, "uid"))
    return sent | {"instructors": typed.instructors}


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.content.decode())
    return unescape(found[1]) if found else ""


def edit_url(event: Event) -> str:
    return reverse("events:edit", args=[event.pk])


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return response.context["page"].errors


def text(response: Any) -> str:
    """The words of a page, without tags."""
    words = unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
    return " ".join(words.translate(PLAIN).split())


def live(client: Client, data: dict[str, Any]) -> str:
    return text(client.post(CANDIDATES, data, headers={"HX-Request": "true"}))


def busy(instructor: Instructor, start: datetime, end: datetime, **values: Any) -> None:
    mapping = CalendarMapping.objects.get(instructor=instructor)
    ExternalEventFactory.create(mapping=mapping, starts_at=start, ends_at=end, **values)


def at(day: str, hour: int, minute: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=UTC)


# What is saved


def test_an_event_is_planned_with_its_sessions_and_people(scheduler: Client, ann: Instructor, ben: Instructor) -> None:
    rows = [row(TUE), row(WED, people=[ben]), row(THU, "22:00", "06:00", end_day="2026-11-27")]

    response = scheduler.post(
        NEW, form(*rows, people=[ann], location="Leeds", short_name="FA", description="Bring\r\nshoes")
    )

    event = Event.objects.get()
    assert response["Location"] == f"/events/{event.pk}/"
    assert (event.title, event.location, event.short_name, event.description) == (
        "First aid",
        "Leeds",
        "FA",
        "Bring\nshoes",
    )
    first, second, third = event.sessions.all()
    assert (first.starts_at, first.ends_at) == (at(TUE, 9), at(TUE, 17))
    assert third.ends_at == at("2026-11-27", 6)
    assert list(event.instructors.all()) == [ann]
    assert [list(one.instructors.all()) for one in (first, second, third)] == [[], [ben], []]


def test_sessions_are_read_and_shown_in_the_time_zone_of_the_event(scheduler: Client) -> None:
    scheduler.post(NEW, form(row("2026-07-01", "09:00", "12:00"), time_zone="America/New_York"))

    event = Event.objects.get()
    assert event.sessions.get().starts_at == at("2026-07-01", 13)
    assert 'value="09:00"' in scheduler.get(edit_url(event)).content.decode()


def test_a_new_time_zone_moves_sessions_to_the_same_time_on_the_wall(scheduler: Client) -> None:
    scheduler.post(NEW, form(row("2026-07-01"), time_zone="Europe/Berlin"))
    event = Event.objects.get()

    scheduler.post(edit_url(event), opened(scheduler, event) | {"time_zone": "America/New_York"})

    assert event.sessions.get().starts_at == at("2026-07-01", 13)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("New York", "America/New_York")],
)
def test_a_time_zone_is_found_by_its_place(scheduler: Client, typed: str, zone: str) -> None:
    scheduler.post(NEW, form(row(), time_zone=typed))

    assert Event.objects.get().time_zone == zone


def test_saving_what_is_shown_changes_nothing_and_hints_at_nobody(scheduler: Client, ann: Instructor) -> None:
    event = EventFactory.create(time_zone="Europe/Berlin")
    event.instructors.add(ann)
    second = datetime(2026, 10, 25, 1, 30, 17, tzinfo=UTC)  # the second 02:30 of that night, and seconds
    SessionFactory.create(event=event, starts_at=second)
    CalendarMapping.objects.update(requested_at=None)
    before = Session.objects.values().get()

    response = scheduler.post(edit_url(event), opened(scheduler, event))

    assert response.status_code == 302
    assert Session.objects.values().get() == before
    assert not CalendarMapping.objects.exclude(requested_at=None).exists()


def test_only_the_calendars_of_a_changed_session_are_hinted_at(
    scheduler: Client, ann: Instructor, ben: Instructor
) -> None:
    scheduler.post(NEW, form(row(TUE, people=[ann]), row(WED, people=[ben])))
    event = Event.objects.get()
    CalendarMapping.objects.update(requested_at=None)

    scheduler.post(edit_url(event), opened(scheduler, event) | {"sessions-1-end": "16:00"})

    assert [one.instructor for one in CalendarMapping.objects.exclude(requested_at=None)] == [ben]


def test_a_session_keeps_its_uid_when_it_moves_and_loses_it_when_it_is_removed(scheduler: Client) -> None:
    scheduler.post(NEW, form(row(TUE), row(WED)))
    event = Event.objects.get()
    first, second = event.sessions.all()
    sent = opened(scheduler, event) | {"sessions-0-day": THU}
    without_second = {name: value for name, value in sent.items() if not name.startswith("sessions-1")}

    scheduler.post(edit_url(event), without_second)

    kept = event.sessions.get()
    assert (kept.uid, kept.starts_at) == (first.uid, at(THU, 9))
    assert not Session.objects.filter(uid=second.uid).exists()


def test_a_form_sent_twice_makes_one_event(scheduler: Client) -> None:
    data = form(row(TUE), row(WED), uid="6f1f7a1e-2a36-4a4e-9a67-2a2e9d2b9c11", base="")

    answers = [scheduler.post(NEW, data) for _ in range(2)]

    event = Event.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/events/{event.pk}/"}
    assert event.sessions.count() == 2


def test_a_name_typed_in_full_is_chosen(scheduler: Client, ann: Instructor) -> None:
    scheduler.post(NEW, form(row(name=ann.email), name="ann ARCHER"))

    event = Event.objects.get()
    assert list(event.instructors.all()) == [ann]
    assert list(event.sessions.get().instructors.all()) == [ann]


def test_a_preset_instructor_and_date_stand_in_a_new_form(scheduler: Client, ann: Instructor) -> None:
    page = scheduler.get(NEW, {"instructor": str(ann.pk), "date": TUE})

    assert page.context["page"].people == [ann]
    assert page.context["page"].rows[0].typed.day == TUE


@pytest.mark.parametrize("query", [{"instructor": "x", "date": "24.11"}, {"instructor": "9" * 40, "date": "\0"}, {}])
def test_a_preset_that_makes_no_sense_is_left_out(scheduler: Client, query: dict[str, str]) -> None:
    assert scheduler.get(NEW, query).status_code == 200


# What is refused, and what is said


@pytest.mark.parametrize("typed", ["24.11.2026", "24. 11. 2026", TUE])
def test_a_date_beyond_doubt_is_understood(scheduler: Client, typed: str) -> None:
    scheduler.post(NEW, form(row(typed)))

    assert Session.objects.get().starts_at == at(TUE, 9)


@pytest.mark.parametrize("typed", ["24/11/2026", "11/24/2026", "24 Nov 2026", "24-11-2026", "soon", "24 ноября"])
def test_a_date_in_another_form_is_refused_with_the_right_one_and_kept(scheduler: Client, typed: str) -> None:
    response = scheduler.post(NEW, form(row(typed)))

    assert errors(response) == {"sessions-0-day": ["Write the date as 2026-11-24."]}
    assert f'type="text" name="sessions-0-day" value="{typed}"' in response.content.decode()
    assert not Event.objects.exists()


@pytest.mark.parametrize("typed", ["2026-02-30", "31.2.2026", "2026-13-01"])
def test_a_date_that_does_not_exist_is_refused_and_kept(scheduler: Client, typed: str) -> None:
    response = scheduler.post(NEW, form(row(typed)))

    assert errors(response) == {"sessions-0-day": ["There is no such date."]}
    assert f'type="text" name="sessions-0-day" value="{typed}"' in response.content.decode()


@pytest.mark.parametrize(("typed", "meant"), [("9", 9), ("9:00", 9), ("0900", 9), ("9.00", 9), ("09:00:00", 9)])
def test_a_time_beyond_doubt_is_understood(scheduler: Client, typed: str, meant: int) -> None:
    scheduler.post(NEW, form(row(TUE, typed)))

    assert Session.objects.get().starts_at == at(TUE, meant)


@pytest.mark.parametrize(
    ("one", "field"),
    [
        (row("", "10:00"), "day"),
        (row(TUE, ""), "start"),
        (row(TUE, "9 am"), "start"),
        (row(TUE, "25:00"), "start"),
        (row(TUE, "09:00", "five"), "end"),
        (row(TUE, end_day="26/11/2026"), "end_day"),
        (row("1815-06-18"), "day"),
        (row("9999-12-31"), "day"),
    ],
)
def test_half_a_time_and_nonsense_are_errors_at_their_field(scheduler: Client, one: Row, field: str) -> None:
    response = scheduler.post(NEW, form(one))

    assert list(errors(response)) == [f"sessions-0-{field}"]
    assert not Event.objects.exists()


@pytest.mark.parametrize("end", ["09:00", "08:00"])
def test_an_end_before_the_start_is_an_error_at_the_end(scheduler: Client, end: str) -> None:
    response = scheduler.post(NEW, form(row(TUE, "09:00", end)))

    assert "A session ends after it starts." in errors(response)["sessions-0-end"][0]


@pytest.mark.parametrize(
    ("one", "field"),
    [(row("2026-03-29", "02:30", "05:00"), "start"), (row("2026-03-29", "01:00", "02:30"), "end")],
)
def test_a_time_that_the_clocks_jump_over_is_an_error_that_names_it(scheduler: Client, one: Row, field: str) -> None:
    response = scheduler.post(NEW, form(one, time_zone="Europe/Berlin"))

    words = "The clocks in Europe/Berlin jump over 02:30 on 2026-03-29. Enter another time."
    assert errors(response) == {f"sessions-0-{field}": [words]}


def test_a_jump_in_another_zone_is_none_here(scheduler: Client) -> None:
    scheduler.post(NEW, form(row("2026-03-29", "02:30", "05:00"), time_zone="Asia/Tokyo"))

    assert Session.objects.exists()


def test_of_an_hour_that_comes_twice_the_first_is_meant_and_that_is_said(scheduler: Client) -> None:
    data = form(row("2027-10-31", "02:30", "05:00"), time_zone="Europe/Berlin")

    words = live(scheduler, data)
    scheduler.post(NEW, data)

    assert "02:30 comes twice on that day; the first is meant." in words
    assert Session.objects.get().starts_at == at("2027-10-31", 0, 30)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "Europe", "../etc/passwd", "x" * 70, "a\0b"])
def test_an_unknown_time_zone_is_an_error_and_no_crash(scheduler: Client, zone: str) -> None:
    response = scheduler.post(NEW, form(row(), time_zone=zone))

    assert list(errors(response)) == ["time_zone"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"location": "x" * 201}, "location"),
        ({"location": "a\0b"}, "location"),
        ({"short_name": "x" * 21}, "short_name"),
        ({"description": "x" * 10_001}, "description"),
        ({"description": "a\0b"}, "description"),
        ({"status": "cancelled"}, "status"),
        ({"status": "maybe"}, "status"),
    ],
)
def test_values_that_cannot_be_saved_are_errors_at_their_field(
    scheduler: Client, values: dict[str, str], field: str
) -> None:
    response = scheduler.post(NEW, form(row(), **values))

    assert list(errors(response)) == [field]
    assert not Event.objects.exists()


def test_markup_in_a_title_is_text(scheduler: Client) -> None:
    title = '<script>alert("1")</script> & "co"'
    scheduler.post(NEW, form(row(), title=title))

    page = scheduler.get(edit_url(Event.objects.get())).content.decode()

    assert Event.objects.get().title == title
    assert "<script>alert" not in page


def test_a_confirmed_event_needs_a_session_and_a_draft_does_not(scheduler: Client) -> None:
    refused = scheduler.post(NEW, form())
    scheduler.post(NEW, form(row("", "", ""), status="draft"))

    assert "A confirmed event needs a session" in errors(refused)["sessions"][0]
    assert Event.objects.get().status == "draft"
    assert not Session.objects.exists()


def test_a_hundred_sessions_are_saved(scheduler: Client, ann: Instructor) -> None:
    days = [(date(2026, 11, 24) + timedelta(days=number)).isoformat() for number in range(100)]

    scheduler.post(NEW, form(*map(row, days), people=[ann]))

    assert Session.objects.count() == 100


def test_more_than_two_hundred_sessions_are_too_many_and_that_is_said(
    scheduler: Client, ann: Instructor, ben: Instructor
) -> None:
    days = [(date(2026, 11, 24) + timedelta(days=number)).isoformat() for number in range(201)]

    rows = [row(day, uid="", end_day="", name="", people=[ann, ben]) for day in days]
    response = scheduler.post(NEW, form(*rows))

    assert "at most 200 sessions" in errors(response)["sessions"][0]
    assert not Event.objects.exists()


def test_one_session_of_twenty_days_is_saved_and_it_is_said_how_long_it_is(scheduler: Client) -> None:
    data = form(row(TUE, "09:00", "09:00", end_day="2026-12-14"))

    words = live(scheduler, data)
    scheduler.post(NEW, data)

    assert "One session of 20 days without a break." in words
    assert Session.objects.get().ends_at == at("2026-12-14", 9)


def test_a_session_of_more_than_a_month_is_refused(scheduler: Client) -> None:
    response = scheduler.post(NEW, form(row(TUE, end_day="2027-02-01")))

    assert errors(response) == {"sessions-0-end": ["A session lasts at most 31 days."]}


def test_a_past_session_is_saved_and_it_is_said_what_becomes_of_it(scheduler: Client) -> None:
    data = form(row("2026-09-01"), row("2026-11-10"))

    words = live(scheduler, data)
    scheduler.post(NEW, data)

    assert "Is over: it isn't sent to Outlook." in words
    assert "Lies in the past." in words
    assert Session.objects.count() == 2


def test_an_inactive_instructor_cannot_be_added_but_stays_where_they_are(scheduler: Client, ann: Instructor) -> None:
    gone = InstructorFactory.create(name="Gone Away", is_active=False)
    event = EventFactory.create()
    event.instructors.add(gone)
    SessionFactory.create(event=event)

    refused = scheduler.post(NEW, form(row(), people=[gone]))
    kept = scheduler.post(edit_url(event), opened(scheduler, event) | {"title": "Other"})

    assert "Gone Away is inactive" in errors(refused)["instructors"][0]
    assert kept.status_code == 302
    assert list(event.instructors.all()) == [gone]


@pytest.mark.parametrize("name", ["nobody", "a", "%", "a\0b", "x" * 500, "\u202ennA"])
def test_a_name_that_means_nobody_or_several_is_an_error_and_kept(
    scheduler: Client, ann: Instructor, ben: Instructor, name: str
) -> None:
    response = scheduler.post(NEW, form(row(), name=name))

    assert list(errors(response)) == ["instructors"]


def test_people_who_do_not_exist_are_left_out(scheduler: Client) -> None:
    data = form(row()) | {"instructors": ["7777", "x", "9" * 30, "-1"], "sessions-0-instructors": ["7777"]}

    assert scheduler.post(NEW, data).status_code == 302


def test_an_instructor_without_a_mailbox_is_saved_and_it_is_said_what_that_means(scheduler: Client) -> None:
    una = InstructorFactory.create(name="Una")
    data = form(row(), people=[una])

    words = live(scheduler, data)
    scheduler.post(NEW, data)

    assert "Not matched: it will not appear in Outlook, and nobody can say." in words
    assert "Nobody chosen has a calendar that is synced" in words
    assert list(Event.objects.get().instructors.all()) == [una]


@pytest.mark.parametrize("base", ["", "null", "[]", "{", "[" * 5000, '{"title": "\\ud800"}', "x" * 300_000])
def test_a_base_that_makes_no_sense_is_as_none(scheduler: Client, base: str) -> None:
    event = EventFactory.create(title="Saved")
    SessionFactory.create(event=event)

    response = scheduler.post(edit_url(event), opened(scheduler, event) | {"base": base, "title": "Mine"})

    assert response.status_code == 200
    assert "This event was saved in another window" in text(response)
    event.refresh_from_db()
    assert event.title == "Saved"


@pytest.mark.parametrize("day", ["2000-01-01", "2099-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_a_date_at_the_end_of_what_is_accepted_is_saved_and_shown(scheduler: Client, day: str, zone: str) -> None:
    scheduler.post(NEW, form(row(day, "00:00", "23:59"), time_zone=zone))

    assert f'value="{day}"' in scheduler.get(edit_url(Event.objects.get())).content.decode()


# Buttons of the form, without JavaScript


def test_rows_are_added_and_removed_by_buttons(scheduler: Client) -> None:
    more = scheduler.post(NEW, form(row(), action="add")).context["page"].rows
    fewer = scheduler.post(NEW, form(row(TUE), row(WED), action="remove:0")).context["page"].rows

    assert len(more) == 4
    assert [one.typed.day for one in fewer] == [WED]
    assert not Event.objects.exists()


def test_a_session_is_copied_to_the_following_days_without_weekends(scheduler: Client, ann: Instructor) -> None:
    data = form(row("2026-11-26", people=[ann]), action="copy", copy_days="3", copy_skips_weekends="on")

    rows = scheduler.post(NEW, data).context["page"].rows

    assert [one.typed.day for one in rows] == [THU, "2026-11-27", "2026-11-30", "2026-12-01"]
    assert {one.typed.instructors for one in rows} == {(ann.pk,)}
    assert len({one.typed.row for one in rows}) == 4


def test_a_night_is_copied_as_a_night_and_weekends_too_if_wanted(scheduler: Client) -> None:
    data = form(row("2026-11-27", "22:00", "06:00", end_day="2026-11-28"), action="copy", copy_days="1")

    last = scheduler.post(NEW, data).context["page"].rows[-1].typed

    assert (last.day, last.end_day) == ("2026-11-28", "2026-11-29")


@pytest.mark.parametrize("days", ["", "-3", "x", "99999999", "٣"])
def test_a_number_of_days_that_makes_no_sense_copies_a_bounded_number(scheduler: Client, days: str) -> None:
    rows = scheduler.post(NEW, form(row(), action="copy", copy_days=days)).context["page"].rows

    assert len(rows) <= 61


def test_people_are_added_and_removed_by_buttons(scheduler: Client, ann: Instructor, ben: Instructor) -> None:
    added = scheduler.post(NEW, form(row(), people=[ben], action=f"take:{ann.pk}")).context["page"].people
    removed = scheduler.post(NEW, form(row(), people=[ann, ben], action=f"drop:{ann.pk}")).context["page"].people
    of_row = form(row(people=[ann, ben]), action=f"drop:{ann.pk}:0")
    own = scheduler.post(NEW, of_row).context["page"].rows[0].people

    assert (added, removed, own) == ([ann, ben], [ben], [ben])


@pytest.mark.parametrize("action", ["", "x", "take", "take:", "drop:x", "remove:" + "9" * 50, "drop:1:2:3", "take:-1"])
def test_a_button_that_does_not_exist_changes_nothing(scheduler: Client, action: str) -> None:
    assert scheduler.post(NEW, form(row(), action=action)).status_code == 200
    assert not Event.objects.exists()


# Conflicts


def test_a_conflict_is_asked_about_once(scheduler: Client, ann: Instructor) -> None:
    busy(ann, at(TUE, 10), at(TUE, 12))
    data = form(row(), people=[ann])

    asked = scheduler.post(NEW, data)
    saved = scheduler.post(NEW, data | {"answer": hidden(asked, "answer")})

    assert "1 conflict. Nothing is saved yet." in text(asked)
    assert "Ann Archer , Tue 09:00-17:00: Busy in Outlook, Tue 10:00-12:00" in text(asked)
    assert saved.status_code == 302
    assert Event.objects.count() == 1


def test_a_conflict_that_came_meanwhile_is_asked_about_too(scheduler: Client, ann: Instructor) -> None:
    busy(ann, at(TUE, 10), at(TUE, 12))
    data = form(row(), people=[ann])
    asked = scheduler.post(NEW, data)
    busy(ann, at(TUE, 15), at(TUE, 16))

    again = scheduler.post(NEW, data | {"answer": hidden(asked, "answer")})

    assert "2 conflicts. Nothing is saved yet." in text(again)
    assert not Event.objects.exists()


def test_a_conflict_that_has_moved_is_asked_about_anew(scheduler: Client, ann: Instructor) -> None:
    busy(ann, at(TUE, 10), at(TUE, 12))
    asked = scheduler.post(NEW, form(row(), people=[ann]))

    again = scheduler.post(NEW, form(row(TUE, "08:00"), people=[ann], answer=hidden(asked, "answer")))

    assert again.status_code == 200


def test_conflicts_that_are_gone_are_not_asked_about(scheduler: Client, ann: Instructor) -> None:
    busy(ann, at(TUE, 10), at(TUE, 12))
    busy(ann, at(TUE, 13), at(TUE, 14))
    asked = scheduler.post(NEW, form(row(), people=[ann]))

    saved = scheduler.post(NEW, form(row(TUE, end="17:00"), people=[ann], answer=hidden(asked, "answer")))

    assert saved.status_code == 302


def test_sessions_of_one_event_may_overlap_but_not_for_the_same_person_unasked(
    scheduler: Client, ann: Instructor, ben: Instructor
) -> None:
    groups = [row(TUE, people=[ann]), row(TUE, "10:00", "12:00", people=[ben])]

    same = scheduler.post(NEW, form(*groups[:1], row(TUE, "10:00", "12:00"), people=[ann]))
    parallel = scheduler.post(NEW, form(*groups))

    assert "Another session of this event" in text(same)
    assert "Overlaps session 1." in text(same)
    assert parallel.status_code == 302


@pytest.mark.parametrize("show_as", ["tentative", "free", "workingElsewhere"])
def test_what_does_not_block_is_not_asked_about(scheduler: Client, ann: Instructor, show_as: str) -> None:
    busy(ann, at(TUE, 10), at(TUE, 12), show_as=show_as)

    assert scheduler.post(NEW, form(row(), people=[ann])).status_code == 302


def test_a_conflict_that_is_saved_already_is_not_asked_about_again(scheduler: Client, ann: Instructor) -> None:
    event = EventFactory.create()
    event.instructors.add(ann)
    SessionFactory.create(event=event, starts_at=at(TUE, 9), ends_at=at(TUE, 17))
    busy(ann, at(TUE, 10), at(TUE, 12))

    described = scheduler.post(edit_url(event), opened(scheduler, event) | {"description": "Shoes"})
    moved = scheduler.post(edit_url(event), opened(scheduler, event) | {"sessions-0-end": "16:00"})

    assert described.status_code == 302
    assert "1 conflict. Nothing is saved yet." in text(moved)


def test_confirming_a_draft_asks_about_its_conflicts(scheduler: Client, ann: Instructor) -> None:
    event = EventFactory.create(status="draft")
    event.instructors.add(ann)
    SessionFactory.create(event=event, starts_at=at(TUE, 9), ends_at=at(TUE, 17))
    busy(ann, at(TUE, 10), at(TUE, 12))

    response = scheduler.post(edit_url(event), opened(scheduler, event) | {"status": "confirmed"})

    assert "1 conflict." in text(response)


# Two people at one event


@pytest.fixture
def event(ann: Instructor) -> Event:
    """Two days with Ann, in Leeds."""
    event = EventFactory.create(title="First aid", location="Leeds")
    event.instructors.add(ann)
    SessionFactory.create(event=event, starts_at=at(TUE, 9), ends_at=at(TUE, 17))
    SessionFactory.create(event=event, starts_at=at(WED, 9), ends_at=at(WED, 17))
    return event


def send(client: Client, event: Event, page: Any) -> Any:
    """Save the form that came back, as it is."""
    typed = page.context["page"].typed
    rows = [
        {"uid": one.uid, **row(one.day, one.start, one.end), "end_day": one.end_day, "instructors": one.instructors}
        for one in typed.sessions
    ]
    values = {name: getattr(typed, name) for name in ("title", "short_name", "location", "status", "description")}
    sent = form(*rows, **values, base=hidden(page, "base"), answer=hidden(page, "answer"))
    return client.post(edit_url(event), sent | {"instructors": typed.instructors})


def test_what_the_first_did_stays_and_what_the_second_typed_too(scheduler: Client, event: Event) -> None:
    mine = opened(scheduler, event) | {"title": "Second"}
    scheduler.post(edit_url(event), opened(scheduler, event) | {"location": "York"})

    shown = scheduler.post(edit_url(event), mine)
    event.refresh_from_db()
    assert event.title == "First aid"
    done = send(scheduler, event, shown)

    assert "Place: was 'Leeds', is now 'York'." in text(shown)
    assert done.status_code == 302
    event.refresh_from_db()
    assert (event.title, event.location) == ("Second", "York")


def test_a_field_that_both_changed_keeps_the_second_and_shows_the_first(scheduler: Client, event: Event) -> None:
    mine = opened(scheduler, event) | {"location": "Hull"}
    scheduler.post(edit_url(event), opened(scheduler, event) | {"location": "York"})

    shown = scheduler.post(edit_url(event), mine)
    send(scheduler, event, shown)

    assert 'name="location" value="Hull"' in shown.content.decode()
    assert "Saved meanwhile: 'York'" in text(shown)
    event.refresh_from_db()
    assert event.location == "Hull"


def test_sessions_and_people_of_both_are_kept(scheduler: Client, event: Event, ben: Instructor) -> None:
    cleo = calendar("Cleo").instructor
    mine = opened(scheduler, event) | {"sessions-0-end": "16:00"}
    mine |= {"sessions-2-day": "2026-11-27", "sessions-2-start": "09:00", "sessions-2-end": "12:00"}
    mine["instructors"] = [*mine["instructors"], cleo.pk]
    first = opened(scheduler, event) | {"sessions-1-end": "15:00"}
    first |= {"sessions-2-day": THU, "sessions-2-start": "09:00", "sessions-2-end": "17:00"}
    first["instructors"] = [ben.pk]
    scheduler.post(edit_url(event), first)

    shown = scheduler.post(edit_url(event), mine)
    send(scheduler, event, shown)

    words = text(shown)
    assert "Sessions: was 2026-11-25 09:00-17:00, is now 2026-11-25 09:00-15:00." in words
    assert "Sessions: 2026-11-26 09:00-17:00 was added." in words
    assert "Instructors: Ben Baker was added." in words
    assert "Instructors: Ann Archer was removed." in words
    assert [one.ends_at for one in event.sessions.all()] == [
        at(TUE, 16),
        at(WED, 15),
        at(THU, 17),
        at("2026-11-27", 12),
    ]
    assert set(event.instructors.all()) == {ben, cleo}


def test_a_session_that_one_removed_and_the_other_changed_is_there_and_named(scheduler: Client, event: Event) -> None:
    mine = {name: value for name, value in opened(scheduler, event).items() if not name.startswith("sessions-1")}
    scheduler.post(edit_url(event), opened(scheduler, event) | {"sessions-1-end": "12:00"})

    shown = scheduler.post(edit_url(event), mine)

    assert "You had removed it; it is back." in text(shown)
    assert [one.typed.end for one in shown.context["page"].rows] == ["17:00", "12:00"]


def test_a_session_that_was_removed_meanwhile_and_changed_here_is_kept_as_a_new_one(
    scheduler: Client, event: Event
) -> None:
    mine = opened(scheduler, event) | {"sessions-1-end": "12:00"}
    event.sessions.last().delete()  # type: ignore[union-attr]

    shown = scheduler.post(edit_url(event), mine)
    send(scheduler, event, shown)

    assert "it is kept as a new one" in text(shown)
    assert [one.ends_at for one in event.sessions.all()] == [at(TUE, 17), at(WED, 12)]


def test_a_session_that_both_add_is_there_once(scheduler: Client, event: Event) -> None:
    more = {"sessions-2-day": THU, "sessions-2-start": "09:00", "sessions-2-end": "17:00"}
    mine = opened(scheduler, event) | more | {"title": "Second"}
    scheduler.post(edit_url(event), opened(scheduler, event) | more | {"location": "York"})

    send(scheduler, event, scheduler.post(edit_url(event), mine))

    assert event.sessions.count() == 3


def test_the_same_change_by_both_is_no_news(scheduler: Client, event: Event) -> None:
    mine = opened(scheduler, event) | {"location": "York"}
    scheduler.post(edit_url(event), mine)

    assert scheduler.post(edit_url(event), mine).status_code == 302


def test_an_event_that_was_deleted_meanwhile_comes_back_as_a_new_one(scheduler: Client, event: Event) -> None:
    mine = opened(scheduler, event) | {"title": "Mine"}
    address = edit_url(event)
    event.delete()

    shown = scheduler.post(address, mine)

    assert "Somebody has deleted this event" in text(shown)
    assert f'action="{NEW}"' in shown.content.decode()
    assert 'value="Mine"' in shown.content.decode()


# The list beside the form


def test_the_best_fit_comes_first_and_each_says_why(scheduler: Client, ann: Instructor, ben: Instructor) -> None:
    cleo, dev = calendar("Cleo Cox").instructor, calendar("Dev Das").instructor
    eve = calendar("Eve East", synced_at=TODAY - timedelta(days=1)).instructor
    busy(ann, at(WED, 10), at(WED, 12))
    busy(ben, at(WED, 14), at(WED, 15), show_as="tentative")
    other = EventFactory.create(title="Fire warden", location="York")
    other.instructors.add(dev)
    SessionFactory.create(event=other, starts_at=at(TUE, 9), ends_at=at(TUE, 17))
    SessionFactory.create(event=other, starts_at=at(WED, 9), ends_at=at(WED, 17))

    response = scheduler.post(CANDIDATES, form(row(TUE), row(WED)))

    ranked = [person.instructor for person in response.context["page"].panel.suggested]
    words = text(response)
    assert ranked == [cleo, ben, ann, dev, eve]
    assert "Busy in Outlook, Wed 10:00-12:00." in words
    assert "Tentative in Outlook, Wed 14:00-15:00." in words
    assert "Fire warden, York, Tue and Wed." in words
    assert "Stale since Tue 10:42, so nobody can say." in words
    assert "1 free, 1 tentative, 2 busy, 1 unknown" in words


def test_a_title_is_said_where_the_privacy_allows_it(scheduler: Client, ann: Instructor) -> None:
    busy(ann, at(TUE, 10), at(TUE, 12), title="Dentist")

    assert "Dentist (busy in Outlook), Tue 10:00-12:00." in live(scheduler, form(row()))


def test_an_absence_of_several_days_is_named_by_its_dates(scheduler: Client, ann: Instructor) -> None:
    busy(ann, at("2026-11-23", 0), at("2026-11-28", 0), show_as="oof", is_all_day=True)

    assert "Out of office, Mon 23 Nov to Fri 27 Nov." in live(scheduler, form(row()))


def test_who_has_taught_it_comes_before_others_who_are_free(scheduler: Client, ann: Instructor) -> None:
    zoe = calendar("Zoe").instructor
    for weeks in (1, 2):
        past = EventFactory.create(title="first AID")
        past.instructors.add(zoe)
        SessionFactory.create(event=past, starts_at=TODAY - timedelta(weeks=weeks))
    near = EventFactory.create(title="Other", location="Hull")
    near.instructors.add(zoe)
    SessionFactory.create(event=near, starts_at=at("2026-11-27", 9), ends_at=at("2026-11-27", 12))

    response = scheduler.post(CANDIDATES, form(row()))

    assert [one.instructor for one in response.context["page"].panel.suggested] == [zoe, ann]
    assert "Has taught it 2 times." in text(response)
    assert "Before none. After Fri 27 Nov, Hull, 09:00." in text(response) or "After Fri, Hull, 09:00." in text(
        response
    )


def test_half_typed_rows_are_left_out_of_the_list(scheduler: Client, ann: Instructor) -> None:
    data = form(row(TUE), row("2026-1", "09:00", ""), row("", "", ""), people=[ann])

    response = scheduler.post(CANDIDATES, data)

    assert response.status_code == 200
    assert "1 session, as of" in text(response)
    assert "No conflict in any session." in text(response)


def test_the_event_that_is_edited_is_not_in_its_own_way(scheduler: Client, event: Event) -> None:
    data = opened(scheduler, event) | {"event": event.pk}

    assert "No conflict in any session." in live(scheduler, data)


@pytest.mark.parametrize("look", ["ann", "ARCHER ann", "%", "'\"", "\u202e", "\0", "x" * 3000])
def test_the_list_is_searched_by_name(scheduler: Client, ann: Instructor, ben: Instructor, look: str) -> None:
    response = scheduler.post(CANDIDATES, form(row(), look=look))

    found = [one.instructor for one in response.context["page"].panel.suggested]
    assert found == ([ann] if "ann" in look else [ann, ben] if look == "\0" else [])


def test_names_are_proposed_for_what_is_typed(scheduler: Client, ann: Instructor, ben: Instructor) -> None:
    InstructorFactory.create(name="Annette <b>Gone</b>", is_active=False)

    words = text(scheduler.get(CANDIDATES, {"q": "ann"}))

    assert "Ann Archer" in words
    assert "Ben" not in words
    assert "Gone" not in words
    assert "No active instructor fits." in text(scheduler.get(CANDIDATES, {"q": "\0zz%"}))
    assert text(scheduler.get(CANDIDATES)) == ""


def crowd(count: int) -> None:
    for mapping in CalendarMappingFactory.create_batch(
        count, window_start=TODAY - timedelta(days=30), window_end=TODAY + timedelta(days=400)
    ):
        ExternalEventFactory.create(mapping=mapping, starts_at=at(TUE, 10), ends_at=at(TUE, 11))


def queries(client: Client, path: str, data: dict[str, Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.post(path, data).status_code == 200
    return len(captured)


def test_the_list_takes_the_same_queries_for_few_and_for_many(scheduler: Client, ann: Instructor) -> None:
    crowd(5)
    few = queries(scheduler, CANDIDATES, form(row(TUE), people=[ann]))
    crowd(50)
    days = [(date(2026, 11, 24) + timedelta(days=number)).isoformat() for number in range(40)]

    many = queries(scheduler, CANDIDATES, form(*map(row, days), people=Instructor.objects.all()[:20]))

    assert many == few
    assert few <= 16


def test_of_very_many_instructors_a_bounded_number_is_looked_at_and_free_ones_are_found(
    scheduler: Client, ann: Instructor
) -> None:
    crowd(90)
    calendar("Zzz Free")
    before = queries(scheduler, CANDIDATES, form(row(TUE)))
    crowd(30)

    after = queries(scheduler, CANDIDATES, form(row(TUE)))
    response = scheduler.post(CANDIDATES, form(row(TUE)))

    panel = response.context["page"].panel
    assert before == after
    assert [one.instructor.name for one in panel.suggested[:2]] == ["Ann Archer", "Zzz Free"]
    assert len(panel.candidates.ranked) == 60
    assert "The nearest 60 of 122" in text(response)


# What saving does in Outlook


def test_the_foot_says_what_saving_puts_into_outlook(scheduler: Client, ann: Instructor, ben: Instructor) -> None:
    alone = live(scheduler, form(row(TUE), row(WED), people=[ann]))
    both = live(scheduler, form(row(TUE), row(WED), people=[ann, ben]))
    draft = live(scheduler, form(row(TUE), people=[ann], status="draft"))
    nobody = live(scheduler, form(row(TUE)))

    assert "Saving puts 2 items into Ann Archer's Outlook calendar." in alone
    assert "Saving puts 4 items into 2 Outlook calendars." in both
    assert "Drafts are not sent to Outlook." in draft
    assert "Nobody is chosen yet, so nothing is put into Outlook." in nobody


def test_the_foot_says_what_an_edit_changes_and_removes(scheduler: Client, event: Event, ben: Instructor) -> None:
    for session in event.sessions.all():
        mapping = CalendarMapping.objects.get(instructor__name="Ann Archer")
        SyncedEventFactory.create(mapping=mapping, session_uid=session.uid, ends_at=session.ends_at)
    data = opened(scheduler, event) | {"event": event.pk}
    fewer = {name: value for name, value in data.items() if not name.startswith("sessions-1")}

    assert "Saving changes nothing in Outlook." in live(scheduler, data)
    assert "Saving changes 2 items in Ann Archer's Outlook calendar." in live(scheduler, data | {"title": "New"})
    assert "Saving removes 1 item from Ann Archer's Outlook calendar." in live(scheduler, fewer)
    assert "Saving changes 1 item in Ann Archer's Outlook calendar and removes 1." in live(
        scheduler, fewer | {"sessions-0-end": "16:00"}
    )
    assert "Saving puts 2 items into Ben Baker's Outlook calendar and removes 2." in live(
        scheduler, data | {"instructors": [ben.pk]}
    )
    assert "Saving removes 2 items from Ann Archer's Outlook calendar. Drafts are not sent to Outlook." in live(
        scheduler, data | {"status": "draft"}
    )


# Who may


def test_whoever_may_not_plan_is_refused(client: Client, event: Event) -> None:
    client.force_login(User.objects.create_user("guest"))

    answers = [client.get(path) for path in (NEW, edit_url(event), CANDIDATES)]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_an_event_that_does_not_exist_is_not_found(scheduler: Client) -> None:
    assert scheduler.get("/events/4711/edit/").status_code == 404


def test_the_pages_show_what_they_hold_as_text_of_the_form(scheduler: Client, event: Event) -> None:
    page = scheduler.get(edit_url(event))

    assert json.loads(hidden(page, "base"))["location"] == "Leeds"
    assert "data-keep" in page.content.decode()
