"""docs/reliability.md: the tests that it names exist, and no kind of fault and no planted bug is missing."""

import ast
import re
from collections.abc import Iterator

import pytest

from devtools import ROOT
from devtools.mutants import read_all
from simulation.faults import ALL

PAGE = (ROOT / "docs/reliability.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", PAGE)))


def rows() -> Iterator[list[str]]:
    """The cells of every line of every table, without heads."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[-1] not in ("test", "tests that must fail"):
            yield cells


@pytest.mark.parametrize("file", sorted({test.partition("::")[0] for test in TESTS}))
def test_the_tests_that_are_named_exist(file):
    named = {test.partition("::")[2] for test in TESTS if test.startswith(f"{file}::")}
    defined = {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}

    assert named - defined == set()


def test_every_line_names_a_test_and_every_name_of_a_test_is_whole():
    assert [cells[0] for cells in rows() if not re.search(r"`tests/[\w/]+\.py::test_\w+`", cells[-1])] == []
    assert len(TESTS) == len(set(re.findall(r"tests/[^`\s]+::[^`\s]+", PAGE)))


def test_every_kind_of_fault_of_the_simulation_has_a_line():
    named = [kind for cells in rows() for kind in cells[0].split("; ")]

    assert set(ALL) - set(named) == set()
    assert [kind for kind in ALL if named.count(kind) > 1] == []


def test_every_planted_bug_has_a_line_with_what_it_does_and_its_tests():
    planted = {cells[0]: cells[1:] for cells in rows() if cells[0].startswith("`")}

    told = {f"`{bug.name}`": [bug.bug, ", ".join(f"`{test}`" for test in bug.tests)] for bug in read_all(ROOT)}
    assert planted == told


def test_every_real_process_case_has_a_line():
    files = [*sorted((ROOT / "tests/real").glob("test_*.py"))]
    cases = {
        f"tests/real/{file.name}::{node.name}"
        for file in files
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and "tmp_path" in argument_names(node)
    }

    assert cases - set(TESTS) == set()


def argument_names(function: ast.FunctionDef) -> set[str]:
    return {argument.arg for argument in function.args.args}
