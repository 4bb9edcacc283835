"""Real processes of the product for the tests that need them: workers and beat, on the test's database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import Sandbox, process_environment

ROLES = {
    "realtime": ["worker", "-Q", "realtime", "-c", "2", "--without-gossip", "--without-mingle"],
    "bulk": ["worker", "-Q", "bulk", "-c", "1", "--without-gossip", "--without-mingle"],
    "beat": ["beat", "--schedule"],
}


@contextmanager
def running(
    sandbox: Sandbox, folder: Path, *roles: str, **environment: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run these roles until the block ends; their logs are in `folder`."""
    values = {
        "MICROSOFT_LOGIN_URL": sandbox.line["login_url"],
        "MICROSOFT_GRAPH_URL": sandbox.line["graph_url"],
        "MICROSOFT_CA_FILE": sandbox.line["ca_file"],
        **environment,
    }
    processes = {role: start(role, folder, values) for role in roles}
    try:
        wait_for(lambda: all(ready(role, folder) for role in roles), seconds=40)
        yield processes
    finally:
        for process in processes.values():
            end(process)


def end(process: subprocess.Popen[bytes], signal_: signal.Signals = signal.SIGTERM) -> None:
    """Signal the whole group of `process`, and wait; what does not end is killed."""
    if process.poll() is None:
        os.killpg(process.pid, signal_)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def start(role: str, folder: Path, values: dict[str, str]) -> subprocess.Popen[bytes]:
    arguments = [*ROLES[role], *([str(folder / "beat")] if role == "beat" else ["-n", f"{role}-{folder.name}@%h"])]
    command = [sys.executable, "-m", "celery", "-A", "calsync", *arguments, "-l", "INFO"]
    with (folder / f"{role}.log").open("wb") as log:
        return subprocess.Popen(
            command, env=process_environment(**values), stdout=log, stderr=log, start_new_session=True
        )


def ready(role: str, folder: Path) -> bool:
    text = (folder / f"{role}.log").read_text()
    return "ready" in text if role != "beat" else "beat: Starting" in text


def wait_for(claim: Callable[[], Any], *, seconds: float) -> float:
    """Wait until `claim` holds; the seconds it took. Fails after `seconds`."""
    started = time.monotonic()
    while not claim():
        assert time.monotonic() - started < seconds, f"not so within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - started
