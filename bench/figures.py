"""What something takes, and figures for people: percentiles and a table."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

WIDTH = 44


def taken(work: Callable[[], None]) -> dict[str, float]:
    """The seconds that `work` takes, by the clock and of this process's CPU time, all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def memory() -> dict[str, float]:
    """What this process holds now and has held at most, in megabytes.

    Not of `getrusage`, whose peak a new process has from the one that started it.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(lines[key].split()[0]) / 1024 for name, key in (("now_mb", "VmRSS"), ("peak_mb", "VmHWM"))}


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles of a latency, in milliseconds."""
    found = {f"p{share}_ms": round(percentile(seconds, share) * 1000, 1) for share in (50, 95, 99)}
    return {**found, "mean_ms": round(mean(seconds) * 1000, 1), "max_ms": round(max(seconds) * 1000, 1)}


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that at least `share` per cent of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def table(figures: Mapping[str, Any]) -> str:
    return "\n".join(f"{name:<{WIDTH}} {value}" for name, value in rows(figures))


def rows(figures: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in figures.items():
        label = f"{above} {name.replace('_', ' ')}".strip()
        if isinstance(value, Mapping):
            yield from rows(value, label)
        else:
            yield label, value
