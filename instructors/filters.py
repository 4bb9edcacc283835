"""Search and filters of the Instructors tab."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from instructors.models import CalendarMapping
from integrations.models import Integration

SYNC = [("on", _("Sync: enabled")), ("off", _("Sync: disabled"))]


class CalendarMappingFilter(django_filters.FilterSet):
    """Calendars by name or address, integration, sync and problems."""

    q = django_filters.CharFilter(
        method="named",
        label=_("Search name or email"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    integration = django_filters.ModelChoiceFilter(
        queryset=Integration.objects.all(), label=_("Integration"), empty_label=_("Integration: all")
    )
    sync = django_filters.ChoiceFilter(choices=SYNC, method="switched", label=_("Sync"), empty_label=_("Sync: all"))
    problems = django_filters.BooleanFilter(
        method="failing", label=_("Only problems"), widget=forms.CheckboxInput(attrs={"value": "true"})
    )

    class Meta:
        model = CalendarMapping
        fields = ["q", "integration", "sync", "problems"]

    def named(self, rows: QuerySet[CalendarMapping], _name: str, value: str) -> QuerySet[CalendarMapping]:
        for word in value.split():
            rows = rows.filter(Q(instructor__name__icontains=word) | Q(instructor__email__icontains=word))
        return rows

    def switched(self, rows: QuerySet[CalendarMapping], _name: str, value: str) -> QuerySet[CalendarMapping]:
        return rows.filter(sync_enabled=value == "on")

    def failing(self, rows: QuerySet[CalendarMapping], _name: str, value: bool) -> QuerySet[CalendarMapping]:
        return rows.exclude(problem="") if value else rows

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked for at all."""
        cleaned: dict[str, Any] = self.form.cleaned_data if self.form.is_valid() else {}
        return any(cleaned.values())
