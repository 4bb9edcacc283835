"""No secret in a log, whatever goes wrong and whoever writes it."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from calsync.logs import logging_config
from instructors.discovery import discover
from instructors.models import Instructor
from integrations.connection import check, connect
from integrations.models import Integration
from integrations.providers.microsoft.provider import Microsoft365
from tests.conftest import address, plan_event, sync_now

SECRET, TOKEN = "s3cr3t~of.the-app", "eyJ0eXAi.eyJhdWQi.c2lnbmF0dXJl"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the process would write to standard error, in production's format."""
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logging_config(getattr(request, "param", "json"))
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)


@pytest.fixture
def libraries_talk(written: io.StringIO) -> Iterator[None]:
    """Let every library write what it writes when somebody debugs."""
    loggers = [logging.getLogger(name) for name in ("urllib3", "requests", "msal", "")]
    kept = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield
    for logger, level in zip(loggers, kept, strict=True):
        logger.setLevel(level)


SECRETS: list[dict[str, Any]] = [
    {"client_secret": SECRET},
    {"authorization": f"Bearer {TOKEN}"},
    {"access_token": TOKEN},
    {"password": SECRET},
    {"headers": f"Authorization: Bearer {TOKEN}"},
    {"headers": {"Authorization": f"Bearer {TOKEN}"}},
    {"body": {"client_id": "c", "client_secret": SECRET}},
    {"body": f"client_id=c&client_secret={SECRET}&scope=x"},
    {"body": f'{{"token_type": "Bearer", "access_token": "{TOKEN}"}}'},
    {"body": f"{{'client_secret': '{SECRET}', 'access_token': '{TOKEN}'}}"},
    {"requests": [{"headers": {"Authorization": f"Bearer {TOKEN}"}}]},
    {"client_assertion": TOKEN},
    {"cookies": {"sessionid": SECRET}},
]


@pytest.mark.parametrize("written", ["json", "console"], indirect=True)
@pytest.mark.parametrize("values", SECRETS)
def test_a_secret_that_is_handed_to_a_log_is_masked(written, values):
    structlog.get_logger("calsync").info("something", **values)

    text = written.getvalue()
    assert "something" in text
    assert SECRET not in text
    assert TOKEN not in text


@pytest.mark.parametrize("text", [f"Bearer {TOKEN}", f"client_secret={SECRET}", f'"access_token": "{TOKEN}"'])
def test_a_secret_in_a_librarys_log_is_masked(written, text):
    logging.getLogger("urllib3.connectionpool").warning("Sending %s", text)

    assert "Sending" in written.getvalue()
    assert SECRET not in written.getvalue()
    assert TOKEN not in written.getvalue()


def test_a_secret_in_a_traceback_is_masked(written):
    try:
        int(f"Authorization: Bearer {TOKEN}")
    except ValueError:
        structlog.get_logger("calsync").exception("failed")

    assert "ValueError" in written.getvalue()
    assert TOKEN not in written.getvalue()


def test_what_is_no_secret_is_written(written):
    structlog.get_logger("calsync").info("sync_failed", mapping=7, error="NotFound", numbers=[1, 2])

    assert '"mapping": 7' in written.getvalue()
    assert '"error": "NotFound"' in written.getvalue()
    assert '"numbers": [1, 2]' in written.getvalue()


def token_of(integration: Integration) -> str:
    provider = connect(integration)
    assert isinstance(provider, Microsoft365)
    return provider.tokens.get()


def test_a_day_of_work_with_faults_writes_no_secret_and_no_token(written, libraries_talk, sandbox, people):
    integration = people["ann"].integration
    plan_event("First aid", people["ann"])
    check(integration)
    sync_now()
    tokens = [token_of(integration)]
    sandbox.fault({"mailbox": address("ann")}, status=500)
    sync_now()
    sandbox.clear_faults()
    sandbox.fault({"mailbox": address("ben")}, status=401)
    sync_now()
    tokens.append(token_of(integration))
    Instructor.objects.create(name="Eve", email=address("eve"))
    integration.client_secret = "a-wrong-secret-of-the-app"
    check(integration)
    discover(integration)
    integration.refresh_from_db()

    text = written.getvalue()
    assert "sync_failed" in text
    assert "discovery_failed" in text
    assert tokens[0] != tokens[1]
    for secret in [sandbox.line["client_secret"], "a-wrong-secret-of-the-app", *tokens]:
        assert secret not in text


def test_what_the_page_shows_of_a_failure_holds_no_secret(sandbox, people):
    integration = people["ann"].integration
    secret = "a-wrong-secret-of-the-app"
    integration.client_secret = secret
    integration.save()
    Instructor.objects.create(name="Eve", email=address("eve"))

    discover(integration)
    steps = check(integration)

    integration.refresh_from_db()
    assert integration.problem
    assert secret not in integration.problem + repr(steps)
