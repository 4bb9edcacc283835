"""`./dev mutants [NAMES]`: classic bugs, each of which the tests named for it must catch."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

from devtools import ROOT, environment, process
from devtools.commands.test import MOST_PROCESSES
from devtools.mutants import Mutant, MutantError, asserted, copy_tree, fell, misfits, plant, read_all
from devtools.servers import servers

UNTOUCHED = "(untouched)"
PATIENCE = 60  # seconds for one test
TAIL = 25  # lines of pytest that are shown of what went otherwise than it should


@dataclass(frozen=True)
class Job:
    """The tests of one mutant, to be run where it is planted; without one, on the tree as it is."""

    name: str
    tests: tuple[str, ...]
    mutant: Mutant | None = None


@dataclass(frozen=True)
class Run:
    """A job at work in a folder of its own."""

    job: Job
    folder: Path
    pytest: Popen[bytes]
    began: float


@dataclass(frozen=True)
class Verdict:
    """How a job ended: with `spared`, the named tests in which no assertion failed, and the last lines of pytest."""

    job: Job
    status: int
    spared: tuple[str, ...]
    seconds: float
    tail: str

    @property
    def is_as_it_should(self) -> bool:
        """Whether the untouched tree passes, or a mutant is dead."""
        return self.status == 0 if self.job.mutant is None else self.status == 1 and not self.spared


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Plant each mutant in a copy of the tree and run its tests there; 1 when one survives."""
    parser = argparse.ArgumentParser(prog="./dev mutants", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; see --list")
    parser.add_argument("--list", action="store_true", help="say which there are, and plant none")
    options = parser.parse_args(arguments)
    try:
        chosen = choose(read_all(root), options.names)
        if options.list:
            print(*(f"{mutant.name:<28} {mutant.bug}" for mutant in chosen), sep="\n")
            return 0
        return judge_all(chosen, root)
    except MutantError as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1


def choose(found: Sequence[Mutant], names: Sequence[str]) -> list[Mutant]:
    """Those of `found` that are named, or all. Raises MutantError for a name that none has."""
    if unknown := set(names) - {mutant.name for mutant in found}:
        raise MutantError(f"there is no mutant {', '.join(sorted(unknown))}; see ./dev mutants --list.")
    return [mutant for mutant in found if not names or mutant.name in names]


def judge_all(chosen: Sequence[Mutant], root: Path) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="calsync-", ignore_cleanup_errors=True) as work:
        tree = Path(work) / "untouched"
        copy_tree(root, tree)
        if wrongs := [wrong for mutant in chosen for wrong in misfits(mutant, tree)]:
            raise MutantError("\n     ".join(wrongs))
        print(f"{'mutant':<28} {'verdict':<9} seconds  killed by", flush=True)
        with servers(Path(work) / "servers") as urls, closing(judge(jobs_of(chosen), tree, Path(work), urls)) as ending:
            survivors = 0
            for verdict in ending:
                tell(verdict)
                if verdict.job.mutant is None and not verdict.is_as_it_should:
                    raise MutantError("the tests fail without any mutant, so they say nothing of one.")
                survivors += not verdict.is_as_it_should
    print(f"\n{len(chosen)} planted, {len(chosen) - survivors} dead, in {time.monotonic() - began:.0f} s.")
    return 1 if survivors else 0


def jobs_of(chosen: Sequence[Mutant]) -> list[Job]:
    """One for each mutant, and first, because it takes longest, all of their tests without any."""
    tests = dict.fromkeys(test for mutant in chosen for test in mutant.tests)
    return [Job(UNTOUCHED, tuple(tests)), *(Job(mutant.name, mutant.tests, mutant) for mutant in chosen)]


def judge(jobs: Sequence[Job], tree: Path, work: Path, urls: Mapping[str, str]) -> Generator[Verdict]:
    """Run the jobs, as many at a time as there are cores, each on a database and a number of Redis of its own."""
    waiting, running = deque(jobs), dict[int, Run]()
    places = range(1, min(os.cpu_count() or 1, MOST_PROCESSES) + 1)
    try:
        while waiting or running:
            for place in places:
                if waiting and place not in running:
                    running[place] = start(waiting.popleft(), tree, work, own(urls, place))
            over = [place for place, run in running.items() if run.pytest.poll() is not None]
            for place in over:
                yield verdict_of(running.pop(place))
            if not over:
                time.sleep(0.05)
    finally:
        process.stop_all((run.pytest for run in running.values()), first=signal.SIGINT)  # pytest tidies up then


def own(urls: Mapping[str, str], place: int) -> dict[str, str]:
    database = urlsplit(urls["DATABASE_URL"]).path.strip("/")
    return {
        "DATABASE_URL": environment.with_path(urls["DATABASE_URL"], f"{database}_mutant{place}"),
        "REDIS_URL": environment.with_number(urls["REDIS_URL"], place),
    }


def start(job: Job, tree: Path, work: Path, urls: Mapping[str, str]) -> Run:
    """Run the tests of `job` on a copy of `tree`, where its mutant is planted."""
    folder = work / job.name
    shutil.copytree(tree, folder)
    if job.mutant is not None:
        plant(job.mutant, folder)
    options = ["-q", "-p", "no:cacheprovider", f"--timeout={PATIENCE}", "--junitxml=report.xml"]
    env = environment.for_tests(urls)
    env.pop("PYTEST_XDIST_WORKER", None)  # of tests that run this command: their place is not ours
    with (folder / "pytest.log").open("wb") as log:
        command = [sys.executable, "-m", "pytest", *options, *job.tests]
        pytest = process.spawn(command, env=env, output=log, cwd=folder, if_parent_dies=signal.SIGINT)
    return Run(job, folder, pytest, time.monotonic())


def verdict_of(run: Run) -> Verdict:
    report = run.folder / "report.xml"
    failed = asserted(report) if report.exists() else {}
    spared = tuple(test for test in run.job.tests if not fell(test, failed))
    tail = "\n".join((run.folder / "pytest.log").read_text(errors="replace").splitlines()[-TAIL:])
    return Verdict(run.job, run.pytest.returncode, spared, time.monotonic() - run.began, tail)


def tell(verdict: Verdict) -> None:
    """Print a row of the table; of what is otherwise than it should be, all that helps."""
    job, is_mutant = verdict.job, verdict.job.mutant is not None
    word = ("dead" if is_mutant else "passes") if verdict.is_as_it_should else ("SURVIVES" if is_mutant else "FAILS")
    killers = [test for test in job.tests if test not in verdict.spared] if is_mutant else ()
    first, *others = killers or [f"{len(job.tests)} tests" if not is_mutant else "nothing"]
    print(f"{job.name:<28} {word:<9} {verdict.seconds:7.1f}  {first}", flush=True)
    print(*(f"{'':<47} {other}\n" for other in others), sep="", end="", flush=True)
    if not verdict.is_as_it_should:
        print(f"\npytest ended with {verdict.status}; no assertion failed in:", *verdict.spared, sep="\n  ")
        print(f"\n{verdict.tail}\n", flush=True)
