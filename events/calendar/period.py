"""The span of days that a view of the availability calendar shows, with its title and its neighbours. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

VIEWS = ("day", "week", "month", "4weeks")
DASH = "\N{EN DASH}"
SATURDAY = 5
EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Period:
    """The days of `view` (one of VIEWS) around `day`, seen from `today`."""

    view: str
    day: date
    today: date

    @property
    def first(self) -> date:
        if self.view == "day":
            return self.day
        return self.day.replace(day=1) if self.view == "month" else monday(self.day)

    @property
    def after(self) -> date:
        """The first day that is not shown any more."""
        if self.view == "month":
            return (self.first + timedelta(days=31)).replace(day=1)
        return self.first + timedelta(days={"day": 1, "week": 7, "4weeks": 28}[self.view])

    @property
    def last(self) -> date:
        return self.after - timedelta(days=1)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.after - self.first).days)]

    @property
    def week(self) -> "Period":
        return Period("week", self.day, self.today)

    @property
    def previous(self) -> date:
        """A day of the period before this one."""
        return self.first - timedelta(days=1) if self.view in {"day", "month"} else self.first - self.length

    @property
    def next(self) -> date:
        return self.after

    @property
    def length(self) -> timedelta:
        return self.after - self.first

    @property
    def title(self) -> str:
        if self.view == "day":
            return date_format(self.day, "D j F" if self.day.year == self.today.year else "D j F Y")
        if self.view == "month":
            return date_format(self.first, "F Y")
        return range_title(self.first, self.last)

    @property
    def workdays_title(self) -> str:
        """The title of a week without its Saturday and Sunday."""
        return range_title(self.first, self.last - timedelta(days=2))

    def midnights(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When the first day begins and the last one ends in `zone`."""
        return midnight(self.first, zone), midnight(self.after, zone)


def period(view: str, day: str, today: date) -> Period:
    """What was asked for; this week, or today, where that is no view or no date that a calendar shows."""
    view = view if view in VIEWS else "week"
    return Period(view, asked(day) or usual_day(view, today), today)


def asked(day: str) -> date | None:
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        return None
    return wanted if EARLIEST <= wanted <= LATEST else None


def usual_day(view: str, today: date) -> date:
    """Today; on a weekend a week that is opened is the coming one, since the other is over."""
    is_weekend = today.weekday() >= SATURDAY
    return monday(today) + timedelta(days=7) if view == "week" and is_weekend else today


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)


def range_title(first: date, last: date) -> str:
    """Two dates with what they share said once: 16 to 20 November 2026, with a dash."""
    until = date_format(last, "j F Y")
    if first.year != last.year:
        return f"{date_format(first, 'j F Y')} {DASH} {until}"
    if first.month != last.month:
        return f"{date_format(first, 'j F')} {DASH} {until}"
    return f"{first.day}{DASH}{until}"


def zone_name(zone: ZoneInfo, start: datetime, end: datetime) -> str:
    """A zone as people call it: London (GMT); with both names where the clock changes in [start, end)."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    names = [short_name(moment.astimezone(zone)) for moment in (start, end - timedelta(minutes=1))]
    shown = "/".join(dict.fromkeys(names))
    return city if shown == city else _("%(city)s (%(names)s)") % {"city": city, "names": shown}


def short_name(moment: datetime) -> str:
    """The abbreviation of the zone of `moment`; its distance from UTC where it has none."""
    name = moment.strftime("%Z")
    if name[:1] not in "+-":
        return name
    offset = moment.strftime("%z")
    return f"UTC{offset[:3]}" if offset.endswith("00") else f"UTC{offset[:3]}:{offset[3:5]}"
