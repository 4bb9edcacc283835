"""What the page of one instructor shows: bounded, and in a fixed number of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from events import board
from events.availability import Clash, Teaching
from events.models import Event, ExternalEvent, Session, SyncedEvent
from events.person.words import Foreign, Obstacle, Standing, span, until
from events.planned.states import Wish, state_of
from events.sync.desired import entry_of, teachers_of
from events.sync.state import horizon
from instructors.listing import Row, rows_of
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.providers.types import Entry

CANCELLED = Event.Status.CANCELLED
SESSIONS_A_PAGE, ITEMS_A_PAGE, MOST = 20, 10, 20


@dataclass(frozen=True)
class Planned:
    """A session that the instructor is to teach, and how it stands in each of the calendars."""

    teaching: Teaching
    standings: Sequence[Standing]
    clashes: Sequence[Obstacle]

    @property
    def is_moving(self) -> bool:
        return any(one.is_moving for one in self.standings)

    @property
    def is_draft(self) -> bool:
        return is_draft(self.teaching)

    @property
    def when(self) -> str:
        return span(self.teaching.start, self.teaching.end)


@dataclass(frozen=True)
class Copy:
    """One of our copies that has a problem, or that nobody plans any more; without a title its event is gone."""

    copy: SyncedEvent
    standing: Standing
    session: Session | None

    @property
    def is_moving(self) -> bool:
        return self.standing.is_moving

    @property
    def when(self) -> str:
        """The session's time; of a session that is deleted, the end is all that is left."""
        return span(self.session.starts_at, self.session.ends_at) if self.session else until(self.copy.ends_at)


@dataclass(frozen=True)
class Copies:
    """The first few of `count`."""

    rows: Sequence[Copy] = ()
    count: int = 0


