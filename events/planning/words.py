"""Dates, obstacles and verdicts of a plan in words, in the time zone of the event."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events import board
from events.availability import Teaching, Theirs, Verdict
from events.localtime import wall_clock
from events.models import Event
from events.planning.forms import PlannedSession
from events.planning.standing import Obstacle, Standing

WEEK = timedelta(days=7)
MOST_REASONS = 2
MOST_DAYS = 3
DASH = "\N{EN DASH}"
WEEKDAY, SHORT_DAY, DAY, FULL_DAY = "D", "j M", "D j M", "D j M Y"


class Words:
    """The words for a plan with these sessions: weekdays alone where they cannot be mistaken."""

    def __init__(self, zone: str, sessions: Sequence[PlannedSession]) -> None:
        self.zone = ZoneInfo(zone)
        self.days: tuple[date, date] | None = None
        if sessions:
            last = max(one.ends_at for one in sessions)
            self.days = self.local(sessions[0].starts_at).date(), self.local(last).date()
        self.is_short = self.days is not None and self.days[1] - self.days[0] < WEEK

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def day(self, day: date) -> str:
        """Wed; Wed 25 Nov where that says too little; with the year where it is another one."""
        if self.is_short and self.days and self.days[0] <= day <= self.days[1]:
            return date_format(day, WEEKDAY)
        return self.full_day(day)

    def full_day(self, day: date) -> str:
        return date_format(day, DAY if day.year == localdate(timezone=self.zone).year else FULL_DAY)

    def near_day(self, day: date) -> str:
        """The weekday where it is within a week of the event, else the date."""
        is_near = self.days is not None and self.days[0] - WEEK < day < self.days[1] + WEEK
        return date_format(day, WEEKDAY) if is_near and self.is_short else self.full_day(day)

    def short_day(self, session: PlannedSession) -> str:
        """A day for a small box: Wed, or 25 Nov."""
        day = self.local(session.starts_at).date()
        return date_format(day, WEEKDAY if self.is_short else SHORT_DAY)

    def span(self, start: datetime, end: datetime) -> str:
        """Wed 10:00-12:00, with a longer dash; Wed 22:00 - Thu 06:00."""
        begins, ends = self.local(start), self.local(end)
        first, last = self.day(begins.date()), self.day(ends.date())
        if begins.date() == ends.date():
            return f"{first} {begins:%H:%M}{DASH}{ends:%H:%M}"
        return f"{first} {begins:%H:%M} {DASH} {last} {ends:%H:%M}"

    def session(self, session: PlannedSession) -> str:
        return self.span(session.starts_at, session.ends_at)

    def day_and_length(self, session: PlannedSession) -> str:
        """Tue 24 Nov, 8 h."""
        day = self.full_day(self.local(session.starts_at).date())
        return f"{day}, {duration(session.starts_at, session.ends_at)}"

    def all_day(self, item: Theirs) -> str:
        if not item.first or not item.last or item.first == item.last:
            return _("all of %(day)s") % {"day": self.day(item.first or self.local(item.start).date())}
        return _("%(first)s to %(last)s") % {"first": self.full_day(item.first), "last": self.full_day(item.last)}

    def obstacle(self, obstacle: Obstacle) -> str:
        """What is in the way, and when."""
        other = obstacle.other
        if isinstance(other, PlannedSession):
            return _("Another session of this event, %(when)s") % {"when": self.session(other)}
        return self.teaching(other) if isinstance(other, Teaching) else self.theirs(other)

    def teaching(self, item: Teaching, *more: Teaching) -> str:
        """An event, and when it is: at one session, or on the days of several."""
        title = _("%(title)s (draft)") % {"title": item.title} if item.status == Event.Status.DRAFT else item.title
        when = self.days_of([item, *more]) if more else self.span(item.start, item.end)
        return ", ".join(filter(None, [title, item.place, when]))

    def days_of(self, items: Sequence[Teaching]) -> str:
        days = list(dict.fromkeys(self.day(self.local(one.start).date()) for one in items))
        return names(days) if len(days) <= MOST_DAYS else _("%d days") % len(days)

    def theirs(self, item: Theirs) -> str:
        how = {"tentative": _("Tentative in Outlook"), "oof": _("Out of office")}.get(
            item.show_as, _("Busy in Outlook")
        )
        when = self.all_day(item) if item.is_all_day else self.span(item.start, item.end)
        return f"{item.title} ({how[0].lower()}{how[1:]}), {when}" if item.title else f"{how}, {when}"

    def clock(self, moment: datetime) -> str:
        """A past moment: 10:41; Tue 16:05; Tue 3 Nov 16:05."""
        local, today = self.local(moment), self.local(now())
        if local.date() == today.date():
            return f"{local:%H:%M}"
        day = date_format(local, WEEKDAY) if today - local < WEEK else self.full_day(local.date())
        return f"{day} {local:%H:%M}"

    def unknown(self, row: board.Row) -> str:
        """Why nobody can say whether an instructor is free."""
        sentences = {
            "inactive": _("Inactive: it will not appear in Outlook, and nobody can say."),
            "unmatched": _("Not matched: it will not appear in Outlook, and nobody can say."),
            "stopped": _("Not synced: it will not appear in Outlook, and nobody can say."),
            "paused": _("The integration is inactive, so nobody can say."),
            "waiting": _("Not read yet, so nobody can say."),
            "failing": _("The sync fails, so nobody can say. %(problem)s"),
            "stale": _("Stale since %(time)s, so nobody can say."),
        }
        sentence = sentences.get(row.state, _("Not read this far ahead, so nobody can say."))
        return sentence % {"problem": row.problem, "time": self.clock(row.as_of) if row.as_of else ""}

    def grouped(self, obstacles: Iterable[Obstacle]) -> list[str]:
        """Each thing that is in the way once, all sessions of an event together."""
        events: dict[int, dict[Teaching, None]] = {}
        said: dict[str, int] = {}  # the words; of an event its number, for they come once it is whole
        for one in obstacles:
            if isinstance(one.other, Teaching):
                events.setdefault(one.other.event, {})[one.other] = None
                said[f"event {one.other.event}"] = one.other.event
            else:
                said[self.obstacle(one)] = 0
        return [self.teaching(*events[event]) if event else words for words, event in said.items()]

    def reasons(self, standing: Standing) -> list[str]:
        """What is in an instructor's way, each thing once, what blocks first; at most a few, and how many more."""
        ranked = sorted(standing.obstacles, key=lambda one: -one.weight)
        said = [f"{one}." for one in self.grouped(ranked)]
        shown = said[:MOST_REASONS]
        if more := len(said) - len(shown):
            shown.append(ngettext("And %d more.", "And %d more.", more) % more)
        is_outside = standing.row.state in {"inactive", "unmatched", "stopped"}
        if standing.sessions and (is_outside or any(cell.verdict == Verdict.UNKNOWN for cell in standing.cells)):
            shown.append(self.unknown(standing.row))
        return shown


