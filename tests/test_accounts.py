"""Profiles, accounts and the first run."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from accounts import setup
from accounts.addresses import client_address
from accounts.forms import NewAccountForm, OwnPasswordForm, ProfileForm, SetUpForm
from accounts.models import FirstRun, Profile
from accounts.people import is_saved
from accounts.roles import administrators
from tests.acts import meanwhile, wait_until
from tests.factories import CalendarMappingFactory

PASSWORD = "a-password-for-tests"
NEW_PASSWORD = "another-password-for-tests"


def person(username: str, *groups: str, **values) -> User:
    user = User.objects.create_user(username, password=PASSWORD, **values)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


@pytest.fixture
def maria(db) -> User:
    return person("maria", "Administrators", first_name="Maria", last_name="Lindqvist")


@pytest.fixture
def tom(db) -> User:
    return person("tom", "Schedulers", first_name="Tom", last_name="Ashworth", email="tom@northgate.example")


@pytest.fixture
def admin(client: Client, maria: User) -> Client:
    client.force_login(maria)
    return client


def is_somebody_waiting() -> bool:
    """Whether another connection waits for a row that is held in this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def group(name: str) -> int:
    return Group.objects.get(name=name).pk


def person_typed(**values) -> dict:
    """What a form sends of a new account, whoever makes it."""
    return {
        "name": "Nina Olsen",
        "username": "nina",
        "email": "nina@northgate.example",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **values,
    }


def account(**values) -> dict:
    """What the form of a new account sends."""
    return {"roles": [group("Schedulers")], **person_typed(**values)}


def profile(**values) -> dict:
    return {
        "name": "Maria Lindqvist",
        "email": "",
        "time_zone": "Asia/Tokyo",
        "language": "en-gb",
        "theme": "",
        **values,
    }


# The viewer's own zone, language and theme


def test_times_are_shown_in_the_zone_of_the_profile(admin, maria):
    CalendarMappingFactory.create(synced_at=datetime(2026, 3, 2, 10, 40, tzinfo=UTC))
    Profile.objects.create(user=maria, time_zone="Asia/Tokyo", language="en-gb")

    with time_machine.travel("2026-03-02T10:45:00Z", tick=False):
        page = admin.get(reverse("instructors:list")).content.decode()

    assert "Today, 19:40" in page
    assert "Times are in Asia/Tokyo." in page


@pytest.mark.parametrize(("typed", "zone"), [("Berlin", "Europe/Berlin"), ("new york", "America/New_York")])
def test_a_zone_may_be_named_by_its_city(admin, maria, typed, zone):
    values = {"name": "Maria", "email": "", "time_zone": typed, "language": "en-gb", "theme": ""}

    admin.post(reverse("accounts:profile"), values)

    assert Profile.objects.get(user=maria).time_zone == zone


def test_a_zone_that_there_is_not_is_refused_and_stays_as_it_was_typed(admin, maria):
    values = {"name": "Maria", "email": "", "time_zone": "Atlantis", "language": "en-gb", "theme": ""}

    page = admin.post(reverse("accounts:profile"), values).content.decode()

    assert "Atlantis is no known time zone" in page
    assert 'value="Atlantis"' in page
    assert "data-zone-proposal" not in page


def test_whoever_has_no_profile_sees_the_zone_of_the_settings(admin):
    page = admin.get(reverse("accounts:list")).content.decode()

    assert f"Times are in {settings.TIME_ZONE}." in page
    assert not Profile.objects.exists()


def test_the_zone_of_one_viewer_is_not_that_of_the_next(client, maria):
    Profile.objects.create(user=maria, time_zone="Asia/Tokyo", language="en-gb")
    client.force_login(maria)
    client.get(reverse("accounts:list"))

    client.force_login(person("second", "Administrators"))

    assert f"Times are in {settings.TIME_ZONE}." in client.get(reverse("accounts:list")).content.decode()


def test_a_zone_that_is_known_no_longer_becomes_that_of_the_settings(admin, maria):
    Profile.objects.create(user=maria, time_zone="Atlantis/Capital", language="xx")

    assert f"Times are in {settings.TIME_ZONE}." in admin.get(reverse("accounts:list")).content.decode()


