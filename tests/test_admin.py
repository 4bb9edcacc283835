"""What Django's admin is left for: looking after instructors, who cannot be deleted there."""

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from events.models import Event
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    admin = User.objects.create_superuser("admin")
    client.force_login(admin)
    return client


def test_events_have_pages_of_their_own(browser):
    assert not site.is_registered(Event)
    assert browser.get("/admin/events/event/").status_code == 404


def test_an_instructor_cannot_be_deleted(browser):
    ann = Instructor.objects.create(name="Ann", email="ann@northgate.example")
    urls = reverse("admin:instructors_instructor_delete", args=[ann.pk]), "/admin/instructors/instructor/"
    bulk = {"action": "delete_selected", "_selected_action": [ann.pk], "post": "yes"}

    response = browser.post(urls[0], {"post": "yes"})
    browser.post(urls[1], bulk)

    assert response.status_code == 403
    assert Instructor.objects.exists()


@pytest.mark.parametrize("model", [Integration, CalendarMapping])
def test_integrations_and_calendars_cannot_be_deleted_in_admin(browser, model):
    registered = site.is_registered(model)

    assert not registered or not site.get_model_admin(model).has_delete_permission(browser)
    assert registered or browser.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/").status_code == 404


def test_two_instructors_with_one_address_in_other_letter_case_are_a_form_error(browser):
    Instructor.objects.create(name="Ann", email="ann@northgate.example")
    values = {"name": "Ann", "email": " ANN@northgate.example ", "time_zone": "UTC", "is_active": "on"}

    response = browser.post("/admin/instructors/instructor/add/", values)

    assert response.status_code == 200
    assert "Another instructor has this email address." in response.content.decode()
    assert Instructor.objects.count() == 1


def test_whoever_is_not_signed_in_sees_nothing(client):
    assert client.get("/admin/instructors/instructor/").status_code == 302
