"""What Django's admin is left for: accounts and their groups. What calsync keeps has pages of its own."""

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.test import Client

from events.models import Event
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Integration, CalendarMapping, Instructor, Event])
def test_nothing_that_has_copies_in_outlook_can_be_touched_in_admin(client: Client, model: type) -> None:
    client.force_login(User.objects.create_superuser("admin"))

    answer = client.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")  # type: ignore[attr-defined]

    assert not site.is_registered(model)
    assert answer.status_code == 404


def test_whoever_is_not_signed_in_sees_nothing(client: Client) -> None:
    assert client.get("/admin/auth/user/").status_code == 302
