"""A Chromium for the browser tests: the system's, else installed, else none and said so."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_or_install() -> str | None:
    """Return the path of a Chromium, installing one where that is possible; None when there is none to be had."""
    return os.environ.get("CALSYNC_BROWSER") or find() or _from_debian() or _from_playwright()


def find() -> str | None:
    """Return the path of the system's Chromium or Chrome, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def _from_debian() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("Installing Chromium for the browser tests (a minute or two) ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation"]):
        done = subprocess.run(
            ["apt-get", "--quiet", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            print(f"apt-get {arguments[0]} failed: {done.stderr.strip()[-500:]}", flush=True)
            return None
    return find()


def _from_playwright() -> str | None:
    print("Fetching Playwright's Chromium for the browser tests ...", flush=True)
    download = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(download, capture_output=True, check=False).returncode != 0:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
