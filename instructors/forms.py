"""The forms of the Instructors tab: an instructor, and the end of the sync of one calendar."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from instructors.models import Instructor

SUPERSEDED = ("Etc/", "SystemV/", "US/", "posix/", "right/")


def zone_choices(present: str) -> list[tuple[str, str]]:
    """The zones that a person may choose from, `present` among them."""
    usual = {name for name in available_timezones() if "/" in name and not name.startswith(SUPERSEDED)}
    return [(name, name.replace("_", " ")) for name in sorted(usual | {"UTC", present})]


class InstructorForm(forms.ModelForm):
    """Name, address and time zone; an address belongs to one instructor, in any letter case."""

    class Meta:
        model = Instructor
        fields = ["name", "email", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["time_zone"]
        choices = zone_choices(self.instance.time_zone)
        self.fields["time_zone"] = forms.ChoiceField(label=zone.label, choices=choices, initial=zone.initial)
        for name, field in self.fields.items():
            css = "form-select" if name == "time_zone" else "form-control"
            field.widget.attrs |= {"class": css, "aria-describedby": f"hint_{name} error_{name}"}
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["email"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip()
        if owner := Instructor.objects.exclude(pk=self.instance.pk).filter(email__iexact=email).first():
            raise ValidationError(whose(owner))
        return email

    def saved(self) -> bool:
        """Save what was changed; False where somebody else took the address at the same moment."""
        is_new = self.instance.pk is None
        try:
            with transaction.atomic():
                self.instance.save(update_fields=None if is_new else self.changed_data)
        except IntegrityError:
            self.add_error("email", _("Another instructor has this email address."))
        return not self.errors


def whose(owner: Instructor) -> str:
    """The sentence about an address that `owner` has."""
    if owner.is_active:
        return _("%(name)s has this address. An address belongs to one instructor.") % {"name": owner}
    return _("%(name)s, who is inactive, has this address. Activate %(name)s instead.") % {"name": owner}


class StopForm(forms.Form):
    """What becomes of the items that stand in the instructor's Outlook."""

    copies = forms.ChoiceField(
        label=gettext_lazy("What stands in Outlook"),
        choices=[
            ("keep", gettext_lazy("Leave our items in Outlook as they are")),
            ("remove", gettext_lazy("Also remove our items from Outlook")),
        ],
        initial="keep",
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    @property
    def removes_copies(self) -> bool:
        return self.cleaned_data["copies"] == "remove"
