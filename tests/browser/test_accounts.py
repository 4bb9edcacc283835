"""Signing in and out, the first run, one's own profile, other people's accounts, in a real browser."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils.timezone import now
from playwright.sync_api import Page

from accounts.models import FirstRun, Profile
from tests.browser.conftest import AT_ONE_WIDTH, Window, assert_fit, in_menu, schedulers, sign_in
from tests.browser.people import LONG_NAME, PASSWORD
from tests.factories import CalendarMappingFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW_PASSWORD = "another-password-for-tests"
LIST = "/settings/accounts/"


@pytest.fixture
@transaction.atomic
def people() -> list[User]:
    """Accounts of every kind: scheduler, without a role, inactive, with a very long name."""
    tom = User.objects.create_user("tom", "tom@northgate.example", PASSWORD, first_name="Tom", last_name="Ashworth")
    tom.groups.add(schedulers())
    guest = User.objects.create_user("guest")
    gone = User.objects.create_user("ingrid", first_name="Ingrid", last_name="Berg", is_active=False)
    first, _, last = LONG_NAME.rpartition(" ")
    long = User.objects.create_user(
        "w" * 150, f"{'long-' * 11}name@northgate.example", first_name=first, last_name=last
    )
    many = [User.objects.create_user(f"person.{number}", last_login=now()) for number in range(50)]
    return [tom, guest, gone, long, *many]


def fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def open_account_menu(window: Window, name: str) -> None:
    window.page.get_by_role("banner").get_by_role("button", name=name).click()


def test_the_first_administrator_sets_calsync_up(window: Window) -> None:
    page = window.open("/")
    page.get_by_text("Nobody has an account yet.").wait_for()
    assert_fit(window)
    page.get_by_label("Set-up token").fill("wrong")
    fill(page, Name="Maria Lindqvist", User_name="maria", Password=PASSWORD, Same_password_again=PASSWORD)
    page.get_by_role("button", name="Create the account and sign in").click()
    page.get_by_text("This is not the token.").wait_for()
    assert_fit(window)

    page.get_by_label("Set-up token").fill(FirstRun.current().token)
    fill(page, Password=PASSWORD, Same_password_again=PASSWORD)
    page.get_by_role("button", name="Create the account and sign in").click()

    page.get_by_text("Your account is made.").wait_for()
    assert page.get_by_role("link", name="New Calendar Integration").is_visible()
    assert page.url == window.base + "/settings/calendar-integration/"


def test_somebody_signs_in_and_out(window: Window, people: list[User]) -> None:
    page = window.open("/calendar/")
    assert_fit(window)
    fill(page, User_name="tom", Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/calendar/")

    open_account_menu(window, "Tom Ashworth")
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("heading", name="Sign in").wait_for()


def test_the_header_leads_a_scheduler_to_calendar_and_events(scheduler_window: Window) -> None:
    page = scheduler_window.open("/accounts/profile/")

    assert in_menu(scheduler_window, "Calendar").is_visible()
    assert in_menu(scheduler_window, "Events").is_visible()
    assert in_menu(scheduler_window, "Settings").count() == 0
    assert_fit(scheduler_window)
    open_account_menu(scheduler_window, "Tom Ashworth")
    assert page.get_by_role("link", name="Profile").is_visible()
    assert_fit(scheduler_window)


@AT_ONE_WIDTH
def test_the_zone_of_the_profile_is_that_of_the_times(admin_window: Window) -> None:
    CalendarMappingFactory.create(synced_at=now() - timedelta(minutes=1))
    page = admin_window.open("/accounts/profile/")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your profile is saved.").wait_for()

    admin_window.open("/settings/calendar-integration/instructors/")

    page.get_by_text("Times are in Asia/Tokyo.").wait_for()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


@AT_ONE_WIDTH
def test_the_zone_of_the_device_is_proposed_and_not_saved(browser, live_server, client: Client, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, timezone_id="America/Bogota")
    maria = User.objects.create_superuser("maria", last_name="Lindqvist")
    window = sign_in(Window(context.new_page(), live_server.url), client, maria)
    page = window.open(LIST)
    page.get_by_role("link", name="This device is in America/Bogota. Change it in your profile").click()
    page.get_by_text("This device is in America/Bogota, so that is filled in.").wait_for()
    assert page.get_by_label("Time zone").input_value() == "America/Bogota"
    assert not Profile.objects.exists()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your profile is saved.").wait_for()
    assert Profile.objects.get().time_zone == "America/Bogota"
    assert not page.get_by_text("This device is in").is_visible()
    context.close()


def test_somebody_changes_their_password(scheduler_window: Window) -> None:
    page = scheduler_window.open("/accounts/profile/")
    page.get_by_role("link", name="Change password").click()
    page.get_by_role("heading", name="Change password").wait_for()
    assert_fit(scheduler_window)
    fill(page, Present_password=PASSWORD, New_password=NEW_PASSWORD, Same_password_again=NEW_PASSWORD)

    page.get_by_role("button", name="Change password").click()

    page.get_by_text("Your password is changed.").wait_for()
    assert User.objects.get(username="tom").check_password(NEW_PASSWORD)


def test_the_pages_of_accounts_are_fit_to_be_seen(admin_window: Window, people: list[User]) -> None:
    tom, *_ = people
    for path in ("", "?page=2", "?q=nobody-at-all", "new/", f"{tom.pk}/edit/", f"{tom.pk}/password/"):
        admin_window.open(LIST + path)

        assert_fit(admin_window)


def test_an_administrator_adds_a_scheduler_who_signs_in(admin_window: Window) -> None:
    schedulers()
    page = admin_window.open(LIST)
    page.get_by_role("link", name="Add account").click()
    page.get_by_role("button", name="Add account").click()
    page.get_by_text("This field is required.").first.wait_for()
    assert_fit(admin_window)
    fill(page, Name="Nina Olsen", User_name="nina", Password=PASSWORD, Same_password_again=PASSWORD)
    page.get_by_label("Scheduler").check()

    page.get_by_role("button", name="Add account").click()

    page.get_by_text("Nina Olsen can sign in now.").wait_for()
    assert User.objects.get(username="nina").has_perm("events.view_calendar")
    assert_fit(admin_window)


@AT_ONE_WIDTH
def test_accounts_are_searched_while_one_types(admin_window: Window, people: list[User]) -> None:
    page = admin_window.open(LIST)

    page.get_by_label("Search name or email").press_sequentially("ashw")

    page.get_by_text("1\N{EN DASH}1 of 1").wait_for()
    assert page.get_by_text("Tom Ashworth").is_visible()


def test_deactivating_asks_first(admin_window: Window, people: list[User]) -> None:
    page = admin_window.open(LIST)
    page.get_by_role("button", name="Actions for Tom Ashworth").click()
    page.get_by_role("button", name="Deactivate").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Deactivate the account of Tom Ashworth").wait_for()
    assert_fit(admin_window)
    dialog.get_by_role("button", name="Cancel").click()
    assert User.objects.get(username="tom").is_active

    page.get_by_role("button", name="Actions for Tom Ashworth").click()
    page.get_by_role("button", name="Deactivate").click()
    dialog.get_by_role("button", name="Deactivate").click()

    page.get_by_text("The account of Tom Ashworth is inactive.").wait_for()
    assert not User.objects.get(username="tom").is_active


def test_a_question_is_answered_by_keyboard(admin_window: Window, people: list[User]) -> None:
    page = admin_window.open(LIST)
    page.get_by_role("button", name="Actions for Tom Ashworth").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Deactivate").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()

    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert User.objects.get(username="tom").is_active
    page.get_by_role("button", name="Actions for Tom Ashworth").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Deactivate").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.get_by_text("The account of Tom Ashworth is inactive.").wait_for()


# A form that was left open until the sign-in has ended


def typed_for_long(window: Window) -> Page:
    """A form of a new account that is filled in."""
    schedulers()
    page = window.open(LIST + "new/")
    fill(page, Name="Nina Olsen", User_name="nina", Password=NEW_PASSWORD, Same_password_again=NEW_PASSWORD)
    page.get_by_label("Scheduler").check()
    return page


def test_what_was_typed_is_sent_after_signing_in_again(admin_window: Window) -> None:
    page = typed_for_long(admin_window)
    page.context.clear_cookies()
    page.get_by_role("button", name="Add account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Your sign-in as maria has ended.").wait_for()
    assert_fit(admin_window)
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Sign in and send").click()
    dialog.get_by_text("This is not the password of this account.").wait_for()
    assert_fit(admin_window)

    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and send").click()

    page.get_by_text("Nina Olsen can sign in now.").wait_for()
    assert User.objects.get(username="nina").check_password(NEW_PASSWORD)


@AT_ONE_WIDTH
def test_whoever_does_not_sign_in_again_keeps_the_form(admin_window: Window) -> None:
    page = typed_for_long(admin_window)
    page.context.clear_cookies()
    page.get_by_role("button", name="Add account").click()

    page.get_by_role("dialog").get_by_role("button", name="Back to the form").click()

    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.get_by_label("Name", exact=True).input_value() == "Nina Olsen"
    assert not User.objects.filter(username="nina").exists()


@AT_ONE_WIDTH
def test_a_form_whose_token_is_out_of_date_is_sent_with_the_present_one(admin_window: Window) -> None:
    page = typed_for_long(admin_window)
    page.context.clear_cookies(name="csrftoken")

    page.get_by_role("button", name="Add account").click()

    page.get_by_text("Nina Olsen can sign in now.").wait_for()


@AT_ONE_WIDTH
def test_a_form_is_not_sent_as_somebody_else(admin_window: Window, client: Client) -> None:
    page = typed_for_long(admin_window)
    sign_in(admin_window, client, User.objects.create_user("tom"))

    page.get_by_role("button", name="Add account").click()

    page.get_by_role("dialog").get_by_text("Your sign-in as maria has ended.").wait_for()
    assert not User.objects.filter(username="nina").exists()


@AT_ONE_WIDTH
def test_a_form_is_sent_by_whoever_filled_it_in_where_somebody_else_has_signed_in(
    admin_window: Window, client: Client
) -> None:
    page = typed_for_long(admin_window)
    sign_in(admin_window, client, User.objects.create_user("tom"))
    page.get_by_role("button", name="Add account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Password").fill(PASSWORD)

    dialog.get_by_role("button", name="Sign in and send").click()

    page.get_by_text("Nina Olsen can sign in now.").wait_for()


@AT_ONE_WIDTH
def test_a_double_click_sends_a_form_once(admin_window: Window) -> None:
    page = typed_for_long(admin_window)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)

    page.get_by_role("button", name="Add account").dblclick(delay=50)

    page.get_by_text("Nina Olsen can sign in now.").wait_for()
    assert len(sent) == 1


@AT_ONE_WIDTH
def test_without_the_network_nothing_typed_is_lost(admin_window: Window) -> None:
    page = typed_for_long(admin_window)
    page.context.set_offline(True)

    page.get_by_role("button", name="Add account").click()

    page.get_by_text("calsync could not answer this.").wait_for()
    assert page.get_by_label("Name", exact=True).input_value() == "Nina Olsen"
    page.context.set_offline(False)
    admin_window.complaints.clear()  # the browser complains of the lost network as such
