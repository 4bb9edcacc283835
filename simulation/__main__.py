"""`python -m simulation --seeds N --first K --every M`: run seeds in this process; a line of JSON for each."""

import argparse
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import django
from django.core.management import call_command


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="leave out the seeds between, which others run")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--trace", action="store_true", help="tell everything that happens")
    return parser.parse_args()


def main() -> int:
    options = read_arguments()
    django.setup()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0, interactive=False)
    with stage() as play:
        for seed in range(options.first, options.first + options.seeds, options.every):
            report(play, seed, options)
    return 0


@contextmanager
def stage() -> Iterator[Any]:
    """What runs a script: a sandbox, one clock for everything, and a broker in memory."""
    from django.conf import settings

    from devtools import process
    from simulation.broker import Broker
    from simulation.clock import Clock
    from simulation.run import run
    from simulation.sandbox import Sandbox

    command = [sys.executable, "-m", "sandbox", "--port", "0"]
    running = process.spawn(command, output=subprocess.PIPE, errors_apart=True)
    try:
        assert running.stdout is not None
        line = json.loads(running.stdout.readline())
        settings.MICROSOFT_LOGIN_URL, settings.MICROSOFT_GRAPH_URL = line["login_url"], line["graph_url"]
        settings.MICROSOFT_CA_FILE = line["ca_file"]
        settings.SYNC_BATCHES_IN_FLIGHT = {"realtime": 1, "bulk": 1}  # one at a time comes always in the same order
        clock = Clock()
        sandbox, broker = Sandbox(line, clock), Broker(clock)
        with ExitStack() as running_parts:
            running_parts.enter_context(clock.running())
            running_parts.enter_context(broker.running())
            yield lambda script: run(script, sandbox, clock, broker)
    finally:
        process.stop(running)


def report(play: Any, seed: int, options: argparse.Namespace) -> None:
    from simulation import faults
    from simulation.script import write
    from simulation.shrink import shrink

    began = time.perf_counter()
    outcome = play(write(seed, options.steps, faults.WEATHER))
    said: dict[str, Any] = {
        "seed": seed,
        "digest": outcome.digest,
        "fired": outcome.fired,
        "requests": outcome.requests,
    }
    if outcome.failure:
        shrunk = shrink(outcome.script, lambda script: bool(play(script).failure))
        last = play(shrunk)
        said |= {"failure": last.failure or outcome.failure, "script": str(shrunk), "trace": last.trace}
    elif options.trace:
        said["trace"] = outcome.trace
    said["seconds"] = round(time.perf_counter() - began, 2)
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    sys.exit(main())
