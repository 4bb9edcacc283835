"""Calendar files as the calendars of people: what `--ics DIR` loads, and what it tells of the rest."""

from __future__ import annotations

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import icalendar
import x_wr_timezone
from icalendar.timezone import tzp

from sandbox import tenant
from sandbox.ics_events import UNREADABLE, Component, Reader, RefusedError, check_readable, text
from sandbox.ics_series import WINDOW, Loaded, load_group
from sandbox.items import Item, Json

if TYPE_CHECKING:
    from sandbox.mailbox import Person
    from sandbox.world import World


@dataclass
class Report:
    """What became of the files: the people they are, and by file and UID what is not as it stands there."""

    files: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)

    def note(self, file: str, uid: str | None, what: str, why: str) -> None:
        """`what` is "refused", "expanded", "changed" or "left out"."""
        self.notes.append({"file": file, "uid": uid, "what": what, "why": why})

    def as_json(self) -> Json:
        return {"window": [moment.isoformat() for moment in WINDOW], "files": self.files, "notes": self.notes}

    def lines(self) -> list[str]:
        """A sentence for each note."""
        return [f"{note['file']}, {note['uid'] or 'the file'}, {note['what']}: {note['why']}" for note in self.notes]


def load(world: World, folders: list[Path]) -> Report:
    """Make a person of every .ics file in the folders and below them; ValueError when there is no such folder."""
    report = Report()
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder.")
        for path in sorted(folder.rglob("*.ics")):
            _load_file(world, path, str(path.relative_to(folder)), report)
    return report


def _load_file(world: World, path: Path, file: str, report: Report) -> None:
    try:
        calendars = [_standard(calendar) for calendar in parse(path.read_bytes())]
    except (*UNREADABLE, OSError, RefusedError) as error:
        report.note(file, None, "refused", _sentence(error))
        return
    _note_other_components(calendars, file, report)
    if not any(calendar.walk("VEVENT") for calendar, _ in calendars):
        report.note(file, None, "refused", "there is no event in it")
        return
    name = next((text(calendar, "X-WR-CALNAME") for calendar, _ in calendars), "") or path.stem
    person = tenant.put_person(world, {"name": name[:256], "mail": _free_address(world, path.stem)})
    for calendar, refused in calendars:
        _load_calendar(world, person, calendar, refused, file, report)
    items = person.mailbox.items.values()
    counts = Counter("series" if item.is_series else "singles" for item in items)
    report.files.append({"file": file, "person": person.upn, "series": counts["series"], "singles": counts["singles"]})


def parse(content: bytes) -> list[Component]:
    """The calendars of a file; RefusedError or one of UNREADABLE when it is none."""
    tzp.use_default()  # forgets the time zones that another file described
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # icalendar warns of zones that it had to guess
        components = icalendar.Component.from_ical(content, multiple=True)
    for component in components:
        if component.name != "VCALENDAR":
            raise RefusedError(f"it begins with a {component.name}, not with a VCALENDAR")
        if component.get("CALSCALE", "GREGORIAN") != "GREGORIAN":
            raise RefusedError(f"Graph knows no calendar scale {component['CALSCALE']}")
    if not components:
        raise RefusedError("there is no calendar in it")
    return components


def _standard(calendar: Component) -> tuple[Component, dict[int, str]]:
    """A calendar with its X-WR-TIMEZONE applied, and by position why some of its events cannot be read."""
    refused = {}
    for position, component in enumerate(calendar.walk("VEVENT")):
        try:
            check_readable(component)
        except (*UNREADABLE, RefusedError) as error:
            refused[position] = _sentence(error)
    return x_wr_timezone.to_standard(calendar), refused


def _note_other_components(calendars: list[tuple[Component, dict[int, str]]], file: str, report: Report) -> None:
    others = Counter(part.name for calendar, _ in calendars for part in calendar.subcomponents)
    for name in sorted(set(others) - {"VEVENT", "VTIMEZONE"}):
        report.note(file, None, "left out", f"{others[name]} {name}: a calendar of Graph has events only")


def _free_address(world: World, stem: str) -> str:
    """An address for the person of a file that nobody has yet."""
    local = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-.") or "calendar"
    address, number = f"{local[:50]}@{world.domain}", 1
    while world.find(address):
        number += 1
        address = f"{local[:50]}-{number}@{world.domain}"
    return address


def _load_calendar(
    world: World, person: Person, calendar: Component, refused: dict[int, str], file: str, report: Report
) -> None:
    """Put the events of a calendar into that of the person, those of one UID together."""
    reader = Reader.of(calendar)
    groups: dict[str, list[tuple[int, Component]]] = defaultdict(list)
    for position, component in enumerate(calendar.walk("VEVENT")):
        groups[text(component, "UID") or f"without UID, number {position + 1}"].append((position, component))
    for uid, members in groups.items():
        try:
            _check(position in refused and refused[position] for position, _ in members)
            loaded = _load_members(world, person, [component for _, component in members], reader)
        except (*UNREADABLE, RefusedError) as error:
            report.note(file, uid, "refused", _sentence(error))
            continue
        for item in loaded.items:
            person.mailbox.put(item, world.now())
        if loaded.what:
            report.note(file, uid, loaded.what, loaded.why)


def _check(reasons: Iterable[str | bool]) -> None:
    for reason in reasons:
        if reason:
            raise RefusedError(str(reason))


def _load_members(world: World, person: Person, members: list[Component], reader: Reader) -> Loaded:
    def build(event: Json) -> Item:
        return tenant.read_event(world, person, event)

    return load_group(members, reader, build)


def _sentence(error: Exception) -> str:
    words = " ".join(str(error).split())[:300]
    return words if isinstance(error, RefusedError) else f"it cannot be read ({type(error).__name__}: {words})"
