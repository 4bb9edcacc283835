"""`python -m fuzz [CONTRACT]`: garbage, then what schemathesis makes up from the contract; 1 when something broke."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from fuzz import control, garbage, wire
from fuzz.client import Client

ROOT = Path(__file__).resolve().parent.parent
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"


def main() -> int:
    """Send everything; print how much it was, how it was answered and what must not be."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=main.__doc__)
    parser.add_argument("--contract", type=Path, help="Microsoft's OpenAPI description")
    parser.add_argument("--recording", type=Path, help="where the sandbox records")
    parser.add_argument("--cases", type=int, default=40, help="for each operation (default: %(default)s)")
    options = parser.parse_args()
    client = Client()
    garbage.send_all(client)
    control.send_all(client)
    print(f"garbage: {client.statuses.total()} requests, {wire.send_all(client)} raw connections", flush=True)
    print(f"  answered with {told(client.statuses)}", flush=True)
    status = made_up(client, options) if options.contract else 0
    client.reset()
    alive = client.graph("GET", "/users")
    if alive is None or alive.status_code != 200:
        client.problems.append("afterwards the sandbox does not answer as before")
    print("\n".join(client.problems[:200]))
    ended = f"ended with {status}" if options.contract else "was left out"
    print(f"{len(client.problems)} problems with garbage, schemathesis {ended}")
    return 1 if client.problems or status else 0


def made_up(client: Client, options: argparse.Namespace) -> int:
    """Let schemathesis work through the contract; its exit status."""
    before = len(recorded(options.recording))
    client.reset()
    command = [
        *(SCHEMATHESIS, "run", options.contract, "--url", f"{client.origin}/v1.0"),
        *("--tls-verify", client.facts["ca_file"], "--header", f"Authorization: Bearer {client.token}"),
        *("--checks", "no_mistake", "--mode", "all", "--phases", "fuzzing", "--max-examples", options.cases),
        *("--seed", "1", "--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off"),
        "--continue-on-failure",
    ]
    known = {"CALSYNC_FUZZ_IDS": json.dumps(ids(client)), "SCHEMATHESIS_HOOKS": "fuzz.hooks", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:  # it keeps notes where it runs
        status = subprocess.call([str(part) for part in command], env={**os.environ, **known}, cwd=folder)
    answers = recorded(options.recording)[before:]
    print(f"schemathesis: {len(answers)} requests\n  answered with {told(Counter(answers))}", flush=True)
    return status if answers else status or 1  # what sent nothing has proved nothing


def recorded(recording: Path) -> list[int]:
    """The statuses of the exchanges that the sandbox has recorded."""
    return [json.loads(line)["status"] for line in recording.read_text().splitlines()]


def ids(client: Client) -> dict[str, list[str]]:
    """Ids that exist, of people, calendars and single, recurring and private events."""
    users = [user["id"] for user in rows(client, "/users")]
    found: dict[str, list[str]] = {"users": users, "events": [], "calendars": []}
    for user in users:
        if not (calendars := rows(client, f"/users/{user}/calendars")):
            continue
        found["calendars"] += [calendar["id"] for calendar in calendars]
        for more in ({}, {"sensitivity": "private"}, {"recurrence": garbage.SERIES}):
            created = client.graph("POST", f"/users/{user}/events", json=garbage.EVENT | more)
            found["events"] += [created.json()["id"]] if created is not None else []
    return found


def rows(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.graph("GET", path)
    return answer.json().get("value", []) if answer is not None and answer.ok else []


def told(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    sys.exit(main())
