"""Several processes as one: their logs in one place, each line with its name, and one end for all."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TextIO

from devtools import process

COLOURS = ("36", "33", "32", "35", "34", "31")
NAME_WIDTH = 8


class ProcessEndedError(Exception):
    """A process that others need has ended, or did not come up; the text says which and how."""


@dataclass
class Child:
    """A running process and what it has printed of its current line."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    colour: str
    on_line: Callable[[str], bool] | None = None  # says whether it has taken the line
    pending: bytes = field(default=b"")

    def exit_text(self) -> str:
        return exit_text(self.name, self.process)


def exit_text(name: str, ended: subprocess.Popen[bytes]) -> str:
    """Say how a process ended."""
    status = ended.returncode
    return f"{name} was ended by {signal.Signals(-status).name}" if status < 0 else f"{name} ended with status {status}"


class Supervision:
    """Starts processes, shows what they print, and stops them; to be used from one thread only."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._children: dict[str, Child] = {}
        self._foundations: dict[str, subprocess.Popen[bytes]] = {}
        self._selector = selectors.DefaultSelector()

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        on_line: Callable[[str], bool] | None = None,
    ) -> None:
        """Start a process under this name; `on_line` may take lines out of what is shown."""
        started = process.spawn(command, env={**env, "PYTHONUNBUFFERED": "1"}, output=subprocess.PIPE)
        assert started.stdout is not None  # noqa: S101 - for the type checker: we asked for a pipe
        os.set_blocking(started.stdout.fileno(), False)
        colour = COLOURS[len(self._children) % len(COLOURS)]
        child = Child(name, started, started.stdout, colour, on_line)
        self._children[name] = child
        self._selector.register(child.output, selectors.EVENT_READ, child)

    def rely_on(self, name: str, server: subprocess.Popen[bytes]) -> None:
        """Fail with ProcessEndedError as soon as this server ends, which somebody else has started and stops."""
        self._foundations[name] = server

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run a process to its end, with the others going on; ProcessEndedError when it fails or another ends."""
        self.start(name, command, env)
        child = self._children[name]
        while child.process.poll() is None:
            self._show(0.1)
            self._fail_if_ended(apart_from=name)
        self._show(0)
        del self._children[name]
        if child.process.returncode != 0:
            raise ProcessEndedError(child.exit_text())

    def wait_until(self, condition: Callable[[], bool], what: str, patience: float) -> None:
        """Show logs until `condition` holds; ProcessEndedError when that takes too long or a process ends."""
        deadline = time.monotonic() + patience
        while not condition():
            self._show(0.1)
            self._fail_if_ended()
            if time.monotonic() > deadline:
                raise ProcessEndedError(f"{what} did not come up within {patience:.0f} seconds")

    def watch(self) -> None:
        """Show logs until a process ends, which raises ProcessEndedError."""
        while True:
            self._show(0.5)
            self._fail_if_ended()

    def stop(self, *names: str, grace: float) -> None:
        """Stop these processes, or all, at once: politely for `grace` seconds, then for certain."""
        stopping = [child for child in self._children.values() if not names or child.name in names]
        for child in stopping:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and any(child.process.poll() is None for child in stopping):
            self._show(0.05)
        process.stop_all([child.process for child in stopping], grace=0)
        self._show(0)
        for child in stopping:
            del self._children[child.name]

    def _fail_if_ended(self, apart_from: str = "") -> None:
        for name, server in self._foundations.items():
            if server.poll() is not None:
                self._show(0)
                raise ProcessEndedError(exit_text(name, server))
        for child in self._children.values():
            if child.name != apart_from and child.process.poll() is not None:
                self._show(0)
                raise ProcessEndedError(child.exit_text())

    def _show(self, timeout: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout)
        for key, _ in self._selector.select(timeout):
            child: Child = key.data
            chunk = child.output.read(65536)
            if chunk == b"":
                self._selector.unregister(child.output)
                child.output.close()
            *lines, child.pending = (child.pending + (chunk or b"")).split(b"\n")
            for line in lines:
                self._print(child, line.decode(errors="replace").rstrip())
        self._out.flush()

    def _print(self, child: Child, line: str) -> None:
        if not line or (child.on_line and child.on_line(line)):
            return
        name = f"{child.name:<{NAME_WIDTH}} |"
        if self._out.isatty():
            name = f"\x1b[{child.colour}m{name}\x1b[0m"
        self._out.write(f"{name} {line}\n")
