"""One cycle through the real engine, as beat and a `bulk` worker do it.

As a program (`python -m bench.cycle`) it does one and prints what that took. Setting up, and the token, do not count.
"""

import json
import time

import django


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


def main() -> None:
    django.setup()
    import events.tasks  # noqa: F401  (what a worker has imported long before)
    from integrations.connection import connect
    from integrations.models import Integration
    from integrations.providers.microsoft.provider import Microsoft365

    provider = connect(Integration.objects.get())
    assert isinstance(provider, Microsoft365)
    provider.tokens.get()
    wall, cpu = time.perf_counter(), time.process_time()
    run_cycle()
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