def test_the_chosen_theme_is_rendered_and_the_device_s_is_left_to_the_browser(admin, maria):
    before = admin.get(reverse("accounts:list")).content.decode()
    Profile.objects.create(user=maria, time_zone="UTC", language="en-gb", theme="dark")

    after = admin.get(reverse("accounts:list")).content.decode()

    assert "theme.js" in before
    assert "data-bs-theme" not in before
    assert 'data-bs-theme="dark"' in after
    assert "theme.js" not in after


@pytest.mark.parametrize("path", ["/calendar/", "/calendar/feed/", "/accounts/profile/", "/nowhere/"])
def test_no_browser_keeps_what_somebody_saw_until_after_signing_out(admin, path):
    kept = admin.get(path)["Cache-Control"]

    assert "no-store" in kept
    assert "private" in kept


def test_the_profile_costs_no_query(admin, maria, django_assert_num_queries):
    address = reverse("accounts:own_password")
    with django_assert_num_queries(4):  # session, user with profile, rights of the user and of the groups
        admin.get(address)
    Profile.objects.create(user=maria, time_zone="Asia/Tokyo", language="en-gb")

    with django_assert_num_queries(4):
        admin.get(address)


def test_the_profile_is_saved_with_name_and_address(admin, maria):
    admin.post(reverse("accounts:profile"), profile(name=" Ana  Maria Lindqvist ", email="maria@northgate.example"))

    maria.refresh_from_db()
    assert (maria.first_name, maria.last_name, maria.email) == ("Ana Maria", "Lindqvist", "maria@northgate.example")
    assert (maria.profile.time_zone, maria.profile.theme) == ("Asia/Tokyo", "")


def test_the_profile_page_saves_nothing_by_being_looked_at(admin):
    admin.get(reverse("accounts:profile"))

    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Nowhere/Land"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "a\0b"},
        {"language": "tlh"},
        {"theme": "neon"},
        {"name": " "},
        {"email": "no address"},
    ],
)
def test_a_profile_with_a_wrong_value_is_not_saved(admin, wrong):
    answer = admin.post(reverse("accounts:profile"), profile(**wrong))

    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert not Profile.objects.exists()


def test_a_profile_form_grants_nothing(client, tom):
    client.force_login(tom)

    client.post(
        reverse("accounts:profile"),
        profile(is_superuser="on", is_staff="on", groups=[group("Administrators")], roles=[group("Administrators")]),
    )

    tom = User.objects.get(pk=tom.pk)
    assert not tom.is_superuser
    assert not tom.is_staff
    assert [one.name for one in tom.groups.all()] == ["Schedulers"]


