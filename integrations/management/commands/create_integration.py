"""manage.py create_integration: what the form does, for scripts."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from integrations.connection import check, resolve_tenant
from integrations.models import Integration
from integrations.providers.errors import ProviderError
from integrations.setup import create


class Command(BaseCommand):
    help = (
        "Test and create an integration with Microsoft 365. "
        "The client secret is read from CALSYNC_CLIENT_SECRET or standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--tenant", required=True, help="Tenant ID, or a domain of the tenant")
        parser.add_argument("--client", required=True, help="Client ID of the app")
        parser.add_argument("--user", required=True, help="User ID: the account whose calendar the test writes in")

    def handle(self, *args: Any, **options: Any) -> None:
        integration = Integration(
            name=options["name"],
            tenant_id=options["tenant"],
            client_id=options["client"],
            user_id=options["user"],
            client_secret=self.secret(),
        )
        self.test(integration)
        try:
            integration.tenant_id = resolve_tenant(integration)
            integration.full_clean()
        except (ValidationError, ProviderError) as error:
            raise CommandError(sentences(error)) from error
        create(integration)
        self.stdout.write(f"{integration.name} is created. Its instructors are being matched.")

    def secret(self) -> str:
        if secret := os.environ.get("CALSYNC_CLIENT_SECRET"):
            return secret
        if sys.stdin.isatty():
            self.stderr.write("Client secret, then Enter:")
        if secret := sys.stdin.readline().strip():
            return secret
        raise CommandError("There is no client secret, neither in CALSYNC_CLIENT_SECRET nor on standard input.")

    def test(self, integration: Integration) -> None:
        for step in check(integration):
            if step.passed:
                self.stdout.write(f"ok      {step.name}: {step.detail}")
            elif step.passed is False:
                raise CommandError(f"{step.name}: {step.detail} {step.why} {' '.join(step.todo)} Nothing was saved.")


def sentences(error: ValidationError | ProviderError) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
