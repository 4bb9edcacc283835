"""Real calendar files: what stands in them stands in the calendars that Graph shows, or is refused by name."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from sandbox.ics_rules import NoPatternError, recurrence_of
from tests.sandbox.conftest import ROOT, Client, Running, start


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


# The libraries that read calendar files ship what people sent them; the files are read where they lie.
FOLDERS = [folder_of("icalendar"), folder_of("recurring_ical_events")]
FILES = [(folder, path) for folder in FOLDERS for path in sorted(folder.rglob("*.ics"))]


def moment(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


EXPANDED = (moment(1990), moment(2040))
WINDOWS = [
    (moment(2019, 3, 25), moment(2019, 4, 8)),  # the clocks of Europe go forward
    (moment(2026, 10, 20), moment(2026, 11, 10)),  # those of Europe and then those of America go back
    (moment(2038, 1, 10), moment(2038, 3, 10)),  # the seconds since 1970 need more than 31 bits
    (moment(2056, 2, 15), moment(2056, 3, 15)),
    (moment(2150), moment(2150, 2)),
]


@pytest.fixture(scope="module")
def loaded() -> Iterator[Running]:
    found = start(*(argument for folder in FOLDERS for argument in ("--ics", str(folder))))
    yield found
    found.stop()


@pytest.fixture(scope="module")
def calendars(loaded: Running) -> Client:
    client = Client(loaded.facts)
    client.configure(concurrency="off", requests_per_10_minutes=10**9)
    client.sign_in()
    return client


@pytest.fixture(scope="module")
def report(calendars: Client) -> dict[str, Any]:
    return calendars.control("GET", "ics")


def shown(client: Client, person: str, window: tuple[datetime, datetime]) -> Counter[tuple[datetime, datetime]]:
    """Start and end of everything in a calendar view."""
    begin, end = (limit.strftime("%Y-%m-%dT%H:%M:%SZ") for limit in window)
    link = f"/users/{person}/calendarView?startDateTime={begin}&endDateTime={end}&$top=1000&$select=start,end"
    found: Counter[tuple[datetime, datetime]] = Counter()
    while link:
        page = client.get(link)
        found.update((utc_of(event["start"]), utc_of(event["end"])) for event in page["value"])
        link = page.get("@odata.nextLink", "")
    return found


def utc_of(value: dict[str, str]) -> datetime:
    assert value["timeZone"] == "UTC"
    return datetime.fromisoformat(value["dateTime"][:26]).replace(tzinfo=UTC)


def read(path: Path, notes: dict[str | None, str]) -> list[tuple[Any, Any]]:
    """The calendars of a file without what was refused; and again without what was expanded."""
    icalendar.use_zoneinfo()  # a time zone that another file describes is not one of this file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendars = icalendar.Component.from_ical(path.read_bytes(), multiple=True)
    return [
        (without(calendar, notes, {"refused"}), without(calendar, notes, {"refused", "expanded"}))
        for calendar in calendars
    ]


def windows_of(calendars: list[tuple[Any, Any]]) -> list[tuple[datetime, datetime]]:
    """The years in which something of a file begins, each with the one after it, and what is awkward in every file."""
    events = [event for calendar, _ in calendars for event in calendar.walk("VEVENT")]
    years = {event["DTSTART"].dt.year for event in events}
    return [*((moment(year), moment(year + 2)) for year in sorted(years)), *WINDOWS]


def without(calendar: Any, notes: dict[str | None, str], fates: set[str]) -> Any:
    left = icalendar.Calendar()
    for name in ("X-WR-TIMEZONE", "CALSCALE"):
        if name in calendar:
            left[name] = calendar[name]
    for number, event in enumerate(calendar.walk("VEVENT"), 1):
        if notes.get(str(event.get("UID") or f"without UID, number {number}")) not in fates:
            left.add_component(event)
    return left


def expected(calendar: Any, window: tuple[datetime, datetime]) -> Counter[tuple[datetime, datetime]]:
    occurrences = recurring_ical_events.of(calendar).between(*window)
    return Counter((instant(event["DTSTART"].dt), ends(event)) for event in occurrences)


def ends(event: Any) -> datetime:
    """The end of an occurrence. Exchange has no all-day event without a length: it is one day long."""
    begin, end = event["DTSTART"].dt, event["DTEND"].dt
    return instant(begin + timedelta(days=1) if begin == end and not isinstance(begin, datetime) else end)


def instant(time: date | datetime) -> datetime:
    """A date as its midnight, and a time without a zone, in UTC: Graph has nothing that floats but all-day events."""
    if not isinstance(time, datetime):
        return moment(time.year, time.month, time.day)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


@pytest.mark.parametrize(("folder", "path"), FILES, ids=[str(path.relative_to(folder)) for folder, path in FILES])
def test_a_file_is_refused_by_name_or_has_the_occurrences_that_recurring_ical_events_finds(
    calendars: Client, report: dict[str, Any], folder: Path, path: Path
) -> None:
    file = str(path.relative_to(folder))
    notes = {note["uid"]: note["what"] for note in report["notes"] if note["file"] == file}
    person = next((entry["person"] for entry in report["files"] if entry["file"] == file), None)

    if person is None:
        assert notes[None] == "refused"
        return
    contents = read(path, notes)
    for window in windows_of(contents):
        found = shown(calendars, person, window)

        wanted: Counter[tuple[datetime, datetime]] = Counter()
        for everything, unexpanded in contents:
            wanted += expected(everything if window[1] <= EXPANDED[1] else unexpanded, window)
        assert found == wanted, f"{window}: missing {wanted - found}, unexpected {found - wanted}"


def test_most_files_are_loaded_and_most_of_their_recurring_events_are_series(report: dict[str, Any]) -> None:
    fates = Counter(note["what"] for note in report["notes"])

    assert len(report["files"]) > 170
    assert sum(entry["series"] for entry in report["files"]) > 190
    assert fates["expanded"] < 40
    assert not [note for note in report["notes"] if "are not those of its pattern" in note["why"]]


def test_every_note_says_which_file_and_why(report: dict[str, Any]) -> None:
    files = {str(path.relative_to(folder)) for folder, path in FILES}

    assert {note["file"] for note in report["notes"]} <= files
    assert {note["what"] for note in report["notes"]} == {"refused", "expanded", "changed", "left out"}
    assert all(len(note["why"]) > 10 for note in report["notes"])


HEAD = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//school//example//EN\n"


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", "SUMMARY:Course", *lines, "END:VEVENT"]) + "\n"


def calendar_of(*parts: str) -> str:
    return HEAD + "".join(parts) + "END:VCALENDAR\n"


ZONE = """BEGIN:VTIMEZONE
TZID:Campus
BEGIN:STANDARD
DTSTART:19701025T040000
TZOFFSETFROM:+0330
TZOFFSETTO:+0230
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T030000
TZOFFSETFROM:+0230
TZOFFSETTO:+0330
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""
SERIES = event(
    "UID:series",
    "DTSTART;TZID=Europe/Berlin:20270322T100000",
    "DTEND;TZID=Europe/Berlin:20270322T110000",
    "RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO",
    "EXDATE;TZID=Europe/Berlin:20270405T100000",
) + event(
    "UID:series",
    "RECURRENCE-ID;TZID=Europe/Berlin:20270329T100000",
    "DTSTART;TZID=Europe/Berlin:20270330T120000",
    "DURATION:PT30M",
)
OWN = {
    "Ann Lake.ics": HEAD + "X-WR-CALNAME:Ann's courses\n" + SERIES + "END:VCALENDAR\n",
    "below/ann-lake.ics": calendar_of(event("UID:one", "DTSTART:20270301T090000Z", "TRANSP:TRANSPARENT")),
    "zones.ics": calendar_of(
        ZONE,
        event("UID:campus", "DTSTART;TZID=Campus:20270601T090000", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;COUNT=8"),
        event("UID:nowhere", "DTSTART;TZID=Nowhere/Land:20270601T090000", "DURATION:PT1H"),
    ),
    "patterns.ics": calendar_of(
        event("UID:hourly", "DTSTART:20270601T090000Z", "RRULE:FREQ=HOURLY;COUNT=30"),
        event("UID:endless", "DTSTART:20270601T090000Z", "RRULE:FREQ=HOURLY"),
        event("UID:seconds", "DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY"),
        event("UID:standing", "DTSTART:20270601T090000Z", "RRULE:FREQ=DAILY;INTERVAL=0"),
        event("UID:future", "DTSTART:20270601T090000Z", "RRULE:FREQ=DAILY;COUNT=6"),
        event("UID:future", "RECURRENCE-ID;RANGE=THISANDFUTURE:20270603T090000Z", "DTSTART:20270603T120000Z"),
    ),
    "no calendar.ics": "Dear all,\nthe course is on Monday.\n",
    "binary.ics": "\0\1\2BEGIN:\xff",
    "empty.ics": "",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A sandbox with a few files of our own."""
    folder = tmp_path_factory.mktemp("calendars")
    for name, content in OWN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="latin-1")
    found = start("--ics", str(folder))
    client = Client(found.facts)
    client.sign_in()
    yield client
    found.stop()


def notes_of(client: Client) -> dict[tuple[str, str | None], tuple[str, str]]:
    notes = client.control("GET", "ics")["notes"]
    return {(note["file"], note["uid"]): (note["what"], note["why"]) for note in notes}


def everything(client: Client, mailbox: str) -> list[dict[str, Any]]:
    window = "startDateTime=2027-01-01T00:00:00Z&endDateTime=2028-01-01T00:00:00Z"
    return client.get(f"/users/{mailbox}/calendarView?{window}&$top=1000")["value"]


def test_a_file_is_a_person_named_after_the_calendar_or_the_file(own: Client) -> None:
    people = {person["mail"]: person["name"] for person in own.control("GET", "people")}

    assert people["ann-lake@planning.example"] == "Ann's courses"
    assert people["ann-lake-2@planning.example"] == "ann-lake"


def test_a_rule_with_exceptions_becomes_a_series(own: Client) -> None:
    found = everything(own, "ann-lake@planning.example")

    assert [(event["type"], event["start"]["dateTime"][:16]) for event in found] == [
        ("occurrence", "2027-03-22T09:00"),
        ("exception", "2027-03-30T10:00"),
        ("occurrence", "2027-04-12T08:00"),
    ]
    assert found[1]["originalStart"] == "2027-03-29T08:00:00Z"
    assert found[0]["originalStartTimeZone"] == "W. Europe Standard Time"


def test_what_a_file_says_besides_the_times_is_kept(own: Client) -> None:
    found = everything(own, "ann-lake-2@planning.example")

    assert [(event["subject"], event["showAs"], event["type"]) for event in found] == [
        ("Course", "free", "singleInstance")
    ]


def test_a_zone_that_only_the_file_knows_is_a_custom_one(own: Client) -> None:
    found = everything(own, "zones@planning.example")

    assert {event["originalStartTimeZone"] for event in found} == {"tzone://Microsoft/Custom"}
    assert found[0]["start"]["dateTime"][:16] == "2027-06-01T05:30"
    assert found[-1]["start"]["dateTime"][:16] == "2027-12-01T06:30"


def test_a_zone_that_nobody_knows_is_refused_by_name(own: Client) -> None:
    what, why = notes_of(own)["zones.ics", "nowhere"]

    assert what == "refused"
    assert "Nowhere/Land" in why


def test_what_graph_has_no_pattern_for_is_expanded_and_said_to_be(own: Client) -> None:
    found, notes = everything(own, "patterns@planning.example"), notes_of(own)

    assert {event["type"] for event in found} == {"singleInstance"}
    assert len(found) == 36
    assert notes["patterns.ics", "hourly"][0] == "expanded"
    assert "THISANDFUTURE" in notes["patterns.ics", "future"][1]


@pytest.mark.parametrize(
    ("uid", "reason"), [("endless", "more occurrences"), ("seconds", "more occurrences"), ("standing", "INTERVAL")]
)
def test_what_would_be_too_many_singles_is_refused(own: Client, uid: str, reason: str) -> None:
    what, why = notes_of(own)["patterns.ics", uid]

    assert what == "refused"
    assert reason in why


@pytest.mark.parametrize("file", ["no calendar.ics", "binary.ics", "empty.ics"])
def test_what_is_no_calendar_is_refused_by_name(own: Client, file: str) -> None:
    assert notes_of(own)[file, None][0] == "refused"


def test_a_folder_that_is_not_there_ends_the_sandbox_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--ics", str(tmp_path / "nowhere")]

    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("nowhere is no folder.")


def test_only_who_loads_calendar_files_needs_the_packages_that_read_them() -> None:
    program = "import sys, sandbox.command; print([name for name in sys.modules if 'ical' in name])"

    found = subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True, text=True)

    assert found.stdout.strip() == "[]"


def rule(text: str) -> Any:
    return icalendar.vRecur.from_ical(text)


@pytest.mark.parametrize(
    ("text", "start", "pattern"),
    [
        ("FREQ=DAILY;INTERVAL=3", date(2027, 1, 5), {"type": "daily", "interval": 3}),
        ("FREQ=DAILY;BYDAY=MO,TU", date(2027, 1, 5), {"type": "weekly", "daysOfWeek": ["monday", "tuesday"]}),
        ("FREQ=WEEKLY;WKST=SU", date(2027, 1, 5), {"daysOfWeek": ["tuesday"], "firstDayOfWeek": "sunday"}),
        ("FREQ=MONTHLY", date(2027, 1, 5), {"type": "absoluteMonthly", "dayOfMonth": 5}),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", date(2027, 1, 31), {"type": "absoluteMonthly", "dayOfMonth": 31}),
        ("FREQ=MONTHLY;BYDAY=1TU", date(2027, 1, 5), {"type": "relativeMonthly", "index": "first"}),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", date(2027, 1, 29), {"index": "last"}),
        ("FREQ=YEARLY", date(2027, 1, 31), {"type": "absoluteYearly", "month": 1, "dayOfMonth": 31}),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", date(2027, 3, 28), {"type": "relativeYearly", "month": 3}),
    ],
)
def test_a_rule_that_graph_knows_becomes_its_pattern(text: str, start: date, pattern: dict[str, Any]) -> None:
    found = recurrence_of(rule(text), start)["pattern"]

    assert {name: found[name] for name in pattern} == pattern


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("FREQ=HOURLY", date(2027, 1, 5)),
        ("FREQ=MONTHLY;BYMONTHDAY=5,15", date(2027, 1, 5)),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", date(2027, 1, 30)),
        ("FREQ=MONTHLY", date(2027, 1, 31)),  # Exchange would take 28 February, the rule leaves February out
        ("FREQ=YEARLY", date(2028, 2, 29)),
        ("FREQ=MONTHLY;BYDAY=5TU", date(2027, 3, 30)),
        ("FREQ=MONTHLY;BYDAY=1TU,3TU", date(2027, 1, 5)),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1,-1", date(2027, 1, 4)),
        ("FREQ=MONTHLY;BYDAY=TU", date(2027, 1, 5)),
        ("FREQ=YEARLY;BYMONTH=1,7", date(2027, 1, 5)),
        ("FREQ=YEARLY;BYDAY=20MO", date(2027, 5, 17)),
        ("FREQ=YEARLY;BYWEEKNO=1", date(2027, 1, 5)),
        ("FREQ=WEEKLY;BYMONTH=1", date(2027, 1, 5)),
        ("FREQ=WEEKLY;INTERVAL=1000", date(2027, 1, 5)),
        ("FREQ=WEEKLY;BYDAY=MO", date(2027, 1, 5)),  # its first date is not DTSTART, which is one all the same
    ],
)
def test_a_rule_that_graph_does_not_know_is_no_pattern(text: str, start: date) -> None:
    with pytest.raises(NoPatternError):
        recurrence_of(rule(text), start)


def test_a_long_count_becomes_an_end_date() -> None:
    found = recurrence_of(rule("FREQ=DAILY;COUNT=1001"), date(2027, 1, 1))["range"]

    assert found == {"type": "endDate", "startDate": "2027-01-01", "endDate": "2029-09-27"}
