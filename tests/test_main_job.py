"""The main job, both ways, against the sandbox."""

from datetime import timedelta

from events.models import ExternalEvent, SyncedEvent
from tests.conftest import address, plan_event, sync_now, tomorrow


def test_an_event_appears_in_the_calendar_of_its_instructor(sandbox, ann):
    event = plan_event("First aid", ann, location="Room 3", description="Bring the dolls.")

    report = sync_now(ann)

    (item,) = sandbox.events("ann")
    session = event.sessions.get()
    assert (item["subject"], item["location"]["displayName"], item["showAs"]) == ("First aid", "Room 3", "busy")
    assert item["start"]["dateTime"].startswith(f"{session.starts_at:%Y-%m-%dT%H:%M:%S}")
    assert item["attendees"] == []
    assert report.created == 1
    assert SyncedEvent.objects.get().remote_id


def test_an_item_of_the_instructor_becomes_an_external_event(sandbox, ann):
    sandbox.add("ann", "Dentist", tomorrow(14))

    sync_now(ann)

    external = ExternalEvent.objects.get()
    assert (external.starts_at, external.ends_at) == (tomorrow(14), tomorrow(15))
    assert (external.show_as, external.title, external.is_private) == ("busy", "", False)


def test_an_item_that_its_owner_deletes_is_gone_here_too(sandbox, ann):
    dentist = sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.add("ann", "Meeting", tomorrow(16))
    sync_now(ann)
    sandbox.delete("ann", dentist["id"])

    sync_now(ann)

    assert [one.starts_at for one in ExternalEvent.objects.all()] == [tomorrow(16)]


def test_an_all_day_item_keeps_its_dates_wherever_it_was_made(sandbox, ann):
    first, after = tomorrow(0, days=3), tomorrow(0, days=5)
    holiday = {"start": midnight_in_tokyo(first), "end": midnight_in_tokyo(after), "isAllDay": True}
    sandbox.control("POST", f"mailboxes/{address('ann')}/events", json=holiday)

    sync_now(ann)

    item = ExternalEvent.objects.get()
    assert (item.is_all_day, item.starts_at, item.ends_at) == (True, first, after)


def midnight_in_tokyo(day):
    return {"dateTime": f"{day:%Y-%m-%d}T00:00:00", "timeZone": "Tokyo Standard Time"}


def test_a_second_sync_of_an_unchanged_calendar_changes_nothing(sandbox, ann):
    plan_event("First aid", ann, sessions=3)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)

    report = sync_now(ann)

    assert (report.created, report.updated, report.deleted, report.pulled, report.failed) == (0, 0, 0, 0, 0)
    assert ExternalEvent.objects.count() == 1


def test_a_description_that_exchange_rewrites_is_no_change(sandbox, ann):
    plan_event("First aid", ann, description="Bring the dolls.")
    first = sync_now(ann)
    (item,) = sandbox.events("ann")
    assert item["body"]["content"].strip() != "Bring the dolls."

    report = sync_now(ann)

    assert (first.created, first.updated, report.updated) == (1, 0, 0)
    assert SyncedEvent.objects.get().observed == ""


def test_a_change_a_cancellation_and_an_unassignment_reach_the_calendar(sandbox, ann, people):
    event = plan_event("First aid", ann, people["ben"])
    sync_now()

    event.title = "First aid, advanced"
    event.save()
    sync_now()
    assert sandbox.subjects("ann") == sandbox.subjects("ben") == ["First aid, advanced"]

    event.instructors.remove(people["ben"].instructor)
    sync_now()
    assert (sandbox.subjects("ann"), sandbox.subjects("ben")) == (["First aid, advanced"], [])

    event.status = "cancelled"
    event.save()
    sync_now()
    assert sandbox.subjects("ann") == []
    assert not SyncedEvent.objects.exists()


def test_our_copy_never_becomes_an_external_event(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    sync_now(ann)

    sync_now(ann)

    assert not ExternalEvent.objects.exists()
    assert SyncedEvent.objects.get().observed == ""


def test_a_series_is_mirrored_with_its_exceptions_and_without_its_deleted_occurrences(sandbox, ann):
    sync_now(ann)
    start = tomorrow(8)
    weekly = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": f"{start:%Y-%m-%d}", "numberOfOccurrences": 5},
    }
    sandbox.add("ann", "Stand-up", start, recurrence=weekly)
    sync_now(ann)
    occurrences = ExternalEvent.objects.order_by("starts_at")
    assert [one.starts_at for one in occurrences] == [start + timedelta(days=day) for day in range(5)]

    sandbox.delete("ann", occurrences[1].remote_id)
    sync_now(ann)

    assert [one.starts_at for one in occurrences.all()] == [start + timedelta(days=day) for day in (0, 2, 3, 4)]


def test_an_item_that_becomes_a_series_stands_once_for_each_occurrence(sandbox, ann):
    dentist = sandbox.add("ann", "Dentist", tomorrow(8))
    sync_now(ann)
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "numberOfOccurrences": 3}}
    daily["range"]["startDate"] = f"{tomorrow():%Y-%m-%d}"
    sandbox.change("ann", dentist["id"], recurrence=daily)

    sync_now(ann)
    starts = ExternalEvent.objects.order_by("starts_at").values_list("starts_at", flat=True)
    assert list(starts) == [tomorrow(8, days=days) for days in (1, 2, 3)]
    sandbox.delete("ann", dentist["id"])
    sync_now(ann)

    assert not ExternalEvent.objects.exists()
