"""Child processes that end when we end, and that can be stopped for certain."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


class Terminated(KeyboardInterrupt):
    """Somebody asked us to end, other than with a Ctrl-C, which the whole terminal hears."""


def call(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command that shares our terminal, and return its exit status.

    On a Ctrl-C it is left to end by itself: it has heard it too, and has children of its own to stop.
    """
    with subprocess.Popen(command, env=env, preexec_fn=_death_signal(signal.SIGINT)) as running:  # noqa: PLW1509
        while True:
            try:
                return running.wait()
            except Terminated:
                running.send_signal(signal.SIGINT)
            except KeyboardInterrupt:
                continue


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    user: int | None = None,
    cwd: Path | None = None,
    if_parent_dies: signal.Signals = signal.SIGTERM,
    errors_apart: bool = False,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that a Ctrl-C in the terminal reaches only us.

    What it complains of goes to `output` too, or with `errors_apart` to where ours goes.

    Where the system offers it (Linux), the child gets `if_parent_dies` should we be killed outright.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None and not errors_apart else None,
        start_new_session=True,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        preexec_fn=_death_signal(if_parent_dies),  # noqa: PLW1509 - one system call, in a program without threads
    )


def _death_signal(wanted: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child must not allocate
    parent = os.getpid()

    def ask_for_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(wanted))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_for_signal


def stop(process: subprocess.Popen[bytes], *, first: signal.Signals = signal.SIGTERM, grace: float = 5.0) -> None:
    """End `process` and whatever it started: politely for `grace` seconds, then for certain."""
    stop_all([process], first=first, grace=grace)


def stop_all(
    processes: Iterable[subprocess.Popen[bytes]], *, first: signal.Signals = signal.SIGTERM, grace: float = 5.0
) -> None:
    """End these processes and their groups at the same time, within little more than `grace` seconds."""
    running = list(processes)
    for process in running:
        if process.poll() is None:
            process.send_signal(first)
    deadline = time.monotonic() + grace
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in running:
        kill_group(process.pid)
        process.wait()


def kill_group(group: int) -> None:
    """Kill what is left of a process group; nothing left is fine."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says "permission" of a group of zombies
        os.killpg(group, signal.SIGKILL)
