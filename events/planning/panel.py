"""The list beside the event form: who is chosen, who else can teach it, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.availability import Teaching, Verdict
from events.planning.candidates import Candidates, candidates
from events.planning.forms import Planning
from events.planning.standing import Standing, chosen
from events.planning.words import VERDICTS, Words, counts, names, verdict_word
from instructors.listing import State
from instructors.models import Instructor

SHOWN, MOST_SHOWN = 8, 60
MOST_CELLS = 6
FEW = 2
MOST_NAMES = 3


class Box(NamedTuple):
    """A session of an instructor, as a small box."""

    label: str
    words: str
    verdict: Verdict
    icon: str


@dataclass(frozen=True)
class Person:
    """One line of the list."""

    instructor: Instructor
    state: State | None
    reasons: Sequence[str] = ()
    boxes: Sequence[Box] = ()
    summary: str = ""
    taught: str = ""
    before: str = ""
    after: str = ""


class Panel:
    """The list, for what was typed and searched for."""

    def __init__(self, planning: Planning, *, text: str = "", shown: int = SHOWN) -> None:
        self.planning = planning
        self.text = text
        self.wanted = min(max(shown, SHOWN), MOST_SHOWN)
        self.words = Words(planning.zone, planning.sessions)

    @cached_property
    def standings(self) -> list[Standing]:
        return chosen(self.planning)

    @property
    def chosen(self) -> list[Person]:
        return [self.described(one) for one in self.standings]

    @property
    def chosen_state(self) -> State | None:
        """The line below the chosen instructors: whether something is in their way."""
        if not self.standings or not self.planning.sessions:
            return None
        if blocked := [one for one in self.standings if one.conflicts]:
            count = sum(len(one.conflicts) for one in blocked)
            words = ngettext("%(count)d conflict: %(names)s.", "%(count)d conflicts: %(names)s.", count)
            return State("bad", "alert-triangle", words % {"count": count, "names": few_names(blocked)})
        if unknown := [one for one in self.standings if one.verdict == Verdict.UNKNOWN]:
            words = _("No conflict is known, but nobody can say of %(names)s.")
            return State("warn", "help-circle", words % {"names": few_names(unknown)})
        if tentative := [one for one in self.standings if one.verdict == Verdict.TENTATIVE]:
            words = _("No conflict, but something tentative: %(names)s.")
            return State("warn", "clock-exclamation", words % {"names": few_names(tentative)})
        return State("good", "circle-check", _("No conflict in any session."))

    @cached_property
    def candidates(self) -> Candidates:
        return candidates(self.planning, self.text)

    @property
    def shown(self) -> int:
        """How many candidates are shown: a last few are not worth a button."""
        count = len(self.candidates.ranked)
        return count if count <= self.wanted + FEW else self.wanted

    @property
    def suggested(self) -> list[Person]:
        """The candidates that are shown."""
        return [self.described(one) for one in self.candidates.ranked[: self.shown]]

    @property
    def more(self) -> int:
        """How many candidates there are behind those shown."""
        return max(0, len(self.candidates.ranked) - self.shown)

    @property
    def counts(self) -> str:
        """What the list comes to, and of how many."""
        found = self.candidates
        if not self.planning.sessions:
            return ngettext("%d instructor", "%d instructors", found.everybody) % found.everybody
        words = counts(one.verdict for one in found.ranked)
        if found.everybody <= len(found.ranked):
            return words
        of_how_many = _("%(counts)s. The nearest %(seen)d of %(all)d: search for others by name.")
        return of_how_many % {"counts": words, "seen": len(found.ranked), "all": found.everybody}

    @property
    def as_of(self) -> str:
        """For how many sessions, and as of when, the list is true."""
        sessions = self.planning.sessions
        if not sessions:
            return _("Give a date and times, and the list says who is free.")
        count = ngettext("%d session", "All %d sessions", len(sessions)) % len(sessions)
        seen = [one.row.as_of for one in [*self.standings, *self.candidates.ranked] if one.row.state == "ok"]
        oldest = min((moment for moment in seen if moment), default=None)
        words = _("%(count)s, as of %(time)s. Best fit first.") if oldest else _("%(count)s. Best fit first.")
        return words % {"count": count, "time": self.words.clock(oldest) if oldest else ""}

    def person(self, standing: Standing) -> Person:
        """An instructor with verdict and reasons; many sessions are counted, a few are boxes."""
        if not standing.sessions:
            return Person(standing.instructor, None)
        tone, icon = VERDICTS[standing.verdict]
        state = State(tone, icon, verdict_word(standing.verdict))
        reasons = self.words.reasons(standing)
        if len(standing.cells) > MOST_CELLS:
            return Person(standing.instructor, state, reasons, summary=counts(one.verdict for one in standing.cells))
        return Person(standing.instructor, state, reasons, [*self.boxes(standing)])

    def boxes(self, standing: Standing) -> list[Box]:
        return [
            Box(
                self.words.short_day(cell.session),
                f"{self.words.session(cell.session)}: {verdict_word(cell.verdict)}",
                cell.verdict,
                BOX_ICONS[cell.verdict],
            )
            for cell in standing.cells
        ]

    def described(self, standing: Standing) -> Person:
        """An instructor, with what speaks for them and where they come from and go to."""
        found, pk = self.candidates, standing.instructor.pk
        before, after = found.before.get(pk), found.after.get(pk)
        person = replace(self.person(standing), taught=taught_words(found.taught[pk]))
        if standing.verdict == Verdict.BUSY or not (before or after):
            return person
        return replace(person, before=self.neighbour(before), after=self.neighbour(after))

    def neighbour(self, item: Teaching | None) -> str:
        """Where somebody teaches next to this event: Fri, York, 09:00."""
        if item is None:
            return _("none")
        local = self.words.local(item.start)
        return ", ".join(filter(None, [self.words.near_day(local.date()), item.place, f"{local:%H:%M}"]))


BOX_ICONS = {
    Verdict.FREE: "check",
    Verdict.TENTATIVE: "clock-exclamation",
    Verdict.BUSY: "x",
    Verdict.UNKNOWN: "help-circle",
}


def taught_words(times: int) -> str:
    if times < 2:
        return _("Has taught it once.") if times else ""
    return _("Has taught it %d times.") % times


def few_names(people: Sequence[Standing]) -> str:
    """The first names of a list, and how many more."""
    found = [one.instructor.name for one in people]
    if len(found) <= MOST_NAMES:
        return names(found)
    return _("%(names)s and %(count)d more") % {
        "names": ", ".join(found[:MOST_NAMES]),
        "count": len(found) - MOST_NAMES,
    }
