"""`./dev servers`: PostgreSQL and Valkey in the foreground, for work by hand."""

import argparse
import signal

from devtools import ROOT, environment
from devtools.servers import servers


def main(arguments: list[str]) -> int:
    """Run the servers until Ctrl-C; print the lines that let a shell use them with manage.py."""
    argparse.ArgumentParser(prog="./dev servers", description=main.__doc__).parse_args(arguments)
    with servers(ROOT / ".calsync" / "dev", durable=True) as urls:
        for key, value in {**environment.FOR_WORK, **urls}.items():
            print(f"export {key}='{value}'", flush=True)
        signal.pause()
    return 0
