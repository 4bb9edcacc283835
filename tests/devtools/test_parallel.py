"""The whole suite runs in several processes, each on servers' databases of its own; what is named runs in one."""

import pytest

from bench.stage import BROKER_DATABASES
from devtools.commands.test import MOST_PROCESSES, in_parallel
from tests.parallel import redis_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock?db=3"),
        ("unix:///run/valkey.sock?db=0", "unix:///run/valkey.sock?db=3"),
        ("redis://localhost:6379/0", "redis://localhost:6379/3"),
        ("redis://:secret@localhost", "redis://:secret@localhost/3"),
    ],
)
def test_each_process_has_a_number_of_its_own_in_redis(url, expected):
    assert redis_of("gw2", url) == expected


def test_tests_and_measurements_never_share_a_number():
    highest = int(redis_of(f"gw{MOST_PROCESSES - 1}", "redis://localhost").rpartition("/")[2])

    assert highest < min(BROKER_DATABASES)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], True),
        (["-q", "--durations=5"], True),
        (["tests/test_plan.py"], False),
        (["tests/test_plan.py::test_x"], False),
    ],
)
def test_only_what_is_not_named_runs_in_several_processes(arguments, expected):
    assert bool(in_parallel(arguments)) == expected
