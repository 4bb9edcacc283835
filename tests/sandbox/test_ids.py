"""Ids: two renderings, and when they change."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Client, weekly


def occurrences(sandbox: Client, mailbox: str) -> list[str]:
    """The immutable ids of all instances."""
    items, _ = sandbox.first_round(mailbox)
    return [item["id"] for item in items if item["type"] != "seriesMaster"]


@pytest.mark.parametrize(("switch", "is_kept"), [("keep", True), ("change", False)])
def test_whether_an_occurrence_that_becomes_an_exception_keeps_its_id_is_a_switch(
    sandbox: Client, ann: str, switch: str, is_kept: bool
) -> None:
    sandbox.configure(exception_ids=switch)
    sandbox.as_user(ann, **weekly(2))
    first, second = occurrences(sandbox, ann)
    changed = sandbox.control("PATCH", f"mailboxes/{ann}/events/{first}", {"subject": "Long"})

    old = sandbox.graph("GET", f"/users/{ann}/events/{first}")
    after = occurrences(sandbox, ann)

    assert (changed["id"] == first) is is_kept
    assert old.status_code == (200 if is_kept else 404)
    assert set(after) == {changed["id"], second}
    assert sandbox.get(f"/users/{ann}/events/{changed['id']}")["subject"] == "Long"


def test_an_exception_keeps_the_id_that_it_has_once(sandbox: Client, ann: str) -> None:
    sandbox.configure(exception_ids="change")
    sandbox.as_user(ann, **weekly(2))
    first, _ = occurrences(sandbox, ann)

    once = sandbox.graph("PATCH", f"/users/{ann}/events/{first}", json={"subject": "One"}).json()["id"]
    twice = sandbox.graph("PATCH", f"/users/{ann}/events/{once}", json={"subject": "Two"}).json()["id"]

    assert first != once == twice


@pytest.mark.parametrize(("switch", "is_kept"), [("keep", True), ("change", False)])
def test_whether_instances_keep_their_ids_when_the_pattern_changes_is_a_switch(
    sandbox: Client, ann: str, switch: str, is_kept: bool
) -> None:
    sandbox.configure(instance_ids=switch)
    series = sandbox.as_user(ann, **weekly(3))
    before = occurrences(sandbox, ann)
    sandbox.control("PATCH", f"mailboxes/{ann}/events/{series['id']}", {"recurrence": weekly(2)["recurrence"]})

    after = occurrences(sandbox, ann)

    assert (after == before[:2]) is is_kept
    assert sandbox.graph("GET", f"/users/{ann}/events/{before[0]}").status_code == (200 if is_kept else 404)
    assert sandbox.graph("GET", f"/users/{ann}/events/{series['id']}").status_code == 200


def test_an_id_works_whichever_kind_the_request_prefers(sandbox: Client, ann: str) -> None:
    sandbox.as_user(ann, **weekly(1))
    (immutable,) = occurrences(sandbox, ann)
    ordinary = sandbox.get(f"/users/{ann}/events/{immutable}", immutable=False)["id"]

    assert ordinary != immutable
    assert sandbox.get(f"/users/{ann}/events/{ordinary}")["id"] == immutable


def test_ids_use_only_characters_that_are_safe_in_a_url(sandbox: Client, ann: str) -> None:
    sandbox.configure(exception_ids="change", instance_ids="change")
    series = sandbox.as_user(ann, **weekly(2))
    sandbox.control("PATCH", f"mailboxes/{ann}/events/{series['id']}", {"recurrence": weekly(3)["recurrence"]})
    first, *_ = occurrences(sandbox, ann)
    changed = sandbox.control("PATCH", f"mailboxes/{ann}/events/{first}", {"subject": "Long"})["id"]

    assert all(char.isalnum() or char in "-_=" for char in series["id"] + first + changed)
    assert changed.isascii()


def test_an_event_may_be_deleted_by_the_escaped_id(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    response = sandbox.graph("DELETE", f"/users/{ann}/events/{event['id'].replace('=', '%3D')}")

    assert response.status_code == 204


@pytest.mark.parametrize("path", ["", "/calendarView/delta?startDateTime=2026-11-01&endDateTime=2027-05-01"])
def test_a_preference_holds_for_one_request(sandbox: Client, ann: str, path: str) -> None:
    immutable = sandbox.create(ann)["id"]
    url = f"/users/{ann}{path or '/events'}"

    with_it = sandbox.get(url)["value"][0]["id"]
    without = sandbox.get(url, immutable=False)["value"][0]["id"]

    assert with_it == immutable != without


def test_links_may_remember_what_the_first_request_preferred(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    sandbox.create(ann, subject="Second")
    _, forgetful = sandbox.first_round(ann)
    sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"subject": "New"})
    plain = sandbox.get(forgetful, immutable=False)["value"]
    sandbox.configure(delta_remembers_preferences=True)

    found = sandbox.get(forgetful, immutable=False)["value"]

    assert plain[0]["id"] != event["id"]
    assert found[0]["id"] == event["id"]
