"""A real Chromium that notes every breach of the content security policy and every error on a page."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

AXE = Path(settings.BASE_DIR) / "assets/node_modules/axe-core/axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
]
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Window:
    """A browser window, with what went wrong in it."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.note)

    def note(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def violations(self) -> list[str]:
        """Breaches of the content security policy, and script errors, since the window was opened."""
        return self.page.evaluate("window.violations") + self.complaints

    def scrolls_sideways(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    def findings(self) -> list[str]:
        """What axe finds to be serious or critical."""
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document)")
        return [
            f"{one['id']}: {[node['target'] for node in one['nodes']]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CALSYNC_BROWSER")
    if not path:
        pytest.skip("CALSYNC_BROWSER names no Chromium: the browser tests are left out")
    if not finders.find("vendor/tabler/tabler.min.css") or not AXE.exists():
        pytest.fail("The browser packages are not there. `./dev test` fetches them.")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the thread that uses the database
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=[1400, 390], ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def window(browser: Browser, live_server: Any, width: int) -> Iterator[Window]:
    """A window of nobody who is signed in. Fails the test in which a page breaks the content security policy."""
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    context.set_default_timeout(10_000)
    context.add_init_script(NOTE_VIOLATIONS)
    opened = Window(context.new_page(), live_server.url)
    yield opened
    assert opened.violations() == []
    context.close()


@pytest.fixture
def admin_window(window: Window, transactional_db: None, client: Client) -> Window:
    """A window of a signed-in administrator."""
    client.force_login(User.objects.create_superuser("maria", first_name="Maria", last_name="Lindqvist"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    window.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": window.base}])
    return window
