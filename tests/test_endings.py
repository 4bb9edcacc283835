"""How things end: a mailbox that is left, a closing, an account made anew; and that no rest outlives its reason."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from events.closing import close
from events.models import Event, Session, SyncedEvent
from events.sync.engine import sync
from events.tasks import sync_in_bulk
from instructors.discovery import discover
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers.microsoft.provider import Microsoft365
from integrations.switching import wake
from tests.acts import cycles_and_look_ups, let_pass, move_away, one_cycle
from tests.conftest import PEOPLE, address, plan_event, sync_now

CREATE = {"method": "POST", "path": "/events", "mailbox": address("ann")}
UPDATE = {"method": "PATCH", "mailbox": address("ann")}
DELETE = {"method": "DELETE", "mailbox": address("ann")}
REFUSED = {"status": 400, "code": "ErrorInvalidRequest"}


def set_status(event: Event, status: str) -> None:
    event.status = status
    event.save()


def lose_sessions() -> None:
    """Let all sessions vanish without a word, as a restore of an older database would."""
    Session.objects.all()._raw_delete("default")


def test_a_mailbox_that_is_left_and_stopped_keeps_its_copies_and_lets_its_instructor_go(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.fault({"path": "/events", "mailbox": address("ann")}, status=403, code="ErrorAccessDenied")
    move_away(sandbox, ann, "ann.nowak")
    assert ann.leaving_at

    ann.stop(remove_copies=False)
    sandbox.clear_faults()
    cycles_and_look_ups()

    assert sandbox.subjects("ann.nowak") == ["First aid"]
    assert not CalendarMapping.objects.filter(pk=ann.pk).exists()


def test_a_calendar_that_is_stopped_has_nothing_left_that_it_cannot_read(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    CalendarMapping.objects.update(unreadable=1, problem="1 item of this calendar cannot be read.")
    ann.refresh_from_db()

    ann.stop(remove_copies=True)
    cycles_and_look_ups()

    ann.refresh_from_db()
    assert ann.unreadable == 0
    assert ann.problem == ""


def test_who_lost_a_left_mailbox_forgets_none_of_its_copies(sandbox, ann, monkeypatch):
    plan_event("First aid", ann)
    sync_now(ann)
    CalendarMapping.objects.update(leaving_at=now())
    SyncedEvent.objects.update(released_at=now())
    claim = CalendarMapping.objects.filter(pk=ann.pk).claim()
    sandbox.fault({"mailbox": address("ann")}, status=404, code="ErrorInvalidUser")
    delete = Microsoft365.delete

    def paired_anew_meanwhile(*args):
        try:
            yield from delete(*args)
        finally:
            CalendarMapping.objects.update(leaving_at=None, lease=None, leased_until=None)
            CalendarMapping.objects.filter(pk=ann.pk).claim()

    monkeypatch.setattr(Microsoft365, "delete", paired_anew_meanwhile)

    sync(claim)

    assert SyncedEvent.objects.filter(mapping=ann).count() == 1


def test_a_left_mailbox_that_refuses_for_an_hour_is_given_up(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.fault({"path": "/events", "mailbox": address("ann")}, status=403, code="ErrorAccessDenied")
    move_away(sandbox, ann, "ann.nowak")
    cycles_and_look_ups()
    assert sandbox.subjects("ann.nowak") == []

    CalendarMapping.objects.update(failing_since=now() - timedelta(hours=1))
    cycles_and_look_ups()

    assert sandbox.subjects("ann.nowak") == ["First aid"]


def test_a_left_mailbox_that_is_full_is_not_given_up(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.fault(DELETE, status=507, code="quotaLimitReached", times=1)
    move_away(sandbox, ann, "nobody", has_mailbox=False)

    one_cycle()
    assert sandbox.subjects("ann") == ["First aid"]
    let_pass(timedelta(days=1))
    one_cycle()

    assert sandbox.subjects("ann") == []


def test_a_stopped_instructor_stays_stopped_when_the_address_changes(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    ann.stop()

    move_away(sandbox, ann, "ann.nowak")
    cycles_and_look_ups()

    assert (sandbox.subjects("ann"), sandbox.subjects("ann.nowak")) == (["First aid"], [])


def test_a_stopped_instructor_who_is_started_again_moves_to_the_changed_address(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    ann.stop()
    move_away(sandbox, ann, "ann.nowak")

    ann.start()
    cycles_and_look_ups()

    assert (sandbox.subjects("ann"), sandbox.subjects("ann.nowak")) == ([], ["First aid"])


def test_an_account_that_was_made_anew_is_found_again(sandbox, ann):
    sync_now(ann)
    plan_event("First aid", ann)
    others = [{"name": name, "mail": address(name), "upn": address(name)} for name in PEOPLE if name != "ann"]
    anew = {"id": "11111111-2222-4333-8444-555555555555", "mail": address("ann"), "upn": address("ann")}
    sandbox.control("POST", "reset", json={"tenant": {"people": [anew, *others]}})

    cycles_and_look_ups(4)

    assert sandbox.subjects("ann") == ["First aid"]


def test_an_outage_does_not_unpair_somebody_who_was_renamed_in_the_directory(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    renamed = {"id": ann.remote_user_id, "mail": address("ann.nowak"), "upn": address("ann.nowak")}
    sandbox.control("POST", "people", json=renamed)
    sandbox.fault({"path": "delta", "mailbox": ann.remote_user_id}, status=503, code="ServiceUnavailable", times=1)
    sync_now(ann)
    assert ann.failing_since

    discover(Integration.objects.get())
    one_cycle()

    ann.refresh_from_db()
    assert ann.leaving_at is None
    assert sandbox.subjects("ann.nowak") == ["First aid"]


def test_a_closing_ends_although_a_create_was_refused(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.fault(CREATE, **REFUSED, times=1)
    sync_now(ann)
    close(ann.integration, keep_copies=False)

    one_cycle()

    assert not Integration.objects.exists()


def test_a_closing_that_a_refused_delete_holds_up_says_so(sandbox, ann):
    plan_event("First aid", ann)
    sync_now(ann)
    sandbox.fault(DELETE, **REFUSED)
    close(ann.integration, keep_copies=False)

    one_cycle()

    problem = Integration.objects.get().problem
    assert "1 item in 1 calendar could not be removed yet" in problem
    assert "ErrorInvalidRequest" in problem


def test_a_cancelled_event_goes_at_once_although_its_last_change_was_refused(sandbox, ann):
    event = plan_event("First aid", ann)
    sync_now(ann)
    event.title = "First aid, advanced"
    event.save()
    sandbox.fault(UPDATE, **REFUSED, times=1)
    sync_now(ann)
    assert SyncedEvent.objects.get().retry_at

    set_status(event, "cancelled")
    sync_now(ann)

    assert sandbox.subjects("ann") == []


def test_sync_now_wakes_calendars_that_rest(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.fault(CREATE, status=403, code="ErrorAccessDenied", times=1)
    sync_now(ann)
    assert ann.retry_at

    wake(Integration.objects.get())  # somebody has mended the policy and presses "Sync now"
    sync_in_bulk([ann.pk])

    assert sandbox.subjects("ann") == ["First aid"]


def test_sync_now_wakes_items_that_rest(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.fault(CREATE, status=503, code="ServiceUnavailable", times=1)
    sync_now(ann)
    assert SyncedEvent.objects.get().retry_at

    wake(Integration.objects.get())
    sync_in_bulk([ann.pk])

    assert sandbox.subjects("ann") == ["First aid"]


def test_the_command_does_what_rests_too(sandbox, ann):
    plan_event("First aid", ann)
    sandbox.fault(CREATE, **REFUSED, times=1)
    sync_now(ann)
    assert sandbox.subjects("ann") == []

    call_command("sync")

    assert sandbox.subjects("ann") == ["First aid"]


def withdraw_and_confirm(event: Event, mapping: CalendarMapping) -> None:
    set_status(event, "draft")
    set_status(event, "confirmed")


def unassign_and_assign(event: Event, mapping: CalendarMapping) -> None:
    event.instructors.clear()
    event.instructors.add(mapping.instructor)


def stop_and_start(event: Event, mapping: CalendarMapping) -> None:
    mapping.stop(remove_copies=True)
    mapping.start()


@pytest.mark.parametrize("there_and_back", [withdraw_and_confirm, unassign_and_assign, stop_and_start])
def test_copies_that_are_wanted_again_are_under_the_brake_again(
    sandbox, ann, there_and_back: Callable[[Event, CalendarMapping], None]
):
    event = plan_event("First aid", ann, sessions=12)
    sync_now(ann)
    there_and_back(event, ann)
    sync_now(ann)
    lose_sessions()

    sync_now(ann)

    assert len(sandbox.events("ann")) == 12
    assert "12 of 12 items would be removed" in ann.problem
