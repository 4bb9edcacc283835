"""Loaded before Django's settings are read: each process of a parallel run gets a Redis database of its own.

The PostgreSQL database is pytest-django's part: it adds the name of the process to that of the test database.
"""

import os

from devtools.environment import with_number


def redis_of(process: str, url: str) -> str:
    """The address in Redis for the process gw0, gw1 ... of pytest-xdist; 0 is left to runs that are not parallel."""
    return with_number(url, int(process.removeprefix("gw")) + 1)


if process := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["REDIS_URL"] = redis_of(process, os.environ["REDIS_URL"])
