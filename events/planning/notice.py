"""What somebody else changed meanwhile, in words."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Event
from events.planning.merge import Change
from events.planning.typed import TypedSession
from events.planning.words import DASH
from instructors.models import Instructor

SHORT = 80
LABELS = {
    "title": gettext_lazy("Title"),
    "short_name": gettext_lazy("Short name"),
    "location": gettext_lazy("Place"),
    "status": gettext_lazy("Status"),
    "time_zone": gettext_lazy("Time zone"),
    "description": gettext_lazy("Description"),
}


class Notice(NamedTuple):
    """A sentence about one change. `is_yours` where what was typed here stays instead."""

    text: str
    is_yours: bool


def notices(changes: Sequence[Change]) -> list[Notice]:
    """Each of `changes` in a sentence."""
    people = Instructor.objects.in_bulk([one.pk for one in changes if one.pk])
    return [Notice(sentence(one, people), one.kind in {"kept", "session_kept"}) for one in changes]


def theirs(changes: Iterable[Change]) -> dict[str, str]:
    """What is saved of the fields that both have changed, by the name of the field."""
    return {one.name: in_words(one.name, one.now) for one in changes if one.kind == "kept"}


def sentence(change: Change, people: dict[int, Instructor]) -> str:
    name = {"name": people[change.pk].name if change.pk in people else "?"}
    when = {"was": session_words(change.before), "now": session_words(change.session)}
    values = {
        "field": LABELS.get(change.name, ""),
        "was": in_words(change.name, change.was),
        "now": in_words(change.name, change.now),
    }
    sentences = {
        "taken": _("%(field)s: was %(was)s, is now %(now)s.") % values,
        "kept": _("%(field)s: is now %(now)s. Yours is kept here; saving again replaces it.") % values,
        "person_added": _("Instructors: %(name)s was added.") % name,
        "person_removed": _("Instructors: %(name)s was removed.") % name,
        "session_added": _("Sessions: %(now)s was added.") % when,
        "session_removed": _("Sessions: %(now)s was removed.") % when,
        "session_taken": _("Sessions: was %(was)s, is now %(now)s.") % when,
        "session_kept": _("Sessions: is now %(now)s. Yours is kept here; saving again replaces it.") % when,
        "session_back": _("Sessions: was %(was)s, is now %(now)s. You had removed it; it is back.") % when,
        "session_new": _("Sessions: %(now)s was removed. You had changed it; it is kept as a new one.") % when,
        "session_people": _("Sessions: the own instructors of %(now)s were changed.") % when,
    }
    return sentences[change.kind]


def in_words(name: str, value: str) -> str:
    """The value of a field for the middle of a sentence."""
    if name == "status" and value in Event.Status.values:
        return str(Event.Status(value).label)
    short = value if len(value) <= SHORT else f"{value[:SHORT].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    return f"\N{LEFT DOUBLE QUOTATION MARK}{short}\N{RIGHT DOUBLE QUOTATION MARK}" if short else _("empty")


def session_words(session: TypedSession | None) -> str:
    """A session as it is typed: 2026-11-24 09:00-17:00, with a longer dash."""
    if session is None:
        return ""
    end = f"{session.end_day} {session.end}" if session.end_day else session.end
    return f"{session.day} {session.start}{DASH}{end}"
