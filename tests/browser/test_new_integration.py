"""The form that creates an integration, against the sandbox."""

import pytest
from playwright.sync_api import Page

from integrations.models import Integration
from tests.browser.conftest import AT_ONE_WIDTH, Window
from tests.conftest import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW = "/settings/calendar-integration/new/"


def fill(page: Page, line: dict[str, str], **other: str) -> None:
    page.get_by_label("Name", exact=True).fill("Northgate Training")
    page.get_by_label("Tenant ID").fill(line["tenant_id"])
    page.get_by_label("Client ID").fill(line["client_id"])
    page.get_by_label("Client Secret").fill(other.get("secret", line["client_secret"]))
    page.get_by_label("User ID").fill(other.get("user", line["user_id"]))


def test_a_wrong_secret_is_named_and_nothing_is_saved(admin_window: Window, sandbox: Sandbox) -> None:
    page = admin_window.open(NEW)
    fill(page, sandbox.line, secret="not-the-secret")

    page.get_by_role("button", name="Create Integration").click()

    page.get_by_text("0 of 5 passed").wait_for()
    assert page.get_by_label("Client Secret").get_attribute("aria-invalid") == "true"
    assert page.get_by_text("What to do").is_visible()
    assert admin_window.findings() == []
    assert not admin_window.scrolls_sideways()
    assert not Integration.objects.exists()


@AT_ONE_WIDTH
def test_what_was_typed_stays_after_a_failed_test_the_secret_too(admin_window: Window, sandbox: Sandbox) -> None:
    page = admin_window.open(NEW)
    fill(page, sandbox.line, user="nobody@northgate.example")
    page.get_by_role("button", name="Create Integration").click()
    page.get_by_text("3 of 5 passed").wait_for()

    page.get_by_label("User ID").fill(sandbox.line["user_id"])
    page.get_by_role("button", name="Test again").click()

    page.get_by_text("5 of 5 passed").wait_for()
    assert sandbox.line["client_secret"] not in page.content()
    assert not Integration.objects.exists()


def test_an_integration_that_passes_is_created_and_listed(admin_window: Window, sandbox: Sandbox) -> None:
    page = admin_window.open(NEW)
    fill(page, sandbox.line)

    page.get_by_role("button", name="Create Integration").click()

    page.get_by_text("Northgate Training is created and active.").wait_for()
    assert page.get_by_role("rowheader", name="Northgate Training").is_visible()
    assert Integration.objects.get().client_secret == sandbox.line["client_secret"]
