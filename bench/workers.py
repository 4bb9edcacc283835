"""The product's own worker processes, as an operator starts them."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from calsync import celery_app
from devtools import process

QUEUES = ("realtime", "bulk")
CONCURRENCY = "2"


@contextmanager
def workers(folder: Path) -> Iterator[None]:
    """Run a worker for each queue, and wait until both answer; their logs are in `folder`."""
    with ExitStack() as running:
        for queue in QUEUES:
            running.enter_context(worker(queue, folder / f"{queue}.log"))
        wait_until_all_answer()
        yield


@contextmanager
def worker(queue: str, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "--quiet", "--skip-checks", "-A", "calsync", "worker", "-Q", queue]
    options = ["--concurrency", CONCURRENCY, "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    with log.open("wb") as output:
        running = process.spawn([*command, *options, "--hostname", f"{queue}@bench"], output=output)
    try:
        yield
    finally:
        process.stop(running)


def wait_until_all_answer(patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while len(celery_app.control.ping(timeout=0.5) or ()) < len(QUEUES):
        if time.monotonic() > deadline:
            raise SystemExit("bench: the workers did not start.")
