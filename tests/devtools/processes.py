"""What the tests of the tools ask about processes."""

import time
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def still_running_after(pids: list[int], patience: float = 10.0) -> list[int]:
    """Wait until all have ended, at most `patience` seconds; return those that have not."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(map(is_running, pids)):
        time.sleep(0.05)
    return [pid for pid in pids if is_running(pid)]
