"""Rows for tests, valid as they come; name only what the test is about."""

from datetime import timedelta
from uuid import uuid4

import factory
from django.utils.timezone import now

from events.models import Event, ExternalEvent, Session, SyncedEvent
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration


class IntegrationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Integration

    name = factory.Sequence(lambda n: f"Organisation {n}")
    user_id = "planning@northgate.example"
    tenant_id = factory.LazyFunction(lambda: str(uuid4()))
    client_id = factory.LazyFunction(lambda: str(uuid4()))
    client_secret = "kept-secret"


class InstructorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Instructor

    name = factory.Sequence(lambda n: f"Instructor {n:03}")
    email = factory.Sequence(lambda n: f"instructor.{n:03}@northgate.example")


class CalendarMappingFactory(factory.django.DjangoModelFactory):
    """A mailbox that was synced a minute ago."""

    class Meta:
        model = CalendarMapping

    integration = factory.SubFactory(IntegrationFactory)
    instructor = factory.SubFactory(InstructorFactory)
    remote_user_id = factory.LazyFunction(lambda: str(uuid4()))
    address = factory.SelfAttribute("instructor.email")
    cursor = "https://graph.microsoft.com/v1.0/delta"
    synced_at = factory.LazyFunction(lambda: now() - timedelta(minutes=1))


class UnmatchedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Unmatched

    integration = factory.SubFactory(IntegrationFactory)
    instructor = factory.SubFactory(InstructorFactory)
    cause = Unmatched.Cause.NOT_FOUND
    checked_at = factory.LazyFunction(now)


class EventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Event

    title = factory.Sequence(lambda n: f"Course {n}")


class SessionFactory(factory.django.DjangoModelFactory):
    """Two hours, tomorrow."""

    class Meta:
        model = Session

    event = factory.SubFactory(EventFactory)
    starts_at = factory.LazyFunction(lambda: now() + timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda session: session.starts_at + timedelta(hours=2))


class SyncedEventFactory(factory.django.DjangoModelFactory):
    """A copy that stands in Outlook."""

    class Meta:
        model = SyncedEvent

    mapping = factory.SubFactory(CalendarMappingFactory)
    session_uid = factory.LazyFunction(uuid4)
    key = factory.LazyFunction(uuid4)
    remote_id = factory.Sequence(lambda n: f"remote-{n}")
    intended_at = factory.LazyFunction(now)
    ends_at = factory.LazyFunction(lambda: now() + timedelta(days=1))


class ExternalEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExternalEvent

    mapping = factory.SubFactory(CalendarMappingFactory)
    remote_id = factory.Sequence(lambda n: f"external-{n}")
    starts_at = factory.LazyFunction(lambda: now() + timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda item: item.starts_at + timedelta(hours=1))
    show_as = "busy"
