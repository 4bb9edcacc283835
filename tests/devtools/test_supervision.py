"""Supervision: prefixed logs, one end for all, and nobody left behind."""

import io
import os
import sys
import time

import pytest

from devtools import process
from devtools.supervision import ProcessEndedError, Supervision
from tests.devtools.processes import still_running_after

FOREVER = "import time\nwhile True: time.sleep(1)"
STUBBORN = "import signal\nfor number in (2, 15): signal.signal(number, signal.SIG_IGN)\n"
WITH_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
child.wait()
"""


def python(text: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", text, *arguments]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def out():
    return io.StringIO()


@pytest.fixture
def supervision(out):
    supervision = Supervision(out)
    yield supervision
    supervision.stop(grace=0)


def test_each_line_carries_the_name_of_its_process(supervision, out):
    supervision.run("web", python("print('one'); print('two')"), os.environ)

    assert out.getvalue() == "web      | one\nweb      | two\n"


def test_names_are_coloured_on_a_terminal_only():
    terminal = Terminal()

    Supervision(terminal).run("web", python("print('one')"), os.environ)

    assert terminal.getvalue() == "\x1b[36mweb      |\x1b[0m one\n"


def test_a_line_that_is_taken_is_not_shown(supervision, out):
    taken = []

    def take(line: str) -> bool:
        taken.append(line)
        return line.startswith("{")

    supervision.start("sandbox", python("print('{}'); print('ready')\n" + FOREVER), os.environ, on_line=take)
    supervision.wait_until(lambda: "ready" in taken, "The sandbox", patience=10)

    assert taken == ["{}", "ready"]
    assert out.getvalue() == "sandbox  | ready\n"


def test_the_end_of_one_process_is_said_with_its_reason(supervision):
    supervision.start("bulk", python(FOREVER), os.environ)
    supervision.start("beat", python("raise SystemExit(3)"), os.environ)

    with pytest.raises(ProcessEndedError, match="beat ended with status 3"):
        supervision.watch()


def test_the_end_of_a_server_that_all_rely_on_is_said_before_that_of_others(supervision):
    server = process.spawn(python("raise SystemExit(1)"))
    supervision.rely_on("PostgreSQL", server)
    server.wait()
    supervision.start("beat", python("raise SystemExit(3)"), os.environ)
    time.sleep(0.5)

    with pytest.raises(ProcessEndedError, match="PostgreSQL ended with status 1"):
        supervision.watch()


def test_what_does_not_come_up_in_time_is_said(supervision):
    supervision.start("web", python(FOREVER), os.environ)

    with pytest.raises(ProcessEndedError, match="The web server did not come up within 0 seconds"):
        supervision.wait_until(lambda: False, "The web server", patience=0.2)


def test_processes_that_ignore_the_polite_signal_are_ended_with_their_children_within_the_grace(supervision):
    children: list[int] = []

    def take(line: str) -> bool:
        children.append(int(line))
        return True

    for name in ("realtime", "bulk"):
        command = python(STUBBORN + WITH_A_CHILD, STUBBORN + FOREVER)
        supervision.start(name, command, os.environ, on_line=take)
    supervision.wait_until(lambda: len(children) == 2, "Both", patience=10)
    time.sleep(0.3)  # until the children ignore signals too

    started = time.monotonic()
    supervision.stop(grace=1.0)

    assert 1.0 <= time.monotonic() - started < 2.5
    assert still_running_after(children, patience=1.0) == []


def test_stopping_some_leaves_the_others_running(supervision, out):
    supervision.start("web", python(FOREVER), os.environ)
    supervision.start("sandbox", python("print('here')\n" + FOREVER), os.environ)

    supervision.stop("web", grace=1.0)

    supervision.wait_until(lambda: "here" in out.getvalue(), "The sandbox", patience=10)
