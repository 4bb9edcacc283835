"""The pictures of the README: which there are, and that a page that is not fit for one is named."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from devtools import ROOT, browser
from devtools.commands.screenshots import main, take_all
from devtools.shots import SHOTS, Shot

PAGES = {
    "/accounts/login/": "<form action='/home/'><input name=username><input name=password><button type=submit></form>",
    "/home/": "signed in",
    "/fine/": "<!doctype html><title>Fine</title><h1>Fine</h1>",
    "/broken/": "<script>nothing.there()</script>",
    "/forbidden/": "<meta http-equiv=content-security-policy content=\"script-src 'none'\"><script>1</script>",
}


class Site(BaseHTTPRequestHandler):
    """A few pages, and 404 for every other."""

    def do_GET(self) -> None:
        body = PAGES.get(self.path.split("?")[0])
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write((body or "none").encode())

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def said() -> Iterator[dict[str, Any]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        login = {"username": "somebody", "password": "something"}
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        yield {"url": url, "logins": {"scheduler": login}, "story": {"late": "fine/"}}
        server.shutdown()


def test_the_pictures_show_calendar_events_and_settings_wide_narrow_and_dark():
    assert len({shot.name for shot in SHOTS}) == len(SHOTS)
    assert {shot.width for shot in SHOTS} == {1400, 390}
    assert sum(shot.is_dark for shot in SHOTS) == 1
    assert {"calendar-week", "calendar-month", "event-form", "event-page", "instructors", "settings"} <= {
        shot.name for shot in SHOTS
    }


def test_the_readme_shows_pictures_that_are_there_and_small():
    shown = re.findall(r"\]\((docs/screenshots/[\w-]+\.png)\)", (ROOT / "README.md").read_text())

    assert shown
    for name in shown:
        assert (ROOT / name).read_bytes().startswith(b"\x89PNG")
        assert (ROOT / name).stat().st_size < 400_000
    assert {Path(name).stem for name in shown} <= {shot.name for shot in SHOTS}


def test_every_picture_in_the_folder_is_one_that_the_command_makes():
    assert {path.stem for path in (ROOT / "docs" / "screenshots").iterdir()} == {shot.name for shot in SHOTS}


def test_a_picture_that_does_not_exist_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["no-such-picture"])

    assert "no-such-picture" in capsys.readouterr().err


@pytest.mark.browser
def test_a_page_that_is_missing_or_broken_is_named_and_the_others_are_taken(said, tmp_path, capsys):
    chromium = browser.find_or_install()
    assert chromium
    shots = [
        Shot("missing", "missing/"),
        Shot("broken", "broken/"),
        Shot("forbidden", "forbidden/"),
        Shot("fine", "{late}", width=390, height=844, is_dark=True),
    ]

    with ThreadPoolExecutor(1) as thread:  # Playwright may run in this one already
        failed = thread.submit(take_all, shots, said, chromium, tmp_path).result()

    assert failed == ["missing", "broken", "forbidden"]
    assert [path.name for path in tmp_path.iterdir()] == ["fine.png"]
    complaints = capsys.readouterr().err
    assert "missing (missing/): the server answered 404" in complaints
    assert "nothing is not defined" in complaints
    assert "Content Security Policy" in complaints
