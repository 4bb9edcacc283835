"""Celery on a clock that is ahead: `python -m tests.real.shifted SECONDS worker ...`; SIGUSR2 sets it right."""

import signal
import sys
from datetime import UTC, datetime, timedelta

import time_machine
from celery.__main__ import main


def run(seconds: float) -> None:
    """Run Celery, with the rest of our arguments, on a clock that is so far ahead."""
    clock = time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True).start()
    signal.signal(signal.SIGUSR2, lambda *_: clock.shift(-seconds))
    sys.argv[:] = ["celery", *sys.argv[2:]]
    main()


if __name__ == "__main__":
    run(float(sys.argv[1]))
