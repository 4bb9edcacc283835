"""The forms of one's own profile, of other people's accounts, and of the first run."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import FirstRun, Profile
from accounts.roles import ROLES, is_last_administrator, roles_to_give
from integrations.zones import validate_zone, zone_named, zone_names

LAST_ADMINISTRATOR = gettext_lazy(
    "This is the only account that can administer calsync. Make another one an administrator first."
)
NAME_IS_TAKEN = gettext_lazy("Another account has this user name.")
LABELS = {
    "password2": gettext_lazy("Same password again"),
    "old_password": gettext_lazy("Present password"),
    "new_password2": gettext_lazy("Same password again"),
}


class Looks:
    """Gives a form's fields the look of all others."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
                field.widget.attrs |= {"class": "form-check-input"}
                continue
            css = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs |= {"class": css, "aria-describedby": f"hint_{name} error_{name}"}
            field.widget.attrs.pop("autofocus", None)
            field.label = LABELS.get(name, field.label)


class PersonForm(Looks, forms.ModelForm):
    """Name and address of a person, the name as one value."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"}))

    class Meta:
        model = User
        fields = ["email"]
        labels = {"email": gettext_lazy("Email")}
        widgets = {"email": forms.EmailInput({"autocomplete": "email"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["name"] = self.instance.get_full_name()

    def clean_name(self) -> str:
        """The name with single blanks; its last word is kept as the last name, by which lists are sorted."""
        words = cast("str", self.cleaned_data["name"]).split()
        self.instance.first_name, self.instance.last_name = " ".join(words[:-1]), words[-1]
        return " ".join(words)

    def save(self, commit: bool = True) -> User:
        """The person, of whom only this form's values are saved: a deactivation or password of this moment stays."""
        is_new = self.instance.pk is None
        user = super().save(commit and is_new)
        if commit and not is_new:
            user.save(update_fields=["first_name", "last_name", *self.Meta.fields])
        return user


class ProfileForm(PersonForm):
    """One's own name, address, time zone, language and theme."""

    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        widget=forms.TextInput({"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=lambda: settings.LANGUAGES)
    theme = Profile._meta.get_field("theme").formfield(widget=forms.RadioSelect)

    def __init__(self, *args: Any, profile: Profile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.profile = profile
        self.initial.update({name: getattr(profile, name) for name in ("time_zone", "language", "theme")})

    @staticmethod
    def zones() -> list[str]:
        return zone_names()

    def clean_time_zone(self) -> str:
        """The zone of which the name, or the city alone, was typed."""
        zone = zone_named(self.cleaned_data["time_zone"]) or self.cleaned_data["time_zone"]
        validate_zone(zone)
        return zone

    def save(self, commit: bool = True) -> User:
        """The user, saved together with the profile."""
        user = super().save(commit)
        values = {name: self.cleaned_data[name] for name in ("time_zone", "language", "theme")}
        Profile.objects.update_or_create(user=user, defaults=values)
        return user


class RolesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Group) -> str:
        return str(ROLES[obj.name])


class AccountForm(PersonForm):
    """Somebody's account, as an administrator edits it. Groups that are no roles stay as they are."""

    roles = RolesField(
        label=gettext_lazy("Roles"), queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta(PersonForm.Meta):
        fields = ["username", "email"]
        labels = {**PersonForm.Meta.labels, "username": gettext_lazy("User name")}
        help_texts = {"username": ""}

    field_order = ["name", "username", "email", "roles"]

    def __init__(self, *args: Any, editor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = cast("RolesField", self.fields["roles"])
        roles.queryset = roles_to_give(editor).order_by("name")
        if self.instance.pk:
            self.initial["roles"] = self.instance.groups.filter(name__in=ROLES)
        self.fields["username"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

    def clean_username(self) -> str:
        name = cast("str", self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(NAME_IS_TAKEN)
        return name

    def clean_roles(self) -> Any:
        """The roles chosen; an account that belongs to no group at all could open nothing."""
        roles = self.cleaned_data["roles"]
        others = self.instance.groups.exclude(name__in=ROLES).exists() if self.instance.pk else False
        if not roles and not others and not self.instance.is_superuser:
            raise ValidationError(gettext_lazy("Choose at least one role: without one, nothing can be opened."))
        return roles

    def save(self, commit: bool = True) -> User:
        """Save within a transaction; a ValidationError where nobody would be left to administer, to be rolled back."""
        user = super().save(commit)
        was_last = is_last_administrator(user)
        user.groups.remove(*self.fields["roles"].queryset)  # type: ignore[attr-defined]
        user.groups.add(*self.cleaned_data["roles"])
        if was_last and not is_last_administrator(user):
            raise ValidationError(LAST_ADMINISTRATOR)
        return user


class NewAccountForm(AccountForm, BaseUserCreationForm):
    """A new account, with its first password."""

    class Meta(AccountForm.Meta):
        pass

    field_order = [*AccountForm.field_order, "password1", "password2"]


class NewPasswordForm(Looks, SetPasswordForm):
    """Another password for an account, of which nothing else is saved."""

    def save(self, commit: bool = True) -> User:
        user = super().save(commit=False)
        if commit:
            user.save(update_fields=["password"])
        return user


class OwnPasswordForm(NewPasswordForm, PasswordChangeForm):
    """The same for oneself, after the present password."""


class SetUpForm(PersonForm, BaseUserCreationForm):
    """The first account, for whoever knows the token."""

    token = forms.CharField(
        label=gettext_lazy("Set-up token"),
        max_length=64,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    class Meta(AccountForm.Meta):
        pass

    field_order = ["token", "name", "username", "email", "password1", "password2"]

    def clean_token(self) -> str:
        if not FirstRun.current().accepts(self.cleaned_data["token"]):
            if FirstRun.current().is_pausing:
                raise ValidationError(_("The token was wrong too often. Try again in 15 minutes."))
            raise ValidationError(_("This is not the token. The newest line in the log of the web process has it."))
        return ""
