"""The house's limits on size: a module of 300 lines, a function of 40."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from devtools import ROOT

MODULE_LIMIT = 300
FUNCTION_LIMIT = 40
MEASURED = (
    "calsync",
    "accounts",
    "integrations",
    "instructors",
    "events",
    "sandbox",
    "devtools",
    "bench",
    "simulation",
    "contract",
    "fuzz",
)


def main() -> int:
    """Print each module and function that is too long; return how many there are, at most 1."""
    found = list(too_long(sources()))
    print("\n".join(found))
    return 1 if found else 0


def sources() -> Iterator[Path]:
    """Yield the modules that the limits are for: ours, not what Django generates."""
    yield ROOT / "dev"
    for package in MEASURED:
        yield from (path for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts)


def too_long(paths: Iterable[Path]) -> Iterator[str]:
    """Yield a sentence for each module and each function that is over its limit."""
    for path in paths:
        text = path.read_text()
        lines = len(text.splitlines())
        if lines > MODULE_LIMIT:
            yield f"{path}: {lines} lines, {MODULE_LIMIT} allowed"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LIMIT:
                    yield f"{path}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LIMIT} allowed"


if __name__ == "__main__":
    sys.exit(main())
