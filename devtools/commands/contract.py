"""`./dev contract`: Microsoft's own clients at work with the sandbox."""

import argparse

from devtools import extras
from devtools.imitation import imitation


def main(arguments: list[str]) -> int:
    """Let msgraph-sdk with azure-identity, and python-o365, work with a sandbox over HTTPS; 1 where one disagrees."""
    argparse.ArgumentParser(prog="./dev contract", description=main.__doc__).parse_args(arguments)
    extras.python_of("contract")
    with imitation() as sandbox:
        return extras.run_in("contract", ["-B", "-m", "contract"], **sandbox.environment)
