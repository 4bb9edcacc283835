"""Background work of this floor. A task takes ids and calls one function."""

from celery import shared_task

from instructors.discovery import discover, unanswered
from integrations.models import Integration


@shared_task
def discover_in(integration_pk: int, instructors: list[int] | None = None) -> None:
    """Pair the instructors of one integration, or some of them."""
    integration = Integration.objects.filter(pk=integration_pk).first()
    if integration is not None:
        discover(integration, instructors)


@shared_task
def discover_all() -> None:
    """Pair whoever is not paired, everywhere; daily."""
    for pk in Integration.objects.working().values_list("pk", flat=True):
        discover_in.delay(pk)


@shared_task
def discover_unanswered() -> None:
    """Ask again for those of whom nothing is known, because the hint was lost or the directory was away; each cycle."""
    for integration in Integration.objects.working().filter(closing_at=None):
        if people := unanswered(integration):
            discover_in.delay(integration.pk, people)
