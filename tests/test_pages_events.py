"""The events list, an event's page, and what cancels, confirms or deletes it."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Profile
from events.models import Event, Session, SyncedEvent
from events.planned.standing import counts
from events.planned.states import Kind
from events.sync.desired import desired
from events.sync.state import horizon
from instructors.models import CalendarMapping
from tests.conftest import Sandbox, plan_event, sync_now, tomorrow
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    IntegrationFactory,
    SessionFactory,
    UnmatchedFactory,
)

LIST = "/events/"
QUERIES = 20


@pytest.fixture
def scheduler(client: Client, db: None) -> Client:
    user = User.objects.create_user("tom", first_name="Tom", last_name="Ashworth")
    user.groups.add(Group.objects.get(name="Schedulers"))
    client.force_login(user)
    return client


@pytest.fixture
def ann(db: None) -> CalendarMapping:
    return person("Ann")


@pytest.fixture
def ben(db: None) -> CalendarMapping:
    return person("Ben")


def person(name: str, **values: Any) -> CalendarMapping:
    window = {"window_start": now() - timedelta(days=30), "window_end": now() + timedelta(days=400)}
    return CalendarMappingFactory.create(instructor__name=name, **window, **values)


def put_into_outlook(*mappings: CalendarMapping) -> None:
    """Let each of these calendars have all of its copies."""
    for mapping in mappings:
        CalendarMapping.objects.filter(pk=mapping.pk).update(requested_at=None)
        for uid, entry in desired([mapping], {}, horizon=horizon())[mapping.pk].items():
            values = {"remote_id": uuid4().hex, "fingerprint": entry.fingerprint, "ends_at": entry.ends_at}
            values |= {"sent_at": now(), "key": uuid4()}
            SyncedEvent.objects.update_or_create(mapping=mapping, session_uid=uid, defaults=values)


def text_of(response: Any) -> str:
    """The page as a person reads it."""
    body = re.sub(r"<template.*?</template>", "", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def titles_on(response: Any) -> list[str]:
    return [row.event.title for row in response.context["rows"]]


def page_of(event: Event, name: str = "event") -> str:
    return reverse(f"events:{name}", args=[event.pk])


def summary_of(response: Any) -> list[str]:
    return [badge.word for badge in response.context["sheet"].badges]


def at(days: float, hours: float = 2) -> dict[str, Any]:
    start = now() + timedelta(days=days)
    return {"starts_at": start, "ends_at": start + timedelta(hours=hours)}


# The list


def test_the_list_says_of_each_event_what_there_is_to_know(scheduler, ann, ben):
    event = plan_event("First aid", ann, ben, sessions=3, location="York, Minster House")
    put_into_outlook(ann)

    page = text_of(scheduler.get(LIST))

    first = event.sessions.all()[0].starts_at
    assert "Event Dates Status Instructors In Outlook" in page
    assert f"First aid York, Minster House {first:%a} " in page
    assert "3 sessions Confirmed Ann Ben 3 waiting 3 in Outlook" in page


def test_the_list_without_any_event_leads_to_the_first_one(scheduler, ann):
    page = scheduler.get(LIST)

    assert "No event is planned yet" in text_of(page)
    assert "Plan the first event" in text_of(page)


def test_upcoming_events_come_first_and_past_ones_are_within_reach(scheduler):
    SessionFactory.create(event__title="Last week", **at(-7))
    SessionFactory.create(event__title="Next month", **at(30))
    SessionFactory.create(event__title="Tomorrow", **at(1))
    EventFactory.create(title="Without dates")

    assert titles_on(scheduler.get(LIST)) == ["Tomorrow", "Next month", "Without dates"]
    assert titles_on(scheduler.get(LIST, {"period": "past"})) == ["Last week"]
    assert len(titles_on(scheduler.get(LIST, {"period": "all"}))) == 4


def test_when_all_events_are_past_the_list_says_where_they_are(scheduler):
    SessionFactory.create(event__title="Last week", **at(-7))

    assert "Show past events" in text_of(scheduler.get(LIST))


def test_an_event_that_is_running_is_upcoming(scheduler):
    SessionFactory.create(event__title="Long", **at(-2, hours=72))

    assert titles_on(scheduler.get(LIST)) == ["Long"]


def test_the_dates_are_days_where_the_viewer_is(scheduler, client):
    profile = {"time_zone": "Pacific/Auckland", "language": "en"}
    Profile.objects.create(user=User.objects.get(username="tom"), **profile)
    moment = now().replace(hour=20, minute=0) + timedelta(days=5)  # the next day in Auckland
    SessionFactory.create(event__title="Evening", starts_at=moment, ends_at=moment + timedelta(hours=1))
    there = (moment + timedelta(days=1)).date().isoformat()

    assert titles_on(scheduler.get(LIST, {"since": there, "until": there})) == ["Evening"]
    assert titles_on(scheduler.get(LIST, {"until": moment.date().isoformat()})) == []


def test_given_dates_reach_into_the_past(scheduler):
    session = SessionFactory.create(event__title="Last week", **at(-7))
    day = session.starts_at.date().isoformat()

    assert titles_on(scheduler.get(LIST, {"since": day, "until": day})) == ["Last week"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"since": "24.11."}, "From: Write the date as 2026-11-24."),
        ({"until": "soon"}, "Until: Write the date as 2026-11-24."),
        ({"since": "0001-01-01"}, "From: Choose a year from 1971 to 2998."),
        ({"since": "2026-11-25", "until": "2026-11-24"}, "Until: The last day lies before the first."),
    ],
)
def test_a_date_that_makes_no_sense_is_said(scheduler, query, sentence):
    assert sentence in text_of(scheduler.get(LIST, query))


@pytest.mark.parametrize(
    "query",
    [
        {"page": "x", "status": "x", "sync": "x", "period": "x", "since": "x", "until": "\x00"},
        {"page": "-1", "q": "\x00", "since": "9999-12-31", "until": "99999-1-1"},
        {"q": "x" * 5000, "sync": "\x00"},
        {"q": "\u202e%_'\"\\"},
        {"since": "2998-12-31", "until": "2998-12-31"},
    ],
)
def test_a_query_of_garbage_never_fails(scheduler, ann, query):
    plan_event("First aid", ann)

    assert scheduler.get(LIST, query).status_code == 200


def test_the_search_finds_titles_places_and_instructors(scheduler, ann, ben):
    plan_event("First aid 100%", ann, location="York")
    SessionFactory.create(event=plan_event("Fire safety", ann, location="Leeds"), **at(9)).instructors.add(
        ben.instructor
    )
    plan_event('Sean\'s "course"', ann, location="Hull")

    assert titles_on(scheduler.get(LIST, {"q": "AID"})) == ["First aid 100%"]
    assert titles_on(scheduler.get(LIST, {"q": "100%"})) == ["First aid 100%"]
    assert titles_on(scheduler.get(LIST, {"q": "york ann"})) == ["First aid 100%"]
    assert titles_on(scheduler.get(LIST, {"q": "ben"})) == ["Fire safety"]
    assert titles_on(scheduler.get(LIST, {"q": "sean's \""})) == ['Sean\'s "course"']
    assert titles_on(scheduler.get(LIST, {"q": "_"})) == []


def test_the_status_narrows_the_list(scheduler):
    for status in Event.Status:
        SessionFactory.create(event__title=str(status), event__status=status)

    for status in Event.Status:
        assert titles_on(scheduler.get(LIST, {"status": status})) == [str(status)]


def test_the_sync_state_narrows_the_list(scheduler, ann, ben):
    plan_event("Complete", ann)
    put_into_outlook(ann)
    plan_event("Waiting", ann)
    CalendarMapping.objects.filter(pk=ben.pk).update(problem="No licence.", retry_at=now() + timedelta(hours=1))
    plan_event("Failed", ben)
    plan_event("Draft", ann, status="draft")
    plan_event("Unmatched").instructors.add(InstructorFactory.create())

    assert titles_on(scheduler.get(LIST, {"sync": "in_outlook"})) == ["Complete"]
    assert titles_on(scheduler.get(LIST, {"sync": "waiting"})) == ["Waiting"]
    assert titles_on(scheduler.get(LIST, {"sync": "failed"})) == ["Failed"]
    assert sorted(titles_on(scheduler.get(LIST, {"sync": "not_synced"}))) == ["Draft", "Unmatched"]


def test_a_page_has_fifty_events_and_keeps_the_search(scheduler):
    for number in range(51):
        SessionFactory.create(event__title=f"Course {number:02}", **at(number + 1))

    first = scheduler.get(LIST, {"q": "course"})
    second = scheduler.get(LIST, {"q": "course", "page": "2"})

    assert (len(titles_on(first)), titles_on(second)) == (50, ["Course 50"])
    assert "/events/?q=course&amp;page=2" in first.content.decode()
    assert "51\N{EN DASH}51 of 51" in text_of(second)


def test_htmx_gets_the_table_alone(scheduler):
    SessionFactory.create(event__title="First aid")

    response = scheduler.get(LIST, headers={"HX-Request": "true"})

    assert "First aid" in text_of(response)
    assert "<html" not in response.content.decode()
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("query", [{}, {"sync": "waiting", "q": "course", "period": "all"}])
@pytest.mark.parametrize("count", [1, 50])
def test_the_list_asks_the_database_as_often_for_one_as_for_many(
    scheduler, django_assert_max_num_queries, count, query
):
    for number in range(count):
        plan_event(f"Course {number}", *[person(f"Person {number} {one}") for one in range(2)], sessions=2)

    with django_assert_max_num_queries(QUERIES):
        scheduler.get(LIST, query)


def test_titles_with_markup_and_marks_are_shown_as_they_are(scheduler, ann):
    title = '<script>alert(1)</script> & "quoted" \u202eabc'
    event = plan_event(title, ann, location="<b>Leeds</b>", description="<i>One</i>\nTwo")

    for path in (LIST, page_of(event), page_of(event, "cancel"), page_of(event, "delete")):
        body = scheduler.get(path).content.decode()

        assert "<script>alert" not in body
        assert "<b>Leeds" not in body
        assert "<i>One" not in body
    assert "&lt;i&gt;One&lt;/i&gt;<br>Two" in scheduler.get(page_of(event)).content.decode()


def test_only_who_may_plan_is_led_to_planning(client, db):
    user = User.objects.create_user("reader")
    user.user_permissions.add(
        *Group.objects.get(name="Schedulers").permissions.filter(codename__in=["view_event", "view_calendar"])
    )
    client.force_login(user)
    event = SessionFactory.create().event

    listed, shown = text_of(client.get(LIST)), text_of(client.get(page_of(event)))

    assert "Plan an event" not in listed
    assert not any(word in shown for word in ("Edit", "Cancel event", "Delete event", "Choose instructors"))


# What the list counts is what the page shows


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "stopped": {"sync_enabled": False},
    "failing": {"problem": "No licence.", "retry_at": now() + timedelta(days=900)},
    "unreadable": {"problem": "2 items cannot be read.", "unreadable": 2},
    "refused plan": {"problem": "12 of 14 items would be removed."},
    "inactive instructor": {"instructor__is_active": False},
    "inactive integration": {"integration__status": "inactive"},
    "failing integration": {"integration__problem": "The secret has ended."},
    "leaving": {"leaving_at": now()},
    "closing": {"integration__closing_at": now()},
    "flagging": {"integration__drift": "flag"},
}
COPIES: dict[str, dict[str, Any] | None] = {
    "no copy": None,
    "in Outlook": {},
    "intent": {"remote_id": ""},
    "failed": {"problem": "Refused.", "remote_id": "", "retry_at": now() + timedelta(days=900)},
    "edited": {"observed": "changed"},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("has_own", [False, True])
def test_the_list_counts_what_the_page_shows(scheduler, case, copy, has_own):
    mapping = person("Ann", **CASES[case])
    event = plan_event("First aid", *([] if has_own else [mapping]), sessions=2)
    if has_own:
        for session in event.sessions.all():
            session.instructors.add(mapping.instructor)
    known = COPIES[copy]
    if known is not None:
        mapping.sync_enabled, mapping.leaving_at = True, None
        mapping.integration.closing_at, mapping.instructor.is_active = None, True
        put_into_outlook(mapping)
        SyncedEvent.objects.update(**known)
        if case in ("leaving", "closing", "inactive instructor"):
            SyncedEvent.objects.update(released_at=now())

    shown = scheduler.get(page_of(event)).context["sheet"]

    kinds = [state.kind for state in shown.states]
    if case in ("leaving", "closing") and known is None:
        assert counts([event.pk]).get(event.pk, {}) == {}
    elif case == "inactive instructor" and known is not None:
        assert counts([event.pk])[event.pk][Kind.REMOVING] == kinds.count(Kind.REMOVING) == 2
    else:
        assert counts([event.pk])[event.pk] == {kind: kinds.count(kind) for kind in set(kinds)}


def test_a_change_waits_in_the_list_until_the_calendar_is_synced(scheduler, ann):
    event = plan_event("First aid", ann)
    put_into_outlook(ann)

    event.title = "First aid at work"
    event.save()
    waiting = counts([event.pk])
    CalendarMapping.objects.filter(pk=ann.pk).update(synced_at=now())
    done = counts([event.pk])

    assert waiting[event.pk] == {Kind.WAITING: 1}
    assert done[event.pk] == {Kind.IN_OUTLOOK: 1}


# The page


def test_the_page_shows_each_session_in_each_calendar(scheduler, ann, ben):
    event = plan_event("First aid", ann, ben, sessions=2, location="York", description="Bring a pen.")
    put_into_outlook(ann)

    response = scheduler.get(page_of(event))

    page = text_of(response)
    assert summary_of(response) == ["2 in Outlook", "2 waiting"]
    assert "Sent today," in page
    assert "Changed 0 s ago" in page or "Changed 1 s ago" in page
    assert "2 sessions, times in UTC" in page
    assert "York" in page
    assert "Bring a pen." in page
    assert "No invitation is mailed." in page


def test_a_session_with_its_own_instructor_is_not_assigned_to_the_others(scheduler, ann, ben):
    event = plan_event("First aid", ann, sessions=2)
    event.sessions.all()[0].instructors.add(ben.instructor)

    page = scheduler.get(page_of(event)).context["sheet"]

    assert [[cell.state.kind for cell in row.cells] for row in page.rows] == [
        [Kind.NOT_ASSIGNED, Kind.WAITING],
        [Kind.WAITING, Kind.NOT_ASSIGNED],
    ]


def test_both_calendars_of_an_instructor_count(scheduler, ann):
    CalendarMappingFactory.create(instructor=ann.instructor, integration__name="Lakeside")
    event = plan_event("First aid", ann)
    put_into_outlook(ann)

    response = scheduler.get(page_of(event))

    assert summary_of(response) == ["1 in Outlook", "1 waiting"]
    assert "Lakeside" in text_of(response)


def test_a_failing_instructor_is_explained_once(scheduler):
    mapping = person("Daniel", problem="The mailbox refuses access.", retry_at=now() + timedelta(days=1))
    event = plan_event("First aid", mapping, sessions=3)

    page = text_of(scheduler.get(page_of(event)))

    assert page.count("The mailbox refuses access.") == 1
    assert "3 of 3 sessions could not be sent yet." in page
    assert page.count("Tries again") == 3
    assert "Find another instructor" in page


def test_a_failing_integration_is_explained_once_for_all(scheduler):
    northgate = IntegrationFactory.create(name="Northgate", problem="The client secret has ended.")
    people = [person(name, integration=northgate) for name in ("Ann", "Ben", "Cleo")]
    event = plan_event("First aid", *people)

    page = text_of(scheduler.get(page_of(event)))

    assert page.count("The client secret has ended.") == 1
    assert "Northgate cannot be reached." in page


def test_an_instructor_without_a_mailbox_says_why(scheduler):
    missing = UnmatchedFactory.create(cause="guest", instructor__name="Clara")
    event = plan_event("First aid")
    event.instructors.add(missing.instructor)

    page = text_of(scheduler.get(page_of(event)))

    assert "1 not synced" in page
    assert "Not matched with a mailbox" in page
    assert "A guest account." in page


def test_what_is_no_longer_wanted_is_being_removed(scheduler, ann, ben):
    event = plan_event("First aid", ann, ben)
    put_into_outlook(ann, ben)

    event.instructors.remove(ben.instructor)

    response = scheduler.get(page_of(event))
    assert summary_of(response) == ["1 in Outlook", "1 being removed"]
    assert "Ben" in text_of(response)


def test_a_draft_says_that_it_is_not_sent(scheduler, ann):
    event = plan_event("First aid", ann, status="draft")

    page = text_of(scheduler.get(page_of(event)))

    assert "Not sent: a draft" in page
    assert "Nothing is sent while the event is a draft." in page


@pytest.mark.parametrize("sessions", [0, 1])
def test_an_event_without_sessions_or_instructors_says_what_is_missing(scheduler, sessions):
    event = plan_event("First aid", sessions=sessions)

    page = text_of(scheduler.get(page_of(event)))

    assert ("Nobody teaches this event yet" if sessions else "This event has no sessions yet") in page


def test_times_are_the_viewers_and_the_events_own_are_named(scheduler, ann):
    start = now().replace(month=1, day=15, hour=9, minute=0, year=now().year + 1)
    event = plan_event("First aid", sessions=0, time_zone="Europe/Berlin")
    Session.objects.create(event=event, starts_at=start, ends_at=start + timedelta(hours=8))
    event.instructors.add(ann.instructor)

    page = text_of(scheduler.get(page_of(event)))

    assert "09:00\N{EN DASH}17:00 10:00\N{EN DASH}18:00 in Berlin" in page
    assert "Planned in Europe/Berlin." in page


def test_many_sessions_are_counted_and_each_is_a_click_away(scheduler, ann):
    event = plan_event("Apprenticeship", ann, sessions=20)
    put_into_outlook(ann)
    SyncedEvent.objects.filter(session_uid=event.sessions.all()[2].uid).update(problem="Refused.", fingerprint="")

    closed = scheduler.get(page_of(event))
    key = closed.context["sheet"].rows[0].key
    opened = scheduler.get(page_of(event), {"row": key})

    assert "19 in Outlook" in text_of(closed)
    assert "1 of 20 sessions could not be sent yet. Refused." in text_of(closed)
    assert opened.content.decode().count('class="each-day"') == 20
    assert closed.content.decode().count('class="each-day"') == 0


@pytest.mark.parametrize(("people", "sessions"), [(1, 1), (20, 100)])
def test_the_page_asks_the_database_as_often_for_one_as_for_many(
    scheduler, django_assert_max_num_queries, people, sessions
):
    event = plan_event("Apprenticeship", *[person(f"Person {number}") for number in range(people)])
    start = now() + timedelta(days=3)
    Session.objects.bulk_create(
        Session(event=event, starts_at=start + timedelta(days=day), ends_at=start + timedelta(days=day, hours=8))
        for day in range(sessions - 1)
    )

    with django_assert_max_num_queries(QUERIES):
        scheduler.get(page_of(event))
    with django_assert_max_num_queries(QUERIES):
        scheduler.get(page_of(event, "states"))


@pytest.mark.parametrize("name", ["event", "states", "cancel", "confirm", "delete"])
def test_an_event_that_is_gone_is_not_found(scheduler, name):
    assert scheduler.get(reverse(f"events:{name}", args=[12345])).status_code == 404


# The page turns by itself


def trigger_of(response: Any) -> str:
    found = re.search(r'hx-trigger="every (\d+)s"', response.content.decode())
    return found[1] if found else ""


def asks_for(response: Any) -> str:
    found = re.search(r'hx-get="([^"]+)" hx-trigger="every', response.content.decode())
    assert found
    return html.unescape(found[1])


def test_the_page_asks_again_while_something_waits_and_stops_once_all_is_in_outlook(scheduler, ann):
    event = plan_event("First aid", ann)
    waiting = scheduler.get(page_of(event))

    put_into_outlook(ann)
    done = scheduler.get(asks_for(waiting))

    assert trigger_of(waiting) == "2"
    assert trigger_of(done) == ""
    assert "1 in Outlook" in text_of(done)


def test_the_numbers_are_said_only_when_they_have_changed(scheduler, ann):
    event = plan_event("First aid", ann)
    page = scheduler.get(page_of(event))

    same = scheduler.get(asks_for(page))
    put_into_outlook(ann)
    other = scheduler.get(asks_for(page))

    assert 'id="states-summary"' not in same.content.decode()
    assert 'id="states-summary" hx-swap-oob' in other.content.decode()


def test_the_page_asks_less_often_when_nothing_comes(scheduler, ann):
    event = plan_event("First aid", ann)
    query = asks_for(scheduler.get(page_of(event))).replace("tries=0", "tries={}")

    assert [trigger_of(scheduler.get(query.format(tries))) for tries in (0, 43, 44, 88, 89, 999)] == [
        "2",
        "2",
        "10",
        "10",
        "30",
        "30",
    ]


def test_the_page_follows_a_failure_slowly(scheduler):
    mapping = person("Daniel", problem="No licence.", retry_at=now() + timedelta(minutes=5))

    assert trigger_of(scheduler.get(page_of(plan_event("First aid", mapping)))) == "10"


@pytest.mark.parametrize("values", [{"sync_enabled": False}, {"integration__status": "inactive"}])
def test_the_page_does_not_wait_for_what_nobody_sends(scheduler, values):
    event = plan_event("First aid", person("Ann", **values))

    assert trigger_of(scheduler.get(page_of(event))) == ""


@pytest.mark.parametrize("query", ["tries=x&seen=%00&row=%00", "tries=-5", f"tries={'9' * 5000}", "row=" + "x" * 3000])
def test_a_question_of_garbage_never_fails(scheduler, ann, query):
    event = plan_event("First aid", ann, sessions=9)

    assert scheduler.get(f"{page_of(event, 'states')}?{query}").status_code == 200
    assert scheduler.get(f"{page_of(event)}?{query}").status_code == 200


# Conflicts


def test_a_conflict_says_who_what_when_and_since_when(scheduler, ann):
    event = plan_event("First aid", ann)
    put_into_outlook(ann)
    SyncedEvent.objects.update(intended_at=now() - timedelta(hours=1))
    session = event.sessions.get()
    ExternalEventFactory.create(mapping=ann, starts_at=session.starts_at + timedelta(hours=1))

    page = text_of(scheduler.get(page_of(event)))

    assert "1 overlap" in page
    assert "Ann : Busy in Outlook ," in page
    assert "Found there today," in page
    assert "after this session was put into Outlook." in page


def test_another_event_in_the_way_is_linked(scheduler, ann):
    event, other = plan_event("First aid", ann), plan_event("Fire safety", ann)

    body = scheduler.get(page_of(event)).content.decode()

    assert f'<a href="{page_of(other)}"><bdi>Fire safety</bdi></a>' in body


def test_a_title_is_shown_where_privacy_allows_it_and_a_tentative_item_only_warns(scheduler, ann):
    event = plan_event("First aid", ann)
    start = event.sessions.get().starts_at
    ExternalEventFactory.create(mapping=ann, starts_at=start, title="Board meeting", show_as="tentative")

    body = scheduler.get(page_of(event)).content.decode()

    assert "Board meeting" in body
    assert "conflict-warn" in body
    assert "conflict-bad" not in body


def test_sessions_of_one_event_that_overlap_are_a_conflict(scheduler, ann):
    event = plan_event("First aid", ann)
    session = event.sessions.get()
    Session.objects.create(event=event, starts_at=session.starts_at, ends_at=session.ends_at)

    assert "1 overlap" in text_of(scheduler.get(page_of(event)))


def test_past_conflicts_and_those_of_a_cancelled_event_are_not_shown(scheduler, ann):
    event = plan_event("First aid", ann, sessions=0)
    past = Session.objects.create(event=event, **at(-3))
    Session.objects.create(event=event, **at(3))
    ExternalEventFactory.create(mapping=ann, starts_at=past.starts_at)

    assert "overlap" not in text_of(scheduler.get(page_of(event)))
    event.status = "cancelled"
    event.save()
    assert "Conflicts" not in text_of(scheduler.get(page_of(event)))


def test_who_is_not_known_is_not_said_to_be_free(scheduler, ann):
    event = plan_event("First aid", ann, person("Ben", sync_enabled=False))

    page = text_of(scheduler.get(page_of(event)))

    assert "Ben : Not synced, availability unknown" in page
    assert "Nobody who teaches has anything else" not in page


# Cancel, confirm, delete


def test_cancelling_says_before_what_it_does_to_outlook(scheduler, ann, ben):
    event = plan_event("First aid", ann, ben, person("Cleo", sync_enabled=False), sessions=3)
    put_into_outlook(ann, ben)

    page = text_of(scheduler.get(page_of(event, "cancel")))

    event.refresh_from_db()
    assert event.status == "confirmed"
    assert "6 items in 2 calendars: removed from Outlook within seconds. The instructors are not mailed." in page


def test_cancelling_cancels_and_releases_what_stands_in_outlook(scheduler, ann):
    event = plan_event("First aid", ann)
    put_into_outlook(ann)

    response = scheduler.post(page_of(event, "cancel"), follow=True)

    event.refresh_from_db()
    assert event.status == "cancelled"
    assert SyncedEvent.objects.get().released_at is not None
    assert "First aid is cancelled." in text_of(response)
    assert "Being removed" in text_of(response)


def test_cancelling_what_is_not_in_outlook_speaks_of_no_removal(scheduler):
    event = plan_event("First aid")

    response = scheduler.post(page_of(event, "cancel"), follow=True)

    assert "First aid is cancelled." in text_of(response)
    assert "being removed" not in text_of(response)


def test_cancelling_twice_does_no_harm(scheduler, ann):
    event = plan_event("First aid", ann, status="cancelled")

    assert scheduler.get(page_of(event, "cancel")).status_code == 302
    assert "First aid is cancelled." not in text_of(scheduler.post(page_of(event, "cancel"), follow=True))


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_confirming_says_before_what_it_does_to_outlook(scheduler, ann, status):
    event = plan_event("First aid", ann, person("Ben", sync_enabled=False), sessions=2, status=status)
    ExternalEventFactory.create(mapping=ann, starts_at=event.sessions.all()[0].starts_at)

    page = text_of(scheduler.get(page_of(event, "confirm")))

    assert "2 items in 1 calendar: put into Outlook within seconds. The instructors are not mailed." in page
    assert "Ben gets nothing: their calendar is not synced." in page
    assert "Ann has something else on " in page


def test_confirming_again_puts_the_event_back_into_outlook(scheduler, ann):
    event = plan_event("First aid", ann, status="cancelled")

    response = scheduler.post(page_of(event, "confirm"), follow=True)

    event.refresh_from_db()
    assert event.status == "confirmed"
    assert summary_of(response) == ["1 waiting"]


def test_deleting_says_before_what_it_does_to_outlook(scheduler, ann):
    event = plan_event("First aid", ann, sessions=2)
    put_into_outlook(ann)

    page = text_of(scheduler.get(page_of(event, "delete")))

    assert "2 items in 1 calendar: removed from Outlook" in page
    assert "The event goes from calsync, with its 2 sessions." in page
    assert Event.objects.filter(pk=event.pk).exists()


def test_deleting_deletes_and_releases_what_stands_in_outlook(scheduler, ann):
    event = plan_event("First aid", ann)
    put_into_outlook(ann)

    response = scheduler.post(page_of(event, "delete"), follow=True)

    assert not Event.objects.exists()
    assert SyncedEvent.objects.get().released_at is not None
    assert CalendarMapping.objects.get().requested_at is not None
    assert "First aid is deleted." in text_of(response)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"sync_enabled": False}, "1 item stays in Outlook, because syncing of its calendar is stopped."),
        ({"integration__status": "inactive"}, "1 item: removed once its integration is active again."),
        ({"integration__closing_at": now()}, "1 item in 1 calendar: removed from Outlook within seconds."),
    ],
)
def test_what_is_not_removed_at_once_is_said(scheduler, ann, values, sentence):
    event = plan_event("First aid", ann)
    put_into_outlook(ann)
    for name, value in values.items():
        of_integration = name.startswith("integration__")
        row = ann.integration if of_integration else ann
        type(row).objects.filter(pk=row.pk).update(**{name.removeprefix("integration__"): value})

    assert sentence in text_of(scheduler.get(page_of(event, "delete")))


def test_an_event_in_nobodys_calendar_is_deleted_without_talk_of_outlook(scheduler):
    event = plan_event("First aid")

    assert "Nothing of this event is in Outlook" in text_of(scheduler.get(page_of(event, "delete")))


@pytest.mark.parametrize("name", ["cancel", "confirm", "delete"])
def test_a_change_needs_its_permission_and_a_token(client, db, name):
    event = plan_event("First aid")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("maria"))

    assert strict.post(page_of(event, name)).status_code == 403


# With a mailbox


def test_the_page_of_an_event_shows_when_it_was_sent(scheduler, sandbox: Sandbox, people):
    event = plan_event("First aid", people["ann"])

    sync_now(people["ann"])

    assert summary_of(scheduler.get(page_of(event))) == ["1 in Outlook"]
    assert "Sent today," in text_of(scheduler.get(page_of(event)))
    assert counts([event.pk])[event.pk] == {Kind.IN_OUTLOOK: 1}


def test_a_cancelled_event_goes_from_outlook_and_its_page_says_so(scheduler, sandbox: Sandbox, people):
    event = plan_event("First aid", people["ann"])
    sync_now(people["ann"])

    scheduler.post(page_of(event, "cancel"))
    sync_now(people["ann"])

    assert sandbox.subjects("ann") == []
    assert summary_of(scheduler.get(page_of(event))) == ["1 not synced"]
    assert counts([event.pk]).get(event.pk, {}) == {}


def test_a_search_is_read_no_further_than_its_field_goes(scheduler: Client, django_assert_max_num_queries: Any) -> None:
    EventFactory.create(title="First aid")

    with django_assert_max_num_queries(20) as queries:
        page = scheduler.get(LIST, {"q": "first " * 1000 + "nobody"}).content.decode()

    assert "First aid" in page
    assert max(len(query["sql"]) for query in queries) < 50_000


def test_the_list_says_which_event_has_a_conflict_to_come(scheduler: Client, ann: CalendarMapping) -> None:
    plan_event("Free", ann, hour=14)
    plan_event("Late", ann, hour=9)
    ExternalEventFactory.create(mapping=ann, starts_at=tomorrow(10), ends_at=tomorrow(11))

    page = scheduler.get(LIST).content.decode()

    marked = [row for row in page.split("<tr>") if "1 conflict" in row]
    assert len(marked) == 1
    assert "Late" in marked[0]
    assert "Free" not in marked[0]
