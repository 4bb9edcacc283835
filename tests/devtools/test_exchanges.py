"""What product and sandbox say to each other is recorded and held against Microsoft's contract, where it is there."""

import json
import os
import sys

import pytest

from devtools import environment, extras
from devtools.commands import exchanges
from devtools.commands.test import read_arguments

ASKED = {
    "method": "GET",
    "url": "https://localhost/v1.0/users",
    "req_headers": {"authorization": "REDACTED"},
    "req_body": None,
    "resp_headers": {},
}


@pytest.fixture
def recording(tmp_path):
    """Makes a recording of one answer to a request for the people."""

    def make(status, body):
        file = tmp_path / "exchanges.jsonl"
        file.write_text(json.dumps(ASKED | {"status": status, "resp_body": body}) + "\n")
        return str(file)

    return make


@pytest.fixture
def checked(monkeypatch, tmp_path):
    """A checker that finds something in every file, and how it was called."""
    checker = tmp_path / "checker.py"
    checker.touch()
    monkeypatch.setattr(exchanges, "CHECKER", checker)
    calls = []

    def run_in(name, command, **env):
        calls.append((name, command))
        return 1

    monkeypatch.setattr(exchanges, "run_in", run_in)
    monkeypatch.setattr(exchanges, "python_of", lambda name: None)
    return calls


def test_the_recording_is_held_against_the_contract_strictly(recording, checked):
    file = recording(200, {"value": []})

    status = exchanges.main([file])

    assert status == 1
    ((name, command),) = checked
    assert name == "verify"
    assert [str(part) for part in command] == [str(exchanges.CHECKER), file, "--strict"]


@pytest.mark.parametrize("status", [2, -9])
def test_a_checker_that_breaks_or_is_killed_fails_the_check(recording, checked, monkeypatch, status):
    monkeypatch.setattr(exchanges, "run_in", lambda *_, **__: status)

    assert exchanges.main([recording(200, {"value": []})]) == 1


def test_a_long_recording_is_cut_up_so_that_every_line_is_read_once_in_its_place(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    lines = [json.dumps({"url": f"/{number}"}) for number in range(2000)]
    (tmp_path / "long.jsonl").write_text("\n".join(lines) + "\n")

    with exchanges.parts_of(tmp_path / "long.jsonl") as parts:
        read = [[json.loads(line)["url"] for line in part.read_text().splitlines()] for part in parts]

    assert len(read) == 3
    assert ["".join(urls) for urls in zip(*read, strict=True)] == [f"/{number}" for number in range(2000)]


def test_without_the_contract_the_check_says_so_and_passes(recording, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(exchanges, "CHECKER", tmp_path / "nowhere" / "check.py")

    assert exchanges.main([recording(200, "nonsense")]) == 0
    assert "LEFT OUT" in capsys.readouterr().err


@pytest.mark.parametrize("made", [True, False])
def test_a_recording_of_nothing_fails(made, checked, tmp_path, capsys):
    file = tmp_path / "empty.jsonl"
    if made:
        file.touch()

    assert exchanges.main([str(file)]) == 1
    assert "nothing is recorded" in capsys.readouterr().err
    assert checked == []


def test_the_file_of_a_recording_is_emptied_and_not_taken_for_a_test(tmp_path):
    file = tmp_path / "exchanges.jsonl"
    file.write_text("of yesterday\n")

    record, rest = read_arguments(["-q", "--record", str(file), "tests/test_plan.py", "-k", "deleted"])

    assert record == file
    assert file.read_text() == ""
    assert rest == ["-q", "tests/test_plan.py", "-k", "deleted"]


def test_a_recording_may_go_to_a_folder_that_is_not_there_yet(tmp_path):
    file = tmp_path / "of-today" / "exchanges.jsonl"

    record, _ = read_arguments(["--record", str(file)])

    assert record == file
    assert file.exists()


def test_without_a_recording_pytest_gets_every_argument():
    assert read_arguments(["-q", "--rootdir=.", "-x"]) == (None, ["-q", "--rootdir=.", "-x"])


def test_a_sandbox_records_only_where_a_recording_was_asked_for():
    assert environment.recording({"CALSYNC_RECORD": "a/file"}) == ["--record", "a/file"]
    assert environment.recording({}) == environment.recording({"CALSYNC_RECORD": ""}) == []


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A root with a lock file, and a list of what would have been installed."""
    (tmp_path / "requirements-tool.txt").write_text("a-package==1\n")
    monkeypatch.setattr(extras, "ROOT", tmp_path)
    installed = []

    def install(folder, python, lock_file):
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        installed.append(lock_file.read_text())

    monkeypatch.setattr(extras, "_install", install)
    return installed


def test_an_environment_is_made_once_and_again_when_its_lock_file_changes(places, tmp_path):
    extras.python_of("tool")
    python = extras.python_of("tool")
    (tmp_path / "requirements-tool.txt").write_text("a-package==2\n")
    extras.python_of("tool")

    assert python == tmp_path / ".venv-tool/bin/python"
    assert places == ["a-package==1\n", "a-package==2\n"]


def test_an_environment_that_cannot_be_made_is_no_environment(places, tmp_path, monkeypatch):
    def fail(*arguments):
        raise extras.ExtraError("no registry")

    monkeypatch.setattr(extras, "_install", fail)

    for _ in range(2):
        with pytest.raises(extras.ExtraError):
            extras.python_of("tool")


@pytest.mark.parametrize("reaches", ["uv", "pip", "none"])
def test_packages_that_uv_cannot_reach_are_asked_of_pip(monkeypatch, tmp_path, reaches, capsys):
    tried = []

    def works(*command):
        words = [str(part) for part in command]
        name = "pip" if "--no-deps" in words else "uv"
        tried.append(name if "install" in words else "venv")
        return "venv" in words or name == reaches

    monkeypatch.setattr(extras, "_works", works)
    monkeypatch.setattr(extras, "_is_there", lambda *pip: pip == ("pip3",))
    monkeypatch.setattr(extras, "ROOT", tmp_path)
    (tmp_path / "requirements-tool.txt").write_text("a-package==1\n")
    (tmp_path / ".venv-tool").mkdir()

    if reaches == "none":
        with pytest.raises(extras.ExtraError, match="could not be installed"):
            extras.python_of("tool")
    else:
        extras.python_of("tool")

    assert tried == ["venv", "uv", *(["pip"] if reaches != "uv" else [])]
    assert (tmp_path / ".venv-tool/.dev-stamp").exists() is (reaches != "none")


@pytest.mark.parametrize(("pip", "found"), [((sys.executable, "-c", "0"), True), (("no-such-pip",), False)])
def test_a_pip_that_is_not_installed_is_no_pip(pip, found):
    assert extras._is_there(*pip) is found


def test_what_lies_beside_the_clone_is_named_from_there(capsys):
    assert not extras.is_shared(extras.SHARED / "nothing", "the proof")
    assert "../shared/graph/nothing is not there: the proof is LEFT OUT" in capsys.readouterr().err.replace(os.sep, "/")
