"""Planning events in Django's admin."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from events.models import Event, Session
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

pytestmark = pytest.mark.django_db
ADD = "/admin/events/event/add/"
SKIPPED, TWICE = ("2026-03-29", "02:30"), ("2026-10-25", "02:30")


@pytest.fixture
def browser(client: Client) -> Client:
    admin = User.objects.create_superuser("admin")
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def form(
    *sessions: tuple[tuple[str, str], tuple[str, str]], existing: tuple[Session, ...] = (), **values: Any
) -> dict[str, Any]:
    """What the browser sends: an event, and for each session its start and end as they stand on a wall."""
    data = {"title": "First aid", "status": "confirmed", "time_zone": "Europe/Berlin", **values}
    data |= {"sessions-TOTAL_FORMS": len(sessions), "sessions-INITIAL_FORMS": len(existing)}
    for number, times in enumerate(sessions):
        for name, (day, clock) in zip(("starts_at", "ends_at"), times, strict=True):
            data |= {f"sessions-{number}-{name}_0": day, f"sessions-{number}-{name}_1": clock}
    for number, session in enumerate(existing):
        data |= {f"sessions-{number}-id": session.pk, f"sessions-{number}-event": session.event_id}
    return data


def errors_of(response: Any) -> dict[str, list[str]]:
    """The field errors of the first session."""
    assert response.status_code == 200
    return response.context["inline_admin_formsets"][0].formset.errors[0]


def change_url(event: Event) -> str:
    return reverse("admin:events_event_change", args=[event.pk])


def test_sessions_are_read_in_the_events_time_zone(browser):
    response = browser.post(ADD, form((("2026-07-01", "09:00"), ("2026-07-01", "12:00"))))

    assert response.status_code == 302
    session = Session.objects.get()
    assert session.starts_at == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert session.ends_at == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_sessions_are_shown_in_the_events_time_zone(browser):
    browser.post(ADD, form((("2026-07-01", "09:00"), ("2026-07-01", "12:00")), time_zone="America/New_York"))

    page = browser.get(change_url(Event.objects.get())).content.decode()

    assert 'value="09:00:00"' in page
    assert 'value="12:00:00"' in page


def test_saving_an_event_again_as_it_is_shown_changes_nothing(browser):
    times = (("2026-10-25", "02:30"), ("2026-10-25", "09:00"))
    browser.post(ADD, form(times))
    session = Session.objects.get()

    browser.post(change_url(session.event), form(times, existing=(session,)))

    same = Session.objects.get()
    assert (same.uid, same.starts_at, same.ends_at) == (session.uid, session.starts_at, session.ends_at)


def test_a_new_time_zone_of_an_event_moves_its_sessions_to_the_same_time_on_the_wall(browser):
    times = (("2026-07-01", "09:00"), ("2026-07-01", "12:00"))
    browser.post(ADD, form(times))
    session = Session.objects.get()

    browser.post(change_url(session.event), form(times, existing=(session,), time_zone="America/New_York"))

    session.refresh_from_db()
    assert session.starts_at == datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert session.ends_at == datetime(2026, 7, 1, 16, tzinfo=UTC)


def test_several_sessions_and_their_own_instructors_are_kept(browser):
    ann = Instructor.objects.create(name="Ann", email="ann@northgate.example")
    days = [(("2026-07-0" + day, "09:00"), ("2026-07-0" + day, "12:00")) for day in "123"]

    browser.post(ADD, form(*days, instructors=[ann.pk]) | {"sessions-1-instructors": [ann.pk]})

    assert [list(session.instructors.all()) for session in Session.objects.all()] == [[], [ann], []]
    assert list(Event.objects.get().instructors.all()) == [ann]


@pytest.mark.parametrize("end", ["09:00", "08:00"])
def test_an_end_before_the_start_is_an_error_at_the_end(browser, end):
    response = browser.post(ADD, form((("2026-07-01", "09:00"), ("2026-07-01", end))))

    assert errors_of(response) == {"ends_at": ["A session ends after it starts."]}
    assert not Event.objects.exists()


def test_a_time_that_the_clock_jumps_over_is_an_error_at_its_field(browser):
    response = browser.post(ADD, form((SKIPPED, ("2026-03-29", "05:00"))))

    errors = errors_of(response)
    assert list(errors) == ["starts_at"]
    assert "Europe/Berlin" in errors["starts_at"][0]
    assert not Event.objects.exists()


def test_an_end_that_the_clock_jumps_over_is_an_error_at_the_end(browser):
    response = browser.post(ADD, form((("2026-03-29", "01:00"), SKIPPED)))

    assert list(errors_of(response)) == ["ends_at"]


def test_a_jump_in_another_zone_is_none_here(browser):
    response = browser.post(ADD, form((SKIPPED, ("2026-03-29", "05:00")), time_zone="Asia/Tokyo"))

    assert response.status_code == 302


def test_of_an_hour_that_comes_twice_the_first_is_meant(browser):
    browser.post(ADD, form((TWICE, ("2026-10-25", "05:00"))))

    assert Session.objects.get().starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "Europe", "../etc/passwd", "x" * 70])
def test_an_unknown_time_zone_is_an_error_of_the_event_and_no_crash(browser, zone):
    response = browser.post(ADD, form((("2026-07-01", "09:00"), ("2026-07-01", "12:00")), time_zone=zone))

    assert response.status_code == 200
    assert "time_zone" in response.context["adminform"].form.errors
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "times",
    [
        (("9999-12-31", "23:00"), ("9999-12-31", "23:59")),
        (("0001-01-01", "00:00"), ("0001-01-01", "01:00")),
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Europe/Berlin"])
def test_a_date_at_the_end_of_the_calendar_is_saved_or_refused_and_no_crash(browser, times, zone):
    response = browser.post(ADD, form(times, time_zone=zone))

    assert response.status_code in (200, 302)
    assert browser.get("/admin/events/event/").status_code == 200
    for event in Event.objects.all():
        assert browser.get(change_url(event)).status_code == 200


@pytest.mark.parametrize(
    ("times", "field"),
    [
        ((("", "09:00"), ("2026-07-01", "12:00")), "starts_at"),
        ((("2026-07-01", ""), ("2026-07-01", "12:00")), "starts_at"),
        ((("2026-07-01", "09:00"), ("", "")), "ends_at"),
        ((("2026-02-30", "09:00"), ("2026-07-01", "12:00")), "starts_at"),
        ((("2026-07-01", "25:00"), ("2026-07-01", "12:00")), "starts_at"),
    ],
)
def test_half_a_time_and_nonsense_are_errors_at_their_field(browser, times, field):
    response = browser.post(ADD, form(times))

    assert field in errors_of(response)
    assert not Event.objects.exists()


def test_an_event_may_be_deleted(browser):
    browser.post(ADD, form((("2026-07-01", "09:00"), ("2026-07-01", "12:00"))))
    event = Event.objects.get()

    browser.post(reverse("admin:events_event_delete", args=[event.pk]), {"post": "yes"})

    assert not Session.objects.exists()


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
    assert client.get(ADD).status_code == 302
