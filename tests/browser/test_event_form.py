"""Planning an event in a real browser: by keyboard, beside a list that follows, asked once about a conflict."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils.timezone import now
from playwright.sync_api import Dialog, Locator, Page, expect

from events.models import Event, Session
from instructors.models import Instructor
from tests.browser.conftest import AT_ONE_WIDTH, Window, assert_fit
from tests.browser.people import LONG_NAME
from tests.factories import CalendarMappingFactory, EventFactory, ExternalEventFactory, InstructorFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW = "/events/new/"
MONDAY = now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=14 - now().weekday())


@pytest.fixture
@transaction.atomic
def people() -> dict[str, Instructor]:
    """Somebody free, somebody busy on the second day, somebody of whom nothing is known, and somebody unmatched."""
    known: dict[str, Any] = {"window_start": now() - timedelta(days=30), "window_end": now() + timedelta(days=400)}
    free = CalendarMappingFactory.create(instructor__name="Bettina Krause", **known)
    busy = CalendarMappingFactory.create(instructor__name="Ivo Marques", **known)
    ten = MONDAY + timedelta(days=1, hours=10)
    ExternalEventFactory.create(mapping=busy, starts_at=ten, ends_at=ten + timedelta(hours=2))
    CalendarMappingFactory.create(instructor__name="Daniel Whitmore", sync_enabled=False, **known)
    InstructorFactory.create(name=LONG_NAME)
    return {"free": free.instructor, "busy": busy.instructor}


def box(page: Page, name: str) -> Locator:
    """The line of somebody in the list of who can teach it."""
    return page.locator(".who-person").filter(has_text=name)


def plan_three_days(page: Page) -> None:
    """Fill in a course of three days, by keyboard alone."""
    page.keyboard.type("ISO 27001 auditor")
    page.get_by_label("Session 1, date").focus()
    page.get_by_label("Session 1, date").fill(MONDAY.date().isoformat())
    page.get_by_label("Session 1, to").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("16")
    page.locator("summary").filter(has_text="Copy to following days").focus()
    page.keyboard.press("Enter")
    page.get_by_label("How many days more").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".session-row")).to_have_count(3)


def test_a_course_of_three_days_is_planned_by_keyboard_and_asks_about_its_conflict_once(
    scheduler_window: Window, people: dict[str, Instructor]
) -> None:
    page = scheduler_window.open(NEW)
    expect(page.get_by_label("Title")).to_be_focused()
    plan_three_days(page)
    expect(box(page, "Bettina Krause").locator(".verdict-free")).to_have_count(3)
    expect(box(page, "Ivo Marques").locator(".verdict-busy")).to_have_count(1)
    expect(box(page, "Ivo Marques")).to_contain_text("Busy in Outlook")

    field = page.get_by_role("combobox", name="Instructors", exact=True)
    field.focus()
    page.keyboard.type("ivo")
    page.get_by_role("option", name="Ivo Marques").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen-words")).to_contain_text("1 conflict: Ivo Marques.")
    box(page, "Bettina Krause").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(box(page, "Bettina Krause").get_by_role("button", name="Added")).to_be_focused()
    expect(page.locator("#effect")).to_contain_text("Saving puts 6 items into 2 Outlook calendars.")
    assert_fit(scheduler_window)

    page.get_by_label("Title").focus()
    page.keyboard.press("Enter")
    page.get_by_text("1 conflict. Nothing is saved yet.").wait_for()
    assert_fit(scheduler_window)
    page.get_by_role("button", name="Save all the same").first.focus()
    page.keyboard.press("Enter")

    page.get_by_text("ISO 27001 auditor is saved.").wait_for()
    event = Event.objects.get()
    assert page.url.endswith(f"/events/{event.pk}/")
    assert [one.ends_at.hour for one in event.sessions.all()] == [16, 16, 16]
    assert set(event.instructors.all()) == set(people.values())


def test_rows_are_added_removed_and_given_instructors_of_their_own(
    scheduler_window: Window, people: dict[str, Instructor]
) -> None:
    page = scheduler_window.open(f"{NEW}?date={MONDAY.date().isoformat()}")
    page.get_by_label("Title").fill("First aid")
    page.get_by_role("button", name="Add session").click()
    expect(page.get_by_label("Session 2, date")).to_be_focused()
    expect(page.get_by_label("Session 2, date")).to_have_value((MONDAY + timedelta(days=1)).date().isoformat())
    page.get_by_role("button", name="Add session").click()
    page.get_by_role("button", name="Remove session 2").click()
    page.get_by_role("button", name="More of session 2").click()
    own = page.get_by_role("combobox", name="Instructors of this session only").last
    own.fill("bettina")
    page.get_by_role("option", name="Bettina Krause").click()
    expect(box(page, "Bettina Krause")).to_contain_text("Some sessions")
    assert_fit(scheduler_window)

    page.get_by_role("button", name="Save event").last.click()

    page.get_by_text("First aid is saved.").wait_for()
    first, second = Session.objects.all()
    assert second.starts_at.date() == (MONDAY + timedelta(days=2)).date()
    assert list(first.instructors.all()) == []
    assert list(second.instructors.all()) == [people["free"]]


def test_the_empty_form_and_one_with_errors_are_fit_to_be_seen(
    scheduler_window: Window, people: dict[str, Instructor]
) -> None:
    page = scheduler_window.open(NEW)
    assert_fit(scheduler_window)
    page.get_by_label("Time zone").fill("Mars")
    page.get_by_label("Session 1, from").fill("5 pm")
    page.get_by_label("Title").focus()

    page.keyboard.press("Enter")

    page.get_by_text("4 values need another look. Nothing is saved yet.").wait_for()
    expect(page.get_by_label("Session 1, from")).to_have_value("5 pm")
    assert_fit(scheduler_window)


def test_a_hundred_sessions_stay_in_sight(scheduler_window: Window, people: dict[str, Instructor]) -> None:
    event = EventFactory.create(title=LONG_NAME * 2, location=LONG_NAME)
    event.instructors.add(*Instructor.objects.all())
    starts = [MONDAY + timedelta(days=day, hours=9) for day in range(100)]
    Session.objects.bulk_create(
        Session(event=event, starts_at=start, ends_at=start + timedelta(hours=7)) for start in starts
    )

    page = scheduler_window.open(f"/events/{event.pk}/edit/")

    assert page.locator(".session-row").count() == 100
    assert page.evaluate("document.querySelector('.session-rows').clientHeight") < 800
    expect(box(page, "Ivo Marques")).to_contain_text("99 free, 1 busy")
    assert not scheduler_window.scrolls_sideways()
    assert scheduler_window.findings() == []


def test_somebody_elses_changes_are_shown_and_nothing_is_lost(
    scheduler_window: Window, people: dict[str, Instructor]
) -> None:
    event = EventFactory.create(title="First aid", location="Leeds", description="Bring shoes.")
    Session.objects.create(event=event, starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=7))
    page = scheduler_window.open(f"/events/{event.pk}/edit/")
    page.get_by_label("Title").fill("First aid, refresher")
    page.get_by_label("Place").fill("Hull")
    Event.objects.filter(pk=event.pk).update(location="York", description="Bring shoes and a mat.")

    page.get_by_role("button", name="Save event").last.click()

    page.get_by_text("This event was saved in another window").wait_for()
    expect(page.get_by_label("Place")).to_have_value("Hull")
    expect(page.get_by_label("Description (optional")).to_have_value("Bring shoes and a mat.")
    assert_fit(scheduler_window)
    page.get_by_role("button", name="Save event").last.click()
    page.get_by_text("First aid, refresher is saved.").wait_for()
    event.refresh_from_db()
    assert (event.location, event.description) == ("Hull", "Bring shoes and a mat.")


@AT_ONE_WIDTH
def test_leaving_with_something_unsaved_asks_and_without_does_not(
    scheduler_window: Window, people: dict[str, Instructor]
) -> None:
    page = scheduler_window.open(NEW)
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", agree)
    page.goto(scheduler_window.base + NEW)
    assert asked == []
    page.get_by_label("Place").fill("Leeds")

    page.goto(scheduler_window.base + NEW)

    assert asked == ["beforeunload"]


@AT_ONE_WIDTH
def test_a_list_whose_sign_in_has_ended_says_so_and_leaves_the_form_alone(
    scheduler_window: Window, people: dict[str, Instructor]
) -> None:
    page = scheduler_window.open(NEW)
    page.get_by_label("Title").fill("First aid")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)

    page.get_by_label("Place").fill("Leeds")

    expect(page.locator("#as-of")).to_contain_text("Your sign-in has ended")
    expect(page.get_by_label("Title")).to_have_value("First aid")
    page.on("dialog", lambda dialog: dialog.accept())
