"""An instructor has more calendars than the one that calsync looks at, and a bin."""

import pytest

from events.models import ExternalEvent, SyncedEvent
from tests.conftest import Sandbox, address, plan_event, sync_now, tomorrow


def other_calendar(sandbox: Sandbox) -> str:
    """The id of a new calendar of Ann's."""
    return sandbox.control("POST", f"mailboxes/{address('ann')}/calendars", json={"name": "Courses"})["id"]


def move(sandbox: Sandbox, remote_id: str, calendar: str) -> None:
    sandbox.control("POST", f"mailboxes/{address('ann')}/events/{remote_id}/move", json={"calendar": calendar})


def subjects_in(sandbox: Sandbox, calendar: str) -> list[str]:
    found = sandbox.control("GET", f"mailboxes/{address('ann')}/events", params={"calendar": calendar})
    return [event["subject"] for event in found["value"]]


def test_a_copy_of_ours_that_its_instructor_files_elsewhere_stays_the_only_one_and_follows_its_event(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    courses = other_calendar(sandbox)
    move(sandbox, sandbox.events("ann")[0]["id"], courses)
    sync_now(ann)

    event.title = "First aid, advanced"
    event.save()
    sync_now(ann)

    assert sandbox.subjects("ann") == subjects_in(sandbox, courses) == ["First aid, advanced"]
    assert not ExternalEvent.objects.exists()
    event.delete()
    sync_now(ann)
    assert subjects_in(sandbox, courses) == []
    assert not SyncedEvent.objects.exists()


def test_an_item_that_is_filed_in_another_calendar_is_in_nobodys_way(sandbox, ann):
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    assert ExternalEvent.objects.count() == 1

    move(sandbox, dentist["id"], other_calendar(sandbox))
    sync_now(ann)

    assert not ExternalEvent.objects.exists()


@pytest.mark.expects_duplicates
def test_a_copy_that_comes_back_from_the_bin_after_it_was_made_anew_is_the_instructors(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    (copy,) = sandbox.events("ann")
    sandbox.delete("ann", copy["id"])
    sync_now(ann)
    assert len(sandbox.subjects("ann")) == 1

    sandbox.control("POST", f"mailboxes/{address('ann')}/events/{copy['id']}/restore")
    sync_now(ann)
    writes = len(sandbox.audit()["writes"])
    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid", "First aid"]
    assert ExternalEvent.objects.get().remote_id == copy["id"]
    assert len(sandbox.audit()["writes"]) == writes


def test_an_invitation_that_its_instructor_declines_is_in_nobodys_way(sandbox, ann):
    invited = {"isOrganizer": False, "responseStatus": {"response": "notResponded", "time": "0001-01-01T00:00:00Z"}}
    board = sandbox.add("ann", "Board", tomorrow(10), **invited)
    sync_now(ann)
    assert ExternalEvent.objects.count() == 1

    declined = {"response": "declined", "time": "2026-11-23T09:00:00Z"}
    sandbox.change("ann", board["id"], responseStatus=declined)
    sync_now(ann)

    assert not ExternalEvent.objects.exists()
