"""Planted bugs: each fits the tree as it is, its tests exist, and one that no test catches is reported."""

import ast
import shutil
import subprocess

import pytest

from devtools import ROOT
from devtools.commands.mutants import main
from devtools.mutants import is_assertion, misfits, plant, read_all

CLASSICS = {
    "swallow-a-500", "skip-removed", "drop-a-nextlink", "new-key-on-retry", "cursor-before-items", "treat-410-as-empty",
    "compare-bodies", "shift-all-day-items", "ignore-retry-after", "clear-requested-at-the-end", "patch-a-foreign-id",
    "forget-series-listing",
}  # fmt: skip
MUTANTS = read_all(ROOT)
each_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)

CODE = "def half(number):\n    return number / 2\n"
TESTS = """
from code_under_test import half

def test_a_half_is_half_of_a_number():
    assert half(4) == 2

def test_a_half_is_a_number():
    assert isinstance(half(4), float)
"""
SETTINGS = '[tool.pytest.ini_options]\naddopts = "-p pytest_timeout"\n'
MUTANT = """
bug = "Take a third for a half."
tests = ["tests/test_half.py::{test}"]

[[edits]]
file = "code_under_test.py"
old = "{old}"
new = "{new}"
"""
SURVIVORS = {
    "harmless": {"new": "number / 2.0"},
    "an-error": {"new": "number / nothing"},
    "no-python": {"new": "number /"},
    "another-test": {"test": "test_a_half_is_a_number"},
}
DEADLY = {"test": "test_a_half_is_half_of_a_number", "old": "number / 2", "new": "number / 3"}


def test_each_of_the_classics_is_there():
    assert {mutant.name for mutant in MUTANTS} >= CLASSICS


@each_mutant
def test_a_mutant_fits_the_code_and_changes_it(mutant, tmp_path):
    files = {edit.file for edit in mutant.edits}
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, tmp_path / file)

    assert misfits(mutant, tmp_path) == []
    plant(mutant, tmp_path)

    for file in files:
        assert ast.dump(ast.parse((tmp_path / file).read_text())) != ast.dump(ast.parse((ROOT / file).read_text()))


@each_mutant
def test_the_tests_that_a_mutant_names_exist(mutant):
    assert mutant.tests
    for test in mutant.tests:
        file, name = test.split("::")
        defined = [node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)]
        assert name in defined


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small project with two tests, as git sees it; its pytest comes without what takes long to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    root = tmp_path / "tree"
    for folder in ("tests", "mutants"):
        (root / folder).mkdir(parents=True)
    (root / "code_under_test.py").write_text(CODE)
    (root / "pyproject.toml").write_text(SETTINGS)
    (root / "tests" / "test_half.py").write_text(TESTS)
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def add(tree, name, **values):
    (tree / "mutants" / f"{name}.toml").write_text(MUTANT.format(**values))


def test_a_mutant_that_no_assertion_of_its_tests_catches_is_reported(tree, capfd):
    add(tree, "deadly", **DEADLY)
    for name, values in SURVIVORS.items():
        add(tree, name, **DEADLY | values)

    assert main([], tree) == 1

    rows = [line.split() for line in capfd.readouterr().out.splitlines() if line[:1].strip()]
    verdicts = {row[0]: row[1] for row in rows if len(row) > 1}
    assert (verdicts["(untouched)"], verdicts["deadly"]) == ("passes", "dead")
    assert {name: verdicts[name] for name in SURVIVORS} == dict.fromkeys(SURVIVORS, "SURVIVES")
    assert (tree / "code_under_test.py").read_text() == CODE


def test_mutants_that_are_caught_are_a_success(tree, capfd):
    add(tree, "deadly", **DEADLY)
    add(tree, "harmless", **DEADLY | SURVIVORS["harmless"])

    assert main(["deadly"], tree) == 0

    assert "harmless" not in capfd.readouterr().out


def test_tests_that_fail_by_themselves_catch_nothing(tree, capfd):
    add(tree, "deadly", **DEADLY)
    (tree / "code_under_test.py").write_text("# number / 2\ndef half(number):\n    return 0\n")

    assert main([], tree) == 1
    assert "without any mutant" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"old": "number"}, "a text of it stands 2 times in code_under_test.py"),
        ({"old": "numeral"}, "a text of it stands 0 times in code_under_test.py"),
        ({"new": "number / 2"}, "it changes nothing in code_under_test.py"),
        ({"new": '"'}, "mutant.toml is no description of a mutant"),
    ],
)
def test_a_mutant_that_does_not_fit_is_not_planted(tree, capfd, values, said):
    add(tree, "mutant", **DEADLY | values)

    assert main([], tree) == 1
    assert said in capfd.readouterr().err


def test_a_name_that_no_mutant_has_is_refused(tree, capfd):
    add(tree, "deadly", **DEADLY)

    assert main(["dedly"], tree) == 1
    assert "no mutant dedly" in capfd.readouterr().err


def test_mutants_are_listed_with_what_they_are(tree, capfd):
    add(tree, "deadly", **DEADLY)

    assert main(["--list"], tree) == 0
    assert capfd.readouterr().out.split(maxsplit=1) == ["deadly", "Take a third for a half.\n"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("assert 1 == 2", True),
        ("AssertionError: it did not happen", True),
        ("Failed: DID NOT RAISE <class 'ValueError'>", True),
        ("Failed: Timeout (>60.0s) from pytest-timeout.", False),
        ("KeyError: 'id'", False),
        ("", False),
    ],
)
def test_what_counts_as_an_assertion(message, expected):
    assert is_assertion(message) is expected
