"""From a stored integration to the provider that serves it."""

from functools import lru_cache

from django.conf import settings

from integrations.models import Integration
from integrations.providers.base import PROVIDERS, Provider
from integrations.providers.microsoft import provider as _microsoft  # noqa: F401  (registers itself)
from integrations.providers.types import Check, Credentials, Endpoints


def connect(integration: Integration) -> Provider:
    """The provider of `integration`. The same credentials give the same one, with its token and connections."""
    return _connect(integration.kind, credentials_of(integration), endpoints())


def check(integration: Integration) -> list[Check]:
    """Try every right of `integration`, which need not be saved. Talks to the provider, with nothing remembered."""
    fresh = PROVIDERS[integration.kind](credentials_of(integration), endpoints())
    return list(fresh.check(integration.user_id))


def resolve_tenant(integration: Integration) -> str:
    """The GUID of the tenant, where `tenant_id` may be one of its domains. Raises ProviderError."""
    return connect(integration).resolve_tenant()


def credentials_of(integration: Integration) -> Credentials:
    return Credentials(integration.tenant_id, integration.client_id, integration.client_secret, integration.cloud)


def endpoints() -> Endpoints:
    return Endpoints(settings.MICROSOFT_LOGIN_URL, settings.MICROSOFT_GRAPH_URL, settings.MICROSOFT_CA_FILE)


@lru_cache(maxsize=64)
def _connect(kind: str, credentials: Credentials, hosts: Endpoints) -> Provider:
    return PROVIDERS[kind](credentials, hosts)
