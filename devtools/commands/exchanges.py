"""`./dev exchanges FILE`: what product and sandbox said to each other, held against Microsoft's contract."""

import argparse
import sys
from pathlib import Path

from devtools.extras import CONTRACT, is_shared, run_in

CHECKER = CONTRACT / "check_exchanges.py"


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
    return run_in("verify", [CHECKER, file, "--strict"], PYTHONDONTWRITEBYTECODE="1")
