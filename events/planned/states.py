"""What became of one session in one calendar. Pure: no database, no clock.

The words for it are in events/planned/words.py.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from events.models import Event, SyncedEvent
from events.sync.plan import is_resting, is_restored_enough
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers.types import Entry


class Kind(StrEnum):
    """Where a session stands in a calendar; the one that needs somebody most comes first."""

    FAILED = "failed"
    WAITING = "waiting"
    REMOVING = "removing"
    DRIFTED = "drifted"
    IN_OUTLOOK = "in_outlook"
    NOT_SYNCED = "not_synced"
    NOT_ASSIGNED = "not_assigned"


class Why(StrEnum):
    """Why a session is not sent, or what it waits for."""

    NOTHING = ""
    UNASSIGNED = "unassigned"
    DRAFT = "draft"
    CANCELLED = "cancelled"
    UNMATCHED = "unmatched"
    INACTIVE = "inactive"  # the instructor
    LEAVING = "leaving"  # no longer the instructor's mailbox
    CLOSING = "closing"  # the integration is being deleted
    STOPPED = "stopped"
    KEPT = "kept"  # stopped, and what stands in Outlook stays there
    OVER = "over"
    PAUSED = "paused"  # the integration is inactive
    RESTORING = "restoring"
    CHANGED = "changed"  # here
    SENDING = "sending"
    RESTING = "resting"
    CYCLE = "cycle"
    EDITED = "edited"  # in Outlook
    DELETED = "deleted"  # in Outlook


@dataclass(frozen=True)
class Wish:
    """One session as one instructor would have it."""

    entry: Entry
    status: str = Event.Status.CONFIRMED
    is_assigned: bool = True


@dataclass(frozen=True)
class State:
    """Where a session stands in a calendar.

    `at` is when that came about. `problem` is a sentence about what went wrong, `retry_at` when it is tried again;
    `is_of_integration`: it concerns all calendars of the integration.
    """

    kind: Kind
    why: Why = Why.NOTHING
    at: datetime | None = None
    problem: str = ""
    retry_at: datetime | None = None
    is_of_integration: bool = False

    @property
    def is_moving(self) -> bool:
        """Whether it changes by itself within seconds."""
        return self.kind in {Kind.WAITING, Kind.REMOVING} and not self.is_stuck and self.why != Why.RESTING

    @property
    def is_stuck(self) -> bool:
        """Whether it stays as it is until the problem is over, or until somebody does something."""
        return bool(self.problem) or self.why == Why.PAUSED

    @property
    def is_tried_again(self) -> bool:
        """Whether it changes by itself, but not at once."""
        return (
            self.kind == Kind.FAILED or self.why == Why.RESTING or (self.kind == Kind.REMOVING and bool(self.problem))
        )


def state_of(
    wish: Wish, calendar: CalendarMapping | None, copy: SyncedEvent | None, *, moment: datetime, horizon: datetime
) -> State:
    """Where the session of `wish` stands in `calendar` (None: the instructor has none), where we know of `copy`."""
    why = why_not_sent(wish, calendar)
    if not why and wish.entry.ends_at < horizon and (copy is None or copy.ends_at < horizon):
        why = Why.OVER
    if calendar is None or why:
        return unsent(why, calendar, copy, moment=moment, horizon=horizon)
    return sent(wish.entry, calendar, copy, moment)


def why_not_sent(wish: Wish, calendar: CalendarMapping | None) -> Why:
    """What keeps the session out of the calendar, nothing where it is wanted there."""
    if not wish.is_assigned:
        return Why.UNASSIGNED
    if wish.status != Event.Status.CONFIRMED:
        return Why.DRAFT if wish.status == Event.Status.DRAFT else Why.CANCELLED
    return why_unreachable(calendar)


def why_unreachable(calendar: CalendarMapping | None) -> Why:
    """What keeps every session out of the calendar."""
    if calendar is None:
        return Why.UNMATCHED
    if not calendar.instructor.is_active:
        return Why.INACTIVE
    if calendar.integration.is_closing:
        return Why.CLOSING
    if calendar.leaving_at:
        return Why.LEAVING
    return Why.NOTHING if calendar.sync_enabled else Why.STOPPED


def unsent(
    why: Why, calendar: CalendarMapping | None, copy: SyncedEvent | None, *, moment: datetime, horizon: datetime
) -> State:
    """The state of a session that is not wanted in the calendar; a copy of it may still stand there."""
    nothing = State(Kind.NOT_ASSIGNED if why == Why.UNASSIGNED else Kind.NOT_SYNCED, why)
    if calendar is None or copy is None:
        return nothing
    if copy.ends_at < horizon:  # time passing is not a deletion
        return State(Kind.IN_OUTLOOK, Why.OVER, copy.sent_at) if copy.remote_id else nothing
    if is_cleaned(calendar):
        return removing(calendar, copy, moment)
    if not calendar.sync_enabled:
        return State(Kind.NOT_SYNCED, Why.KEPT) if copy.remote_id else nothing
    return State(Kind.REMOVING, Why.PAUSED)


def is_cleaned(calendar: CalendarMapping) -> bool:
    """Whether what is not wanted in the calendar is removed from it."""
    is_in_use = calendar.sync_enabled or calendar.removes_copies or calendar.leaving_at is not None
    return calendar.integration.is_closing or (calendar.integration.is_active and is_in_use)


def removing(calendar: CalendarMapping, copy: SyncedEvent, moment: datetime) -> State:
    if copy.problem and is_resting(copy, moment) and not copy.rejected_fingerprint:
        return State(Kind.REMOVING, problem=copy.problem, retry_at=copy.retry_at)
    return obstacle(calendar, Kind.REMOVING, moment) or State(Kind.REMOVING, at=copy.released_at)


def sent(entry: Entry, calendar: CalendarMapping, copy: SyncedEvent | None, moment: datetime) -> State:
    """The state of a session that is wanted in the calendar."""
    if copy is None:
        return pending(calendar, None, moment)
    is_shown = bool(copy.remote_id) and copy.fingerprint == entry.fingerprint
    if is_shown and not copy.observed:
        return State(Kind.IN_OUTLOOK, at=copy.sent_at)
    is_left = calendar.integration.drift == Integration.Drift.FLAG or is_restored_enough(copy, moment)
    if is_left and copy.remote_id and copy.observed == SyncedEvent.Observed.GONE:
        return State(Kind.DRIFTED, Why.DELETED)
    if is_left and is_shown:
        return State(Kind.DRIFTED, Why.EDITED)
    if copy.problem and copy.rejected_fingerprint in ("", entry.fingerprint) and calendar.integration.is_active:
        return State(Kind.FAILED, problem=copy.problem, retry_at=copy.retry_at)
    return pending(calendar, copy, moment)


def pending(calendar: CalendarMapping, copy: SyncedEvent | None, moment: datetime) -> State:
    """The state of a session that is still to be sent, or sent again."""
    if not calendar.integration.is_active:
        return State(Kind.NOT_SYNCED, Why.PAUSED)
    if in_the_way := obstacle(calendar, Kind.FAILED, moment):
        return in_the_way
    if copy and copy.observed and copy.remote_id:
        return State(Kind.WAITING, Why.RESTORING)
    touched = [one for one in (copy and copy.changed_at, calendar.requested_at) if one]
    if touched:
        return State(Kind.WAITING, Why.CHANGED, max(touched))
    return State(Kind.WAITING, Why.SENDING if calendar.lease else Why.CYCLE)


def obstacle(calendar: CalendarMapping, kind: Kind, moment: datetime) -> State | None:
    """Why nothing can be written into the calendar now, as a state of this `kind`; nothing where it can."""
    integration = calendar.integration
    if integration.problem:
        return State(kind, problem=integration.problem, retry_at=integration.retry_at, is_of_integration=True)
    if is_failing(calendar):
        return State(kind, problem=calendar.problem, retry_at=calendar.retry_at)
    rests = [one for one in (calendar.retry_at, integration.retry_at) if one and one > moment]
    if rests:
        return State(Kind.WAITING if kind == Kind.FAILED else kind, Why.RESTING, retry_at=max(rests))
    return None


def is_failing(calendar: CalendarMapping) -> bool:
    """Whether the problem of the calendar keeps sessions out of it; items that cannot be read do not."""
    is_refused = calendar.retry_at is not None or calendar.failing_since is not None or not calendar.unreadable
    return bool(calendar.problem) and is_refused
