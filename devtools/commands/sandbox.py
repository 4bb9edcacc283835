"""`./dev sandbox [arguments]`: the imitation of Microsoft 365 alone."""

import os
import sys

from devtools import process


def main(arguments: list[str]) -> int:
    """Run the sandbox with these arguments until it ends."""
    return process.call([sys.executable, "-m", "sandbox", *arguments], os.environ)
