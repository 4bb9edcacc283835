"""The files that describe how calsync is installed and configured."""

import re
import subprocess

from devtools import ROOT, environment
from devtools.__main__ import COMMANDS
from devtools.sizes import too_long
from integrations.providers.microsoft.auth import LOGIN_HOSTS, PASSING, REFUSALS, SCOPE_HOSTS
from integrations.providers.microsoft.checks import STEPS
from integrations.providers.microsoft.errors import EXPIRED_CODES, ITEM_CODES, MAILBOX_CODES, PASSING_STATUSES

ONLY_COMPOSE = {"POSTGRES_PASSWORD"}


def test_the_example_lists_every_setting_that_is_read_and_no_other():
    read = set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z_]+)\"", (ROOT / "calsync" / "settings.py").read_text()))
    listed = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert listed - ONLY_COMPOSE == read


def test_a_comment_in_the_example_is_no_default():
    assert environment.defaults()["SYNC_INTERVAL_SECONDS"] == "300"
    assert "SECRET_KEY" not in environment.defaults()


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