@dataclass
class Person:
    """An instructor with everything that is known of the calendars."""

    instructor: Instructor
    moment: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        pairs = CalendarMapping.objects.filter(instructor=self.instructor).order_by("pk").values_list("pk", flat=True)
        self.calendars: list[Row] = rows_of((self.instructor.pk, pk) for pk in pairs)
        self.mappings = {row.mapping.pk: row.mapping for row in self.calendars if row.mapping}
        self.lacking = list(lacking(self.instructor, self.mappings.values()))
        self.teachings = sorted(
            board.teachings([self.instructor.pk], self.moment, board.LAST), key=lambda one: (one.start, one.session)
        )

    def sessions(self, number: str | None) -> tuple[Page, list[Planned]]:
        """A page of the sessions to come, with what is in their way."""
        page = Paginator(self.teachings, SESSIONS_A_PAGE).get_page(number)
        shown: list[Teaching] = list(page)
        if not shown:
            return page, []
        [row] = board.load([self.instructor], shown[0].start, max(one.end for one in shown))
        uids = [one.uid for one in shown]
        copies = self.copies_of(uids)
        sessions = {one.uid: one for one in Session.objects.filter(uid__in=uids).select_related("event")}
        obstacles = obstacles_of(row.clashes)
        return page, [
            Planned(one, self.standings(sessions.get(one.uid), copies), obstacles.get(one.session, ())) for one in shown
        ]

    def standings(self, session: Session | None, copies: Mapping[tuple[int, UUID], SyncedEvent]) -> list[Standing]:
        """How a session that the instructor is to teach stands in each of the calendars."""
        current = [one for one in self.mappings.values() if not one.leaving_at and not one.integration.is_closing]
        uid = session.uid if session else None
        return [
            self.standing(one, copies.get((one.pk, uid)) if uid else None, session, is_assigned=True) for one in current
        ]

    def standing(
        self, mapping: CalendarMapping, copy: SyncedEvent | None, session: Session | None, *, is_assigned: bool
    ) -> Standing:
        wish = Wish(entry_for(session, copy), session.event.status if session else CANCELLED, is_assigned)
        return Standing(
            mapping, copy, state_of(wish, mapping, copy, moment=self.moment, horizon=horizon()), self.moment
        )

    def copies_of(self, uids: Collection[UUID]) -> dict[tuple[int, UUID], SyncedEvent]:
        found = SyncedEvent.objects.filter(mapping__in=self.mappings, session_uid__in=uids)
        return {(one.mapping_id, one.session_uid): one for one in found} if self.mappings else {}

    def left_over(self) -> Copies:
        """What stands in Outlook for a time to come and is not planned any more."""
        confirmed = [one.uid for one in self.teachings if not is_draft(one)]
        found = self.in_outlook().filter(ends_at__gte=self.moment)
        leaving = [pk for pk, one in self.mappings.items() if one.leaving_at or one.integration.is_closing]
        unplanned = found.filter(~Q(session_uid__in=confirmed) | Q(mapping__in=leaving))
        return self.copies(unplanned)

    def problems(self) -> Copies:
        """What failed, and what was changed or deleted in Outlook, as far as it is not over."""
        found = SyncedEvent.objects.filter(mapping__in=self.mappings, ends_at__gte=horizon())
        return self.copies(found.exclude(problem="", observed=""))

    def copies(self, found: QuerySet[SyncedEvent]) -> Copies:
        """The first of these copies with their sessions, and how many there are."""
        rows = list(found.order_by("ends_at", "pk")[:MOST]) if self.mappings else []
        if not rows:
            return Copies()
        uids = [one.session_uid for one in rows]
        sessions = {one.uid: one for one in Session.objects.filter(uid__in=uids).select_related("event")}
        taught = teachers_of(uids)
        told = []
        for one in rows:
            session, is_assigned = sessions.get(one.session_uid), (self.instructor.pk, one.session_uid) in taught
            mapping = self.mappings[one.mapping_id]
            told.append(Copy(one, self.standing(mapping, one, session, is_assigned=is_assigned), session))
        return Copies(told, found.count() if len(rows) == MOST else len(rows))

    def in_outlook(self) -> QuerySet[SyncedEvent]:
        return SyncedEvent.objects.in_outlook().filter(mapping__in=self.mappings)

    def earlier(self) -> int:
        """How many sessions that are over stand in Outlook."""
        return self.in_outlook().filter(ends_at__lt=self.moment).count() if self.mappings else 0

    def external(self, number: str | None) -> tuple[Page, list[Foreign]]:
        """A page of what else stands in Outlook from now on."""
        timed = Q(is_all_day=False, ends_at__gt=self.moment)
        all_day = Q(is_all_day=True, ends_at__gt=self.today)
        found = ExternalEvent.objects.filter(timed | all_day, mapping__in=self.mappings)
        page = Paginator(found.order_by("starts_at", "pk"), ITEMS_A_PAGE).get_page(number)
        return page, [Foreign(one, self.mappings[one.mapping_id]) for one in page]

    @property
    def today(self) -> datetime:
        """The UTC midnight of the date that it is where the instructor is; so all-day items are stored."""
        return datetime.combine(self.moment.astimezone(ZoneInfo(self.instructor.time_zone)).date(), time(), UTC)

    @property
    def is_moving(self) -> bool:
        """Whether a first sync or a clean-up of a calendar is on its way."""
        return any(row.is_moving for row in self.calendars)

    @property
    def has_several(self) -> bool:
        return len(self.mappings) > 1

    @property
    def is_known(self) -> bool:
        """Whether anything that was pulled can be relied on at all."""
        return any(one.synced_at and one.sync_enabled for one in self.mappings.values())


def lacking(instructor: Instructor, mappings: Collection[CalendarMapping]) -> QuerySet[Unmatched]:
    """Why an active instructor has no calendar at all; who has one in an integration is not missed in the others."""
    if mappings or not instructor.is_active:
        return Unmatched.objects.none()
    found = Unmatched.objects.filter(instructor=instructor, integration__closing_at=None)
    return found.select_related("integration")


def entry_for(session: Session | None, copy: SyncedEvent | None) -> Entry:
    """What a copy of `session` should hold; of a session that is deleted only its end is known."""
    if session is None:
        end = copy.ends_at if copy else now()
        return Entry(copy.session_uid if copy else uuid4(), "", end, end)
    event = session.event
    times = (session.starts_at, session.ends_at)
    return entry_of({}, session.uid, *times, event.title, event.location, event.description)


def obstacles_of(clashes: Iterable[Clash]) -> dict[int, list[Obstacle]]:
    """What is in the way of each session, by its primary key; of two sessions each is in the other's way."""
    found: dict[int, list[Obstacle]] = {}
    for clash in clashes:
        found.setdefault(clash.session.session, []).append(Obstacle(clash.other, clash.is_conflict))
        if isinstance(clash.other, Teaching):
            found.setdefault(clash.other.session, []).append(Obstacle(clash.session, clash.is_conflict))
    return found


def is_draft(teaching: Teaching) -> bool:
    return teaching.status != Event.Status.CONFIRMED


def may_be_deleted(instructor: Instructor) -> bool:
    """Whether nothing refers to `instructor`, who was added by mistake."""
    is_assigned = instructor.events.exists() or instructor.sessions.exists()
    return not is_assigned and not instructor.mappings.exists()
