"""The events list and an event's page in a real browser, at both widths, and with a real worker behind them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from events.models import Event, Session, SyncedEvent
from events.sync.desired import desired
from events.sync.state import horizon
from instructors.models import CalendarMapping
from tests.browser.conftest import AT_ONE_WIDTH, Window
from tests.browser.people import LONG_NAME
from tests.conftest import Sandbox, address, plan_event, tomorrow
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    SessionFactory,
    UnmatchedFactory,
)
from tests.processes import running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
WORK = 20_000  # milliseconds until workers have done their part, however busy the machine is
TITLE = '<b>Asbestos</b> "awareness" & \u202ereversed\u202c 100%'


def person(name: str, **values: object) -> CalendarMapping:
    window = {"window_start": now() - timedelta(days=30), "window_end": now() + timedelta(days=400)}
    return CalendarMappingFactory.create(instructor__name=name, **window, **values)


def course(title: str, *teachers: CalendarMapping, sessions: int, **values: Any) -> Event:
    """A confirmed event of three hours a day; its sessions tell nobody of themselves, which would take a second."""
    event = Event.objects.create(title=title, **values)
    starts = [tomorrow(days=day) for day in range(1, sessions + 1)]
    Session.objects.bulk_create(Session(event=event, starts_at=at, ends_at=at + timedelta(hours=3)) for at in starts)
    event.instructors.add(*(teacher.instructor for teacher in teachers))
    return event


@pytest.fixture
@transaction.atomic
def company() -> dict[str, Event]:
    """Events with every kind of state, one of them with 100 sessions and 20 instructors."""
    failing = person("Daniel", problem="The mailbox refuses access.", retry_at=now() + timedelta(minutes=5))
    people = [person(name) for name in ("Ann", "Ben", LONG_NAME)]
    stopped = person("Cleo", sync_enabled=False)
    unmatched = UnmatchedFactory.create(instructor__name="Dev").instructor
    short = course(TITLE, *people, failing, stopped, sessions=3, location=f"Leeds, {LONG_NAME}", time_zone="Asia/Tokyo")
    short.instructors.add(unmatched)
    put_into_outlook(people[0])
    start = short.sessions.all()[0].starts_at
    ExternalEventFactory.create(mapping=people[0], starts_at=start)
    ExternalEventFactory.create(mapping=people[1], starts_at=start, show_as="tentative", title=LONG_NAME)
    crowd = [person(f"Person {number:02}") for number in range(18)]
    long = course("Apprenticeship year", *crowd, *people[1:], sessions=100)
    for mapping in crowd:
        put_into_outlook(mapping)
    SyncedEvent.objects.filter(session_uid=long.sessions.all()[4].uid).update(fingerprint="", problem="Refused.")
    for number in range(60):
        SessionFactory.create(event__title=f"Course {number:02}", event__status="draft")
    return {"short": short, "long": long}


def put_into_outlook(mapping: CalendarMapping) -> None:
    CalendarMapping.objects.filter(pk=mapping.pk).update(requested_at=None)
    SyncedEvent.objects.bulk_create(
        SyncedEvent(
            mapping=mapping,
            session_uid=uid,
            key=uuid4(),
            remote_id=uuid4().hex,
            ends_at=entry.ends_at,
            fingerprint=entry.fingerprint,
            sent_at=now(),
        )
        for uid, entry in desired([mapping], {}, horizon=horizon())[mapping.pk].items()
    )


def assert_is_fit_to_be_seen(window: Window) -> None:
    assert window.findings() == []
    assert not window.scrolls_sideways()


def test_the_empty_list_is_fit_to_be_seen(admin_window: Window) -> None:
    for people in (0, 1):
        InstructorFactory.create_batch(people)
        page = admin_window.open("/events/")

        assert page.get_by_role("heading", name="No event is planned yet").is_visible()
        assert_is_fit_to_be_seen(admin_window)


def test_the_full_list_is_fit_to_be_seen(admin_window: Window, company: dict[str, Event]) -> None:
    for query in ("", "?page=2", "?period=all", "?q=nothing-like-it", "?period=past", "?since=x&until=y"):
        admin_window.open(f"/events/{query}")

        assert_is_fit_to_be_seen(admin_window)


def test_the_pages_of_an_event_are_fit_to_be_seen(admin_window: Window, company: dict[str, Event]) -> None:
    short, long = company["short"].pk, company["long"].pk
    for path in (f"{short}/", f"{short}/cancel/", f"{short}/delete/", f"{long}/"):
        admin_window.page.goto(f"{admin_window.base}/events/{path}")  # it asks again and again: no network idle

        assert_is_fit_to_be_seen(admin_window)


def test_the_pages_of_events_that_lack_something_are_fit_to_be_seen(admin_window: Window) -> None:
    bare = EventFactory.create(title=LONG_NAME.replace(" ", ""), status="draft")
    past = SessionFactory.create(starts_at=now() - timedelta(days=90), event__status="cancelled").event
    for path in (f"{bare.pk}/", f"{past.pk}/", f"{bare.pk}/confirm/", f"{past.pk}/confirm/", f"{past.pk}/delete/"):
        admin_window.open(f"/events/{path}")

        assert_is_fit_to_be_seen(admin_window)


def test_somebody_searches_filters_and_opens_an_event(admin_window: Window, company: dict[str, Event]) -> None:
    page = admin_window.open("/events/")
    page.get_by_label("Search title, place or instructor").fill('asbestos "aw')
    page.locator("#event-rows tbody tr").nth(1).wait_for(state="detached")
    page.get_by_label("Sync state").select_option("Sync: failed")
    page.wait_for_url("**sync=failed**")

    page.get_by_role("link", name="Asbestos").click()

    page.get_by_role("heading", name="In the instructors").wait_for()
    assert page.get_by_role("heading", level=1).inner_text().startswith("<b>Asbestos</b>")


def test_each_session_of_a_long_event_is_a_press_away(admin_window: Window, company: dict[str, Event]) -> None:
    page = admin_window.page
    page.goto(f"{admin_window.base}/events/{company['long'].pk}/")
    page.get_by_text("1 of 100 sessions could not be sent yet.").first.wait_for()

    page.get_by_role("link", name="Each session Person 03").press("Enter")
    page.locator(".each-session li").nth(99).wait_for()
    assert page.locator(".each-session li").count() == 100
    assert_is_fit_to_be_seen(admin_window)
    page.get_by_role("link", name="Close Person 03").press("Enter")

    page.locator(".each-session").wait_for(state="detached")


def test_somebody_cancels_and_confirms_again(admin_window: Window) -> None:
    event = plan_event("First aid", person("Ann"))
    page = admin_window.page
    page.goto(f"{admin_window.base}/events/{event.pk}/")
    page.get_by_role("link", name="Cancel event").click()
    page.get_by_role("button", name="Cancel event").click()
    page.get_by_text("First aid is cancelled.").wait_for()

    page.get_by_role("link", name="Confirm again").click()
    page.get_by_role("button", name="Confirm event").click()

    page.get_by_text("First aid is confirmed.").wait_for()
    assert page.get_by_role("status").first.inner_text() == "1 waiting"


@AT_ONE_WIDTH
def test_somebody_deletes_an_event(admin_window: Window) -> None:
    event = plan_event("First aid", person("Ann"))
    page = admin_window.page
    page.goto(f"{admin_window.base}/events/{event.pk}/")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Delete event").click()

    page.get_by_role("button", name="Delete event").click()

    page.get_by_text("First aid is deleted.").wait_for()
    assert not Event.objects.exists()


@pytest.fixture
def worker(sandbox: Sandbox, tmp_path: Path) -> Iterator[None]:
    redis.Redis.from_url(settings.REDIS_URL).delete("realtime", "bulk")
    with running(sandbox, tmp_path, "realtime"):
        yield


@AT_ONE_WIDTH
def test_a_waiting_event_turns_to_in_outlook_by_itself(
    admin_window: Window, sandbox: Sandbox, people: dict[str, CalendarMapping], worker: None
) -> None:
    sandbox.fault({"method": "POST", "mailbox": address("ann")}, delay=4, times=1)  # so that there is a wait to be seen
    event = plan_event("First aid", people["ann"], people["ben"])
    page = admin_window.page
    page.goto(f"{admin_window.base}/events/{event.pk}/")
    summary = page.locator("#states-summary")
    assert "waiting" in summary.inner_text()

    page.get_by_text("2 in Outlook").wait_for(timeout=WORK)

    assert page.locator(".standing-word").all_inner_texts() == ["In Outlook", "In Outlook"]
    assert page.locator("#states").get_attribute("hx-trigger") is None
    assert summary.get_attribute("aria-live") == "polite"
    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == (["First aid"], ["First aid"])
