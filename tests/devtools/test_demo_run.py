"""The demo as a person has it: started from an empty folder, used, stopped, and started again."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import ROOT
from devtools.demo_state import DemoState, free_port
from tests.devtools.demos import STOP_LIMIT, announcement, demo, is_healthy, log_of, of_the_demo, stop
from tests.devtools.processes import still_running_after

pytestmark = pytest.mark.timeout(300)


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
        assert (state / "static" / "staticfiles.json").exists()  # no other demo writes there
        assert still_running_after(running, patience=0) == []
        assert not (state / "demo.json").exists()
    with demo(state, "--fast") as process:
        second = announcement(state)
        command = [sys.executable, "-m", "devtools", "demo", "--state", str(state), "--port", str(free_port())]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        stop(process, signal.SIGTERM)

        assert second["logins"] == first["logins"]
        assert second["sandbox"] == first["sandbox"]
        assert refused.returncode == 2
        assert refused.stderr == "dev: The demo runs already from this folder; stop that one first.\n"


def test_when_one_part_ends_or_a_server_the_reason_is_said_and_the_others_are_stopped(tmp_path):
    state = tmp_path / "state"
    with demo(state) as process:
        announcement(state)
        running = of_the_demo(state)
        bulk = [pid for pid in running if b"bulk@demo" in Path(f"/proc/{pid}/cmdline").read_bytes()]

        os.kill(min(bulk), signal.SIGKILL)  # the first is the parent of its pool

        assert process.wait(20) == 1
    assert "bulk was ended by SIGKILL; stopping the rest." in log_of(state)
    assert still_running_after(running, patience=1) == []
    with demo(state) as process:
        announcement(state)
        running = of_the_demo(state)
        server = min(pid for pid in running if b"valkey-server" in Path(f"/proc/{pid}/cmdline").read_bytes())

        os.kill(server, signal.SIGKILL)

        assert process.wait(20) == 1
    said = [line for line in log_of(state).splitlines() if line.startswith("dev: ")]
    assert said == ["dev: Valkey was ended by SIGKILL; stopping the rest."]
    assert still_running_after(running, patience=5) == []


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
    assert "The sandbox cannot have its port" in log_of(state)
