"""The availability calendar's page: its addresses, its list, and what it says where there is nothing yet."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client

from accounts.models import Profile
from events.calendar.period import Period, period, range_title, zone_name
from events.models import Event
from instructors.models import CalendarMapping, Instructor
from tests.factories import (
    CalendarMappingFactory,
    EventFactory,
    ExternalEventFactory,
    InstructorFactory,
    IntegrationFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
CALENDAR = "/calendar/"
WEDNESDAY = datetime(2026, 11, 18, tzinfo=UTC)
TODAY = date(2026, 11, 18)
DASH = "\N{EN DASH}"
MARKUP = '<b onclick="alert(1)">First & aid</b>'
BACKWARDS = "\u202eabc"


@pytest.fixture(autouse=True)
def quarter_to_eleven():
    with time_machine.travel(WEDNESDAY + timedelta(hours=10, minutes=42), tick=False):
        yield


@pytest.fixture
def scheduler(client: Client) -> Client:
    user = User.objects.create_user("tom")
    user.groups.add(Group.objects.get(name="Schedulers"))
    Profile.objects.create(user=user, time_zone="Europe/London", language="en-gb")
    client.force_login(user)
    return client


def at(hour: float, *, days: int = 0) -> datetime:
    return WEDNESDAY + timedelta(days=days, hours=hour)


def person(name: str, **values: Any) -> CalendarMapping:
    return CalendarMappingFactory.create(instructor__name=name, instructor__time_zone="Europe/London", **values)


def course(mapping: CalendarMapping, start: datetime, hours: float = 3, **values: Any) -> Event:
    event = EventFactory.create(**values)
    event.instructors.add(mapping.instructor)
    SessionFactory.create(event=event, starts_at=start, ends_at=start + timedelta(hours=hours))
    return event


def external(mapping: CalendarMapping, start: datetime, hours: float = 3, **values: Any) -> None:
    ExternalEventFactory.create(mapping=mapping, starts_at=start, ends_at=start + timedelta(hours=hours), **values)


def read(client: Client, **query: str) -> str:
    """The words of the page, as a reader has them: without tags, blanks as one."""
    answer = client.get(CALENDAR, query)
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


def read_list(client: Client, **query: str) -> str:
    return read(client, form="list", **query)


# ---- periods


@pytest.mark.parametrize(
    ("view", "first", "last"),
    [
        ("day", TODAY, TODAY),
        ("week", date(2026, 11, 16), date(2026, 11, 22)),
        ("month", date(2026, 11, 1), date(2026, 11, 30)),
        ("4weeks", date(2026, 11, 16), date(2026, 12, 13)),
    ],
)
def test_a_view_shows_the_days_around_a_date(view: str, first: date, last: date) -> None:
    found = Period(view, TODAY, TODAY)

    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize("view", ["day", "week", "month", "4weeks"])
def test_the_next_period_begins_where_this_one_ends_and_leads_back_to_it(view: str) -> None:
    found = Period(view, date(2026, 1, 31), TODAY)

    following = Period(view, found.next, TODAY)

    assert following.first == found.after
    assert Period(view, following.previous, TODAY).first == found.first


@pytest.mark.parametrize("text", ["", "nonsense", "2026-02-30", "9999-12-31", "0001-01-01", "2026-11-18\0"])
def test_a_date_that_is_none_means_today(text: str) -> None:
    assert period("week", text, TODAY).day == TODAY


@pytest.mark.parametrize(
    ("first", "last", "title"),
    [
        (date(2026, 11, 16), date(2026, 11, 22), f"16{DASH}22 November 2026"),
        (date(2026, 11, 30), date(2026, 12, 6), f"30 November {DASH} 6 December 2026"),
        (date(2026, 12, 28), date(2027, 1, 3), f"28 December 2026 {DASH} 3 January 2027"),
    ],
)
def test_a_title_says_what_two_dates_share_once(first: date, last: date, title: str) -> None:
    assert range_title(first, last) == title


@pytest.mark.parametrize(
    ("zone", "day", "name"),
    [
        ("Europe/London", date(2026, 11, 16), "London (GMT)"),
        ("Europe/London", date(2026, 10, 19), "London (BST/GMT)"),
        ("UTC", date(2026, 11, 16), "UTC"),
        ("America/Sao_Paulo", date(2026, 11, 16), "Sao Paulo (UTC-03)"),
        ("Asia/Kathmandu", date(2026, 11, 16), "Kathmandu (UTC+05:45)"),
    ],
)
def test_a_zone_is_named_as_people_call_it(zone: str, day: date, name: str) -> None:
    start, end = Period("week", day, TODAY).midnights(ZoneInfo(zone))

    assert zone_name(ZoneInfo(zone), start, end) == name


# ---- the page


def test_the_page_names_the_week_and_the_zone_of_whoever_looks(scheduler: Client) -> None:
    person("Ann")

    page = read(scheduler)

    assert f"16{DASH}22 November 2026" in page
    assert "Times in London (GMT)" in page


def test_the_address_keeps_what_is_searched_when_one_goes_on(scheduler: Client) -> None:
    person("Ann")

    page = scheduler.get(CALENDAR, {"q": 'a"n', "view": "month", "conflicts": "1", "form": "grid"}).content.decode()

    link = re.search(r'id="calendar-next" href="([^"]*)"', page)
    assert link
    assert link[1] == "/calendar/?view=month&amp;date=2026-12-01&amp;q=a%22n&amp;conflicts=1&amp;form=grid"


def test_the_grid_is_told_where_its_data_is(scheduler: Client) -> None:
    person("Ann")

    page = scheduler.get(CALENDAR, {"q": "ann"}).content.decode()

    address = re.search(r'data-feed="([^"]*)"', page)
    assert address
    found = scheduler.get(address[1].replace("&amp;", "&")).json()
    assert [row["title"] for row in found["resources"]] == ["Ann"]
    assert (found["start"], found["end"]) == ("2026-11-16T00:00:00+00:00", "2026-11-23T00:00:00+00:00")


@pytest.mark.parametrize("form", ["grid", "list"])
@pytest.mark.parametrize(
    "query",
    [
        {"view": "year", "date": "x", "page": "x"},
        {"q": "\0'%\"\\", "page": "-1"},
        {"page": "999999999999999999999"},
        {"date": "9999-12-31", "view": "month"},
        {"q": BACKWARDS * 100, "conflicts": "\0"},
    ],
)
def test_an_address_that_makes_no_sense_still_shows_a_calendar(
    scheduler: Client, form: str, query: dict[str, str]
) -> None:
    person("Ann")

    assert "November 2026" in read(scheduler, form=form, **query) or "18 November" in read(
        scheduler, form=form, **query
    )


def test_a_telephone_gets_the_list_of_today_unless_something_else_is_chosen(client: Client, scheduler: Client) -> None:
    person("Ann")
    phone = {"user-agent": "Mozilla/5.0 (Linux; Android 15) Mobile Safari/537.36"}

    by_itself = scheduler.get(CALENDAR, headers=phone).content.decode()
    chosen = scheduler.get(CALENDAR, {"form": "grid"}, headers=phone).content.decode()

    assert "Free all day" in by_itself
    assert "data-calendar" not in by_itself
    assert "data-calendar" in chosen


def test_whoever_may_plan_is_led_to_it_and_others_are_not(scheduler: Client, client: Client) -> None:
    person("Ann")
    assert "Plan an event" in read(scheduler)

    User.objects.get().groups.get().permissions.filter(codename="add_event").delete()

    assert "Plan an event" not in read(scheduler)


# ---- nothing there yet


def test_without_instructors_the_page_says_what_comes_and_what_is_to_do(client: Client) -> None:
    client.force_login(User.objects.create_superuser("maria"))

    page = client.get(CALENDAR).content.decode()

    assert "See who is free, before you book" in page
    assert re.findall(r'class="btn btn-primary" href="([^"]*)"', page) == ["/settings/calendar-integration/new/"]


def test_once_an_integration_exists_the_next_step_is_the_instructors(client: Client) -> None:
    client.force_login(User.objects.create_superuser("maria"))
    IntegrationFactory.create()

    page = client.get(CALENDAR).content.decode()

    assert [link.partition("instructors/")[1] for link in re.findall(r'btn-primary" href="([^"]*)"', page)] == [
        "instructors/"
    ]


def test_whoever_may_do_none_of_the_steps_is_told_whom_to_ask(scheduler: Client) -> None:
    page = read(scheduler)

    assert "Send an administrator the address of this page." in page
    assert "New Calendar Integration" not in page


# ---- the list


def test_a_day_lists_everybody_whoever_has_a_conflict_first(scheduler: Client) -> None:
    ann, ben = person("Ann"), person("Ben")
    course(ann, at(9), title="First aid", location="York")
    course(ben, at(9), 8, title="Fire safety")
    external(ben, at(13), 4, found_at=at(9.5))

    page = read_list(scheduler)

    assert page.index("Ben") < page.index("Ann")
    assert f"First aid 09:00{DASH}12:00, York" in page
    assert f"Conflict with Busy in Outlook : both 13:00{DASH}17:00" in page
    assert "Found: Today, 09:30" in page
    assert f"Busy in Outlook 13:00{DASH}17:00" in page
    assert "1 instructor with a conflict" in page


def test_a_free_day_is_said_in_words_and_an_unknown_one_is_not_called_free(scheduler: Client) -> None:
    person("Ann")
    person("Ben", sync_enabled=False, synced_at=None)
    person("Cleo", synced_at=at(16, days=-1))
    InstructorFactory.create(name="Dora")

    page = read_list(scheduler)

    ann, ben, cleo, dora = (page.split(name)[1] for name in ("Ann", "Ben", "Cleo", "Dora"))
    assert ann.startswith(" as of 10:41 Free all day")
    assert ben.startswith(" Not synced Not synced, availability unknown")
    assert cleo.startswith(" Stale, as of Tue 16:00 Not known since Tue 16:00")
    assert dora.startswith(" Not matched Not matched, availability unknown")
    assert page.count("Free all day") == 1


def test_an_absence_of_days_says_until_when(scheduler: Client) -> None:
    external(person("Ann"), at(0), 72, is_all_day=True, show_as="oof")

    assert "Out of office All day, until Fri 20 Nov" in read_list(scheduler)
    assert "Out of office All day" in read_list(scheduler, date="2026-11-20")
    assert "Free all day" in read_list(scheduler, date="2026-11-21")


def test_what_lasts_over_midnight_says_when_it_ends(scheduler: Client) -> None:
    course(person("Ann"), at(22), 4, title="Night shift")

    assert "Night shift 22:00 until Thu 19 Nov, 02:00" in read_list(scheduler)
    assert "Night shift Until 02:00" in read_list(scheduler, date="2026-11-19")


def test_what_is_tentative_at_the_same_time_is_said_without_calling_it_a_conflict(scheduler: Client) -> None:
    ann = person("Ann")
    course(ann, at(9))
    external(ann, at(11), show_as="tentative")

    page = read_list(scheduler)

    assert f"At the same time: Tentative in Outlook , 11:00{DASH}12:00" in page
    assert "with a conflict" not in page


def test_a_conflict_is_said_on_its_own_day_only(scheduler: Client) -> None:
    ann = person("Ann")
    event = course(ann, at(9), title="First aid")
    SessionFactory.create(event=event, starts_at=at(9, days=1), ends_at=at(12, days=1))
    external(ann, at(9, days=1))

    assert "Conflict" not in read_list(scheduler).replace("Only conflicts", "")
    assert "Conflict with Busy in Outlook" in read_list(scheduler, date="2026-11-19")
    assert "Thu 19 , 1 instructor with a conflict" in read_list(scheduler)


def test_a_week_lists_its_days_and_counts_who_is_free(scheduler: Client) -> None:
    ann = person("Ann")
    person("Ben")
    course(ann, at(9), title="First aid")

    page = read_list(scheduler, view="week")

    wednesday = page.split("Wed 18 November")[1].split("Thu 19 November")[0]
    assert "First aid" in wednesday
    assert "Free all day: 1 of 2 Ben , as of 10:41" in wednesday
    assert "Free all day: 2 of 2" in page.split("Thu 19 November")[1]


def test_the_times_of_the_list_are_those_of_whoever_looks(scheduler: Client) -> None:
    course(person("Ann"), at(9), title="First aid")
    Profile.objects.update(time_zone="Asia/Kathmandu")

    assert f"First aid 14:45{DASH}17:45" in read_list(scheduler)


def test_markup_and_marks_that_turn_the_text_stay_text(scheduler: Client) -> None:
    mapping = person(f"Ann {MARKUP}")
    course(mapping, at(9), title=f"{MARKUP} {BACKWARDS}", location=MARKUP)
    external(mapping, at(9), title=MARKUP)

    page = scheduler.get(CALENDAR, {"form": "list", "q": "<b"}).content.decode()

    assert "<b onclick" not in page
    assert f"{BACKWARDS}</bdi>" in page


def test_a_search_narrows_the_list_and_says_so(scheduler: Client) -> None:
    person("Ann Berger")
    person("Ben 100%")

    page = read_list(scheduler, q="100%")

    assert "Ben 100%" in page
    assert "Ann" not in page
    assert "1 of 2 instructors" in page


def test_a_search_that_fits_nobody_says_so_and_leads_back(scheduler: Client) -> None:
    person("Ann")

    page = read_list(scheduler, q="zz")

    assert "Nobody fits “ zz ”" in page
    assert "Show everybody" in page


def test_only_conflicts_leaves_out_the_others(scheduler: Client) -> None:
    ann = person("Ann")
    person("Ben")
    course(ann, at(9))
    external(ann, at(9))

    page = read_list(scheduler, conflicts="1")

    assert "Ann" in page
    assert "Ben" not in page


def test_where_nobody_has_a_conflict_the_filter_says_so(scheduler: Client) -> None:
    person("Ann")

    assert "No conflicts Nobody has a conflict in these days." in read_list(scheduler, conflicts="1")


def test_the_list_has_pages_of_fifty(scheduler: Client) -> None:
    CalendarMappingFactory.create_batch(51)

    first, second = read_list(scheduler), read_list(scheduler, page="2")

    assert "Page 1 of 2" in first
    assert first.count("Free all day") == 50
    assert second.count("Free all day") == 1


def test_titles_lead_to_pages_only_for_whom_they_are_open(scheduler: Client) -> None:
    ann = person("Ann")
    event = course(ann, at(9))
    external(ann, at(9))
    page = scheduler.get(CALENDAR, {"form": "list"}).content.decode()
    assert f'href="/events/{event.pk}/"' in page
    assert f'href="/events/{event.pk}/edit/"' in page
    assert f'href="/instructors/{ann.instructor_id}/"' in page

    User.objects.get().groups.get().permissions.exclude(codename="view_calendar").delete()

    page = scheduler.get(CALENDAR, {"form": "list"}).content.decode()
    assert "/events/" not in page.split("<main")[1]
    assert f'href="/instructors/{ann.instructor_id}/"' not in page


def test_an_inactive_instructor_is_not_listed(scheduler: Client) -> None:
    person("Ann")
    Instructor.objects.filter(pk=person("Ben").instructor_id).update(is_active=False)

    page = read_list(scheduler)

    assert "1 of 1 instructors" in page
    assert "Ben" not in page


@pytest.mark.parametrize("view", ["day", "week", "month", "4weeks"])
def test_the_list_needs_as_many_queries_for_many_as_for_few(
    scheduler: Client, view: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        mapping = person(f"Person {number}")
        course(mapping, at(9))
        external(mapping, at(11))
    scheduler.get(CALENDAR)

    with django_assert_max_num_queries(10):
        scheduler.get(CALENDAR, {"form": "list", "view": view})


def test_the_grid_needs_no_query_for_a_row(scheduler: Client, django_assert_max_num_queries: Any) -> None:
    CalendarMappingFactory.create_batch(20)
    scheduler.get(CALENDAR)

    with django_assert_max_num_queries(6):
        scheduler.get(CALENDAR)


@pytest.mark.parametrize(
    ("view", "today", "first"),
    [
        ("week", date(2026, 11, 20), date(2026, 11, 16)),
        ("week", date(2026, 11, 21), date(2026, 11, 23)),
        ("week", date(2026, 11, 22), date(2026, 11, 23)),
        ("day", date(2026, 11, 22), date(2026, 11, 22)),
        ("4weeks", date(2026, 11, 22), date(2026, 11, 16)),
    ],
)
def test_on_a_weekend_the_coming_week_is_opened(view: str, today: date, first: date) -> None:
    assert period(view, "", today).first == first
    assert period(view, "2026-11-18", today).day == date(2026, 11, 18)


@pytest.mark.parametrize(
    ("query", "day"),
    [
        ("view=week&date=2026-11-18", "?date=2026-11-18"),
        ("view=week&date=2026-11-25", "?date=2026-11-23"),
        ("view=day&date=2026-11-25", "?date=2026-11-25"),
        ("view=week&date=2026-11-04", ""),
    ],
)
def test_an_event_that_is_planned_from_here_begins_on_the_first_day_shown_that_is_to_come(
    scheduler: Client, query: str, day: str
) -> None:
    person("Ann")

    with time_machine.travel(WEDNESDAY, tick=False):
        page = scheduler.get(f"{CALENDAR}?{query}").content.decode()

    assert f'href="/events/new/{day}"' in page
