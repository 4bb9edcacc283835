"""The form that stops the sync of one calendar."""

from django import forms
from django.utils.translation import gettext_lazy as _


class StopForm(forms.Form):
    """What becomes of the items that stand in the instructor's Outlook."""

    copies = forms.ChoiceField(
        label=_("What stands in Outlook"),
        choices=[
            ("keep", _("Leave our items in Outlook as they are")),
            ("remove", _("Also remove our items from Outlook")),
        ],
        initial="keep",
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    @property
    def removes_copies(self) -> bool:
        return self.cleaned_data["copies"] == "remove"
