"""`./dev check`: everything that is checked without running the product's tests."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from devtools import ROOT, environment
from devtools.lockfiles import ResolveError, outdated
from devtools.servers import servers

PACKAGES = (
    "calsync", "accounts", "integrations", "instructors", "events", "sandbox", "devtools", "tests", "bench",
    "simulation",
)  # fmt: skip
PYTHON = sys.executable
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Outcome:
    """How a check went, and what there is to say about it."""

    ok: bool
    text: str = ""


def main(arguments: list[str]) -> int:
    """Run every check, print what failed and a table of all; exit 1 if one failed."""
    argparse.ArgumentParser(prog="./dev check", description=main.__doc__).parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="calsync-", ignore_cleanup_errors=True) as state,
        servers(Path(state)) as urls,
    ):
        rows = [_timed(name, check) for name, check in checks(urls).items()]
    print(f"\n{'check':<14} {'result':<8} seconds")
    for name, outcome, seconds in rows:
        print(f"{name:<14} {'ok' if outcome.ok else 'FAILED':<8} {seconds:7.1f}")
    return 0 if all(outcome.ok for _, outcome, _ in rows) else 1


def checks(urls: Mapping[str, str]) -> dict[str, Callable[[], Outcome]]:
    """Return the checks by name, in the order in which they run."""
    work, production = environment.for_tests(urls), environment.for_production(urls)
    packages = [name for name in PACKAGES if (ROOT / name).is_dir()]

    def run(*command: str, env: Mapping[str, str] = work) -> Callable[[], Outcome]:
        return lambda: _run([str(PROGRAMS / command[0]), *command[1:]], env)

    return {
        "formatting": run("ruff", "format", "--check", ".", "dev"),
        "lint": run("ruff", "check", ".", "dev"),
        "types": run("mypy", *packages),
        "import rule": run("lint-imports"),
        "sizes": run("python", "-m", "devtools.sizes"),
        "migrations": run("python", "manage.py", "makemigrations", "--check", "--dry-run"),
        "templates": run("djlint", "--lint", "--quiet", "templates"),
        "lock files": lock_files,
        "deployment": run("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING", env=production),
    }


def lock_files() -> Outcome:
    """Compare the lock files with their sources; an unreachable registry is no failure."""
    try:
        found = list(outdated())
    except ResolveError as problem:
        if problem.is_unreachable:
            return Outcome(ok=True, text="The package registry cannot be reached: lock files were not compared.")
        return Outcome(ok=False, text=str(problem))
    return Outcome(ok=not found, text="\n".join(found))


def _run(command: list[str], env: Mapping[str, str]) -> Outcome:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return Outcome(ok=True) if done.returncode == 0 else Outcome(ok=False, text=(done.stdout + done.stderr).strip())


def _timed(name: str, check: Callable[[], Outcome]) -> tuple[str, Outcome, float]:
    started = time.monotonic()
    outcome = check()
    if outcome.text:
        print(f"--- {name}\n{outcome.text}\n", flush=True)
    return name, outcome, time.monotonic() - started
