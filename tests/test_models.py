"""What the database itself refuses, and what it keeps secret."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from django.utils.timezone import now

from events.models import Event, ExternalEvent, Session, SyncedEvent
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration
from tests.conftest import tomorrow

pytestmark = pytest.mark.django_db
SECRET = "s3cr3t~of.the-app"


def make_integration(**values: Any) -> Integration:
    usual = {"name": "Northgate", "user_id": "u", "tenant_id": str(uuid4()), "client_id": "c", "client_secret": SECRET}
    return Integration.objects.create(**usual | values)


def make_mapping(integration: Integration, name: str = "ann", **values: Any) -> CalendarMapping:
    instructor = Instructor.objects.create(name=name, email=f"{name}@northgate.example")
    usual = {"address": instructor.email, "remote_user_id": name}
    return CalendarMapping.objects.create(integration=integration, instructor=instructor, **usual | values)


def make_session(**values: Any) -> Session:
    event = Event.objects.create(title="First aid")
    return Session.objects.create(**{"event": event, "starts_at": tomorrow(9), "ends_at": tomorrow(12)} | values)


def stored_secret() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM integrations_integration")
        return cursor.fetchone()[0]


def test_two_instructors_with_one_address_in_other_letter_case_are_refused():
    Instructor.objects.create(name="Ann", email="ann@northgate.example")

    with pytest.raises(IntegrityError):
        Instructor.objects.create(name="Ann", email="ANN@Northgate.Example")


def test_the_form_says_that_another_instructor_has_the_address():
    Instructor.objects.create(name="Ann", email="ann@northgate.example")

    with pytest.raises(ValidationError, match="Another instructor has this email address"):
        Instructor(name="Ann", email="Ann@NORTHGATE.example").full_clean()


def test_blanks_around_an_address_are_dropped():
    ann = Instructor.objects.create(name="Ann", email=" ann@northgate.example ")

    ann.refresh_from_db()
    assert ann.email == "ann@northgate.example"


def test_an_unknown_time_zone_is_refused_with_an_example():
    with pytest.raises(ValidationError, match="Europe/Berlin"):
        Instructor(name="Ann", email="ann@northgate.example", time_zone="Mars/Base").full_clean()


@pytest.mark.parametrize("change", [str, str.upper])
def test_a_tenant_has_one_integration(change):
    tenant = str(uuid4())
    make_integration(tenant_id=tenant)

    with pytest.raises(IntegrityError):
        make_integration(name="Southgate", tenant_id=change(tenant))


def test_the_form_says_that_the_tenant_has_an_integration():
    other = make_integration()
    second = Integration(name="S", user_id="u", tenant_id=other.tenant_id.upper(), client_id="c", client_secret="s")

    with pytest.raises(ValidationError, match="This tenant has an integration already"):
        second.full_clean()


def test_a_name_is_given_once_whatever_its_letter_case():
    make_integration(name="Northgate")

    with pytest.raises(IntegrityError):
        make_integration(name="NORTHGATE")


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1)])
def test_a_session_that_ends_before_it_has_begun_is_refused(length):
    with pytest.raises(IntegrityError):
        make_session(ends_at=tomorrow(9) + length)


def test_the_form_says_at_the_end_that_a_session_ends_after_it_starts():
    event = Event.objects.create(title="First aid")

    with pytest.raises(ValidationError) as refused:
        Session(event=event, starts_at=tomorrow(9), ends_at=tomorrow(8)).full_clean()

    assert "ends_at" in refused.value.message_dict


def test_a_mailbox_and_an_instructor_are_paired_once_in_an_integration():
    integration = make_integration()
    mapping = make_mapping(integration)
    values = {"integration": integration, "address": "a@x.example"}
    ben = Instructor.objects.create(name="Ben", email="ben@northgate.example")

    for doubled in ({"instructor": ben, "remote_user_id": "ann"}, {"instructor": mapping.instructor}):
        with pytest.raises(IntegrityError), atomic():
            CalendarMapping.objects.create(**values, **{"remote_user_id": "new"} | doubled)


def atomic() -> Any:
    from django.db import transaction

    return transaction.atomic()


def test_the_same_instructor_may_have_a_mailbox_in_two_integrations():
    first = make_mapping(make_integration())

    CalendarMapping.objects.create(
        integration=make_integration(name="Southgate"),
        instructor=first.instructor,
        address=first.address,
        remote_user_id=first.remote_user_id,
    )

    assert CalendarMapping.objects.count() == 2


def test_an_instructor_or_integration_with_a_calendar_cannot_be_deleted():
    mapping = make_mapping(make_integration())

    with pytest.raises(ProtectedError):
        mapping.instructor.delete()
    with pytest.raises(ProtectedError):
        mapping.integration.delete()


def test_a_calendar_with_copies_cannot_be_deleted_and_one_with_external_events_takes_them_along():
    mapping = make_mapping(make_integration())
    moment = tomorrow()
    ExternalEvent.objects.create(mapping=mapping, remote_id="e", starts_at=moment, ends_at=moment, show_as="busy")
    copy = SyncedEvent.objects.create(mapping=mapping, session_uid=uuid4(), key=uuid4(), ends_at=moment)

    with pytest.raises(ProtectedError):
        mapping.delete()
    copy.delete()
    mapping.delete()

    assert not ExternalEvent.objects.exists()


def test_a_copy_outlives_its_session():
    session = make_session()
    mapping = make_mapping(make_integration())
    SyncedEvent.objects.create(mapping=mapping, session_uid=session.uid, key=uuid4(), remote_id="r", ends_at=tomorrow())

    session.event.delete()

    assert SyncedEvent.objects.get().session_uid == session.uid


def test_a_session_has_one_copy_in_a_calendar_and_a_remote_id_stands_for_one_copy():
    mapping = make_mapping(make_integration())
    uid = uuid4()
    usual = {"mapping": mapping, "ends_at": tomorrow()}
    SyncedEvent.objects.create(session_uid=uid, key=uuid4(), remote_id="r", **usual)

    for doubled in ({"session_uid": uid, "remote_id": "other"}, {"session_uid": uuid4(), "remote_id": "r"}):
        with pytest.raises(IntegrityError), atomic():
            SyncedEvent.objects.create(key=uuid4(), **usual, **doubled)


def test_several_copies_may_be_without_a_remote_id():
    mapping = make_mapping(make_integration())

    for _ in range(2):
        SyncedEvent.objects.create(mapping=mapping, session_uid=uuid4(), key=uuid4(), ends_at=tomorrow())

    assert SyncedEvent.objects.in_outlook().count() == 0


def test_an_instructor_is_listed_once_as_not_matched_in_an_integration():
    integration = make_integration()
    eve = Instructor.objects.create(name="Eve", email="eve@northgate.example")
    values = {"integration": integration, "instructor": eve, "checked_at": now()}
    Unmatched.objects.create(cause="not_found", **values)

    with pytest.raises(IntegrityError):
        Unmatched.objects.create(cause="guest", **values)


@pytest.mark.parametrize("cause", Unmatched.Cause.values)
def test_every_cause_reads_as_a_sentence(cause):
    assert Unmatched(cause=cause).reason.endswith(".")


def test_a_client_secret_is_not_in_the_database_in_clear():
    make_integration()

    assert SECRET not in stored_secret()
    assert Integration.objects.get().client_secret == SECRET


def test_the_same_secret_is_stored_differently_each_time():
    make_integration()
    first = stored_secret()

    Integration.objects.get().save()

    assert stored_secret() != first


def test_a_wrong_key_raises_and_never_gives_an_empty_secret(settings):
    make_integration()

    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(ImproperlyConfigured, match="CREDENTIAL_KEYS"):
        Integration.objects.get()


def test_keys_rotate(settings):
    old, new = settings.CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    make_integration()

    settings.CREDENTIAL_KEYS = [new, old]
    Integration.objects.get().save()
    settings.CREDENTIAL_KEYS = [new]

    assert Integration.objects.get().client_secret == SECRET


def test_no_keys_or_a_key_that_is_none_is_said(settings):
    for keys in ([], ["short"]):
        settings.CREDENTIAL_KEYS = keys
        with pytest.raises(ImproperlyConfigured, match="CREDENTIAL_KEYS"):
            make_integration()


def test_a_damaged_secret_raises(settings):
    make_integration()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_integration SET client_secret = 'clear text ä'")

    with pytest.raises(ImproperlyConfigured):
        Integration.objects.get()


def test_an_integration_that_rests_and_recovers():
    integration = make_integration()

    integration.rest("The Client Secret has expired.", seconds=60)
    resting = Integration.objects.get()
    integration.recover()

    assert (resting.problem, bool(resting.failing_since)) == ("The Client Secret has expired.", True)
    assert resting.retry_at
    assert timedelta(seconds=55) < resting.retry_at - now() <= timedelta(seconds=60)
    recovered = Integration.objects.get()
    assert (recovered.problem, recovered.retry_at, recovered.failing_since) == ("", None, None)


def test_what_is_remembered_of_a_failure_is_since_when_it_lasts():
    integration = make_integration()
    integration.rest("No.", seconds=1)
    since = integration.failing_since

    integration.rest("Still no.", seconds=1)

    assert Integration.objects.get().failing_since == since


def test_working_integrations_are_active_or_closing_and_do_not_rest():
    make_integration(name="active")
    make_integration(name="inactive", status="inactive")
    make_integration(name="closing", status="inactive", closing_at=now())
    make_integration(name="resting", retry_at=now() + timedelta(minutes=1))
    make_integration(name="rested", retry_at=now() - timedelta(minutes=1))

    names = Integration.objects.working().values_list("name", flat=True)

    assert set(names) == {"active", "closing", "rested"}
