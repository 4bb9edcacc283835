"""Between our entries and Graph's events."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.providers.microsoft.codec import MARKER_ID, Unreadable, from_graph, from_graph_time, to_graph
from integrations.providers.microsoft.provider import page
from integrations.providers.types import Entry, one_line

UID = UUID("11111111-2222-3333-4444-555555555555")
START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def entry(**values: Any) -> Entry:
    usual = {"session_uid": UID, "subject": "First aid", "starts_at": START, "ends_at": START + timedelta(hours=3)}
    return Entry(**{**usual, **values})


def event(**values: Any) -> dict[str, Any]:
    """An event as Graph answers it."""
    return {
        "@odata.etag": 'W/"abc"',
        "id": "AAMk1",
        "subject": "Dentist",
        "start": {"dateTime": "2026-11-23T14:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-23T15:00:00.0000000", "timeZone": "UTC"},
        "isAllDay": False,
        "showAs": "busy",
        "sensitivity": "normal",
        "type": "singleInstance",
        "location": {"displayName": "Room 3"},
        "responseStatus": {"response": "organizer"},
    } | values


def test_an_entry_is_sent_busy_in_utc_with_its_marker_and_without_attendees():
    sent = to_graph(entry(location="Room 3", body="Bring the dolls."))

    assert sent["start"] == {"dateTime": "2026-11-23T09:00:00", "timeZone": "UTC"}
    assert sent["end"] == {"dateTime": "2026-11-23T12:00:00", "timeZone": "UTC"}
    assert (sent["showAs"], sent["isAllDay"], sent["location"]) == ("busy", False, {"displayName": "Room 3"})
    assert sent["singleValueExtendedProperties"] == [{"id": MARKER_ID, "value": str(UID)}]
    assert "attendees" not in sent


def test_an_entry_of_another_zone_is_sent_as_the_same_instant_in_utc():
    start = datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("Europe/Berlin"))

    sent = to_graph(entry(starts_at=start, ends_at=start + timedelta(hours=1)))

    assert sent["start"] == {"dateTime": "2026-07-01T07:00:00", "timeZone": "UTC"}


def test_an_event_is_read_as_an_item():
    item = from_graph(event(seriesMasterId="AAMk0", transactionId="t1"))

    assert (item.remote_id, item.etag, item.series_id, item.transaction_id) == ("AAMk1", 'W/"abc"', "AAMk0", "t1")
    assert (item.subject, item.location, item.show_as) == ("Dentist", "Room 3", "busy")
    assert (item.starts_at, item.ends_at) == (
        datetime(2026, 11, 23, 14, tzinfo=UTC),
        datetime(2026, 11, 23, 15, tzinfo=UTC),
    )
    assert (item.is_private, item.is_ignored, item.is_all_day) == (False, False, False)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-07-01T09:00:00+00:00"),
        ("W. Europe Standard Time", "2026-07-01T07:00:00+00:00"),
        ("Europe/Berlin", "2026-07-01T07:00:00+00:00"),
        ("Eastern Standard Time", "2026-07-01T13:00:00+00:00"),
        ("America/New_York", "2026-07-01T13:00:00+00:00"),
        ("India Standard Time", "2026-07-01T03:30:00+00:00"),
        ("Asia/Kathmandu", "2026-07-01T03:15:00+00:00"),
        ("FLE Standard Time", "2026-07-01T06:00:00+00:00"),
        ("GMT Standard Time", "2026-07-01T08:00:00+00:00"),
        ("", "2026-07-01T09:00:00+00:00"),
        (None, "2026-07-01T09:00:00+00:00"),
        ("tzone://Microsoft/Utc", "2026-07-01T09:00:00+00:00"),
    ],
)
def test_windows_and_iana_zones_are_read(zone, expected):
    moment = from_graph_time({"dateTime": "2026-07-01T09:00:00.0000000", "timeZone": zone})

    assert moment.isoformat() == expected


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-07-01T09:00:00", 0),
        ("2026-07-01T09:00:00Z", 0),
        ("2026-07-01T09:00:00.5", 500_000),
        ("2026-07-01T09:00:00.1234567", 123_456),
        ("2026-07-01T09:00:00.0000000", 0),
    ],
)
def test_up_to_seven_fractional_digits_are_read(text, microsecond):
    moment = from_graph_time({"dateTime": text, "timeZone": "UTC"})

    assert moment == datetime(2026, 7, 1, 9, microsecond=microsecond, tzinfo=UTC)


def test_an_ambiguous_hour_means_the_first():
    moment = from_graph_time({"dateTime": "2026-10-25T02:30:00.0000000", "timeZone": "W. Europe Standard Time"})

    assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_all_day_item_holds_the_utc_midnights_of_its_dates():
    midnight = {"dateTime": "2026-11-23T00:00:00.0000000", "timeZone": "UTC"}
    next_midnight = {"dateTime": "2026-11-25T00:00:00.0000000", "timeZone": "UTC"}

    item = from_graph(event(isAllDay=True, start=midnight, end=next_midnight))

    assert item.is_all_day
    assert (item.starts_at, item.ends_at) == (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))


@pytest.mark.parametrize(
    ("sensitivity", "is_private"),
    [("normal", False), ("personal", False), (None, False), ("private", True), ("confidential", True), ("new", True)],
)
def test_private_and_confidential_items_are_private_and_so_is_what_we_do_not_know(sensitivity, is_private):
    assert from_graph(event(sensitivity=sensitivity)).is_private is is_private


@pytest.mark.parametrize(
    ("values", "is_ignored"),
    [
        ({"responseStatus": {"response": "declined"}}, True),
        ({"isCancelled": True}, True),
        ({"responseStatus": {"response": "tentativelyAccepted"}}, False),
        ({"responseStatus": {"response": "none"}}, False),
        ({"responseStatus": None}, False),
    ],
)
def test_declined_and_cancelled_items_are_ignored(values, is_ignored):
    assert from_graph(event(**values)).is_ignored is is_ignored


@pytest.mark.parametrize("show_as", ["free", "tentative", "busy", "oof", "workingElsewhere"])
def test_how_an_item_shows_is_kept(show_as):
    assert from_graph(event(showAs=show_as)).show_as == show_as


@pytest.mark.parametrize("show_as", ["unknown", "somethingNew", "", None])
def test_what_is_not_known_counts_as_busy(show_as):
    assert from_graph(event(showAs=show_as)).show_as == "busy"


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_the_marker_is_found_whatever_the_letter_case_of_its_property(change):
    properties = [{"id": "String {0} Name other", "value": "x"}, {"id": change(MARKER_ID), "value": str(UID)}]

    assert from_graph(event(singleValueExtendedProperties=properties)).marker == str(UID)


def test_an_event_without_our_property_has_no_marker():
    assert from_graph(event(singleValueExtendedProperties=[])).marker == ""


def test_texts_are_read_on_one_line_and_at_most_255_characters():
    item = from_graph(event(subject="  Team\r\n  meeting\x00 ", location={"displayName": "x" * 300}))

    assert item.subject == "Team meeting"
    assert len(item.location) == 255


@given(st.text(alphabet=st.sampled_from("ab é\t\r\n\x00\x7f\u00a0\u2028\ud800"), max_size=300))
def test_a_text_is_on_one_line_whatever_it_held(text):
    line = one_line(text)

    words = text.replace("\ud800", "").replace("\x00", " ").replace("\x7f", " ").split()
    assert line == " ".join(words)[:255].rstrip()


@pytest.mark.parametrize(
    "values",
    [
        {"start": None},
        {"start": {"timeZone": "UTC"}},
        {"start": {"dateTime": "yesterday", "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-13-45T00:00:00.0000000", "timeZone": "UTC"}},
        {"end": {"dateTime": "0001-01-01T00:00:00.0000000", "timeZone": "Tokyo Standard Time"}},
        {"start": {"dateTime": 20261123, "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-07-01T09:00:00", "timeZone": "tzone://Microsoft/Custom"}},
        {"start": {"dateTime": "2026-07-01T09:00:00", "timeZone": "Customized Time Zone"}},
        {"start": {"dateTime": "2026-07-01T09:00:00", "timeZone": "Europe"}},
        {"start": {"dateTime": "2026-07-01T09:00:00", "timeZone": "../../etc/passwd"}},
        {"start": {"dateTime": "2026-07-01T09:00:00", "timeZone": "Nowhere\x00"}},
        {"start": {"dateTime": "2026-07-01T09:00:00+02:00", "timeZone": "UTC"}},
        {"location": "Room 3"},
    ],
)
def test_an_event_that_cannot_be_understood_is_unreadable(values):
    with pytest.raises(Unreadable):
        from_graph(event(**values))


def test_an_unknown_zone_is_named():
    with pytest.raises(Unreadable, match="Customized Time Zone"):
        from_graph(event(start={"dateTime": "2026-07-01T09:00:00", "timeZone": "Customized Time Zone"}))


def test_an_unreadable_event_of_a_page_is_named_by_its_id_and_the_others_are_read():
    broken = event(id="broken", start=None)

    found = page([event(id="a"), broken, event(id="b")], next_link="", cursor="")

    assert [item.remote_id for item in found.items] == ["a", "b"]
    assert found.unreadable == ("broken",)


@pytest.mark.parametrize("values", [{"type": "seriesMaster"}, {"@removed": {"reason": "deleted"}}, {}])
def test_what_a_page_names_without_an_id_is_unreadable_and_nothing_else(values):
    found = page([event(**values) | {"id": None}, event(id="a")], next_link="", cursor="")

    assert found.unreadable == ("",)
    assert (found.series, found.removed, len(found.items)) == (frozenset(), (), 1)


def test_a_page_of_a_delta_names_removed_items_and_series_that_need_listing():
    events: list[dict[str, Any]] = [
        {"@removed": {"reason": "deleted"}, "id": "gone"},
        {"id": "master", "type": "seriesMaster"},
        {"id": "bare", "type": "occurrence", "seriesMasterId": "other"},
        event(id="single"),
    ]

    found = page(events, next_link="", cursor="c", is_bare=True)

    assert (found.removed, found.series) == (("gone",), frozenset({"master", "other"}))
    assert [item.remote_id for item in found.items] == ["single"]


moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")]),
)


@given(
    moment=moments,
    length=st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=400)),
    subject=st.text(max_size=60),
)
def test_what_is_sent_reads_back_as_the_same_instants(moment, length, subject):
    sent = to_graph(entry(starts_at=moment, ends_at=moment.astimezone(UTC) + length, subject=subject))

    item = from_graph(sent | {"id": "AAMk1"})

    assert (item.starts_at, item.ends_at) == (moment.astimezone(UTC), moment.astimezone(UTC) + length)
    assert item.marker == str(UID)


def test_an_entry_that_was_taken_as_sent_looks_as_wanted():
    wanted = entry(location="Room 3")

    assert from_graph(to_graph(wanted) | {"id": "AAMk1"}).appearance == wanted.appearance


def test_fingerprints_differ_by_what_is_sent_and_not_by_whose_session_it_is():
    one, same, other = entry(), entry(session_uid=uuid4()), entry(body="Bring the dolls.")

    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert one.appearance == other.appearance
