"""A first sync through the real engine, as a `bulk` worker does it.

As a program (`python -m bench.cold_cycle`) it does two and prints what each took: the first in a process that is new
but has Django set up, the database connected and a token; the second as in a worker that has run for a while.
"""

import json

from bench.cycle import get_ready, run_cycle
from bench.figures import memory, taken

FORGOTTEN = {"cursor": "", "next_cursor": "", "census_link": "", "census_at": None, "synced_at": None}


def forget() -> None:
    """Let no mailbox have been synced ever."""
    from django.db import connection

    from instructors.models import CalendarMapping

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE events_externalevent")
    CalendarMapping.objects.update(**FORGOTTEN)


def main() -> None:
    get_ready()
    before, takes = memory()["now_mb"], []
    for _ in range(2):
        forget()
        took = taken(run_cycle)
        peak = memory()["peak_mb"]
        takes.append({**took, "peak_mb": peak, "grown_mb": peak - before})
    print(json.dumps(takes))


if __name__ == "__main__":
    main()
