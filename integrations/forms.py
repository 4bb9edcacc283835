"""The forms of an integration. Nothing is saved until all checks of its connection have passed."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.connection import check, resolve_tenant
from integrations.models import Integration
from integrations.providers.errors import ProviderError
from integrations.providers.types import Check
from integrations.setup import create
from integrations.signals import privacy_changed
from integrations.switching import wake

CREDENTIALS = ("client_id", "client_secret", "user_id")
TENANT_TAKEN = gettext_lazy("This tenant has an integration already. Edit that one instead.")
SEE_RESULT = gettext_lazy("This value did not pass. See the test result.")


class ConnectionForm(forms.ModelForm):
    """A form whose values are tried at Microsoft before they are saved."""

    checks: Sequence[Check] = ()

    client_secret = forms.CharField(
        label=gettext_lazy("Client Secret"),
        max_length=1000,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "class": "font-monospace"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            is_select = isinstance(field.widget, forms.Select)
            css = "form-select" if is_select else f"form-control {field.widget.attrs.get('class', '')}"
            field.widget.attrs |= {"class": css.strip(), "aria-describedby": f"hint_{name} error_{name}"}
        for name in ("tenant_id", "client_id", "user_id"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
            self.fields[name].widget.attrs["class"] += " font-monospace"

    def clean_name(self) -> str:
        name = cast("str", self.cleaned_data["name"])
        if self.others().filter(name__iexact=name).exists():
            raise ValidationError(_("An integration has this name."))
        return name

    def clean_user_id(self) -> str:
        user_id = cast("str", self.cleaned_data["user_id"])
        if not user_id.strip("."):  # as a part of an address it would lead elsewhere
            raise ValidationError(_("Enter the Object ID or the sign-in name of an account with a mailbox."))
        return user_id

    def others(self) -> Any:
        return Integration.objects.exclude(pk=self.instance.pk)

    def has_passed(self) -> bool:
        """Whether the values are valid and pass every check. Talks to Microsoft; failures become field errors."""
        if not self.is_valid():
            return False
        self.checks = check(self.instance)
        for one in self.checks:
            if one.passed is False and one.field in self.fields:
                self.add_error(one.field, SEE_RESULT)
        return all(one.passed for one in self.checks)


class NewIntegrationForm(ConnectionForm):
    class Meta:
        model = Integration
        fields = ["name", "kind", "tenant_id", "client_id", "client_secret", "user_id", "cloud"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("kind", "cloud"):  # left out or empty, they are what the model's default says
            self.fields[name].required = False

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Integration.Kind.MICROSOFT

    def clean_cloud(self) -> str:
        return self.cleaned_data["cloud"] or Integration.Cloud.GLOBAL

    def clean_tenant_id(self) -> str:
        tenant = cast("str", self.cleaned_data["tenant_id"])
        if self.others().filter(tenant_id__iexact=tenant).exists():
            raise ValidationError(TENANT_TAKEN)
        return tenant

    def saved(self) -> bool:
        """Save the integration that has passed, under its tenant's GUID; False where that tenant has one already."""
        try:
            self.instance.tenant_id = resolve_tenant(self.instance)
            with transaction.atomic():
                create(self.instance)
        except IntegrityError:
            self.add_error("tenant_id", TENANT_TAKEN)
        except ProviderError as error:
            self.add_error("tenant_id", str(error))
        return not self.errors


class EditIntegrationForm(ConnectionForm):
    class Meta:
        model = Integration
        fields = [
            "name", "tenant_id", "client_id", "client_secret", "secret_expires_on", "user_id", "privacy", "drift",
        ]  # fmt: skip
        widgets = {"secret_expires_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_secret = self.instance.client_secret
        self.initial["client_secret"] = ""  # an empty field is no change
        self.fields["tenant_id"].disabled = True  # another tenant is another integration
        self.fields["client_secret"].required = False
        self.fields["client_secret"].label = _("New Client Secret")

    def clean_client_secret(self) -> str:
        return self.cleaned_data["client_secret"] or self.stored_secret

    @property
    def touches_connection(self) -> bool:
        """Whether something changed that the connection test is about."""
        return any(name in self.changed_data for name in CREDENTIALS)

    def may_be_saved(self) -> bool:
        return self.has_passed() if self.touches_connection else self.is_valid()

    @transaction.atomic
    def save(self, commit: bool = True) -> Integration:
        """Write what changed, and tell the floors above what that means for them."""
        self.instance.save(update_fields=self.changed_data)
        if "privacy" in self.changed_data:
            privacy_changed.send(Integration, integration=self.instance)
        if self.touches_connection:
            wake(self.instance)
        return self.instance
