"""Classic bugs, planted one at a time, so that the tests named for each show that they can fail."""

import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

FOLDER = "mutants"


class MutantError(Exception):
    """A mutant cannot be used; the text says which, and why."""


@dataclass(frozen=True)
class Edit:
    """A text that stands once in `file`, and what the bug makes of it."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A bug in the words of our engine. Where it is planted, each of `tests` must fail by an assertion."""

    name: str
    bug: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def read_all(root: Path) -> list[Mutant]:
    """The mutants of the tree `root`, by name."""
    return [read(path) for path in sorted((root / FOLDER).glob("*.toml"))]


def read(path: Path) -> Mutant:
    """The mutant of one file: `bug`, `tests`, and one or more `[[edits]]` with `file`, `old` and `new`."""
    try:
        told = tomllib.loads(path.read_text())
        edits = tuple(Edit(**edit) for edit in told.pop("edits"))
        return Mutant(name=path.stem, edits=edits, bug=told.pop("bug"), tests=tuple(told.pop("tests")), **told)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise MutantError(f"{path.name} is no description of a mutant: {error!r}") from error


def misfits(mutant: Mutant, root: Path) -> list[str]:
    """What keeps `mutant` from being planted in the tree `root`, in sentences; empty where nothing does."""
    wrongs = []
    for edit in mutant.edits:
        path = root / edit.file
        times = path.read_text().count(edit.old) if path.is_file() else 0
        if times != 1:
            wrongs.append(f"{mutant.name}: a text of it stands {times} times in {edit.file}, and should once.")
        elif edit.old == edit.new:
            wrongs.append(f"{mutant.name}: it changes nothing in {edit.file}.")
    return wrongs


def plant(mutant: Mutant, root: Path) -> None:
    """Write the bug into the tree `root`, which should be a copy."""
    for edit in mutant.edits:
        path = root / edit.file
        path.write_text(path.read_text().replace(edit.old, edit.new))


def copy_tree(root: Path, to: Path) -> None:
    """Copy what git knows of `root`, and what is new there and not ignored. Raises MutantError where git cannot say."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if known.returncode:
        raise MutantError(f"git cannot say which files belong to {root}: {known.stderr.strip()}")
    for name in filter(None, known.stdout.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)


def asserted(report: Path) -> dict[str, str]:
    """The tests of a JUnit report in which an assertion failed, by their ids, with what it said."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by our own pytest
        failure = case.find("failure")
        if failure is not None and is_assertion(failure.get("message") or ""):
            name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
            found[name] = failure.get("message") or ""
    return found


def is_assertion(message: str) -> bool:
    """Whether a test failed because something was not as it says, rather than by any other error or a time-out."""
    return message.startswith(("assert ", "AssertionError", "Failed: ")) and not message.startswith("Failed: Timeout")


def fell(test: str, failed: Iterable[str]) -> bool:
    """Whether `test`, or one of its cases, is among those that failed."""
    return any(name == test or name.startswith(f"{test}[") for name in failed)
