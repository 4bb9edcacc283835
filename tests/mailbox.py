"""A mailbox in memory, and the engine's order of work on it without a database: the planner and the observer are real.

What `Engine` does with their answers is what events/sync/push.py, pull.py and record.py do, in few words.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from events.sync.observe import Observation, as_sent, is_sent_by_us, observe
from events.sync.plan import Action, Create, Delete, Find, Update, check_is_safe, key_of, plan
from integrations.providers.types import Entry, Page, RemoteItem

MAILBOX = "48d31887-5fad-4d73-a9f5-3c356e68a038"
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
PASSES = 5
RETRY = timedelta(minutes=5)
DAY = timedelta(days=1)


class Absent(Exception):
    """There is no such item."""


class Taken(Exception):
    """The key was used before; `existing_id` is the item that was made with it, if that is told."""

    def __init__(self, existing_id: str) -> None:
        super().__init__(existing_id)
        self.existing_id = existing_id


class Refused(Exception):
    """The service does not take this entry."""


class NoAnswer(Exception):
    """Nobody knows whether it was done."""


class Killed(Exception):
    """The process has ended."""


@dataclass
class Mailbox:
    """What stands in a calendar, and the list of what has changed in it."""

    remembers_keys: bool = True  # of items that were deleted
    tells_existing: bool = True
    shortens: bool = False  # it keeps less of a place than was sent
    items: dict[str, RemoteItem] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)  # how many occurrences a series has
    away: set[str] = field(default_factory=set)  # outside of the window
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)  # which item was made with a key, of what entry
    ours: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)  # since they were made
    log: list[str] = field(default_factory=list)
    writes: int = 0
    numbers: Iterator[int] = field(default_factory=count)

    def shown(self, entry: Entry, remote_id: str, key: str) -> RemoteItem:
        return RemoteItem(
            remote_id=remote_id,
            etag=f"etag-{next(self.numbers)}",
            starts_at=entry.starts_at,
            ends_at=entry.ends_at,
            subject=entry.subject,
            location=entry.location[:3] if self.shortens else entry.location,
            transaction_id=key,
            marker=str(entry.session_uid),
        )

    def create(self, entry: Entry, key: str) -> RemoteItem:
        remote_id, fingerprint = self.keys.get(key, ("", ""))
        if remote_id in self.items and fingerprint == entry.fingerprint and remote_id not in self.touched:
            return self.items[remote_id]
        if remote_id in self.items or (remote_id and self.remembers_keys):
            raise Taken(remote_id if self.tells_existing else "")
        remote_id = f"ours-{next(self.numbers)}"
        self.ours.add(remote_id)
        self.keys[key] = (remote_id, entry.fingerprint)
        item = self.write(self.shown(entry, remote_id, key))
        self.touched.discard(remote_id)
        return item

    def update(self, remote_id: str, entry: Entry) -> RemoteItem:
        item = self.get(remote_id)
        self.parts.pop(remote_id, None)
        self.away.discard(remote_id)
        return self.write(self.shown(entry, remote_id, item.transaction_id))

    def write(self, item: RemoteItem) -> RemoteItem:
        assert item.remote_id in self.ours, "somebody else's item is written"
        self.writes += 1
        self.put(item)
        return item

    def delete(self, remote_id: str) -> None:
        self.get(remote_id)
        assert remote_id in self.ours, "somebody else's item is deleted"
        self.writes += 1
        self.remove(remote_id)

    def get(self, remote_id: str) -> RemoteItem:
        if remote_id not in self.items:
            raise Absent(remote_id)
        return self.items[remote_id]

    def find(self, uid: UUID) -> list[RemoteItem]:
        return [item for item in self.items.values() if item.marker == str(uid)]

    def put(self, item: RemoteItem) -> None:
        self.items[item.remote_id] = item
        self.touched.add(item.remote_id)
        self.log.append(item.remote_id)

    def remove(self, remote_id: str) -> None:
        del self.items[remote_id]
        self.parts.pop(remote_id, None)
        self.log.append(remote_id)

    def occurrences(self, series_id: str) -> list[RemoteItem]:
        if series_id not in self.items or series_id in self.away:
            return []
        whole = replace(self.items[series_id], series_id=series_id)
        return [replace(whole, remote_id=f"{series_id}/{n}") for n in range(self.parts.get(series_id, 0))]

    def view(self) -> list[RemoteItem]:
        """Everything in the window, with markers."""
        single = [item for one, item in self.items.items() if one not in self.parts and one not in self.away]
        return [*single, *(part for one in self.parts for part in self.occurrences(one))]

    def changes(self, since: int) -> Page:
        """What has changed, without markers; a series is only named."""
        changed = set(self.log[since:])
        there = {one for one in changed if one in self.items and one not in self.away}
        items = [replace(self.items[one], marker="") for one in sorted(there - self.parts.keys())]
        return Page(tuple(items), tuple(sorted(changed - there)), frozenset(there & self.parts.keys()))


@dataclass
class Copy:
    """A row of ours."""

    session_uid: UUID
    key: UUID
    ends_at: datetime
    generation: int = 0
    remote_id: str = ""
    fingerprint: str = ""
    receipt_fingerprint: str = ""
    observed: str = ""
    restores: int = 0
    restored_on: date | None = None
    released_at: datetime | None = None
    rejected_fingerprint: str = ""
    retry_at: datetime | None = None


@dataclass
class Rows:
    """What the database holds of one calendar."""

    sessions: dict[UUID, Entry] = field(default_factory=dict)
    wanted: set[UUID] = field(default_factory=set)  # of the sessions
    copies: dict[UUID, Copy] = field(default_factory=dict)
    external: dict[str, RemoteItem] = field(default_factory=dict)
    cursor: int | None = None

    @property
    def desired(self) -> dict[UUID, Entry]:
        return {uid: self.sessions[uid] for uid in self.wanted}


class Engine:
    """Brings a mailbox and the rows of its calendar into step. `fates` say what becomes of the next requests."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox, self.random = mailbox, Random(0)
        self.rows = Rows()
        self.moment = START
        self.restores = True
        self.fates: list[str] = []
        self.stored = set[str]()  # the mirrored items that a census has met

    def backup(self) -> Rows:
        return deepcopy(self.rows)

    def ask(self, method, *values):
        """The answer to one request."""
        fate = self.fates.pop(0) if self.fates else "answered"
        if fate == "refused" and method.__name__ in ("create", "update"):
            raise Refused
        if fate == "not sent":
            raise NoAnswer
        if fate == "killed before":
            raise Killed
        answer = method(*values)
        if fate == "lost":
            raise NoAnswer
        if fate == "killed after":
            raise Killed
        return answer

    def sync(self, *fates: str, is_census: bool = False) -> None:
        self.fates = list(fates)
        try:
            self.push()
            if self.pull(is_census=is_census):
                self.push()
        except (NoAnswer, Killed):
            pass
        self.fates = []

    def plan(self) -> list[Action]:
        copies, horizon = self.rows.copies, START - 30 * DAY
        return plan(self.rows.desired, copies, moment=self.moment, horizon=horizon, restores=self.restores)

    def push(self) -> None:
        for _ in range(PASSES):
            actions = self.plan()
            check_is_safe(actions, self.rows.copies)
            self.intend(actions)
            for action in actions:
                self.attempt(action)
            if not actions:
                return

    def intend(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if not isinstance(action, Create):
                continue
            known = self.rows.copies.get(action.uid)
            if known is None:
                key = key_of(MAILBOX, action.uid, action.generation)
                copy = Copy(action.uid, key, action.entry.ends_at, action.generation)
                copy.fingerprint = action.entry.fingerprint
                self.rows.copies[action.uid] = copy
            elif known.generation != action.generation or known.remote_id:
                self.take_generation(known, action.generation)

    def take_generation(self, copy: Copy, generation: int) -> None:
        copy.generation, copy.key = generation, key_of(MAILBOX, copy.session_uid, generation)
        copy.remote_id = copy.receipt_fingerprint = copy.observed = ""

    def attempt(self, action: Action) -> None:
        copy = self.rows.copies[action.uid]
        try:
            self.perform(action, copy)
        except Refused:
            copy.rejected_fingerprint = action.entry.fingerprint if isinstance(action, Create | Update) else ""
            copy.retry_at = self.moment + DAY
        except (NoAnswer, Absent):
            copy.rejected_fingerprint, copy.retry_at = "", self.moment + RETRY

    def perform(self, action: Action, copy: Copy) -> None:
        if isinstance(action, Create | Update) and action.is_restoring:
            copy.restores = copy.restores + 1 if copy.restored_on == self.moment.date() else 1
            copy.restored_on = self.moment.date()
        match action:
            case Create():
                self.create(action, copy)
            case Update():
                self.update(action, copy)
            case Delete():
                self.delete(action)
            case Find():
                self.find(copy)

    def create(self, action: Create, copy: Copy) -> None:
        if copy.generation and (known := self.another(copy)):
            self.adopt(known, copy)
            return
        intended = copy.fingerprint
        try:
            item = self.ask(self.mailbox.create, action.entry, str(copy.key))
        except Taken as error:
            self.settle(copy, error.existing_id)
            return
        is_wanted = item.appearance == action.entry.appearance and intended == action.entry.fingerprint
        self.receive(copy, action.entry, item, action.entry.fingerprint if is_wanted else "")

    def settle(self, copy: Copy, existing_id: str) -> None:
        item = None
        if existing_id:
            with suppress(Absent):
                item = self.ask(self.mailbox.get, existing_id)
        item = item or self.by_marker(copy)
        if item:
            self.adopt(item, copy)
        else:
            self.take_generation(copy, copy.generation + 1)

    def by_marker(self, copy: Copy) -> RemoteItem | None:
        found = self.ask(self.mailbox.find, copy.session_uid)
        return next((item for item in found if item.transaction_id == str(copy.key)), None)

    def another(self, copy: Copy) -> RemoteItem | None:
        found = self.ask(self.mailbox.find, copy.session_uid)
        return next((item for item in found if is_sent_by_us(item, MAILBOX)), None)

    def update(self, action: Update, copy: Copy) -> None:
        try:
            item = self.ask(self.mailbox.update, action.remote_id, action.entry)
        except Absent:
            copy.observed = "gone"
            return
        self.receive(copy, action.entry, item, action.entry.fingerprint)

    def delete(self, action: Delete) -> None:
        with suppress(Absent):
            self.ask(self.mailbox.delete, action.remote_id)
        del self.rows.copies[action.uid]

    def find(self, copy: Copy) -> None:
        item = self.by_marker(copy)
        if item:
            self.adopt(item, copy)
        else:
            del self.rows.copies[copy.session_uid]

    def receive(self, copy: Copy, entry: Entry, item: RemoteItem, fingerprint: str) -> None:
        copy.remote_id, copy.receipt_fingerprint, copy.fingerprint = item.remote_id, item.appearance, fingerprint
        copy.ends_at, copy.observed, copy.rejected_fingerprint, copy.retry_at = entry.ends_at, "", "", None

    def adopt(self, item: RemoteItem, copy: Copy | None = None) -> None:
        if copy is None:
            uid = UUID(item.marker)
            copy = self.rows.copies[uid] = Copy(uid, UUID(item.transaction_id), item.ends_at)
        copy.remote_id, copy.fingerprint, copy.observed, copy.ends_at = item.remote_id, "", "", item.ends_at
        others = self.rows.external.items()
        self.rows.external = {one: other for one, other in others if item.remote_id not in (one, other.series_id)}

    def pull(self, *, is_census: bool) -> bool:
        return self.census() if is_census or self.rows.cursor is None else self.follow()

    def follow(self) -> bool:
        reached = len(self.mailbox.log)
        drifted, series = False, set[str]()
        for page in self.pages(self.ask(self.mailbox.changes, self.rows.cursor)):
            series |= page.series | self.series_among(page.removed)
            drifted |= self.take(page)
        for series_id in sorted(series - {copy.remote_id for copy in self.rows.copies.values()}):
            self.replace_series(series_id, self.ask(self.mailbox.occurrences, series_id))
        self.rows.cursor = reached
        return drifted

    def census(self) -> bool:
        reached, seen, drifted = len(self.mailbox.log), set[str](), False
        self.stored.clear()
        for page in self.pages(Page(tuple(self.ask(self.mailbox.view)))):
            drifted |= self.take(page, is_whole=True)
            seen |= {item.remote_id for item in page.items}
        copies = self.rows.copies.values()
        whole = {item.series_id for item in self.mailbox.view()}
        unseen = [one.session_uid for one in copies if one.remote_id and one.remote_id not in seen | whole]
        drifted |= self.confirm([uid for uid in unseen if self.rows.copies[uid].observed != "gone"])
        self.rows.cursor = reached
        self.rows.external = {one: item for one, item in self.rows.external.items() if one in self.stored}
        return drifted

    def pages(self, whole: Page) -> Iterator[Page]:
        """An answer in two parts, in any order; what a part is to change is done before the next comes."""
        items, removed = list(whole.items), list(whole.removed)
        self.random.shuffle(items)
        cut, other = self.random.randint(0, len(items)), self.random.randint(0, len(removed))
        yield Page(tuple(items[:cut]), tuple(removed[:other]))
        yield Page(tuple(items[cut:]), tuple(removed[other:]), whole.series)

    def take(self, page: Page, *, is_whole: bool = False) -> bool:
        seen = observe(page, self.rows.copies, mailbox=MAILBOX)
        for item in seen.unsure:
            if is_whole:
                seen.external.append(item)
            else:
                self.ask_whole(item, seen)
        drifted = self.apply(seen)
        return self.confirm(seen.missing) or drifted

    def ask_whole(self, item: RemoteItem, seen: Observation) -> None:
        whole = self.ask(self.mailbox.get, item.remote_id)
        is_stray = is_sent_by_us(whole, MAILBOX) and UUID(whole.marker) not in self.rows.copies
        (seen.strays if is_stray else seen.external).append(whole)

    def apply(self, seen: Observation) -> bool:
        rows, copies = self.rows, self.rows.copies
        for uid in seen.changed:
            copies[uid].observed = "changed"
        for uid in seen.untouched:
            copies[uid].observed = ""
        for uid, item in seen.adopted.items():
            self.adopt(item, copies[uid])
        before = {*copies}
        for item in seen.strays:
            if UUID(item.marker) in rows.sessions and UUID(item.marker) not in copies:
                self.adopt(as_sent(item))
        ours = {copy.remote_id for copy in copies.values()}
        foreign = [item for item in seen.strays if as_sent(item).remote_id not in ours]
        kept = {item.remote_id: item for item in [*seen.external, *foreign] if not item.is_ignored}
        rows.external = {one: item for one, item in rows.external.items() if item.series_id not in kept} | kept
        self.stored |= kept.keys()
        for remote_id in [*seen.dropped, *(item.remote_id for item in seen.strays if item not in foreign)]:
            rows.external.pop(remote_id, None)
        return bool(seen.changed or seen.adopted or copies.keys() - before)

    def confirm(self, uids: Iterable[UUID]) -> bool:
        drifted = False
        for uid in uids:
            copy = self.rows.copies[uid]
            try:
                item = self.ask(self.mailbox.get, copy.remote_id)
            except Absent:
                copy.observed = "gone"
            else:
                copy.observed = "" if item.appearance == copy.receipt_fingerprint else "changed"
            drifted |= bool(copy.observed)
        return drifted

    def series_among(self, removed: Iterable[str]) -> set[str]:
        known = [item for item in self.rows.external.values() if item.series_id]
        return {item.series_id for item in known if {item.remote_id, item.series_id} & set(removed)}

    def replace_series(self, series_id: str, items: Iterable[RemoteItem]) -> None:
        others = {one: item for one, item in self.rows.external.items() if series_id not in (one, item.series_id)}
        self.rows.external = others | {item.remote_id: item for item in items if not item.is_ignored}
