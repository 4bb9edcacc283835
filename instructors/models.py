"""Who teaches, and which mailbox is theirs."""

from typing import Any

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from instructors.claims import CalendarMappingQuerySet
from integrations.models import Integration
from integrations.zones import default_zone, validate_zone


class Instructor(models.Model):
    """A person who teaches."""

    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("email"), max_length=254)
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_zone, validators=[validate_zone])
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="instructor_email_once",
                violation_error_message=_("Another instructor has this email address."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.email = self.email.strip()


class CalendarMapping(models.Model):
    """An instructor's mailbox in one integration, and how far its sync has come.

    `cursor` is where the next delta round starts; empty while a full round is on its way, which keeps its own
    place in `next_cursor` and `census_link`. `round_pages` and `census_pages` say how long the way there was, as
    events.sync.guard counts it. Times are UTC.
    """

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="mappings")
    instructor = models.ForeignKey(Instructor, on_delete=models.PROTECT, related_name="mappings")
    remote_user_id = models.CharField(_("directory object id"), max_length=200)
    address = models.EmailField(_("address it was matched on"), max_length=254)
    sync_enabled = models.BooleanField(_("sync"), default=True)
    removes_copies = models.BooleanField(default=False, help_text=_("Stopped, and what stands in Outlook goes."))
    leaving_at = models.DateTimeField(null=True, help_text=_("Since when this is no longer the instructor's mailbox."))

    cursor = models.TextField(blank=True)
    round_pages = models.PositiveIntegerField(default=0, help_text=_("Pages of a round that is not finished."))
    next_cursor = models.TextField(blank=True)
    census_link = models.TextField(blank=True)
    census_pages = models.PositiveIntegerField(default=0, help_text=_("Pages of a full round that is not finished."))
    census_readings = models.PositiveSmallIntegerField(default=0, help_text=_("How often this census was repeated."))
    census_at = models.DateTimeField(null=True)
    census_round = models.PositiveIntegerField(default=0)
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)

    requested_at = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(_("last sync"), null=True)
    problem = models.TextField(blank=True)
    unreadable = models.PositiveIntegerField(default=0, help_text=_("Items that could not be understood."))
    unread = models.TextField(blank=True, help_text=_("Items that could not be asked for, to be asked for again."))
    lapses = models.PositiveSmallIntegerField(default=0, help_text=_("Workers that ended without a word, in a row."))

    objects = CalendarMappingQuerySet.as_manager()

    class Meta:
        ordering = ["instructor__name", "pk"]
        constraints = [
            models.UniqueConstraint("integration", "remote_user_id", name="mapping_mailbox_once"),
            models.UniqueConstraint("integration", "instructor", name="mapping_instructor_once"),
        ]
        indexes = [models.Index("integration", "synced_at", name="mapping_due")]

    def __str__(self) -> str:
        return f"{self.instructor} <{self.address}>"

    @property
    def is_pushed_to(self) -> bool:
        """Whether sessions are wanted in this calendar at all."""
        return (
            self.sync_enabled and not self.leaving_at and self.instructor.is_active and not self.integration.is_closing
        )

    def stop(self, *, remove_copies: bool = False) -> None:
        """Sync this calendar no more; keep or remove what stands in Outlook."""
        from instructors.switching import stop

        stop(self, remove_copies=remove_copies)

    def start(self) -> None:
        """Sync this calendar again, beginning with a first sync."""
        from instructors.switching import start

        start(self)


class Unmatched(models.Model):
    """An instructor whom discovery could not pair with a mailbox, and why."""

    class Cause(models.TextChoices):
        NOT_FOUND = "not_found", _("No such address in the directory.")
        ALIAS = "alias", _("The address is an alias of another address.")
        AMBIGUOUS = "ambiguous", _("Several people have this address.")
        GUEST = "guest", _("A guest account. Guests have no mailbox that calsync can read.")
        TAKEN = "taken", _("Another instructor is paired with this mailbox.")
        REFUSED = "refused", _("The app may not look people up.")

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="unmatched")
    instructor = models.ForeignKey(Instructor, on_delete=models.CASCADE, related_name="unmatched")
    cause = models.CharField(max_length=20, choices=Cause)
    detail = models.CharField(max_length=500, blank=True)
    suggestion = models.EmailField(max_length=254, blank=True, help_text=_("The address that would pair."))
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["instructor__name", "pk"]
        verbose_name_plural = "unmatched"
        constraints = [models.UniqueConstraint("integration", "instructor", name="unmatched_instructor_once")]

    def __str__(self) -> str:
        return f"{self.instructor}: {self.reason}"

    @property
    def reason(self) -> str:
        """One sentence: why there is no mailbox."""
        return self.detail or str(self.Cause(self.cause).label)
