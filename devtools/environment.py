"""The environment in which our commands run the product."""

import os
import secrets
from collections.abc import Mapping

# Settings for tests and work by hand. Nothing here guards anything.
FOR_WORK = {
    "DJANGO_SETTINGS_MODULE": "calsync.settings",
    "SECRET_KEY": "for-tests-and-work-by-hand-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "CREDENTIAL_KEYS": "Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc=",
    "DEBUG": "true",
    "ALLOWED_HOSTS": "*",
    "EMAIL_URL": "memorymail://",
    "PYTHONDONTWRITEBYTECODE": "1",
}
# A person's own settings must not decide whether the tests pass.
NOT_FOR_TESTS = ("PUBLIC_URL", "MICROSOFT_LOGIN_URL", "MICROSOFT_GRAPH_URL", "MICROSOFT_CA_FILE", "LOG_FORMAT")
NOT_FOR_TESTS_PREFIX = "SYNC_"


def for_tests(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for tests and benchmarks against these servers."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in NOT_FOR_TESTS and not key.startswith(NOT_FOR_TESTS_PREFIX)
    }
    return {**inherited, **FOR_WORK, **urls}


def for_production(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an ordinary deployment, for `manage.py check --deploy`."""
    ours = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "false",
        "ALLOWED_HOSTS": "calsync.example",
        "PUBLIC_URL": "https://calsync.example",
        "EMAIL_URL": "smtp://localhost:25",
    }
    return {**for_tests(urls), **ours}
