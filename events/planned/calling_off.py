"""Cancelling, confirming and deleting an event, and what that does to Outlook."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from events.models import Event, SyncedEvent
from events.planned.sheet import Sheet
from events.planned.states import Why, why_unreachable
from events.sync.state import horizon
from integrations.models import Integration


@dataclass(frozen=True)
class Removal:
    """What goes from Outlook when nobody wants the event any more.

    `paused`: goes once the integration is active again; `kept`: stays, because its calendar is not synced; `over`:
    stays, because it is long past.
    """

    items: int = 0
    calendars: int = 0
    paused: int = 0
    kept: int = 0
    over: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.items or self.paused or self.kept or self.over)


def removal_of(event: Event) -> Removal:
    """What cancelling or deleting `event` does to Outlook."""
    uids = event.sessions.values("uid")
    copies = SyncedEvent.objects.filter(session_uid__in=uids)
    is_current = Q(ends_at__gte=horizon())
    is_let_go = Q(mapping__leaving_at__isnull=False) | Q(mapping__removes_copies=True)
    is_in_use = is_let_go | Q(mapping__sync_enabled=True)
    is_active = Q(mapping__integration__status=Integration.Status.ACTIVE)
    is_cleaned = Q(mapping__integration__closing_at__isnull=False) | (is_active & is_in_use)
    found = copies.aggregate(
        items=Count("pk", filter=is_current & is_cleaned),
        calendars=Count("mapping", distinct=True, filter=is_current & is_cleaned),
        paused=Count("pk", filter=is_current & ~is_cleaned & is_in_use),
        kept=Count("pk", filter=is_current & ~is_cleaned & ~is_in_use & ~Q(remote_id="")),
        over=Count("pk", filter=~is_current & ~Q(remote_id="")),
    )
    return Removal(**found)


@dataclass(frozen=True)
class Arrival:
    """What confirming an event puts into Outlook, and into whose calendar nothing goes."""

    items: int
    calendars: int
    left_out: list[str]


def arrival_of(sheet: Sheet) -> Arrival:
    """What confirming the event of `sheet` does to Outlook."""
    coming = [at for at, one in enumerate(sheet.sessions) if one.ends_at >= horizon()]
    items, calendars, reached, assigned = 0, set(), set(), {}
    for row in sheet.rows:
        count = sum(row.cells[at].state.why != Why.UNASSIGNED for at in coming)
        if not count:
            continue
        assigned[row.instructor.pk] = row.instructor.name
        if not why_unreachable(row.calendar) and row.calendar:
            items += count
            calendars.add(row.calendar.pk)
            reached.add(row.instructor.pk)
    return Arrival(items, len(calendars), [name for pk, name in assigned.items() if pk not in reached])


def set_status(event: Event, status: str) -> bool:
    """Give `event` this status; False where it had it already."""
    with transaction.atomic():
        current = Event.objects.select_for_update().get(pk=event.pk)
        if current.status == status:
            return False
        current.status = status
        current.save(update_fields=["status"])
    return True
