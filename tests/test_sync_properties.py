"""Planner and observer together: whatever people do and whatever is lost or killed, both sides come into step."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from random import Random
from uuid import UUID, uuid5

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.sync.observe import is_sent_by_us
from events.sync.plan import key_of
from integrations.providers.types import NAMESPACE, Entry, RemoteItem
from tests.mailbox import DAY, MAILBOX, START, Engine, Mailbox

SLOTS = 2  # so many sessions there are at once; one that is deleted never comes back but with a backup
FATES = ["answered", "answered", "answered", "lost", "not sent", "refused", "killed before", "killed after"]
slots = st.integers(min_value=0, max_value=SLOTS - 1)
some = st.integers(min_value=0, max_value=50)  # which of those that there are


def entry(uid: UUID, version: int) -> Entry:
    start = START + timedelta(hours=version)
    return Entry(uid, f"First aid, {version % 2}", start, start + timedelta(hours=3), "Room 3")


class Syncing(RuleBasedStateMachine):
    """A mailbox that people use, a plan that people change, and syncs in between that may go wrong anywhere."""

    def __init__(self):
        super().__init__()
        self.mailbox = Mailbox()
        self.engine = Engine(self.mailbox)
        self.backup = self.engine.backup()
        self.numbers = count(1)
        self.repeated = set[str]()
        self.foreign: dict[str, RemoteItem] = {}  # as people left it

    @initialize(remembers=st.booleans(), tells=st.booleans(), shortens=st.booleans())
    def begin(self, remembers, tells, shortens):
        self.mailbox.remembers_keys, self.mailbox.tells_existing = remembers, tells
        self.mailbox.shortens = shortens

    @rule(slot=slots, version=st.integers(min_value=0, max_value=3))
    def plan(self, slot, version):
        uid = next(iter(self.sessions_of(slot)), None) or UUID(int=next(self.numbers) * SLOTS + slot)
        self.engine.rows.sessions[uid] = entry(uid, version)
        self.engine.rows.wanted.add(uid)

    @rule(slot=slots, is_kept=st.booleans())
    def cancel(self, slot, is_kept):
        for uid in self.sessions_of(slot):
            self.engine.rows.wanted.discard(uid)
            if not is_kept:
                del self.engine.rows.sessions[uid]

    def sessions_of(self, slot: int) -> list[UUID]:
        return [uid for uid in self.engine.rows.sessions if uid.int % SLOTS == slot]

    @rule(fates=st.lists(st.sampled_from(FATES), max_size=8), is_census=st.booleans(), seed=some)
    def sync(self, fates, is_census, seed):
        self.engine.random = Random(seed)  # which puts pages into an order
        self.engine.sync(*fates, is_census=is_census)

    @rule(hours=st.sampled_from([1, 25]), restores=st.booleans())
    def let_time_pass(self, hours, restores):
        self.engine.moment += timedelta(hours=hours)
        self.engine.restores = restores

    @rule()
    def back_up(self):
        self.backup = self.engine.backup()

    @precondition(lambda self: self.mailbox.remembers_keys or not self.later_copies() - self.backup.copies.keys())
    @rule()
    def restore_the_backup(self):
        """Not where keys are free again and the backup knows nothing of a copy that was made once more: see there."""
        self.engine.rows = self.backup
        self.backup = self.engine.backup()

    def later_copies(self) -> set[UUID]:
        """The sessions of which a second or later copy stands there.

        A database that has never heard of the first begins with its key; where that is free, nobody sees the other.
        """
        ours = [item for item in self.mailbox.items.values() if is_sent_by_us(item, MAILBOX)]
        firsts = {str(key_of(MAILBOX, UUID(item.marker), 0)) for item in ours}
        return {UUID(item.marker) for item in ours if item.transaction_id not in firsts}

    @rule(
        number=st.integers(min_value=0, max_value=3),
        transaction_id=st.sampled_from(["", str(UUID(int=4, version=4)), str(uuid5(NAMESPACE, "another program's"))]),
        marker=st.sampled_from(["", str(UUID(int=SLOTS)), "broken"]),
        is_ignored=st.booleans(),
    )
    def add(self, number, transaction_id, marker, is_ignored):
        """A person adds an item, or replaces what they added before; what was a series is not declined."""
        theirs = sorted(one for one in self.foreign if one.startswith("theirs"))
        remote_id = theirs[number] if number < len(theirs) else f"theirs-{next(self.numbers)}"
        item = RemoteItem(
            remote_id,
            self.new_etag(),
            START,
            START + timedelta(hours=1),
            subject="Dentist",
            transaction_id=transaction_id,
            marker=marker,
            is_ignored=is_ignored and remote_id not in self.repeated,
        )
        self.mailbox.parts.pop(item.remote_id, None)
        self.mailbox.away.discard(item.remote_id)
        self.leave(item)

    @precondition(lambda self: self.mailbox.items)
    @rule(number=some, act=st.sampled_from(["retitle", "remove", "remove", "move", "copy", "repeat"]))
    def edit(self, number, act):
        """A person does something to an item, ours or theirs."""
        items = sorted(self.mailbox.items)
        getattr(self, act)(self.mailbox.items[items[number % len(items)]])

    def retitle(self, item: RemoteItem) -> None:
        self.leave(replace(item, subject="Mine now", etag=self.new_etag()))

    def remove(self, item: RemoteItem) -> None:
        self.mailbox.remove(item.remote_id)
        self.foreign.pop(item.remote_id, None)

    def move(self, item: RemoteItem) -> None:
        """Far out of the window, or back."""
        self.mailbox.away ^= {item.remote_id}
        shift = timedelta(days=1000 if item.remote_id in self.mailbox.away else -1000)
        moved = replace(item, starts_at=item.starts_at + shift, ends_at=item.ends_at + shift)
        self.leave(replace(moved, etag=self.new_etag()))

    def copy(self, item: RemoteItem) -> None:
        self.leave(replace(item, remote_id=f"twin-{self.new_etag()}", transaction_id=""))

    def repeat(self, item: RemoteItem) -> None:
        """One more occurrence of a series, or one more series."""
        self.repeated.add(item.remote_id)
        self.mailbox.parts[item.remote_id] = self.mailbox.parts.get(item.remote_id, 0) + 1
        self.leave(item)

    def leave(self, item: RemoteItem) -> None:
        self.mailbox.put(item)
        if item.remote_id not in self.mailbox.ours:
            self.foreign[item.remote_id] = item

    def new_etag(self) -> str:
        return f"etag-{next(self.mailbox.numbers)}"

    @rule(is_census=st.booleans())
    def come_into_step(self, is_census):
        self.engine.moment += 2 * DAY  # every rest is over
        self.engine.restores = True
        self.engine.sync(is_census=is_census)
        self.engine.sync()

        self.check_copies()
        self.check_mirror()
        self.check_nothing_is_left_to_do()

    def check_copies(self) -> None:
        rows = self.engine.rows
        stand = {uid: self.mailbox.items[copy.remote_id] for uid, copy in rows.copies.items()}
        assert stand.keys() == rows.wanted
        for uid, item in stand.items():
            assert item.appearance == self.mailbox.shown(rows.sessions[uid], "", "").appearance
            assert item.remote_id not in {*self.mailbox.parts, *self.mailbox.away}

    def check_mirror(self) -> None:
        ours = {copy.remote_id for copy in self.engine.rows.copies.values()}
        foreign = [item for item in self.mailbox.view() if item.remote_id not in ours and not item.is_ignored]
        assert {one: item.etag for one, item in self.engine.rows.external.items()} == {
            item.remote_id: item.etag for item in foreign
        }

    def check_nothing_is_left_to_do(self) -> None:
        writes = self.mailbox.writes
        self.engine.sync()
        assert (self.engine.plan(), self.mailbox.writes) == ([], writes)

    def teardown(self):
        self.come_into_step(is_census=False)

    @invariant()
    def nothing_of_somebody_else_s_is_touched(self):
        assert {one: item for one, item in self.mailbox.items.items() if one not in self.mailbox.ours} == self.foreign

    @invariant()
    def no_session_stands_there_twice(self):
        ours = [item.marker for item in self.mailbox.items.values() if is_sent_by_us(item, MAILBOX)]
        assert len(ours) == len(set(ours))


TestSyncing = Syncing.TestCase
TestSyncing.settings = settings(stateful_step_count=30)
