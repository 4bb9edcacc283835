"""Connections to other people's calendars."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedTextField


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def working(self) -> "IntegrationQuerySet":
        """Those whose calendars are to be synced now: active or closing, and not resting after a failure."""
        alive = models.Q(status=Integration.Status.ACTIVE) | models.Q(closing_at__isnull=False)
        return self.filter(alive).awake()

    def awake(self) -> "IntegrationQuerySet":
        return self.filter(models.Q(retry_at__isnull=True) | models.Q(retry_at__lte=now()))


class Integration(models.Model):
    """One organisation's connection."""

    class Kind(models.TextChoices):
        MICROSOFT = "microsoft", _("Microsoft 365")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")

    class Cloud(models.TextChoices):
        GLOBAL = "global", _("Worldwide")
        US_GOV_HIGH = "usgov", _("US Government (GCC High)")
        US_GOV_DOD = "dod", _("US Government (DoD)")
        CHINA = "china", _("China (21Vianet)")

    class Privacy(models.TextChoices):
        FREE_BUSY = "free_busy", _("Free/busy only")
        TITLES = "titles", _("Titles, except of private items")

    class Drift(models.TextChoices):
        RESTORE = "restore", _("Put it right in Outlook")
        FLAG = "flag", _("Leave it and show it here")

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("type"), max_length=20, choices=Kind, default=Kind.MICROSOFT)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    cloud = models.CharField(_("cloud"), max_length=10, choices=Cloud, default=Cloud.GLOBAL)
    user_id = models.CharField(_("User ID"), max_length=200)
    tenant_id = models.CharField(_("Tenant ID"), max_length=253, help_text=_("Its GUID; a domain is resolved to it."))
    client_id = models.CharField(_("Client ID"), max_length=36)
    client_secret = EncryptedTextField(_("Client Secret"))
    secret_expires_on = models.DateField(_("secret expires on"), null=True, blank=True)
    privacy = models.CharField(_("privacy"), max_length=10, choices=Privacy, default=Privacy.FREE_BUSY)
    drift = models.CharField(
        _("when an instructor edits our item"), max_length=10, choices=Drift, default=Drift.RESTORE
    )
    closing_at = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.TextField(blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="integration_name_once", violation_error_message=_("An integration has this name.")
            ),
            models.UniqueConstraint(
                "kind",
                Lower("tenant_id"),
                name="integration_tenant_once",
                violation_error_message=_("This tenant has an integration already. Edit that one instead."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("integrations:edit", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def is_closing(self) -> bool:
        return self.closing_at is not None

    @property
    def shows_titles(self) -> bool:
        return self.privacy == self.Privacy.TITLES

    def rest(self, problem: str, *, seconds: float) -> None:
        """Leave Microsoft alone for `seconds`, and say on the page why where `problem` is not empty."""
        self._note(
            problem=problem, retry_at=now() + timedelta(seconds=seconds), failing_since=self.failing_since or now()
        )

    def recover(self) -> None:
        """Forget a problem that is over."""
        if self.problem or self.retry_at or self.failing_since:
            self._note(problem="", retry_at=None, failing_since=None)

    def _note(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        Integration.objects.filter(pk=self.pk).update(**values)
