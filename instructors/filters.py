"""Search and filters of the Instructors tab."""

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from instructors.models import Instructor
from integrations.models import Integration

SHOW = [("everybody", _("Show: everybody")), ("inactive", _("Show: inactive"))]
SYNC = [("on", _("Sync: enabled")), ("off", _("Sync: disabled"))]
WHO = {"": Q(mappings__isnull=False), "everybody": Q(), "inactive": Q(is_active=False)}
LONGEST = 200  # characters of a search, as its field says


class InstructorFilter(django_filters.FilterSet):
    """Instructors, once for each of their calendars, by name or address, integration, sync and problems.

    Those without a calendar are left out unless everybody or the inactive ones are asked for.
    """

    q = django_filters.CharFilter(
        label=_("Search name or email"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    show = django_filters.ChoiceFilter(choices=SHOW, label=_("Show"), empty_label=_("Show: matched"))
    integration = django_filters.ModelChoiceFilter(
        queryset=Integration.objects.all(), label=_("Integration"), empty_label=_("Integration: all")
    )
    sync = django_filters.ChoiceFilter(choices=SYNC, label=_("Sync"), empty_label=_("Sync: all"))
    problems = django_filters.BooleanFilter(
        label=_("Only problems"), widget=forms.CheckboxInput(attrs={"value": "true"})
    )

    class Meta:
        model = Instructor
        fields = ["q", "show", "integration", "sync", "problems"]

    def filter_queryset(self, queryset: QuerySet[Instructor]) -> QuerySet[Instructor]:
        """All conditions at once, so that they speak of one and the same calendar."""
        return queryset.filter(self.wanted)

    @property
    def wanted(self) -> Q:
        given = self.form.cleaned_data
        wanted = WHO[given.get("show") or ""]
        for word in given.get("q", "")[:LONGEST].split():
            wanted &= Q(name__icontains=word) | Q(email__icontains=word)
        if given.get("integration"):
            wanted &= Q(mappings__integration=given["integration"])
        if given.get("sync"):
            wanted &= Q(mappings__sync_enabled=given["sync"] == "on")
        if given.get("problems"):
            wanted &= Q(mappings__problem__gt="")
        return wanted

    @property
    def leaves_out(self) -> bool:
        """Whether those without a calendar are left out by the choice of whom to show."""
        return not (self.form.is_valid() and self.form.cleaned_data["show"])
