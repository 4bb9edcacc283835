"""The instructors whom a form names: chosen ones, and names that were typed and not chosen."""

from collections.abc import Collection, Iterable
from functools import cached_property

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from events.calendar.roster import named
from events.models import Event, Session
from events.planning.typed import Typed
from instructors.models import Instructor

OFFERED = 10
LONGEST_NAME = 200


def search(text: str) -> QuerySet[Instructor]:
    """The active instructors whose name or address has every word of `text`."""
    return named(Instructor.objects.filter(is_active=True), text.replace("\0", "")[:LONGEST_NAME])


def only_one(text: str) -> Instructor | None:
    """Who is meant by a name or an address that was typed in full, or by a part of it that only one has."""
    found = list(search(text)[: OFFERED + 1])
    exact = [one for one in found if text.casefold() in {one.name.casefold(), one.email.casefold()}]
    fitting = exact or found
    return fitting[0] if len(fitting) == 1 else None


class People:
    """Everybody whom a form names, by primary key; what is no instructor is not among them."""

    def __init__(self, typed: Typed, event: Event | None) -> None:
        self.typed = typed
        self.event = event

    @cached_property
    def by_pk(self) -> dict[int, Instructor]:
        wanted = self.typed.everybody
        return {one.pk: one for one in Instructor.objects.filter(pk__in=wanted)} if wanted else {}

    def __contains__(self, pk: int) -> bool:
        return pk in self.by_pk

    def of(self, pks: Iterable[int]) -> list[Instructor]:
        """Those of `pks` who exist, by name."""
        found = [self.by_pk[pk] for pk in pks if pk in self.by_pk]
        return sorted(found, key=lambda one: (one.name.casefold(), one.pk))

    @cached_property
    def kept(self) -> Collection[int]:
        """Whom the saved event has already: they may stay, though inactive."""
        if self.event is None:
            return frozenset()
        own = Session.instructors.through.objects.filter(session__event=self.event)
        return {*self.event.instructors.values_list("pk", flat=True), *own.values_list("instructor", flat=True)}

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong with the choice, by the name of the field."""
        pickers = {"instructors": (self.typed.instructors, self.typed.name)}
        pickers |= {f"sessions-{one.row}-instructors": (one.instructors, one.name) for one in self.typed.rows}
        found = {name: [*self.inactive(pks), *unknown_name(text)] for name, (pks, text) in pickers.items()}
        return {name: errors for name, errors in found.items() if errors}

    def inactive(self, pks: Iterable[int]) -> list[str]:
        gone = [one for one in self.of(pks) if not one.is_active]
        words = _("%(name)s is inactive and cannot be added. Remove the name, or let an administrator activate it.")
        return [words % {"name": one.name} for one in gone if one.pk not in self.kept]


def unknown_name(text: str) -> list[str]:
    if not text:
        return []
    return [
        _("No single instructor is meant by “%(text)s”. Choose one from the list, or clear the field.") % {"text": text}
    ]
