"""Pages that everybody may come to see: signing in, being refused, and what is said when something is away."""

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client

PASSWORD = "a-password-for-tests"


def sign_in(client: Client, password: str, **more: str):
    return client.post("/accounts/login/", {"username": "maria", "password": password, **more})


@pytest.mark.parametrize("template", ["503.html", "500.html"])
def test_the_page_of_an_outage_needs_nothing_but_its_template(template, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        page = render_to_string(template)

    assert "<h1>" in page
    assert "<script" not in page


def test_a_wrong_password_is_said_without_saying_which_part_is_wrong(client, db):
    User.objects.create_user("maria", password=PASSWORD)

    page = sign_in(client, "wrong").content.decode()

    assert "do not fit together" in page
    assert "wrong" not in page


def test_signing_in_leads_to_where_one_wanted_to_go(client, db):
    User.objects.create_user("maria", password=PASSWORD)

    response = sign_in(client, PASSWORD, next="/settings/calendar-integration/instructors/")

    assert response["Location"] == "/settings/calendar-integration/instructors/"


def test_signing_in_leads_nowhere_outside(client, db):
    User.objects.create_user("maria", password=PASSWORD)

    assert sign_in(client, PASSWORD, next="https://elsewhere.example/")["Location"] == "/"


def test_after_eight_wrong_passwords_signing_in_is_locked(client, db):
    User.objects.create_user("maria", password=PASSWORD)
    for _ in range(8):
        last = sign_in(client, "wrong")

    assert "Too many attempts" in last.content.decode()
    assert sign_in(client, PASSWORD).status_code == 429


def test_whoever_lacks_a_permission_is_told_so_and_can_sign_out(client, db):
    client.force_login(User.objects.create_user("maria"))

    response = client.get("/settings/calendar-integration/")

    assert response.status_code == 403
    assert "You are signed in as maria." in response.content.decode()


def test_a_form_without_its_token_is_refused_with_a_way_on(db):
    client = Client(enforce_csrf_checks=True)

    response = client.post("/accounts/login/", {"username": "maria", "password": PASSWORD})

    assert response.status_code == 403
    assert "This form was open for too long" in response.content.decode()


def test_every_page_forbids_inline_scripts_and_styles(client, db):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
