"""Stopping, starting, closing, moving: what each journey leaves in Outlook and here."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from events.closing import close, consequences, drop, tidy
from events.models import Event, ExternalEvent, Session, SyncedEvent
from events.sync.engine import Again, sync
from instructors.discovery import discover
from instructors.models import CalendarMapping, Unmatched
from integrations.models import Integration
from integrations.signals import privacy_changed
from tests.conftest import address, plan_event, sync_now, tomorrow


def sync_and_tidy(*mappings: CalendarMapping) -> None:
    """What a task does: sync, then finish what was waiting for it."""
    held = list(CalendarMapping.objects.syncable().select_related("integration", "instructor"))
    sync_now(*mappings)
    tidy(held)


def test_stop_keeps_the_copies_and_drops_what_was_pulled(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)

    ann.stop()

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert not ExternalEvent.objects.exists()
    ann.refresh_from_db()
    assert (ann.sync_enabled, ann.cursor, ann.synced_at) == (False, "", None)
    assert not CalendarMapping.objects.syncable().filter(pk=ann.pk).exists()


def test_a_stopped_calendar_is_not_written_to_until_it_starts_again(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    ann.stop()
    event.delete()
    plan_event("Fire safety", ann)

    sync_now()
    assert sandbox.subjects("ann") == ["First aid"]
    ann.start()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["Fire safety"]


def test_stop_with_removal_empties_outlook_and_then_rests(sandbox, ann):
    plan_event("First aid", ann, sessions=3)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)

    ann.stop(remove_copies=True)
    sync_and_tidy(ann)

    assert sandbox.subjects("ann") == ["Dentist"]
    ann.refresh_from_db()
    assert not ann.removes_copies
    assert not SyncedEvent.objects.exists()
    assert not ExternalEvent.objects.exists()


def test_start_makes_a_first_sync_without_duplicates(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    ann.stop()

    ann.start()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert ExternalEvent.objects.count() == 1
    assert ann.synced_at


def test_an_inactive_integration_pushes_pulls_and_deletes_nothing(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    Integration.objects.update(status="inactive")
    event.delete()
    sandbox.add("ann", "Dentist", tomorrow(14))

    sync_now()

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert not ExternalEvent.objects.exists()


def test_an_inactive_instructor_is_as_unassigned(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)

    ann.instructor.is_active = False
    ann.instructor.save()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["Dentist"]
    assert not ExternalEvent.objects.exists()


def test_an_instructor_who_is_active_again_gets_everything_back(sandbox, ann):
    plan_event("First aid", ann)
    ann.instructor.is_active = False
    ann.instructor.save()
    sync_now(ann)
    sandbox.add("ann", "Dentist", tomorrow(14))

    ann.instructor.is_active = True
    ann.instructor.save()
    sync_now(ann)

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert ExternalEvent.objects.count() == 1


def test_deleting_an_integration_removes_the_copies_and_then_everything_here(sandbox, people):
    plan_event("First aid", *people.values(), sessions=2)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now()
    integration = Integration.objects.get()
    told = consequences(integration)
    assert (told.copies, told.calendars, told.external_events) == (8, 4, 1)

    close(integration, keep_copies=False)
    sync_and_tidy()

    assert [sandbox.subjects(name) for name in people] == [["Dentist"], [], [], []]
    for model in (Integration, CalendarMapping, SyncedEvent, ExternalEvent):
        assert not model.objects.exists()
    assert Event.objects.count() == 1


def test_deleting_an_integration_cleans_stopped_calendars_too(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    ann.stop()

    close(ann.integration, keep_copies=False)
    sync_and_tidy()

    assert sandbox.subjects("ann") == []
    assert not Integration.objects.exists()


def test_deleting_an_integration_can_leave_the_copies(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)

    close(ann.integration, keep_copies=True)

    assert sandbox.subjects("ann") == ["First aid"]
    assert not Integration.objects.exists()


def test_a_clean_up_that_fails_says_what_stays_and_can_be_given_up(sandbox, people):
    plan_event("First aid", *people.values())
    sync_now()
    integration = Integration.objects.get()
    sandbox.fault({"mailbox": address("ann")}, status=404, code="MailboxNotEnabledForRESTAPI")

    close(integration, keep_copies=False)
    sync_and_tidy()

    integration.refresh_from_db()
    assert "1 item in 1 calendar could not be removed yet" in integration.problem
    assert sandbox.subjects("ben") == []
    drop(integration)
    assert not Integration.objects.exists()


def test_an_integration_that_is_created_again_adopts_what_it_left(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    old = ann.integration
    close(old, keep_copies=True)

    old.pk = None
    old.save(force_insert=True)
    fresh = CalendarMapping.objects.create(
        integration=old, instructor=ann.instructor, address=ann.address, remote_user_id=ann.remote_user_id
    )
    sync_now(fresh)

    assert sandbox.subjects("ann") == ["First aid"]
    assert SyncedEvent.objects.count() == 1
    assert not ExternalEvent.objects.exists()


def test_a_changed_address_empties_the_old_mailbox_and_fills_the_new_one(sandbox, ann, people):
    sandbox.control(
        "POST", "people", json={"name": "Ann Nowak", "mail": address("ann.nowak"), "upn": address("ann.nowak")}
    )
    plan_event("First aid", ann)
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)

    ann.instructor.email = address("ann.nowak")
    ann.instructor.save()
    discover(ann.integration)
    sync_and_tidy()
    discover(ann.integration)
    sync_now()

    assert sandbox.subjects("ann") == ["Dentist"]
    assert sandbox.subjects("ann.nowak") == ["First aid"]
    assert not ExternalEvent.objects.exists()
    assert not Unmatched.objects.exists()


def test_titles_are_kept_only_where_allowed_and_blanked_at_once(sandbox, ann):
    Integration.objects.update(privacy="titles")
    sandbox.add("ann", "Dentist", tomorrow(14))
    sandbox.add("ann", "Job interview", tomorrow(16), sensitivity="private")
    sync_now(ann)
    assert sorted(ExternalEvent.objects.values_list("title", "is_private")) == [("", True), ("Dentist", False)]

    integration = Integration.objects.get()
    integration.privacy = "free_busy"
    integration.save()
    privacy_changed.send(Integration, integration=integration)

    assert set(ExternalEvent.objects.values_list("title", flat=True)) == {""}


def test_titles_that_become_allowed_are_brought_by_a_census(sandbox, ann):
    sandbox.add("ann", "Dentist", tomorrow(14))
    sync_now(ann)
    integration = Integration.objects.get()
    integration.privacy = "titles"
    integration.save()
    privacy_changed.send(Integration, integration=integration)

    sync_now(ann)

    assert ExternalEvent.objects.get().title == "Dentist"


@pytest.mark.parametrize(
    "change",
    [{"subject": "Mine now"}, {"start": 1}, {"location": {"displayName": "Beach"}}, {"showAs": "free"}],
    ids=str,
)
def test_a_copy_that_the_instructor_changes_is_put_right(sandbox, ann, change):
    plan_event("First aid", ann, location="Room 3")
    sync_now(ann)
    (item,) = sandbox.events("ann")
    if "start" in change:
        moved = tomorrow(11).replace(tzinfo=None).isoformat()
        change = {"start": {"dateTime": moved, "timeZone": "UTC"}}
    sandbox.change("ann", item["id"], **change)

    sync_now(ann)

    (after,) = sandbox.events("ann")
    for name in ("subject", "start", "location", "showAs"):
        assert after[name] == item[name]


def test_a_copy_that_the_instructor_deletes_is_created_anew(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.delete("ann", sandbox.events("ann")[0]["id"])

    sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]
    assert SyncedEvent.objects.get().generation == 1


def test_drift_is_only_shown_where_the_integration_says_so(sandbox, ann):
    Integration.objects.update(drift="flag")
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.change("ann", sandbox.events("ann")[0]["id"], subject="Mine now")

    sync_now(ann)

    assert sandbox.subjects("ann") == ["Mine now"]
    assert SyncedEvent.objects.get().observed == "changed"


def test_somebody_who_always_changes_a_copy_is_not_fought_for_ever(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    for round_ in range(5):
        sandbox.change("ann", sandbox.events("ann")[0]["id"], subject=f"Mine {round_}")
        sync_now(ann)

    assert sandbox.subjects("ann") == ["Mine 4"]
    assert SyncedEvent.objects.get().observed == "changed"


def test_a_copy_moved_out_of_the_window_is_brought_back_and_not_doubled(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    far = (now() + timedelta(days=900)).replace(microsecond=0, tzinfo=None)
    (item,) = sandbox.events("ann")
    span = {"start": far.isoformat(), "end": (far + timedelta(hours=1)).isoformat()}
    sandbox.change("ann", item["id"], **{name: {"dateTime": value, "timeZone": "UTC"} for name, value in span.items()})

    sync_now(ann)

    (after,) = sandbox.events("ann")
    assert after["start"] == item["start"]


def test_a_session_s_own_instructors_replace_the_event_s(sandbox, ann, people):
    event = plan_event("First aid", ann, sessions=2)
    second = event.sessions.latest("starts_at")
    sync_now()

    second.instructors.add(people["ben"].instructor)
    sync_now()

    assert (len(sandbox.events("ann")), len(sandbox.events("ben"))) == (1, 1)


def test_a_copy_is_over_when_time_passes_and_moves_when_its_session_is_moved(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    session = event.sessions.get()
    past = now() - timedelta(days=60)

    session.starts_at, session.ends_at = past, past + timedelta(hours=3)
    session.save()
    sync_now(ann)
    assert sandbox.events("ann")[0]["start"]["dateTime"].startswith(f"{past:%Y-%m-%d}")
    report = sync_now(ann)
    assert (report.deleted, len(sandbox.events("ann"))) == (0, 1)

    session.starts_at, session.ends_at = tomorrow(9), tomorrow(12)
    session.save()
    sync_now(ann)
    assert sandbox.events("ann")[0]["start"]["dateTime"].startswith(f"{tomorrow(9):%Y-%m-%d}")


def test_rows_that_vanished_without_a_reason_are_shown_to_a_person_and_nothing_is_deleted(sandbox, ann):
    plan_event("First aid", ann, sessions=12)
    sync_now(ann)
    Session.objects.all()._raw_delete("default")  # as a restore of an older database would

    sync_now(ann)

    assert len(sandbox.events("ann")) == 12
    assert "12 of 12 items would be removed" in ann.problem
    assert ann.synced_at


def test_a_person_s_copy_of_our_item_is_external_and_never_written(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    (ours,) = sandbox.events("ann")
    sandbox.add(
        "ann", "First aid", tomorrow(15), singleValueExtendedProperties=ours.get("singleValueExtendedProperties", [])
    )

    sync_now(ann)
    CalendarMapping.objects.update(census_at=None)
    sync_now(ann)

    assert len(sandbox.events("ann")) == 2
    assert ExternalEvent.objects.count() == 1


def copy_as_a_person(sandbox, event):
    """Copy and paste in Outlook: the properties go along, our marker too, and the transaction id does not."""
    sandbox.configure(copies_keep_properties=True)
    return sandbox.control("POST", f"mailboxes/{address('ann')}/events/{event['id']}/copy")


def test_a_person_s_copy_of_our_item_outlives_it(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    theirs = copy_as_a_person(sandbox, sandbox.events("ann")[0])
    event.status = "cancelled"
    event.save()
    sync_now(ann)

    CalendarMapping.objects.update(census_at=None)
    sync_now(ann)

    assert [item["id"] for item in sandbox.events("ann")] == [theirs["id"]]
    assert [item.remote_id for item in ExternalEvent.objects.all()] == [theirs["id"]]


def test_a_lost_create_is_never_taken_for_a_person_s_copy(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    (ours,) = sandbox.events("ann")
    theirs = copy_as_a_person(sandbox, ours)
    sandbox.delete("ann", ours["id"])
    sandbox.fault({"method": "POST", "path": "/events", "mailbox": address("ann")}, drop="before", times=1)
    sync_now(ann)
    event.instructors.clear()
    SyncedEvent.objects.update(retry_at=None)

    sync_now(ann)

    assert [item["id"] for item in sandbox.events("ann")] == [theirs["id"]]


def test_an_urgent_sync_pushes_and_leaves_the_first_sync_to_another(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.add("ann", "Dentist", tomorrow(14))
    told: list[Again] = []

    sync(CalendarMapping.objects.filter(pk=ann.pk).claim(), is_urgent=True, on_again=told.append)

    assert sandbox.subjects("ann") == ["Dentist", "First aid"]
    assert not ExternalEvent.objects.exists()
    assert told == [Again((ann.pk,))]
    sync_now(ann)
    assert ExternalEvent.objects.count() == 1


def test_a_change_that_comes_during_a_sync_is_told_as_urgent(sandbox, ann):
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()
    plan_event("First aid", ann)
    told: list[Again] = []

    sync(claim, on_again=told.append)

    assert Again((ann.pk,), is_urgent=True) in told
