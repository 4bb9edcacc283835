"""Two people at one event: what the second typed, brought together with what the first has saved meanwhile. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from events.planning.typed import FIELDS, Typed, TypedSession

Uids = dict[str, TypedSession]


class Change(NamedTuple):
    """What changed meanwhile. `kind` is what became of it here, one of KINDS."""

    kind: str
    name: str = ""  # of a field
    was: str = ""
    now: str = ""
    session: TypedSession | None = None
    before: TypedSession | None = None
    pk: int = 0  # of an instructor


KINDS = {
    "taken": "A field that was not touched here follows.",
    "kept": "A field that was typed into here too keeps what was typed.",
    "person_added": "",
    "person_removed": "",
    "session_added": "",
    "session_removed": "",
    "session_taken": "It was not touched here and follows.",
    "session_kept": "It was changed here too and keeps what was typed.",
    "session_back": "It was removed here, changed there, and is back.",
    "session_new": "It was removed there, changed here, and is kept as a new one.",
    "session_people": "Its own instructors changed.",
}


@dataclass(frozen=True)
class Merged:
    """The form with both people's work, and what was new in it."""

    typed: Typed
    changes: tuple[Change, ...]


def merge(base: Typed | None, mine: Typed, theirs: Typed) -> Merged:
    """What was typed (`mine`) into a form opened with `base`, on top of what is saved now (`theirs`).

    Without a base, everything that differs was changed by both.
    """
    changes: list[Change] = []
    values = {name: value_of(name, base, mine, theirs, changes) for name in FIELDS}
    before = base.instructors if base else theirs.instructors
    people = set_of(before, mine.instructors, theirs.instructors)
    changes += people_changes(before, theirs.instructors, mine.instructors)
    sessions = sessions_of(base, mine, theirs, changes)
    merged = Typed(**values, instructors=people, name=mine.name, sessions=mine.sessions).with_sessions(sessions)
    return Merged(merged, tuple(changes))


def value_of(name: str, base: Typed | None, mine: Typed, theirs: Typed, changes: list[Change]) -> str:
    """The value of a field after the merge."""
    ours, saved = getattr(mine, name), getattr(theirs, name)
    was = getattr(base, name) if base else None
    if saved in (was, ours):
        return ours
    is_untouched = ours == was
    changes.append(Change("taken" if is_untouched else "kept", name, was or "", saved))
    return saved if is_untouched else ours


def set_of(before: tuple[int, ...], mine: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[int, ...]:
    """`mine`, with what was added to and removed from `before` in `theirs`."""
    return tuple(sorted((set(mine) | (set(theirs) - set(before))) - (set(before) - set(theirs))))


def people_changes(before: tuple[int, ...], theirs: tuple[int, ...], mine: tuple[int, ...]) -> Iterator[Change]:
    for pk in sorted(set(theirs) - set(before) - set(mine)):
        yield Change("person_added", pk=pk)
    for pk in sorted((set(before) - set(theirs)) & set(mine)):
        yield Change("person_removed", pk=pk)


def sessions_of(base: Typed | None, mine: Typed, theirs: Typed, changes: list[Change]) -> list[TypedSession]:
    """The rows after the merge: those of `mine` in their order, then those that are new."""
    was, saved = by_uid(base), by_uid(theirs)
    rows = adopt(mine.sessions, {uid: one for uid, one in saved.items() if uid not in was})
    merged = [done for one in rows if (done := one_session(one, was, saved, changes))]
    here = {one.uid for one in rows}
    for uid, one in saved.items():
        if uid in here or was.get(uid) == one:
            continue
        changes.append(Change("session_back" if uid in was else "session_added", session=one, before=was.get(uid)))
        merged.append(replace(one, row=-1))
    return merged


def one_session(one: TypedSession, was: Uids, saved: Uids, changes: list[Change]) -> TypedSession | None:
    """A row after the merge; None where it goes because somebody else has removed it."""
    before, now = was.get(one.uid), saved.get(one.uid)
    if not one.uid or now == before or one == now:
        return one
    if now is None:
        is_untouched = one == before
        changes.append(Change("session_removed" if is_untouched else "session_new", session=before or one))
        return None if is_untouched else replace(one, uid="")
    return both(one, before, now, changes)


def both(one: TypedSession, before: TypedSession | None, now: TypedSession, changes: list[Change]) -> TypedSession:
    """A session that is here and saved: its times are one value, its own instructors another."""
    old_people = before.instructors if before else now.instructors
    people = set_of(old_people, one.instructors, now.instructors)
    if people != one.instructors:
        changes.append(Change("session_people", session=now, before=before))
    merged = replace(one, instructors=people)
    if now.times in (one.times, before.times if before else None):
        return merged
    if before and one.times == before.times:
        changes.append(Change("session_taken", session=now, before=before))
        return replace(now, instructors=people, row=one.row)
    changes.append(Change("session_kept", session=now, before=before))
    return merged


def adopt(rows: tuple[TypedSession, ...], new: Uids) -> list[TypedSession]:
    """`rows`, in which a session that is not saved yet becomes the one of `new` at the same time.

    So that what was sent twice, or added by two people, is there once.
    """
    free = {one.times: uid for uid, one in new.items()}
    return [one if one.uid else replace(one, uid=free.pop(one.times, "")) for one in rows]


def by_uid(typed: Typed | None) -> Uids:
    return {one.uid: one for one in typed.sessions} if typed else {}
