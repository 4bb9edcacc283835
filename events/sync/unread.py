"""What could not be asked for in a calendar: it is asked for again by itself, and stops nothing else meanwhile.

It is kept on the mapping, by remote id: how often it was tried, and when it is tried again. That is JSON, and as
nearly always nothing, which costs nothing to read. What was known of it stands. After three tries it counts as
unreadable, which the calendar says, and is tried ever more rarely. No round waits for it: what is kept here is asked
for by `due` alone, so that a round that is repeated comes further each time. A census begins with nothing kept here.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.timezone import now

from events.sync import record
from events.sync.state import Calendar
from instructors.claims import SKEW
from integrations.providers.errors import ProviderError, concerns_more

TRIES = 3
KEPT = 100  # of one calendar; with more of them it is the calendar that cannot be read
PATIENCE = 3  # how many may fail in a row before the calendar counts as unavailable
FIRST_PAUSE, FIRST_LONG_PAUSE, LONGEST_PAUSE = 5, 300, 86_400  # seconds; doubled each time


def postpone(calendar: Calendar, remote_id: str, error: ProviderError) -> None:
    """Note that an item or a series is to be asked for again. Raises `error` where it is not about the item alone."""
    known = entries(calendar)
    is_full = len(known) >= KEPT and remote_id not in known
    if concerns_more(error) or is_full or calendar.unanswered >= PATIENCE:
        raise error
    calendar.unanswered += 1
    keep(calendar, remote_id)


def keep(calendar: Calendar, remote_id: str) -> None:
    """Note one more try of what could not be asked for."""
    tries = tries_of(calendar, remote_id) + 1
    pause = pause_after(tries)
    if tries < TRIES:
        calendar.again_in = min(pause, calendar.again_in or pause)
    known = entries(calendar) | {remote_id: (tries, (now() + timedelta(seconds=pause)).isoformat())}
    record.note(calendar, unread=json.dumps(known), unreadable=calendar.mapping.unreadable + (tries == TRIES))
    record.keep_unreadable(calendar, [remote_id])


def pause_after(tries: int) -> float:
    """Seconds until the next try."""
    first = FIRST_PAUSE if tries < TRIES else FIRST_LONG_PAUSE
    doublings = tries - 1 if tries < TRIES else tries - TRIES
    return float(min(first * 2 ** min(doublings, 20), LONGEST_PAUSE))


def forget(calendar: Calendar, remote_id: str) -> None:
    """Note that the item was read."""
    has_counted = tries_of(calendar, remote_id) >= TRIES
    left = {key: value for key, value in entries(calendar).items() if key != remote_id}
    text = json.dumps(left) if left else ""
    record.note(calendar, unread=text, unreadable=max(calendar.mapping.unreadable - has_counted, 0))


def entries(calendar: Calendar) -> dict[str, tuple[int, str]]:
    """By remote id: how often it was tried, and when it is tried again."""
    return json.loads(calendar.mapping.unread) if calendar.mapping.unread else {}


def tries_of(calendar: Calendar, remote_id: str) -> int:
    return entries(calendar).get(remote_id, (0, ""))[0]


def is_waiting(calendar: Calendar, remote_id: str) -> bool:
    """Whether this is kept here, and so need not be asked for now; if it was given up, from now on it is due."""
    if calendar.reading == remote_id or not tries_of(calendar, remote_id):
        return False
    if tries_of(calendar, remote_id) >= TRIES:
        calendar.touched.add(remote_id)
    return True


def due(calendar: Calendar) -> Iterator[str]:
    """What is to be asked for again now, the longest overdue first, until too many have failed in a row."""
    for remote_id, (tries, again_at) in sorted(entries(calendar).items(), key=lambda entry: entry[1][1]):
        if calendar.unanswered >= PATIENCE:
            return
        if remote_id in calendar.touched or has_waited(tries, again_at):
            calendar.reading = remote_id
            yield remote_id
    calendar.reading = ""


def has_waited(tries: int, again_at: str) -> bool:
    """Whether this pause is over, or can only be so long because the clock has been set back since."""
    left = datetime.fromisoformat(again_at) - now()
    return not timedelta(0) < left <= timedelta(seconds=pause_after(tries)) + SKEW
