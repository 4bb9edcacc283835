"""The event form as its templates show it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from django.utils.translation import gettext as _

from events.models import Event
from events.planning.forms import PlannedSession, Planning
from events.planning.outlook import effect_in_words
from events.planning.panel import SHOWN, Panel
from events.planning.standing import overlaps
from events.planning.typed import MOST_COPIES, MOST_SESSIONS, Typed, TypedSession
from events.planning.words import duration, is_repeated
from events.sync.state import horizon
from instructors.models import Instructor
from integrations.zones import zone_names

LONG = timedelta(days=1)
STATUSES = [Event.Status.DRAFT, Event.Status.CONFIRMED]
SCROLLS_FROM = 12  # sessions
BLANK = 9999  # the browser puts the number of a new row in its place


@dataclass(frozen=True)
class PageRow:
    """One session in the form."""

    typed: TypedSession
    number: int
    words: str = ""
    notes: Sequence[str] = ()
    people: Sequence[Instructor] = ()
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return f"sessions-{self.typed.row}"

    @property
    def is_open(self) -> bool:
        """Whether the part that is seldom needed is shown."""
        is_used = self.typed.end_day or self.typed.instructors or self.typed.name
        return bool(is_used or {"end_day", "instructors"} & set(self.errors))

    @property
    def day_type(self) -> str:
        return date_type(self.typed.day)

    @property
    def end_day_type(self) -> str:
        return date_type(self.typed.end_day)


def date_type(value: str) -> str:
    """The type of the field: the browser's own for dates would drop what it cannot read."""
    try:
        return "date" if not value or date.fromisoformat(value) else "text"
    except ValueError:
        return "text"


class Page:
    """The form, the list beside it, and the words that follow what is typed."""

    most_sessions, most_copies = MOST_SESSIONS, MOST_COPIES

    def __init__(self, planning: Planning, saved: Typed | None = None, *, text: str = "", shown: int = SHOWN) -> None:
        self.planning = planning
        self.typed = planning.typed
        self.event = planning.event
        self.errors = planning.errors
        self.saved = saved
        self.panel = Panel(planning, text=text, shown=shown)

    @property
    def zones(self) -> list[str]:
        return zone_names()

    @property
    def statuses(self) -> list[Event.Status]:
        was_cancelled = self.event is not None and self.event.status == Event.Status.CANCELLED
        return [*STATUSES, Event.Status.CANCELLED] if was_cancelled else STATUSES

    @property
    def zone_words(self) -> str:
        """The place of the time zone with the name that it has at the first session: London (GMT)."""
        zone = self.planning.zone
        moment = self.planning.sessions[0].starts_at if self.planning.sessions else now()
        place = zone.rpartition("/")[2].replace("_", " ")
        short = moment.astimezone(ZoneInfo(zone)).tzname() or ""
        return place if short in {"", place} else f"{place} ({short if short[0].isalpha() else f'UTC{short}'})"

    @property
    def people(self) -> list[Instructor]:
        return self.planning.people.of(self.typed.instructors)

    @cached_property
    def rows(self) -> list[PageRow]:
        """The sessions in the form, with what there is to say of each."""
        planned = {one.row: one for one in self.planning.sessions}
        notes = self.notes()
        return [
            PageRow(
                typed=one,
                number=number,
                words=self.panel.words.day_and_length(planned[one.row]) if one.row in planned else "",
                notes=notes[one.row],
                people=self.planning.people.of(one.instructors),
                errors=self.errors_of(one.row),
            )
            for number, one in enumerate(self.typed.sessions, start=1)
        ]

    @property
    def scrolls(self) -> bool:
        return len(self.typed.sessions) > SCROLLS_FROM

    @property
    def blank_row(self) -> PageRow:
        """The row from which the browser makes new ones."""
        return PageRow(TypedSession(row=BLANK), 0)

    def errors_of(self, row: int) -> dict[str, list[str]]:
        prefix = f"sessions-{row}-"
        return {name.removeprefix(prefix): text for name, text in self.errors.items() if name.startswith(prefix)}

    def notes(self) -> dict[int, list[str]]:
        """What is allowed in a session, but worth a word, by row."""
        numbers = {one.row: number for number, one in enumerate(self.typed.sessions, start=1)}
        found: dict[int, list[str]] = defaultdict(list)
        for one in self.planning.sessions:
            found[one.row] += notes_of(one, self.planning.zone)
        for earlier, later in overlaps(self.planning.sessions):
            found[later.row].append(_("Overlaps session %(number)d.") % {"number": numbers[earlier.row]})
        return found

    @property
    def effect(self) -> str:
        return effect_in_words(self.planning, self.saved)


def notes_of(session: PlannedSession, zone: str) -> list[str]:
    """What is allowed in one session, but worth a word."""
    found = []
    if session.ends_at < horizon():
        found.append(_("Is over: it isn't sent to Outlook."))
    elif session.ends_at < now():
        found.append(_("Lies in the past."))
    if session.ends_at - session.starts_at > LONG:
        length = duration(session.starts_at, session.ends_at)
        found.append(_("One session of %(length)s without a break.") % {"length": length})
    for moment in (session.starts_at, session.ends_at):
        if is_repeated(moment, zone):
            clock = f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
            found.append(_("%(time)s comes twice on that day; the first is meant.") % {"time": clock})
    return found
