"""Real processes of the product for the tests that need them: workers and beat, on the test's database."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devtools import process as child
from tests.conftest import Sandbox, process_environment

QUIET = ["--without-gossip", "--without-mingle"]
ROLES = {
    "realtime": ["worker", "-Q", "realtime", "-c", "2", *QUIET],
    "bulk": ["worker", "-Q", "bulk", "-c", "1", *QUIET],
    "worker": ["worker", "-Q", "realtime,bulk", "-c", "1", *QUIET],
    "stack": ["worker", "-Q", "realtime,bulk", "-c", "1", *QUIET, "--beat"],  # with a beat of its own
    "solo": ["worker", "-Q", "realtime,bulk", "-P", "solo", *QUIET],  # which works without a child
    "mortal": ["worker", "-Q", "realtime,bulk", "-P", "solo", *QUIET, "--beat"],
    "beat": ["beat"],
}
CELERY = ("celery",)


@contextmanager
def running(
    sandbox: Sandbox, folder: Path, *roles: str, program: Sequence[str] = CELERY, **environment: str
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run these roles until the block ends; their logs are in `folder`. A second one of a role is called `beat-2`.

    `program` is the module that is run for each, with the first of its arguments.
    """
    folder.mkdir(exist_ok=True)
    values = {
        "MICROSOFT_LOGIN_URL": sandbox.line["login_url"],
        "MICROSOFT_GRAPH_URL": sandbox.line["graph_url"],
        "MICROSOFT_CA_FILE": sandbox.line["ca_file"],
        **environment,
    }
    processes = {role: start(role, folder, values, program) for role in roles}
    try:
        wait_for(lambda: all(ready(role, folder, process) for role, process in processes.items()), seconds=60)
        yield processes
    finally:
        for process in processes.values():
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask `process` to finish its work and end; what has not ended after a while is killed."""
    child.stop(process, grace=15)


def kill(*processes: subprocess.Popen[bytes]) -> None:
    """What `kill -9` does to these processes and their children, at the same moment."""
    for process in processes:
        child.kill_group(process.pid)
    for process in processes:
        process.wait(5)


def start(role: str, folder: Path, values: dict[str, str], program: Sequence[str] = CELERY) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", *program, "-A", "calsync", *ROLES[role.partition("-")[0]], *named(role, folder)]
    with log_of(role, folder).open("wb") as log:
        return subprocess.Popen(
            [*command, "-l", "INFO"],
            env=process_environment(**values),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def named(role: str, folder: Path) -> list[str]:
    """The options that keep this process apart from others of its role."""
    schedule = ["--schedule", str(folder / f"{role}.schedule")]
    if role.startswith("beat"):
        return schedule
    return ["-n", f"{role}-{folder.name}@%h", *(schedule if role in ("stack", "mortal") else [])]


def log_of(role: str, folder: Path) -> Path:
    return folder / f"{role}.log"


def ready(role: str, folder: Path, process: subprocess.Popen[bytes]) -> bool:
    text = log_of(role, folder).read_text()
    assert process.poll() is None, f"{role} has ended: {text[-2000:]}"
    return ("beat: Starting" if role.startswith("beat") else " ready") in text


def wait_for(claim: Callable[[], Any], *, seconds: float) -> float:
    """Wait until `claim` holds; the seconds it took. Fails after `seconds`."""
    started = time.monotonic()
    while not claim():
        assert time.monotonic() - started < seconds, f"not so within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - started
