"""A real Chromium that notes every breach of the content security policy and every error on a page."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, sync_playwright

from tests.browser.people import PASSWORD

AXE = Path(settings.BASE_DIR) / "assets/node_modules/axe-core/axe.min.js"
THEMES = ["light", "dark"]
WIDTHS = [1400, 390]
AT_ONE_WIDTH = pytest.mark.parametrize("width", [1400], ids=["desktop"])  # what the width makes no difference to
SCHEDULING = [
    "view_calendar",
    *(f"{verb}_{noun}" for verb in ("view", "add", "change", "delete") for noun in ("event", "session")),
]
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
    "--process-per-site",
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
        return self.page

    def choose(self, theme: str) -> None:
        """Let the device of this window ask for the theme "light" or "dark"."""
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    def violations(self) -> list[str]:
        """Breaches of the content security policy, and script errors, since the window was opened."""
        return self.page.evaluate("window.violations") + self.complaints

    def scrolls_sideways(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    def findings(self, *, but: Collection[str] = ()) -> list[str]:
        """What axe finds to be serious or critical, without the rules named."""
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {[node['target'] for node in one['nodes']]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"} and one["id"] not in but
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


@pytest.fixture(params=WIDTHS, ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="session")
def contexts(browser: Browser, live_server: Any) -> Iterator[dict[int, BrowserContext]]:
    """A browser context for each width, which keeps what it has loaded: a new one for every test costs a second.

    A page that stays open keeps the process of the site, and with it what was compiled.
    """
    opened = {
        width: browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", reduced_motion="reduce")
        for width in WIDTHS
    }
    for context in opened.values():
        context.set_default_timeout(10_000)
        context.add_init_script(NOTE_VIOLATIONS)
        context.new_page().goto(f"{live_server.url}/static/calsync/logo.svg")
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def window(contexts: dict[int, BrowserContext], live_server: Any, width: int) -> Iterator[Window]:
    """A window of nobody who is signed in. Fails the test in which a page breaks the content security policy."""
    context = contexts[width]
    context.clear_cookies()
    context.set_offline(False)
    opened = Window(context.new_page(), live_server.url)
    try:
        yield opened
        assert opened.violations() == []
    finally:
        for page in context.pages[1:]:
            page.close()


def sign_in(window: Window, client: Client, user: User) -> Window:
    """Let `user` be signed in in this window, without the sign-in page."""
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    window.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": window.base}])
    return window


@pytest.fixture
def admin_window(window: Window, transactional_db: None, client: Client) -> Window:
    """A window of a signed-in administrator."""
    maria = User.objects.create_superuser("maria", first_name="Maria", last_name="Lindqvist", password=PASSWORD)
    return sign_in(window, client, maria)


@pytest.fixture
def scheduler_window(window: Window, transactional_db: None, client: Client) -> Window:
    """A window of a signed-in scheduler."""
    tom = User.objects.create_user("tom", first_name="Tom", last_name="Ashworth", password=PASSWORD)
    tom.groups.add(schedulers())
    return sign_in(window, client, tom)


def schedulers() -> Group:
    """The group with its rights, which a database that was emptied by the test before has lost."""
    group, is_new = Group.objects.get_or_create(name="Schedulers")
    if is_new:
        events = Permission.objects.filter(content_type__app_label="events", codename__in=SCHEDULING)
        group.permissions.set(events | Permission.objects.filter(codename="view_instructor"))
    return group


def assert_fit(window: Window) -> None:
    """Fail unless the page is fit to be seen, in both themes: no serious finding of axe, nothing cut off."""
    for theme in THEMES:
        window.choose(theme)
        assert window.findings() == [], theme
        assert not window.scrolls_sideways(), theme


def in_menu(window: Window, name: str) -> Locator:
    """A link of the header, behind the menu button where the window is narrow."""
    menu = window.page.get_by_role("button", name="Menu")
    if menu.is_visible() and menu.get_attribute("aria-expanded") == "false":
        menu.click()
    return window.page.get_by_role("navigation", name="Main").get_by_role("link", name=name)
