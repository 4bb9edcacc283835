"""Scripts: drawn from a seed, the same each time, and made shorter where they fail."""

from collections import Counter
from dataclasses import replace

from simulation import faults, machine, ours, theirs  # noqa: F401  (they register their steps)
from simulation.script import KINDS, Script, Step, write
from simulation.shrink import shrink


def script(*kinds: str, weather: tuple[str, ...] = ()) -> Script:
    steps = tuple(Step(kind, number) for number, kind in enumerate(kinds))
    return Script(1, steps, tuple((name, 0.1) for name in weather))


def kinds_of(found: Script) -> list[str]:
    return [one.kind for one in found.steps]


def test_a_seed_is_always_the_same_script():
    assert write(7, 60, faults.WEATHER) == write(7, 60, faults.WEATHER)
    assert write(7, 60, faults.WEATHER) != write(8, 60, faults.WEATHER)


def test_every_kind_of_step_and_of_weather_comes_within_a_hundred_seeds():
    scripts = [write(seed, 60, faults.WEATHER) for seed in range(100)]

    assert {kind for one in scripts for kind in kinds_of(one)} == set(KINDS)
    assert {name for one in scripts for name, _ in one.weather} == set(faults.WEATHER)


def test_a_seed_has_a_few_kinds_of_weather_so_that_rare_combinations_meet_nothing_else():
    counts = Counter(len(write(seed, 60, faults.WEATHER).weather) for seed in range(100))

    assert max(counts) < len(faults.WEATHER) / 2
    assert min(counts) <= 4


def test_what_has_to_happen_at_once_never_happens_during_a_request():
    steps = [step for seed in range(100) for step in write(seed, 60, faults.WEATHER).steps]

    assert any(step.during for step in steps)
    assert not any(step.during and not KINDS[step.kind].is_small for step in steps)


def test_a_script_is_shrunk_to_what_makes_it_fail():
    long = script(*"abcdXefgYhij", weather=("500", "504", "409"))

    short = shrink(long, lambda one: {"X", "Y"} <= set(kinds_of(one)) and "504" in dict(one.weather))

    assert kinds_of(short) == ["X", "Y"]
    assert short.weather == (("504", 0.1),)


def test_shrinking_ends_after_so_many_tries():
    tried: list[Script] = []

    def holds(one: Script) -> bool:
        tried.append(one)
        return False

    shrink(script(*"abcdefgh"), holds, tries=5)

    assert len(tried) == 5


def test_a_step_means_the_same_without_the_others():
    whole = write(3, 60, faults.WEATHER)

    assert whole.without(0, 5).steps == whole.steps[5:]
    assert whole.without(10, 1).steps == whole.steps[:10] + whole.steps[11:]
    assert replace(whole, weather=()).steps == whole.steps
