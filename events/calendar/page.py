"""What the address of the availability calendar says, and the addresses that lead on from there."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import get_current_timezone_name, localdate
from django.utils.translation import gettext_lazy as _

from events.calendar.period import VIEWS, midnight, period, usual_day, zone_name
from events.calendar.roster import CalendarQuery

VIEW_NAMES = {"day": _("Day"), "week": _("Week"), "month": _("Month"), "4weeks": _("4 weeks")}
FORMS = {"grid": (_("Grid"), "layout-rows"), "list": (_("List"), "list")}


@dataclass(frozen=True)
class Choice:
    """One of several ways to look at the calendar."""

    key: str
    name: str | Promise
    url: str
    is_current: bool
    icon: str = ""


@dataclass(frozen=True)
class StripDay:
    """One of the seven days from which another one is chosen."""

    day: date
    url: str
    is_current: bool


class CalendarPage:
    """The period, search, filter and form that an address asks for. What it cannot mean, it does not say."""

    def __init__(self, request: HttpRequest) -> None:
        wanted = request.GET
        self.chosen_form = wanted.get("form", "") if wanted.get("form") in FORMS else ""
        self.today = localdate()
        self.is_phone = "Mobi" in request.headers.get("User-Agent", "")
        view = wanted.get("view", "")
        self.period = period(view if view in VIEWS else self.usual_view, wanted.get("date", ""), self.today)
        self.search = wanted.get("q", "").replace("\0", "").strip()[:200]
        self.only_conflicts = wanted.get("conflicts", "") not in {"", "0", "false"}
        self.number = wanted.get("page", "")
        self.zone = ZoneInfo(get_current_timezone_name())
        self.start, self.end = self.period.midnights(self.zone)

    @property
    def form(self) -> str:
        """Grid or list; where nobody has chosen, a telephone gets the list."""
        return self.chosen_form or ("list" if self.is_phone else "grid")

    @property
    def usual_view(self) -> str:
        return "day" if self.form == "list" else "week"

    @property
    def zone_name(self) -> str:
        return zone_name(self.zone, self.start, self.end)

    @cached_property
    def query(self) -> CalendarQuery:
        """The query for what is shown; a page number that is none is left out."""
        query = self.asking(self.start.isoformat(), self.end.isoformat(), self.number)
        return query if query.is_valid() else self.asking(self.start.isoformat(), self.end.isoformat(), "")

    def asking(self, start: str, end: str, page: str) -> CalendarQuery:
        query = CalendarQuery({"start": start, "end": end, "page": page, **self.filters})
        query.is_valid()
        return query

    @property
    def filters(self) -> dict[str, str]:
        return {"q": self.search, "conflicts": "1" if self.only_conflicts else ""}

    def url(self, **changes: str) -> str:
        """The address of this page after `changes`."""
        now = {"view": self.period.view, "date": self.period.day.isoformat(), "page": self.number, **self.filters}
        wanted = {**now, "form": self.chosen_form, **changes}
        return f"{reverse('events:calendar')}?{urlencode({key: value for key, value in wanted.items() if value})}"

    @property
    def previous(self) -> str:
        return self.url(date=self.period.previous.isoformat())

    @property
    def next(self) -> str:
        return self.url(date=self.period.next.isoformat())

    @property
    def to_today(self) -> str:
        return self.url(date="" if usual_day(self.period.view, self.today) == self.today else self.today.isoformat())

    @property
    def has_today(self) -> bool:
        return self.period.first <= self.today < self.period.after

    @property
    def planning_day(self) -> date | None:
        """The first day shown that is still to come, for an event that is planned from here."""
        day = max(self.period.day if self.period.view == "day" else self.period.first, self.today)
        return day if day < self.period.after else None

    @property
    def everybody(self) -> str:
        return self.url(q="", conflicts="", page="")

    @property
    def views(self) -> list[Choice]:
        now = self.period.view
        return [Choice(key, name, self.url(view=key), key == now) for key, name in VIEW_NAMES.items()]

    @property
    def forms(self) -> list[Choice]:
        return [Choice(key, name, self.url(form=key), key == self.form, icon) for key, (name, icon) in FORMS.items()]

    @property
    def as_list(self) -> str:
        """The list, for whom the grid cannot be drawn or is too wide: of one day."""
        return self.url(form="list", view="day")

    @property
    def feed(self) -> str:
        """The address of the data of what is shown."""
        return self.data("events:feed", page=self.number)

    @property
    def counts(self) -> str:
        """The address that says how many have a conflict."""
        return self.data("events:conflicts")

    def data(self, name: str, **more: str) -> str:
        span = {"start": self.start.isoformat(), "end": self.end.isoformat(), **self.filters, **more}
        return f"{reverse(name)}?{urlencode({key: value for key, value in span.items() if value})}"

    @property
    def offset_now(self) -> str:
        """How far the viewer's clock is from UTC today, as +01:00."""
        moment = midnight(self.today, self.zone)
        return moment.isoformat()[-6:]

    @property
    def strip(self) -> list[StripDay]:
        """The week around the day that is listed; nothing where the list is of more than a week."""
        if self.period.view not in {"day", "week"}:
            return []
        is_day = self.period.view == "day"
        return [
            StripDay(day, self.url(view="day", date=day.isoformat()), is_day and day == self.period.day)
            for day in self.period.week.days
        ]
