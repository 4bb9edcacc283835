"""Search and filters of the events list."""

from datetime import UTC, date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import get_current_timezone, now
from django.utils.translation import gettext_lazy as _

from events.models import Event, Session
from events.planned.standing import standing
from events.planned.states import Kind
from instructors.models import Instructor

PERIODS = [("past", _("Dates: past")), ("all", _("Dates: all"))]
SYNC = [
    (Kind.IN_OUTLOOK.value, _("Sync: all in Outlook")),
    (Kind.WAITING.value, _("Sync: waiting")),
    (Kind.FAILED.value, _("Sync: failed")),
    (Kind.NOT_SYNCED.value, _("Sync: not synced")),
]
STATUSES = [
    (Event.Status.CONFIRMED.value, _("Status: confirmed")),
    (Event.Status.DRAFT.value, _("Status: draft")),
    (Event.Status.CANCELLED.value, _("Status: cancelled")),
]
DATES = ("since", "until")
YEARS = range(1971, 2999)
DAY = {"invalid": _("Write the date as 2026-11-24.")}


class DayField(forms.DateField):
    """A date in a year that every zone knows."""

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        if day and day.year not in YEARS:
            raise ValidationError(_("Choose a year from 1971 to 2998."))
        return day


class DayFilter(django_filters.DateFilter):
    field_class = DayField

    def __init__(self, label: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
        super().__init__(method="leave", label=label, widget=widget, error_messages=DAY)


class EventFilterForm(forms.Form):
    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))


LONGEST = 200  # characters of a search, as its field says: each word costs the database a look at everything


class EventFilter(django_filters.FilterSet):
    """Events by title, place or instructor, status, dates and sync state. Only upcoming ones unless dates are given."""

    q = django_filters.CharFilter(method="named", label=_("Search title, place or instructor"))
    status = django_filters.ChoiceFilter(choices=STATUSES, label=_("Status"), empty_label=_("Status: all"))
    sync = django_filters.ChoiceFilter(choices=SYNC, method="leave", label=_("Sync state"), empty_label=_("Sync: all"))
    period = django_filters.ChoiceFilter(
        choices=PERIODS, method="leave", label=_("Dates"), empty_label=_("Dates: upcoming")
    )
    since = DayFilter(_("From"))
    until = DayFilter(_("Until"))

    class Meta:
        model = Event
        fields = ["q", "status", "sync", "period", "since", "until"]
        form = EventFilterForm

    def filter_queryset(self, queryset: QuerySet[Event]) -> QuerySet[Event]:
        events = super().filter_queryset(queryset).filter(self.dated())
        which = self.asked.get("sync")
        return events.filter(pk__any=standing(which, events)) if which else events

    def named(self, events: QuerySet[Event], _name: str, value: str) -> QuerySet[Event]:
        for word in value[:LONGEST].split():
            people = Instructor.objects.filter(name__icontains=word).values("pk")
            of_event = Event.instructors.through.objects.filter(instructor__in=people).values("event")
            of_session = Session.instructors.through.objects.filter(instructor__in=people).values("session__event")
            is_written = Q(title__icontains=word) | Q(short_name__icontains=word) | Q(location__icontains=word)
            events = events.filter(is_written | Q(pk__in=of_event) | Q(pk__in=of_session))
        return events

    def leave(self, events: QuerySet[Event], _name: str, _value: str) -> QuerySet[Event]:
        """The dates and the sync state are looked at together; see `filter_queryset`."""
        return events

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, as far as it makes sense."""
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @property
    def stretch(self) -> str:
        """Which events the dates leave: upcoming, past, all or given."""
        if self.asked.get("period"):
            return str(self.asked["period"])
        return "given" if "since" in self.asked or "until" in self.asked else "upcoming"

    def dated(self) -> Q:
        """The events with a session in the dates that are asked for; events without any are yet to come."""
        wanted = Q()
        if "since" in self.asked:
            wanted &= Q(ends_at__gt=midnight(self.asked["since"]))
        if "until" in self.asked:
            wanted &= Q(starts_at__lt=midnight(self.asked["until"], after=True))
        sessions = Session.objects.filter(event=OuterRef("pk"))
        coming = Q(Exists(sessions.filter(ends_at__gt=now()))) | ~Q(Exists(sessions))
        is_in_period = {"upcoming": coming, "past": ~coming}.get(self.stretch, Q())
        return is_in_period & (Q(Exists(sessions.filter(wanted))) if wanted else Q())

    @property
    def problems(self) -> list[str]:
        """A sentence about each date that makes no sense."""
        labels = {name: self.form.fields[name].label for name in DATES}
        return [f"{labels[name]}: {errors[0]}" for name, errors in self.form.errors.items() if name in labels]

    @property
    def caption(self) -> str:
        """Which events these are, and in which order."""
        words = {
            "upcoming": _("Upcoming events, the next ones first."),
            "past": _("Past events, the latest ones first."),
            "all": _("Past and upcoming events, the latest ones first."),
        }
        return str(words.get(self.stretch, _("Events in the dates given.")))

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for at all."""
        return bool(self.asked)


def midnight(day: date, *, after: bool = False) -> datetime:
    """The moment at which `day` begins in the viewer's zone, or ends."""
    ordinal = day.toordinal() + after
    return datetime.combine(date.fromordinal(ordinal), time(), get_current_timezone()).astimezone(UTC)
