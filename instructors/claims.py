"""Which calendars are due, and how a worker claims and releases them.

A claim is a lease: a uuid on the row until a moment. Every write of a sync is conditional on it, so a worker that
lost its lease writes nothing more, and one that dies blocks nobody for long.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from instructors import lookups as _lookups  # noqa: F401  (registers itself)

if TYPE_CHECKING:
    from instructors.models import CalendarMapping


UNREADABLE = "%s items of this calendar cannot be read, so it may look too free."  # filled in by PostgreSQL's format()
SKEW = timedelta(minutes=10)  # at most between two machines' clocks; a moment further ahead is of a clock set back
TRIES = 3  # lapses in a row after which a calendar is set aside
FEW = 20  # calendars that are held together after one lapse; those with more are held alone
SET_ASIDE_FOR = timedelta(days=1)
SET_ASIDE = (
    "The last syncs of this calendar ended with their worker, which was killed, ran out of memory or took too long. It "
    'is set aside and tried once a day. Look for the cause in the workers\' logs; "Sync now" tries it at once.'
)
ADVISORY_LOCK = 0x6C6F6E65  # "lone": held by who claims a calendar that is to be held alone
LONGEST_WAITING = F("synced_at").asc(nulls_first=True)  # by any other order the last wait for ever where time is short
# How many workers have ended while they held this calendar, one that has just been found out among them.
LAPSES = F("lapses") + Case(When(lease__isnull=False, then=1), default=0)


@dataclass(frozen=True)
class Claim:
    """Some calendars of one integration, held under one lease until `until`.

    `has_left`: others that were due may not be held together with these.
    """

    lease: UUID
    until: datetime
    mappings: "Sequence[CalendarMapping]"
    has_left: bool = False


# What most syncs have no use for. Reading a moment costs as much as reading ten other columns.
MOMENTS = ("leased_until", "synced_at", "window_start", "window_end")
RARELY_READ = (*MOMENTS, "instructor__name", "instructor__email", "instructor__time_zone")


class CalendarMappingQuerySet(models.QuerySet["CalendarMapping"]):
    def syncable(self) -> "CalendarMappingQuerySet":
        """Those for which a sync has something to do: enabled ones, and those that are being cleaned."""
        in_use = Q(integration__status="active") & (
            Q(sync_enabled=True) | Q(removes_copies=True) | Q(leaving_at__isnull=False)
        )
        return self.filter(in_use | Q(integration__closing_at__isnull=False))

    def awake(self) -> "CalendarMappingQuerySet":
        """Those that are not resting after a failure, on their own or with their integration."""
        moment = now()
        return self.filter(
            Q(retry_at=None) | Q(retry_at__lte=moment),
            Q(integration__retry_at=None) | Q(integration__retry_at__lte=moment),
        )

    def not_seen_since(self, moment: datetime) -> "CalendarMappingQuerySet":
        is_ahead = Q(synced_at__gt=now() + SKEW)  # the clock has been set back since
        return self.filter(Q(synced_at=None) | Q(synced_at__lt=moment) | is_ahead | Q(requested_at__isnull=False))

    def unleased(self) -> "CalendarMappingQuerySet":
        is_ahead = Q(leased_until__gt=now() + timedelta(seconds=settings.SYNC_LEASE_SECONDS) + SKEW)
        return self.filter(Q(lease=None) | Q(leased_until__lt=now()) | is_ahead)

    def claim(self, limit: int | None = None) -> Claim:
        """Claim up to `limit` of these, skipping those that another worker holds or is claiming.

        `requested_at` is cleared here, before any state is read: a change that comes later sets it again and is
        found at the release. Those that have waited the longest come first. Calendars whose lease has lapsed are
        suspected of ending their workers: they are held in ever smaller company, and set aside once one has lapsed
        `TRIES` times.
        """
        lease, until = uuid4(), now() + timedelta(seconds=settings.SYNC_LEASE_SECONDS)
        with transaction.atomic():
            free = self.unleased().annotate(danger=LAPSES).order_by("danger", LONGEST_WAITING, "pk")
            free = free.select_for_update(skip_locked=True, of=("self",))
            found = list(free.values_list("pk", "danger", "lease")[:limit])
            poison = [pk for pk, danger, lapsed in found if danger >= TRIES and lapsed]
            self.set_aside(poison)
            sound = [(pk, danger) for pk, danger, _ in found if pk not in poison]
            pks = self.together(sound)
            held = self.model.objects.filter(pk__any=pks)
            held.update(lease=lease, leased_until=until, requested_at=None, lapses=LAPSES)
            held = held.select_related("instructor").order_by("pk")
            held = held.defer(*RARELY_READ)
            mappings = list(held.prefetch_related("integration"))  # one row, decrypted once; else nothing is held
        return Claim(lease, until, mappings, has_left=0 < len(pks) < len(sound))

    def together(self, found: Sequence[tuple[int, int]]) -> list[int]:
        """Those of `found` that one worker may hold at a time, given with their lapses, the fewest first."""
        if not found:
            return []
        least = found[0][1]
        if least > 1:
            return [] if self.is_one_held_alone() else [found[0][0]]
        alike = [pk for pk, lapses in found if lapses == least]
        return alike[:FEW] if least else alike

    def is_one_held_alone(self) -> bool:
        """Whether some worker holds a calendar alone, or is about to: if it dies, all that run beside it may die too.

        One that ends such a worker takes down at most the calendars that are held in company, never another lone one.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
            (is_mine,) = cursor.fetchone()
        return not is_mine or self.model.objects.filter(lapses__gt=1, leased_until__gte=now()).exists()

    def set_aside(self, pks: Collection[int]) -> None:
        """Let calendars rest that have ended their workers again and again, and say so on their pages."""
        if not pks:
            return
        moment = now()
        since = Coalesce("failing_since", Value(moment, output_field=models.DateTimeField()))
        rest = {"problem": SET_ASIDE, "failing_since": since, "retry_at": moment + SET_ASIDE_FOR}
        self.model.objects.filter(pk__any=pks).update(lease=None, leased_until=None, lapses=LAPSES, **rest)

    def request_sync(self) -> int:
        """Note that these may be out of date. Call it in the transaction of the change.

        The rows are locked in one order, so that two people who save the same event never wait for each other.
        """
        with transaction.atomic():
            locked = self.order_by("pk").select_for_update(no_key=True, of=("self",))
            return self.model.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(
                requested_at=now()
            )

    def write(self, pk: int, lease: UUID, **values: Any) -> bool:
        """Update one claimed row; False when the lease was lost, and then nothing is written."""
        return self.model.objects.filter(pk=pk, lease=lease).update(**values) == 1

    def release_clean(self, lease: UUID, cursors: dict[int, str]) -> list[int]:
        """Release calendars that are up to date, each with the cursor of its round ("" keeps the one stored).

        Those for which a change has come since they were claimed.
        """
        if not cursors:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH held AS (SELECT id FROM instructors_calendarmapping WHERE id = ANY(%s) AND lease = %s"
                " ORDER BY id FOR NO KEY UPDATE)"
                " UPDATE instructors_calendarmapping AS m"
                " SET cursor = CASE WHEN v.cursor = '' THEN m.cursor ELSE v.cursor END, synced_at = %s,"
                " problem = CASE WHEN m.unreadable > 0 THEN format(%s, m.unreadable) ELSE '' END,"
                " lease = NULL, leased_until = NULL, retry_at = NULL, failing_since = NULL, lapses = 0"
                " FROM unnest(%s::bigint[], %s::text[]) AS v(id, cursor), held WHERE m.id = v.id AND m.id = held.id"
                " RETURNING m.id, m.requested_at IS NOT NULL",
                [list(cursors), lease, now(), UNREADABLE, list(cursors), list(cursors.values())],
            )
            return [pk for pk, is_requested in cursor.fetchall() if is_requested]

    def release(self, pk: int, lease: UUID, **values: Any) -> None:
        """Release one calendar and note `values`."""
        self.model.objects.filter(pk=pk, lease=lease).update(lease=None, leased_until=None, **values)

    def release_failed(self, lease: UUID, pks: Collection[int], *, problem: str, seconds: float | None) -> None:
        """Release calendars that failed alike. They rest for `seconds`; None: they rest with their integration."""
        held = self.model.objects.filter(pk__in=pks, lease=lease)
        if seconds is None:
            held.update(lease=None, leased_until=None)
            return
        since = Coalesce("failing_since", Value(now(), output_field=models.DateTimeField()))
        retry_at = now() + timedelta(seconds=seconds)
        held.update(lease=None, leased_until=None, failing_since=since, problem=problem, retry_at=retry_at)

    def requested(self, pks: Collection[int]) -> list[int]:
        """Those of `pks` for which a change has come since they were claimed, and which are not resting."""
        if not pks:
            return []
        changed = self.model.objects.filter(pk__any=pks, requested_at__isnull=False)
        return list(changed.awake().values_list("pk", flat=True))
