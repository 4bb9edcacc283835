"""What the event form holds, as text: typed, saved, or what it was opened with."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Self

from django.http import QueryDict

from events.localtime import wall_clock
from events.models import Event, Session
from integrations.zones import zone_named

FIELDS = ("title", "short_name", "location", "status", "time_zone", "description")
USUAL = ("09:00", "17:00")
MOST_SESSIONS = 200
MOST_ROWS = 2 * MOST_SESSIONS  # read of a form; more come from no person
MOST_COPIES = 60
LONGEST_BASE = 200_000
ROW = re.compile(r"^sessions-(\d{1,4})-day$", re.ASCII)
DAY = re.compile(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$", re.ASCII)
CLOCK = re.compile(r"^([01]?\d|2[0-3])(?:[:.]?([0-5]\d))?(?::00)?$", re.ASCII)


@dataclass(frozen=True)
class TypedSession:
    """One row of the form. `end_day` is empty where the session ends on the day on which it starts."""

    uid: str = ""
    day: str = ""
    start: str = ""
    end: str = ""
    end_day: str = ""
    instructors: tuple[int, ...] = ()
    name: str = ""  # of an instructor, typed and not chosen
    row: int = field(default=0, compare=False)

    @classmethod
    def from_post(cls, data: QueryDict, row: int) -> Self:
        def text(name: str) -> str:
            return data.get(f"sessions-{row}-{name}", "").strip()

        day, end_day = as_day(text("day")), as_day(text("end_day"))
        chosen = numbers(data.getlist(f"sessions-{row}-instructors"))
        ends_elsewhere = "" if end_day == day else end_day
        return cls(
            text("uid"), day, as_clock(text("start")), as_clock(text("end")), ends_elsewhere, chosen, text("name"), row
        )

    @classmethod
    def of(cls, session: Session, zone: str, row: int) -> Self:
        start, end = wall_clock(session.starts_at, zone), wall_clock(session.ends_at, zone)
        own = tuple(sorted(one.pk for one in session.instructors.all()))
        end_day = "" if end.date() == start.date() else end.date().isoformat()
        clocks = f"{start:%H:%M}", f"{end:%H:%M}"
        return cls(str(session.uid), start.date().isoformat(), *clocks, end_day, own, row=row)

    @classmethod
    def from_list(cls, parts: list[Any], row: int) -> Self:
        """What Typed.to_json has written of a session. Raises LookupError and TypeError."""
        uid, day, start, end, end_day = (str(parts[at]) for at in range(5))
        return cls(uid, day, start, end, end_day, numbers(parts[5]), row=row)

    @property
    def times(self) -> tuple[str, str, str, str]:
        return self.day, self.start, self.end, self.end_day

    @property
    def is_empty(self) -> bool:
        """Whether nobody has typed anything into this row."""
        is_touched = self.uid or self.day or self.end_day or self.instructors or self.name
        return not is_touched and (self.start, self.end) in {USUAL, ("", "")}

    def moved(self, days: int) -> "TypedSession":
        """The same session, `days` later and not saved yet. Raises ValueError and OverflowError."""

        def later(day: str) -> str:
            return (date.fromisoformat(day) + timedelta(days)).isoformat() if day else ""

        return replace(self, uid="", day=later(self.day), end_day=later(self.end_day), name="")


@dataclass(frozen=True)
class Typed:
    """The whole form. Two are equal when they say the same."""

    title: str = ""
    short_name: str = ""
    location: str = ""
    status: str = Event.Status.CONFIRMED
    time_zone: str = ""
    description: str = ""
    instructors: tuple[int, ...] = ()
    name: str = ""  # of an instructor, typed and not chosen
    sessions: tuple[TypedSession, ...] = ()

    @classmethod
    def from_post(cls, data: QueryDict) -> Self:
        values = {name: data.get(name, "").replace("\r\n", "\n").strip() for name in FIELDS}
        values["time_zone"] = zone_named(values["time_zone"]) or values["time_zone"]
        rows = sorted({int(found[1]) for key in data if (found := ROW.match(key))})[:MOST_ROWS]
        sessions = tuple(TypedSession.from_post(data, row) for row in rows)
        chosen, name = numbers(data.getlist("instructors")), data.get("name", "").strip()
        return cls(**values, instructors=chosen, name=name, sessions=sessions)

    @classmethod
    def of(cls, event: Event) -> Self:
        """As the form shows a saved event, with its sessions in order of time."""
        values = {name: getattr(event, name).replace("\r\n", "\n").strip() for name in FIELDS}
        saved = event.sessions.prefetch_related("instructors").order_by("starts_at", "pk")
        sessions = tuple(TypedSession.of(one, event.time_zone, row) for row, one in enumerate(saved))
        chosen = tuple(sorted(event.instructors.values_list("pk", flat=True)))
        return cls(**values, instructors=chosen, sessions=sessions)

    @property
    def rows(self) -> tuple[TypedSession, ...]:
        """The sessions of which anything is typed."""
        return tuple(one for one in self.sessions if not one.is_empty)

    @property
    def everybody(self) -> set[int]:
        """Who is chosen, for the event or for a single session."""
        return {*self.instructors, *(pk for one in self.sessions for pk in one.instructors)}

    def with_sessions(self, sessions: Iterable[TypedSession]) -> "Typed":
        """With these sessions in their order; a session without a row of its own gets the next free one."""
        free = 1 + max((one.row for one in self.sessions), default=-1)
        rows: list[TypedSession] = []
        for one in sessions:
            is_new = one.row < 0
            rows.append(replace(one, row=free) if is_new else one)
            free += is_new
        return replace(self, sessions=tuple(rows))

    def to_json(self) -> str:
        values = {name: getattr(self, name) for name in FIELDS}
        sessions = [[one.uid, *one.times, list(one.instructors)] for one in self.sessions]
        return json.dumps({**values, "instructors": self.instructors, "sessions": sessions}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Typed | None":
        """What `to_json` has written; None where it is something else."""
        try:
            found: dict[str, Any] = json.loads(text if len(text) <= LONGEST_BASE else "")
            json.dumps(found, ensure_ascii=False).encode()  # half a character cannot be shown
            values = {name: str(found[name]) for name in FIELDS}
            sessions = tuple(TypedSession.from_list(one, row) for row, one in enumerate(found["sessions"]))
            return cls(**values, instructors=numbers(found["instructors"]), sessions=sessions)
        except (ValueError, TypeError, LookupError, RecursionError):
            return None


def numbers(values: Iterable[object]) -> tuple[int, ...]:
    """The primary keys among `values`, each once and in order."""
    texts = map(str, values)
    return tuple(sorted({int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19}))


def as_day(text: str) -> str:
    """A date typed as 24.11.2026 in ISO form; what is something else stays as it is."""
    found = DAY.match(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat() if found else text
    except ValueError:
        return text


def as_clock(text: str) -> str:
    """A time of day typed as 9, 930, 9.30 or 09:30:00 in its usual form; what is something else stays as it is."""
    found = CLOCK.match(text)
    return f"{int(found[1]):02}:{found[2] or '00'}" if found else text


def copied(sessions: Sequence[TypedSession], days: int, *, skips_weekends: bool) -> list[TypedSession]:
    """The last session that has a date, again on each of the following `days`."""
    dated = [one for one in sessions if one.day]
    last = max(dated, key=lambda one: one.day, default=None)
    copies: list[TypedSession] = []
    ahead = 0
    while last and len(copies) < min(days, MOST_COPIES):
        ahead += 1
        try:
            copy = replace(last.moved(ahead), row=-1)
        except (ValueError, OverflowError):
            break
        if not (skips_weekends and date.fromisoformat(copy.day).weekday() >= 5):
            copies.append(copy)
    return copies


def blank(*, day: str = "", after: Sequence[TypedSession] = ()) -> TypedSession:
    """A new row, with the times of the last one."""
    last = after[-1] if after else None
    start, end = (last.start, last.end) if last and last.start and last.end and not last.end_day else USUAL
    return TypedSession(day=day, start=start, end=end, row=-1)
