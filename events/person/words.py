"""How one session in one calendar, and one item of somebody else, is told on the page of an instructor."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from events.availability import Item, Teaching
from events.models import ExternalEvent, SyncedEvent
from events.planned.states import Kind, State
from events.planned.words import DASH, Look, detail, hours, look
from events.planned.words import day as day_of
from events.sync.plan import is_restored_enough
from instructors.listing import State as Badge
from instructors.models import CalendarMapping
from integrations.models import Integration


def shown_as(show_as: str) -> Badge:
    """The badge of how an item is shown in Outlook; what is not understood is busy."""
    badges = {
        "free": Badge("good", "circle-check", _("Free")),
        "workingElsewhere": Badge("good", "circle-check", _("Working elsewhere")),
        "tentative": Badge("warn", "circle-dashed", _("Tentative")),
        "oof": Badge("off", "user-off", _("Out of office")),
    }
    return badges.get(show_as) or Badge("off", "calendar-event", _("Busy"))


@dataclass(frozen=True)
class Standing:
    """How a session stands in one calendar at a moment."""

    mapping: CalendarMapping
    copy: SyncedEvent | None
    state: State
    moment: datetime

    @property
    def look(self) -> Look:
        return look(self.state)

    @property
    def detail(self) -> str:
        return detail(self.state, self.moment)

    @property
    def note(self) -> str:
        """The sentence about what is wrong with this item alone; what is wrong with the calendar is said there."""
        if self.state.kind == Kind.DRIFTED and self.copy:
            return drift(self.mapping, self.copy, self.moment)
        is_own = self.copy is not None and self.state.problem == self.copy.problem
        return self.state.problem if is_own else ""

    @property
    def is_moving(self) -> bool:
        return self.state.is_moving


def drift(mapping: CalendarMapping, copy: SyncedEvent, moment: datetime) -> str:
    """Why something that was changed or deleted in Outlook is left as it is."""
    if mapping.integration.drift != Integration.Drift.FLAG and is_restored_enough(copy, moment):
        return _("It was put right as often as a day allows. Ask the instructor who or what changes it.")
    return _("It is left as it is, because this integration only shows what was edited in Outlook.")


@dataclass(frozen=True)
class Obstacle:
    """An item that overlaps a session: a conflict, or only tentative."""

    item: Item
    is_conflict: bool

    @property
    def words(self) -> str:
        item = self.item
        if isinstance(item, Teaching):
            return f"{item.title}, {span(item.start, item.end)}"
        name = item.title or shown_as(item.show_as).word
        if item.first and item.last:
            return f"{name}, {days(item.first, item.last)}"
        return f"{name}, {span(item.start, item.end)}"


@dataclass(frozen=True)
class Foreign:
    """An item of somebody else, as far as it may be seen."""

    item: ExternalEvent
    mapping: CalendarMapping

    @property
    def title(self) -> str:
        """Empty where privacy does not allow it."""
        may_be_seen = self.mapping.integration.shows_titles and not self.item.is_private
        return self.item.title if may_be_seen else ""

    @property
    def state(self) -> Badge:
        return shown_as(self.item.show_as)

    @property
    def when(self) -> str:
        if self.item.is_all_day:  # the dates themselves, whatever the zone
            return days(self.item.starts_at.date(), (self.item.ends_at - timedelta(days=1)).date())
        return span(self.item.starts_at, self.item.ends_at)


def span(start: datetime, end: datetime) -> str:
    """Wed 18 Nov, 09:00 to 12:00; over midnight with both days. In the viewer's zone."""
    first = localtime(start)
    return f"{day_of(first, weekday=True)}, {hours(first, localtime(end))}"


def until(end: datetime) -> str:
    last = localtime(end)
    return _("until %(day)s, %(time)s") % {"day": day_of(last, weekday=True), "time": f"{last:%H:%M}"}


def days(first: date, last: date) -> str:
    """Wed 18 Nov, all day; Wed 18 Nov to Fri 20 Nov, all day."""
    if last <= first:
        return _("%(day)s, all day") % {"day": day(first)}
    return _("%(first)s %(to)s %(last)s, all day") % {"first": day(first), "to": DASH, "last": day(last)}


def day(value: date) -> str:
    """Wed 18 Nov; with the year where it is another one."""
    return date_format(value, "D j M" if value.year == localdate().year else "D j M Y")
