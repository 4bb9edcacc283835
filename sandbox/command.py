"""The command line of the sandbox."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from sandbox import people, tenant
from sandbox.app import Sandbox
from sandbox.certificates import Authority, write_private
from sandbox.recording import Recorder
from sandbox.server import Server, configure, listen
from sandbox.state import StateFile
from sandbox.world import World

SAVE_EVERY = 3  # seconds


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A local imitation of Microsoft 365.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8443, help="port to listen on; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--public-host", default="localhost", help="the name in the URLs and in the certificate")
    parser.add_argument("--tenant", type=Path, metavar="FILE.json", help="load people and calendars")
    parser.add_argument(
        "--ics", type=Path, action="append", default=[], metavar="DIR", help="make a person of every .ics file in DIR"
    )
    parser.add_argument("--people", type=int, default=0, metavar="N", help="generate N people with a realistic load")
    parser.add_argument(
        "--seed", type=int, default=1, help="what the generated people depend on (default: %(default)s)"
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep everything in FILE over a restart")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="answer each request MS later")
    parser.add_argument(
        "--concurrency", choices=("mailbox", "app", "off"), default="mailbox", help="what the limit of four counts for"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="append each exchange to FILE, one JSON a line")
    return parser.parse_args(arguments)


def build_world(options: argparse.Namespace, state: StateFile | None) -> tuple[World, Authority]:
    """The world of the state file, or a new one with the people that were asked for."""
    start = {"latency_ms": options.latency, "concurrency": options.concurrency}
    if state is not None and state.path.exists():
        return state.load(start)
    world = World(start)
    if options.tenant is not None:
        tenant.load(world, json.loads(options.tenant.read_text()))
    people.generate(world, options.people, options.seed)
    if options.ics:
        _load_files(world, options.ics)
    return world, Authority.new()


def _load_files(world: World, folders: list[Path]) -> None:
    """Load calendar files, and say on the error output what is not as it stands in them."""
    try:
        from sandbox import ics  # only who asks for it needs the packages that read such files
    except ImportError as error:
        raise ValueError(f"--ics needs the packages icalendar and recurring-ical-events ({error}).") from None
    report = ics.load(world, folders)
    world.ics = report.as_json()
    print(*report.lines(), sep="\n", file=sys.stderr)


def facts_of(world: World, ca_file: Path) -> dict[str, Any]:
    """What a client needs to know; the line that is printed."""
    return {
        "login_url": world.origin,
        "graph_url": world.origin,
        "ca_file": str(ca_file),
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
        "user_id": world.user_id,
        "admin_url": world.origin,
    }


async def serve(options: argparse.Namespace, folder: Path) -> None:
    """Serve until a signal comes; save the state on the way and at the end."""
    listener = listen(options.host, options.port)
    state = StateFile(options.state) if options.state else None
    world, authority = build_world(options, state)
    world.origin = f"https://{options.public_host}:{listener.getsockname()[1]}"
    world.directory.restart(world.people.values())
    certificate, key, ca_file = _write_certificates(options, authority, folder)
    facts = facts_of(world, ca_file)
    sandbox = Sandbox(world, facts)
    application = Recorder(sandbox, options.record) if options.record else sandbox
    config = configure(application, certificate, key)
    server = Server(config, lambda: print(json.dumps(facts), flush=True), world.clock)
    gc.collect()
    gc.freeze()
    saver = asyncio.create_task(_save_often(state, world, authority)) if state else None
    await server.serve(sockets=[listener])
    if saver is not None and state is not None:
        saver.cancel()
        state.save(world, authority)


def _write_certificates(options: argparse.Namespace, authority: Authority, folder: Path) -> tuple[Path, Path, Path]:
    names = list(dict.fromkeys([options.public_host, "localhost", "127.0.0.1", "::1"]))
    certificate, key = authority.issue(names)
    (folder / "certificate.pem").write_text(certificate)
    write_private(folder / "key.pem", key)
    ca_file = options.state.resolve().with_suffix(".ca.pem") if options.state else folder / "ca.pem"
    ca_file.parent.mkdir(parents=True, exist_ok=True)
    ca_file.write_text(authority.certificate_pem)
    return folder / "certificate.pem", folder / "key.pem", ca_file


async def _save_often(state: StateFile, world: World, authority: Authority) -> None:
    state.save(world, authority)
    while True:
        await asyncio.sleep(SAVE_EVERY)
        if state.is_behind(world):
            text = state.text(world, authority)
            await asyncio.to_thread(state.write, text)


def _run(options: argparse.Namespace, folder: Path) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(options, folder))
    else:
        uvloop.run(serve(options, folder))


def main() -> None:
    """Run the sandbox; a mistake on the command line ends it with a sentence."""
    options = read_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the server listens for it
    with tempfile.TemporaryDirectory(prefix="sandbox-") as name:
        try:
            _run(options, Path(name))
        except KeyboardInterrupt:
            pass
        except (OSError, ValueError) as error:
            sys.exit(f"sandbox: {error}")
