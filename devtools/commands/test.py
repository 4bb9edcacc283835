"""`./dev test [--record FILE] [pytest arguments]`: the test suite, on a database and a broker of its own."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from devtools import assets, browser, environment, process
from devtools.servers import servers

BROWSER_TESTS = Path("tests/browser")
MOST_PROCESSES = 7  # each has a database of Redis for itself, of which there are 16
NO_BROWSER = """
!! No Chromium is installed and none could be fetched: THE BROWSER TESTS ARE LEFT OUT.
!! Install one (on Debian: apt-get install chromium) to run them.
"""


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments; return its exit status."""
    record, arguments = read_arguments(arguments)
    assets.build()
    chromium = browser.find_or_install() if wants_browser(arguments) else browser.find()
    left_out = ["-m", "not browser"] if chromium is None else []
    with (
        tempfile.TemporaryDirectory(prefix="calsync-", ignore_cleanup_errors=True) as state,
        servers(Path(state)) as urls,
    ):
        env = environment.for_tests(urls)
        env |= {"CALSYNC_BROWSER": chromium} if chromium else {}
        env |= {environment.RECORD: str(record)} if record else {}
        status = process.call([sys.executable, "-m", "pytest", *in_parallel(arguments), *left_out, *arguments], env)
    if chromium is None and wants_browser(arguments):
        print(NO_BROWSER, file=sys.stderr)
    return status


def read_arguments(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """Return the file to record to, emptied, and what goes to pytest."""
    parser = argparse.ArgumentParser(prog="./dev test", allow_abbrev=False, add_help=False)
    parser.add_argument("--record", type=Path, metavar="FILE")
    options, rest = parser.parse_known_args(arguments)
    if options.record is None:
        return None, rest
    record: Path = options.record.absolute()
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_bytes(b"")
    return record, rest


def in_parallel(arguments: list[str]) -> list[str]:
    """The options for a process per core and one more, which works while others wait; what is named runs in one."""
    processes = min((os.cpu_count() or 1) + 1, MOST_PROCESSES)
    return [] if paths_in(arguments) else ["-n", str(processes), "--dist", "loadgroup"]


def paths_in(arguments: list[str]) -> list[Path]:
    named = (Path(argument.split("::")[0]) for argument in arguments if not argument.startswith("-"))
    return [path for path in named if path.exists()]


def wants_browser(arguments: list[str]) -> bool:
    """Say whether pytest called like this would come to a browser test."""
    paths = paths_in(arguments) or [BROWSER_TESTS]
    return BROWSER_TESTS.exists() and any(
        path == BROWSER_TESTS or path in BROWSER_TESTS.parents or BROWSER_TESTS in path.parents for path in paths
    )
