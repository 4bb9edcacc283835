"""What one sync knows of the calendars that it holds."""

import time
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.utils.timezone import now

from events.models import SyncedEvent
from events.sync.desired import Desired, desired
from events.sync.plan import Action, plan
from instructors.claims import Claim
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers.base import Provider
from integrations.providers.errors import ProviderError
from integrations.providers.types import Entry, Window

TOLD_AFTER = timedelta(hours=1)  # a passing failure is nobody's business before
SHARE_OF_LEASE = 0.6  # after which a conversation ends, to go on at the next claim
TURN = 30.0  # seconds after which it does so as well, behind what has come to the queue meanwhile


class LeaseLost(Exception):
    """Another worker holds this calendar now; nothing more may be written."""


@dataclass
class Report:
    """What a sync has done."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    pulled: int = 0
    failed: int = 0
    requests: int = 0

    def add(self, other: "Report") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Calendar:
    """One mailbox during a sync: what is wanted in it, what we know of it, and what is left to say at the end."""

    mapping: CalendarMapping
    lease: UUID
    provider: Provider
    report: Report
    deadline: float  # of the monotonic clock
    entries: dict[UUID, Entry]
    copies: dict[UUID, SyncedEvent]
    is_urgent: bool = False  # a change is to be pushed; what takes long is left to another sync
    is_long: bool = False  # the census takes more than one page
    cursor: str = ""  # of a round that brought nothing, still to be stored
    is_unfinished: bool = False
    again_in: float | None = None  # seconds after which a copy is to be tried again
    problem: str = ""
    postponed: list[ProviderError] = field(default_factory=list)
    refusal: ProviderError | None = None  # of a write, after which none has succeeded
    again: dict[UUID, int] = field(default_factory=dict)  # copies that had to be written once more
    unanswered: int = 0  # items in a row that could not be asked for
    reading: str = ""  # what is asked for again at the moment
    touched: set[str] = field(default_factory=set)  # what was given up and a round has shown to be changed

    @property
    def mailbox(self) -> str:
        return self.mapping.remote_user_id

    @property
    def remote_ids(self) -> set[str]:
        """The ids of our copies."""
        return {copy.remote_id for copy in self.copies.values()}

    @property
    def is_pulled(self) -> bool:
        """Whether what else stands in this calendar is mirrored."""
        return self.mapping.is_pushed_to

    @property
    def window(self) -> Window:
        start, end = self.mapping.window_start, self.mapping.window_end
        return Window(start, end) if start and end else new_window()

    def plan(self) -> list[Action]:
        """What is to be done now."""
        if not self.entries and not self.copies:
            return []
        restores = self.mapping.integration.drift == Integration.Drift.RESTORE
        return plan(self.entries, self.copies, moment=now(), horizon=horizon(), restores=restores)

    def want_too(self, adopted: Set[UUID]) -> None:
        """Load what is wanted of sessions that were over, and so not loaded, when no copy of them was known."""
        pk = self.mapping.pk
        if adopted - self.entries.keys():
            self.entries.update(desired([self.mapping], {pk: adopted}, horizon=horizon()).get(pk, {}))

    def count_again(self, uid: UUID) -> int:
        """How often this copy had to be written once more, with this time."""
        self.again[uid] = self.again.get(uid, 0) + 1
        return self.again[uid]

    def is_out_of_time(self) -> bool:
        if time.monotonic() > self.deadline:
            self.is_unfinished = True
        return self.is_unfinished

    def is_called_away(self) -> bool:
        """Whether to end early: out of time, or a change waits to be pushed."""
        if not self.is_out_of_time() and CalendarMapping.objects.requested([self.mapping.pk]):
            self.is_unfinished = True
        return self.is_unfinished


def has_lasted(failing_since: datetime | None) -> bool:
    """Whether a failure has gone on for so long that somebody is to know of it."""
    return failing_since is not None and now() - failing_since >= TOLD_AFTER


def horizon() -> datetime:
    """Before this moment a copy is over."""
    return now() - timedelta(days=settings.SYNC_WINDOW_DAYS_BACK)


def new_window() -> Window:
    """The window of a full round that starts now: whole days, so that pages of it are comparable."""
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(
        today - timedelta(days=settings.SYNC_WINDOW_DAYS_BACK), today + timedelta(days=settings.SYNC_WINDOW_DAYS_AHEAD)
    )


def load(claim: Claim, provider: Provider, report: Report, *, is_urgent: bool = False) -> dict[int, Calendar]:
    """The state of the claimed calendars, by mapping, in a few queries."""
    loaded_at = now()
    copies = copies_of(claim.mappings)
    current = {pk: [uid for uid, copy in own.items() if copy.ends_at >= horizon()] for pk, own in copies.items()}
    entries = desired(claim.mappings, current, horizon=horizon())
    add_copies_wanted_again(entries, copies)
    take_back(claim, entries, copies, released_before=loaded_at)
    deadline = time.monotonic() + min((claim.until - now()).total_seconds() * SHARE_OF_LEASE, TURN)
    return {
        mapping.pk: Calendar(
            mapping=mapping,
            lease=claim.lease,
            provider=provider,
            report=report,
            deadline=deadline,
            entries=entries.get(mapping.pk, {}),
            copies=copies.get(mapping.pk, {}),
            is_urgent=is_urgent,
        )
        for mapping in claim.mappings
    }


def copies_of(mappings: Sequence[CalendarMapping]) -> dict[int, dict[UUID, SyncedEvent]]:
    """Our copies that are not over or that a window still shows, by mapping and session uid."""
    found: dict[int, dict[UUID, SyncedEvent]] = defaultdict(dict)
    pks = [mapping.pk for mapping in mappings]
    is_shown = Q(ends_at__gte=new_window().start) | Q(ends_at__gte=F("mapping__window_start"))
    shown = SyncedEvent.objects.filter(is_shown, mapping__pk__any=pks)
    for copy in shown.defer("changed_at", "sent_at"):  # which only pages read
        found[copy.mapping_id][copy.session_uid] = copy
    return found


def add_copies_wanted_again(entries: Desired, copies: dict[int, dict[UUID, SyncedEvent]]) -> None:
    """Add the copies that are over but whose session was moved to a time to come."""
    lacking = {uid for pk, wanted in entries.items() for uid in wanted if uid not in copies[pk]}
    if not lacking:
        return
    for copy in SyncedEvent.objects.filter(mapping__in=list(entries), session_uid__in=lacking, ends_at__lt=horizon()):
        if copy.session_uid in entries[copy.mapping_id]:
            copies[copy.mapping_id][copy.session_uid] = copy


def take_back(
    claim: Claim, entries: Desired, copies: dict[int, dict[UUID, SyncedEvent]], *, released_before: datetime
) -> None:
    """Forget that copies were released which are wanted again, so that they are under the brake again."""
    kept = [copies[pk][uid] for pk, wanted in entries.items() for uid in wanted if uid in copies[pk]]
    again = [copy.pk for copy in kept if copy.released_at]
    if again:
        released = SyncedEvent.objects.filter(pk__in=again, released_at__lt=released_before, mapping__lease=claim.lease)
        released.update(released_at=None)