def test_a_new_own_password_keeps_this_session_and_ends_the_others(client, maria):
    other = Client()
    other.force_login(maria)
    client.force_login(maria)

    client.post(
        reverse("accounts:own_password"),
        {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    )

    assert client.get(reverse("accounts:profile")).status_code == 200
    assert other.get(reverse("accounts:profile")).status_code == 302


def test_what_others_change_while_a_profile_is_saved_stays(tom):
    form = ProfileForm(profile(), instance=User.objects.get(pk=tom.pk), profile=Profile())
    User.objects.filter(pk=tom.pk).update(is_active=False, password="set meanwhile")

    form.save()

    tom.refresh_from_db()
    assert (tom.is_active, tom.password, tom.last_name) == (False, "set meanwhile", "Lindqvist")


def test_an_own_password_does_not_activate_an_account_that_is_deactivated_meanwhile(tom):
    typed = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    form = OwnPasswordForm(User.objects.get(pk=tom.pk), typed)
    assert form.is_valid()
    User.objects.filter(pk=tom.pk).update(is_active=False)

    form.save()

    tom.refresh_from_db()
    assert not tom.is_active
    assert tom.check_password(NEW_PASSWORD)


# Where one gets to


@pytest.mark.parametrize(
    ("groups", "page"),
    [(["Schedulers"], "/calendar/"), (["Administrators"], "/calendar/"), ([], "/accounts/profile/")],
)
def test_the_start_page_is_the_first_that_one_may_open(client, db, groups, page):
    client.force_login(person("somebody", *groups))

    assert client.get("/")["Location"] == page


def test_whoever_may_only_see_accounts_starts_there(client, db):
    user = person("somebody")
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(user)

    assert client.get("/")["Location"] == "/settings/accounts/"


def test_the_header_offers_what_one_may_open(client, maria, tom):
    client.force_login(tom)
    for_tom = client.get(reverse("accounts:profile")).content.decode()
    client.force_login(maria)
    for_maria = client.get(reverse("accounts:profile")).content.decode()

    assert 'href="/settings/' not in for_tom
    assert 'href="/settings/calendar-integration/"' in for_maria
    assert "Scheduler" in for_tom
    assert "Administrator" in for_maria


# Accounts, by administrators


def test_the_list_shows_everybody_with_role_and_state(admin, tom):
    person("gone", is_active=False)
    person("guest")

    page = admin.get(reverse("accounts:list")).content.decode()

    assert all(word in page for word in ("Maria Lindqvist", "Tom Ashworth", "Scheduler", "Inactive", "None", "Never"))


def test_the_list_costs_as_many_queries_for_few_as_for_many(admin, django_assert_max_num_queries):
    for number in range(60):
        person(f"person.{number}", "Schedulers")

    with django_assert_max_num_queries(12):
        page = admin.get(reverse("accounts:list")).content.decode()

    assert "1\N{EN DASH}50 of 61" in page


@pytest.mark.parametrize("search", ["ashworth", "TOM", "tom@northgate", "tom ash"])
def test_accounts_are_found_by_each_of_their_names(admin, tom, search):
    page = admin.get(reverse("accounts:list"), {"q": search}).content.decode()

    assert "Tom Ashworth" in page
    assert "1\N{EN DASH}1 of 1" in page


@pytest.mark.parametrize("search", ["%", "_", "'\"", "\0", "\u202e", "<b>x</b>", "x" * 5000])
def test_a_search_takes_any_text(admin, tom, search):
    answer = admin.get(reverse("accounts:list"), {"q": search, "page": "\0nine"})

    assert answer.status_code == 200
    assert "<b>x</b>" not in answer.content.decode()


def test_a_search_is_read_no_further_than_its_field_goes(admin, tom, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as queries:
        page = admin.get(reverse("accounts:list"), {"q": "tom " * 1000 + "nobody"}).content.decode()

    assert "Tom Ashworth" in page
    assert max(len(query["sql"]) for query in queries) < 50_000


def test_a_new_account_can_sign_in_with_its_role(admin):
    admin.post(reverse("accounts:new"), account())

    nina = User.objects.get(username="nina")
    assert nina.check_password(PASSWORD)
    assert nina.has_perm("events.view_calendar")
    assert not nina.has_perm("auth.view_user")
    assert not nina.is_staff
    assert not nina.is_superuser


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "MARIA"}, "Another account has this user name."),
        ({"username": "a b"}, "valid username"),
        ({"password2": "something-else"}, "match"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"username": "nina.olsen", "password1": "nina.olsen1", "password2": "nina.olsen1"}, "similar"),
        ({"name": ""}, "required"),
    ],
)
def test_a_new_account_with_a_wrong_value_is_not_made(admin, wrong, said):
    page = admin.post(reverse("accounts:new"), account(**wrong)).content.decode()

    assert said in page
    assert User.objects.count() == 1


def test_of_two_accounts_made_at_once_with_one_name_the_second_is_told(maria):
    form = NewAccountForm(account(), editor=maria)
    assert form.is_valid()
    person("nina")

    assert not is_saved(form)
    assert form.errors["username"] == ["Another account has this user name."]


def test_a_name_with_markup_is_shown_as_it_is(admin):
    admin.post(reverse("accounts:new"), account(name="<script>alert(1)</script> Olsen"))

    page = admin.get(reverse("accounts:list")).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Olsen" in page


def test_an_edited_account_keeps_groups_that_are_no_roles(admin, tom, maria):
    maria.is_superuser = True
    maria.save()
    tom.groups.add(Group.objects.create(name="Canteen"))

    admin.post(reverse("accounts:edit", args=[tom.pk]), account(name="Tom A", username="tom", roles=[]))

    assert [one.name for one in tom.groups.all()] == ["Canteen"]


def test_an_account_gets_another_role(admin, tom):
    admin.post(
        reverse("accounts:edit", args=[tom.pk]),
        account(username="tom", roles=[group("Administrators"), group("Schedulers")]),
    )

    assert User.objects.get(pk=tom.pk).has_perm("auth.change_user")


