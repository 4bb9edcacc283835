"""From what was typed to a plan: every value checked, every problem at its field."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from events.localtime import SkippedTime, instant
from events.models import Event
from events.planning.people import People
from events.planning.typed import FIELDS, MOST_SESSIONS, Typed, TypedSession
from integrations.zones import default_zone, is_zone

LONGEST = timedelta(days=31)
YEARS = range(2000, 2100)
IN_FORM = re.compile(r"^(\d{4}-\d{2}-\d{2}|\d{1,2}\.\s?\d{1,2}\.\s?\d{4})$", re.ASCII)
NO_DATE = gettext_lazy("There is no such date.")
WRITE_DATE = gettext_lazy("Write the date as 2026-11-24.")
WRITE_TIME = gettext_lazy("Write the time as 09:00 or 17:30.")


@dataclass(frozen=True)
class PlannedSession:
    """A session that can be saved. `teachers` are its own instructors, else those of the event."""

    typed: TypedSession
    starts_at: datetime
    ends_at: datetime
    teachers: frozenset[int]

    key = "plan"

    @property
    def row(self) -> int:
        return self.typed.row

    @property
    def start(self) -> datetime:
        return self.starts_at

    @property
    def end(self) -> datetime:
        return self.ends_at


class DayField(forms.CharField):
    """A date in ISO form, to which events/planning/typed.py has brought others that are beyond doubt."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise ValidationError(NO_DATE if IN_FORM.match(text) else WRITE_DATE) from None
        if day.year not in YEARS:
            raise ValidationError(
                _("Choose a year from %(first)d to %(last)d.") % {"first": YEARS[0], "last": YEARS[-1]}
            )
        return day


class ClockField(forms.CharField):
    """A time of day on the wall."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()
        except ValueError:
            raise ValidationError(WRITE_TIME) from None


class SessionForm(forms.Form):
    """One session; `starts_at` and `ends_at` are what it comes to in the zone of its event."""

    day = DayField(max_length=40, error_messages={"required": gettext_lazy("Enter a date.")})
    start = ClockField(max_length=40, error_messages={"required": gettext_lazy("Enter a time.")})
    end = ClockField(max_length=40, error_messages={"required": gettext_lazy("Enter a time.")})
    end_day = DayField(max_length=40, required=False)

    def __init__(self, typed: TypedSession, zone: str) -> None:
        super().__init__({"day": typed.day, "start": typed.start, "end": typed.end, "end_day": typed.end_day})
        self.zone = zone

    def clean(self) -> None:
        values = self.cleaned_data
        starts_at = self.moment("start", values.get("day"), values.get("start"))
        ends_at = self.moment("end", values.get("end_day") or values.get("day"), values.get("end"))
        if not starts_at or not ends_at or self.errors:
            return
        if ends_at <= starts_at:
            self.add_error("end", self.ends_too_early(starts_at, ends_at))
        elif ends_at - starts_at > LONGEST:
            self.add_error("end", _("A session lasts at most %(days)d days.") % {"days": LONGEST.days})
        values |= {"starts_at": starts_at, "ends_at": ends_at}

    def moment(self, name: str, day: date | None, clock: time | None) -> datetime | None:
        """The instant of a wall-clock time; an error at its field where the clock jumps over it."""
        if day is None or clock is None:
            return None
        try:
            return instant(datetime.combine(day, clock), self.zone)
        except SkippedTime:
            words = _("The clocks in %(zone)s jump over %(time)s on %(day)s. Enter another time.")
            self.add_error(name, words % {"zone": self.zone, "time": f"{clock:%H:%M}", "day": day.isoformat()})
            return None

    def ends_too_early(self, starts_at: datetime, ends_at: datetime) -> str:
        if self.cleaned_data.get("end_day") or starts_at == ends_at:
            return _("A session ends after it starts.")
        return _("A session ends after it starts. Where it ends on another day, give that day under More.")


class EventForm(forms.ModelForm):
    """The values of the event itself."""

    class Meta:
        model = Event
        fields = list(FIELDS)
        error_messages = {"title": {"required": gettext_lazy("Give the event a title.")}}

    def __init__(self, typed: Typed, *, may_be_cancelled: bool) -> None:
        super().__init__({name: getattr(typed, name) for name in FIELDS})
        self.may_be_cancelled = may_be_cancelled

    def clean_status(self) -> str:
        status = self.cleaned_data["status"]
        if status == Event.Status.CANCELLED and not self.may_be_cancelled:
            raise ValidationError(_("Save the event first; its page cancels it."))
        return status


class Planning:
    """What was typed about an event, looked at. `is_checked` shows what is wrong with it."""

    def __init__(self, typed: Typed, event: Event | None = None, *, is_checked: bool = False) -> None:
        self.typed = typed
        self.event = event
        self.is_checked = is_checked
        self.zone = typed.time_zone if is_zone(typed.time_zone) else default_zone()
        self.people = People(typed, event)

    @cached_property
    def event_form(self) -> EventForm:
        was_cancelled = self.event is not None and self.event.status == Event.Status.CANCELLED
        return EventForm(self.typed, may_be_cancelled=was_cancelled)

    @cached_property
    def forms(self) -> list[tuple[TypedSession, SessionForm]]:
        return [(one, SessionForm(one, self.zone)) for one in self.typed.rows]

    @cached_property
    def sessions(self) -> list[PlannedSession]:
        """The sessions of which date and times can be read, in order of time; half-typed ones are left out."""
        found = [self.planned(typed, form) for typed, form in self.forms if form.is_valid()]
        return sorted(found, key=lambda one: (one.starts_at, one.row))

    def planned(self, typed: TypedSession, form: SessionForm) -> PlannedSession:
        teachers = typed.instructors or self.typed.instructors
        known = frozenset(pk for pk in teachers if pk in self.people)
        return PlannedSession(typed, form.cleaned_data["starts_at"], form.cleaned_data["ends_at"], known)

    @property
    def status(self) -> str:
        return self.typed.status

    def is_valid(self) -> bool:
        return not self.all_errors

    @property
    def errors(self) -> dict[str, list[str]]:
        """The problems by the name of the field, if they are to be shown."""
        return self.all_errors if self.is_checked else {}

    @cached_property
    def all_errors(self) -> dict[str, list[str]]:
        found = {name: [str(one) for one in errors] for name, errors in self.event_form.errors.items()}
        for typed, form in self.forms:
            for name, errors in form.errors.items():
                found[f"sessions-{typed.row}-{name}"] = [str(one) for one in errors]
        if problem := self.of_sessions():
            found["sessions"] = [problem]
        return found | self.people.errors

    def of_sessions(self) -> str:
        """What is wrong with the number of sessions."""
        count = len(self.typed.rows)
        if count > MOST_SESSIONS:
            words = _("An event has at most %(most)d sessions; these are %(count)d. Make two events of it.")
            return words % {"most": MOST_SESSIONS, "count": count}
        if not count and self.status == Event.Status.CONFIRMED:
            return _("A confirmed event needs a session: without a date nobody can hold it. Add one, or save a draft.")
        return ""

    @property
    def problem_count(self) -> str:
        count = len(self.all_errors)
        words = ngettext(
            "%d value needs another look. Nothing is saved yet.",
            "%d values need another look. Nothing is saved yet.",
            count,
        )
        return words % count
