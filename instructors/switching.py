"""Stopping and starting the sync of one calendar."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.timezone import now

from instructors.signals import calendar_forgotten, sync_wanted
from integrations.models import Integration
from integrations.signals import discovery_wanted

if TYPE_CHECKING:
    from instructors.models import CalendarMapping

FORGOTTEN: dict[str, object] = {
    "cursor": "",
    "next_cursor": "",
    "census_link": "",
    "census_at": None,
    "synced_at": None,
    "problem": "",
    "retry_at": None,
    "failing_since": None,
    "unread": "",
    "unreadable": 0,
    "lapses": 0,
    "lease": None,
    "leased_until": None,
}


@transaction.atomic
def stop(mapping: "CalendarMapping", *, remove_copies: bool) -> None:
    """Sync `mapping` no more: its external events go at once, its copies in Outlook where `remove_copies` says so."""
    forget(mapping, sync_enabled=False, removes_copies=remove_copies or mapping.leaving_at is not None)
    calendar_forgotten.send(type(mapping), mapping=mapping, remove_copies=remove_copies)
    if remove_copies:
        sync_wanted.send(type(mapping), mappings=[mapping.pk])


@transaction.atomic
def start(mapping: "CalendarMapping") -> None:
    """Sync `mapping` again. The copies that were kept are known, so the first sync makes no second ones."""
    forget(mapping, sync_enabled=True, removes_copies=False)
    sync_wanted.send(type(mapping), mappings=[mapping.pk], bulk=True)
    if mapping.address.lower() != mapping.instructor.email.lower():
        discovery_wanted.send(Integration, integration=mapping.integration)


@transaction.atomic
def leave(mapping: "CalendarMapping") -> None:
    """Give up a mailbox that is no longer its instructor's: clean it, then drop the mapping."""
    forget(mapping, sync_enabled=True, leaving_at=now())
    calendar_forgotten.send(type(mapping), mapping=mapping, remove_copies=True)
    sync_wanted.send(type(mapping), mappings=[mapping.pk], bulk=True)


def forget(mapping: "CalendarMapping", **values: object) -> None:
    """Drop how far the sync of `mapping` has come, and its lease: a running sync of it writes nothing more."""
    for name, value in (FORGOTTEN | values).items():
        setattr(mapping, name, value)
    mapping.save(update_fields=[*FORGOTTEN, *values])
