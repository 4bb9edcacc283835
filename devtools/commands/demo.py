"""`./dev demo`: everything on this machine, with an invented organisation to connect to."""

import argparse
import json
import os
import signal
import sys
import urllib.request
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from devtools import ROOT, assets, environment, locks
from devtools.demo_state import DemoState, start_over, why_not_listen, write_private
from devtools.demo_tenant import tenant
from devtools.demo_welcome import welcome
from devtools.servers import servers
from devtools.supervision import ProcessEndedError, Supervision

PYTHON = sys.executable
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - only compared with
FAST_SECONDS = "15"


def main(arguments: list[str]) -> int:
    """Run the demo until Ctrl-C; 2 when it cannot start as asked, 1 when a part of it ended."""
    options = parse(arguments)
    options.state.mkdir(parents=True, exist_ok=True)
    with locks.claiming(options.state / "demo.lock") as is_ours:
        problem = why_not(options) if is_ours else "The demo runs already from this folder; stop that one first."
        if problem:
            print(f"dev: {problem}", file=sys.stderr)
            return 2
        if options.fresh:
            start_over(options.state)
        return run(options)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev demo", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8000, help="where the pages are served (8000)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--fast", action="store_true", help=f"a cycle every {FAST_SECONDS} seconds instead of 300")
    parser.add_argument("--fresh", action="store_true", help="forget everything of earlier starts")
    parser.add_argument("--state", type=Path, default=ROOT / ".calsync", help="where everything is kept (.calsync)")
    return parser.parse_args(arguments)


def why_not(options: argparse.Namespace) -> str:
    """Return the sentence that says why the demo cannot start like this, or nothing."""
    if options.fresh and os.environ.get("DATABASE_URL"):
        return "--fresh does not empty the database that DATABASE_URL names; empty it yourself, or unset DATABASE_URL."
    reason = why_not_listen(options.host, options.port)
    return (
        f"Port {options.port} of {options.host} cannot be used ({reason}); choose another with --port."
        if reason
        else ""
    )


def run(options: argparse.Namespace) -> int:
    """Start the parts in order, watch them, and stop them in reverse order whatever happens."""
    state = DemoState.load_or_create(options.state)
    (state.folder / "demo.json").unlink(missing_ok=True)
    assets.build()
    supervision = Supervision()
    with ExitStack() as running:
        urls = running.enter_context(servers(state.folder, durable=True, on_start=supervision.rely_on))
        running.callback(stop, supervision, state)
        try:
            sandbox = start_sandbox(supervision, state)
            env = product_environment(options, state, urls, sandbox)
            fill(supervision, state, env, sandbox)
            start_product(supervision, options, state, env)
            announce(options, state, env, sandbox)
            supervision.watch()
        except ProcessEndedError as problem:
            print(f"dev: {problem}; stopping the rest.", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
    return 0


def stop(supervision: Supervision, state: DemoState) -> None:
    """Stop everything but the servers, which outlive the rest; a second Ctrl-C must not leave half of it running."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("Stopping ...", flush=True)
    (state.folder / "demo.json").unlink(missing_ok=True)
    supervision.stop("web", "realtime", "bulk", "beat", "setup", grace=4.0)
    supervision.stop(grace=2.0)


def start_sandbox(supervision: Supervision, state: DemoState) -> dict[str, Any]:
    """Start the sandbox and return what it says about itself: its addresses and credentials."""
    if reason := why_not_listen("127.0.0.1", state.sandbox_port):  # another would not do: stored links name this one
        raise ProcessEndedError(f"The sandbox cannot have its port {state.sandbox_port} again ({reason})")
    kept = state.folder / "sandbox.json"
    command = [PYTHON, "-m", "sandbox", "--port", str(state.sandbox_port), "--state", str(kept)]
    command += environment.recording(os.environ)
    if not kept.exists():
        people = state.folder / "tenant.json"
        people.write_text(json.dumps(tenant(date.today()), indent=1))  # noqa: DTZ011 - the demo's own week
        command += ["--tenant", str(people)]
    said: list[dict[str, Any]] = []

    def take(line: str) -> bool:
        if said or not line.startswith("{"):
            return False
        said.append(json.loads(line))
        return True

    supervision.start("sandbox", command, dict(os.environ), on_line=take)
    supervision.wait_until(lambda: bool(said), "The sandbox", patience=30)
    return said[0]


def product_environment(
    options: argparse.Namespace, state: DemoState, urls: dict[str, str], sandbox: dict[str, Any]
) -> dict[str, str]:
    """Return the settings of every process of the product."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "calsync.settings",
        "SECRET_KEY": state.secret_key,
        "CREDENTIAL_KEYS": state.credential_keys,
        "DEBUG": "false",
        "ALLOWED_HOSTS": "*" if options.host in EVERYWHERE else f"localhost,127.0.0.1,{options.host}",
        "PUBLIC_URL": "",
        "STATIC_ROOT": str(state.folder.resolve() / "static"),
        "EMAIL_URL": "consolemail://",
        "LOG_FORMAT": "console",
        "TIME_ZONE": "Europe/Berlin",
        "NO_COLOR": "1",
        "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",  # that it runs as root, where it does
        "MICROSOFT_LOGIN_URL": sandbox["login_url"],
        "MICROSOFT_GRAPH_URL": sandbox["graph_url"],
        "MICROSOFT_CA_FILE": sandbox["ca_file"],
    }
    fast = {"SYNC_INTERVAL_SECONDS": FAST_SECONDS} if options.fast else {}
    return {**environment.defaults(), **os.environ, **settings, **fast, **urls}


