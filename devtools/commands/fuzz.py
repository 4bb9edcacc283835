"""`./dev fuzz`: whatever must not break the sandbox."""

import argparse
import sys
import tempfile
from pathlib import Path

from devtools import extras
from devtools.imitation import imitation

OPENAPI = extras.CONTRACT / "graph-calendar-openapi.json"


def main(arguments: list[str]) -> int:
    """Send a sandbox over HTTPS what schemathesis makes up from Microsoft's contract, and garbage; 1 when it breaks."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=main.__doc__)
    parser.add_argument("--cases", type=int, default=40, help="for each operation (default: %(default)s)")
    options = parser.parse_args(arguments)
    extras.python_of("verify")
    with tempfile.TemporaryDirectory(prefix="calsync-") as folder:
        recording = Path(folder) / "exchanges.jsonl"
        with imitation("--record", str(recording)) as sandbox:
            command = ["-B", "-m", "fuzz", "--recording", str(recording), "--cases", str(options.cases)]
            if extras.is_shared(OPENAPI, "what schemathesis would make up"):
                command += ["--contract", str(OPENAPI)]
            status = extras.run_in("verify", command, **sandbox.environment)
            if sandbox.running.poll() is not None:
                print(f"dev: the sandbox has ended with {sandbox.running.returncode}.", file=sys.stderr)
                return 1
    return status
