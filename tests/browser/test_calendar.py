"""The availability calendar in a browser: the grid, its card, its keyboard, its address, and the list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from playwright.sync_api import Locator, Page, expect

from events.models import Event
from instructors.models import CalendarMapping, Instructor
from tests.browser.conftest import AT_ONE_WIDTH, Window, assert_fit
from tests.browser.people import LONG_NAME
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    IntegrationFactory,
    SessionFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WEDNESDAY = datetime(2027, 3, 10, tzinfo=UTC)
GRID = "/calendar/?form=grid&view=week&date=2027-03-10"
MONTH = "/calendar/?form=grid&view=month&date=2027-03-10"
LIST = "/calendar/?form=list&date=2027-03-10"
MARKUP = '<img src=x onerror="document.title=1">'
BACKWARDS = "\u202eabc"
DASH = "\N{EN DASH}"
# What axe says of the roles of Event Calendar itself: a table whose rows hold no cells of their own. The list is the
# way round it.
ROLES_OF_EVENT_CALENDAR = {"aria-required-children", "aria-required-parent"}


def at(hour: float, day: int = 0) -> datetime:
    """A moment so many days after the Wednesday."""
    return WEDNESDAY + timedelta(days=day, hours=hour)


def person(name: str, **values: Any) -> CalendarMapping:
    return CalendarMappingFactory.create(instructor__name=name, instructor__time_zone="UTC", **values)


def course(mapping: CalendarMapping, title: str, *sessions: tuple[int, float, float], **values: Any) -> Event:
    event = EventFactory.create(title=title, **values)
    event.instructors.add(mapping.instructor)
    for day, start, end in sessions:
        SessionFactory.create(event=event, starts_at=at(start, day), ends_at=at(end, day))
    return event


def external(mapping: CalendarMapping, day: int, start: float, end: float, **values: Any) -> None:
    ExternalEventFactory.create(mapping=mapping, starts_at=at(start, day), ends_at=at(end, day), **values)


@pytest.fixture
@transaction.atomic
def cast() -> dict[str, CalendarMapping]:
    """A week with each kind of row and item: a conflict, leave, a draft, what is tentative, and what is not known."""
    northgate = IntegrationFactory.create(name="Northgate Training")
    named = {"integration": northgate}
    people = {
        "amara": person("Amara Okafor", **named),
        "bettina": person("Bettina Krause", **named),
        "chiara": person("Chiara Romano", **named),
        "gareth": person("Gareth Pugh", sync_enabled=False, synced_at=None, **named),
        "hanna": person("Hanna Virtanen", **named),
    }
    course(people["amara"], "First aid at work", (-2, 9, 16.5), (-1, 9, 16.5), location="York", short_name="First aid")
    external(people["amara"], 1, 9, 10)
    external(people["amara"], 1, 13, 14.5)
    course(people["bettina"], "ISO 27001 auditor", (0, 9, 17), location="Leeds", short_name="ISO")
    external(people["bettina"], 0, 13, 17, found_at=at(9.5, -1))
    external(people["chiara"], 0, 0, 48, is_all_day=True, show_as="oof")
    course(people["hanna"], "Project planning", (1, 9, 17), status="draft", location="Leeds")
    external(people["hanna"], -1, 13, 17, show_as="tentative")
    return people


@pytest.fixture
def grid(scheduler_window: Window, cast: dict[str, CalendarMapping]) -> Page:
    return open_grid(scheduler_window)


def open_grid(window: Window, path: str = GRID) -> Page:
    page = window.open(path)
    page.locator("[data-calendar][data-drawn]").wait_for()
    return page


def item(page: Page, *words: str) -> Locator:
    """An item of the grid, by words of its tooltip."""
    return page.locator(".ec-event" + "".join(f'[title*="{word}"]' for word in words))


def session_of(page: Page) -> Locator:
    """The session that is in conflict."""
    return item(page, "ISO 27001 auditor", f"Wed 10 Mar 09:00{DASH}17:00")


def top_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["y"]


# ---- the grid


def test_each_instructor_has_a_row_that_says_how_well_it_is_known(grid: Page) -> None:
    rows = grid.locator(".ec-row-head")

    expect(rows).to_have_count(5)
    expect(rows.nth(0)).to_contain_text("Amara Okafor")
    expect(rows.nth(0)).to_contain_text("as of")
    expect(rows.nth(1)).to_contain_text("1 conflict")
    expect(rows.nth(3)).to_contain_text("Not synced")
    expect(grid.locator("#calendar-count")).to_have_text("5 of 5 instructors")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["day", "week", "month", "4weeks"])
def test_the_grid_is_fit_to_be_seen(scheduler_window: Window, cast: Any, view: str, theme: str) -> None:
    person(LONG_NAME)
    scheduler_window.choose(theme)

    open_grid(scheduler_window, f"/calendar/?form=grid&view={view}&date=2027-03-10")

    assert scheduler_window.findings(but=ROLES_OF_EVENT_CALENDAR) == []
    assert not scheduler_window.scrolls_sideways()


def test_a_conflict_is_marked_by_ring_icon_words_and_a_second_lane(grid: Page) -> None:
    session, meeting = (
        session_of(grid),
        item(grid, "Busy in Outlook", "Wed ", f"13:00{DASH}17:00", "Conflict with \u2068ISO"),
    )

    for one in (session, meeting):
        assert "is-conflict" in (one.get_attribute("class") or "")
        assert one.locator(".item-strip svg").count() == 1
        assert one.evaluate("element => getComputedStyle(element).boxShadow").count("px") >= 8
    assert top_of(meeting) > top_of(session) + 30
    assert "Conflict with" in (session.get_attribute("title") or "")


@AT_ONE_WIDTH
def test_what_is_not_known_is_hatched_and_says_so_and_the_rest_is_not(grid: Page) -> None:
    hatches = grid.locator(".ec-bg-event.is-unknown")

    expect(hatches).to_have_count(1)
    expect(hatches).to_contain_text("Not synced, availability unknown")
    assert "gradient" in hatches.evaluate("element => getComputedStyle(element).backgroundImage")


@AT_ONE_WIDTH
def test_leave_is_a_band_with_square_corners_over_whole_days(grid: Page) -> None:
    band = item(grid, "Out of office")

    assert band.evaluate("element => getComputedStyle(element).borderRadius") == "0px"
    expect(band).to_contain_text("Out of office")
    box, day = band.bounding_box(), grid.locator(".ec-col-head.ec-wed").first.bounding_box()
    assert box is not None
    assert day is not None
    assert box["width"] == pytest.approx(2 * day["width"], abs=3)


def test_a_title_that_does_not_fit_is_left_out_as_a_whole_and_stands_in_the_tooltip(grid: Page) -> None:
    short = item(grid, f"Thu 11 Mar 09:00{DASH}10:00")

    expect(short.locator(".ec-event-body")).to_have_text("")
    assert "Busy in Outlook" in (short.get_attribute("title") or "")
    for text in grid.locator(".ec-event .item-name").all():
        assert text.evaluate("element => element.scrollWidth <= element.closest('.ec-event').clientWidth")


@AT_ONE_WIDTH
def test_an_empty_weekend_is_hidden_and_that_is_said(grid: Page) -> None:
    expect(grid.locator(".ec-col-head")).to_have_count(5)
    expect(grid.locator("[data-note]")).to_have_text("Sat and Sun hidden, nothing planned")
    expect(grid.get_by_role("heading", level=1)).to_have_text(f"8{DASH}12 March 2027")


@AT_ONE_WIDTH
def test_a_weekend_on_which_something_lies_is_shown(scheduler_window: Window, cast: Any) -> None:
    course(cast["amara"], "Weekend course", (3, 9, 12))

    page = open_grid(scheduler_window)

    expect(page.locator(".ec-col-head")).to_have_count(7)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"8{DASH}14 March 2027")


@AT_ONE_WIDTH
def test_what_lies_in_the_evening_widens_the_day(scheduler_window: Window, cast: Any) -> None:
    course(cast["amara"], "Evening course", (0, 18, 21.5))

    page = open_grid(scheduler_window)

    assert page.locator(".ec-slots").first.locator("time").all_inner_texts()[-1] == "21"


def test_sessions_of_an_event_on_days_in_a_row_are_one_bar_of_the_month(scheduler_window: Window, cast: Any) -> None:
    page = open_grid(scheduler_window, MONTH)

    bar = item(page, "First aid at work")

    expect(bar).to_have_count(1)
    box, day = bar.bounding_box(), page.locator(".ec-col-head").first.bounding_box()
    assert box is not None
    assert day is not None
    assert box["width"] == pytest.approx(2 * day["width"], abs=6)


@AT_ONE_WIDTH
def test_the_busy_hours_of_a_day_are_added_up_in_the_month(scheduler_window: Window, cast: Any) -> None:
    page = open_grid(scheduler_window, MONTH)

    expect(item(page, f"Thu 11 Mar 13:00{DASH}14:30").locator(".ec-event-body")).to_have_text("2½ h")
    expect(page.locator("[data-note]")).to_have_text("2 h = busy hours that day")


@AT_ONE_WIDTH
def test_titles_with_markup_or_marks_that_turn_the_text_are_text(scheduler_window: Window, cast: Any) -> None:
    title = f"{MARKUP} {BACKWARDS}"
    course(cast["gareth"], title, (0, 7, 19), location=MARKUP, short_name=MARKUP[:20])
    Instructor.objects.filter(pk=cast["gareth"].instructor_id).update(name=f"Gareth {MARKUP}")
    page = open_grid(scheduler_window, "/calendar/?form=grid&view=day&date=2027-03-10")

    page.locator(f".ec-event[data-row='{cast['gareth'].instructor_id}']").click()

    card = page.get_by_role("dialog")
    expect(card.get_by_role("heading")).to_have_text(title)
    assert page.locator("main img").count() == 0
    assert "Wed 10 March" in page.title()


@AT_ONE_WIDTH
def test_an_item_cannot_be_dragged_somewhere_else(grid: Page) -> None:
    found = item(grid, "First aid at work", "Mon ")
    before = found.bounding_box()
    assert before is not None

    grid.mouse.move(before["x"] + 20, before["y"] + 10)
    grid.mouse.down()
    grid.mouse.move(before["x"] + 20, before["y"] + 120, steps=8)
    grid.mouse.up()

    assert found.bounding_box() == before


def test_a_title_that_does_not_fit_is_called_by_its_first_whole_words(
    scheduler_window: Window, cast: Any, width: int
) -> None:
    course(cast["chiara"], "Crane safety for yard staff and foremen of the harbour", (-2, 9, 17))

    page = open_grid(scheduler_window, "/calendar/?form=grid&view=week&date=2027-03-10")

    shown = item(page, "Crane safety", "Mon ").locator(".item-name").text_content() or ""
    assert shown
    assert shown in {"Crane", "Crane safety", "Crane safety for yard", "Crane safety for yard staff"}


# ---- the card


def test_a_click_opens_a_card_with_the_conflict_its_discovery_and_the_next_step(grid: Page) -> None:
    event = Event.objects.get(title="ISO 27001 auditor")

    session_of(grid).click()

    card = grid.get_by_role("dialog", name="ISO 27001 auditor and Busy in Outlook")
    expect(card).to_contain_text("Conflict")
    expect(card).to_contain_text("Found Tue 9 Mar, 09:30")
    expect(card).to_contain_text("Bettina Krause")
    expect(card).to_contain_text(f"Wed 10 Mar: session 09:00{DASH}17:00, busy in Outlook 13:00{DASH}17:00")
    expect(card).to_contain_text("Leeds")
    cure = card.get_by_role("link", name="Find another instructor")
    expect(cure).to_have_attribute("href", f"/events/{event.pk}/edit/")
    expect(card.get_by_role("link", name="Open event")).to_have_attribute("href", f"/events/{event.pk}/")


@AT_ONE_WIDTH
def test_a_click_outside_closes_the_card(grid: Page) -> None:
    item(grid, "First aid at work", "Mon ").click()
    grid.get_by_role("dialog").wait_for()

    grid.get_by_role("heading", level=1).click()

    expect(grid.get_by_role("dialog")).to_have_count(0)


def test_the_card_lies_within_the_window(grid: Page) -> None:
    for one in (item(grid, "First aid at work", "Mon "), item(grid, "Project planning")):
        one.click()
        box = grid.get_by_role("dialog").bounding_box()

        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= grid.evaluate("window.innerWidth")
        grid.keyboard.press("Escape")


def test_the_card_is_fit_to_be_seen(scheduler_window: Window, grid: Page) -> None:
    session_of(grid).click()

    assert scheduler_window.findings(but=ROLES_OF_EVENT_CALENDAR) == []


def test_the_grid_is_walked_and_opened_by_keyboard(grid: Page) -> None:
    grid.locator(".ec-event[tabindex='0']").focus()
    expect(item(grid, "First aid at work", "Mon ")).to_be_focused()

    grid.keyboard.press("ArrowRight")
    expect(item(grid, "First aid at work", "Tue ")).to_be_focused()
    grid.keyboard.press("ArrowDown")
    expect(session_of(grid)).to_be_focused()
    grid.keyboard.press("Enter")
    expect(grid.get_by_role("link", name="Find another instructor")).to_be_focused()
    grid.keyboard.press("Escape")

    expect(grid.get_by_role("dialog")).to_have_count(0)
    expect(session_of(grid)).to_be_focused()


def test_the_grid_is_one_stop_of_the_tab_key(grid: Page) -> None:
    assert grid.locator(".ec-event[tabindex='0']").count() == 1


# ---- search, filter, pages, address


@AT_ONE_WIDTH
def test_instructors_are_searched_while_one_types(grid: Page) -> None:
    grid.get_by_label("Search instructors").press_sequentially("bett")

    expect(grid.locator(".ec-row-head")).to_have_count(1)
    expect(grid.locator("#calendar-count")).to_have_text("1 of 5 instructors")
    assert "q=bett" in grid.url
    expect(grid.get_by_label("Search instructors")).to_be_focused()


@AT_ONE_WIDTH
def test_a_search_that_fits_nobody_says_so_and_leads_back(grid: Page) -> None:
    grid.get_by_label("Search instructors").fill(f'%"<b>{BACKWARDS}')
    expect(grid.get_by_role("heading", name="Nobody fits")).to_be_visible()

    grid.get_by_role("link", name="Show everybody").click()

    expect(grid.locator(".ec-row-head")).to_have_count(5)


@AT_ONE_WIDTH
def test_only_conflicts_is_counted_and_filters(grid: Page) -> None:
    expect(grid.locator("[data-conflict-count]")).to_have_text("1")

    grid.locator("label", has=grid.locator("#id_conflicts")).click()

    expect(grid.locator(".ec-row-head")).to_have_count(1)
    expect(grid.locator(".ec-row-head")).to_contain_text("Bettina Krause")
    assert "conflicts=1" in grid.url


@AT_ONE_WIDTH
def test_the_address_says_what_is_seen_and_back_leads_back(scheduler_window: Window, grid: Page) -> None:
    heading = grid.get_by_role("heading", level=1)
    grid.get_by_role("link", name="Next").click()
    expect(heading).to_have_text(f"15{DASH}19 March 2027")
    grid.get_by_role("link", name="Next").click()
    expect(heading).to_have_text(f"22{DASH}26 March 2027")
    assert "date=2027-03-22" in grid.url
    grid.reload()
    expect(heading).to_have_text(f"22{DASH}26 March 2027")

    grid.go_back()

    expect(heading).to_have_text(f"15{DASH}19 March 2027")


@AT_ONE_WIDTH
def test_the_head_of_a_day_leads_to_the_day(grid: Page) -> None:
    grid.get_by_role("link", name="Tue 9 Mar").click()

    expect(grid.get_by_role("heading", level=1)).to_have_text("Tue 9 March 2027")
    grid.locator("[data-drawn]").wait_for()


@AT_ONE_WIDTH
def test_more_than_fifty_instructors_have_pages(scheduler_window: Window, cast: Any) -> None:
    CalendarMappingFactory.create_batch(50, integration=cast["amara"].integration)
    page = open_grid(scheduler_window)
    expect(page.locator("[data-pager]")).to_contain_text(f"1{DASH}50 of 55")

    page.get_by_role("link", name="Next", exact=True).last.click()

    expect(page.locator("[data-pager]")).to_contain_text(f"51{DASH}55 of 55")
    expect(page.locator(".ec-row-head")).to_have_count(5)
    assert "page=2" in page.url


@AT_ONE_WIDTH
def test_a_row_with_nothing_in_it_is_drawn(scheduler_window: Window) -> None:
    person("Amara Okafor")

    page = open_grid(scheduler_window)

    expect(page.locator(".ec-row-head")).to_have_count(1)
    expect(page.locator(".ec-event")).to_have_count(0)


# ---- when it fails


@AT_ONE_WIDTH
def test_a_failure_is_said_with_a_way_to_try_again(scheduler_window: Window, cast: Any) -> None:
    page = scheduler_window.page
    page.route("**/calendar/feed/**", lambda route: route.fulfill(status=503, body=""))
    scheduler_window.open(GRID)
    expect(page.get_by_role("heading", name="The calendar could not be read")).to_be_visible()

    page.unroute("**/calendar/feed/**")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".ec-row-head")).to_have_count(5)
    scheduler_window.complaints.clear()  # the browser complains of a 503 as such


@AT_ONE_WIDTH
def test_an_ended_sign_in_is_said(scheduler_window: Window, grid: Page) -> None:
    grid.context.clear_cookies(name="sessionid")

    grid.evaluate("board.load()")

    expect(grid.get_by_text("Your sign-in has ended.")).to_be_visible()
    expect(grid.get_by_role("button", name="Load the page again")).to_be_visible()


@AT_ONE_WIDTH
def test_what_changes_meanwhile_is_shown_without_loading_the_page(grid: Page, cast: Any) -> None:
    course(cast["chiara"], "Late addition", (-2, 9, 17))
    connection.close()

    grid.evaluate("board.load(true)")

    expect(item(grid, "Late addition")).to_be_visible()


# ---- the list


def test_a_narrow_window_gets_the_list_and_a_wide_one_the_grid(scheduler_window: Window, cast: Any, width: int) -> None:
    page = scheduler_window.open("/calendar/?date=2027-03-10")

    if width < 768:
        expect(page.get_by_role("heading", name="Bettina Krause")).to_be_visible()
        assert "form=list" in page.url
    else:
        expect(page.locator(".ec-row-head")).to_have_count(5)


def test_the_list_says_what_the_grid_shows(scheduler_window: Window, cast: Any) -> None:
    page = scheduler_window.open(LIST)

    names = page.locator(".entry-name").all_inner_texts()
    assert names[0] == "Bettina Krause"
    expect(page.locator(".entry", has_text="Bettina")).to_contain_text(
        f"Conflict with Busy in Outlook: both 13:00{DASH}17:00"
    )
    expect(page.locator(".entry", has_text="Amara")).to_contain_text("Free all day")
    expect(page.locator(".entry", has_text="Chiara")).to_contain_text("All day, until Thu 11 Mar")
    expect(page.locator(".entry", has_text="Gareth")).to_contain_text("Not synced, availability unknown")
    assert_fit(scheduler_window)


@pytest.mark.parametrize("view", ["week", "month"])
def test_the_list_of_many_days_is_fit_to_be_seen(scheduler_window: Window, cast: Any, view: str) -> None:
    page = scheduler_window.open(f"{LIST}&view={view}")

    page.locator("summary").first.click()

    assert_fit(scheduler_window)


def test_the_strip_marks_days_with_a_conflict_and_leads_to_them(scheduler_window: Window, cast: Any) -> None:
    page = scheduler_window.open("/calendar/?form=list&date=2027-03-11")
    marked = page.locator(".strip-day", has=page.locator(".strip-mark"))
    expect(marked).to_have_count(1)

    marked.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Wed 10 March 2027")
    expect(page.locator(".strip-day[aria-current]")).to_contain_text("10")


def test_the_form_is_changed_and_stays(scheduler_window: Window, grid: Page) -> None:
    choice = grid.get_by_role("link", name="List")
    if not choice.first.is_visible():
        grid.get_by_role("button", name="View").click()
    grid.get_by_role("link", name="List").locator("visible=true").click()

    expect(grid.get_by_role("heading", name="Wed 10 March", exact=True)).to_be_visible()
    assert "form=list" in grid.url
    assert "view=week" in grid.url


def test_without_instructors_the_page_is_fit_to_be_seen(admin_window: Window) -> None:
    admin_window.open("/calendar/")

    assert_fit(admin_window)
