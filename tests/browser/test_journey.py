"""One administrator's day in a real browser, with real workers between the pages and the mailboxes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from playwright.sync_api import Page

from instructors.models import CalendarMapping, Instructor
from tests.browser.conftest import Window
from tests.browser.test_new_integration import NEW, fill
from tests.conftest import PEOPLE, Sandbox, address, plan_event, tomorrow
from tests.processes import running, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
SETTINGS = "/settings/calendar-integration/"
WORK = 20_000  # milliseconds until workers have done their part, however busy the machine is


@pytest.fixture
def width() -> int:
    return 1400


@pytest.fixture
def workers(sandbox: Sandbox, tmp_path: Path) -> Iterator[None]:
    redis.Redis.from_url(settings.REDIS_URL).delete("realtime", "bulk")
    with running(sandbox, tmp_path, "realtime", "bulk", "beat", SYNC_INTERVAL_SECONDS="3"):
        yield


def choose(page: Page, owner: str, action: str) -> None:
    """Choose an action from somebody's three-dot menu."""
    page.get_by_role("button", name=f"Actions for {owner}").click()
    page.locator(".dropdown-menu.show").get_by_text(action).click()


def create_integration(window: Window, sandbox: Sandbox) -> Page:
    """Create the integration in the browser, and wait until its progress has ended by itself."""
    page = window.open(NEW)
    fill(page, sandbox.line)
    page.get_by_role("button", name="Create Integration").click()
    page.get_by_text("Northgate Training is created and active.").wait_for()
    page.locator(".first-sync").wait_for()
    page.locator(".first-sync").wait_for(state="detached", timeout=WORK)
    page.get_by_text("4 of 5").wait_for()
    return page


def test_an_administrator_connects_stops_starts_and_deletes(
    admin_window: Window, sandbox: Sandbox, workers: None
) -> None:
    for name in [*PEOPLE, "nobody"]:
        Instructor.objects.create(name=name.title(), email=address(name))
    sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.fault({"path": "/calendarView/delta", "mailbox": address("ann")}, delay=3, times=1)  # progress to look at

    page = create_integration(admin_window, sandbox)
    assert page.get_by_text("1 not matched").first.is_visible()
    plan_event("First aid", *CalendarMapping.objects.filter(instructor__name__in=["Ann", "Ben"]))
    wait_for(lambda: sandbox.subjects("ann") == ["Dentist", "First aid"], seconds=10)
    wait_for(lambda: sandbox.subjects("ben") == ["First aid"], seconds=10)

    stop_with_removal(page, "Ann")
    wait_for(lambda: sandbox.subjects("ann") == ["Dentist"], seconds=10)
    choose(page, "Ann", "Start syncing")
    page.get_by_text("Ann is synced again, beginning with a first sync.").wait_for()
    wait_for(lambda: sandbox.subjects("ann") == ["Dentist", "First aid"], seconds=10)
    assert sandbox.subjects("ben") == ["First aid"]

    delete(admin_window, sandbox)
    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == (["Dentist"], [])


def stop_with_removal(page: Page, name: str) -> None:
    page.get_by_role("link", name="Instructors").click()
    page.get_by_text("No such address in the directory.").wait_for()
    choose(page, name, "Stop syncing")
    page.get_by_label("Also remove our items from Outlook").check()
    page.get_by_role("button", name="Stop syncing").click()
    page.get_by_text(f"{name} is no longer synced.").wait_for()


def delete(window: Window, sandbox: Sandbox) -> None:
    """Delete the integration, with its copies, and watch until the page is empty."""
    sandbox.fault({"method": "DELETE"}, delay=2, times=1)  # so that the clean-up is there to be seen
    page = window.open(SETTINGS)
    choose(page, "Northgate Training", "Delete Integration")
    page.get_by_label("Also remove our copies from Outlook").check()
    page.get_by_role("button", name="Delete Integration").click()
    page.get_by_text(re.compile("Deleting: [12] cop")).wait_for()
    page.get_by_role("heading", name="See who is free, before you book").wait_for(timeout=WORK)
    assert not CalendarMapping.objects.exists()
