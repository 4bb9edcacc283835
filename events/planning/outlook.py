"""What saving a plan does in Outlook, said before."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.models import Event, SyncedEvent
from events.planning.forms import Planning
from events.planning.questions import pairs_of
from events.planning.typed import Typed
from events.sync.state import horizon
from instructors.models import CalendarMapping

SHOWN_THERE = ("title", "location", "description")  # of an event's values
Copy = tuple[int, str]  # mapping, session uid


@dataclass(frozen=True)
class Effect:
    """The copies that saving adds, changes and removes."""

    added: Collection[Copy]
    changed: Collection[Copy]
    removed: Collection[Copy]


def effect_in_words(planning: Planning, saved: Typed | None) -> str:
    """The sentences at the foot of the form."""
    mappings = calendars(planning)
    done = effect(planning, saved, mappings)
    sentences = [action(done, mappings)]
    if planning.status == Event.Status.DRAFT:
        sentences.append(_("Drafts are not sent to Outlook."))
    elif planning.status == Event.Status.CANCELLED:
        sentences.append(_("Cancelled events are not in Outlook."))
    elif not planning.typed.everybody:
        sentences.append(_("Nobody is chosen yet, so nothing is put into Outlook."))
    elif planning.sessions and not mappings:
        sentences.append(_("Nobody chosen has a calendar that is synced, so nothing is put into Outlook."))
    elif saved and not any(sentences):
        sentences.append(_("Saving changes nothing in Outlook."))
    return " ".join(filter(None, sentences))


def calendars(planning: Planning) -> dict[int, CalendarMapping]:
    """The calendars into which something can be put of those who are chosen, by primary key."""
    wanted = planning.typed.everybody
    found = CalendarMapping.objects.filter(instructor__in=wanted).select_related("instructor", "integration")
    return {one.pk: one for one in found if one.is_pushed_to}


def effect(planning: Planning, saved: Typed | None, mappings: dict[int, CalendarMapping]) -> Effect:
    wanted = wanted_copies(planning, mappings.values())
    present = present_copies(saved)
    keys = {(mapping, one.typed.uid or str(one.row)) for mapping, one in wanted}
    kept = keys & set(present)
    gone = {copy for copy in set(present) - keys if present[copy]}
    return Effect(keys - kept - on_their_way(saved, mappings), kept & changed_copies(planning, saved, keys), gone)


def wanted_copies(planning: Planning, mappings: Iterable[CalendarMapping]) -> list:
    if planning.status != Event.Status.CONFIRMED:
        return []
    begin = horizon()
    return [
        (one.pk, session)
        for one in mappings
        for session in planning.sessions
        if one.instructor_id in session.teachers and session.ends_at >= begin
    ]


def on_their_way(saved: Typed | None, mappings: dict[int, CalendarMapping]) -> set[Copy]:
    """The copies that are wanted already, whatever is saved now."""
    if saved is None or saved.status != Event.Status.CONFIRMED:
        return set()
    pairs = {(pk, uid) for pk, uid, _times in pairs_of(saved)}
    return {(mapping, uid) for mapping, one in mappings.items() for pk, uid in pairs if one.instructor_id == pk}


def present_copies(saved: Typed | None) -> dict[Copy, bool]:
    """The copies that stand in Outlook of what is saved, and whether removing them is more than time passing."""
    if saved is None:
        return {}
    uids = [UUID(one.uid) for one in saved.sessions]
    copies = SyncedEvent.objects.in_outlook().filter(session_uid__in=uids)
    begin = horizon()
    found = copies.values_list("mapping", "session_uid", "ends_at")
    return {(mapping, str(uid)): ends_at >= begin for mapping, uid, ends_at in found}


def changed_copies(planning: Planning, saved: Typed | None, copies: set[Copy]) -> set[Copy]:
    """Those of `copies` that look different after saving."""
    if saved is None:
        return set()
    typed = planning.typed
    if any(getattr(typed, name) != getattr(saved, name) for name in (*SHOWN_THERE, "time_zone")):
        return copies
    before = {one.uid: one.times for one in saved.sessions}
    moved = {one.typed.uid for one in planning.sessions if before.get(one.typed.uid) != one.typed.times}
    return {copy for copy in copies if copy[1] in moved}


def action(done: Effect, mappings: dict[int, CalendarMapping]) -> str:
    """Saving puts 3 items into Ann's Outlook calendar, changes 2 and removes 1."""
    parts = []
    if done.added:
        parts.append(_("puts %(items)s into %(where)s") % phrase(done.added, mappings))
    if done.changed:
        words = _("changes %(count)d") if parts else _("changes %(items)s in %(where)s")
        parts.append(words % phrase(done.changed, mappings))
    if done.removed:
        words = _("removes %(count)d") if parts else _("removes %(items)s from %(where)s")
        parts.append(words % phrase(done.removed, mappings))
    if not parts:
        return ""
    *others, last = parts
    joined = _("%(others)s and %(last)s") % {"others": ", ".join(others), "last": last} if others else last
    return _("Saving %(does)s.") % {"does": joined}


def phrase(copies: Collection[Copy], mappings: dict[int, CalendarMapping]) -> dict[str, object]:
    """How many items in whose calendar, or in how many."""
    where = {mapping for mapping, _uid in copies}
    only = mappings.get(next(iter(where))) if len(where) == 1 else None
    items = ngettext("%d item", "%d items", len(copies)) % len(copies)
    if only:
        place = _("%(name)s's Outlook calendar") % {"name": only.instructor.name}
    else:
        place = ngettext("%d Outlook calendar", "%d Outlook calendars", len(where)) % len(where)
    return {"count": len(copies), "items": items, "where": place}
