"""A worker that syncs one calendar, and says what that added to its memory.

A program (`python -m bench.memory_worker`): reads from standard input which calendar makes it warm (Django, the
database, a token, every import and cache) and which one is measured.
"""

import json
import sys
from pathlib import Path

from bench.cycle import get_ready
from bench.figures import memory, taken

FORGET_PEAK = "5"  # see proc(5), clear_refs


def sync_one(mapping: int) -> None:
    """Sync one calendar as a `bulk` task does, as often as it takes."""
    from events.tasks import sync_in_bulk
    from instructors.models import CalendarMapping

    sync_in_bulk([mapping], hinted=False)
    while CalendarMapping.objects.filter(pk=mapping, requested_at__isnull=False).exists():
        sync_in_bulk([mapping], hinted=True)


def main() -> None:
    given = json.load(sys.stdin)
    get_ready()
    for _ in range(2):
        sync_one(given["warm"])
    before = memory()["now_mb"]
    Path("/proc/self/clear_refs").write_text(FORGET_PEAK)
    took = taken(lambda: sync_one(given["measured"]))
    after = memory()
    added = {"grown_mb": after["peak_mb"] - before, "kept_mb": after["now_mb"] - before}
    print(json.dumps([{**took, **added, "worker_mb": before}]))


if __name__ == "__main__":
    main()
