"""The Settings tab: list, form, test, pause, delete."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from events.models import ExternalEvent, SyncedEvent
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.signals import discovery_wanted, integration_sync_wanted, privacy_changed
from tests.conftest import Sandbox
from tests.factories import (
    CalendarMappingFactory,
    ExternalEventFactory,
    InstructorFactory,
    IntegrationFactory,
    SyncedEventFactory,
    UnmatchedFactory,
)

LIST = "/settings/calendar-integration/"
NEW = f"{LIST}new/"
QUERIES = 18


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("maria"))
    return client


@pytest.fixture
def heard() -> Any:
    """The names of the signals that are sent."""
    names: list[str] = []
    signals = {"discovery": discovery_wanted, "sync": integration_sync_wanted, "privacy": privacy_changed}
    receivers = {name: (lambda name=name, **_: names.append(name)) for name in signals}
    for name, signal in signals.items():
        signal.connect(receivers[name], weak=False)
    yield names
    for name, signal in signals.items():
        signal.disconnect(receivers[name])


def values(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    names = ("tenant_id", "client_id", "client_secret", "user_id")
    return {"name": "Northgate", "action": "create", **{name: sandbox.line[name] for name in names}, **changes}


def text_of(response: Any) -> str:
    """The page as a person reads it."""
    without_tags = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", without_tags)


def edit_values(integration: Integration, **changes: str) -> dict[str, str]:
    names = ("name", "client_id", "user_id", "privacy", "drift")
    return {**{name: getattr(integration, name) for name in names}, **changes}


# The list


def test_the_list_is_empty_and_says_what_to_do_first(admin):
    page = text_of(admin.get(LIST))

    assert "Connect Microsoft 365" in page
    assert "New Calendar Integration" in page


def test_the_list_counts_those_matched_of_those_who_should_be(admin):
    northgate = IntegrationFactory.create(name="Northgate")
    CalendarMappingFactory.create_batch(3, integration=northgate)
    UnmatchedFactory.create(integration=northgate)

    page = text_of(admin.get(LIST))

    assert "3 of 4" in page
    assert "1 not matched" in page


def test_somebody_matched_in_another_organisation_is_not_missed_in_this_one(admin):
    mapping = CalendarMappingFactory.create()
    UnmatchedFactory.create(integration=IntegrationFactory.create(), instructor=mapping.instructor)

    assert "not matched" not in text_of(admin.get(LIST))


def test_the_list_gives_the_reason_of_a_failure(admin):
    IntegrationFactory.create(problem="The client secret has ended.")

    page = text_of(admin.get(LIST))

    assert "Active, failing" in page
    assert "The client secret has ended." in page


def test_the_list_warns_of_a_secret_that_ends_soon(admin):
    IntegrationFactory.create(name="Northgate", secret_expires_on=now().date() + timedelta(days=9))

    page = text_of(admin.get(LIST))

    assert "The client secret of Northgate ends on" in page
    assert "Secret expires in 9 days" in page


def test_the_list_says_how_many_copies_a_deletion_has_left(admin):
    copy = SyncedEventFactory.create(mapping__integration__closing_at=now())

    page = text_of(admin.get(LIST))

    assert "Deleting: 1 copy left" in page
    assert copy.mapping.integration.name in page


def test_the_list_shows_how_far_a_first_sync_has_come(admin):
    northgate = IntegrationFactory.create()
    CalendarMappingFactory.create(integration=northgate)
    CalendarMappingFactory.create_batch(2, integration=northgate, synced_at=None)
    CalendarMappingFactory.create(integration=northgate, synced_at=None, problem="No licence.")

    page = text_of(admin.get(LIST))

    assert "1 of 4 mailboxes" in page
    assert "Done 1 Left 2 Failed 1" in page


def test_people_who_are_still_to_be_looked_up_are_counted(admin):
    IntegrationFactory.create()
    InstructorFactory.create_batch(2)

    assert "Looking up 2 instructors" in text_of(admin.get(LIST))


def test_names_are_escaped(admin):
    IntegrationFactory.create(name="<script>alert(1)</script>", problem="<b>bold</b>")

    page = admin.get(LIST).content.decode()

    assert "<script>alert" not in page
    assert "<b>bold" not in page


@pytest.mark.parametrize("count", [1, 200])
def test_the_list_asks_the_database_as_often_for_one_as_for_many(admin, django_assert_max_num_queries, count):
    for mapping in CalendarMappingFactory.create_batch(count):
        Integration.objects.filter(pk=mapping.integration_id).update(closing_at=now())

    with django_assert_max_num_queries(QUERIES):
        admin.get(LIST)


def test_the_progress_is_asked_for_until_it_has_ended(admin):
    mapping = CalendarMappingFactory.create(synced_at=None)
    path = reverse("events:progress", args=[mapping.integration_id])

    during = admin.get(path)
    CalendarMapping.objects.update(synced_at=now())
    after = admin.get(path)

    assert "0 of 1 mailboxes done" in text_of(during)
    assert after["HX-Refresh"] == "true"


def test_a_first_sync_names_the_first_failures_with_reason_and_next_try(admin):
    northgate = IntegrationFactory.create()
    CalendarMappingFactory.create(integration=northgate, synced_at=None)
    failed = {"synced_at": None, "problem": "No licence.", "retry_at": now() + timedelta(days=2)}
    CalendarMappingFactory.create_batch(7, integration=northgate, **failed)

    page = text_of(admin.get(LIST))

    assert page.count("No licence. Next try: ") == 5
    assert "See all 7" in page
    assert "You can leave this page; it goes on without you." in page


def test_a_first_sync_counts_what_was_read_and_written_and_who_is_matched(admin):
    mapping = CalendarMappingFactory.create(synced_at=None)
    ExternalEventFactory.create_batch(3, mapping=mapping)
    SyncedEventFactory.create(mapping=mapping)
    UnmatchedFactory.create(integration=mapping.integration)

    page = text_of(admin.get(LIST))

    assert "Read from Outlook 3 items Written to Outlook 1 session" in page
    assert "Instructors 2 Matched 1 Not matched 1" in page
    assert "Started today, " in page


def test_when_an_old_integration_began_is_not_said(admin):
    CalendarMappingFactory.create(synced_at=None)
    Integration.objects.update(created_at=now() - timedelta(days=40))

    assert "Started" not in text_of(admin.get(LIST))


def test_one_calendar_that_comes_later_is_no_first_sync_of_the_integration(admin):
    northgate = IntegrationFactory.create()
    CalendarMappingFactory.create_batch(3, integration=northgate)
    CalendarMappingFactory.create(integration=northgate, synced_at=None)

    page = text_of(admin.get(LIST))

    assert "First sync: 3 of 4 mailboxes done, 1 left" in page
    assert "First sync of" not in page


def test_several_first_syncs_have_a_card_each_without_details(admin):
    CalendarMappingFactory.create_batch(2, synced_at=None)

    page = text_of(admin.get(LIST))

    assert page.count("First sync of") == 2
    assert "Failed so far" not in page


def test_the_card_of_a_first_sync_is_asked_for_until_it_has_ended(admin):
    mapping = CalendarMappingFactory.create(synced_at=None)
    path = reverse("events:progress", args=[mapping.integration_id])

    during = admin.get(path, {"card": ""})
    CalendarMapping.objects.update(synced_at=now())
    after = admin.get(path, {"card": ""})

    assert "0 of 1 mailbox" in text_of(during)
    assert 'hx-trigger="every 3s"' in during.content.decode()
    assert after["HX-Refresh"] == "true"


# The state of all calendars


def calendars(*states: dict[str, Any]) -> None:
    """Calendars of one integration that was created long ago."""
    northgate = IntegrationFactory.create()
    Integration.objects.update(created_at=now() - timedelta(days=40))
    for values in states:
        CalendarMappingFactory.create(integration=northgate, **values)


STALE = {"synced_at": now() - timedelta(hours=3)}


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([{}], "The calendar is in step"),
        ([{}, {}], "All 2 calendars in step"),
        ([{}, {"sync_enabled": False}], "The calendar is in step"),
        ([{}, STALE], "1 of 2 calendars in step"),
        ([{}, {"problem": "No licence."}], "1 of 2 calendars in step"),
        ([STALE, STALE], "0 of 2 calendars in step No calendar was synced for a while."),
    ],
)
def test_the_state_of_all_calendars_is_one_line(admin, states, words):
    calendars(*states)

    assert words in text_of(admin.get(LIST))


def test_failing_and_stale_calendars_are_counted_apart(admin):
    calendars({}, STALE, STALE, {"problem": "No licence."})

    assert "Failing 1 of 4 Stale 2 of 4" in text_of(admin.get(LIST))


def test_an_integration_that_fails_keeps_its_calendars_out_of_step(admin):
    calendars({}, {})
    Integration.objects.update(problem="The client secret has ended.")

    assert "0 of 2 calendars in step" in text_of(admin.get(LIST))


def test_an_inactive_integration_has_no_say_in_the_state(admin):
    calendars({})
    Integration.objects.update(status="inactive")

    assert "in step" not in text_of(admin.get(LIST)).replace("keeps in step", "")


# New


def test_a_new_integration_that_passes_is_saved_and_its_people_are_looked_up(admin, sandbox, heard):
    response = admin.post(NEW, values(sandbox), follow=True)

    assert "Northgate is created and active." in text_of(response)
    assert Integration.objects.get().tenant_id == sandbox.line["tenant_id"]
    assert heard == ["discovery"]


def test_a_test_alone_saves_nothing(admin, sandbox):
    response = admin.post(NEW, values(sandbox, action="test"))

    assert "5 of 5 passed" in text_of(response)
    assert not Integration.objects.exists()


@pytest.mark.parametrize("field", ["tenant_id", "client_id", "client_secret", "user_id"])
def test_a_wrong_value_is_marked_and_nothing_is_saved(admin, sandbox, field):
    wrong = {"tenant_id": "11111111-1111-4111-8111-111111111111", "client_id": "22222222-2222-4222-8222-222222222222"}

    response = admin.post(NEW, values(sandbox, **{field: wrong.get(field, "wrong")}))

    assert list(response.context["form"].errors) == [field]
    assert "What to do" in text_of(response)
    assert not Integration.objects.exists()


def test_a_secret_is_never_sent_back(admin, sandbox):
    response = admin.post(NEW, values(sandbox, user_id="nobody"))

    assert sandbox.line["client_secret"] not in response.content.decode()


def test_a_tenant_that_has_an_integration_is_refused_before_anything_is_asked(admin, sandbox):
    IntegrationFactory.create(tenant_id=sandbox.line["tenant_id"].upper())

    response = admin.post(NEW, values(sandbox))

    assert response.context["form"].errors == {
        "tenant_id": ["This tenant has an integration already. Edit that one instead."]
    }
    assert response.context["checks"] == ()


def test_a_name_that_is_taken_is_refused_in_any_letter_case(admin, sandbox):
    IntegrationFactory.create(name="NORTHGATE")

    response = admin.post(NEW, values(sandbox))

    assert list(response.context["form"].errors) == ["name"]


def test_an_empty_form_says_what_lacks(admin):
    response = admin.post(NEW, {"action": "create"})

    assert set(response.context["form"].errors) == {"name", "tenant_id", "client_id", "client_secret", "user_id"}


# Edit and test


def test_a_new_name_needs_no_test(admin, heard):
    integration = IntegrationFactory.create()

    admin.post(integration.get_absolute_url(), edit_values(integration, name="Renamed"))

    integration.refresh_from_db()
    assert (integration.name, integration.client_secret) == ("Renamed", "kept-secret")
    assert heard == []


def test_a_new_secret_is_tested_before_it_is_saved(admin, integration):
    response = admin.post(integration.get_absolute_url(), edit_values(integration, client_secret="wrong"))

    stored = Integration.objects.get()
    assert list(response.context["form"].errors) == ["client_secret"]
    assert stored.client_secret == integration.client_secret


def test_a_secret_that_passes_wakes_a_failing_integration(admin, integration, heard):
    secret = integration.client_secret
    integration.client_secret = "ended"
    integration.save()
    integration.rest("The client secret has ended.", seconds=3600)

    admin.post(integration.get_absolute_url(), edit_values(integration, client_secret=secret))

    integration.refresh_from_db()
    assert (integration.client_secret, integration.problem) == (secret, "")
    assert heard == ["discovery", "sync"]


def test_back_to_free_busy_blanks_titles_at_once(admin, heard):
    integration = IntegrationFactory.create(privacy="titles")
    ExternalEventFactory.create(mapping__integration=integration, title="Dentist")

    admin.post(integration.get_absolute_url(), edit_values(integration, privacy="free_busy"))

    assert heard == ["privacy"]
    assert ExternalEvent.objects.get().title == ""


def test_the_tenant_of_an_integration_cannot_be_changed(admin):
    integration = IntegrationFactory.create()
    before = integration.tenant_id

    admin.post(integration.get_absolute_url(), edit_values(integration, tenant_id="another", name="Renamed"))

    integration.refresh_from_db()
    assert (integration.tenant_id, integration.name) == (before, "Renamed")


def test_a_saved_integration_is_tested_and_woken_when_it_passes(admin, integration):
    integration.rest("Microsoft refused.", seconds=3600)

    response = admin.post(reverse("integrations:test", args=[integration.pk]))

    integration.refresh_from_db()
    assert "5 of 5 passed" in text_of(response)
    assert integration.problem == ""


def test_a_failing_test_shows_why_and_what_to_do(admin, integration, sandbox):
    Integration.objects.update(user_id="nobody@northgate.example")

    page = text_of(admin.post(reverse("integrations:test", args=[integration.pk])))

    assert "Why" in page
    assert "What to do" in page
    assert "Request ID" in page


# Pause


def test_a_deactivated_integration_is_inactive_until_it_is_activated(admin, heard):
    integration = IntegrationFactory.create()

    admin.post(reverse("integrations:deactivate", args=[integration.pk]))
    paused = Integration.objects.get().status
    admin.post(reverse("integrations:activate", args=[integration.pk]))

    assert (paused, Integration.objects.get().status) == ("inactive", "active")
    assert heard == ["discovery", "sync"]


def test_sync_now_asks_for_all_calendars(admin, heard):
    mapping = CalendarMappingFactory.create()

    admin.post(reverse("integrations:sync", args=[mapping.integration_id]))

    mapping.refresh_from_db()
    assert mapping.requested_at is not None


def test_an_integration_that_is_being_deleted_cannot_be_paused(admin):
    integration = IntegrationFactory.create(closing_at=now())

    assert admin.post(reverse("integrations:deactivate", args=[integration.pk])).status_code == 404


# Delete


@pytest.fixture
def with_copies() -> Integration:
    """Two calendars with three copies, one with four external events."""
    integration = IntegrationFactory.create(name="Northgate")
    first, second = CalendarMappingFactory.create_batch(2, integration=integration)
    SyncedEventFactory.create_batch(2, mapping=first)
    SyncedEventFactory.create(mapping=second)
    ExternalEventFactory.create_batch(4, mapping=first)
    return integration


def delete(integration: Integration) -> str:
    return reverse("events:delete_integration", args=[integration.pk])


def test_the_delete_page_says_what_goes(admin, with_copies):
    page = text_of(admin.get(delete(with_copies)))

    assert "3 copies in 2 calendars" in page
    assert "4 external events" in page


def test_deleting_removes_our_copies_from_outlook_first(admin, with_copies):
    response = admin.post(delete(with_copies), {"copies": "remove"}, follow=True)

    assert Integration.objects.get().is_closing
    assert SyncedEvent.objects.filter(released_at__isnull=False).count() == 3
    assert "Northgate is being deleted." in text_of(response)


def test_deleting_and_leaving_the_copies_removes_everything_here_at_once(admin, with_copies):
    response = admin.post(delete(with_copies), {"copies": "keep"}, follow=True)

    assert not Integration.objects.exists()
    assert "Northgate is deleted." in text_of(response)


def test_deleting_without_a_choice_deletes_nothing(admin, with_copies):
    admin.post(delete(with_copies), {})

    assert not Integration.objects.get().is_closing


def test_after_a_failed_clean_up_the_page_names_how_many_copies_stay_behind(admin, with_copies):
    Integration.objects.update(closing_at=now(), problem="3 items in 2 calendars could not be removed yet.")

    page = text_of(admin.get(delete(with_copies)))

    assert "Delete anyway, and 3 copies stay behind in Outlook" in page


def test_delete_anyway_deletes_everything_here(admin, with_copies):
    Integration.objects.update(closing_at=now())

    response = admin.post(reverse("events:delete_anyway", args=[with_copies.pk]), follow=True)

    assert not Integration.objects.exists()
    assert "3 of our copies stay in Outlook" in text_of(response)


def test_delete_anyway_is_refused_before_a_deletion(admin, with_copies):
    assert admin.post(reverse("events:delete_anyway", args=[with_copies.pk])).status_code == 404
