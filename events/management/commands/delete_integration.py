"""manage.py delete_integration: what the page does, for scripts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.closing import close, consequences
from integrations.models import Integration


class Command(BaseCommand):
    help = "Delete an integration: its mappings, external events and set-up, and our copies in Outlook."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--keep-copies", action="store_true", help="leave our copies in Outlook")

    def handle(self, *args: Any, **options: Any) -> None:
        integration = Integration.objects.filter(name=options["name"]).first()
        if integration is None:
            raise CommandError(f"There is no integration named {options['name']}.")
        gone = consequences(integration)
        close(integration, keep_copies=options["keep_copies"])
        numbers = f"{gone.copies} copies in {gone.calendars} calendars, {gone.external_events} external events"
        if Integration.objects.filter(pk=integration.pk).exists():
            self.stdout.write(f"{integration.name} is being deleted ({numbers}). It goes once its calendars are clean.")
        else:
            self.stdout.write(f"{options['name']} is deleted ({numbers}).")
