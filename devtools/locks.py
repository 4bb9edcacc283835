"""Locks between runs of `./dev`: they go with the process, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock, after waiting for whoever has it."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def claiming(path: Path) -> Iterator[bool]:
    """Yield whether the lock could be had at once; hold it if so."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
