"""What the event page shows: each calendar with each session's state, in a fixed number of queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils.timezone import now

from events.models import Event, Session, SyncedEvent
from events.planned.states import Kind, State, Why, Wish, state_of
from events.planned.words import Look, Times, counted, dates, detail, look, sessions
from events.sync.desired import entry_of
from events.sync.state import horizon
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations.providers.types import Entry

COLUMNS = 4  # with more sessions than this, rows count them instead of a column for each
NAMED = 4  # so many sessions are named in a row that counts them


@dataclass
class Cell:
    """A session in a calendar, as it is at `moment`."""

    times: Times
    state: State
    moment: datetime

    @property
    def look(self) -> Look:
        return look(self.state)

    @cached_property
    def detail(self) -> str:
        return detail(self.state, self.moment)

    @property
    def seconds(self) -> tuple[object, ...]:
        """What `detail` depends on, cheaper than the words."""
        at = self.state.at and int(self.state.at.timestamp())
        return (self.state.kind, self.state.why, at, self.state.retry_at, bool(self.state.problem))


class Group(NamedTuple):
    """The sessions that stand alike in one calendar."""

    look: Look
    words: str
    detail: str
    named: list[Times]
    unnamed: int


@dataclass
class Row:
    """One calendar of an instructor, or an instructor who has none."""

    instructor: Instructor
    calendar: CalendarMapping | None
    unmatched: str = ""
    cells: list[Cell] = field(default_factory=list)
    is_open: bool = False

    @property
    def key(self) -> str:
        """A name of this row that no other row has."""
        return f"{self.instructor.pk}-{self.calendar.pk if self.calendar else 0}"

    @property
    def place(self) -> str:
        return self.calendar.integration.name if self.calendar else ""

    @cached_property
    def problem(self) -> State | None:
        """The first state of this calendar with a problem that is its own."""
        states = [cell.state for cell in self.cells if cell.state.problem and not cell.state.is_of_integration]
        return min(states, key=lambda state: list(Kind).index(state.kind), default=None)

    @property
    def problem_count(self) -> int:
        return sum(bool(cell.state.problem) for cell in self.cells)

    @property
    def advice(self) -> str:
        """Why an instructor who is assigned has no calendar."""
        return self.unmatched if any(cell.state.why == Why.UNMATCHED for cell in self.cells) else ""

    @property
    def groups(self) -> list[Group]:
        """The sessions by state, those that need somebody most first; all but the ordinary ones are named."""
        found: dict[tuple[Kind, Why], list[Cell]] = defaultdict(list)
        for cell in self.cells:
            found[cell.state.kind, cell.state.why].append(cell)
        order = sorted(found, key=lambda one: list(Kind).index(one[0]))
        return [group(key[0], found[key]) for key in order]

    @property
    def assigned(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state.kind != Kind.NOT_ASSIGNED]

    @property
    def teaches(self) -> bool:
        """Whether anything here is to stay: a copy that is being removed is of nobody who teaches."""
        return any(cell.state.kind != Kind.REMOVING for cell in self.assigned)


def group(kind: Kind, cells: list[Cell]) -> Group:
    ordinary = {Kind.IN_OUTLOOK, Kind.NOT_SYNCED, Kind.NOT_ASSIGNED}
    named = [] if kind in ordinary else [cell.times for cell in cells[:NAMED]]
    details = {cell.detail for cell in {cell.seconds: cell for cell in cells}.values()}
    words = details.pop() if len(details) == 1 else ""
    return Group(cells[0].look, counted(kind, len(cells)), words, named, len(cells) - len(named))


class Badge(NamedTuple):
    tone: str
    icon: str
    word: str


class Preview(NamedTuple):
    """What instructors see of one session."""

    entry: Entry
    times: Times


@dataclass
class Sheet:
    """An event with what became of it in the calendars."""

    event: Event
    sessions: list[Session]
    rows: list[Row]
    moment: datetime
    sent: dict[tuple[int, UUID], datetime] = field(default_factory=dict)  # when, by instructor and session

    @property
    def is_wide(self) -> bool:
        """Whether each session has a column."""
        return len(self.sessions) <= COLUMNS

    @cached_property
    def times(self) -> list[Times]:
        return [Times(one.starts_at, one.ends_at, self.event.time_zone) for one in self.sessions]

    @cached_property
    def states(self) -> list[State]:
        return [cell.state for row in self.rows for cell in row.cells]

    @cached_property
    def badges(self) -> list[Badge]:
        """How many items there are of each kind, the good news first."""
        counts = Counter(state.kind for state in self.states)
        looks = {state.kind: look(state) for state in self.states}
        order = [Kind.IN_OUTLOOK, Kind.WAITING, Kind.REMOVING, Kind.DRIFTED, Kind.FAILED, Kind.NOT_SYNCED]
        return [
            Badge(looks[kind].tone, looks[kind].icon.removesuffix("-filled"), counted(kind, counts[kind]))
            for kind in order
            if counts[kind]
        ]

    @property
    def dates(self) -> str:
        return dates(self.sessions[0].starts_at, max(one.ends_at for one in self.sessions)) if self.sessions else ""

    @property
    def session_words(self) -> str:
        return sessions(len(self.sessions))

    @property
    def people_count(self) -> int:
        return len({row.instructor.pk for row in self.rows if row.teaches})

    @property
    def preview(self) -> "Preview | None":
        """The item of the next session, or of the last one where all are over."""
        coming = [times for times in self.times if times.end > self.moment] or self.times[-1:]
        if not coming:
            return None
        event, times = self.event, coming[0]
        entry = entry_of({}, event.uid, times.start, times.end, event.title, event.location, event.description)
        return Preview(entry, times)

    @property
    def integration_problems(self) -> dict[str, State]:
        """The problems that concern a whole integration, by its name."""
        return {row.place: cell.state for row in self.rows for cell in row.cells if cell.state.is_of_integration}

    @property
    def is_moving(self) -> bool:
        return any(state.is_moving for state in self.states)

    @property
    def is_tried_again(self) -> bool:
        return any(state.is_tried_again for state in self.states)


def load(event: Event, *, opened: str = "") -> Sheet:
    """What became of `event`; the row with the key `opened` shows each of its sessions."""
    planned = list(event.sessions.all())
    teachers = teachers_of(event, planned)
    copies: dict[int, dict[UUID, SyncedEvent]] = defaultdict(dict)
    for copy in SyncedEvent.objects.filter(session_uid__in=[one.uid for one in planned]):
        copies[copy.mapping_id][copy.session_uid] = copy
    everybody = {pk for assigned in teachers.values() for pk in assigned}
    rows = rows_of(everybody, set(copies))
    sheet = Sheet(event, planned, rows, now())
    cache: dict[UUID, Entry] = {}
    for row in rows:
        held = copies[row.calendar.pk] if row.calendar else {}
        sheet.sent |= {(row.instructor.pk, uid): copy.intended_at for uid, copy in held.items() if copy.remote_id}
        row.is_open = row.key == opened
        row.cells = list(cells(sheet, row, teachers, held, cache))
    return sheet


def teachers_of(event: Event, sessions: Iterable[Session]) -> dict[int, set[int]]:
    """The instructors of each session, by its primary key. Its own instructors replace the event's."""
    own: dict[int, set[int]] = defaultdict(set)
    through = Session.instructors.through.objects.filter(session__event=event)
    for session, instructor in through.values_list("session", "instructor"):
        own[session].add(instructor)
    whole = set(event.instructors.order_by().values_list("pk", flat=True))
    return {one.pk: own.get(one.pk, whole) for one in sessions} or {0: whole}


