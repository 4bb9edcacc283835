"""The environment in which our commands run the product."""

import os
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from devtools import ROOT

# Settings for tests and work by hand. Nothing here guards anything.
FOR_WORK = {
    "DJANGO_SETTINGS_MODULE": "calsync.settings",
    "SECRET_KEY": "for-tests-and-work-by-hand-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "CREDENTIAL_KEYS": "Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc=",
    "DEBUG": "true",
    "ALLOWED_HOSTS": "*",
    "EMAIL_URL": "memorymail://",
    "LOG_FORMAT": "console",
    "PYTHONDONTWRITEBYTECODE": "1",
}
FOR_DEPLOYMENT_CHECK = {
    "DEBUG": "false",
    "ALLOWED_HOSTS": "calsync.example",
    "PUBLIC_URL": "https://calsync.example",
    "EMAIL_URL": "smtp://localhost:25",
    "LOG_FORMAT": "json",
}
RECORD = "CALSYNC_RECORD"  # the file to which the sandboxes of the product's tests append every exchange
NAME = re.compile(r"^(?:# )?([A-Z_]+)=", re.MULTILINE)
DEFAULT = re.compile(r"^# ([A-Z_]+)=(.*)$", re.MULTILINE)


def defaults() -> dict[str, str]:
    """Return the default of every setting that has one, as .env.example says it."""
    return dict(DEFAULT.findall((ROOT / ".env.example").read_text()))


def of_the_product(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of `environment` are settings of the product, by the names in .env.example."""
    names = {"DJANGO_SETTINGS_MODULE", *NAME.findall((ROOT / ".env.example").read_text())}
    return {name: value for name, value in environment.items() if name in names}


def recording(environment: Mapping[str, str]) -> list[str]:
    """Return the options of a sandbox that records where `./dev test --record` asked for it, or none."""
    return ["--record", environment[RECORD]] if environment.get(RECORD) else []


def for_tests(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for tests and benchmarks: a person's own settings decide nothing there."""
    return {**os.environ, **defaults(), **FOR_WORK, **urls}


def for_production(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an ordinary deployment, for `manage.py check --deploy`."""
    return {**for_tests(urls), **FOR_DEPLOYMENT_CHECK, "SECRET_KEY": secrets.token_urlsafe(50)}


def with_path(url: str, name: str) -> str:
    """The same server, another database of it."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


def with_number(url: str, number: int) -> str:
    """The same broker, another of its numbered databases."""
    parts = urlsplit(url)
    return f"unix://{parts.path}?db={number}" if parts.scheme == "unix" else with_path(url, str(number))