def fill(supervision: Supervision, state: DemoState, env: dict[str, str], sandbox: dict[str, Any]) -> None:
    """Bring the database up to date; at the first start, fill it."""
    asked = [f"--{name}={sandbox[f'{name}_id']}" for name in ("tenant", "client", "user")]
    asked += [f"--sandbox={sandbox['admin_url']}", f"--story={state.folder / 'story.json'}"]
    secrets = {
        "CALSYNC_DEMO_PASSWORD": state.password,
        "CALSYNC_DEMO_SCHEDULER_PASSWORD": state.scheduler_password,
        "CALSYNC_CLIENT_SECRET": sandbox["client_secret"],
    }
    only = ["--only-prepare"] if state.is_filled else []
    supervision.run("setup", [PYTHON, "-m", "devtools.demo_data", *asked, *only], {**env, **secrets})
    state.is_filled = True
    state.save()


def start_product(supervision: Supervision, options: argparse.Namespace, state: DemoState, env: dict[str, str]) -> None:
    """Start the product's own processes, as an operator would, and wait until the pages answer."""
    supervision.start("web", web_command(options.host, options.port), env)
    for name, command in celery_commands(state.folder).items():
        supervision.start(name, command, env)
    supervision.wait_until(lambda: answers(f"{base_url(options)}healthz"), "The web server", patience=60)


def web_command(host: str, port: int) -> list[str]:
    """Return the command of the web server."""
    place = ["--bind", f"{bracketed(host)}:{port}", "--worker-class", "gthread", "--threads", "8"]
    quietly = ["--log-level", "warning", "--graceful-timeout", "2", "--no-control-socket"]
    return [PYTHON, "-m", "gunicorn", "calsync.wsgi", *place, *quietly]


def celery_commands(folder: Path) -> dict[str, list[str]]:
    """Return the commands of the workers and of beat, which keeps its schedule in `folder`, by name."""
    celery = [PYTHON, "-m", "celery", "--quiet", "--skip-checks", "-A", "calsync"]
    options = ["--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle"]
    workers = {
        queue: [*celery, "worker", "-Q", queue, "--hostname", f"{queue}@demo", *options]
        for queue in ("realtime", "bulk")
    }
    return {**workers, "beat": [*celery, "beat", "--schedule", str(folder / "beat")]}


def base_url(options: argparse.Namespace) -> str:
    """Return the address of the pages, for a browser on this machine."""
    host = "localhost" if options.host in EVERYWHERE else bracketed(options.host)
    return f"http://{host}:{options.port}/"


def bracketed(host: str) -> str:
    """Return the host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def answers(url: str) -> bool:
    """Say whether the server answers at all with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:  # of which those of urllib are
        return False


def announce(options: argparse.Namespace, state: DemoState, env: dict[str, str], sandbox: dict[str, Any]) -> None:
    """Say how to reach it all, to the person and in .calsync/demo.json."""
    url = base_url(options)
    passwords = {"admin": state.password, "scheduler": state.scheduler_password}
    logins = {name: {"username": name, "password": password} for name, password in passwords.items()}
    settings = environment.of_the_product(env)
    said = {"url": url, "logins": logins, "sandbox": sandbox, "environment": settings}
    write_private(state.folder / "demo.json", said)
    story = json.loads((state.folder / "story.json").read_text())
    interval = env.get("SYNC_INTERVAL_SECONDS", "300")
    print(welcome(said, story, interval=interval, file=os.path.relpath(state.folder / "demo.json", ROOT)), flush=True)
