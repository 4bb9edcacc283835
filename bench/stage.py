"""Where a measurement takes place: a database, a broker and a sandbox that nobody else uses, and that go afterwards."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import psycopg
import redis
import requests
from psycopg import sql

from devtools import process
from devtools.environment import with_number, with_path

BROKER_DATABASES = range(8, 16)  # 0 is everybody's, those below are of parallel tests
AS_IN_PRODUCTION = {"DJANGO_SETTINGS_MODULE": "calsync.settings", "DEBUG": "false", "LOG_FORMAT": "json"}


@dataclass(frozen=True)
class Stage:
    """A running sandbox (`line` is what it printed), a folder for logs; the environment names the rest."""

    folder: Path
    line: dict[str, str]
    session: requests.Session

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the sandbox's control API."""
        url = f"{self.line['admin_url']}/_sandbox/{path}"
        answer = self.session.request(method, url, json=body, verify=self.line["ca_file"], timeout=120)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set everything up, with Django ready to use it."""
    with ExitStack() as running:
        os.environ.update(AS_IN_PRODUCTION)
        os.environ["REDIS_URL"] = running.enter_context(broker(os.environ["REDIS_URL"]))
        os.environ["DATABASE_URL"] = running.enter_context(database(os.environ["DATABASE_URL"]))
        line = running.enter_context(sandbox(folder / "sandbox.log"))
        os.environ["MICROSOFT_LOGIN_URL"] = line["login_url"]
        os.environ["MICROSOFT_GRAPH_URL"] = line["graph_url"]
        os.environ["MICROSOFT_CA_FILE"] = line["ca_file"]
        running.enter_context(tables())
        yield Stage(folder, line, running.enter_context(requests.Session()))


@contextmanager
def database(url: str) -> Iterator[str]:
    """Yield the URL of a new database in the server of `url`; drop it afterwards."""
    name = f"calsync_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield with_path(url, name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def broker(url: str) -> Iterator[str]:
    """Yield the URL of an empty database of the broker at `url`; empty it afterwards."""
    for number in BROKER_DATABASES:
        with redis.Redis.from_url(with_number(url, number)) as client:
            if client.dbsize() == 0 and client.setnx("bench", os.getpid()):
                try:
                    yield with_number(url, number)
                finally:
                    client.flushdb()
                return
    raise SystemExit("bench: the broker at REDIS_URL has no empty database.")


@contextmanager
def tables() -> Iterator[None]:
    """Migrate; leave no connection open afterwards."""
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0, interactive=False)
    try:
        yield
    finally:
        connections.close_all()


@contextmanager
def sandbox(log: Path) -> Iterator[dict[str, str]]:
    """Yield the line that a new sandbox prints when it is ready; stop it afterwards."""
    with log.open("wb") as output:
        running = process.spawn([sys.executable, "-m", "sandbox", "--port", "0"], output=output)
    try:
        yield ready_line(running, log)
    finally:
        process.stop(running)


def ready_line(running: subprocess.Popen[bytes], log: Path, patience: float = 30.0) -> dict[str, str]:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and running.poll() is None:
        for text in log.read_text().splitlines():
            if text.startswith("{") and text.endswith("}"):
                return dict(json.loads(text))
        time.sleep(0.05)
    raise SystemExit(f"bench: the sandbox did not start: {log.read_text()[-2000:]}")
