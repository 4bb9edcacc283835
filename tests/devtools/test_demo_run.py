"""The demo as a person has it: started from an empty folder, used, stopped, and started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from devtools import ROOT
from devtools.demo_state import DemoState, free_port
from tests.devtools.processes import still_running_after

START_LIMIT, STOP_LIMIT = 90, 10
pytestmark = pytest.mark.timeout(300)


@contextmanager
def demo(state: Path, *options: str):
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


def announcement(state: Path) -> dict:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and not (state / "demo.json").exists():
        time.sleep(0.1)
    assert (state / "demo.json").exists(), (state.parent / "demo.log").read_text()
    return json.loads((state / "demo.json").read_text())


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
        return answer.status == 200


def stop(process: subprocess.Popen, number: signal.Signals) -> tuple[int, float]:
    started = time.monotonic()
    process.send_signal(number)
    return process.wait(STOP_LIMIT * 2), time.monotonic() - started


def test_the_demo_starts_stops_within_ten_seconds_leaves_no_process_and_goes_on_from_there(tmp_path):
    state = tmp_path / "state"
    with demo(state) as process:
        first = announcement(state)
        assert is_healthy(first["url"])
        running = of_the_demo(state)

        status, seconds = stop(process, signal.SIGINT)

        assert status == 0
        assert seconds < STOP_LIMIT
        assert len(running) > 8
        assert still_running_after(running, patience=0) == []
        assert not (state / "demo.json").exists()
    with demo(state, "--fast") as process:
        second = announcement(state)
        stop(process, signal.SIGTERM)

        assert second["logins"] == first["logins"]
        assert second["sandbox"] == first["sandbox"]


def test_a_second_demo_in_the_same_folder_is_refused_in_one_sentence(tmp_path):
    state = tmp_path / "state"
    with demo(state):
        announcement(state)

        command = [sys.executable, "-m", "devtools", "demo", "--state", str(state), "--port", str(free_port())]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert second.returncode == 2
    assert second.stderr == "dev: The demo runs already from this folder; stop that one first.\n"


def test_when_one_part_ends_the_reason_is_said_and_the_others_are_stopped(tmp_path):
    state = tmp_path / "state"
    with demo(state) as process:
        announcement(state)
        running = of_the_demo(state)
        bulk = [pid for pid in running if b"bulk@demo" in Path(f"/proc/{pid}/cmdline").read_bytes()]

        os.kill(min(bulk), signal.SIGKILL)  # the first is the parent of its pool

        assert process.wait(20) == 1
    assert "bulk was ended by SIGKILL; stopping the rest." in (tmp_path / "demo.log").read_text()
    assert still_running_after(running, patience=1) == []


def test_a_sandbox_port_that_somebody_else_has_by_now_is_said(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        kept = DemoState.load_or_create(state)
        kept.sandbox_port = taken.getsockname()[1]
        kept.save()

        with demo(state) as process:
            status = process.wait(60)

    assert status == 1
    assert "The sandbox cannot have its port" in (tmp_path / "demo.log").read_text()
