"""Deleting an integration, and what else ends with a clean-up: the ordinary diff towards nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.hints import request_sync
from events.models import ExternalEvent, SyncedEvent, SyncedEventQuerySet
from events.sync.state import horizon
from instructors.models import CalendarMapping, Unmatched
from integrations.models import Integration
from integrations.signals import discovery_wanted


@dataclass(frozen=True)
class Consequences:
    """What goes, or stays behind, with an integration: `copies` of ours stand in `calendars`."""

    copies: int
    calendars: int
    external_events: int


def consequences(integration: Integration) -> Consequences:
    found = live_copies(integration).aggregate(copies=Count("pk"), calendars=Count("mapping", distinct=True))
    externals = ExternalEvent.objects.filter(mapping__integration=integration).count()
    return Consequences(found["copies"], found["calendars"], externals)


def close(integration: Integration, *, keep_copies: bool) -> None:
    """Delete `integration`: at once where our copies may stay in Outlook, else once they are removed there."""
    if keep_copies:
        drop(integration)
        return
    with transaction.atomic():
        integration.closing_at = now()
        integration.problem, integration.retry_at = "", None
        integration.save(update_fields=["closing_at", "problem", "retry_at"])
        mappings = CalendarMapping.objects.filter(integration=integration)
        request_sync(mappings.values_list("pk", flat=True), bulk=True)
        mappings.update(retry_at=None)
        SyncedEvent.objects.filter(mapping__integration=integration).update(released_at=now())
    if not live_copies(integration).exists():
        drop(integration)


@transaction.atomic
def drop(integration: Integration) -> None:
    """Delete everything of `integration` here, and nothing in Outlook."""
    mappings = CalendarMapping.objects.filter(integration=integration)
    list(mappings.select_for_update().values_list("pk"))  # a running sync writes nothing in between
    SyncedEvent.objects.filter(mapping__in=mappings).delete()
    ExternalEvent.objects.filter(mapping__in=mappings).delete()
    Unmatched.objects.filter(integration=integration).delete()
    mappings.delete()
    integration.delete()


def tidy(mappings: Sequence[CalendarMapping]) -> None:
    """Finish what was waiting for these calendars to be clean: a stop, a changed address, a deleted integration."""
    if not mappings:
        return
    for mapping in mappings:
        if (mapping.removes_copies or mapping.leaving_at) and not live(
            SyncedEvent.objects.filter(mapping=mapping)
        ).exists():
            finish(mapping)
    integration = mappings[0].integration
    if integration.is_closing:
        finish_closing(Integration.objects.filter(pk=integration.pk).first())


@transaction.atomic
def finish(mapping: CalendarMapping) -> None:
    """The calendar is clean: nothing more is to be done in it, or it is let go."""
    if not mapping.leaving_at:
        CalendarMapping.objects.filter(pk=mapping.pk).update(removes_copies=False, synced_at=None)
        return
    SyncedEvent.objects.filter(mapping=mapping).delete()
    CalendarMapping.objects.filter(pk=mapping.pk).delete()
    discovery_wanted.send(Integration, integration=mapping.integration)


def finish_closing(integration: Integration | None) -> None:
    """Let a closing integration go once it is clean; until then say what stands in the way."""
    if integration is None:
        return
    left = consequences(integration)
    if not left.copies:
        drop(integration)
        return
    reason = why_not_clean(integration)
    if reason and not integration.problem:
        Integration.objects.filter(pk=integration.pk).update(
            problem=_("%(items)s in %(calendars)s could not be removed yet. %(reason)s")
            % {
                "items": ngettext("%d item", "%d items", left.copies) % left.copies,
                "calendars": ngettext("%d calendar", "%d calendars", left.calendars) % left.calendars,
                "reason": reason,
            }
        )


def why_not_clean(integration: Integration) -> str:
    """What was said of the first calendar or copy that could not be cleaned; empty while all goes well."""
    resting = CalendarMapping.objects.filter(integration=integration, retry_at__isnull=False).exclude(problem="")
    calendars = resting.values_list("problem", flat=True)
    copies = live_copies(integration).exclude(problem="").values_list("problem", flat=True)
    return calendars.first() or copies.order_by("pk").first() or ""


def live_copies(integration: Integration) -> SyncedEventQuerySet:
    return live(SyncedEvent.objects.filter(mapping__integration=integration))


def live(copies: SyncedEventQuerySet) -> SyncedEventQuerySet:
    """Those that still matter: what is over stays where it is."""
    return copies.filter(ends_at__gte=horizon())
