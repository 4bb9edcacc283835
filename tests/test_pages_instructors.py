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
from instructors.models import CalendarMapping, Instructor, Unmatched
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


# Whom the table shows


def test_whoever_has_no_mailbox_is_shown_among_everybody(admin):
    named("Amara Okafor")
    UnmatchedFactory.create(instructor__name="Kofi Mensah")
    InstructorFactory.create(name="Iris Vale", is_active=False)

    assert names_on(admin.get(TAB)) == ["Amara Okafor"]
    assert names_on(admin.get(TAB, {"show": "everybody"})) == ["Amara Okafor", "Iris Vale", "Kofi Mensah"]
    assert names_on(admin.get(TAB, {"show": "inactive"})) == ["Iris Vale"]


def test_somebody_with_two_mailboxes_has_two_rows_and_filters_speak_of_one_of_them(admin):
    ann = InstructorFactory.create(name="Ann Berger")
    CalendarMappingFactory.create(instructor=ann, sync_enabled=False)
    on = CalendarMappingFactory.create(instructor=ann, problem="No licence.")

    assert names_on(admin.get(TAB)) == ["Ann Berger", "Ann Berger"]
    assert names_on(admin.get(TAB, {"sync": "off", "problems": "true"})) == []
    assert names_on(admin.get(TAB, {"sync": "on", "integration": on.integration_id})) == ["Ann Berger"]


def test_while_nobody_is_matched_everybody_is_shown(admin):
    InstructorFactory.create(name="Ann Berger")

    response = admin.get(TAB)

    assert names_on(response) == ["Ann Berger"]
    assert "No integration is active" in text_of(response)


def test_a_search_that_finds_nobody_matched_offers_to_search_everybody(admin):
    named("Amara Okafor")

    response = admin.get(TAB, {"q": "iris"})

    assert "?q=iris&amp;show=everybody" in response.content.decode()


def test_somebody_of_whom_the_directory_has_said_nothing_is_being_looked_up(admin):
    IntegrationFactory.create()
    InstructorFactory.create()

    assert "Being looked up" in text_of(admin.get(TAB))


@pytest.mark.parametrize(
    ("values", "moves"),
    [
        ({}, False),
        ({"synced_at": None}, True),
        ({"synced_at": None, "problem": "No licence."}, False),
        ({"synced_at": None, "integration__status": "inactive"}, False),
        ({"synced_at": None, "integration__problem": "The secret has ended."}, False),
        ({"sync_enabled": False, "removes_copies": True}, True),
        ({"leaving_at": now()}, True),
    ],
)
def test_the_table_follows_what_moves_and_nothing_else(admin, values, moves):
    CalendarMappingFactory.create(**values)

    page = admin.get(TAB, {"q": "instructor"}).content.decode()

    assert ('hx-get="/settings/calendar-integration/instructors/?q=instructor" hx-trigger="every 3s"' in page) == moves


# Add, edit, deactivate


def person(name: str, instructor: Instructor) -> str:
    return reverse(f"instructors:{name}", args=[instructor.pk])


VALUES = {"name": "Ann Berger", "email": "ann@northgate.example", "time_zone": "Europe/Berlin"}


def test_an_added_instructor_is_looked_up_and_followed(admin, looked_up, django_capture_on_commit_callbacks):
    integration = IntegrationFactory.create()

    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("instructors:new"), VALUES, follow=True)

    ann = Instructor.objects.get()
    assert (ann.name, ann.email, ann.time_zone) == tuple(VALUES.values())
    assert looked_up == [(integration.pk, [ann.pk])]
    assert "Ann Berger is added. The directory is asked for the mailbox at once." in text_of(response)
    assert 'hx-trigger="every 3s"' in response.content.decode()


def test_without_an_integration_it_is_said_when_somebody_will_be_matched(admin):
    response = admin.post(reverse("instructors:new"), VALUES, follow=True)

    assert "matched as soon as an integration is active" in text_of(response)


@pytest.mark.parametrize("email", ["ann@northgate.example", " ANN@Northgate.example "])
def test_an_address_that_somebody_has_is_an_error_that_names_them(admin, email):
    InstructorFactory.create(name="Ann Lake", email="Ann@northgate.example")

    response = admin.post(reverse("instructors:new"), {**VALUES, "email": email})

    assert response.context["form"].errors == {
        "email": ["Ann Lake has this address. An address belongs to one instructor."]
    }
    assert Instructor.objects.count() == 1


