"""Who may open which page: every URL that there is, for every role (Django's admin apart).

A new page needs nothing here if its view says `@requires("app.permission")` or `@signed_in` and its address has no
argument. An address with an argument needs a row in ROWS that says whose key it is.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from events.models import Event
from instructors.models import CalendarMapping
from tests.factories import CalendarMappingFactory, EventFactory, UnmatchedFactory

PUBLIC = {"healthz", "login", "logout", "accounts:set_up", "accounts:alive"}
ROLES = ["nobody", "no role", "Schedulers", "Administrators"]
TALKS_TO_MICROSOFT = {("integrations:test", "post")}
ROWS = {
    "integrations:edit": "integration",
    "integrations:test": "integration",
    "integrations:deactivate": "integration",
    "integrations:activate": "integration",
    "integrations:sync": "integration",
    "events:progress": "integration",
    "events:delete_integration": "integration",
    "events:delete_anyway": "integration",
    "events:event": "event",
    "events:edit": "event",
    "events:states": "event",
    "events:cancel": "event",
    "events:delete": "event",
    "events:confirm": "event",
    "events:instructor": "instructor",
    "events:delete_instructor": "instructor",
    "instructors:edit": "instructor",
    "instructors:deactivate": "instructor",
    "instructors:activate": "instructor",
    "instructors:stop": "mapping",
    "instructors:start": "mapping",
    "instructors:sync": "mapping",
    "instructors:check": "unmatched",
    "instructors:use_address": "unmatched",
    "accounts:edit": "account",
    "accounts:password": "account",
    "accounts:deactivate": "account",
    "accounts:activate": "account",
}


class Url(NamedTuple):
    name: str
    view: Callable[..., HttpResponse]
    arguments: list[str]

    @property
    def permissions(self) -> tuple[str, ...]:
        return getattr(self.view, "permissions", ())

    @property
    def is_for_everybody_signed_in(self) -> bool:
        return getattr(self.view, "is_for_everybody_signed_in", False)


def urls(
    patterns: list[URLPattern | URLResolver] | None = None, space: str = "", before: tuple[str, ...] = ()
) -> Iterator[Url]:
    """Every URL with its full name, its view, and the names of its arguments."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        arguments = (*before, *pattern.pattern.converters)
        if isinstance(pattern, URLPattern):
            yield Url(f"{space}{pattern.name}", pattern.callback, list(arguments))
        elif pattern.app_name != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else space
            yield from urls(pattern.url_patterns, inner, arguments)


PAGES = {url.name: url for url in urls()}
GUARDED = sorted(set(PAGES) - PUBLIC)


@pytest.fixture
def rows(db: None) -> dict[str, models.Model]:
    """One row of each kind that an address may name."""
    mapping = CalendarMappingFactory.create()
    event = EventFactory.create()
    return {
        "integration": mapping.integration,
        "mapping": mapping,
        "instructor": mapping.instructor,
        "unmatched": UnmatchedFactory.create(integration=mapping.integration),
        "event": event,
        "account": User.objects.create_user("somebody.else"),
    }


def path_of(name: str, rows: dict[str, models.Model]) -> str:
    assert bool(PAGES[name].arguments) == (name in ROWS), f"{name} belongs into ROWS if its address has an argument"
    return reverse(name, args=[rows[ROWS[name]].pk] if name in ROWS else [])


def user_with(*permissions: str) -> User:
    user = User.objects.create_user(f"user {User.objects.count()}")
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def sign_in_as(client: Client, role: str) -> User | AnonymousUser:
    """Somebody with this role only, signed in; nobody where it is nobody."""
    if role == "nobody":
        return AnonymousUser()
    user = user_with()
    user.groups.add(*Group.objects.filter(name=role))
    client.force_login(user)
    return User.objects.get(pk=user.pk)


def answers(client: Client, name: str, path: str, *, is_let_in: bool) -> dict[str, HttpResponse]:
    """The answers to GET and POST, without that of a method that the page does not take."""
    methods = [method for method in ("get", "post") if not (is_let_in and (name, method) in TALKS_TO_MICROSOFT)]
    found = {method: getattr(client, method)(path) for method in methods}
    return {method: answer for method, answer in found.items() if answer.status_code != 405}


