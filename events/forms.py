"""The form that deletes an integration."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DeleteIntegrationForm(forms.Form):
    """What becomes of our copies in Outlook."""

    copies = forms.ChoiceField(
        label=_("Our copies in Outlook"),
        choices=[
            ("remove", _("Also remove our copies from Outlook")),
            ("keep", _("Leave them")),
        ],
        initial="remove",
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    @property
    def keeps_copies(self) -> bool:
        return self.cleaned_data["copies"] == "keep"
