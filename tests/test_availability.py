"""Who is free, and what is in whose way."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.availability import Clash, Item, Span, Teaching, Theirs, Verdict, Weight, clashes, verdict, weight_of

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def session(start: float, end: float, pk: int = 1) -> Teaching:
    return Teaching(1, pk, UUID(int=pk), 1, "First aid", "", "", "confirmed", NOON + start * HOUR, NOON + end * HOUR)


def external(start: float, end: float, show_as: str = "busy", pk: int = 1) -> Theirs:
    return Theirs(1, pk, NOON + start * HOUR, NOON + end * HOUR, show_as, "", False, False, NOON)


def span(start: float, end: float) -> Span:
    return Span(NOON + start * HOUR, NOON + end * HOUR)


@pytest.mark.parametrize(
    ("show_as", "weight"),
    [
        ("free", Weight.NOTHING),
        ("workingElsewhere", Weight.NOTHING),
        ("tentative", Weight.WARNS),
        ("busy", Weight.BLOCKS),
        ("oof", Weight.BLOCKS),
        ("unknown", Weight.BLOCKS),
        ("something new", Weight.BLOCKS),
    ],
)
def test_what_an_external_event_weighs(show_as: str, weight: Weight) -> None:
    assert weight_of(show_as) == weight


def test_a_session_clashes_with_what_overlaps_it() -> None:
    course, meeting = session(0, 4), external(3, 5)

    assert list(clashes([meeting, course])) == [Clash(course, meeting)]
    assert Clash(course, meeting).overlap == span(3, 4)


def test_items_that_only_touch_do_not_clash() -> None:
    assert not list(clashes([external(-1, 0), session(0, 4), external(4, 5, pk=2)]))


def test_two_external_events_do_not_clash() -> None:
    assert not list(clashes([external(0, 4), external(1, 2, pk=2)]))


def test_two_sessions_of_one_instructor_clash() -> None:
    first, second = session(0, 4), session(3, 6, pk=2)

    assert [clash.is_conflict for clash in clashes([first, second])] == [True]


def test_a_tentative_event_is_no_conflict_but_a_warning() -> None:
    assert [clash.is_conflict for clash in clashes([session(0, 4), external(1, 2, "tentative")])] == [False]


def test_a_free_event_is_nothing_at_all() -> None:
    assert not list(clashes([session(0, 4), external(1, 2, "free"), external(-1, 2, "workingElsewhere", pk=2)]))


def test_what_blocks_says_more_than_what_is_not_known() -> None:
    assert verdict(span(0, 4), [external(1, 2)], [span(-9, 9)]) == Verdict.BUSY


def test_a_span_that_is_partly_not_known_is_not_free() -> None:
    assert verdict(span(0, 4), [], [span(3, 9)]) == Verdict.UNKNOWN
    assert verdict(span(0, 4), [external(1, 2, "tentative")], [span(3, 9)]) == Verdict.UNKNOWN


def test_a_tentative_event_makes_a_span_tentative() -> None:
    assert verdict(span(0, 4), [external(1, 2, "tentative"), external(1, 2, "free", pk=2)], []) == Verdict.TENTATIVE


def test_a_span_with_nothing_in_it_is_free() -> None:
    assert verdict(span(0, 4), [external(4, 5), session(-3, 0)], [span(4, 9)]) == Verdict.FREE


SHOWN_AS = st.sampled_from(["busy", "oof", "tentative", "free"])
ITEMS = st.lists(
    st.builds(
        lambda is_session, start, length, show_as, pk: (
            session(start, start + length, pk) if is_session else external(start, start + length, show_as, pk)
        ),
        st.booleans(),
        st.integers(0, 30),
        st.integers(1, 10),
        SHOWN_AS,
        st.integers(1, 1000),
    ),
    unique_by=lambda item: item.key,
    max_size=12,
)


@given(ITEMS)
def test_the_sweep_finds_what_comparing_everything_finds(items: list[Item]) -> None:
    found = {frozenset((clash.session.key, clash.other.key)) for clash in clashes(items)}

    assert found == {
        frozenset((one.key, other.key))
        for one in items
        for other in items
        if one.key != other.key and isinstance(one, Teaching) and other.weight
        if one.start < other.end and other.start < one.end
    }
