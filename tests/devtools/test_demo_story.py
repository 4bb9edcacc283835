"""The story that the demo tells: there as soon as it runs, there after cycles and after a restart."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests

from devtools import ROOT
from devtools.demo_people import matched
from devtools.demo_plan import AWAY, FAILED, LATE, STALE, STOPPED, TOO_LONG, UNSURE, ZONE, busy, courses, working_day
from devtools.demo_tenant import blocks, span, tenant
from tests.devtools.demos import announcement, demo, log_of, stop
from tests.processes import wait_for

TODAYS = [date(2026, 11, 23) + timedelta(days=day) for day in range(7)]
FACTS = """
import json
from django.db.models import F
from django.contrib.auth.models import User
from events.models import *
from instructors.models import *
def mapping(name): return CalendarMapping.objects.get(instructor__name=name)
late = ExternalEvent.objects.filter(mapping=mapping({late!r}), show_as="busy")
sessions = Session.objects.filter(event__instructors__name={late!r}, event__status="confirmed")
copies = SyncedEvent.objects.filter(mapping__instructor__name={failed!r})
print("FACTS " + json.dumps({{
    "late": [s.pk for s in sessions if late.filter(starts_at__lt=s.ends_at, ends_at__gt=s.starts_at).exists()],
    "leave": ExternalEvent.objects.filter(mapping=mapping({away!r}), is_all_day=True, show_as="oof").count(),
    "tentative": ExternalEvent.objects.filter(mapping=mapping({unsure!r}), show_as="tentative").count(),
    "series": ExternalEvent.objects.exclude(series_id="").count(),
    "stale": [str(mapping({stale!r}).synced_at), mapping({stale!r}).problem],
    "failed": list(copies.values_list("remote_id", "problem")),
    "stopped": [mapping({stopped!r}).sync_enabled, SyncedEvent.objects.filter(mapping=mapping({stopped!r})).count()],
    "unmatched": sorted(Unmatched.objects.values_list("cause", flat=True)),
    "synced": CalendarMapping.objects.exclude(synced_at=None).count(),
    "problems": sorted(CalendarMapping.objects.exclude(problem="").values_list("instructor__name", flat=True)),
    "statuses": sorted(set(Event.objects.values_list("status", flat=True))),
    "own": Session.objects.exclude(instructors=None).count(),
    "in_outlook": SyncedEvent.objects.in_outlook().count(),
    "not_in_outlook": SyncedEvent.objects.filter(remote_id="").count(),
    "latest": str(CalendarMapping.objects.filter(instructor__name={away!r}).get().synced_at),
    "logins": {{u.username: [u.get_full_name(), *u.groups.values_list("name", flat=True)] for u in User.objects.all()}},
}}, default=str))
"""


def facts(said: dict[str, Any]) -> dict[str, Any]:
    """What stands in the database of a running demo."""
    people = {"late": LATE, "away": AWAY, "unsure": UNSURE, "stale": STALE, "failed": FAILED, "stopped": STOPPED}
    shown = shell(said, FACTS.format(**people))
    return json.loads(next(line for line in shown.splitlines() if line.startswith("FACTS ")).removeprefix("FACTS "))


def shell(said: dict[str, Any], code: str) -> str:
    """What `code` prints in Django's shell beside a running demo."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    env = {**os.environ, **said["environment"]}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout


def shorten(said: dict[str, Any]) -> None:
    """Take what is too long out of the description, as step 5 of the announcement says."""
    event = f"Event.objects.get(description__contains={TOO_LONG!r})"
    shell(said, f"e = {event}; e.description = e.description.replace({TOO_LONG!r}, ''); e.save()")


