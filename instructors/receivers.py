"""What this floor does when something below or on it changes. Hints only: the work is done in tasks."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from instructors.models import CalendarMapping, Instructor
from instructors.tasks import discover_in
from integrations.models import Integration
from integrations.signals import discovery_wanted, integration_paused, privacy_changed


def enqueue_discovery(integrations: Sequence[int], instructors: list[int] | None = None) -> None:
    def publish() -> None:
        for pk in integrations:
            discover_in.delay(pk, instructors)

    transaction.on_commit(publish, robust=True)


@receiver(discovery_wanted)
def look_everybody_up(integration: Integration, **_: Any) -> None:
    enqueue_discovery([integration.pk])


@receiver(post_save, sender=Instructor)
def look_up_whoever_has_no_mailbox_of_this_address(instance: Instructor, raw: bool = False, **_: Any) -> None:
    if raw or not instance.is_active:
        return
    paired = CalendarMapping.objects.filter(instructor=instance, address__iexact=instance.email, leaving_at=None)
    lacking = Integration.objects.filter(status="active", closing_at=None).exclude(pk__in=paired.values("integration"))
    pks = list(lacking.values_list("pk", flat=True))
    if pks:
        enqueue_discovery(pks, [instance.pk])


@receiver(privacy_changed)
def read_everything_again_with_titles(integration: Integration, **_: Any) -> None:
    """A census is what brings the titles of items that did not change since."""
    stop_what_runs(integration)
    if integration.shows_titles:
        started_over = {"census_at": None, "next_cursor": "", "census_link": ""}
        CalendarMapping.objects.filter(integration=integration).update(**started_over)


@receiver(integration_paused)
def stop_what_runs(integration: Integration, **_: Any) -> None:
    """Take the leases of running syncs: they know the old settings, and write nothing more without them."""
    CalendarMapping.objects.filter(integration=integration).update(lease=None, leased_until=None)
