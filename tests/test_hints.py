"""Signals: a change marks the calendars it touches in its own transaction, and is published when that is committed."""

import subprocess
import sys

import pytest
from django.db import connection, transaction

from events.hints import pending_hint
from events.models import Event, Session, SyncedEvent
from instructors.models import CalendarMapping
from tests.conftest import plan_event, process_environment, sync_now, tomorrow


def requested() -> set[str]:
    """Whose calendars wait for a sync; they are settled again."""
    waiting = CalendarMapping.objects.filter(requested_at__isnull=False)
    names = {mapping.instructor.name.lower() for mapping in waiting.select_related("instructor")}
    waiting.update(requested_at=None)
    return names


@pytest.fixture
def event(people) -> Event:
    """An event of two sessions, taught by Ann, in Outlook."""
    event = plan_event("First aid", people["ann"], sessions=2)
    sync_now()
    requested()
    return event


def test_saving_an_event_hints_at_the_calendars_of_its_instructors(event):
    event.title = "First aid, advanced"
    event.save()

    assert requested() == {"ann"}


def test_assigning_hints_at_the_new_instructor_from_either_side(event, people):
    event.instructors.add(people["ben"].instructor)
    assert requested() == {"ann", "ben"}

    people["cleo"].instructor.events.add(event)
    assert "cleo" in requested()

    event.sessions.first().instructors.add(people["dev"].instructor)
    assert requested() >= {"dev", "ann"}


@pytest.mark.parametrize(
    "unassign",
    [
        lambda event, ann: event.instructors.remove(ann),
        lambda event, ann: event.instructors.clear(),
        lambda event, ann: event.instructors.set([]),
        lambda event, ann: ann.events.remove(event),
        lambda event, ann: ann.events.clear(),
        lambda event, _: event.delete(),
        lambda event, _: [session.delete() for session in event.sessions.all()],
        lambda event, _: Session.objects.filter(event=event).delete(),
    ],
    ids=["remove", "clear", "set", "reverse remove", "reverse clear", "delete", "delete sessions", "delete a query"],
)
def test_what_is_not_wanted_any_more_is_released_and_hinted_at(event, ann, unassign):
    unassign(event, ann.instructor)

    assert requested() == {"ann"}
    assert not SyncedEvent.objects.filter(released_at=None).exists()


@pytest.mark.parametrize("status", ["cancelled", "draft"])
def test_an_event_that_is_not_confirmed_releases_its_copies(event, status):
    event.status = status
    event.save()

    assert requested() == {"ann"}
    assert not SyncedEvent.objects.filter(released_at=None).exists()


def test_moving_a_session_hints_at_its_calendars_and_releases_nothing(event):
    session = event.sessions.first()
    session.starts_at = tomorrow(7)
    session.save()

    assert requested() == {"ann"}
    assert not SyncedEvent.objects.exclude(released_at=None).exists()


def test_a_hint_is_undone_with_its_transaction(event):
    class Undone(Exception):
        pass

    def change_and_fail() -> None:
        with transaction.atomic():
            event.title = "Never"
            event.save()
            raise Undone

    with pytest.raises(Undone):
        change_and_fail()

    assert requested() == set()


def test_a_transaction_publishes_one_hint_for_all_that_it_touched(event, people):
    with transaction.atomic():
        event.save()
        event.instructors.add(people["ben"].instructor, people["cleo"].instructor)
        hint = pending_hint(bulk=False)

        assert hint is not None
        assert hint.mappings == {people[name].pk for name in ("ann", "ben", "cleo")}
        published = [
            function for _, function, *_ in connection.run_on_commit if function.__qualname__ == "Hint.publish"
        ]
        assert len(published) == 1


SAVE = """
import os, time, django
django.setup()
from events.models import Event
event = Event.objects.get()
event.title = "First aid, advanced"
started = time.monotonic()
event.save()
print(time.monotonic() - started)
"""


@pytest.mark.django_db(transaction=True)
def test_a_save_succeeds_within_a_second_while_the_broker_is_down(people):
    plan_event("First aid", people["ann"])
    requested()

    saved = subprocess.run(
        [sys.executable, "-c", SAVE],
        env=process_environment(REDIS_URL="redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert saved.returncode == 0, saved.stderr
    assert float(saved.stdout) < 1
    assert requested() == {"ann"}
