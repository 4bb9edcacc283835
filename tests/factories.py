"""Rows for tests, valid as they come; name only what the test is about. `create` is what type checkers understand."""

from datetime import timedelta
from uuid import uuid4

from django.utils.timezone import now
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from events.models import Event, ExternalEvent, Session, SyncedEvent
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration


class IntegrationFactory(DjangoModelFactory[Integration]):
    class Meta:
        model = Integration

    name = Sequence(lambda n: f"Organisation {n}")
    user_id = "planning@northgate.example"
    tenant_id = LazyFunction(lambda: str(uuid4()))
    client_id = LazyFunction(lambda: str(uuid4()))
    client_secret = "kept-secret"


class InstructorFactory(DjangoModelFactory[Instructor]):
    class Meta:
        model = Instructor

    name = Sequence(lambda n: f"Instructor {n:03}")
    email = Sequence(lambda n: f"instructor.{n:03}@northgate.example")


class CalendarMappingFactory(DjangoModelFactory[CalendarMapping]):
    """A mailbox that was synced a minute ago."""

    class Meta:
        model = CalendarMapping

    integration = SubFactory(IntegrationFactory)
    instructor = SubFactory(InstructorFactory)
    remote_user_id = LazyFunction(lambda: str(uuid4()))
    address = SelfAttribute("instructor.email")
    cursor = "https://graph.microsoft.com/v1.0/delta"
    synced_at = LazyFunction(lambda: now() - timedelta(minutes=1))


class UnmatchedFactory(DjangoModelFactory[Unmatched]):
    class Meta:
        model = Unmatched

    integration = SubFactory(IntegrationFactory)
    instructor = SubFactory(InstructorFactory)
    cause = Unmatched.Cause.NOT_FOUND
    checked_at = LazyFunction(now)


class EventFactory(DjangoModelFactory[Event]):
    class Meta:
        model = Event

    title = Sequence(lambda n: f"Course {n}")


class SessionFactory(DjangoModelFactory[Session]):
    """Two hours, tomorrow."""

    class Meta:
        model = Session

    event = SubFactory(EventFactory)
    starts_at = LazyFunction(lambda: now() + timedelta(days=1))
    ends_at = LazyAttribute(lambda session: session.starts_at + timedelta(hours=2))


class SyncedEventFactory(DjangoModelFactory[SyncedEvent]):
    """A copy that stands in Outlook."""

    class Meta:
        model = SyncedEvent

    mapping = SubFactory(CalendarMappingFactory)
    session_uid = LazyFunction(uuid4)
    key = LazyFunction(uuid4)
    remote_id = Sequence(lambda n: f"remote-{n}")
    intended_at = LazyFunction(now)
    ends_at = LazyFunction(lambda: now() + timedelta(days=1))


class ExternalEventFactory(DjangoModelFactory[ExternalEvent]):
    class Meta:
        model = ExternalEvent

    mapping = SubFactory(CalendarMappingFactory)
    remote_id = Sequence(lambda n: f"external-{n}")
    starts_at = LazyFunction(lambda: now() + timedelta(days=1))
    ends_at = LazyAttribute(lambda item: item.starts_at + timedelta(hours=1))
    show_as = "busy"
