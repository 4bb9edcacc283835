"""The settings, read in a process of their own from an environment of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
SHOW = """
import json, sys
from calsync import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""
NEEDED = {
    "SECRET_KEY": "a-key-for-this-test-only-that-is-long-enough-for-the-check",
    "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
    "DATABASE_URL": "postgres://user:word@db.example:5433/calsync",
}


def start(*names: str, without: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    given = {name: value for name, value in (NEEDED | environment).items() if name != without}
    command = [sys.executable, "-c", SHOW, *names]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True, check=False
    )


def read(*names: str, **environment: str) -> Any:
    """The settings of these names; of one name, its value."""
    found = start(*names, **environment)
    assert found.returncode == 0, found.stderr
    values = json.loads(found.stdout)
    return values[names[0]] if len(names) == 1 else values


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://cache.example:6380/2", "redis://cache.example:6380/2"),
        ("rediss://:word@cache.example:6380/2", "rediss://:word@cache.example:6380/2"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
    ],
)
def test_the_address_of_redis_is_translated_for_celery(url, broker):
    assert read("CELERY_BROKER_URL", REDIS_URL=url) == broker


def test_a_database_may_stand_behind_a_socket():
    database = read("DATABASES", DATABASE_URL="postgres:///calsync?host=/run/db&user=ann")["default"]

    assert database["NAME"] == "calsync"
    assert "/run/db" in (database.get("HOST"), database["OPTIONS"].get("host"))
    assert database["OPTIONS"]["connect_timeout"] == 5


def test_a_database_may_stand_behind_a_host():
    database = read("DATABASES")["default"]

    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "calsync")


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_has_no_default_is_named_when_it_lacks(name):
    found = start("DEBUG", without=name)

    assert found.returncode != 0
    assert name in found.stderr


def test_the_defaults_are_those_of_the_design():
    expected = {
        "DEBUG": False,
        "ALLOWED_HOSTS": [],
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en-gb",
        "SYNC_INTERVAL_SECONDS": 300,
        "SYNC_WINDOW_DAYS_BACK": 30,
        "SYNC_WINDOW_DAYS_AHEAD": 400,
        "SYNC_LEASE_SECONDS": 300,
        "SYNC_BATCHES_IN_FLIGHT": {"realtime": 1, "bulk": 3},
        "SYNC_ONE_BATCH_PER_APP": False,
        "MICROSOFT_LOGIN_URL": "",
        "MICROSOFT_GRAPH_URL": "",
        "MICROSOFT_CA_FILE": "",
        "LOG_FORMAT": "json",
        "CELERY_TASK_ACKS_LATE": True,
        "CELERY_TASK_REJECT_ON_WORKER_LOST": True,
        "CELERY_TASK_IGNORE_RESULT": True,
        "CELERY_ACCEPT_CONTENT": ["json"],
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
    }

    assert read(*expected) == expected


def test_a_task_ends_before_its_message_is_delivered_again():
    found = read("CELERY_TASK_TIME_LIMIT", "CELERY_BROKER_TRANSPORT_OPTIONS", "SYNC_LEASE_SECONDS")

    visibility = found["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"]
    assert found["SYNC_LEASE_SECONDS"] < found["CELERY_TASK_TIME_LIMIT"] < visibility


def test_batches_in_flight_are_numbers_by_queue():
    assert read("SYNC_BATCHES_IN_FLIGHT", SYNC_BATCHES_IN_FLIGHT="realtime=2;bulk=5") == {"realtime": 2, "bulk": 5}


def test_one_queue_may_be_given_and_the_other_keeps_its_default():
    assert read("SYNC_BATCHES_IN_FLIGHT", SYNC_BATCHES_IN_FLIGHT="bulk=5") == {"realtime": 1, "bulk": 5}


def test_several_credential_keys_are_a_list_in_their_order():
    keys = [Fernet.generate_key().decode() for _ in range(2)]

    assert read("CREDENTIAL_KEYS", CREDENTIAL_KEYS=",".join(keys)) == keys


def test_behind_tls_everything_is_https():
    expected = {
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "CSRF_TRUSTED_ORIGINS": ["https://calsync.example"],
    }

    assert read(*expected, PUBLIC_URL="https://calsync.example") == expected
    assert read("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE") == {
        "SECURE_SSL_REDIRECT": False,
        "SESSION_COOKIE_SECURE": False,
    }


def test_the_example_lists_every_variable_that_is_read():
    source = (ROOT / "calsync" / "settings.py").read_text()
    example = (ROOT / ".env.example").read_text()

    names = {part.split('"')[1] for part in source.split("env.")[1:] if part.split("(")[0] in KINDS and '"' in part}
    lacking = {name for name in names if name.isupper() and name not in example}

    assert len(names) > 15
    assert lacking == set()


KINDS = {"str", "bool", "int", "list", "dict", "db", "email_url"}


def test_a_process_that_is_to_crash_is_refused_in_production():
    found = start("DEBUG", CALSYNC_CRASH_AT="sent")

    assert found.returncode != 0
    assert "CALSYNC_CRASH_AT ends processes in the middle of their work; it needs DEBUG." in found.stderr
    assert read("CALSYNC_CRASH_AT", CALSYNC_CRASH_AT="sent", DEBUG="true") == "sent"
