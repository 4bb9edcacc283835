"""`python -m devtools COMMAND`: what `./dev` hands over to."""

import importlib
import signal
import sys

from devtools.assets import AssetsError
from devtools.postgres import ServerStartError
from devtools.process import Terminated

COMMANDS = ("demo", "test", "check", "lock", "sandbox", "bench", "servers")


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"dev: there is no such command; there are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _stop)  # a kill or a closed terminal unwinds the context managers like a Ctrl-C
    command = importlib.import_module(f"devtools.commands.{arguments[0]}")
    try:
        return int(command.main(arguments[1:]))
    except (AssetsError, ServerStartError) as problem:
        print(f"dev: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _stop(number: int, frame: object) -> None:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
