"""Each page at both widths: no breach of the content security policy, no serious finding of axe, nothing cut off."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now

from integrations.models import Integration
from tests.browser.conftest import AT_ONE_WIDTH, Window
from tests.browser.people import LONG_NAME
from tests.factories import (
    CalendarMappingFactory,
    ExternalEventFactory,
    InstructorFactory,
    IntegrationFactory,
    SyncedEventFactory,
    UnmatchedFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SETTINGS = "/settings/calendar-integration/"


@pytest.fixture
@transaction.atomic
def organisation() -> Integration:
    """An organisation with every kind of row: working, failing, stopped, new, and not matched."""
    northgate = IntegrationFactory.create(name="Northgate Training", secret_expires_on=now().date() + timedelta(days=9))
    IntegrationFactory.create(name="Lakeside First Aid", status="inactive")
    IntegrationFactory.create(name=LONG_NAME, problem="The client secret has ended. " * 4, failing_since=now())
    IntegrationFactory.create(
        name="Old Harbour", closing_at=now(), problem="1 item in 1 calendar could not be removed yet."
    )
    CalendarMappingFactory.create_batch(60, integration=northgate)
    failing = {"problem": "The mailbox refuses access: it has no licence.", "retry_at": now() + timedelta(minutes=5)}
    CalendarMappingFactory.create(integration=northgate, instructor__name="Aaron Failing", **failing)
    CalendarMappingFactory.create(
        integration=northgate, instructor__name="Abel Stopped", sync_enabled=False, synced_at=None
    )
    CalendarMappingFactory.create(integration=northgate, instructor__name="Ada Waiting", synced_at=None)
    address = f"{'long-' * 11}name@a-very-long-name-of-a-domain.northgate.example"
    CalendarMappingFactory.create(integration=northgate, instructor__name=LONG_NAME, instructor__email=address)
    UnmatchedFactory.create(integration=northgate)
    UnmatchedFactory.create(integration=northgate, cause="guest", instructor__name=LONG_NAME)
    copy = SyncedEventFactory.create(mapping__integration=northgate)
    ExternalEventFactory.create(mapping=copy.mapping)
    return northgate


def assert_is_fit_to_be_seen(window: Window) -> None:
    assert window.findings() == []
    assert not window.scrolls_sideways()


def test_the_empty_pages_are_fit_to_be_seen(admin_window: Window) -> None:
    for path in ("", "instructors/", "new/"):
        admin_window.open(SETTINGS + path)

        assert_is_fit_to_be_seen(admin_window)


def test_the_full_pages_are_fit_to_be_seen(admin_window: Window, organisation: Integration) -> None:
    lists = ["", "instructors/", "instructors/?page=2", "instructors/?problems=true", "instructors/?q=nobody"]
    for path in [*lists, f"{organisation.pk}/edit/", f"{organisation.pk}/delete/"]:
        admin_window.open(SETTINGS + path)

        assert_is_fit_to_be_seen(admin_window)


def test_the_question_before_a_stop_is_fit_to_be_seen(admin_window: Window, organisation: Integration) -> None:
    mapping = organisation.mappings.get(instructor__name=LONG_NAME)

    admin_window.open(f"{SETTINGS}instructors/{mapping.pk}/stop/")

    assert_is_fit_to_be_seen(admin_window)


def test_the_delete_page_after_a_failed_clean_up_is_fit_to_be_seen(
    admin_window: Window, organisation: Integration
) -> None:
    closing = Integration.objects.get(name="Old Harbour")

    page = admin_window.open(f"{SETTINGS}{closing.pk}/delete/")

    assert page.get_by_role("button", name="Delete anyway").is_visible()
    assert_is_fit_to_be_seen(admin_window)


def test_the_pages_for_everybody_are_fit_to_be_seen(window: Window) -> None:
    for path in ("/accounts/login/", "/nothing-here/"):
        window.open(path)

        assert_is_fit_to_be_seen(window)
    window.complaints.clear()  # the browser complains of a 404 as such


def test_an_open_menu_is_fit_to_be_seen(admin_window: Window, organisation: Integration) -> None:
    page = admin_window.open(SETTINGS)

    page.get_by_role("button", name="Actions for Northgate Training").click()

    assert page.get_by_role("link", name="Delete Integration").is_visible()
    assert_is_fit_to_be_seen(admin_window)


def test_a_menu_opens_and_is_walked_by_keyboard(admin_window: Window, organisation: Integration) -> None:
    page = admin_window.open(SETTINGS)
    page.get_by_role("button", name="Actions for Northgate Training").focus()

    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url("**/edit/")
    assert page.get_by_label("Name", exact=True).input_value() == "Northgate Training"


@AT_ONE_WIDTH
def test_the_instructors_are_searched_while_one_types(admin_window: Window, organisation: Integration) -> None:
    page = admin_window.open(SETTINGS + "instructors/")

    page.get_by_label("Search name or email").press_sequentially("aaron")

    page.get_by_text("1\N{EN DASH}1 of 1").wait_for()
    assert page.get_by_text("Aaron Failing").is_visible()
    assert "q=aaron" in page.url


@AT_ONE_WIDTH
def test_going_back_after_a_search_shows_the_whole_page(admin_window: Window, organisation: Integration) -> None:
    page = admin_window.open(SETTINGS + "instructors/")
    page.get_by_label("Search name or email").press_sequentially("aaron")
    page.wait_for_url("**q=aaron**")

    page.go_back()

    page.get_by_text("1\N{EN DASH}50 of 65").wait_for()
    assert page.get_by_role("heading", name="Calendar Integration").is_visible()


def test_the_progress_of_a_first_sync_moves_by_itself(admin_window: Window) -> None:
    northgate = IntegrationFactory.create(name="Northgate Training")
    first, _ = CalendarMappingFactory.create_batch(2, integration=northgate, synced_at=None)
    failed = {"problem": "No licence.", "retry_at": now() + timedelta(hours=2)}
    CalendarMappingFactory.create(integration=northgate, synced_at=None, instructor__name="Dan Failing", **failed)
    page = admin_window.open(SETTINGS)
    progress = page.locator(".first-sync")
    progress.get_by_text("0 of 3 mailboxes").wait_for()
    assert progress.get_by_text("Dan Failing").is_visible()
    assert progress.get_by_text("You can leave this page").is_visible()
    assert_is_fit_to_be_seen(admin_window)

    northgate.mappings.filter(pk=first.pk).update(synced_at=now())
    progress.get_by_text("1 of 3 mailboxes").wait_for()
    northgate.mappings.update(synced_at=now(), problem="")

    progress.wait_for(state="detached")
    page.get_by_text("All 3 calendars in step").wait_for()
    assert page.get_by_text("Active").is_visible()


@AT_ONE_WIDTH
def test_one_more_calendar_is_followed_in_its_row(admin_window: Window) -> None:
    northgate = IntegrationFactory.create(name="Northgate Training")
    CalendarMappingFactory.create_batch(3, integration=northgate)
    CalendarMappingFactory.create(integration=northgate, synced_at=None)
    page = admin_window.open(SETTINGS)
    page.get_by_text("First sync: 3 of 4 mailboxes done, 1 left").wait_for()
    assert not page.locator(".first-sync").count()

    northgate.mappings.update(synced_at=now())

    page.get_by_text("First sync").wait_for(state="detached")


def test_several_first_syncs_stand_side_by_side(admin_window: Window) -> None:
    for name in ("Northgate Training", "Fabrikam Akademie"):
        one = IntegrationFactory.create(name=name)
        CalendarMappingFactory.create_batch(2, integration=one, synced_at=None)
        CalendarMappingFactory.create(integration=one, synced_at=None, problem="No licence.")

    page = admin_window.open(SETTINGS)

    assert page.locator(".first-sync").count() == 2
    assert_is_fit_to_be_seen(admin_window)


@AT_ONE_WIDTH
def test_a_toast_is_closed_by_its_button(admin_window: Window) -> None:
    IntegrationFactory.create(name="Northgate Training")
    InstructorFactory.create()
    page = admin_window.open(SETTINGS)
    page.get_by_role("button", name="Actions for Northgate Training").click()
    page.get_by_role("button", name="Deactivate").click()
    toast = page.get_by_text("Northgate Training is inactive. Nothing is pushed or pulled.")
    toast.wait_for()

    page.get_by_role("button", name="Close").click()

    toast.wait_for(state="detached")


@AT_ONE_WIDTH
def test_a_search_after_the_session_has_ended_leads_to_the_sign_in_page_and_back(admin_window: Window) -> None:
    CalendarMappingFactory.create(instructor__name="Ann Berger")
    page = admin_window.open(SETTINGS + "instructors/")
    page.context.clear_cookies(name="sessionid")

    page.get_by_label("Search name or email").press_sequentially("ann")

    page.get_by_role("heading", name="Sign in").wait_for()
    assert not page.get_by_role("heading", name="Calendar Integration").is_visible()
    assert page.url.endswith(f"/accounts/login/?next={SETTINGS}instructors/")


@AT_ONE_WIDTH
def test_a_request_that_fails_is_said(admin_window: Window) -> None:
    CalendarMappingFactory.create(instructor__name="Ann Berger")
    page = admin_window.open(SETTINGS + "instructors/")
    page.route("**/instructors/?q=*", lambda route: route.fulfill(status=503, body=""))

    page.get_by_label("Search name or email").press_sequentially("ann")

    page.get_by_text("calsync could not answer this.").wait_for()
    assert page.get_by_text("Ann Berger").is_visible()
    admin_window.complaints.clear()  # the browser complains of a 503 as such
