"""The Instructors tab: table, search, stop and start, and those who are not matched."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from events.models import ExternalEvent, SyncedEvent
from instructors.models import CalendarMapping, Unmatched
from instructors.tasks import discover_in
from tests.factories import (
    CalendarMappingFactory,
    ExternalEventFactory,
    InstructorFactory,
    IntegrationFactory,
    SyncedEventFactory,
    UnmatchedFactory,
)

TAB = "/settings/calendar-integration/instructors/"
QUERIES = 14


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("maria"))
    return client


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is handed to the broker for discovery."""
    handed: list[tuple[Any, ...]] = []
    monkeypatch.setattr(discover_in, "apply_async", lambda args=(), *_, **__: handed.append(tuple(args)))
    return handed


def text_of(response: Any) -> str:
    """The page as a person reads it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def names_on(response: Any) -> list[str]:
    return [row.instructor.name for row in response.context["rows"]]


def named(*names: str) -> list[CalendarMapping]:
    return [CalendarMappingFactory.create(instructor__name=name) for name in names]


# The table


def test_the_tab_has_the_seven_columns(admin):
    mapping = CalendarMappingFactory.create()

    page = text_of(admin.get(TAB))

    columns = ["Name", "Email", "Sync", "Last Sync", "Type", "Integration Name", "Integration Status"]
    assert " ".join(columns) in page
    assert f"{mapping.instructor.name} {mapping.instructor.email} Enabled Today," in page
    assert f"Microsoft 365 {mapping.integration.name} Active" in page


def test_the_tab_without_anybody_says_how_people_come(admin):
    assert "There are no instructors yet." in text_of(admin.get(TAB))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"problem": "No licence.", "retry_at": None}, "Enabled, failing"),
        ({"problem": "No licence.", "retry_at": None}, "No licence."),
        ({"sync_enabled": False}, "Not synced, availability unknown."),
        ({"sync_enabled": False, "removes_copies": True}, "What stands in Outlook is being removed."),
        ({"leaving_at": now()}, "No longer this instructor's mailbox."),
        ({"synced_at": None}, "Enabled, first sync"),
        ({"instructor__is_active": False}, "The instructor is inactive"),
        ({"integration__status": "inactive"}, "The integration is inactive; nothing is pushed or pulled."),
    ],
)
def test_a_row_says_in_a_sentence_what_is_not_as_it_should_be(admin, values, sentence):
    CalendarMappingFactory.create(**values)

    page = text_of(admin.get(TAB)).replace("&#x27;", "'")

    assert sentence in page


def test_a_failing_row_says_when_it_is_tried_again(admin):
    CalendarMappingFactory.create(problem="No licence.", retry_at=now() + timedelta(days=2))

    assert "No licence. Tries again on " in text_of(admin.get(TAB))


def test_the_zone_of_the_times_is_named(admin):
    assert "Times are in UTC." in text_of(admin.get(TAB))


# Search, filters, pages


def test_the_search_finds_parts_of_names_and_addresses(admin):
    named("Amara Okafor", "Bettina Krause")
    CalendarMappingFactory.create(instructor__name="Clara Dietrich", instructor__email="okafor@fabrikam.example")

    assert names_on(admin.get(TAB, {"q": "OKAFOR"})) == ["Amara Okafor", "Clara Dietrich"]


def test_every_word_of_the_search_has_to_fit(admin):
    named("Amara Okafor", "Amara Krause")

    assert names_on(admin.get(TAB, {"q": "krause amara"})) == ["Amara Krause"]


@pytest.mark.parametrize(
    "text", ["100%", "%", "_", "O'Neil", '"', "\\", "\u202eabc", "' OR 1=1 --", "\x00", "x" * 5000]
)
def test_the_search_takes_any_text_as_it_stands(admin, text):
    named("Amara Okafor")

    response = admin.get(TAB, {"q": text})

    assert response.status_code == 200
    assert names_on(response) == ([] if "\x00" not in text else ["Amara Okafor"])


def test_the_search_finds_a_percent_sign_and_a_quote(admin):
    named("Amara 100% Okafor", "Sean O'Neil", "Bettina Krause")

    assert names_on(admin.get(TAB, {"q": "100%"})) == ["Amara 100% Okafor"]
    assert names_on(admin.get(TAB, {"q": "o'neil"})) == ["Sean O'Neil"]


def test_the_filters_narrow_the_table(admin):
    on = CalendarMappingFactory.create(problem="No licence.")
    off = CalendarMappingFactory.create(sync_enabled=False)

    assert names_on(admin.get(TAB, {"sync": "on"})) == [on.instructor.name]
    assert names_on(admin.get(TAB, {"sync": "off"})) == [off.instructor.name]
    assert names_on(admin.get(TAB, {"problems": "true"})) == [on.instructor.name]
    assert names_on(admin.get(TAB, {"integration": off.integration_id})) == [off.instructor.name]


def test_a_page_has_fifty_rows_and_keeps_the_search(admin):
    CalendarMappingFactory.create_batch(51)

    first = admin.get(TAB, {"q": "instructor"})
    second = admin.get(TAB, {"q": "instructor", "page": "2"})

    assert (len(names_on(first)), len(names_on(second))) == (50, 1)
    assert "?q=instructor&amp;page=2" in first.content.decode()
    assert "51\N{EN DASH}51 of 51" in text_of(second)


@pytest.mark.parametrize("page", ["0", "-1", "999", "x", ""])
def test_a_page_that_does_not_exist_shows_the_nearest(admin, page):
    named("Amara Okafor")

    assert names_on(admin.get(TAB, {"page": page})) == ["Amara Okafor"]


def test_htmx_gets_the_table_alone(admin):
    named("Amara Okafor")

    response = admin.get(TAB, {"q": "amara"}, headers={"HX-Request": "true"})

    assert "Amara Okafor" in text_of(response)
    assert "<html" not in response.content.decode()
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("count", [1, 200])
def test_the_tab_asks_the_database_as_often_for_one_as_for_many(admin, django_assert_max_num_queries, count):
    CalendarMappingFactory.create_batch(count)
    UnmatchedFactory.create_batch(count)

    with django_assert_max_num_queries(QUERIES):
        admin.get(TAB)


# Stop and start


def test_stopping_asks_first_and_keeps_what_stands_in_outlook_unless_told(admin):
    mapping = CalendarMappingFactory.create()

    response = admin.get(reverse("instructors:stop", args=[mapping.pk]))

    assert response.context["form"]["copies"].value() == "keep"
    assert CalendarMapping.objects.get().sync_enabled


def test_a_stop_keeps_the_copies_and_drops_external_events(admin):
    copy = SyncedEventFactory.create()
    ExternalEventFactory.create(mapping=copy.mapping)

    admin.post(reverse("instructors:stop", args=[copy.mapping_id]), {"copies": "keep"})

    mapping = CalendarMapping.objects.get()
    assert (mapping.sync_enabled, mapping.removes_copies) == (False, False)
    assert SyncedEvent.objects.get().released_at is None
    assert not ExternalEvent.objects.exists()


def test_a_stop_with_removal_releases_the_copies(admin):
    copy = SyncedEventFactory.create()

    admin.post(reverse("instructors:stop", args=[copy.mapping_id]), {"copies": "remove"})

    assert CalendarMapping.objects.get().removes_copies
    assert SyncedEvent.objects.get().released_at is not None


def test_a_stop_without_a_choice_stops_nothing(admin):
    mapping = CalendarMappingFactory.create()

    response = admin.post(reverse("instructors:stop", args=[mapping.pk]), {})

    assert response.status_code == 200
    assert CalendarMapping.objects.get().sync_enabled


def test_a_stopped_instructor_is_started_again_with_a_first_sync(admin):
    mapping = CalendarMappingFactory.create(sync_enabled=False)

    admin.post(reverse("instructors:start", args=[mapping.pk]))

    mapping.refresh_from_db()
    assert (mapping.sync_enabled, mapping.synced_at) == (True, None)
    assert mapping.requested_at is not None


def test_sync_now_wakes_a_calendar_that_rests_after_a_failure(admin):
    mapping = CalendarMappingFactory.create(problem="No licence.", retry_at=now() + timedelta(hours=6))

    admin.post(reverse("instructors:sync", args=[mapping.pk]))

    mapping.refresh_from_db()
    assert mapping.requested_at is not None
    assert mapping.retry_at is None


@pytest.mark.parametrize("action", ["stop", "start", "sync"])
def test_a_mailbox_that_is_being_let_go_cannot_be_switched(admin, action):
    mapping = CalendarMappingFactory.create(leaving_at=now())

    assert admin.post(reverse(f"instructors:{action}", args=[mapping.pk])).status_code == 404


# Not matched


def test_those_not_matched_are_listed_with_the_cause(admin):
    UnmatchedFactory.create(instructor__name="Sofia Lind", cause=Unmatched.Cause.GUEST)
    UnmatchedFactory.create(
        instructor__name="Laura Benitez", cause="alias", detail="The address is an alias of l@a.example."
    )

    page = text_of(admin.get(TAB))

    assert "2 not matched" in page
    assert "Sofia Lind" in page
    assert "A guest account. Guests have no mailbox that calsync can read." in page
    assert "The address is an alias of l@a.example." in page


def test_an_instructor_whom_two_organisations_lack_is_counted_once(admin):
    instructor = InstructorFactory.create()
    UnmatchedFactory.create_batch(2, instructor=instructor)

    assert "1 not matched" in text_of(admin.get(TAB))


def test_inactive_instructors_are_not_missed(admin):
    UnmatchedFactory.create(instructor__is_active=False)

    assert "not matched" not in text_of(admin.get(TAB))


def test_check_again_looks_one_instructor_up(admin, looked_up, django_capture_on_commit_callbacks):
    missing = UnmatchedFactory.create()

    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("instructors:check", args=[missing.pk]))

    assert looked_up == [(missing.integration_id, [missing.instructor_id])]


def test_check_all_again_looks_everybody_up_in_each_integration(admin, looked_up, django_capture_on_commit_callbacks):
    integrations = IntegrationFactory.create_batch(2)
    for integration in integrations:
        UnmatchedFactory.create_batch(2, integration=integration)
    looked_up.clear()

    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("instructors:check_all"))

    assert sorted(looked_up) == [(integration.pk, None) for integration in integrations]


def test_the_list_follows_a_look_up_that_was_just_asked_for(admin):
    missing = UnmatchedFactory.create()

    before = admin.get(TAB).content.decode()
    admin.post(reverse("instructors:check", args=[missing.pk]))
    after = admin.get(TAB).content.decode()

    assert 'hx-trigger="every 3s"' not in before
    assert 'hx-trigger="every 3s"' in after