def test_no_group_but_the_two_roles_can_be_given(admin, tom):
    powerful = Group.objects.create(name="Powerful")

    page = admin.post(
        reverse("accounts:edit", args=[tom.pk]), account(username="tom", roles=[powerful.pk])
    ).content.decode()

    assert "Select a valid choice" in page
    assert not tom.groups.filter(name="Powerful").exists()


def test_whoever_may_edit_accounts_but_is_no_administrator_makes_nobody_one(client, tom):
    clerk = person("clerk")
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "add_user", "change_user"]))
    client.force_login(clerk)

    page = client.post(reverse("accounts:new"), account(roles=[group("Administrators")])).content.decode()

    assert "Select a valid choice" in page
    assert not User.objects.filter(username="nina").exists()
    assert client.get(reverse("accounts:password", args=[tom.pk])).status_code == 403


@pytest.mark.parametrize("page", ["edit", "password", "deactivate", "activate"])
def test_only_superusers_touch_superusers(admin, page):
    root = User.objects.create_superuser("root", password=PASSWORD)

    answer = admin.post(
        reverse(f"accounts:{page}", args=[root.pk]),
        account(username="root", new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD),
    )

    root.refresh_from_db()
    assert answer.status_code == 403
    assert root.is_active
    assert root.check_password(PASSWORD)


def test_whoever_has_more_rights_than_the_roles_is_edited_by_superusers_only(admin):
    powerful = person("powerful")
    powerful.user_permissions.add(Permission.objects.get(codename="delete_user"))

    assert admin.get(reverse("accounts:password", args=[powerful.pk])).status_code == 403


def test_an_administrator_does_not_become_a_superuser_in_django_s_admin(admin, maria):
    User.objects.filter(pk=maria.pk).update(is_staff=True)

    assert admin.get(f"/admin/auth/user/{maria.pk}/change/").status_code == 403
    assert admin.get("/admin/auth/user/add/").status_code == 403


def test_the_last_administrator_stays_one(admin, maria):
    page = admin.post(
        reverse("accounts:edit", args=[maria.pk]),
        account(name="Maria L", username="maria", roles=[group("Schedulers")]),
    ).content.decode()

    assert "This is the only account that can administer calsync." in page
    assert administrators().get() == maria
    assert User.objects.get(pk=maria.pk).last_name == "Lindqvist"


def test_one_of_two_administrators_may_stop_being_one(admin, maria):
    person("second", "Administrators")

    admin.post(reverse("accounts:edit", args=[maria.pk]), account(username="maria", roles=[group("Schedulers")]))

    assert administrators().get().username == "second"


def test_nobody_deactivates_their_own_account(admin, maria):
    person("second", "Administrators")

    page = admin.post(reverse("accounts:deactivate", args=[maria.pk]), follow=True).content.decode()

    maria.refresh_from_db()
    assert maria.is_active
    assert "You cannot deactivate your own account." in page


def test_a_deactivated_account_is_signed_out_and_can_come_back(admin, tom):
    client = Client()
    client.force_login(tom)

    admin.post(reverse("accounts:deactivate", args=[tom.pk]))

    assert client.get(reverse("accounts:profile")).status_code == 302
    admin.post(reverse("accounts:activate", args=[tom.pk]))
    assert client.get(reverse("accounts:profile")).status_code == 302
    client.login(request=client.get("/accounts/login/").wsgi_request, username="tom", password=PASSWORD)
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert admin.get(reverse("accounts:list")).status_code == 200


