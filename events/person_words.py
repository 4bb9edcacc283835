"""How one copy, and one item of somebody else, is told on the page of an instructor."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.availability import Item, Teaching
from events.models import ExternalEvent, SyncedEvent
from events.sync.plan import is_restored_enough
from instructors.listing import State
from instructors.models import CalendarMapping
from integrations.models import Integration

DASH = "\N{EN DASH}"
SHOWN_AS = {
    "free": State("good", "circle-check", gettext_lazy("Free")),
    "workingElsewhere": State("good", "circle-check", gettext_lazy("Working elsewhere")),
    "tentative": State("warn", "circle-dashed", gettext_lazy("Tentative")),
    "oof": State("off", "user-off", gettext_lazy("Out of office")),
}
BUSY = State("off", "lock", gettext_lazy("Busy"))


@dataclass(frozen=True)
class Standing:
    """How a session stands in one calendar: the badge, a sentence where there is more to say, and what comes next."""

    mapping: CalendarMapping
    state: State
    note: str = ""
    sent_at: datetime | None = None
    retry_at: datetime | None = None
    is_moving: bool = False


def planned(mapping: CalendarMapping, copy: SyncedEvent | None, wanted: str, *, is_draft: bool = False) -> Standing:
    """How a session stands whose copy would hold the fingerprint `wanted`."""
    is_there = copy is not None and copy.remote_id != ""
    sent_at = copy.intended_at if copy and is_there else None
    if not mapping.is_pushed_to or not mapping.integration.is_active:
        word = _("In Outlook, not synced") if is_there else _("Not synced")
        return Standing(mapping, State("off", "player-pause", word), sent_at=sent_at)
    if is_draft:
        if is_there:
            return going(mapping, sent_at)
        return Standing(mapping, State("off", "pencil", _("Draft, not sent")))
    if copy and (copy.problem or copy.observed):
        return wrong(mapping, copy)
    if copy is None or not is_there or copy.fingerprint != wanted:
        return waiting(mapping, sent_at)
    return Standing(mapping, State("good", "circle-check", _("In Outlook")), sent_at=sent_at)


def waiting(mapping: CalendarMapping, sent_at: datetime | None) -> Standing:
    word = _("Change waiting") if sent_at else _("Waiting")
    is_moving = not mapping.problem and not mapping.integration.problem
    return Standing(mapping, State("info", "loader-2", word), sent_at=sent_at, is_moving=is_moving)


def wrong(mapping: CalendarMapping, copy: SyncedEvent) -> Standing:
    """A copy that was refused, or is not as we left it."""
    if copy.problem:
        failed = State("bad", "alert-triangle", _("Failed"))
        return Standing(mapping, failed, note=copy.problem, retry_at=copy.retry_at)
    is_gone = copy.observed == SyncedEvent.Observed.GONE
    word = _("Deleted in Outlook") if is_gone else _("Changed in Outlook")
    return Standing(mapping, State("warn", "alert-triangle", word), note=drift(mapping, copy), sent_at=copy.intended_at)


def drift(mapping: CalendarMapping, copy: SyncedEvent) -> str:
    """What becomes of a copy that somebody changed or deleted in Outlook."""
    if mapping.integration.drift == Integration.Drift.FLAG:
        return _("It is left as it is, because this integration only shows what was edited in Outlook.")
    if is_restored_enough(copy, now()):
        return _("It was put right as often as a day allows. Ask the instructor who or what changes it.")
    return _("It is put right at the next sync.")


def left_over(mapping: CalendarMapping, copy: SyncedEvent) -> Standing:
    """How a copy stands that nobody plans any more."""
    stays = not mapping.integration.is_active and not mapping.integration.is_closing
    stays = stays or not (mapping.sync_enabled or mapping.removes_copies or mapping.leaving_at)
    if stays:
        word = _("In Outlook, not synced")
        return Standing(mapping, State("off", "player-pause", word), sent_at=copy.intended_at)
    if copy.problem:
        return wrong(mapping, copy)
    return going(mapping, copy.intended_at)


def going(mapping: CalendarMapping, sent_at: datetime | None) -> Standing:
    is_moving = not mapping.problem and not mapping.integration.problem
    return Standing(mapping, State("info", "loader-2", _("Being removed")), sent_at=sent_at, is_moving=is_moving)


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
        name = item.title or str(SHOWN_AS.get(item.show_as, BUSY).word)
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
    def state(self) -> State:
        return SHOWN_AS.get(self.item.show_as, BUSY)

    @property
    def when(self) -> str:
        if self.item.is_all_day:  # the dates themselves, whatever the zone
            return days(self.item.starts_at.date(), (self.item.ends_at - timedelta(days=1)).date())
        return span(self.item.starts_at, self.item.ends_at)


def foreign(item: ExternalEvent, mapping: CalendarMapping) -> Foreign:
    return Foreign(item, mapping)


def span(start: datetime, end: datetime) -> str:
    """Wed 18 Nov, 09:00 to 12:00; over midnight with both days. In the viewer's zone."""
    first, last = localtime(start), localtime(end)
    if first.date() == last.date():
        return f"{day(first.date())}, {first:%H:%M}{DASH}{last:%H:%M}"
    return f"{day(first.date())}, {first:%H:%M} {DASH} {day(last.date())}, {last:%H:%M}"


def until(end: datetime) -> str:
    last = localtime(end)
    return _("until %(day)s, %(time)s") % {"day": day(last.date()), "time": f"{last:%H:%M}"}


def days(first: date, last: date) -> str:
    if last <= first:
        return _("%(day)s, all day") % {"day": day(first)}
    return _("%(first)s to %(last)s, all day") % {"first": day(first), "last": day(last)}


def day(value: date) -> str:
    """Wed 18 Nov; with the year where it is another one."""
    return date_format(value, "D j M" if value.year == localdate().year else "D j M Y")