def statuses(said: dict[str, Any], role: str, text: str) -> dict[str, int]:
    """What the addresses of our own in `text` answer to somebody of this role."""
    with requests.Session() as browser:
        browser.get(f"{said['url']}accounts/login/", timeout=10)
        form = {**said["logins"][role], "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        signed_in = browser.post(f"{said['url']}accounts/login/", data=form, timeout=10)
        assert "/accounts/login/" not in signed_in.url
        found = set(re.findall(re.escape(said["url"]) + r"\S+", text))
        return {url: browser.get(url, timeout=10).status_code for url in found}


def wait_for_a_cycle(said: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (found := facts(said))["latest"] == before["latest"]:
        assert time.monotonic() < deadline, "no cycle came"
        time.sleep(1)
    return found


def assert_story(found: dict[str, Any]) -> None:
    """Each part of the story is there, and nothing else is wrong."""
    assert len(found["late"]) == 1
    assert found["leave"] == 1
    assert found["tentative"] >= 2
    assert found["series"] > 36
    since, problem = found["stale"]
    assert f"{datetime.fromisoformat(since).astimezone(ZONE):%H:%M}" == "16:05"
    assert timedelta(hours=7) < datetime.now().astimezone() - datetime.fromisoformat(since) < timedelta(hours=33)
    assert "ErrorAccessDenied" in problem
    cure = "It is too long: shorten its description."
    assert found["failed"] == [["", f"Microsoft refused this item (413 ErrorMessageSizeExceeded). {cure}"]]
    assert found["stopped"] == [False, 2]
    assert found["unmatched"] == ["alias", "ambiguous", "guest", "not_found"]
    assert found["synced"] == 35  # all but the one who was stopped
    assert found["problems"] == [STALE]
    assert found["statuses"] == ["cancelled", "confirmed", "draft"]
    assert found["own"] > 0
    assert found["in_outlook"] > 200
    assert found["not_in_outlook"] == 1
    assert found["logins"] == {"admin": ["Helen Brook", "Administrators"], "scheduler": ["Tim Archer", "Schedulers"]}


@pytest.mark.timeout(300)
def test_the_story_is_there_at_the_start_after_a_cycle_and_after_a_restart(tmp_path):
    state = tmp_path / "state"
    with demo(state, "--fast") as process:
        said = announcement(state)
        at_the_start = facts(said)
        after_a_cycle = wait_for_a_cycle(said, at_the_start)
        shown = log_of(state)
        answered = statuses(said, "admin", shown)
        stop(process, signal.SIGINT)
    with demo(state, "--fast"):
        again = announcement(state)
        after_a_restart = wait_for_a_cycle(again, after_a_cycle)
        shown_again = log_of(state)
        shorten(again)
        wait_for(lambda: facts(again)["not_in_outlook"] == 0, seconds=20)

    for found in (at_the_start, after_a_cycle, after_a_restart):
        assert_story(found)
    assert len(answered) >= 6
    assert set(answered.values()) == {200}, answered
    assert set(said["logins"]) == {"admin", "scheduler"}
    assert said["logins"] == again["logins"]
    for text in (shown, shown_again):
        assert re.findall(r"^ +(\d+)\. ", text, re.MULTILINE) == [str(number) for number in range(1, 8)]
        for login in said["logins"].values():
            assert f"{login['username']}, password {login['password']}" in text


@pytest.mark.parametrize("today", TODAYS, ids=str)
def test_nobody_is_booked_twice_and_nothing_in_outlook_stands_in_the_way_of_a_course(today):
    spans = busy(today)

    for name, taught in spans.items():
        ordered = sorted(taught)
        assert all(first[1] <= second[0] for first, second in pairwise(ordered)), name
    for person in tenant(today)["people"]:
        taken = list(spans.get(person["name"], []))
        for start, end in (when for item in person["events"] if blocks(item) for when in dates_of(item)):
            assert not any(start < until and since < end for since, until in taken), (person["name"], start)
            taken.append((start, end))


def dates_of(item):
    """When an item blocks its owner: a single one once, a series at each of its dates."""
    if "recurrence" not in item:
        return [span(item)]
    start, end = span(item)
    moved, cancelled = item["exceptions"][0], item["cancelled"]
    usual = [(start + timedelta(weeks=week), end + timedelta(weeks=week)) for week in range(14)]
    standing = [when for when in usual if str(when[0].date()) not in (moved["original_start"], *cancelled)]
    return [*standing, span(moved["changes"])]


@pytest.mark.parametrize("today", TODAYS, ids=str)
def test_what_goes_wrong_is_still_to_come_and_on_working_days(today):
    story = {course.teachers[0]: course for course in courses(today) if course.teachers[0] in (LATE, FAILED)}

    assert all(start.date() > today for course in story.values() for start, _ in course.sessions)
    assert TOO_LONG in story[FAILED].description
    assert working_day(today, 1).weekday() < 5


def test_most_instructors_teach_this_week_and_next():
    monday = date(2026, 11, 23)
    weeks = [(monday + timedelta(weeks=week), monday + timedelta(weeks=week + 1)) for week in range(2)]

    for since, until in weeks:
        teaching = [name for name, taught in busy(monday).items() if any(since <= s.date() < until for s, _ in taught)]
        assert len(teaching) > len(matched()) * 0.6
