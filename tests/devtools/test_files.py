"""The files that describe how calsync is installed and configured."""

import re
import subprocess

import pytest
import yaml

from devtools import ROOT, environment
from devtools.__main__ import COMMANDS
from devtools.sizes import too_long
from integrations.providers.microsoft.auth import LOGIN_HOSTS, PASSING, REFUSALS, SCOPE_HOSTS
from integrations.providers.microsoft.checks import STEPS
from integrations.providers.microsoft.errors import EXPIRED_CODES, ITEM_CODES, MAILBOX_CODES, PASSING_STATUSES

ONLY_COMPOSE = {"POSTGRES_PASSWORD"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_example_lists_every_setting_that_is_read_and_no_other():
    read = set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", (ROOT / "calsync" / "settings.py").read_text()))
    listed = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert listed - ONLY_COMPOSE == read


def test_a_comment_in_the_example_is_no_default():
    assert environment.defaults()["SYNC_INTERVAL_SECONDS"] == "300"
    assert "SECRET_KEY" not in environment.defaults()


def test_every_process_of_the_product_is_a_service(compose):
    commands = " ".join(service.get("command", "") for service in compose["services"].values())

    assert set(compose["services"]) == {"web", "realtime", "bulk", "beat", "migrate", "db", "redis"}
    for process in ("worker -Q realtime", "worker -Q bulk", "beat", "migrate"):
        assert f"celery -A calsync {process}" in commands or process in commands


def test_services_wait_for_services_that_exist_and_can_say_that_they_are_healthy(compose):
    services = compose["services"]
    for service in services.values():
        for name, wish in service.get("depends_on", {}).items():
            assert wish["condition"] != "service_healthy" or "healthcheck" in services[name]


def test_named_volumes_are_declared(compose):
    used = {volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])}

    assert used == set(compose["volumes"])


def test_the_image_gets_no_sandbox_no_tools_and_no_tests():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert not allowed & {"sandbox", "devtools", "tests", "bench", "dev", "requirements-dev.txt"}
    assert "requirements-dev" not in dockerfile
    assert "\nUSER calsync" in dockerfile


def test_the_page_on_microsoft_explains_every_code_that_calsync_knows():
    page = (ROOT / "docs" / "microsoft-365.md").read_text()
    codes = {code.lower() for code in (*MAILBOX_CODES, *EXPIRED_CODES, *ITEM_CODES, "ErrorDuplicateTransactionId")}

    assert codes <= {word.lower() for word in re.findall(r"\w+", page)}
    assert {str(number) for number in (*REFUSALS, *PASSING)} <= set(re.findall(r"\d+", page))
    assert all(str(status) in page for status in PASSING_STATUSES)
    assert all(step in page for step in STEPS)
    assert all(host.removeprefix("https://") in page for host in (*LOGIN_HOSTS.values(), *SCOPE_HOSTS.values()))


def test_help_names_every_command():
    text = subprocess.run([ROOT / "dev"], capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"^  (\w+) {2,}", text, re.MULTILINE)) == set(COMMANDS)


def test_a_function_that_is_too_long_is_named_with_its_place(tmp_path):
    long = tmp_path / "long.py"
    long.write_text("def far():\n" + "    pass\n" * 40)

    assert list(too_long([long])) == [f"{long}:1: far has 41 lines, 40 allowed"]


def test_a_module_that_is_too_long_is_named(tmp_path):
    long = tmp_path / "long.py"
    long.write_text("pass\n" * 301)

    assert list(too_long([long])) == [f"{long}: 301 lines, 300 allowed"]
