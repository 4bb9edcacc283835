"""What clients send that nobody here wrote: null for what is nullable, and truth as a text."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Client, course

USUAL = {
    "isAllDay": False, "isReminderOn": True, "responseRequested": True, "hideAttendees": False,
    "allowNewTimeProposals": True, "isOnlineMeeting": False, "showAs": "busy", "sensitivity": "normal",
    "importance": "normal", "onlineMeetingProvider": "unknown", "reminderMinutesBeforeStart": 15,
}  # fmt: skip


@pytest.mark.parametrize("name", USUAL)
def test_null_for_a_nullable_property_of_a_new_event_means_the_usual(sandbox: Client, ann: str, name: str) -> None:
    event = sandbox.create(ann, **{name: None})

    assert event[name] == USUAL[name]


def test_null_in_a_change_leaves_a_nullable_property_as_it_was(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann, showAs="free", isReminderOn=False)

    changed = sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"showAs": None, "isReminderOn": None})

    assert changed.status_code == 200
    assert (changed.json()["showAs"], changed.json()["isReminderOn"]) == ("free", False)


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("false", False)])
def test_a_truth_may_be_sent_as_a_text(sandbox: Client, ann: str, text: str, meant: bool) -> None:
    event = sandbox.create(ann, isReminderOn=text)

    assert event["isReminderOn"] is meant


def test_another_type_is_refused_as_before(sandbox: Client, ann: str) -> None:
    answer = sandbox.graph("POST", f"/users/{ann}/events", json=course(isReminderOn="no"))

    assert answer.status_code == 400
