"""Pausing an integration, and taking it up again."""

from django.db import transaction

from integrations.models import Integration
from integrations.signals import discovery_wanted, integration_paused, integration_sync_wanted


@transaction.atomic
def deactivate(integration: Integration) -> None:
    """Push, pull and delete nothing more until it is activated again."""
    _switch(integration, Integration.Status.INACTIVE)
    integration_paused.send(Integration, integration=integration)


@transaction.atomic
def activate(integration: Integration) -> None:
    """Take everything up again: people who came meanwhile are looked up, all calendars synced."""
    _switch(integration, Integration.Status.ACTIVE)
    wake(integration)


@transaction.atomic
def wake(integration: Integration) -> None:
    """Forget what failed, and sync all calendars soon: somebody has put right what was wrong."""
    integration.recover()
    discovery_wanted.send(Integration, integration=integration)
    integration_sync_wanted.send(Integration, integration=integration)


def _switch(integration: Integration, status: Integration.Status) -> None:
    integration.status = status
    integration.save(update_fields=["status"])
