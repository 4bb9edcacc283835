"""Whole answers of one calendar that make no sense: it says so after an hour, and its neighbour goes on."""

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from instructors.models import CalendarMapping
from integrations.providers.microsoft import wire as wire_module
from tests.conftest import sync_now
from tests.hostile.conftest import LONGEST_SENTENCE, shown
from tests.hostile.corpus.answers import BOMBS, ENDLESS
from tests.hostile.corpus.bodies import BODIES
from tests.hostile.corpus.links import LINKS
from tests.hostile.corpus.types import TYPES
from tests.hostile.graph import Whole, item
from tests.wire import Said

pytestmark = pytest.mark.django_db
TAB = "/settings/calendar-integration/instructors/"


def is_readable(content):
    try:
        return json.loads(content.decode("utf-8-sig", "replace")) is not ...
    except (ValueError, RecursionError):
        return False


UNREADABLE = [content for content in BODIES if not is_readable(content)][::3]


def let_it_last(mapping):
    """Let a calendar have failed for two hours, and be due."""
    CalendarMapping.objects.filter(pk=mapping.pk).update(failing_since=now() - timedelta(hours=2), retry_at=None)


def assert_is_told(mapping, neighbour):
    """The calendar says why, its neighbour is read, and nothing is said of the whole connection."""
    assert "It has been so since" in mapping.problem
    assert mapping.problem.isprintable()
    assert len(mapping.problem) < LONGEST_SENTENCE
    assert set(neighbour.external_events.values_list("remote_id", flat=True)) == {"of-ben"}
    assert (neighbour.problem, neighbour.retry_at) == ("", None)
    neighbour.integration.refresh_from_db()
    assert (neighbour.integration.problem, neighbour.integration.retry_at) == ("", None)


def poisoned(hostile, said):
    """Microsoft, where each answer with something of Ann's in it is what `said` gives."""

    def say(asked):
        urls = [part["url"] for part in asked.body["requests"]] if asked.body else [asked.path.removeprefix("/v1.0")]
        return said() if any(url.startswith("/users/ann/") for url in urls) else hostile(asked)

    return say


@pytest.mark.parametrize("number", range(len(UNREADABLE)))
def test_a_body_that_cannot_be_read_is_told_at_the_calendar_that_it_is_about(hostile, wire, ann, ben, number):
    wire.answer = poisoned(hostile, lambda: Said(200, UNREADABLE[number]))
    let_it_last(ann)

    sync_now(ann, ben)

    assert_is_told(ann, ben)


@pytest.mark.parametrize("raw", [lambda: [BOMBS[0]], lambda: [BOMBS[1]], ENDLESS[0], ENDLESS[1]])
def test_an_answer_that_is_too_large_is_told_at_the_calendar_that_it_is_about(
    hostile, wire, ann, ben, raw, monkeypatch
):
    monkeypatch.setattr(wire_module, "LARGEST", 2**20)
    wire.answer = poisoned(hostile, lambda: Said(raw=raw()))
    let_it_last(ann)

    sync_now(ann, ben)

    assert_is_told(ann, ben)


@pytest.mark.parametrize("door", ["window", "changes"])
def test_a_body_of_another_type_is_told_at_the_calendar_that_it_is_about(hostile, ann, ben, door):
    sync_now(ann)
    for value in [one for one in TYPES if one != {"value": []}][::4]:
        CalendarMapping.objects.filter(pk=ann.pk).update(census_at=None if door == "window" else now())
        setattr(hostile.told["ann"], door, [Whole(value)])
        let_it_last(ann)

        sync_now(ann, ben)

        assert ann.problem, shown(value)
        assert_is_told(ann, ben)


@pytest.mark.parametrize("door", ["window", "changes"])
def test_a_page_with_a_hostile_link_is_told_at_the_calendar_that_it_is_about(hostile, ann, ben, wire, door):
    sync_now(ann)
    links = [link.replace("{root}", wire.root).replace("{host}", wire.endpoints.graph_url) for link in LINKS]
    for link in [link for link in links if not link.startswith(f"{wire.root}/users?$skiptoken=a")][::3]:
        CalendarMapping.objects.filter(pk=ann.pk).update(census_at=None if door == "window" else now())
        setattr(hostile.told["ann"], door, [Whole({"value": [item("new")], "@odata.nextLink": link})])
        let_it_last(ann)

        sync_now(ann, ben)

        assert ann.problem, shown(link)
        assert_is_told(ann, ben)


def test_the_reason_stands_where_an_admin_looks(hostile, wire, ann, admin_client):
    wire.answer = poisoned(hostile, lambda: Said(200, "<script>alert(1)</script>"))
    let_it_last(ann)
    sync_now(ann)

    pages = [admin_client.get(TAB), admin_client.get(f"/instructors/{ann.instructor_id}/")]

    for page in pages:
        assert "cannot be read: it is no complete JSON" in page.content.decode()
        assert "<script>alert" not in page.content.decode()
