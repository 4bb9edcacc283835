"""Whom the availability calendar shows: what is asked for, and the page of instructors that it gives."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet, Window
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import get_current_timezone, is_naive, make_aware
from django.utils.translation import gettext_lazy as _

from events import board
from instructors.models import Instructor

PAGE = 50
LONGEST = timedelta(days=62)
YEARS = range(1971, 2999)


class MomentField(forms.CharField):
    """A date or a moment in ISO form; what names no zone is meant in the viewer's."""

    def clean(self, value: str) -> datetime | None:
        text = super().clean(value).replace(" ", "+")  # a plus sign that nobody encoded
        if not text:
            return None
        try:
            moment = parse_datetime(text) or midnight(parse_date(text))
        except ValueError:
            moment = None
        if moment is None or moment.year not in YEARS:
            raise ValidationError(_("Write the date as 2026-11-24."))
        return make_aware(moment, get_current_timezone()) if is_naive(moment) else moment


def midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time()) if day else None


class CalendarQuery(forms.Form):
    """What somebody wants to see of the calendar: a span of time, and which instructors."""

    start = MomentField(max_length=40)
    end = MomentField(max_length=40)
    q = forms.CharField(required=False, max_length=200)
    conflicts = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    size = forms.IntegerField(required=False, min_value=1, max_value=200)

    def clean(self) -> None:
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start and end and not start < end:
            raise ValidationError(_("The calendar ends after it starts."))
        if start and end and end - start > LONGEST:
            raise ValidationError(_("The calendar shows at most 62 days at once."))

    @property
    def problem(self) -> str:
        """The first sentence about what is wrong with this query."""
        return next((str(errors[0]) for errors in self.errors.values()), "")


@dataclass(frozen=True)
class Roster:
    """One page of the instructors that fit a search."""

    people: QuerySet[Instructor]
    number: int = 1
    size: int = PAGE

    @cached_property
    def instructors(self) -> list[Instructor]:
        """Those on this page; beyond the last page, those on the last."""
        found = self.slice(self.number)
        if not found and self.number > 1 and (count := self.people.count()):
            return self.slice(-(-count // self.size))
        return found

    def slice(self, number: int) -> list[Instructor]:
        counted = self.people.annotate(total=Window(Count("pk")))
        return list(counted[(number - 1) * self.size : number * self.size])

    @property
    def count(self) -> int:
        """How many fit the search in all."""
        return self.instructors[0].total if self.instructors else 0  # type: ignore[attr-defined]

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // self.size))

    @property
    def page(self) -> int:
        return min(self.number, self.pages)


def roster(query: CalendarQuery) -> Roster:
    """The page of active instructors that a valid `query` asks for."""
    wanted = query.cleaned_data
    people = named(Instructor.objects.filter(is_active=True), wanted["q"])
    if wanted["conflicts"]:
        people = people.filter(pk__any=conflicted(people, wanted["start"], wanted["end"]))
    return Roster(people, wanted["page"] or 1, wanted["size"] or PAGE)


def named(people: QuerySet[Instructor], text: str) -> QuerySet[Instructor]:
    """Those whose name or address has every word of `text`."""
    for word in text.split():
        people = people.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return people


def conflicted(people: QuerySet[Instructor], start: datetime, end: datetime) -> list[int]:
    """The primary keys of those who have a conflict in [start, end)."""
    zones = dict(people.order_by().values_list("pk", "time_zone"))
    return board.with_conflicts(zones, start, end)
