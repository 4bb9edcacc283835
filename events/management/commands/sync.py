"""manage.py sync: bring everything up to date now."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.sync.everything import plans, sync_everything
from instructors.models import CalendarMapping, Instructor
from integrations.models import Integration


class Command(BaseCommand):
    help = (
        "Match instructors and sync every enabled calendar now. Exit code 0: all done; 1: something failed; 2: usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--integration", metavar="NAME", help="only this integration")
        parser.add_argument("--instructor", metavar="EMAIL", help="only this instructor")
        parser.add_argument("--census", action="store_true", help="read every calendar whole, not only its changes")
        parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        integrations = self.integrations(options["integration"])
        mappings = CalendarMapping.objects.filter(integration__in=integrations)
        if email := options["instructor"]:
            mappings = mappings.filter(instructor__email__iexact=email.strip())
            if not Instructor.objects.filter(email__iexact=email.strip()).exists():
                raise CommandError(f"There is no instructor with the address {email}.", returncode=2)
        if options["dry_run"]:
            self.say(plans(mappings))
            return
        if options["census"]:
            mappings.update(census_at=None, next_cursor="", census_link="")
        self.sync(mappings, integrations, as_json=options["json"])

    def integrations(self, name: str | None) -> list[Integration]:
        found = list(Integration.objects.filter(name=name) if name else Integration.objects.all())
        if name and not found:
            raise CommandError(f"There is no integration named {name}.", returncode=2)
        return [one for one in found if one.is_active or one.is_closing]

    def say(self, lines: Iterable[str]) -> None:
        is_silent = True
        for line in lines:
            self.stdout.write(line)
            is_silent = False
        if is_silent:
            self.stderr.write("Nothing would be written to a calendar now.")

    def sync(self, mappings: Any, integrations: list[Integration], *, as_json: bool) -> None:
        started = time.monotonic()
        report = sync_everything(mappings, integrations, progress=self.progress)
        seconds = round(time.monotonic() - started, 3)
        numbers = vars(report)
        if as_json:
            self.stdout.write(json.dumps({**numbers, "seconds": seconds}))
        else:
            self.stdout.write(f"Done in {seconds} s: " + ", ".join(f"{n} {name}" for name, n in numbers.items()) + ".")
        if report.failed:
            sys.exit(1)

    def progress(self, done: int, total: int) -> None:
        self.stderr.write(f"{done} of {total} calendars")
