"""Syncs that are called away after every page, or are out of time: each goes on where the one before it left off."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from events.models import ExternalEvent
from events.sync.engine import sync
from events.sync.pull import pull
from instructors.models import CalendarMapping
from tests.conftest import sync_now, tomorrow
from tests.test_census import LONG, fill, mirrored, recurring
from tests.test_races import loaded


def in_turns(mapping: CalendarMapping, is_done: Callable[[], object]) -> int:
    """Pull a calendar in as many syncs as it takes, each called away after a page; how many that were."""
    for turns in range(1, 20):
        calendar = loaded(mapping)
        with suppress(StopIteration):
            conversation = pull(calendar)
            request = next(conversation)
            while True:
                (answer,) = calendar.provider.send_many([request])
                CalendarMapping.objects.filter(pk=mapping.pk).request_sync()
                request = conversation.send(answer)
        CalendarMapping.objects.release(mapping.pk, calendar.lease)
        mapping.refresh_from_db()
        if is_done():
            return turns
    raise AssertionError("it does not come to an end")


def test_a_first_sync_of_many_pages_comes_to_its_end_in_turns(sandbox, ann):
    items = fill(sandbox)

    turns = in_turns(ann, lambda: ann.census_at)

    assert turns > 2
    assert mirrored() == set(items)
    sync_now(ann)
    assert ann.cursor


def test_a_round_of_many_pages_comes_to_its_end_in_turns(sandbox, ann):
    sync_now(ann)
    cursor, census_round = ann.cursor, ann.census_round
    items = fill(sandbox)
    series = sandbox.add("ann", "Stand-up", tomorrow(7), recurrence=recurring(3, tomorrow(7)))

    turns = in_turns(ann, lambda: "deltatoken" in ann.cursor and ann.cursor != cursor)
    sync(CalendarMapping.objects.filter(pk=ann.pk).claim())

    assert turns > 1
    assert ann.census_round == census_round
    assert ExternalEvent.objects.filter(series_id=series["id"]).count() == 3
    assert ExternalEvent.objects.filter(series_id="").count() == LONG == len(items)


@pytest.mark.parametrize("again", [True, False], ids=["weekly", "the first"])
def test_a_chain_that_is_called_away_is_not_begun_anew(sandbox, ann, again):
    if again:
        sync_now(ann)
    fill(sandbox)
    CalendarMapping.objects.update(census_at=None)
    ann.refresh_from_db()
    sandbox.control("DELETE", "requests")

    in_turns(ann, lambda: ann.next_cursor)

    assert sandbox.requests()["kinds"]["GET /users/{id}/calendarView/delta"] == 2
    assert "delta" not in ann.census_link