def rows_of(assigned: set[int], holders: set[int]) -> list[Row]:
    """A row for each calendar of the `assigned` instructors, and for each that still holds a copy."""
    found = CalendarMapping.objects.filter(Q(instructor__in=assigned) | Q(pk__in=holders))
    by_instructor: dict[int, list[CalendarMapping]] = defaultdict(list)
    for mapping in found.prefetch_related("integration").order_by("pk"):
        is_let_go = mapping.leaving_at or mapping.integration.is_closing
        if mapping.pk in holders or (mapping.instructor_id in assigned and not is_let_go):
            by_instructor[mapping.instructor_id].append(mapping)
    people = Instructor.objects.filter(pk__in=assigned | set(by_instructor))
    causes = {one.instructor_id: one.reason for one in Unmatched.objects.filter(instructor__in=assigned)}
    rows = []
    for person in people:
        for calendar in by_instructor[person.pk]:
            calendar.instructor = person
        calendars: list[CalendarMapping | None] = [*by_instructor[person.pk]] or [None]
        rows += [Row(person, one, causes.get(person.pk, "")) for one in calendars]
    return rows


def cells(
    sheet: Sheet,
    row: Row,
    teachers: dict[int, set[int]],
    copies: dict[UUID, SyncedEvent],
    entries: dict[UUID, Entry],
) -> Iterable[Cell]:
    event = sheet.event
    for session, times in zip(sheet.sessions, sheet.times, strict=True):
        entry = entry_of(
            entries, session.uid, session.starts_at, session.ends_at, event.title, event.location, event.description
        )
        wish = Wish(entry, event.status, row.instructor.pk in teachers[session.pk])
        state = state_of(wish, row.calendar, copies.get(session.uid), moment=sheet.moment, horizon=horizon())
        yield Cell(times, state, sheet.moment)
