"""Items of ours that the database knows nothing of, or knows otherwise: after a restore of it, as a rule."""

from datetime import timedelta

import pytest

from events.models import ExternalEvent, Session, SyncedEvent
from tests.conftest import plan_event, sync_now, tomorrow


def forget(*models) -> None:
    """Rows are gone without a word, as after a restore."""
    for model in models:
        rows = model.objects.all()
        rows._raw_delete(rows.db)


def begin_anew(mapping) -> None:
    """The calendar is read as a whole at the next sync."""
    type(mapping).objects.update(cursor="", next_cursor="", census_link="", census_at=None)
    mapping.refresh_from_db()


def test_a_copy_of_a_session_that_nobody_knows_any_more_is_an_external_event(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    forget(SyncedEvent, Session.instructors.through, Session)
    begin_anew(ann)

    sync_now(ann)

    assert sandbox.subjects("ann") == [event.title]
    assert ExternalEvent.objects.get().remote_id == sandbox.events("ann")[0]["id"]
    assert not SyncedEvent.objects.exists()


def test_a_copy_that_is_adopted_is_no_external_event(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    forget(SyncedEvent)
    begin_anew(ann)

    sync_now(ann)

    assert SyncedEvent.objects.get().remote_id == sandbox.events("ann")[0]["id"]
    assert not ExternalEvent.objects.exists()


def as_it_was(copy) -> None:
    """The database is restored from a backup in which `copy` stands, and its calendar was read as far as today."""
    forget(SyncedEvent, ExternalEvent)
    SyncedEvent.objects.bulk_create([copy])


@pytest.mark.parametrize("keys_of_deleted_items", ["kept", "free"])
def test_a_session_stands_once_where_a_restored_database_knows_an_earlier_copy_of_it(
    sandbox, ann, keys_of_deleted_items
):
    sandbox.configure(transaction_after_delete=keys_of_deleted_items)
    event = plan_event("First aid", ann)
    sync_now(ann)
    earlier, place = SyncedEvent.objects.get(), ann.cursor
    event.instructors.clear()
    sync_now(ann)
    event.instructors.add(ann.instructor)
    sync_now(ann)
    as_it_was(earlier)
    type(ann).objects.update(cursor=place)

    for _ in range(3):
        sync_now(ann)

    assert sandbox.subjects("ann") == ["First aid"]
    assert SyncedEvent.objects.get().remote_id == sandbox.events("ann")[0]["id"]
    assert not ExternalEvent.objects.exists()


def test_a_copy_of_a_later_generation_is_no_external_event_once_it_is_known_again(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    earlier, place = SyncedEvent.objects.get(), ann.cursor
    sandbox.delete("ann", earlier.remote_id)
    sync_now(ann)
    as_it_was(earlier)
    type(ann).objects.update(cursor=place)

    for _ in range(3):
        sync_now(ann)

    assert SyncedEvent.objects.get().remote_id == sandbox.events("ann")[0]["id"]
    assert len(sandbox.events("ann")) == 1
    assert not ExternalEvent.objects.exists()


def test_a_series_that_its_owner_makes_single_again_is_one_external_event(sandbox, ann):
    daily = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": f"{tomorrow():%Y-%m-%d}", "numberOfOccurrences": 3},
    }
    item = sandbox.add("ann", "Choir", tomorrow(), recurrence=daily)
    sync_now(ann)
    before = ExternalEvent.objects.count()
    sandbox.change("ann", item["id"], recurrence=None)

    sync_now(ann)

    assert before == 3
    assert [one.remote_id for one in ExternalEvent.objects.all()] == [item["id"]]


def made_a_series(sandbox, name: str) -> None:
    """The owner of a mailbox lets our copy come again on the next two days."""
    item = sandbox.events(name)[0]
    span = {"type": "numbered", "startDate": item["start"]["dateTime"][:10], "numberOfOccurrences": 3}
    sandbox.change(name, item["id"], recurrence={"pattern": {"type": "daily", "interval": 1}, "range": span})


@pytest.mark.parametrize("is_wanted", [True, False], ids=["wanted", "cancelled meanwhile"])
def test_a_forgotten_copy_that_was_made_a_series_is_found_by_its_occurrences(sandbox, ann, is_wanted):
    event = plan_event("First aid", ann)
    sync_now(ann)
    forget(SyncedEvent)
    made_a_series(sandbox, "ann")
    event.status = "confirmed" if is_wanted else "cancelled"
    event.save()
    begin_anew(ann)

    for _ in range(2):
        sync_now(ann)

    assert [item["type"] for item in sandbox.events("ann")] == ["singleInstance"] * is_wanted
    assert (ann.problem, SyncedEvent.objects.count()) == ("", int(is_wanted))
    assert not ExternalEvent.objects.exists()


def test_a_copy_that_was_made_a_series_before_its_answer_was_noted_is_found_by_its_occurrences(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    sandbox.fault({"method": "POST", "path": "/events"}, drop="after", times=1)
    sandbox.fault({"path": "delta"}, status=503, times=1)
    sync_now(ann)
    made_a_series(sandbox, "ann")
    type(ann).objects.update(retry_at=None)
    begin_anew(ann)

    for _ in range(2):
        sync_now(ann)
        SyncedEvent.objects.update(retry_at=None)

    assert [item["type"] for item in sandbox.events("ann")] == ["singleInstance"]
    assert SyncedEvent.objects.get().remote_id == sandbox.events("ann")[0]["id"]
    assert not ExternalEvent.objects.exists()


def test_a_series_that_was_made_of_a_copy_whose_session_nobody_knows_is_mirrored_in_all_its_parts(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    forget(SyncedEvent, Session.instructors.through, Session)
    made_a_series(sandbox, "ann")
    begin_anew(ann)

    sync_now(ann)

    series = sandbox.events("ann")[0]["id"]
    assert [one.series_id for one in ExternalEvent.objects.all()] == [series] * 3
    assert not SyncedEvent.objects.exists()


def test_of_a_series_that_turns_out_to_be_ours_no_part_is_an_external_event(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    sandbox.fault({"method": "POST", "path": "/events"}, drop="after", times=1)
    sandbox.fault({"path": "delta"}, status=503, times=1)
    sync_now(ann)
    made_a_series(sandbox, "ann")
    type(ann).objects.update(retry_at=None)
    sync_now(ann)  # the copy rests, and the series is only named

    SyncedEvent.objects.update(retry_at=None)
    sync_now(ann)

    assert [item["type"] for item in sandbox.events("ann")] == ["singleInstance"]
    assert not ExternalEvent.objects.exists()


@pytest.mark.parametrize("keys_of_deleted_items", ["kept", "free"])
def test_a_kept_copy_of_a_later_generation_is_found_when_its_integration_is_made_anew(
    sandbox, ann, keys_of_deleted_items
):
    sandbox.configure(transaction_after_delete=keys_of_deleted_items)
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.delete("ann", sandbox.events("ann")[0]["id"])
    sync_now(ann)
    kept = sandbox.events("ann")[0]["id"]
    forget(SyncedEvent)
    begin_anew(ann)

    for _ in range(2):
        sync_now(ann)

    assert [item["id"] for item in sandbox.events("ann")] == [kept]
    assert SyncedEvent.objects.get().remote_id == kept
    assert not ExternalEvent.objects.exists()


def test_a_copy_whose_session_is_long_over_is_moved_and_not_deleted_when_it_is_found_again(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    kept = sandbox.events("ann")[0]["id"]
    forget(SyncedEvent)
    session = Session.objects.get()
    session.starts_at, session.ends_at = session.starts_at - timedelta(days=60), session.ends_at - timedelta(days=60)
    session.save()
    begin_anew(ann)

    sync_now(ann)

    (item,) = sandbox.events("ann")
    assert item["id"] == kept
    assert item["start"]["dateTime"].startswith(f"{session.starts_at:%Y-%m-%dT%H:%M}")
    assert not ExternalEvent.objects.exists()