def test_an_address_of_somebody_inactive_leads_to_activating_them(admin):
    InstructorFactory.create(name="Ann Lake", email=VALUES["email"], is_active=False)

    response = admin.post(reverse("instructors:new"), VALUES)

    assert "Activate Ann Lake instead." in response.context["form"].errors["email"][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x\x00y"),
        ("name", "x" * 201),
        ("email", ""),
        ("email", "no address"),
        ("email", "a\x00@northgate.example"),
        ("email", f"{'x' * 250}@northgate.example"),
        ("time_zone", ""),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_what_cannot_be_is_an_error_at_its_field(admin, field, value):
    response = admin.post(reverse("instructors:new"), {**VALUES, field: value})

    assert list(response.context["form"].errors) == [field]
    assert not Instructor.objects.exists()


def test_an_edit_writes_what_was_changed_and_nothing_else(admin):
    ann = InstructorFactory.create(**VALUES)
    page = admin.get(person("edit", ann))
    Instructor.objects.update(is_active=False)  # by somebody else, meanwhile

    admin.post(person("edit", ann), {**VALUES, "name": "Ann Lake"})

    ann.refresh_from_db()
    assert "Edit Ann Berger" in text_of(page)
    assert (ann.name, ann.is_active) == ("Ann Lake", False)


def test_the_own_address_in_other_letter_case_is_no_error(admin):
    ann = InstructorFactory.create(**VALUES)

    admin.post(person("edit", ann), {**VALUES, "email": "Ann@Northgate.example"})

    ann.refresh_from_db()
    assert ann.email == "Ann@Northgate.example"


def test_another_address_is_looked_up(admin, looked_up, django_capture_on_commit_callbacks):
    mapping = CalendarMappingFactory.create()

    with django_capture_on_commit_callbacks(execute=True):
        admin.post(person("edit", mapping.instructor), {**VALUES, "email": "lake@northgate.example"})

    assert looked_up == [(mapping.integration_id, [mapping.instructor_id])]


def test_an_old_zone_that_is_offered_no_more_is_kept(admin):
    ann = InstructorFactory.create(time_zone="US/Eastern")

    admin.post(person("edit", ann), {**VALUES, "time_zone": "US/Eastern"})

    ann.refresh_from_db()
    assert (ann.name, ann.time_zone) == ("Ann Berger", "US/Eastern")


def test_deactivating_says_what_it_does_and_does_it(admin):
    copy = SyncedEventFactory.create()
    ExternalEventFactory.create(mapping=copy.mapping)
    instructor = copy.mapping.instructor

    asked = text_of(admin.get(person("deactivate", instructor)))
    assert Instructor.objects.get().is_active
    response = admin.post(person("deactivate", instructor), follow=True)

    assert "is removed there" in asked
    assert "Events stay planned" in asked
    assert not Instructor.objects.get().is_active
    assert SyncedEvent.objects.get().released_at is not None
    assert not ExternalEvent.objects.exists()
    assert f"{instructor.name} is inactive." in text_of(response)


def test_activating_takes_the_calendar_up_again(admin):
    mapping = CalendarMappingFactory.create(instructor__is_active=False, synced_at=None)

    admin.post(person("activate", mapping.instructor))

    mapping.refresh_from_db()
    assert Instructor.objects.get().is_active
    assert mapping.requested_at is not None


@pytest.mark.parametrize(("action", "is_active"), [("deactivate", False), ("activate", True)])
def test_what_is_so_already_is_not_done_again(admin, action, is_active):
    instructor = InstructorFactory.create(is_active=is_active)

    assert admin.post(person(action, instructor)).status_code == 404


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


def test_the_address_that_was_suggested_is_taken_and_looked_up(admin, looked_up, django_capture_on_commit_callbacks):
    missing = UnmatchedFactory.create(cause="alias", suggestion="ann.lake@northgate.example")
    looked_up.clear()

    with django_capture_on_commit_callbacks(execute=True):
        admin.post(reverse("instructors:use_address", args=[missing.pk]))

    assert Instructor.objects.get().email == "ann.lake@northgate.example"
    assert looked_up == [(missing.integration_id, [missing.instructor_id])]


def test_a_suggested_address_that_somebody_has_by_now_is_not_taken(admin):
    missing = UnmatchedFactory.create(cause="alias", suggestion="ann.lake@northgate.example")
    InstructorFactory.create(name="Ann Lake", email="Ann.Lake@northgate.example")

    response = admin.post(reverse("instructors:use_address", args=[missing.pk]), follow=True)

    missing.instructor.refresh_from_db()
    assert "Ann Lake has this address." in text_of(response)
    assert missing.instructor.email != missing.suggestion


def test_an_address_that_nobody_suggested_cannot_be_used(admin):
    missing = UnmatchedFactory.create()

    assert admin.post(reverse("instructors:use_address", args=[missing.pk])).status_code == 404


@pytest.mark.parametrize(
    ("values", "cure"), [({"cause": "alias", "suggestion": "a@b.example"}, "Use this address"), ({}, "Change address")]
)
def test_the_likelier_cure_comes_first_and_in_blue(admin, values, cure):
    UnmatchedFactory.create(**values)

    page = admin.get(TAB).content.decode()

    assert page.count("btn-blue") == 1
    assert page.index("btn-blue") < page.index("Check again")
    assert cure in text_of(admin.get(TAB))


def test_another_address_is_no_cure_where_the_app_may_not_look_people_up(admin):
    UnmatchedFactory.create(cause="refused")

    page = text_of(admin.get(TAB))

    assert "The app may not look people up." in page
    assert "Change address" not in page
    assert "Check again" in page


def test_the_count_in_the_tab_follows_the_list(admin):
    UnmatchedFactory.create_batch(2)

    part = admin.get(reverse("instructors:unmatched"), headers={"HX-Request": "true"}).content.decode()

    assert 'id="tab-unmatched" hx-swap-oob="true"' in part
    assert "2 not matched" in part


@pytest.mark.parametrize("place", ["foo", "[", "login", "https://elsewhere.example/", "//elsewhere.example/"])
def test_a_next_page_that_is_none_of_ours_leads_to_the_list(admin: Client, place: str) -> None:
    person = InstructorFactory.create()
    typed = {"name": "Renamed", "email": person.email, "time_zone": "UTC", "next": place}

    answer = admin.post(reverse("instructors:edit", args=[person.pk]), typed)

    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("instructors:list"))


def test_a_row_that_somebody_wants_synced_is_followed_until_it_was(admin: Client) -> None:
    mapping = CalendarMappingFactory.create(problem="The mailbox refuses access.", retry_at=now() + timedelta(hours=1))
    before = admin.get(reverse("instructors:list")).content.decode()

    admin.post(reverse("instructors:sync", args=[mapping.pk]))

    assert "data-poll" not in before
    assert "data-poll" in admin.get(reverse("instructors:list")).content.decode()
