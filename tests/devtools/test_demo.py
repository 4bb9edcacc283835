"""What the demo decides before it starts anything, and the organisation that it invents."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from datetime import date, datetime

import pytest

from devtools import ROOT
from devtools.demo_people import matched, unmatched
from devtools.demo_state import DemoState, start_over, why_not_listen
from devtools.demo_tenant import tenant

MONDAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def people():
    return tenant(MONDAY)["people"]


def items(people):
    return [item for person in people for item in person["events"]]


def test_a_taken_port_is_said_and_a_free_one_is_not():
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        port = taken.getsockname()[1]
        reason = why_not_listen("127.0.0.1", port)

    assert "in use" in reason
    assert why_not_listen("127.0.0.1", port) == ""


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("no.such.host.invalid", 8000)])
def test_an_address_that_cannot_be_listened_on_is_said(host, port):
    assert why_not_listen(host, port)


def test_fresh_does_not_touch_a_database_that_the_environment_names():
    env = {**os.environ, "DATABASE_URL": "postgres://db.example/calsync"}

    refused = subprocess.run(
        [sys.executable, "-m", "devtools", "demo", "--fresh"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1


def test_a_second_start_has_the_keys_and_the_password_of_the_first(tmp_path):
    first = DemoState.load_or_create(tmp_path)

    second = DemoState.load_or_create(tmp_path)

    assert first == second
    assert (tmp_path / "settings.json").stat().st_mode & 0o077 == 0


def test_starting_over_forgets_everything_but_the_servers_for_work_by_hand(tmp_path):
    first = DemoState.load_or_create(tmp_path)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "dev").mkdir()

    start_over(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["dev"]
    assert DemoState.load_or_create(tmp_path).password != first.password


def test_forty_people_stand_in_the_directory_and_forty_teach(people):
    assert len(people) == 40
    assert len(matched()) == 36
    assert len(unmatched()) == 4


def test_each_matched_instructor_is_one_person_there_by_the_address(people):
    mails = [person["mail"] for person in people]

    assert {mails.count(person.email) for person in matched()} == {1}


def test_the_four_others_are_absent_an_alias_shared_and_a_guest(people):
    absent, alias, shared, guest = (person.email for person in unmatched())

    assert not [person for person in people if absent in (person["mail"], person["upn"])]
    assert [person["name"] for person in people if alias in person.get("aliases", [])] == ["Sofia Lindner"]
    assert len([person for person in people if person["mail"] == shared]) == 2
    assert [person["user_type"] for person in people if person["mail"] == guest] == ["Guest"]


def test_the_calendars_hold_every_kind_of_item(people):
    assert {item["showAs"] for item in items(people)} >= {"busy", "tentative", "oof", "free", "workingElsewhere"}
    assert any(item["sensitivity"] == "private" for item in items(people))
    assert any(item.get("isAllDay") and item["showAs"] == "oof" for item in items(people))
    assert any(item.get("exceptions") and item.get("cancelled") for item in items(people))


def test_every_item_ends_after_it_starts_and_all_day_items_hold_whole_days(people):
    for item in items(people):
        start, end = (datetime.fromisoformat(item[edge]["dateTime"]) for edge in ("start", "end"))

        assert start < end
        assert not item.get("isAllDay") or start.time() == end.time() == datetime.min.time()


def test_the_tenant_of_a_day_is_always_the_same():
    assert tenant(MONDAY) == tenant(MONDAY)
