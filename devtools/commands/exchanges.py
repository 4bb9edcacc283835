"""`./dev exchanges FILE`: what product and sandbox said to each other, held against Microsoft's contract."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from devtools.extras import CONTRACT, is_shared, python_of, run_in

CHECKER = CONTRACT / "check_exchanges.py"
WORTH_A_PROCESS = 500  # exchanges
OF_ANOTHER_PART = b'{"url": ""}\n'  # the checker passes over it, so that its line numbers are those of the recording


def main(arguments: list[str]) -> int:
    """Report what in a recording Graph would not have said or taken; 1 if there is any, or nothing was recorded."""
    parser = argparse.ArgumentParser(prog="./dev exchanges", description=main.__doc__)
    parser.add_argument("file", type=Path, help="what ./dev test --record FILE has written")
    file: Path = parser.parse_args(arguments).file
    if not is_shared(CHECKER, "the check of the exchanges"):
        return 0
    if not file.exists() or not file.stat().st_size:
        print(f"dev: nothing is recorded in {file}.", file=sys.stderr)
        return 1
    python_of("verify")  # made once, before several ask for it
    with parts_of(file) as parts, ThreadPoolExecutor(len(parts)) as threads:
        return 1 if any(list(threads.map(check, parts))) else 0


def check(part: Path) -> int:
    return run_in("verify", [CHECKER, part, "--strict"], PYTHONDONTWRITEBYTECODE="1")


@contextmanager
def parts_of(file: Path) -> Iterator[list[Path]]:
    """Yield the recording in a part for each core, every line in its place; a short one as it is."""
    lines = file.read_bytes().splitlines(keepends=True)
    count = min(os.cpu_count() or 1, 1 + len(lines) // WORTH_A_PROCESS)
    if count == 1:
        yield [file]
        return
    with tempfile.TemporaryDirectory(prefix="calsync-") as folder:
        parts = [Path(folder) / f"part-{number}.jsonl" for number in range(count)]
        for number, part in enumerate(parts):
            part.write_bytes(
                b"".join(line if place % count == number else OF_ANOTHER_PART for place, line in enumerate(lines))
            )
        yield parts
