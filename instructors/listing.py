"""What the Instructors tab shows: rows with their state in words, and who is not matched."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration


@dataclass(frozen=True)
class State:
    """A badge: its colour (good, bad, warn, off, info), its icon and its word."""

    tone: str
    icon: str
    word: str


def integration_state(integration: Integration) -> State:
    """The badge of an integration."""
    if integration.is_closing:
        return State("bad", "trash", _("Deleting"))
    if not integration.is_active:
        return State("off", "player-pause", _("Inactive"))
    if integration.problem:
        return State("bad", "alert-triangle", _("Active, failing"))
    return State("good", "circle-check", _("Active"))


@dataclass(frozen=True)
class Row:
    """One calendar in the table."""

    mapping: CalendarMapping

    @property
    def sync(self) -> State:
        if not self.mapping.sync_enabled:
            return State("off", "player-pause", _("Disabled"))
        if self.mapping.problem:
            return State("bad", "alert-triangle", _("Enabled, failing"))
        if self.is_waiting:
            return State("info", "loader-2", _("Enabled, first sync"))
        return State("good", "circle-check", _("Enabled"))

    @property
    def integration(self) -> State:
        return integration_state(self.mapping.integration)

    @property
    def is_waiting(self) -> bool:
        """Whether the first sync is still to come, with nothing in its way."""
        mapping = self.mapping
        is_on = mapping.integration.is_active and mapping.instructor.is_active and not mapping.leaving_at
        return mapping.synced_at is None and is_on

    @property
    def note(self) -> str:
        """The one sentence below the row; empty where there is nothing to say."""
        mapping = self.mapping
        if mapping.leaving_at:
            return _("No longer this instructor's mailbox. What stands in Outlook is being removed.")
        if mapping.removes_copies:
            return _("Stopped. What stands in Outlook is being removed. Availability unknown.")
        if not mapping.sync_enabled:
            return _("Not synced, availability unknown.")
        if not mapping.instructor.is_active:
            return _("The instructor is inactive; nothing is planned or read.")
        if not mapping.integration.is_active:
            return _("The integration is inactive; nothing is pushed or pulled.")
        return mapping.problem

    @property
    def has_failed(self) -> bool:
        return bool(self.mapping.problem) and self.mapping.sync_enabled

    @property
    def may_switch(self) -> bool:
        """Whether a person may stop or start it: not while it is being cleaned for good."""
        return not self.mapping.leaving_at and not self.mapping.integration.is_closing

    @property
    def may_sync(self) -> bool:
        return self.mapping.sync_enabled and self.mapping.integration.is_active and self.may_switch


def not_matched() -> QuerySet[Unmatched]:
    """Why each active instructor without a mailbox in any integration has none, for each integration."""
    paired = CalendarMapping.objects.values("instructor")
    found = Unmatched.objects.filter(instructor__is_active=True).exclude(instructor__in=paired)
    return found.select_related("instructor", "integration")


def count_not_matched() -> int:
    """How many instructors that are."""
    return not_matched().values("instructor").distinct().order_by().count()


def has_instructors() -> bool:
    return Instructor.objects.exists()
