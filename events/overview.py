"""What the Settings tab shows of each integration, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.closing import live
from events.models import SyncedEvent
from instructors.listing import State, integration_state, not_matched
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.models import Integration

NOTICE = timedelta(days=30)  # so long before its end a secret is spoken of

IN_USE = Q(leaving_at=None, instructor__is_active=True)
SYNCED = IN_USE & Q(sync_enabled=True)
MAILBOXES = {
    "paired": Count("pk", filter=Q(instructor__is_active=True)),
    "matched": Count("pk", filter=IN_USE),
    "left": Count("pk", filter=SYNCED & Q(synced_at=None, problem="")),
    "done": Count("pk", filter=SYNCED & Q(synced_at__isnull=False)),
    "failed": Count("pk", filter=SYNCED & Q(synced_at=None) & ~Q(problem="")),
    "failing": Count("pk", filter=SYNCED & ~Q(problem="")),
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
    mailboxes = by_integration(CalendarMapping.objects.filter(integration__in=pks), **MAILBOXES)
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
            **mailboxes.get(one.pk, {}),
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
