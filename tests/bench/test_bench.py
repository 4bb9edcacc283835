"""The measurements run at a tiny size and say something sane. How fast things are is not for a test to say."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.figures import percentile, table
from devtools.environment import with_number, with_path


def run(folder: Path, *arguments: str) -> Any:
    figures = folder / "figures.json"
    command = [sys.executable, "-m", "bench", *arguments, "--json", str(figures)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed == json.loads(figures.read_text())
    return printed


def databases() -> set[str]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}


def test_an_idle_cycle_is_one_batch_for_twenty_mailboxes(tmp_path):
    figures = run(tmp_path, "idle", "--mailboxes", "45", "--rounds", "1")

    idle = figures["idle"]
    assert idle["batches"] == idle["batches_target"] == 3
    assert idle["copies"] == 5 + 3
    assert idle["engine"]["cpu_seconds"] > 0
    assert idle["cpu_ratio"] > 0


def test_every_push_arrives_idle_and_during_a_first_sync(tmp_path):
    figures = run(tmp_path, "push", "--pushes", "4", "--first-sync", "3")

    for half in ("idle", "during_first_sync"):
        found = figures["push"][half]
        assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"] <= found["max_ms"]
        assert found["bare_post"]["p50_ms"] > 0
    assert figures["push"]["during_first_sync"]["first_sync"]["rounds"] >= 1


def test_a_first_sync_asks_and_stores_what_its_floor_does(tmp_path):
    figures = run(tmp_path, "cold", "--first-sync", "23", "--rounds", "1")

    cold = figures["cold"]
    assert (cold["batches"], cold["other_requests"], cold["requests_in_batches"]) == (2 * 2, 0, 2 * 23)
    assert cold["items"] == 23 * 150
    assert cold["cpu_ratio"] > 0
    assert cold["engine"]["peak_mb"] > cold["engine"]["grown_mb"] > 0


def test_a_huge_calendar_is_mirrored_whole_and_what_it_adds_to_a_worker_is_said(tmp_path):
    figures = run(tmp_path, "memory", "--items", "2000")

    found = figures["memory"]
    assert (found["items"], found["of_them_in_series"]) == (2000, 2 * 390)
    rounds = [found["huge"][kind] for kind in ("first_sync", "census", "round_of_changes")]
    for figures in (*rounds, found["small"]["first_sync"]):
        assert figures["worker_mb"] > 30
        assert figures["grown_mb"] >= max(0, figures["kept_mb"])


def test_the_sandbox_and_a_bare_endpoint_answer_the_same_load(tmp_path):
    figures = run(tmp_path, "sandbox", "--rounds", "1", "--seconds", "0.3")

    found = figures["sandbox"]
    assert found["sandbox"]["per_second"] > 0
    assert found["bare"]["per_second"] > 0
    assert found["ratio"] > 0
    assert found["ratio_by_processor_time"] > 0


def test_a_measurement_has_a_database_of_its_own_and_leaves_none_behind():
    command = [sys.executable, "-m", "bench", "idle", "--mailboxes", "2", "--rounds", "1"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    own, was_there = f"calsync_bench_{running.pid}", False

    while running.poll() is None:
        was_there = was_there or own in databases()
        time.sleep(0.1)

    assert running.returncode == 0
    assert was_there
    assert own not in databases()


def test_an_unknown_bench_is_said_in_one_sentence():
    command = [sys.executable, "-m", "bench", "idel"]

    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "there is no bench idel; there are idle, push" in done.stderr


@pytest.mark.parametrize(("share", "expected"), [(50, 2), (75, 3), (95, 4), (99, 4)])
def test_a_percentile_is_a_value_that_was_measured(share, expected):
    assert percentile([4, 1, 3, 2], share) == expected


def test_the_table_has_a_line_for_every_figure():
    text = table({"idle": {"batches": 100, "engine": {"cpu_seconds": 0.5}}})

    assert [line.split() for line in text.splitlines()] == [
        ["idle", "batches", "100"],
        ["idle", "engine", "cpu", "seconds", "0.5"],
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock?db=5"),
        ("redis://localhost:6379/0", "redis://localhost:6379/5"),
    ],
)
def test_a_broker_of_ones_own_is_another_number_of_the_same_server(url, expected):
    assert with_number(url, 5) == expected


def test_a_database_of_ones_own_is_another_name_in_the_same_server():
    assert with_path("postgres:///calsync?host=/run&user=me", "other") == "postgres:///other?host=/run&user=me"
