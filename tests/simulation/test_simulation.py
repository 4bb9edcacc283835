"""Whole simulations, in processes of their own: the same seed is the same trace, and a bug is found and shown."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from devtools.commands.simulate import ENOUGH, Result, database
from simulation import faults

PLAIN = "import runpy; runpy.run_module('simulation', run_name='__main__', alter_sys=True)"
pytestmark = pytest.mark.timeout(300)
DEAF = """
from integrations.providers.microsoft import provider
from integrations.providers.types import Page
heard = provider.page
def deaf(*args, **kwargs):  # what Microsoft says to be removed is not heard
    page = heard(*args, **kwargs)
    return Page(page.items, (), page.series, page.unreadable, page.next_link, page.cursor)
provider.page = deaf
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with database(os.environ["DATABASE_URL"], f"calsync_simulation_test_{os.getpid()}") as own:
        yield own


def simulated(url: str, *options: str, planted: str = "", pgoptions: str = "") -> list[dict[str, Any]]:
    command = [sys.executable, "-c", planted + PLAIN, *options]
    env = {**os.environ, "DATABASE_URL": url, "PYTHONHASHSEED": "0", "PGOPTIONS": pgoptions}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_same_seeds_have_the_same_traces_however_postgresql_reads(url):
    ways = ("-c enable_seqscan=off", "-c enable_indexscan=off -c enable_bitmapscan=off")
    first, again = (
        simulated(url, "--first", "5", "--seeds", "2", "--steps", "30", "--trace", pgoptions=way) for way in ways
    )

    assert [one["trace"] for one in first] == [one["trace"] for one in again]
    assert [one["digest"] for one in first] == [one["digest"] for one in again]
    assert len({one["digest"] for one in first}) == 2
    assert [one.get("failure") for one in first] == [None] * 2


def test_a_bug_is_found_and_shown_by_a_short_script(url):
    found = simulated(url, "--first", "10", "--seeds", "1", "--steps", "40", planted=DEAF)

    failed = [one for one in found if one.get("failure")]
    assert failed
    assert min(one["script"].count("#") for one in failed) <= 10
    assert failed[0]["failure"] in failed[0]["trace"][-1]


def said(seed: int, **more: Any) -> dict[str, Any]:
    fired = dict.fromkeys(faults.ALL, 1)
    return {"seed": seed, "digest": "d", "fired": fired, "requests": 10} | more


def test_a_run_is_good_when_every_seed_has_come_and_none_failed():
    result = Result(wanted=2)
    result.add(said(1))
    assert not result.is_good

    result.add(said(2))

    assert result.is_good
    assert "2 of 2 seeds, 20 requests" in result.summary()


def test_the_digest_of_a_run_tells_whether_all_traces_were_the_same():
    one, again, other = (Result(wanted=2) for _ in range(3))
    for result, seeds, digest in ((one, (1, 2), "d"), (again, (2, 1), "d"), (other, (1, 2), "e")):
        for seed in seeds:
            result.add(said(seed, digest=digest))

    assert one.digest == again.digest != other.digest
    assert one.digest in one.summary()


def test_a_failed_seed_is_told_with_its_script_and_fails_the_run(capsys):
    result = Result(wanted=1)

    result.add(said(1, failure="ann: 2 copies instead of one", script="    0 a cycle #1", trace=["it happened"]))

    assert not result.is_good
    assert "failed: 1" in result.summary()
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("2 copies instead of one", "a cycle #1", "it happened"))


@pytest.mark.parametrize(("seeds", "is_good"), [(ENOUGH - 1, True), (ENOUGH, False)])
def test_a_kind_of_fault_that_never_struck_fails_a_long_run(seeds, is_good):
    result = Result(wanted=seeds)

    for seed in range(seeds):
        result.add(said(seed, fired=dict.fromkeys(faults.ALL, 1) | {"a crash at sent": 0}))

    assert result.is_good == is_good
    assert ("a crash at sent: never struck" in result.summary()) == (not is_good)