VERDICTS = {
    Verdict.FREE: ("good", "circle-check"),
    Verdict.TENTATIVE: ("warn", "clock-exclamation"),
    Verdict.BUSY: ("bad", "circle-x"),
    Verdict.UNKNOWN: ("off", "help-circle"),
}


def verdict_word(verdict: Verdict) -> str:
    words = {Verdict.FREE: _("Free"), Verdict.TENTATIVE: _("Tentative"), Verdict.BUSY: _("Busy")}
    return words.get(verdict, _("Unknown"))


def counts(verdicts: Iterable[Verdict]) -> str:
    """2 free, 1 tentative, 2 busy, 1 unknown."""
    found = list(verdicts)
    words = [
        (Verdict.FREE, _("%d free")),
        (Verdict.TENTATIVE, _("%d tentative")),
        (Verdict.BUSY, _("%d busy")),
        (Verdict.UNKNOWN, _("%d unknown")),
    ]
    return ", ".join(word % found.count(verdict) for verdict, word in words if verdict in found)


def duration(start: datetime, end: datetime) -> str:
    """How long a session takes: 8 h; 7 h 30 min; 45 min; 20 days."""
    minutes = int((end - start).total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [
        ngettext("%d day", "%d days", days) % days if days else "",
        _("%d h") % hours if hours else "",
        _("%d min") % left if left else "",
    ]
    return " ".join(filter(None, parts))


def is_repeated(moment: datetime, zone: str) -> bool:
    """Whether the clock in `zone` shows the time of `moment` twice on that day."""
    local = wall_clock(moment, zone).replace(tzinfo=ZoneInfo(zone))
    return local.utcoffset() != local.replace(fold=1).utcoffset()


def names(people: Iterable[object]) -> str:
    """Ann; Ann and Ben; Ann, Ben and Cleo."""
    *others, last = map(str, people)
    return _("%(others)s and %(last)s") % {"others": ", ".join(others), "last": last} if others else last
