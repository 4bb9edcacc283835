"""Who may open which page, over every URL that there is (Django's admin apart)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from instructors.models import CalendarMapping
from tests.factories import CalendarMappingFactory, UnmatchedFactory

PUBLIC = {"home", "healthz", "login", "logout"}  # home only leads on
OF_UNMATCHED = {"instructors:check"}
OF_MAPPINGS = {"instructors:stop", "instructors:start", "instructors:sync"}


def pages(patterns: list[URLPattern | URLResolver] | None = None, space: str = "") -> Iterator[tuple[str, Any]]:
    """The full name and the view of every URL."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}", pattern.callback
        elif pattern.app_name != "admin":
            yield from pages(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space)


PAGES = dict(pages())
GUARDED = sorted(set(PAGES) - PUBLIC)


@pytest.fixture
def paths(db: None) -> dict[str, str]:
    """An address for each guarded page, of rows that exist."""
    mapping = CalendarMappingFactory.create()
    missing = UnmatchedFactory.create(integration=mapping.integration)
    found = {}
    for name in GUARDED:
        pk = {**dict.fromkeys(OF_MAPPINGS, mapping.pk), **dict.fromkeys(OF_UNMATCHED, missing.pk)}.get(
            name, mapping.integration.pk
        )
        needs_pk = "<int:pk>" in str(resolver_path(name))
        found[name] = reverse(name, args=[pk] if needs_pk else [])
    return found


def resolver_path(name: str) -> str:
    """The route of a page, for example <int:pk>/edit/."""
    space, _, last = name.rpartition(":")
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace == space:
            return next(str(one.pattern) for one in pattern.url_patterns if getattr(one, "name", "") == last)
    return ""


def user_with(*permissions: str) -> User:
    user = User.objects.create_user(f"user {User.objects.count()}")
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def statuses(client: Client, path: str) -> set[int]:
    """The answers to GET and POST, without that of the method that the page does not take."""
    return {client.get(path).status_code, client.post(path).status_code} - {405}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_page_declares_a_permission_or_is_public(name: str) -> None:
    permissions = getattr(PAGES[name], "permissions", ())

    assert bool(permissions) != (name in PUBLIC)


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_opens_a_page_without_signing_in(client: Client, paths: dict[str, str], name: str) -> None:
    answers = [answer for answer in (client.get(paths[name]), client.post(paths[name])) if answer.status_code != 405]

    assert answers
    assert all(answer.status_code == 302 and answer["Location"].startswith("/accounts/login/") for answer in answers)


def test_after_signing_in_one_is_back_on_the_page_of_the_button_that_was_pressed(
    client: Client, paths: dict[str, str]
) -> None:
    page = f"http://testserver{paths['instructors:list']}?q=ann"

    answer = client.post(paths["instructors:start"], headers={"Referer": page})

    assert answer["Location"] == f"/accounts/login/?next={paths['instructors:list']}%3Fq%3Dann"


def test_a_page_of_somebody_else_is_not_where_one_gets_after_signing_in(client: Client, paths: dict[str, str]) -> None:
    answer = client.post(paths["instructors:start"], headers={"Referer": "https://elsewhere.example/trap/"})

    assert answer["Location"] == "/accounts/login/?next=/"


def test_a_part_of_a_page_never_becomes_the_sign_in_page(client: Client, paths: dict[str, str]) -> None:
    page = f"http://testserver{paths['instructors:list']}"

    answer = client.get(paths["instructors:list"] + "?q=ann", headers={"HX-Request": "true", "Referer": page})

    assert answer["HX-Redirect"] == f"/accounts/login/?next={paths['instructors:list']}"


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_opens_a_page_without_its_permission(client: Client, paths: dict[str, str], name: str) -> None:
    client.force_login(user_with())

    assert statuses(client, paths[name]) == {403}


@pytest.mark.parametrize("name", [name for name in GUARDED if name != "integrations:test"])  # that talks to Microsoft
def test_the_permission_of_a_page_opens_it(client: Client, paths: dict[str, str], name: str) -> None:
    client.force_login(user_with(*PAGES[name].permissions))

    assert statuses(client, paths[name]) <= {200, 302, 404}


def test_administrators_may_open_everything(client: Client, paths: dict[str, str]) -> None:
    user = user_with()
    user.groups.add(Group.objects.get(name="Administrators"))

    assert all(user.has_perms(PAGES[name].permissions) for name in GUARDED)


def test_whoever_may_only_look_is_offered_no_action(client: Client, paths: dict[str, str]) -> None:
    client.force_login(user_with("integrations.view_integration", "instructors.view_calendarmapping"))

    answers = [client.get(paths[name]).content.decode() for name in ("events:integrations", "instructors:list")]

    assert CalendarMapping.objects.exists()
    assert not any("menu-button" in text or "Check again" in text or "/new/" in text for text in answers)
