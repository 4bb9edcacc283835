"""What must hold, read from the sandbox and from the plan without the code that syncs them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from events.models import Event, ExternalEvent, Session, SyncedEvent
from events.sync.plan import key_of
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers.microsoft.codec import MARKER_ID
from integrations.providers.types import one_line
from simulation.cast import ALL_NAMES, IDS, NAMES
from simulation.sandbox import Json
from simulation.world import Broken, World

GENERATIONS = 16
RESTORES_A_DAY = 3
TITLES_SHOWN = """
SELECT item.title FROM events_externalevent AS item
JOIN instructors_calendarmapping AS mapping ON mapping.id = item.mapping_id
JOIN integrations_integration AS integration ON integration.id = mapping.integration_id
WHERE item.title <> '' AND (item.is_private OR integration.privacy <> 'titles')
LIMIT 1
"""
Look = tuple[Any, ...]
External = tuple[int, str]


class Truth:
    """The state of both sides at one moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.limit = world.sandbox.control("GET", "settings")["subject_limit"]
        self.mappings = list(CalendarMapping.objects.select_related("instructor", "integration").order_by("pk"))
        self.sessions = list(
            Session.objects.select_related("event").prefetch_related("instructors", "event__instructors")
        )
        self.horizon = now() - timedelta(days=settings.SYNC_WINDOW_DAYS_BACK)

    def wanted(self, mapping: CalendarMapping) -> dict[UUID, Look]:
        """How each session that the owner of a calendar teaches should look there."""
        if not is_in_step(mapping):
            return {}
        found = {}
        for session in self.sessions:
            teachers = list(session.instructors.all()) or list(session.event.instructors.all())
            if mapping.instructor in teachers and session.event.status == Event.Status.CONFIRMED:
                event = session.event
                found[session.uid] = (
                    one_line(event.title),
                    session.starts_at,
                    session.ends_at,
                    one_line(event.location),
                )
        return found

    def ours(self, name: str) -> Iterator[tuple[UUID | None, Json]]:
        """The items of a mailbox that this application made, each with the session that it is of."""
        by_key = {
            str(key_of(IDS[name], session.uid, generation)): session.uid
            for session in self.sessions
            for generation in range(GENERATIONS)
        }
        recorded = set(
            SyncedEvent.objects.filter(mapping__remote_user_id=IDS[name]).values_list("remote_id", flat=True)
        )
        for item in self.world.sandbox.items(name):
            if not item.get("transactionId"):
                continue
            is_nameless = marker_of(item) is None and item["id"] not in recorded
            if not (is_nameless and self.world.may_leave_copies):  # then nothing tells it from anybody's item
                yield marker_of(item) or by_key.get(item["transactionId"]), item

    def check(self) -> None:
        """Raise Broken where the two sides are not in step."""
        by_mailbox = {NAMES[mapping.remote_user_id]: mapping for mapping in self.mappings}
        for name in ALL_NAMES:
            self.check_mailbox(name, by_mailbox.get(name))
        for mapping in self.mappings:
            self.check_mapping(mapping)
        self.check_deletions()
        self.check_audit()

    def check_mailbox(self, name: str, mapping: CalendarMapping | None) -> None:
        wanted = self.wanted(mapping) if mapping else {}
        known = {session.uid: session for session in self.sessions}
        standing: dict[UUID, list[Json]] = defaultdict(list)
        strangers: set[str] = set()
        for uid, item in self.ours(name):
            is_over = end_of(item) < self.horizon or (uid in known and known[uid].ends_at < self.horizon)
            if is_over:
                continue
            if uid in wanted:
                standing[uid].append(item)
            else:
                strangers.add(item["id"])
                self.check_stranger(name, mapping, item, is_known=uid in known)
        for uid, look in wanted.items():
            if look[2] >= self.horizon:
                self.check_copies(name, mapping, look, standing[uid], uid)
        if mapping and is_in_step(mapping):
            self.check_externals(name, mapping, {item["id"] for items in standing.values() for item in items})

    def check_stranger(self, name: str, mapping: CalendarMapping | None, item: Json, *, is_known: bool) -> None:
        """An item of ours that nobody wants: only where it was to be kept, or where the database has forgotten it.

        It is found again and removed where its session is known, unless its owner has made a series of it meanwhile
        or moved it out of the window.
        """
        is_looked_at = mapping is not None and is_in_step(mapping) and is_inside(item, mapping)
        is_found = is_known and is_looked_at and item["type"] != "seriesMaster"
        if not self.world.may_leave_copies or is_found:
            raise Broken(f"{name}: a copy of {item['subject']!r} stands there, which nobody wants")

    def check_copies(self, name: str, mapping: Any, look: Look, items: list[Json], uid: UUID) -> None:
        if mapping.integration.drift == Integration.Drift.FLAG:
            copy = SyncedEvent.objects.filter(mapping=mapping, session_uid=uid).first()
            if copy is not None and copy.observed:  # shown to a scheduler, who decides
                return
        if len(items) != 1:
            raise Broken(f"{name}: {len(items)} copies of {look[0]!r} instead of one")
        found = look_of(items[0])
        if found[0] == one_line(look[0][: self.limit]):  # what Outlook makes of a longer subject
            look = (found[0], *look[1:])
        if found != (*look, "busy", 0, "singleInstance"):
            raise Broken(f"{name}: a copy looks like {found}, and should like {look}")
        if not SyncedEvent.objects.filter(mapping=mapping, session_uid=uid, remote_id=items[0]["id"]).exists():
            raise Broken(f"{name}: the copy of {look[0]!r} is not the one that is recorded")

    def check_externals(self, name: str, mapping: CalendarMapping, copies: set[str]) -> None:
        recorded = set(SyncedEvent.objects.filter(mapping=mapping).values_list("remote_id", flat=True))
        if mapping.window_start is None or mapping.window_end is None:
            raise Broken(f"{name}: there was no first sync")
        seen = self.world.sandbox.instances(name, mapping.window_start, mapping.window_end)
        shows = mapping.integration.shows_titles
        ours = copies | recorded  # also their occurrences, where their owner made a series of one: that is drift
        others = [item for item in seen if not {item["id"], item.get("seriesMasterId")} & ours]
        expected = sorted(shown(item, shows) for item in others if not is_ignored(item))
        found = sorted(
            ExternalEvent.objects.filter(mapping=mapping).values_list(
                "remote_id", "starts_at", "ends_at", "is_all_day", "show_as", "is_private", "title"
            )
        )
        if found != expected:
            lacking = [one[1:] for one in expected if one not in found]
            wrong = [one[1:] for one in found if one not in expected]
            raise Broken(f"{name}: external events lack {lacking} and have {wrong}")

    def check_mapping(self, mapping: CalendarMapping) -> None:
        if mapping.problem or mapping.integration.problem:
            raise Broken(f"{mapping} has a problem: {mapping.problem or mapping.integration.problem}")
        if mapping.lease or (mapping.requested_at and is_in_step(mapping)):
            raise Broken(f"{mapping} is still held, or waits to be synced")
        if not is_in_step(mapping) and ExternalEvent.objects.filter(mapping=mapping).exists():
            raise Broken(f"{mapping} is not synced, and has external events")
        wanted = self.wanted(mapping)
        if is_in_step(mapping):
            for copy in SyncedEvent.objects.filter(mapping=mapping, ends_at__gte=self.horizon):
                if copy.session_uid not in wanted:
                    raise Broken(f"{mapping} remembers a copy that nobody wants")

    def check_audit(self) -> None:
        audit = self.world.sandbox.control("GET", "audit")
        for name in ("foreign_writes", "duplicates", "limit_violations", "mails"):
            if audit[name]:
                raise Broken(f"the audit reports {name}: {audit[name][:2]}")

    def check_deletions(self) -> None:
        """Check those since the last time."""
        writes = self.world.sandbox.control("GET", "audit")["writes"]
        for write in writes[self.world.checked_writes :]:
            if write["who"] == "app" and write["method"] == "DELETE":
                self.check_deleted(write)
        self.world.checked_writes = len(writes)

    def check_deleted(self, write: Json) -> None:
        """A copy is only deleted if nobody wanted it at some moment of the hour before, or in the same step."""
        at = datetime.fromisoformat(write["at"])
        copy = (write["mailbox"].partition("@")[0], marker_of(write["before"]))
        moments = [moment for moment, _ in self.world.wishes]
        first = max(0, bisect_right(moments, at - timedelta(hours=1)) - 1)  # what was so when the hour began
        last = bisect_right(moments, at)
        if all(copy in wanted for _, wanted in self.world.wishes[first : last + 1]):
            raise Broken(f"{copy[0]}: a copy of {write['subject']!r} was deleted, and it was wanted")


