"""Instructors in a real browser: added, edited, matched, deactivated, and each one's page."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now

from instructors.discovery import discover
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration
from tests.browser.conftest import AT_ONE_WIDTH, Window
from tests.browser.people import LONG_NAME
from tests.conftest import Sandbox, address, plan_event, tomorrow
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    IntegrationFactory,
    SessionFactory,
    SyncedEventFactory,
    UnmatchedFactory,
)
from tests.processes import running, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
TAB = "/settings/calendar-integration/instructors/"
WORK = 20_000  # milliseconds until workers have done their part, however busy the machine is


@pytest.fixture
def workers(sandbox: Sandbox, tmp_path: Path) -> Iterator[None]:
    redis.Redis.from_url(settings.REDIS_URL).delete("realtime", "bulk")
    with running(sandbox, tmp_path, "realtime", "bulk", SYNC_INTERVAL_SECONDS="5"):
        yield


@pytest.fixture
@transaction.atomic
def busy() -> CalendarMapping:
    """Somebody of whom there is everything: sessions in every state, conflicts, external events, problems."""
    mapping = CalendarMappingFactory.create(
        instructor__name=LONG_NAME, integration__privacy="titles", instructor__time_zone="Pacific/Auckland"
    )
    for number in range(23):
        event = EventFactory.create(
            title=f"{'Long title ' * 6}{number}", status="draft" if number == 1 else "confirmed"
        )
        event.instructors.add(mapping.instructor)
        session = SessionFactory.create(event=event, starts_at=now() + timedelta(days=number / 4 + 1))
        refused = {"problem": "Outlook refuses the place. " * 3, "remote_id": ""} if number % 5 == 2 else {}
        SyncedEventFactory.create(mapping=mapping, session_uid=session.uid, ends_at=session.ends_at, **refused)
        ExternalEventFactory.create(mapping=mapping, starts_at=session.starts_at, title="Unbreakable" * 15)
    ExternalEventFactory.create(mapping=mapping, is_private=True, show_as="tentative", series_id="weekly")
    SyncedEventFactory.create(mapping=mapping, observed="gone")
    return mapping


def assert_is_fit_to_be_seen(window: Window) -> None:
    assert window.findings() == []
    assert not window.scrolls_sideways()


def page_of(instructor: Instructor) -> str:
    return reverse("events:instructor", args=[instructor.pk])


def test_the_pages_of_an_instructor_are_fit_to_be_seen(admin_window: Window, busy: CalendarMapping) -> None:
    mistake = InstructorFactory.create()
    gone = InstructorFactory.create(is_active=False)
    person = f"{TAB}people/{busy.instructor_id}/"
    pages = [page_of(busy.instructor), page_of(mistake), page_of(gone), f"{TAB}new/", f"{person}edit/"]
    of_ends = [f"{person}deactivate/", f"{page_of(mistake)}delete/", f"{page_of(busy.instructor)}delete/"]
    for path in [*pages, *of_ends, f"{TAB}?show=everybody", f"{TAB}?show=inactive", f"{TAB}?q=nobody"]:
        admin_window.open(path)

        assert_is_fit_to_be_seen(admin_window)


def test_a_menu_leads_to_the_page_of_an_instructor(admin_window: Window) -> None:
    CalendarMappingFactory.create(instructor__name="Ann Berger")
    page = admin_window.open(TAB)
    page.get_by_role("button", name="Actions for Ann Berger").click()

    page.get_by_role("link", name="Open instructor").click()

    page.get_by_role("heading", name="Ann Berger").wait_for()


def test_an_address_that_somebody_has_is_said_at_the_field(admin_window: Window) -> None:
    InstructorFactory.create(name="Ann Berger", email="ann@northgate.example")
    page = admin_window.open(f"{TAB}new/")
    page.get_by_label("Name").fill("Anna Berger")
    page.get_by_label("Email").fill("ANN@northgate.example")

    page.get_by_role("button", name="Add instructor").click()

    page.get_by_text("Ann Berger has this address.").wait_for()
    assert page.get_by_label("Email").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Name").input_value() == "Anna Berger"
    assert_is_fit_to_be_seen(admin_window)


@AT_ONE_WIDTH
def test_a_search_that_finds_nobody_matched_leads_to_everybody(admin_window: Window) -> None:
    CalendarMappingFactory.create(instructor__name="Ann Berger")
    InstructorFactory.create(name="Iris Vale", is_active=False)
    page = admin_window.open(TAB)
    page.get_by_label("Search name or email").press_sequentially("iris")

    page.get_by_role("link", name="Search everybody").click()

    page.get_by_role("rowheader", name="Iris Vale").wait_for()


@AT_ONE_WIDTH
def test_a_row_that_moves_is_left_alone_while_its_menu_is_open(admin_window: Window) -> None:
    mapping = CalendarMappingFactory.create(instructor__name="Ann Berger", synced_at=None)
    page = admin_window.open(TAB)
    page.get_by_text("Enabled, first sync").wait_for()
    page.get_by_role("button", name="Actions for Ann Berger").click()
    CalendarMapping.objects.update(synced_at=now())
    page.wait_for_timeout(4_000)
    assert page.get_by_role("link", name="Open instructor").is_visible()

    page.keyboard.press("Escape")

    page.get_by_text("Enabled, first sync").wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == f"menu-{mapping.instructor_id}-{mapping.pk}"


def test_an_instructor_is_added_matched_edited_and_deactivated(
    admin_window: Window, sandbox: Sandbox, integration: Integration, workers: None
) -> None:
    sandbox.add("ann", "Dentist", tomorrow(14))
    page = admin_window.open(TAB)
    page.get_by_role("link", name="Add instructor").click()
    page.get_by_label("Name").fill("Ann Berger")
    page.get_by_label("Email").fill(address("ann"))
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Add instructor").click()
    page.get_by_text("Ann Berger is added.").wait_for()
    page.get_by_text("Enabled", exact=True).wait_for(timeout=WORK)

    plan_event("First aid", CalendarMapping.objects.get())
    page.get_by_role("link", name="Ann Berger").click()
    page.get_by_text("First aid").first.wait_for()
    page.locator(".standing").get_by_text("In Outlook").wait_for(timeout=WORK)
    assert page.get_by_role("row", name="Busy").is_visible()
    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert_is_fit_to_be_seen(admin_window)

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Ann Lake")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Ann Lake").wait_for()

    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_text("This instructor is inactive.").wait_for()
    wait_for(lambda: sandbox.subjects("ann") == ["Dentist"], seconds=10)


def test_the_address_that_the_directory_names_is_used(
    admin_window: Window, sandbox: Sandbox, integration: Integration, workers: None
) -> None:
    person = {"name": "Laura", "mail": address("laura.benitez"), "upn": address("laura.benitez")}
    sandbox.control("POST", "people", json={**person, "aliases": [address("laura")]})
    laura = InstructorFactory.create(name="Laura", email=address("laura"))
    discover(integration)
    assert Unmatched.objects.get().suggestion == address("laura.benitez")
    page = admin_window.open(TAB)

    page.get_by_role("button", name="Use this address").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text(f"{address('laura.benitez')} for Laura").is_visible()
    assert_is_fit_to_be_seen(admin_window)
    dialog.get_by_role("button", name="Use this address").click()

    page.get_by_text(f"Laura now has the address {address('laura.benitez')}.").wait_for()
    page.get_by_text("Enabled", exact=True).wait_for(timeout=WORK)
    page.get_by_role("heading", name="Not matched").wait_for(state="detached", timeout=WORK)
    laura.refresh_from_db()
    assert laura.email == address("laura.benitez")
    assert page.get_by_text("1 not matched").count() == 0


def test_the_empty_tab_leads_to_the_first_instructor(admin_window: Window) -> None:
    IntegrationFactory.create(status="inactive")
    page = admin_window.open(TAB)

    page.get_by_role("link", name="Add instructor").click()

    page.get_by_role("heading", name="Add instructor").wait_for()


def test_a_list_without_an_active_integration_says_so(admin_window: Window) -> None:
    UnmatchedFactory.create(integration__status="inactive")

    page = admin_window.open(TAB)

    assert page.get_by_text("No integration is active").is_visible()
    assert_is_fit_to_be_seen(admin_window)
