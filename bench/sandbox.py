"""Idle delta GETs over HTTPS: those that the sandbox answers, beside a bare endpoint that answers the same bytes."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import requests

from bench.floor import fetch_token
from bench.stage import Stage, ready_line
from devtools import process

TARGET = 0.4  # of the bare endpoint's answers
MAILBOXES, CONNECTIONS = 256, 16
WINDOW = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2027-05-01T00:00:00Z"
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=200'
OF_CONNECTION = {"date", "content-length", "connection"}  # headers that each server writes itself
Took = dict[str, float]


def measure(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """Answers a second of both, in turns: medians of the rounds."""
    with server(stage.folder / "idle.log", "sandbox", "--port", "0", "--people", str(MAILBOXES)) as (line, pid):
        requests.post(f"{line['admin_url']}/_sandbox/reset", json={}, verify=line["ca_file"], timeout=60)
        asked = asked_of(line)
        answer = stage.folder / "answer.json"
        answer.write_text(json.dumps(idle_answer(line, asked)))
        with server(stage.folder / "bare.log", "bench.bare", str(answer)) as (bare, bare_pid):
            rounds = [
                (took(line, pid, asked, options.seconds), took(bare, bare_pid, asked, options.seconds))
                for _ in range(options.rounds)
            ]
    ours, bares = [one for one, _ in rounds], [other for _, other in rounds]
    return {
        "mailboxes": MAILBOXES,
        "connections": CONNECTIONS,
        "sandbox": medians(ours),
        "bare": medians(bares),
        "ratio": round(middle(ours, "per_second") / middle(bares, "per_second"), 2),
        "ratio_target": TARGET,
        "ratio_by_processor_time": round(middle(bares, "cpu_us") / middle(ours, "cpu_us"), 2),
    }


@contextmanager
def server(log: Path, module: str, *arguments: str) -> Iterator[tuple[dict[str, str], int]]:
    """Yield the line that a new server prints when it is ready, and its process id; stop it afterwards."""
    with log.open("wb") as output:
        running = process.spawn([sys.executable, "-m", module, *arguments], output=output)
    try:
        yield ready_line(running, log), running.pid
    finally:
        process.stop(running)


def asked_of(line: dict[str, str]) -> dict[str, Any]:
    """What the load program sends: the first request of each mailbox, and the headers of all."""
    people = requests.get(f"{line['admin_url']}/_sandbox/people", verify=line["ca_file"], timeout=60).json()
    paths = [f"/v1.0/users/{person['id']}/calendarView/delta?{WINDOW}" for person in people[:MAILBOXES]]
    headers = {"Authorization": f"Bearer {fetch_token(line)}", "Prefer": PREFER, "Accept": "application/json"}
    return {"paths": paths, "headers": headers, "connections": CONNECTIONS}


def idle_answer(line: dict[str, str], asked: dict[str, Any]) -> dict[str, Any]:
    """Headers and body of an answer in which nothing has changed."""
    url = line["graph_url"] + asked["paths"][0]
    for _ in range(2):
        answer = requests.get(url, headers=asked["headers"], verify=line["ca_file"], timeout=60)
        url = answer.json()["@odata.deltaLink"]
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in OF_CONNECTION}
    return {"headers": headers, "body": answer.text}


def took(line: dict[str, str], pid: int, asked: dict[str, Any], seconds: float) -> Took:
    """Answers a second, and the server's processor time for one in microseconds."""
    given = asked | {"url": line["graph_url"], "ca_file": line["ca_file"], "seconds": seconds}
    before = processor_time(pid)
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    used = processor_time(pid) - before
    return {"per_second": found["answers"] / found["seconds"], "cpu_us": used / found["all"] * 1e6}


def processor_time(pid: int) -> float:
    """The seconds that a process has used of a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def middle(rounds: Sequence[Took], name: str) -> float:
    return median(one[name] for one in rounds)


def medians(rounds: Sequence[Took]) -> Took:
    return {name: round(middle(rounds, name)) for name in ("per_second", "cpu_us")}