def check_always() -> None:
    """Raise Broken where something holds that may not hold at any moment."""
    with connection.cursor() as cursor:
        cursor.execute(TITLES_SHOWN)
        if shown := cursor.fetchone():
            raise Broken(f"a title is stored that may not be: {shown[0]!r}")
        cursor.execute("SELECT session_uid, restores FROM events_syncedevent WHERE restores > %s", [RESTORES_A_DAY])
        if restless := cursor.fetchone():
            raise Broken(f"the copy of {restless[0]} was put right {restless[1]} times in a day")


def is_in_step(mapping: CalendarMapping) -> bool:
    is_meant = mapping.sync_enabled and mapping.leaving_at is None and mapping.instructor.is_active
    return is_meant and mapping.integration.is_active and mapping.integration.closing_at is None


def is_inside(item: Json, mapping: CalendarMapping) -> bool:
    """Whether an item stands in the window of a calendar."""
    start, end = mapping.window_start, mapping.window_end
    return start is not None and end is not None and moment(item["start"]) < end and start < end_of(item)


def marker_of(item: Json) -> UUID | None:
    for prop in item.get("singleValueExtendedProperties") or ():
        if prop["id"].lower() == MARKER_ID.lower():
            return UUID(prop["value"])
    return None


def moment(value: dict[str, str]) -> datetime:
    return datetime.fromisoformat(value["dateTime"]).replace(tzinfo=UTC)


def end_of(item: Json) -> datetime:
    return moment(item["end"])


def look_of(item: Json) -> Look:
    place = one_line(item["location"]["displayName"])
    times = moment(item["start"]), moment(item["end"])
    return (one_line(item["subject"]), *times, place, item["showAs"], len(item["attendees"]), item["type"])


def shown(item: Json, shows_titles: bool) -> Look:
    is_private = item["sensitivity"] in ("private", "confidential")
    title = one_line(item["subject"]) if shows_titles and not is_private else ""
    times = moment(item["start"]), moment(item["end"])
    return (item["id"], *times, item["isAllDay"], item["showAs"], is_private, title)


def is_ignored(item: Json) -> bool:
    return bool(item["isCancelled"]) or item["responseStatus"]["response"] == "declined"


def externals() -> set[External]:
    """What is mirrored: the calendar and the item of each external event."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mapping_id, remote_id FROM events_externalevent")
        return set(cursor.fetchall())
