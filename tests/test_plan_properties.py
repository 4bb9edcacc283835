"""The planner, over every combination of what is wanted, what is recorded and what was observed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.sync.plan import Action, Create, Delete, Find, UnsafePlan, Update, check_is_safe, key_of, plan
from integrations.providers.types import Entry

MOMENT = datetime(2026, 11, 18, 12, tzinfo=UTC)
HORIZON = MOMENT - timedelta(days=30)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
UIDS = [UUID(int=number) for number in range(1, 4)]


@dataclass
class Known:
    """A recorded copy."""

    session_uid: UUID
    generation: int = 0
    remote_id: str = ""
    ends_at: datetime = MOMENT
    fingerprint: str = ""
    observed: str = ""
    restores: int = 0
    restored_on: date | None = None
    released_at: datetime | None = None
    rejected_fingerprint: str = ""
    retry_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.ends_at < HORIZON

    @property
    def rests(self) -> bool:
        return self.retry_at is not None and self.retry_at > MOMENT


def entry(uid: UUID, version: int) -> Entry:
    """What a session looks like in one of its versions."""
    start = MOMENT + timedelta(hours=version)
    return Entry(uid, f"First aid, {version}", start, start + timedelta(hours=3))


versions = st.integers(min_value=0, max_value=2)
ends = st.sampled_from([MOMENT + DAY, MOMENT, HORIZON, HORIZON - SECOND, HORIZON - 90 * DAY])


def fingerprints(uid: UUID) -> st.SearchStrategy[str]:
    return versions.map(lambda version: entry(uid, version).fingerprint)


def recorded(uid: UUID) -> st.SearchStrategy[Known]:
    """A copy of the session in any state, those too that should not come about."""
    return st.builds(
        Known,
        session_uid=st.just(uid),
        generation=st.integers(min_value=0, max_value=3),
        remote_id=st.sampled_from(["", f"remote-{uid.int}"]),
        ends_at=ends,
        fingerprint=st.just("") | fingerprints(uid),
        observed=st.sampled_from(["", "changed", "gone"]),
        restores=st.integers(min_value=0, max_value=4),
        restored_on=st.sampled_from([None, MOMENT.date(), MOMENT.date() - DAY]),
        released_at=st.sampled_from([None, MOMENT - DAY]),
        rejected_fingerprint=st.just("") | fingerprints(uid),
        retry_at=st.sampled_from([None, MOMENT - SECOND, MOMENT, MOMENT + SECOND, MOMENT + DAY]),
    )


def some_of(values: Mapping[UUID, st.SearchStrategy]) -> st.SearchStrategy:
    return st.fixed_dictionaries({}, optional=dict(values))


wanted = some_of({uid: st.builds(entry, st.just(uid), versions) for uid in UIDS})
copies_known = some_of({uid: recorded(uid) for uid in UIDS})
policies = st.booleans()


def planned(desired: Mapping, copies: Mapping, *, moment: datetime = MOMENT, restores: bool = True) -> list[Action]:
    return plan(desired, copies, moment=moment, horizon=HORIZON, restores=restores)


def done(actions: Iterable[Action], copies: Mapping[UUID, Known], *, moment: datetime = MOMENT) -> dict[UUID, Known]:
    """What is recorded once every one of `actions` has succeeded; what was looked for was not there."""
    left = dict(copies)
    for action in actions:
        if isinstance(action, Delete | Find):
            del left[action.uid]
            continue
        known = left.get(action.uid, Known(action.uid))
        if isinstance(action, Create):
            assert not known.remote_id or known.observed == "gone", "a second copy beside a living one"
            known = replace(known, generation=action.generation, remote_id=f"new-{action.uid.int}")
        if action.is_restoring:
            earlier = known.restores if known.restored_on == moment.date() else 0
            known = replace(known, restores=earlier + 1, restored_on=moment.date())
        left[action.uid] = replace(
            known,
            fingerprint=action.entry.fingerprint,
            ends_at=action.entry.ends_at,
            observed="",
            rejected_fingerprint="",
            retry_at=None,
        )
    return left


def about(uid: UUID, actions: Iterable[Action]) -> Action | None:
    return next((action for action in actions if action.uid == uid), None)


@given(wanted, copies_known, policies)
def test_once_everything_has_succeeded_nothing_is_left_to_do(desired, copies, restores):
    actions = planned(desired, copies, restores=restores)

    assert planned(desired, done(actions, copies), restores=restores) == []


@given(wanted, copies_known)
def test_once_no_rest_is_left_every_session_has_its_copy_and_no_other_copy_is_left_but_those_that_are_over(
    desired, copies
):
    later = MOMENT + 2 * DAY

    left = done(planned(desired, copies, moment=later), copies, moment=later)

    assert all(left[uid].remote_id and not left[uid].observed for uid in desired)
    assert {uid: left[uid].fingerprint for uid in desired} == {uid: one.fingerprint for uid, one in desired.items()}
    assert all(copy.is_over for uid, copy in left.items() if uid not in desired)


@given(wanted, copies_known, policies)
def test_a_session_has_one_action_at_most_and_it_names_its_own_copy(desired, copies, restores):
    actions = planned(desired, copies, restores=restores)

    assert max(Counter(action.uid for action in actions).values(), default=0) <= 1
    written = [action for action in actions if isinstance(action, Update | Delete)]
    assert [action.remote_id for action in written] == [copies[action.uid].remote_id for action in written]
    assert all(action.remote_id for action in written)
    assert all(action.entry == desired[action.uid] for action in actions if isinstance(action, Create | Update))


@given(wanted, copies_known, policies)
def test_only_what_nobody_wants_and_is_not_over_is_removed(desired, copies, restores):
    actions = planned(desired, copies, restores=restores)

    removed = {action.uid for action in actions if isinstance(action, Delete | Find)}
    unwanted = {uid for uid, copy in copies.items() if uid not in desired and not copy.is_over}
    waiting = {uid for uid in unwanted if copies[uid].rests and not copies[uid].rejected_fingerprint}
    assert removed == unwanted - waiting
    assert all(isinstance(about(uid, actions), Delete) == bool(copies[uid].remote_id) for uid in removed)


@given(wanted, copies_known, policies)
def test_a_copy_is_created_only_where_none_stands(desired, copies, restores):
    for action in planned(desired, copies, restores=restores):
        if not isinstance(action, Create):
            continue
        copy = copies.get(action.uid)
        if copy is None or not copy.remote_id:  # never sent, or its answer was lost: under the same key
            assert (action.generation, action.is_restoring) == (copy.generation if copy else 0, False)
        else:
            assert copy.observed == "gone"
            assert (action.generation, action.is_restoring) == (copy.generation + 1, True)


@given(wanted, copies_known, policies)
def test_a_copy_is_written_only_for_a_reason(desired, copies, restores):
    for action in planned(desired, copies, restores=restores):
        copy = copies.get(action.uid)
        if copy is not None and isinstance(action, Create | Update):
            assert not copy.remote_id or copy.observed or copy.fingerprint != action.entry.fingerprint


@given(wanted, copies_known, policies)
def test_what_rests_is_left_alone_until_its_entry_is_another_than_the_refused_one(desired, copies, restores):
    awake = {uid: replace(copy, retry_at=None) for uid, copy in copies.items()}

    actions = planned(desired, copies, restores=restores)

    refused = {uid: copy.rejected_fingerprint for uid, copy in copies.items() if copy.rests}
    waiting = {uid for uid, text in refused.items() if uid in desired and text in ("", desired[uid].fingerprint)}
    waiting |= {uid for uid, text in refused.items() if uid not in desired and not text}
    assert actions == [one for one in planned(desired, awake, restores=restores) if one.uid not in waiting]


@given(wanted, copies_known)
def test_where_drift_is_only_shown_nothing_is_put_right(desired, copies):
    actions = planned(desired, copies, restores=False)

    assert not any(getattr(action, "is_restoring", False) for action in actions)
    assert all(about(uid, actions) is None for uid in desired if uid in copies and is_only_drift(desired, copies[uid]))


def is_only_drift(desired: Mapping[UUID, Entry], copy: Known) -> bool:
    is_as_sent = copy.fingerprint == desired[copy.session_uid].fingerprint
    return bool(copy.remote_id) and (copy.observed == "gone" or (copy.observed == "changed" and is_as_sent))


@given(recorded(UIDS[0]), st.lists(st.sampled_from(["changed", "gone"]), max_size=12))
def test_a_copy_is_put_right_three_times_a_day_at_most(copy, seen):
    desired, copies, restorings = {UIDS[0]: entry(UIDS[0], 0)}, {UIDS[0]: copy}, 0

    for observed in seen:
        actions = planned(desired, copies)
        restorings += sum(action.is_restoring for action in actions if isinstance(action, Create | Update))
        copies = done(actions, copies)
        copies = {uid: replace(one, observed=observed) for uid, one in copies.items()}

    assert restorings <= 3


@given(st.lists(st.sampled_from(["changed", "gone"]), min_size=3, max_size=3))
def test_what_was_put_right_often_today_is_put_right_again_tomorrow(seen):
    uid = UIDS[0]
    desired, copies = {uid: entry(uid, 0)}, done([Create(uid, entry(uid, 0))], {})
    for observed in seen:
        copies = {uid: replace(copies[uid], observed=observed)}
        copies = done(planned(desired, copies), copies)
    copies = {uid: replace(copies[uid], observed="changed")}

    assert planned(desired, copies) == []
    assert planned(desired, copies, moment=MOMENT + DAY)


@given(wanted, copies_known, policies)
def test_each_session_is_decided_by_itself(desired, copies, restores):
    together = planned(desired, copies, restores=restores)

    for uid in {*desired, *copies}:
        own = {uid: desired[uid]} if uid in desired else {}
        known = {uid: copies[uid]} if uid in copies else {}
        alone = planned(own, known, restores=restores)
        assert alone == [action for action in together if action.uid == uid]


@given(wanted, copies_known, policies, st.randoms(use_true_random=False))
def test_the_order_of_what_is_known_does_not_matter_and_removals_come_first(desired, copies, restores, random):
    before = deepcopy((desired, copies))
    actions = planned(desired, copies, restores=restores)

    mixed = planned(shuffled(desired, random), shuffled(copies, random), restores=restores)

    assert sorted(map(repr, mixed)) == sorted(map(repr, actions))
    is_removal = [isinstance(action, Delete | Find) for action in mixed]
    assert is_removal == sorted(is_removal, reverse=True)
    assert (desired, copies) == before


def shuffled(values, random):
    return dict(random.sample(list(values.items()), len(values)))


@given(st.uuids(), st.lists(st.booleans(), max_size=20))
def test_the_key_is_the_same_for_every_try_and_another_once_the_copy_is_gone(uid, tries):
    """Each try to create either gets no answer, or a copy that a person deletes."""
    copies: dict[UUID, Known] = {}
    keys = []
    for number, is_answered in enumerate(tries):
        tomorrow = MOMENT + number * DAY
        (action,) = planned({uid: entry(uid, 0)}, copies, moment=tomorrow)
        assert isinstance(action, Create)
        keys.append(key_of("mailbox", uid, action.generation))
        if is_answered:
            copies = done([action], copies, moment=tomorrow)
            copies = {uid: replace(copies[uid], observed="gone")}
        else:
            copies = {uid: Known(uid, action.generation, fingerprint=action.entry.fingerprint)}

    expected = [sum(tries[:number]) for number in range(len(tries))]
    assert keys == [key_of("mailbox", uid, generation) for generation in expected]


near = st.tuples(st.sampled_from("ab"), st.sampled_from(UIDS[:2]), st.integers(min_value=0, max_value=2))
anywhere = st.tuples(st.text(max_size=36), st.uuids(), st.integers(min_value=0, max_value=2000))


@given(near | anywhere, near | anywhere)
def test_two_copies_have_the_same_key_only_if_they_are_the_same(one, other):
    assert (key_of(*one) == key_of(*other)) == (one == other)


counts = st.integers(min_value=0, max_value=14)


@given(
    deleted=counts, sought=counts, released=counts, kept=st.integers(min_value=0, max_value=40), balance=st.booleans()
)
def test_the_brake_stops_what_removes_more_than_ten_copies_and_more_than_half_unasked(
    deleted, sought, released, kept, balance
):
    if balance:  # just half of them are removed unasked, where that can be
        kept = max(deleted + sought - released, 0)
    copies = {UUID(int=number): Known(UUID(int=number)) for number in range(deleted + sought + released + kept)}
    uids = list(copies)
    for uid in uids[deleted + sought : deleted + sought + released]:
        copies[uid].released_at = MOMENT
    removed: list[Action] = [*map(Find, uids[:sought])]
    removed += [Delete(uid, "remote") for uid in uids[sought : deleted + sought + released]]
    created = Create(UUID(int=1000), entry(UUID(int=1000), 0))  # counts for nothing

    unasked = deleted + sought
    if unasked > 10 and unasked > len(copies) / 2:
        with pytest.raises(UnsafePlan, match=f"^{unasked} of {len(copies)} items"):
            check_is_safe([*removed, created], copies)
    else:
        check_is_safe([*removed, created], copies)
