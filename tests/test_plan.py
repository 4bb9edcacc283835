"""The planner: each row of the design's table by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from events.sync.plan import Action, Create, Delete, Find, UnsafePlan, Update, check_is_safe, key_of, plan
from integrations.providers.types import Entry

MOMENT = datetime(2026, 11, 18, 12, tzinfo=UTC)
HORIZON = MOMENT - timedelta(days=30)
UID = UUID(int=1)
ENTRY = Entry(UID, "First aid", MOMENT, MOMENT + timedelta(hours=3), "Room 3")
OTHER = Entry(UID, "First aid, moved", MOMENT, MOMENT + timedelta(hours=4), "Room 3")


@dataclass
class Known:
    """A recorded copy."""

    session_uid: UUID = UID
    generation: int = 0
    remote_id: str = "remote-1"
    ends_at: datetime = MOMENT + timedelta(hours=3)
    fingerprint: str = ENTRY.fingerprint
    observed: str = ""
    restores: int = 0
    restored_on: date | None = None
    released_at: datetime | None = None
    rejected_fingerprint: str = ""
    retry_at: datetime | None = None


def planned(entry: Entry | None = None, copy: Known | None = None, *, restores: bool = True) -> Sequence[Action]:
    desired = {UID: entry} if entry else {}
    copies = {UID: copy} if copy else {}
    return plan(desired, copies, moment=MOMENT, horizon=HORIZON, restores=restores)


def test_a_wanted_entry_without_a_copy_is_created():
    assert planned(ENTRY) == [Create(UID, ENTRY)]


def test_an_intent_without_an_answer_is_created_again_with_its_generation():
    assert planned(ENTRY, Known(remote_id="", generation=2)) == [Create(UID, ENTRY, 2)]


def test_a_copy_that_shows_the_entry_is_left_alone():
    assert planned(ENTRY, Known()) == []


@pytest.mark.parametrize("observed", ["", "changed"])
def test_a_copy_of_another_entry_is_updated_whatever_was_observed(observed):
    assert planned(OTHER, Known(observed=observed)) == [Update(UID, OTHER, "remote-1")]


def test_a_copy_that_was_changed_there_is_put_right():
    assert planned(ENTRY, Known(observed="changed")) == [Update(UID, ENTRY, "remote-1", is_restoring=True)]


def test_a_copy_that_was_changed_there_is_only_shown_where_the_policy_says_so():
    assert planned(ENTRY, Known(observed="changed"), restores=False) == []


def test_a_copy_is_put_right_three_times_a_day_and_then_only_shown():
    assert planned(ENTRY, Known(observed="changed", restores=2, restored_on=MOMENT.date()))
    assert planned(ENTRY, Known(observed="changed", restores=3, restored_on=MOMENT.date())) == []
    assert planned(ENTRY, Known(observed="changed", restores=3, restored_on=MOMENT.date() - timedelta(days=1)))


def test_a_copy_that_is_gone_there_is_created_with_the_next_generation():
    assert planned(ENTRY, Known(observed="gone")) == [Create(UID, ENTRY, 1, is_restoring=True)]


def test_a_copy_that_is_gone_there_is_only_shown_where_the_policy_says_so():
    assert planned(ENTRY, Known(observed="gone"), restores=False) == []


def test_a_rejected_entry_rests_until_it_changes_or_a_day_has_passed():
    rejected = Known(rejected_fingerprint=OTHER.fingerprint, retry_at=MOMENT + timedelta(hours=1))

    assert planned(OTHER, rejected) == []
    assert planned(Entry(UID, "Another", MOMENT, MOMENT + timedelta(hours=1)), rejected) != []
    rejected.retry_at = MOMENT - timedelta(seconds=1)
    assert planned(OTHER, rejected) == [Update(UID, OTHER, "remote-1")]


def test_a_copy_that_could_not_be_written_waits_for_its_time():
    waiting = Known(remote_id="", retry_at=MOMENT + timedelta(seconds=5))

    assert planned(ENTRY, waiting) == []
    assert planned(None, waiting) == []


def test_a_copy_that_is_not_wanted_is_deleted():
    assert planned(None, Known()) == [Delete(UID, "remote-1")]


def test_an_intent_that_is_not_wanted_is_looked_for_before_it_is_deleted():
    assert planned(None, Known(remote_id="")) == [Find(UID)]


def test_time_passing_is_not_a_deletion():
    assert planned(None, Known(ends_at=HORIZON - timedelta(seconds=1))) == []


def test_deletions_come_first():
    old = Known(session_uid=UUID(int=2))

    actions = plan({UID: ENTRY}, {old.session_uid: old}, moment=MOMENT, horizon=HORIZON, restores=True)

    assert [type(action) for action in actions] == [Delete, Create]


def test_what_is_to_go_goes_in_the_order_of_time_however_the_copies_were_read():
    near, same, far = (
        Known(session_uid=UUID(int=number), ends_at=MOMENT + timedelta(hours=hours))
        for number, hours in ((9, 1), (3, 2), (5, 2))
    )

    for read in ((far, near, same), (same, far, near)):
        copies = {copy.session_uid: copy for copy in read}
        actions = plan({}, copies, moment=MOMENT, horizon=HORIZON, restores=True)
        assert [action.uid.int for action in actions] == [9, 3, 5]


@dataclass
class Calendar:
    """Many copies, some of which somebody released."""

    total: int
    deleted: int
    released: int = 0
    copies: dict[UUID, Known] = field(default_factory=dict)

    def check(self) -> None:
        for number in range(self.total):
            uid = uuid4()
            released_at = MOMENT if number < self.released else None
            self.copies[uid] = Known(session_uid=uid, released_at=released_at)
        doomed = list(self.copies)[: self.deleted]
        check_is_safe([Delete(uid, "remote") for uid in doomed], self.copies)


def test_a_plan_that_deletes_most_of_a_calendar_unasked_is_refused():
    with pytest.raises(UnsafePlan, match="11 of 20 items"):
        Calendar(total=20, deleted=11).check()


@pytest.mark.parametrize(
    "calendar",
    [Calendar(total=10, deleted=10), Calendar(total=30, deleted=15), Calendar(total=20, deleted=20, released=10)],
    ids=["ten at most", "half at most", "released ones do not count"],
)
def test_a_plan_within_bounds_is_allowed(calendar):
    calendar.check()


def test_a_key_is_the_same_in_every_database_and_differs_by_mailbox_session_and_generation():
    keys = {key_of(mailbox, uid, generation) for mailbox in "ab" for uid in (UID, UUID(int=2)) for generation in (0, 1)}

    assert len(keys) == 8
    assert key_of("a", UID, 0) == UUID("9c5efed3-3bce-5997-b3f2-d2c9c7366267")
