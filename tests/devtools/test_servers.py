"""The embedded servers: that they come up again whatever happened before, and leave nothing behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from devtools.postgres import ServerStartError, find_home, forget, living, postgres, short_run_directory
from devtools.servers import servers
from tests.devtools.processes import still_running_after

HOLD_SERVERS = """
import sys, time
from pathlib import Path
from devtools.servers import servers
with servers(Path(sys.argv[1])) as urls:
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def no_servers_of_others(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


def data_survives(state: Path) -> bool:
    with postgres(state, "calsync", durable=True) as url, psycopg.connect(as_libpq(url)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visits (id serial)")
        connection.execute("INSERT INTO visits DEFAULT VALUES")
        return connection.execute("SELECT id FROM visits").rowcount > 1


def as_libpq(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1)


def test_both_servers_answer_and_are_gone_afterwards(tmp_path):
    with servers(tmp_path) as urls:
        with psycopg.connect(as_libpq(urls["DATABASE_URL"])) as connection:
            version = connection.info.server_version
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            answered = client.ping()
        started = time.monotonic()

    assert version // 10_000 == 18
    assert answered
    assert time.monotonic() - started < 5
    assert living(find_home(tmp_path).data) == []


def test_who_asks_for_it_is_told_of_each_server_that_was_started(tmp_path):
    told: dict[str, subprocess.Popen[bytes]] = {}

    with servers(tmp_path, on_start=told.__setitem__):
        running = {name: process.poll() for name, process in told.items()}

    assert running == {"PostgreSQL": None, "Valkey": None}
    assert all(process.poll() is not None for process in told.values())


def test_servers_that_the_environment_names_are_used_and_none_started(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/calsync")
    monkeypatch.setenv("REDIS_URL", "redis://broker.example/1")

    with servers(tmp_path) as urls:
        started = (tmp_path / "postgres").exists()

    assert urls == {"DATABASE_URL": "postgres://db.example/calsync", "REDIS_URL": "redis://broker.example/1"}
    assert not started


def test_a_postmaster_pid_whose_number_belongs_to_another_process_is_no_obstacle(tmp_path):
    data_survives(tmp_path)
    home = find_home(tmp_path)
    stale = f"{os.getppid()}\n{home.data}\n1700000000\n5432\n{home.run}\n\n\n"
    (home.data / "postmaster.pid").write_text(stale)

    assert data_survives(tmp_path)


def test_a_server_that_an_earlier_run_left_behind_is_ended_first(tmp_path):
    with postgres(tmp_path, "calsync", durable=True):
        left_behind = living(find_home(tmp_path).data)

        assert not data_survives(tmp_path)

        assert still_running_after(left_behind) == []


def test_the_servers_end_when_their_owner_is_killed_outright(tmp_path):
    owner = subprocess.Popen([sys.executable, "-c", HOLD_SERVERS, str(tmp_path)], stdout=subprocess.PIPE)
    assert owner.stdout
    owner.stdout.readline()
    server = living(find_home(tmp_path).data)

    owner.kill()
    owner.wait()

    assert server
    assert still_running_after(server) == []


def test_a_second_run_on_the_same_directory_is_refused_with_a_sentence(tmp_path):
    with servers(tmp_path), pytest.raises(ServerStartError, match="run already"), servers(tmp_path):
        pass


def test_a_server_that_cannot_start_says_so_with_the_end_of_its_log(tmp_path):
    data_survives(tmp_path)
    (find_home(tmp_path).data / "postgresql.conf").write_text("no_such_setting = on\n")

    with pytest.raises(ServerStartError, match="no_such_setting"), postgres(tmp_path, "calsync", durable=False):
        pass


def test_a_deep_directory_gets_its_sockets_elsewhere(tmp_path):
    deep = tmp_path / ("deep" * 25)

    run = short_run_directory(deep)

    assert deep not in run.parents
    assert len(os.fsencode(run)) < 80


def owner_of(pid: int) -> int | None:
    """Whose process it is; None where it has ended, as a worker of autovacuum does at any time."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except FileNotFoundError:
        return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must become somebody else for PostgreSQL")
def test_where_unshare_is_refused_the_server_runs_as_nobody(tmp_path):
    home = find_home(tmp_path, can_unshare=False)
    try:
        with postgres(tmp_path, "calsync", durable=False, home=home):
            owners = {owner for pid in living(home.data) if (owner := owner_of(pid)) is not None}
    finally:
        forget(tmp_path)

    assert owners == {home.user}
    assert not home.data.exists()
    assert not home.data.parent.exists()
