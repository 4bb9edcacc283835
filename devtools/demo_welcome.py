"""What `./dev demo` prints once everything runs: the logins, and what to try."""

from collections.abc import Iterator, Mapping
from typing import Any

from devtools.demo_people import ABSENT, address, matched
from devtools.demo_plan import FAILED, LATE, STALE, STOPPED, TOO_LONG

WELCOME = """
  calsync runs at {url}
  Administrator: {admin[username]}, password {admin[password]}
  Scheduler:     {scheduler[username]}, password {scheduler[password]}

  To try first:
{steps}

  All of this is in {file}. Ctrl-C stops everything; the next start goes on from here, --fresh starts over.
"""
WIDTH = 4


def welcome(said: Mapping[str, Any], story: Mapping[str, str], *, interval: str, file: str) -> str:
    """Return the text for a person: `said` is the content of demo.json, `story` the paths of places()."""
    numbered = enumerate(steps(said["url"], said["sandbox"]["admin_url"], story, interval), start=1)
    lines = "\n".join(f"  {number:>2}. {text}" for number, text in numbered)
    return WELCOME.format(url=said["url"], steps=lines, file=file, **said["logins"])


def steps(url: str, outlook: str, story: Mapping[str, str], interval: str) -> Iterator[str]:
    """Yield what to try, leaving out what a person has removed."""
    people = f"{url}settings/calendar-integration/instructors/"
    someone = matched()[0]
    if "late" in story:
        yield lines(
            f"A late conflict: {LATE} was booked, then something came into his Outlook.",
            f"{url}calendar/?date={story['day']} and {url}{story['late']}",
        )
    yield lines('Plan an event, choose instructors, and watch their states turn to "in Outlook".', f"{url}events/new/")
    yield lines(
        f"Be {someone.name} and put something into your Outlook; calsync knows of it within {interval} seconds,",
        "or at once with ./dev manage sync. (The browser does not know the certificate; go on all the same.)",
        f"{outlook}/?person={someone.email}",
    )
    if "stale" in story:
        yield lines(
            f"{STALE}'s mailbox has been refusing since yesterday, so she is not shown as free; {STOPPED} is stopped.",
            f"{url}{story['stale']} and {people}",
            f"Let calsync in again at {outlook}/?person={address(STALE)} and press Sync now.",
        )
    if "failed" in story:
        yield lines(
            f'Microsoft refuses one item of {FAILED}: it is too long. Remove "{TOO_LONG}" from the description.',
            f"{url}{story['failed']}",
        )
    yield lines(f"Four people were not matched, each for a reason of their own, for example {ABSENT}.", people)
    yield "./dev manage sync --dry-run says what a sync would do; ./dev manage takes every command of manage.py."


def lines(*texts: str) -> str:
    return ("\n" + " " * (WIDTH + 2)).join(texts)