def leads_to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_page_declares_who_may_open_it(name: str) -> None:
    page = PAGES[name]

    assert [bool(page.permissions), page.is_for_everybody_signed_in, name in PUBLIC].count(True) == 1


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", GUARDED)
def test_a_page_answers_each_role_as_its_view_declares(
    client: Client, rows: dict[str, models.Model], name: str, role: str
) -> None:
    user = sign_in_as(client, role)
    is_let_in = user.is_authenticated and user.has_perms(PAGES[name].permissions)

    found = answers(client, name, path_of(name, rows), is_let_in=is_let_in)

    assert found or (name, "post") in TALKS_TO_MICROSOFT
    if role == "nobody":
        assert all(leads_to_sign_in(answer) for answer in found.values())
    elif is_let_in:
        assert {answer.status_code for answer in found.values()} <= {200, 204, 302, 400, 404, 409, 422}
        assert not any(leads_to_sign_in(answer) for answer in found.values())
    else:
        assert {answer.status_code for answer in found.values()} == {403}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_page_refuses_nobody(client: Client, rows: dict[str, models.Model], name: str, role: str) -> None:
    sign_in_as(client, role)

    found = answers(client, name, path_of(name, rows), is_let_in=True)

    assert found
    assert {answer.status_code for answer in found.values()} <= {200, 302}


@pytest.mark.parametrize("name", [name for name in GUARDED if PAGES[name].permissions])
def test_the_permissions_of_a_page_and_no_others_open_it(
    client: Client, rows: dict[str, models.Model], name: str
) -> None:
    path = path_of(name, rows)
    client.force_login(user_with(*PAGES[name].permissions))

    statuses = {answer.status_code for answer in answers(client, name, path, is_let_in=True).values()}

    assert statuses <= {200, 204, 302, 400, 404, 409, 422}


def test_administrators_may_open_everything(client: Client, db: None) -> None:
    user = sign_in_as(client, "Administrators")

    assert all(user.has_perms(PAGES[name].permissions) for name in GUARDED)


def test_schedulers_get_at_no_settings(client: Client, rows: dict[str, models.Model]) -> None:
    user = sign_in_as(client, "Schedulers")

    opened = {name for name in GUARDED if user.has_perms(PAGES[name].permissions)}

    assert not [name for name in opened if path_of(name, rows).startswith("/settings/")]


def test_schedulers_get_at_calendar_and_events(client: Client, rows: dict[str, models.Model]) -> None:
    user = sign_in_as(client, "Schedulers")
    scheduling = [name for name in GUARDED if path_of(name, rows).startswith(("/calendar/", "/events/"))]

    assert Event.objects.exists()
    assert all(user.has_perms(PAGES[name].permissions) for name in scheduling)


def test_after_signing_in_one_is_back_on_the_page_of_the_button_that_was_pressed(client: Client, db: None) -> None:
    page = f"http://testserver{reverse('instructors:list')}?q=ann"

    answer = client.post(reverse("accounts:activate", args=[1]), headers={"Referer": page})

    assert answer["Location"] == f"/accounts/login/?next={reverse('instructors:list')}%3Fq%3Dann"


def test_a_page_of_somebody_else_is_not_where_one_gets_after_signing_in(client: Client, db: None) -> None:
    answer = client.post(reverse("accounts:activate", args=[1]), headers={"Referer": "https://elsewhere.example/trap/"})

    assert answer["Location"] == "/accounts/login/?next=/"


def test_a_part_of_a_page_never_becomes_the_sign_in_page(client: Client, db: None) -> None:
    page = f"http://testserver{reverse('instructors:list')}"

    answer = client.get(reverse("instructors:list") + "?q=ann", headers={"HX-Request": "true", "Referer": page})

    assert answer["HX-Redirect"] == f"/accounts/login/?next={reverse('instructors:list')}"


def test_whoever_may_only_look_is_offered_no_action(client: Client, rows: dict[str, models.Model]) -> None:
    client.force_login(user_with("integrations.view_integration", "instructors.view_calendarmapping", "auth.view_user"))

    pages = ("events:integrations", "instructors:list", "accounts:list")
    found = [client.get(reverse(name)).content.decode() for name in pages]

    assert CalendarMapping.objects.exists()
    assert not any("menu-button" in text or "Check again" in text or "/new/" in text for text in found)


def test_django_s_admin_is_for_staff_only(client: Client, db: None) -> None:
    sign_in_as(client, "Administrators")

    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_the_sign_in_page_is_the_one_that_the_settings_name(db: None) -> None:
    assert reverse(settings.LOGIN_URL) == "/accounts/login/"
