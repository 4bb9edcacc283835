"""Creating an integration whose connection test has passed."""

from django.db import transaction

from integrations.models import Integration
from integrations.signals import discovery_wanted


@transaction.atomic
def create(integration: Integration) -> Integration:
    """Save `integration` and have its people looked up."""
    integration.save()
    discovery_wanted.send(Integration, integration=integration)
    return integration
