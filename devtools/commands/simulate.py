"""`./dev simulate --seeds N [--first K]`: seeded scripts of edits, faults and crashes against the real engine."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import psycopg
from psycopg import sql

from devtools import environment, process
from devtools.servers import servers

ENOUGH = 100  # seeds, after which every kind of fault must have struck
TOLD_EVERY = 10.0  # seconds


def main(arguments: list[str]) -> int:
    """Run the seeds on all cores, print each that failed with a script as short as it can be, and a table of faults."""
    options = parse(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="calsync-", ignore_cleanup_errors=True) as state,
        servers(Path(state)) as urls,
        ExitStack() as running,
    ):
        os.environ.update(environment.for_tests(urls))
        url = urls["DATABASE_URL"]
        processes = [running.enter_context(player(number, options, url)) for number in range(options.processes)]
        result = watch(processes, options)
        codes = [one.wait() for one in processes]
    print(result.summary())
    return 0 if result.is_good and not any(codes) else 1


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev simulate", description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=1, metavar="K", help="the first of them (%(default)s)")
    parser.add_argument("--steps", type=int, default=60, help="of each script (%(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="at a time (one a core)")
    parser.add_argument("--trace", action="store_true", help="tell everything that happens in each")
    options = parser.parse_args(arguments)
    options.processes = max(1, min(options.processes, options.seeds))
    return options


@contextmanager
def player(number: int, options: argparse.Namespace, url: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Yield a process that runs every so many-th seed, on a database of its own."""
    name = f"calsync_simulation_{os.getpid()}_{number}"
    seeds = ["--first", str(options.first + number), "--seeds", str(options.seeds - number)]
    seeds += ["--every", str(options.processes), "--steps", str(options.steps), *(["--trace"] if options.trace else [])]
    command = [sys.executable, "-m", "simulation", *seeds]
    with database(url, name) as own:
        env = {**os.environ, "DATABASE_URL": own, "PYTHONHASHSEED": "0"}
        running = process.spawn(command, env=env, output=subprocess.PIPE, errors_apart=True)
        try:
            yield running
        finally:
            process.stop(running)


@contextmanager
def database(url: str, name: str) -> Iterator[str]:
    """Yield the URL of a new database in the server of `url`; drop it afterwards."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield environment.with_path(url, name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass
class Result:
    """What the seeds have shown so far."""

    wanted: int
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    failed: list[int] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    digests: dict[int, str] = field(default_factory=dict)

    def add(self, said: dict[str, Any]) -> None:
        self.done += 1
        self.fired.update(said["fired"])
        self.requests += said["requests"]
        self.digests[said["seed"]] = said["digest"]
        if said.get("failure"):
            self.failed.append(said["seed"])
            print(story(said), flush=True)
        elif said.get("trace"):
            print("\n".join([f"seed {said['seed']}, digest {said['digest']}", *said["trace"]]), flush=True)

    @property
    def silent(self) -> list[str]:
        """The kinds of faults that never struck, of a run that was long enough for all."""
        return sorted(name for name, count in self.fired.items() if not count) if self.done >= ENOUGH else []

    @property
    def digest(self) -> str:
        """The same for the same seeds, in whatever order they came."""
        return hashlib.sha256(json.dumps(sorted(self.digests.items())).encode()).hexdigest()[:16]

    @property
    def is_good(self) -> bool:
        return self.done == self.wanted and not self.failed and not self.silent

    def summary(self) -> str:
        lines = [f"{name:<44} {count:7}" for name, count in sorted(self.fired.items())]
        lines += [f"{name}: never struck" for name in self.silent]
        seconds = time.monotonic() - self.began
        failed = f", failed: {', '.join(map(str, sorted(self.failed)))}" if self.failed else ", all in step"
        lines.append(f"{self.done} of {self.wanted} seeds, {self.requests} requests, {seconds:.0f} seconds{failed}")
        lines.append(f"digest of all traces: {self.digest}")
        return "\n".join(lines)


def story(said: dict[str, Any]) -> str:
    """What is to be known of a seed that failed."""
    lines = [f"seed {said['seed']} FAILED: {said['failure']}", "what is left of its script:", said["script"]]
    return "\n".join([*lines, "what happened:", *(f"    {line}" for line in said["trace"][-80:])])


def watch(processes: "list[subprocess.Popen[bytes]]", options: argparse.Namespace) -> Result:
    """Collect what the processes say until all have ended, and tell how far they have come."""
    result, told = Result(options.seeds), time.monotonic()
    for line in lines(processes):
        result.add(json.loads(line))
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            print(f"{result.done} of {options.seeds} seeds", file=sys.stderr, flush=True)
    return result


def lines(processes: "list[subprocess.Popen[bytes]]") -> Iterator[bytes]:
    """The lines of all outputs, as they come."""
    with DefaultSelector() as selector:
        for one in processes:
            assert one.stdout is not None  # noqa: S101 - for the type checker: we asked for a pipe
            selector.register(one.stdout, EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                if line := key.fileobj.readline():  # type: ignore[union-attr]
                    yield line
                else:
                    selector.unregister(key.fileobj)
