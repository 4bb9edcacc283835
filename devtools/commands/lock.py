"""`./dev lock [--upgrade]`: write the lock files of the Python and the browser packages."""

import argparse
import sys

from devtools import ROOT, assets
from devtools.lockfiles import REQUIREMENTS, ResolveError, resolve_browser_packages, resolve_python


def main(arguments: list[str]) -> int:
    """Resolve the requirements and write their lock files; versions stay unless --upgrade is given."""
    parser = argparse.ArgumentParser(prog="./dev lock", description=main.__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that are allowed")
    options = ["--upgrade"] if parser.parse_args(arguments).upgrade else []
    try:
        for source, lock in REQUIREMENTS:
            print(f"{source} -> {lock}", flush=True)
            resolve_python(source, ROOT / lock, *options)
        if (assets.ASSETS / "package.json").exists():
            print("assets/package.json -> assets/package-lock.json", flush=True)
            resolve_browser_packages(assets.ASSETS)
    except ResolveError as problem:
        print(f"dev: {problem}", file=sys.stderr)
        return 1
    return 0
