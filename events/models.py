"""What is planned, what of it stands in Outlook, and what else stands there."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from instructors.models import CalendarMapping, Instructor
from integrations.zones import default_zone, validate_zone

EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)  # every zone can show them


class PlannedModel(models.Model):
    """A model whose save and delete are one transaction with what their signals write."""

    class Meta:
        abstract = True

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        return super().delete(*args, **kwargs)


class Event(PlannedModel):
    """A course that is planned; its dates are its sessions."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CONFIRMED = "confirmed", _("Confirmed")
        CANCELLED = "cancelled", _("Cancelled")

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=20, blank=True)
    location = models.CharField(_("location"), max_length=200, blank=True)
    description = models.TextField(_("description"), blank=True, max_length=10_000)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CONFIRMED)
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_zone, validators=[validate_zone])
    instructors = models.ManyToManyField(Instructor, related_name="events", blank=True, verbose_name=_("instructors"))

    class Meta:
        ordering = ["-pk"]
        permissions = [("view_calendar", _("Can view the availability calendar"))]

    def __str__(self) -> str:
        return self.title


class Session(PlannedModel):
    """One start and end of an event, half-open. Its own instructors, if any, replace the event's."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("event"))
    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    instructors = models.ManyToManyField(
        Instructor, related_name="sessions", blank=True, verbose_name=_("instructors of this session only")
    )

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")),
                name="session_starts_before_it_ends",
                violation_error_message=_("A session ends after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(starts_at__gte=EARLIEST, ends_at__lte=LATEST),
                name="session_within_the_calendar",
                violation_error_message=_("A session lies between the years 1000 and 9000."),
            ),
        ]
        indexes = [models.Index("ends_at", name="session_ends_at")]

    def __str__(self) -> str:
        return f"{self.event}, {self.starts_at:%Y-%m-%d %H:%M} UTC"

    def clean(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("A session ends after it starts.")})


class SyncedEventQuerySet(models.QuerySet["SyncedEvent"]):
    def in_outlook(self) -> "SyncedEventQuerySet":
        """Copies that stand in a calendar as far as we know."""
        return self.exclude(remote_id="")


class SyncedEvent(models.Model):
    """Our copy of a session in one mailbox: what we sent, and under which remote id. It outlives its session.

    No `remote_id` is an intent: the copy was asked for and no answer is recorded. `fingerprint` is of the entry
    that was sent, `receipt_fingerprint` of what the calendar answered.
    """

    class Observed(models.TextChoices):
        UNTOUCHED = "", _("as we left it")
        CHANGED = "changed", _("changed in Outlook")
        GONE = "gone", _("deleted in Outlook")

    mapping = models.ForeignKey(CalendarMapping, on_delete=models.PROTECT, related_name="copies")
    session_uid = models.UUIDField()
    generation = models.PositiveIntegerField(default=0)
    key = models.UUIDField()
    remote_id = models.TextField(blank=True)
    etag = models.TextField(blank=True)
    ends_at = models.DateTimeField()
    intended_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    receipt_fingerprint = models.CharField(max_length=64, blank=True)
    observed = models.CharField(max_length=10, choices=Observed, default=Observed.UNTOUCHED, blank=True)
    restored_on = models.DateField(null=True)
    restores = models.PositiveSmallIntegerField(default=0)
    released_at = models.DateTimeField(null=True)
    rejected_fingerprint = models.CharField(max_length=64, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    seen_round = models.PositiveIntegerField(default=0)

    objects = SyncedEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("mapping", "session_uid", name="copy_once"),
            models.UniqueConstraint("mapping", "remote_id", condition=~Q(remote_id=""), name="copy_remote_id_once"),
        ]
        indexes = [models.Index("session_uid", name="copy_session")]

    def __str__(self) -> str:
        return f"{self.session_uid} in {self.mapping_id}"


class ExternalEvent(models.Model):
    """Somebody else's item, mirrored from a mailbox.

    All-day items hold the UTC midnights of their dates. `title` is empty unless the integration's privacy allows
    titles, and always for private items. `found_at` is when calsync first saw the item.
    """

    mapping = models.ForeignKey(CalendarMapping, on_delete=models.CASCADE, related_name="external_events")
    remote_id = models.CharField(max_length=512)
    series_id = models.CharField(max_length=512, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_all_day = models.BooleanField(default=False)
    show_as = models.CharField(max_length=20)
    is_private = models.BooleanField(default=False)
    title = models.CharField(max_length=255, blank=True)
    etag = models.CharField(max_length=255, blank=True)
    seen_round = models.PositiveIntegerField(default=0)
    found_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint("mapping", "remote_id", name="external_once")]
        indexes = [
            models.Index("mapping", "starts_at", "ends_at", name="external_span"),
            models.Index("mapping", "series_id", name="external_series", condition=~Q(series_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.show_as}, {self.starts_at:%Y-%m-%d %H:%M} UTC"
