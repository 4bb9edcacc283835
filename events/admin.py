"""Events in Django's admin, until schedulers have pages of their own."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.forms.models import BaseInlineFormSet
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _

from events.localtime import SkippedTime, instant, wall_clock
from events.models import Event, Session
from instructors.zones import default_zone, is_zone


class WallClockField(forms.SplitDateTimeField):
    """A date and time as it stands on a wall; the form turns it into an instant, because it knows the zone."""

    widget = AdminSplitDateTime

    def compress(self, data_list: Any) -> datetime | None:
        if not data_list:
            return None
        day, time = data_list
        if day in self.empty_values or time in self.empty_values:
            raise forms.ValidationError(_("Enter a date and a time."))
        return datetime.combine(day, time)


class SessionForm(forms.ModelForm):
    """A session whose times are read in its event's time zone."""

    starts_at = WallClockField(label=_("Starts"))
    ends_at = WallClockField(label=_("Ends"))

    class Meta:
        model = Session
        fields = ["starts_at", "ends_at", "instructors"]

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.shown_in = self.instance.event.time_zone if self.instance.pk else zone
        if self.instance.pk:
            for name in ("starts_at", "ends_at"):
                self.initial[name] = wall_clock(getattr(self.instance, name), self.shown_in)

    def has_changed(self) -> bool:
        """In another zone, the same time on the wall is another instant."""
        return super().has_changed() or self.zone != self.shown_in

    def clean_starts_at(self) -> datetime | None:
        return self.as_instant(self.cleaned_data["starts_at"])

    def clean_ends_at(self) -> datetime | None:
        return self.as_instant(self.cleaned_data["ends_at"])

    def as_instant(self, local: datetime | None) -> datetime | None:
        if local is None or is_aware(local):
            return local
        try:
            return instant(local, self.zone)
        except SkippedTime:
            raise forms.ValidationError(
                _("The clock in %(zone)s jumps over this time on that day. Enter another one.") % {"zone": self.zone}
            ) from None


class SessionFormSet(BaseInlineFormSet):
    """The sessions of one event, in the zone that its own form was just filled in with."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """The zone of the event; where that is an error itself, one in which the times can be read all the same."""
        zone = self.instance.time_zone
        return {**super().get_form_kwargs(index), "zone": zone if is_zone(zone) else default_zone()}


class SessionInline(admin.StackedInline):
    model = Session
    form = SessionForm
    formset = SessionFormSet
    extra = 1
    autocomplete_fields = ["instructors"]


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    list_display = ["title", "status", "location", "time_zone"]
    list_filter = ["status"]
    search_fields = ["title", "location"]
    autocomplete_fields = ["instructors"]
    inlines = [SessionInline]
