"""`python -m bench [idle] [push] [cold] [memory] [calendar] [sandbox]`: measure, print a table and one line of JSON."""

import argparse
import importlib
import json
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from bench.figures import table
from bench.stage import stage
from devtools.process import Terminated

BENCHES = ("idle", "push", "cold", "memory", "calendar", "sandbox")


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure calsync; ratios hold within one run.")
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--mailboxes", type=int, default=2000, help="of the idle cycle (default: %(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="idle and cold syncs, and loads, to take the median of (%(default)s)"
    )
    parser.add_argument("--pushes", type=int, default=120, help="events saved in each half (default: %(default)s)")
    parser.add_argument("--first-sync", type=int, default=200, help="mailboxes that one has (default: %(default)s)")
    parser.add_argument("--items", type=int, default=50_000, help="in the huge calendar (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="that a load lasts (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args(arguments)
    if unknown := set(options.benches) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    return options


def main() -> None:
    options = read_arguments()
    signal.signal(signal.SIGTERM, stop)
    figures: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="calsync-bench-") as folder, stage(Path(folder)) as ready:
        for name in options.benches or BENCHES:
            figures[name] = importlib.import_module(f"bench.{name}").measure(ready, options)
    print(table(figures))
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def machine() -> dict[str, Any]:
    """What the figures depend on; a load of more than a little makes them worthless, the ratios less so."""
    load = round(os.getloadavg()[0], 2)
    return {"cpus": os.cpu_count(), "python": platform.python_version(), "load_before": load}


def stop(number: int, frame: FrameType | None) -> None:
    raise Terminated


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
