"""What the Instructors tab shows: rows with their state in words, and who is not matched."""

from collections.abc import Collection, Iterable
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
    """One line of the table: an instructor with one of the calendars, or without any."""

    instructor: Instructor
    mapping: CalendarMapping | None = None
    is_looked_up: bool = False  # without a calendar, and the directory has not answered yet

    @property
    def key(self) -> str:
        """What no other row has."""
        return f"{self.instructor.pk}-{self.mapping.pk if self.mapping else 0}"

    @property
    def sync(self) -> State:
        return calendar_state(self.mapping) if self.mapping else self.unpaired

    @property
    def unpaired(self) -> State:
        """The badge of an instructor without a calendar."""
        if not self.instructor.is_active:
            return State("off", "player-pause", _("Inactive"))
        if self.is_looked_up:
            return State("info", "loader-2", _("Being looked up"))
        return State("warn", "mailbox-off", _("Not matched"))

    @property
    def integration(self) -> State | None:
        return integration_state(self.mapping.integration) if self.mapping else None

    @property
    def note(self) -> str:
        """The one sentence below the row; empty where there is nothing to say."""
        if self.mapping:
            return calendar_note(self.mapping)
        return "" if self.instructor.is_active else _("The instructor is inactive; nothing is planned or read.")

    @property
    def is_moving(self) -> bool:
        """Whether this row will soon be another by itself."""
        return self.is_looked_up if self.mapping is None else is_moving(self.mapping)

    @property
    def has_failed(self) -> bool:
        return self.mapping is not None and has_failed(self.mapping)

    @property
    def may_switch(self) -> bool:
        return self.mapping is not None and may_switch(self.mapping)

    @property
    def may_sync(self) -> bool:
        return self.mapping is not None and may_sync(self.mapping)


def calendar_state(mapping: CalendarMapping) -> State:
    """The badge of a calendar."""
    if not mapping.sync_enabled:
        return State("off", "player-pause", _("Disabled"))
    if not mapping.instructor.is_active:
        return State("off", "player-pause", _("Inactive"))
    if mapping.problem:
        return State("bad", "alert-triangle", _("Enabled, failing"))
    if is_waiting(mapping):
        return State("info", "loader-2", _("Enabled, first sync"))
    return State("good", "circle-check", _("Enabled"))


def calendar_note(mapping: CalendarMapping) -> str:
    """What there is to say of a calendar in one sentence; empty where there is nothing."""
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


def is_waiting(mapping: CalendarMapping) -> bool:
    """Whether the first sync is still to come, with nothing in its way."""
    is_on = mapping.integration.is_active and mapping.instructor.is_active and not mapping.leaving_at
    return mapping.synced_at is None and is_on


def is_moving(mapping: CalendarMapping) -> bool:
    """Whether a first sync, a clean-up or a sync that somebody has asked for is on its way here."""
    if is_asked_for(mapping):
        return True
    if mapping.problem or mapping.integration.problem or not mapping.integration.is_active:
        return False
    is_going = bool(mapping.leaving_at or mapping.removes_copies)
    return is_going or (mapping.sync_enabled and is_waiting(mapping))


def is_asked_for(mapping: CalendarMapping) -> bool:
    """Whether a change or somebody at a button has asked for a sync that is still to come."""
    is_on = mapping.sync_enabled and mapping.integration.is_active and mapping.instructor.is_active
    return is_on and mapping.requested_at is not None and mapping.retry_at is None


def has_failed(mapping: CalendarMapping) -> bool:
    return bool(mapping.problem) and mapping.sync_enabled


def may_switch(mapping: CalendarMapping) -> bool:
    """Whether a person may stop or start it: not while it is being cleaned for good."""
    return not mapping.leaving_at and not mapping.integration.is_closing


def may_sync(mapping: CalendarMapping) -> bool:
    return (
        mapping.sync_enabled and mapping.integration.is_active and mapping.instructor.is_active and may_switch(mapping)
    )


def rows_of(pairs: Iterable[tuple[int, int | None]]) -> list[Row]:
    """A row for each of these primary keys of an instructor and a calendar, in their order."""
    wanted = list(pairs)
    people = Instructor.objects.in_bulk({pk for pk, _calendar in wanted})
    calendars = CalendarMapping.objects.select_related("instructor", "integration")
    mappings = calendars.in_bulk({pk for _person, pk in wanted if pk})
    open_ones = looked_up({person for person, pk in wanted if pk is None})
    return [
        Row(people[person], mappings.get(pk) if pk else None, is_looked_up=pk is None and person in open_ones)
        for person, pk in wanted
        if person in people
    ]


def looked_up(instructors: Collection[int]) -> set[int]:
    """Those of `instructors`, who have no calendar, for whom a working directory has not answered yet."""
    if not instructors:
        return set()
    asked = Integration.objects.filter(status=Integration.Status.ACTIVE, closing_at=None, problem="")
    if not asked.exists():
        return set()
    active = Instructor.objects.filter(pk__in=instructors, is_active=True)
    return set(active.exclude(unmatched__integration__in=asked).values_list("pk", flat=True))


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
