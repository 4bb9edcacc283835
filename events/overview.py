"""What the Settings tab shows of each integration, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.board import stale_after
from events.closing import live
from events.models import ExternalEvent, SyncedEvent
from events.planned.words import said
from instructors.listing import State, integration_state, not_matched
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration

NOTICE = timedelta(days=30)  # so long before its end a secret is spoken of

IN_USE = Q(leaving_at=None, instructor__is_active=True)
SYNCED = IN_USE & Q(sync_enabled=True)
NEW = timedelta(hours=24)  # so long after its creation a sync of many calendars is the first one of the integration


def mailboxes() -> dict[str, Any]:
    """What is counted of the calendars of each integration."""
    fresh = SYNCED & Q(problem="", synced_at__gte=now() - stale_after())
    return {
        "paired": Count("pk", filter=Q(instructor__is_active=True)),
        "matched": Count("pk", filter=IN_USE),
        "enabled": Count("pk", filter=SYNCED),
        "left": Count("pk", filter=SYNCED & Q(synced_at=None, problem="")),
        "done": Count("pk", filter=SYNCED & Q(synced_at__isnull=False)),
        "failed": Count("pk", filter=SYNCED & Q(synced_at=None) & ~Q(problem="")),
        "failing": Count("pk", filter=SYNCED & ~Q(problem="")),
        "fresh": Count("pk", filter=fresh),
        "waiting": Count("pk", filter=SYNCED & Q(requested_at__isnull=False)),
        "last_sync": Max("synced_at"),
    }


@dataclass(frozen=True)
class Overview:
    """One integration in numbers. `left`, `done` and `failed` count mailboxes of the first sync."""

    integration: Integration
    matched: int = 0
    left: int = 0
    done: int = 0
    failed: int = 0
    failing: int = 0
    enabled: int = 0
    fresh: int = 0  # synced lately, without a problem
    waiting: int = 0  # for a sync that was asked for
    last_sync: datetime | None = None
    unmatched: int = 0
    unknown: int = 0  # people who are still to be looked up
    copies_left: int = 0

    @property
    def people(self) -> int:
        return self.matched + self.unmatched + self.unknown

    @property
    def state(self) -> State:
        return integration_state(self.integration)

    @property
    def is_moving(self) -> bool:
        """Whether there is progress to show: a clean-up, a look-up or a first sync."""
        if self.integration.problem:
            return False
        return self.integration.is_closing or (self.integration.is_active and bool(self.left or self.unknown))

    @property
    def is_first_sync(self) -> bool:
        """Whether what moves is the first sync of this integration, and not that of one calendar that came later."""
        if not self.is_moving or self.integration.is_closing:
            return False
        if not self.in_first_sync:
            return True  # nobody is paired yet
        is_mostly_to_come = self.done * 2 < self.in_first_sync
        return self.left > 0 and (is_mostly_to_come or (self.is_new and self.left + self.unknown > 1))

    @property
    def is_new(self) -> bool:
        return self.integration.created_at > now() - NEW

    @property
    def pause(self) -> int:
        """After how many seconds the progress is asked for again: thousands of calendars are counted less often."""
        return 3 if self.in_first_sync <= 500 else 10

    @property
    def in_step(self) -> int:
        """How many calendars show what is the case."""
        is_well = self.integration.is_active and not self.integration.problem and not self.integration.is_closing
        return self.fresh if is_well else 0

    @property
    def in_first_sync(self) -> int:
        """How many mailboxes the first sync is about."""
        return self.done + self.left + self.failed

    @property
    def secret_has_ended(self) -> bool:
        ends: date | None = self.integration.secret_expires_on
        return ends is not None and ends < localdate()

    @property
    def secret_note(self) -> str:
        """A sentence once the client secret has ended or soon will."""
        ends: date | None = self.integration.secret_expires_on
        if ends is None or ends > localdate() + NOTICE or self.integration.is_closing:
            return ""
        if self.secret_has_ended:
            return _("Secret has expired")
        days = (ends - localdate()).days
        if days == 0:
            return _("Secret expires today")
        return ngettext("Secret expires in %d day", "Secret expires in %d days", days) % days


def overviews(integrations: Iterable[Integration]) -> list[Overview]:
    """The overview of each of these integrations."""
    rows = list(integrations)
    pks = [one.pk for one in rows]
    refused = Unmatched.objects.filter(integration__in=pks, instructor__is_active=True)
    counted = by_integration(CalendarMapping.objects.filter(integration__in=pks), **mailboxes())
    unmatched = by_integration(not_matched().filter(integration__in=pks), count=Count("pk"))
    looked_up = by_integration(refused, count=Count("pk"))
    left = copies_left([one.pk for one in rows if one.is_closing])
    everybody = Instructor.objects.filter(is_active=True).count()
    return [
        overview(
            one,
            everybody=everybody - looked_up.get(one.pk, {}).get("count", 0),
            copies_left=left.get(one.pk, 0),
            unmatched=unmatched.get(one.pk, {}).get("count", 0),
            **counted.get(one.pk, {}),
        )
        for one in rows
    ]


def overview(integration: Integration, *, everybody: int, paired: int = 0, **numbers: Any) -> Overview:
    """The overview of one integration; of `everybody` who is not refused, those not `paired` are to be looked up."""
    return Overview(integration, unknown=max(0, everybody - paired), **numbers)


def by_integration(rows: Any, **counts: Any) -> dict[int, dict[str, Any]]:
    """`counts` of these rows for each integration, by its primary key."""
    grouped = rows.order_by().values("integration").annotate(**counts)
    return {row.pop("integration"): row for row in grouped}


def copies_left(pks: list[int]) -> dict[int, int]:
    """How many of our copies still stand in the calendars of each of these closing integrations."""
    if not pks:
        return {}
    rows = live(SyncedEvent.objects.filter(mapping__integration__in=pks)).order_by()
    return dict(rows.values_list("mapping__integration").annotate(Count("pk")))


@dataclass(frozen=True)
class Health:
    """All calendars that are to be synced, in numbers."""

    everything: int
    in_step: int
    failing: int
    left: int  # of a first sync
    waiting: int
    is_moving: bool
    last_sync: datetime | None

    @property
    def stale(self) -> int:
        """Calendars that nobody has synced for a while, or that rest with their integration."""
        return max(0, self.everything - self.in_step - self.failing - self.left)

    @property
    def state(self) -> State:
        if self.is_moving:
            return State("info", "loader-2", _("First sync running"))
        if self.in_step == self.everything:
            words = ngettext("The calendar is in step", "All %d calendars in step", self.everything)
            return State("good", "circle-check", words % self.everything if "%d" in words else words)
        tone = "warn" if self.in_step else "bad"
        words = _("%(in_step)d of %(all)d calendars in step") % {"in_step": self.in_step, "all": self.everything}
        return State(tone, "alert-triangle", words)

    @property
    def stands_still(self) -> bool:
        """Whether no worker seems to be at work."""
        return not self.is_moving and self.stale > 0 and (not self.last_sync or self.last_sync < now() - stale_after())


def health(rows: Iterable[Overview]) -> Health | None:
    """How the calendars of all active integrations are; None where there are none."""
    active = [row for row in rows if row.integration.is_active and not row.integration.is_closing]
    everything = sum(row.enabled for row in active)
    if not everything:
        return None
    return Health(
        everything=everything,
        in_step=sum(row.in_step for row in active),
        failing=sum(row.failing for row in active),
        left=sum(row.left for row in active),
        waiting=sum(row.waiting for row in active),
        is_moving=any(row.is_first_sync for row in active),
        last_sync=max((row.last_sync for row in active if row.last_sync), default=None),
    )


@dataclass(frozen=True)
class FirstSync:
    """How far the first sync of one integration has come."""

    row: Overview
    read: int
    written: int
    failures: Sequence[CalendarMapping] = ()

    @property
    def started(self) -> str:
        """When it began, where that is known: at the creation of the integration. Empty elsewhere."""
        return said(self.row.integration.created_at) if self.row.is_new else ""


FAILURES = 5


def first_syncs(rows: Iterable[Overview]) -> list[FirstSync]:
    """The progress of each of these integrations, with the first failures where there is only one."""
    found = list(rows)
    pks = [row.integration.pk for row in found]
    if not pks:
        return []
    read = dict(counted_by_integration(ExternalEvent.objects.filter(mapping__integration__in=pks)))
    written = dict(counted_by_integration(SyncedEvent.objects.in_outlook().filter(mapping__integration__in=pks)))
    failures = first_failures(pks[0]) if len(pks) == 1 else []
    return [FirstSync(row, read.get(pk, 0), written.get(pk, 0), failures) for row, pk in zip(found, pks, strict=True)]


def counted_by_integration(rows: QuerySet[Any]) -> Iterable[tuple[int, int]]:
    return rows.order_by().values_list("mapping__integration").annotate(Count("pk"))


def first_failures(integration: int) -> list[CalendarMapping]:
    failed = CalendarMapping.objects.filter(SYNCED, integration=integration, synced_at=None).exclude(problem="")
    return list(failed.select_related("instructor").order_by("instructor__name", "pk")[:FAILURES])
