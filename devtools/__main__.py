"""`python -m devtools COMMAND`: what `./dev` hands over to."""

import importlib
import signal
import sys

from devtools.assets import AssetsError
from devtools.extras import ExtraError
from devtools.postgres import ServerStartError
from devtools.process import Terminated

COMMANDS = (
    "demo", "test", "check", "exchanges", "contract", "fuzz", "lock", "sandbox", "bench", "servers", "manage",
    "screenshots", "mutants", "simulate",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"dev: there is no such command; there are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    listen_to_signals()
    command = importlib.import_module(f"devtools.commands.{arguments[0]}")
    try:
        return int(command.main(arguments[1:]))
    except (AssetsError, ExtraError, ServerStartError) as problem:
        print(f"dev: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def listen_to_signals() -> None:
    """Let a Ctrl-C, a kill or a closed terminal unwind the context managers, so that nothing is left running."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # under nohup it stays ignored
        signal.signal(signal.SIGHUP, _stop)


def _stop(number: int, frame: object) -> None:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
