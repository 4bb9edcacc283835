"""`./dev servers`: PostgreSQL and Valkey in the foreground, for work by hand."""

import argparse
import signal

from devtools import ROOT
from devtools.servers import servers


def main(arguments: list[str]) -> int:
    """Run the servers until Ctrl-C; print the lines that let a shell use them."""
    parser = argparse.ArgumentParser(prog="./dev servers", description=__doc__)
    parser.parse_args(arguments)
    with servers(ROOT / ".calsync" / "dev", durable=True) as urls:
        for key, url in urls.items():
            print(f"export {key}='{url}'", flush=True)
        signal.pause()
    return 0
