"""A demo as a process, for the tests that need one."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devtools import ROOT
from devtools.demo_state import free_port

START_LIMIT, STOP_LIMIT = 90, 10


@contextmanager
def demo(state: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a demo from this folder on a free port, with servers of its own; its log lies beside the folder."""
    own = {"DATABASE_URL", "REDIS_URL"}
    env = {key: value for key, value in os.environ.items() if key not in own}
    command = [sys.executable, "-m", "devtools", "demo", "--state", str(state), "--port", str(free_port()), *options]
    with (state.parent / "demo.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def announcement(state: Path) -> dict[str, Any]:
    """Wait until the demo runs; what it says in demo.json."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and not (state / "demo.json").exists():
        time.sleep(0.1)
    assert (state / "demo.json").exists(), log_of(state)
    said: dict[str, Any] = json.loads((state / "demo.json").read_text())
    return said


def log_of(state: Path) -> str:
    """What the demo has printed."""
    return (state.parent / "demo.log").read_text()


def of_the_demo(state: Path) -> list[int]:
    """Every process whose command line or environment names this state directory."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and mentions(entry, str(state).encode())
    ]


def mentions(entry: Path, text: bytes) -> bool:
    try:
        return text in (entry / "cmdline").read_bytes() or text in (entry / "environ").read_bytes()
    except OSError:
        return False


def is_healthy(url: str) -> bool:
    with urllib.request.urlopen(f"{url}healthz", timeout=5) as answer:  # noqa: S310 - our own address
        return bool(answer.status == 200)


def stop(process: subprocess.Popen[bytes], number: signal.Signals) -> tuple[int, float]:
    """Signal the demo; its exit status, and the seconds that it took to end."""
    started = time.monotonic()
    process.send_signal(number)
    return process.wait(STOP_LIMIT * 2), time.monotonic() - started
