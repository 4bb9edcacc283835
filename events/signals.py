"""What happens when something planned changes: hints only, in the transaction of the change."""

from typing import Any

from django.db.models.signals import m2m_changed, post_save, pre_delete
from django.dispatch import receiver
from django.utils.timezone import now

from events.hints import request_sync, sessions_changed, sessions_deleted, uids_of
from events.models import Event, ExternalEvent, Session, SyncedEvent
from instructors.models import CalendarMapping, Instructor
from instructors.signals import calendar_forgotten, sync_wanted
from instructors.switching import forget
from integrations.models import Integration
from integrations.signals import integration_sync_wanted, privacy_changed

ASSIGNED = {"post_add", "post_remove"}


@receiver(post_save, sender=Event)
def event_saved(instance: Event, created: bool, raw: bool = False, **_: Any) -> None:
    if not created and not raw:
        sessions_changed(uids_of([instance.pk]))


@receiver(post_save, sender=Session)
def session_saved(instance: Session, raw: bool = False, **_: Any) -> None:
    if not raw:
        sessions_changed([instance.uid])


@receiver(pre_delete, sender=Session)
def session_deleted(instance: Session, **_: Any) -> None:
    sessions_deleted([instance.uid])


@receiver(m2m_changed, sender=Event.instructors.through)
def event_assigned(instance: Event | Instructor, action: str, pk_set: set[int] | None, **_: Any) -> None:
    if action in {"pre_clear", "post_clear"}:
        touched_by_clear(instance, action)
    elif action in ASSIGNED:
        sessions_changed(uids_of([instance.pk] if isinstance(instance, Event) else pk_set or ()))


@receiver(m2m_changed, sender=Session.instructors.through)
def session_assigned(instance: Session | Instructor, action: str, pk_set: set[int] | None, **_: Any) -> None:
    if action in {"pre_clear", "post_clear"}:
        touched_by_clear(instance, action)
    elif action in ASSIGNED:
        uids = Session.objects.filter(pk__in=pk_set or ()).values_list("uid", flat=True)
        sessions_changed([instance.uid] if isinstance(instance, Session) else list(uids))


def touched_by_clear(instance: Event | Session | Instructor, action: str) -> None:
    """A clear does not say what it removes, so what was assigned is noted before and looked at after."""
    if action == "pre_clear" and isinstance(instance, Instructor):
        taught = Session.objects.filter(event__instructors=instance) | Session.objects.filter(instructors=instance)
        instance._cleared = list(taught.values_list("uid", flat=True))  # type: ignore[attr-defined]
    elif action == "post_clear" and isinstance(instance, Instructor):
        sessions_changed(instance._cleared)  # type: ignore[attr-defined]
    elif action == "post_clear" and isinstance(instance, Session):
        sessions_changed([instance.uid])
    elif action == "post_clear":
        sessions_changed(uids_of([instance.pk]))


@receiver(post_save, sender=Instructor)
def instructor_saved(instance: Instructor, created: bool, raw: bool = False, **_: Any) -> None:
    """An inactive instructor is as unassigned, and what was pulled of the calendar goes."""
    if created or raw:
        return
    mappings = list(CalendarMapping.objects.filter(instructor=instance))
    if not instance.is_active:
        for mapping in mappings:
            forget(mapping)
            drop_what_was_pulled(mapping, remove_copies=True)
    request_sync([mapping.pk for mapping in mappings])


@receiver(calendar_forgotten)
def drop_what_was_pulled(mapping: CalendarMapping, remove_copies: bool, **_: Any) -> None:
    ExternalEvent.objects.filter(mapping=mapping).delete()
    if remove_copies:
        SyncedEvent.objects.filter(mapping=mapping).update(released_at=now())


@receiver(sync_wanted)
def sync_these(mappings: list[int], bulk: bool = False, **_: Any) -> None:
    request_sync(mappings, bulk=bulk)


@receiver(integration_sync_wanted)
def sync_all(integration: Integration, **_: Any) -> None:
    """Somebody asks for it, so what rests after a failure is tried too."""
    mappings = CalendarMapping.objects.filter(integration=integration)
    request_sync(mappings.values_list("pk", flat=True), bulk=True)
    mappings.update(retry_at=None)
    SyncedEvent.objects.filter(mapping__integration=integration, rejected_fingerprint="").update(retry_at=None)


@receiver(privacy_changed)
def blank_titles(integration: Integration, **_: Any) -> None:
    """Back to free/busy: titles go at once. Titles allowed: a census brings them."""
    if integration.shows_titles:
        sync_all(integration)
    else:
        ExternalEvent.objects.filter(mapping__integration=integration).exclude(title="").update(title="")
