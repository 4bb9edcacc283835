"""The page of one instructor."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from events.models import SyncedEvent
from events.person.page import entry_for
from instructors.models import CalendarMapping, Instructor, Unmatched
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    SessionFactory,
    SyncedEventFactory,
    UnmatchedFactory,
)

QUERIES = 28


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("maria"))
    return client


@pytest.fixture
def scheduler(client: Client, db: None) -> Client:
    user = User.objects.create_user("sam")
    user.groups.add(Group.objects.get(name="Schedulers"))
    client.force_login(user)
    return client


@pytest.fixture
def ann(db: None) -> CalendarMapping:
    return CalendarMappingFactory.create(instructor__name="Ann Berger", instructor__email="ann@northgate.example")


def page(client: Client, mapping: CalendarMapping | Unmatched, **query: Any) -> str:
    """The page as a person reads it."""
    response = client.get(reverse("events:instructor", args=[mapping.instructor_id]), query)
    assert response.status_code == 200
    text = response.content.decode().replace("&#x27;", "'")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.split("<main")[1]))


def teach(mapping: CalendarMapping, title: str = "First aid", days: float = 1, **event: Any) -> Any:
    """A session of two hours that the owner of `mapping` teaches."""
    course = EventFactory.create(title=title, **event)
    course.instructors.add(mapping.instructor)
    return SessionFactory.create(event=course, starts_at=now() + timedelta(days=days))


def copy_of(mapping: CalendarMapping, session: Any, **values: Any) -> SyncedEvent:
    """The copy of `session` as it should be."""
    usual = {"session_uid": session.uid, "ends_at": session.ends_at, "sent_at": now(), **values}
    wanted = entry_for(session, None).fingerprint
    return SyncedEventFactory.create(mapping=mapping, **{"fingerprint": wanted} | usual)


# Head and calendars


def test_the_head_names_address_zone_and_the_time_there(admin, ann):
    Instructor.objects.update(time_zone="Pacific/Auckland")

    text = page(admin, ann)

    assert "Ann Berger" in text
    assert "ann@northgate.example · Pacific/Auckland" in text
    assert "there now" in text


def test_a_failing_calendar_says_why_and_when_it_is_tried_again(admin, ann):
    CalendarMapping.objects.update(problem="No licence.", retry_at=now() + timedelta(days=2))

    text = page(admin, ann)

    assert "Enabled, failing No licence." in text
    assert "Next try" in text


def test_somebody_without_a_mailbox_is_told_why_with_the_cures(admin):
    missing = UnmatchedFactory.create(cause="alias", suggestion="ann.b@northgate.example")

    text = page(admin, missing)

    assert "The address is an alias of ann.b@northgate.example" in text
    assert "Use this address" in text
    assert "No mailbox" not in text


def test_a_calendar_action_leads_back_to_the_page(admin, ann):
    here = reverse("events:instructor", args=[ann.instructor_id])

    answer = admin.post(f"{reverse('instructors:sync', args=[ann.pk])}?next={here}")

    assert answer["Location"] == here


def test_an_action_never_leads_to_another_site(admin, ann):
    answer = admin.post(f"{reverse('instructors:sync', args=[ann.pk])}?next=https://elsewhere.example/")

    assert answer["Location"] == reverse("instructors:list")


def test_an_inactive_instructor_is_called_so(admin, ann):
    Instructor.objects.update(is_active=False)

    assert "This instructor is inactive." in page(admin, ann)


def test_a_scheduler_sees_the_page_without_the_actions_of_administrators(scheduler, ann):
    teach(ann)

    text = page(scheduler, ann)

    assert "First aid" in text
    assert not any(word in text for word in ("Edit", "Stop syncing", "Sync now", "Deactivate"))


# Sessions


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "In Outlook Sent today, "),
        ({"remote_id": "", "sent_at": None}, "Waiting"),
        ({"fingerprint": "of an older entry"}, "Waiting"),
        ({"observed": "changed"}, "Waiting Changed in Outlook, being put right"),
        ({"observed": "gone"}, "Waiting Changed in Outlook, being put right"),
    ],
)
def test_a_session_says_how_its_copy_stands(admin, ann, values, words):
    copy_of(ann, teach(ann), **values)

    assert words in page(admin, ann).split("Upcoming sessions")[1]


def test_a_session_that_failed_says_why_and_when_it_is_tried_again(admin, ann):
    refused = {"problem": "The title is refused.", "retry_at": now() + timedelta(days=2), "remote_id": ""}
    copy_of(ann, teach(ann), **refused)

    text = page(admin, ann).split("Upcoming sessions")[1]

    assert "Failed Tries again " in text
    assert "The title is refused." in text


def test_a_session_without_a_copy_waits_until_the_calendar_is_stopped(admin, ann):
    teach(ann)

    before = page(admin, ann)
    CalendarMapping.objects.update(sync_enabled=False)
    after = page(admin, ann)

    assert "Waiting" in before
    assert "Not synced" in after.split("Upcoming sessions")[1]


def test_a_draft_is_shown_and_said_not_to_be_sent(admin, ann):
    teach(ann, status="draft")

    text = page(admin, ann)

    assert "First aid Draft" in text
    assert "Not sent: a draft" in text


def test_cancelled_and_past_sessions_are_not_upcoming(admin, ann):
    teach(ann, "Cancelled course", status="cancelled")
    teach(ann, "Past course", days=-2)

    text = page(admin, ann)

    assert "Nothing is planned from now on." in text


def test_a_conflict_with_an_external_event_is_said_at_the_session(admin, ann):
    session = teach(ann)
    ExternalEventFactory.create(mapping=ann, starts_at=session.starts_at, show_as="oof")

    response = admin.get(reverse("events:instructor", args=[ann.instructor_id]))

    [row] = response.context["sessions"]
    assert [(one.is_conflict, one.words.split(",")[0]) for one in row.clashes] == [(True, "Out of office")]


def test_two_sessions_at_once_name_each_other(admin, ann):
    first, second = teach(ann, "First aid"), teach(ann, "Fire drill")

    response = admin.get(reverse("events:instructor", args=[ann.instructor_id]))

    named = {row.teaching.title: row.clashes[0].words.split(",")[0] for row in response.context["sessions"]}
    assert named == {"First aid": "Fire drill", "Fire drill": "First aid"}
    assert first.starts_at < second.ends_at


def test_the_sessions_are_paged_beside_the_external_events(admin, ann):
    for number in range(23):
        teach(ann, f"Course number {number:02}", days=number + 1)
    ExternalEventFactory.create_batch(23, mapping=ann)

    text = page(admin, ann, sessions="2", items="2")

    assert "Course number 20" in text
    assert "Course number 19" not in text
    assert "21\N{EN DASH}23 of 23" in text
    assert "11\N{EN DASH}20 of 23" in text


@pytest.mark.parametrize("number", ["0", "-1", "999", "x", "", "\x00", "1" * 30])
def test_any_page_number_shows_the_nearest_page(admin, ann, number):
    teach(ann)

    assert "First aid" in page(admin, ann, sessions=number, items=number)


def test_a_copy_that_nobody_plans_any_more_is_shown_while_it_is_removed(admin, ann):
    session = teach(ann, status="cancelled")
    copy_of(ann, session, released_at=now())

    text = page(admin, ann)

    assert "No longer planned, still in Outlook 1 First aid" in text
    assert "Being removed" in text


def test_a_copy_whose_session_is_deleted_is_shown_without_a_title(admin, ann):
    SyncedEventFactory.create(mapping=ann, released_at=now())

    assert "A session that is deleted here" in page(admin, ann)


def test_copies_that_are_over_are_counted(admin, ann):
    SyncedEventFactory.create_batch(2, mapping=ann, ends_at=now() - timedelta(days=3))

    assert "2 sessions that are over stand in Outlook too." in page(admin, ann)


# External events


def test_titles_are_shown_only_as_privacy_allows(admin, ann):
    ExternalEventFactory.create(mapping=ann, title="Dentist")

    closed = page(admin, ann)
    ann.integration.privacy = "titles"
    ann.integration.save()
    opened = page(admin, ann)

    assert "Dentist" not in closed
    assert "Dentist" in opened


def test_the_title_of_a_private_item_is_never_shown(admin, ann):
    ann.integration.privacy = "titles"
    ann.integration.save()
    ExternalEventFactory.create(mapping=ann, title="Dentist", is_private=True)

    text = page(admin, ann)

    assert "Dentist" not in text
    assert "Private" in text


def test_all_day_items_are_dates_whatever_the_zone(admin, ann):
    year = now().year + 1
    start = datetime(year, 3, 1, tzinfo=UTC)
    ExternalEventFactory.create(mapping=ann, is_all_day=True, starts_at=start, ends_at=start + timedelta(days=2))
    ExternalEventFactory.create(
        mapping=ann, is_all_day=True, starts_at=start, ends_at=start + timedelta(days=1), series_id="weekly"
    )

    text = page(admin, ann)

    assert f"1 Mar {year} \N{EN DASH} " in text
    assert f"2 Mar {year}, all day" in text
    assert "Series" in text


def test_past_items_are_not_listed(admin, ann):
    ExternalEventFactory.create(mapping=ann, starts_at=now() - timedelta(days=3))

    assert "Nothing else stands in Outlook from now on." in page(admin, ann)


def test_nothing_read_is_not_called_free(admin, ann):
    CalendarMapping.objects.update(synced_at=None)

    assert "Nothing was read from Outlook, so the availability is unknown." in page(admin, ann)


def test_titles_with_markup_are_escaped(admin, ann):
    ann.integration.privacy = "titles"
    ann.integration.save()
    ExternalEventFactory.create(mapping=ann, title="<script>alert(1)</script>")
    copy_of(ann, teach(ann, "<b>bold</b>"), remote_id="", problem="<i>no</i>")

    raw = admin.get(reverse("events:instructor", args=[ann.instructor_id])).content.decode()

    assert not any(text in raw for text in ("<script>alert", "<b>bold", "<i>no"))


# Problems


def test_problems_have_a_reason_and_a_next_try(admin, ann):
    copy_of(ann, teach(ann), remote_id="", problem="Outlook refuses the place.", retry_at=now() + timedelta(days=2))

    text = page(admin, ann).split("Problems")[1]

    assert "First aid" in text
    assert "Failed Tries again " in text
    assert "Outlook refuses the place." in text


@pytest.mark.parametrize(("policy", "words"), [("restore", "being put right"), ("flag", "It is left as it is")])
def test_what_was_edited_in_outlook_says_what_becomes_of_it(admin, ann, policy, words):
    ann.integration.drift = policy
    ann.integration.save()
    copy_of(ann, teach(ann), observed="changed")

    assert words in page(admin, ann)


def test_without_problems_there_is_no_word_of_them(admin, ann):
    copy_of(ann, teach(ann))

    assert "Problems" not in page(admin, ann)


# Movement and bounds


def test_the_page_follows_what_moves_and_rests_afterwards(admin, ann):
    session = teach(ann)
    path = reverse("events:instructor", args=[ann.instructor_id])

    during = admin.get(path).content.decode()
    copy_of(ann, session)
    CalendarMapping.objects.update(requested_at=None)  # the sync that the change asked for has been
    after = admin.get(path).content.decode()

    assert 'hx-trigger="every 3s"' in during
    assert 'hx-trigger="every 3s"' not in after


@pytest.mark.parametrize("count", [1, 60])
def test_the_page_asks_the_database_as_often_for_little_as_for_much(admin, ann, django_assert_max_num_queries, count):
    for number in range(count):
        copy_of(ann, teach(ann, days=number / 10 + 1), problem="Refused." if number % 2 else "")
    SyncedEventFactory.create_batch(count, mapping=ann, released_at=now())
    ExternalEventFactory.create_batch(count * 5, mapping=ann)

    with django_assert_max_num_queries(QUERIES):
        admin.get(reverse("events:instructor", args=[ann.instructor_id]))


# Deleting


def delete(instructor: Instructor) -> str:
    return reverse("events:delete_instructor", args=[instructor.pk])


def test_somebody_added_by_mistake_is_deleted(admin):
    eve = InstructorFactory.create()
    UnmatchedFactory.create(instructor=eve)

    asked = admin.get(delete(eve)).content.decode()
    admin.post(delete(eve))

    assert "This cannot be undone." in asked
    assert not Instructor.objects.exists()


def test_whoever_has_a_mailbox_is_not_deleted(admin, ann):
    answer = admin.post(delete(ann.instructor))

    assert "This instructor cannot be deleted" in answer.content.decode()
    assert Instructor.objects.exists()


def test_whoever_is_assigned_is_not_deleted(admin):
    eve, own = InstructorFactory.create_batch(2)
    EventFactory.create().instructors.add(eve)
    SessionFactory.create().instructors.add(own)

    admin.post(delete(eve))
    admin.post(delete(own))

    assert Instructor.objects.count() == 2
