"""`./dev screenshots`: the pictures of the README, taken of a fresh demo in a real browser."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from devtools import ROOT, assets, browser, process
from devtools.demo_state import free_port
from devtools.shots import SHOTS, Shot

PATIENCE = 120  # seconds for the demo to come up
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server", "--lang=en-GB"]
BRITISH: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "en_GB"}  # how date fields look
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Mobile Safari/537.36"
DEMO_OWNED = ("DATABASE_URL", "REDIS_URL")  # the demo of the pictures has servers of its own


class ShotError(Exception):
    """A page is not fit for a picture; the text says why."""


def main(arguments: list[str]) -> int:
    """Take every picture, or those that are named; 1 when one could not be taken, and then it says which and why."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(shot.name for shot in SHOTS)}")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "screenshots", help="folder (docs/screenshots)")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {shot.name for shot in SHOTS}:
        parser.error(f"there is no picture named {', '.join(sorted(unknown))}")
    assets.build()
    chromium = browser.find_or_install()
    if chromium is None:
        print("dev: no Chromium is installed, and none could be fetched.", file=sys.stderr)
        return 1
    wanted = [shot for shot in SHOTS if not options.names or shot.name in options.names]
    options.to.mkdir(parents=True, exist_ok=True)
    with demo() as said:
        failed = take_all(wanted, said, chromium, options.to)
    return 1 if failed else 0


@contextmanager
def demo() -> Iterator[dict[str, Any]]:
    """Run a demo in a temporary folder; what it says in demo.json, with the paths of its story."""
    with tempfile.TemporaryDirectory(prefix="calsync-", ignore_cleanup_errors=True) as folder:
        state, log_path = Path(folder) / "state", Path(folder) / "demo.log"
        command = [sys.executable, "-m", "devtools", "demo", "--state", str(state), "--port", str(free_port())]
        env = {name: value for name, value in os.environ.items() if name not in DEMO_OWNED}
        print("Starting a demo ...", flush=True)
        with log_path.open("wb") as log:
            running = process.spawn(command, env=env, output=log)
        try:
            yield announced(running, state, log_path)
        finally:
            process.stop(running, grace=15.0)


def announced(running: subprocess.Popen[bytes], state: Path, log: Path) -> dict[str, Any]:
    """Wait until the demo has said that it runs."""
    deadline = time.monotonic() + PATIENCE
    while not (state / "demo.json").exists():
        if running.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"dev: the demo did not come up:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
    said: dict[str, Any] = json.loads((state / "demo.json").read_text())
    return {**said, "story": json.loads((state / "story.json").read_text())}


def take_all(wanted: list[Shot], said: dict[str, Any], chromium: str, folder: Path) -> list[str]:
    """Take these pictures one after the other; the names of those that could not be taken."""
    failed = []
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, env=BRITISH)
        for shot in wanted:
            try:
                size = take(shot, said, window, folder / f"{shot.name}.png")
                print(f"  {shot.name}.png, {size // 1024} kB", flush=True)
            except (ShotError, BrowserError) as problem:
                failed.append(shot.name)
                first = str(problem).strip().splitlines()[0]
                print(f"dev: {shot.name} ({shot.path}): {first}", file=sys.stderr, flush=True)
        window.close()
    return failed


def take(shot: Shot, said: dict[str, Any], window: Browser, target: Path) -> int:
    """Take one picture; its size in bytes. Raises ShotError where the page is broken."""
    context = context_for(shot, window)
    try:
        page = context.new_page()
        complaints = listen(page)
        sign_in(page, said["url"], said["logins"][shot.login])
        path = shot.path.format(**said["story"])
        answer = page.goto(said["url"] + path)
        if answer is None or answer.status != 200:
            raise ShotError(f"the server answered {answer.status if answer else 'nothing'}")
        page.wait_for_load_state("networkidle")
        shot.prepare(page, said)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        if complaints:
            raise ShotError(complaints[0])
        page.screenshot(path=target, full_page=shot.is_whole, animations="disabled", caret="hide")
    finally:
        context.close()
    return target.stat().st_size


def context_for(shot: Shot, window: Browser) -> BrowserContext:
    """A window of its own for one picture, as the device that it is to show."""
    return window.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.is_dark else "light",
        device_scale_factor=shot.scale,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
        **({"user_agent": PHONE} if shot.is_phone else {}),  # type: ignore[arg-type]
    )


def listen(page: Page) -> list[str]:
    """Note what goes wrong in the page from now on: script errors and breaches of the content security policy."""
    complaints: list[str] = []
    note: Callable[[str], None] = complaints.append
    page.on("pageerror", lambda error: note(str(error)))
    page.on("console", lambda line: note(line.text) if line.type == "error" else None)
    return complaints


def sign_in(page: Page, url: str, login: dict[str, str]) -> None:
    """Sign in as one of the demo's people."""
    page.goto(f"{url}accounts/login/")
    page.fill("input[name=username]", login["username"])
    page.fill("input[name=password]", login["password"])
    page.click("form [type=submit]")
    page.wait_for_url(lambda address: "/accounts/login/" not in address)