def test_a_new_password_for_somebody_signs_them_out(admin, tom):
    client = Client()
    client.force_login(tom)

    admin.post(
        reverse("accounts:password", args=[tom.pk]), {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    )

    tom.refresh_from_db()
    assert tom.check_password(NEW_PASSWORD)
    assert client.get(reverse("accounts:profile")).status_code == 302


def lock(username: str) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        assert sign_in(username, "wrong").status_code in {200, 429}
    assert sign_in(username, PASSWORD).status_code == 429


def sign_in(username: str, password: str, passed_on: str = "") -> Any:
    typed, headers = {"username": username, "password": password}, {"X-Forwarded-For": passed_on}
    return Client().post("/accounts/login/", typed, headers=headers)


def test_a_new_password_from_an_administrator_unlocks_signing_in(admin, tom):
    lock("tom")

    admin.post(
        reverse("accounts:password", args=[tom.pk]), {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    )

    assert sign_in("tom", NEW_PASSWORD).status_code == 302


def test_whoever_goes_on_guessing_does_not_keep_the_owner_out_for_longer(tom):
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as clock:
        lock("tom")
        clock.shift(timedelta(minutes=14))
        assert sign_in("tom", "wrong").status_code == 429
        clock.shift(timedelta(minutes=2))

        assert sign_in("tom", PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "passed_on", "status"),
    [
        (1, "198.51.100.7", 302),
        (1, "203.0.113.5, 198.51.100.7", 302),
        (1, "198.51.100.7, 203.0.113.5", 429),  # the first is only what the browser says
        (2, "203.0.113.5, 192.0.2.1", 429),
        (0, "198.51.100.7", 429),
    ],
)
def test_wrong_passwords_of_one_address_lock_nobody_elsewhere_out(tom, settings, proxies, passed_on, status):
    settings.PROXIES = proxies
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in("tom", "wrong", "203.0.113.5, 192.0.2.1" if proxies == 2 else "203.0.113.5")

    assert sign_in("tom", PASSWORD, passed_on).status_code == status


@pytest.mark.parametrize("passed_on", ["nonsense", "", "198.51.100.7:80", "\0", ",,,"])
def test_an_address_that_is_none_counts_as_that_of_the_connection(rf, settings, passed_on):
    settings.PROXIES = 1

    request = rf.get("/", headers={"X-Forwarded-For": passed_on}, REMOTE_ADDR="192.0.2.9")

    assert client_address(request) == "192.0.2.9"


def test_one_s_own_password_is_changed_in_the_profile(admin, maria):
    answer = admin.post(reverse("accounts:password", args=[maria.pk]), {"new_password1": NEW_PASSWORD})

    assert answer["Location"] == reverse("accounts:own_password")


# A form that was open for long


def test_a_page_can_ask_whether_one_is_signed_in_still(admin):
    assert admin.get(reverse("accounts:alive")).json() == {"signed_in": True, "user": "maria"}
    assert Client().get(reverse("accounts:alive")).json() == {"signed_in": False, "user": ""}


def test_an_open_page_signs_in_without_leaving(maria):
    client = Client()
    typed = {"username": "maria", "password": PASSWORD}

    wrong = client.post("/accounts/login/", typed | {"password": "x"}, headers={"Accept": "application/json"})
    right = client.post("/accounts/login/", typed, headers={"Accept": "application/json"})

    assert wrong.json() == {"signed_in": False}
    assert right.json() == {"signed_in": True}
    assert client.get(reverse("accounts:alive")).json()["signed_in"]


def test_an_open_page_signs_in_where_somebody_else_has_signed_in_meanwhile(admin, tom):
    typed = {"username": "tom", "password": PASSWORD}

    answer = admin.post("/accounts/login/", typed, headers={"Accept": "application/json"})

    assert answer.json() == {"signed_in": True}
    assert admin.get(reverse("accounts:alive")).json()["user"] == "tom"


def test_whoever_is_signed_in_needs_no_sign_in_page(admin):
    assert admin.get("/accounts/login/?next=/settings/accounts/")["Location"] == "/settings/accounts/"


# The first run


def first(token: str | None = None, **values) -> dict:
    """What the set-up page sends."""
    return person_typed(token=FirstRun.current().token if token is None else token, **values)


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/login/?next=/calendar/"])
def test_without_any_account_signing_in_leads_to_the_set_up(client, db, path):
    assert client.get(path)["Location"] == "/accounts/set-up/"


def test_without_any_account_every_page_leads_to_the_set_up(client, db):
    answer = client.get("/calendar/", follow=True)

    assert answer.redirect_chain[-1][0] == "/accounts/set-up/"
    assert "Nobody has an account yet." in answer.content.decode()


def test_the_token_makes_the_first_administrator_and_signs_in(client, db):
    answer = client.post("/accounts/set-up/", first())

    nina = User.objects.get()
    assert answer.status_code == 302
    assert (nina.is_superuser, nina.is_staff, nina.check_password(PASSWORD)) == (True, True, True)
    assert [one.name for one in nina.groups.all()] == ["Administrators"]
    assert client.get(reverse("accounts:profile")).status_code == 200


def test_the_token_may_be_typed_with_blanks_and_capitals(client, db):
    client.post("/accounts/set-up/", first(f" {FirstRun.current().token.upper()} "))

    assert User.objects.exists()


@pytest.mark.parametrize("token", ["", "wrong", "\0", "é"])
def test_without_the_token_no_account_is_made(client, db, token):
    answer = client.post("/accounts/set-up/", first(token))

    assert answer.status_code == 200
    assert not User.objects.exists()


def test_a_right_token_with_a_bad_password_makes_no_account(client, db):
    page = client.post("/accounts/set-up/", first(password1="1234", password2="1234")).content.decode()

    assert "too short" in page
    assert not User.objects.exists()


def test_ten_wrong_tokens_close_the_set_up_for_a_quarter_of_an_hour(client, db):
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as clock:
        for _ in range(10):
            client.post("/accounts/set-up/", first("wrong"))
        closed = client.post("/accounts/set-up/", first()).content.decode()
        clock.shift(timedelta(minutes=15, seconds=1))
        client.post("/accounts/set-up/", first())

    assert "The token was wrong too often." in closed
    assert User.objects.exists()


def test_the_token_is_logged_at_each_start_until_there_is_an_account(db):
    with capture_logs() as before:
        setup.announce()
        setup.announce()
    User.objects.create_user("maria")
    with capture_logs() as after:
        setup.announce()

    assert [line["token"] for line in before] == [FirstRun.current().token] * 2
    assert after == []


def test_the_token_needs_the_secret_key_and_not_the_database_alone(db, settings):
    before = FirstRun.current().token

    settings.SECRET_KEY = "another-key-that-is-long-enough-for-the-check-of-django-itself"

    assert FirstRun.current().token != before
    assert FirstRun.current().salt not in before


def test_a_token_opens_nothing_once_it_was_used(client, db):
    used = FirstRun.current().token
    client.post("/accounts/set-up/", first(used))
    client.logout()

    answer = client.post("/accounts/set-up/", person_typed(token=used, username="second"))

    assert answer["Location"] == "/accounts/login/"
    assert User.objects.count() == 1
    User.objects.all().delete()
    assert FirstRun.current().token != used


@pytest.mark.django_db(transaction=True)
def test_of_two_set_ups_at_once_one_makes_the_account():
    forms = [first(username=name) for name in ("one", "two")]
    barrier = threading.Barrier(2)

    def send(form: dict) -> int:
        barrier.wait()
        try:
            return Client().post("/accounts/set-up/", form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        codes = set(threads.map(send, forms))

    assert User.objects.count() == 1
    assert codes <= {200, 302}


def test_a_token_that_is_tried_while_somebody_else_uses_it_is_refused_in_words(db, monkeypatch):
    form = SetUpForm(first())
    monkeypatch.setattr(FirstRun, "accepts", lambda row, typed: bool(row.delete()) and False)

    assert "This is not the token" in str(form.errors["token"])


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_deactivate_each_other_leave_one():
    pair = [person(name) for name in ("one", "two")]
    administrators_group = Group.objects.get_or_create(name="Administrators")[0]
    administrators_group.permissions.set(Permission.objects.filter(codename="change_user"))
    administrators_group.user_set.set(pair)
    barrier = threading.Barrier(2)

    def send(editor: User, other: User) -> None:
        client = Client()
        client.force_login(editor)
        barrier.wait()
        client.post(reverse("accounts:deactivate", args=[other.pk]))
        connection.close()

    threads = [threading.Thread(target=send, args=pick) for pick in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert administrators().count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_password_that_an_administrator_sets_is_not_replaced_by_one_who_knows_the_old_one():
    tom, client = person("tom"), Client()
    client.force_login(tom)
    typed = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    tom.set_password("set-by-an-administrator")

    with meanwhile(lambda: client.post(reverse("accounts:own_password"), typed)), transaction.atomic():
        User.objects.select_for_update().get(pk=tom.pk)
        wait_until(is_somebody_waiting)
        tom.save()

    assert User.objects.get(pk=tom.pk).check_password("set-by-an-administrator")


def test_nothing_of_the_first_run_is_asked_on_other_pages(admin, django_assert_num_queries):
    with django_assert_num_queries(4):
        admin.get(reverse("accounts:own_password"))


def test_an_account_without_any_role_is_refused(admin):
    page = admin.post(reverse("accounts:new"), account(username="new", roles=[])).content.decode()

    assert "Choose at least one role" in page
    assert not User.objects.filter(username="new").exists()
