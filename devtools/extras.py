"""Environments beside .venv for tools whose packages the product's must not meet; made when first needed."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from devtools import ROOT, locks, process

SHARED = ROOT.parent / "shared" / "graph"  # Microsoft's contract and recorded bodies, where they lie beside the clone
CONTRACT = SHARED / "contract"


class ExtraError(Exception):
    """An environment could not be made; the text says which."""


def is_shared(path: Path, what: str) -> bool:
    """Whether a file beside the clone is there; says in words what is left out without it."""
    if path.exists():
        return True
    print(f"dev: {os.path.relpath(path, ROOT)} is not there: {what} is LEFT OUT.", file=sys.stderr)
    return False


def run_in(name: str, command: Sequence[str | Path], **environment: str) -> int:
    """Run Python with these arguments in the environment .venv-NAME, and return its exit status."""
    return process.call([str(part) for part in (python_of(name), *command)], {**os.environ, **environment})


def python_of(name: str) -> Path:
    """The interpreter of the environment .venv-NAME, which holds just what requirements-NAME.txt says."""
    folder, lock_file = ROOT / f".venv-{name}", ROOT / f"requirements-{name}.txt"
    stamp, python = folder / ".dev-stamp", folder / "bin" / "python"
    wanted = (
        f"{hashlib.sha256(lock_file.read_bytes()).hexdigest()} {folder} {sys.version_info[0]}.{sys.version_info[1]}"
    )
    with locks.waiting(ROOT / ".dev.lock"):
        if not (stamp.exists() and stamp.read_text() == wanted and python.exists()):
            _install(folder, python, lock_file)
            stamp.write_text(wanted)
    return python


def _install(folder: Path, python: Path, lock_file: Path) -> None:
    """Make the environment with uv; where it cannot reach the packages, with pip, which a machine may know better."""
    print(f"Preparing {folder.name} from {lock_file.name} (once).", file=sys.stderr, flush=True)
    uv = [sys.executable, "-m", "uv"]
    is_made = _works(*uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
    if is_made and _works(*uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", lock_file):
        return
    for pip in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]) if is_made else ():
        if _is_there(*pip):
            print("Trying it with pip.", file=sys.stderr, flush=True)
            if _works(*pip, "--python", python, "install", "--quiet", "--require-hashes", "--no-deps", "-r", lock_file):
                return
            break
    raise ExtraError(
        f"The packages of {lock_file.name} could not be installed; the lines above say why. "
        "Is the package registry reachable?"
    )


def _works(*command: str | Path) -> bool:
    return subprocess.call([str(part) for part in command], cwd=ROOT) == 0


def _is_there(*pip: str) -> bool:
    """Whether this pip can be run and installs into other environments (--python came with 22.3)."""
    try:
        command = [*pip, "--python", sys.executable, "--version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
