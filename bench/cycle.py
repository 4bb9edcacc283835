"""One cycle through the real engine, as beat and a `bulk` worker do it.

As a program (`python -m bench.cycle`) it does two and prints what each took: the first in a process that is new but
has Django set up, the database connected and a token; the second as in a worker that has run for a while.
"""

import json

import django

from bench.figures import taken


def run_cycle() -> None:
    """Sync everything that is due, chunk by chunk."""
    from django.utils.timezone import now

    from events.tasks import CHUNK, sync_due
    from instructors.models import CalendarMapping
    from integrations.models import Integration

    tick = now()
    for integration in Integration.objects.working().values_list("pk", flat=True):
        due = CalendarMapping.objects.filter(integration=integration).syncable().awake().not_seen_since(tick).count()
        for _ in range(-(-due // CHUNK)):
            sync_due(integration, tick.isoformat())


def get_ready() -> None:
    """Do what a worker has done before its first task: Django, a connection to the database, a token."""
    django.setup()
    from django.db import connection

    import events.tasks  # noqa: F401
    from integrations.connection import connect
    from integrations.models import Integration
    from integrations.providers.microsoft.provider import Microsoft365

    provider = connect(Integration.objects.get())
    assert isinstance(provider, Microsoft365)
    provider.tokens.get()
    connection.ensure_connection()


def main() -> None:
    get_ready()
    print(json.dumps([taken(run_cycle), taken(run_cycle)]))


if __name__ == "__main__":
    main()
