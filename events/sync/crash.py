"""Points at which a process may be told to end at once, to prove that nothing is lost there."""

import os
import signal
from collections import Counter

from django.conf import settings

POINTS = {
    "intent": "the intents are written, and nothing is sent yet",
    "sent": "a write was answered, and the answer is not noted yet",
    "receipt": "the answer is noted",
    "applied": "a page of a calendar is applied, and its place is not noted yet",
    "cursor": "the new place in the list of changes is noted",
}
_passed: Counter[str] = Counter()


def end_process() -> None:
    """End as by kill -9: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash_point(name: str) -> None:
    """End here where CALSYNC_CRASH_AT names this point: `sent`, or `sent:3` for the third time that it is passed."""
    wanted, _, time = settings.CALSYNC_CRASH_AT.partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(time or 1):
        end_process()
