"""What to do so that a calendar shows what is planned. Pure: no database, no clock, no network."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID, uuid5

from integrations.providers.types import NAMESPACE, Entry

RESTORES_A_DAY = 3
SAFE_DELETIONS = 10


class UnsafePlan(Exception):
    """A plan would delete most of a calendar without anybody having asked for it; a person decides."""


class Copy(Protocol):
    """What is known of one of our copies; see events.models.SyncedEvent."""

    session_uid: UUID
    generation: int
    remote_id: str
    ends_at: datetime
    fingerprint: str
    observed: str
    restores: int
    restored_on: date | None
    released_at: datetime | None
    rejected_fingerprint: str
    retry_at: datetime | None


@dataclass(frozen=True)
class Create:
    """Put the entry into the calendar, under the key of `generation`."""

    uid: UUID
    entry: Entry
    generation: int = 0
    is_restoring: bool = False


@dataclass(frozen=True)
class Update:
    """Make the copy look like the entry."""

    uid: UUID
    entry: Entry
    remote_id: str
    is_restoring: bool = False


@dataclass(frozen=True)
class Delete:
    """Remove the copy."""

    uid: UUID
    remote_id: str


@dataclass(frozen=True)
class Find:
    """Look whether a copy was made whose answer was lost, so that it can be removed."""

    uid: UUID


Action = Create | Update | Delete | Find


def key_of(mailbox: str, session_uid: UUID, generation: int) -> UUID:
    """The transaction id of one copy: the same for the same mailbox, session and generation, in every database."""
    return uuid5(NAMESPACE, f"{mailbox}/{session_uid}/{generation}")


def plan(
    desired: Mapping[UUID, Entry], copies: Mapping[UUID, Copy], *, moment: datetime, horizon: datetime, restores: bool
) -> list[Action]:
    """What turns the copies we know of into the entries we want; once all has succeeded, planning again yields nothing.

    Deletes come first, the nearest before later ones: a replaced session frees its slot before the new one takes it.
    Copies that ended before `horizon` are over: time passing is not a deletion. `restores`: drift is put right, not
    only shown.
    """
    unwanted = [copy for uid, copy in copies.items() if uid not in desired]
    unwanted.sort(key=lambda copy: (copy.ends_at, copy.session_uid))
    removals = [remove(copy) for copy in unwanted if copy.ends_at >= horizon and not waits_to_go(copy, moment)]
    wanted = (want(entry, copies.get(uid), moment, restores=restores) for uid, entry in desired.items())
    return [*removals, *(action for action in wanted if action)]


def remove(copy: Copy) -> Action:
    return Delete(copy.session_uid, copy.remote_id) if copy.remote_id else Find(copy.session_uid)


def want(entry: Entry, copy: Copy | None, moment: datetime, *, restores: bool) -> Action | None:
    """What makes `copy` show `entry`, if anything is to be done now."""
    uid = entry.session_uid
    if copy is None:
        return Create(uid, entry)
    if is_resting(copy, moment) and copy.rejected_fingerprint in ("", entry.fingerprint):
        return None
    if not copy.remote_id:
        return Create(uid, entry, copy.generation)
    may_restore = restores and not is_restored_enough(copy, moment)
    if copy.observed == "gone":
        return Create(uid, entry, copy.generation + 1, is_restoring=True) if may_restore else None
    if copy.fingerprint != entry.fingerprint:
        return Update(uid, entry, copy.remote_id)
    if copy.observed == "changed" and may_restore:
        return Update(uid, entry, copy.remote_id, is_restoring=True)
    return None


def waits_to_go(copy: Copy, moment: datetime) -> bool:
    """Whether removing has to wait. A refused entry is no reason: it is not wanted any more."""
    return is_resting(copy, moment) and not copy.rejected_fingerprint


def is_resting(copy: Copy, moment: datetime) -> bool:
    return copy.retry_at is not None and copy.retry_at > moment


def is_restored_enough(copy: Copy, moment: datetime) -> bool:
    """Whether a copy was put right so often today that something else must be changing it."""
    return copy.restored_on == moment.date() and copy.restores >= RESTORES_A_DAY


def check_is_safe(actions: Iterable[Action], copies: Mapping[UUID, Copy]) -> None:
    """Raise UnsafePlan where `actions` remove more than ten copies and more than half of them, unasked.

    A copy that somebody released (unassigned, cancelled, stopped ...) does not count.
    """
    unasked = sum(1 for action in removals_in(actions) if copies[action.uid].released_at is None)
    if unasked > SAFE_DELETIONS and unasked * 2 > len(copies):
        raise UnsafePlan(
            f"{unasked} of {len(copies)} items would be removed from this calendar, and nobody cancelled or unassigned "
            "them here. They were left. Check whether events are missing in calsync, for example after a restore."
        )


def removals_in(actions: Iterable[Action]) -> Iterator[Delete | Find]:
    return (action for action in actions if isinstance(action, Delete | Find))
