"""Trying to save a form: what has to be cleared up first, or the saved event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction

from events.models import Event
from events.planning.edits import with_rows
from events.planning.forms import Planning
from events.planning.merge import Change, merge
from events.planning.questions import Asked, conflicts
from events.planning.saving import save
from events.planning.typed import Typed


@dataclass(frozen=True)
class Outcome:
    """The saved event (`done`), or the form as it comes back: with errors, questions, or somebody else's changes."""

    planning: Planning
    saved: Typed | None
    done: Event | None = None
    asked: Asked | None = None
    changes: Sequence[Change] = ()
    is_deleted: bool = False


@transaction.atomic
def attempt(typed: Typed, pk: int | None, *, base: str | None, answer: str, uid: UUID | None) -> Outcome:
    """Save what was typed into the form of the event `pk`, or of a new one, if nothing speaks against it.

    `base` is what the form was opened with; with None it is not looked at what others did.
    """
    event = Event.objects.select_for_update().filter(pk=pk).first() if pk else None
    if pk and event is None:
        fresh = with_rows(typed, lambda one: replace(one, uid=""))
        return Outcome(Planning(fresh), None, is_deleted=True)
    saved = Typed.of(event) if event else None
    opened = saved if base is None else Typed.from_json(base)
    if saved and saved != opened:
        merged = merge(opened, typed, saved)
        if merged.changes:
            return Outcome(Planning(merged.typed, event), saved, changes=merged.changes)
        typed = merged.typed
    planning = Planning(typed, event, is_checked=True)
    if not planning.is_valid():
        return Outcome(planning, saved)
    if asked := conflicts(planning, saved, answer):
        return Outcome(planning, saved, asked=asked)
    return Outcome(planning, saved, done=save(planning, saved, uid))
