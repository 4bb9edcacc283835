"""The commands that hold the sandbox against things that nobody here wrote: they start one, and end it."""

import json
from typing import Any

import pytest
from requests.utils import get_environ_proxies

from devtools import ROOT, extras
from devtools.commands import contract, fuzz
from devtools.imitation import Imitation, imitation
from devtools.lockfiles import REQUIREMENTS
from tests.devtools.processes import still_running_after

NOT_STARTED: Any = None


@pytest.fixture
def calls(monkeypatch):
    """What would run in an environment of its own: its name, its arguments and where it finds the sandbox."""
    found = []

    def run_in(name, command, **environment):
        found.append((name, [str(part) for part in command], environment))
        return 3

    monkeypatch.setattr(extras, "run_in", run_in)
    monkeypatch.setattr(extras, "python_of", lambda name: None)
    return found


def test_a_sandbox_for_a_command_runs_as_long_as_the_command():
    with imitation() as sandbox:
        pid = sandbox.running.pid

        assert sandbox.facts["graph_url"].startswith("https://localhost:")
        assert sandbox.environment["REQUESTS_CA_BUNDLE"] == sandbox.facts["ca_file"]
        assert json.loads(sandbox.environment["CALSYNC_SANDBOX"]) == sandbox.facts

    assert still_running_after([pid]) == []


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_a_client_asks_the_sandbox_itself_whatever_proxy_the_machine_has(monkeypatch, name):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv(name, "intranet.example")
    there = Imitation(json.dumps({"graph_url": "https://localhost:1", "ca_file": "ca.pem"}), NOT_STARTED)

    for variable, value in there.environment.items():
        monkeypatch.setenv(variable, value)

    assert get_environ_proxies("https://localhost:1/v1.0") == {}
    assert get_environ_proxies("https://intranet.example/") == {}
    assert get_environ_proxies("https://elsewhere.example/")["https"] == "http://proxy.example:3128"


def test_a_sandbox_that_does_not_start_is_said_in_words(capfd):
    with pytest.raises(extras.ExtraError, match="did not start"), imitation("--no-such-option"):
        pass
    assert "--no-such-option" in capfd.readouterr().err


def test_the_clients_get_a_sandbox_and_their_status_is_the_commands(calls):
    assert contract.main([]) == 3

    ((name, command, environment),) = calls
    assert (name, command) == ("contract", ["-B", "-m", "contract"])
    assert "client_secret" in environment["CALSYNC_SANDBOX"]


def test_odd_requests_go_to_a_sandbox_that_records(calls, monkeypatch, tmp_path):
    monkeypatch.setattr(fuzz, "OPENAPI", tmp_path / "contract.json")
    (tmp_path / "contract.json").touch()

    assert fuzz.main(["--cases", "5"]) == 3

    ((name, command, _),) = calls
    assert name == "verify"
    assert command[:3] == ["-B", "-m", "fuzz"]
    assert command[-4:] == ["--cases", "5", "--contract", str(tmp_path / "contract.json")]


def test_without_the_contract_only_garbage_is_sent_and_that_is_said(calls, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(fuzz, "OPENAPI", tmp_path / "nowhere.json")

    fuzz.main([])

    assert "--contract" not in calls[0][1]
    assert "LEFT OUT" in capsys.readouterr().err


def test_every_environment_of_its_own_is_locked_and_ignored_by_git():
    assert {"requirements-verify.txt", "requirements-contract.txt"} <= {lock for _, lock in REQUIREMENTS}
    assert ".venv-*/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("package", ["contract", "fuzz"])
def test_what_runs_in_an_environment_of_its_own_imports_nothing_of_ours(package):
    ours = ("sandbox", "devtools", "integrations", "instructors", "accounts", "events", "calsync", "tests")
    text = "".join(path.read_text() for path in (ROOT / package).glob("*.py"))

    assert not [name for name in ours if f"\nfrom {name}" in text or f"\nimport {name}" in text]
