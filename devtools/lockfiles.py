"""The lock files: what `./dev lock` writes and `./dev check` compares."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devtools import ROOT, assets

NAMES = ("requirements", "requirements-dev", "requirements-verify", "requirements-contract")
REQUIREMENTS = tuple((f"{name}.in", f"{name}.txt") for name in NAMES)
UV = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-header")
UNREACHABLE = re.compile(
    r"error sending request|failed to fetch|dns error|connect error|timed out|ENOTFOUND|EAI_AGAIN|"
    r"ECONNREFUSED|ETIMEDOUT|ECONNRESET",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"https?://\S+")


class ResolveError(Exception):
    """A resolver refused; the text is its own."""

    @property
    def is_unreachable(self) -> bool:
        """Whether it was only the network: that says nothing about the lock files."""
        return bool(UNREACHABLE.search(str(self)))


def outdated() -> Iterator[str]:
    """Yield a sentence for each lock file that is not what its source resolves to, or that names a registry.

    Raises ResolveError. Versions that are locked stay, so a new release elsewhere makes nothing outdated.
    """
    for source, lock in REQUIREMENTS:
        with tempfile.TemporaryDirectory() as scratch:
            fresh = Path(shutil.copy(ROOT / lock, scratch))
            resolve_python(source, fresh)
            yield from _compare(ROOT / lock, fresh)
    if (assets.ASSETS / "package-lock.json").exists():
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(assets.ASSETS / name, scratch)
            resolve_browser_packages(Path(scratch))
            yield from _compare(assets.ASSETS / "package-lock.json", Path(scratch) / "package-lock.json")


def resolve_python(source: str, lock: Path, *options: str) -> None:
    """Write the lock file of one requirements file, keeping the versions it has already."""
    command = [sys.executable, "-m", *UV, *options, source, "-o", str(lock)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ResolveError(done.stderr.strip())


def resolve_browser_packages(folder: Path) -> None:
    """Write the package-lock.json of the package.json in this folder, without registry addresses."""
    try:
        assets.npm("install", "--package-lock-only", "--ignore-scripts", folder=folder)
    except assets.AssetsError as problem:
        raise ResolveError(str(problem)) from problem


def _compare(lock: Path, fresh: Path) -> Iterator[str]:
    text = lock.read_text()
    if text != fresh.read_text():
        yield f"{lock.relative_to(ROOT)} is out of date; run ./dev lock."
    address = None if lock.suffix == ".json" else ADDRESS.search(text)
    if address or '"resolved":' in text:
        yield f"{lock.relative_to(ROOT)} names a registry; run ./dev lock."
