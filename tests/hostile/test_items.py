"""Items of a calendar that nobody should meet, through the real engine: the calendar goes on, and says what it lacks."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.models import ExternalEvent
from events.sync import engine
from instructors.models import CalendarMapping
from tests.conftest import sync_now
from tests.factories import CalendarMappingFactory, IntegrationFactory
from tests.hostile.graph import HostileGraph, Told, item
from tests.hostile.items import KINDS, pages
from tests.wire import CREDENTIALS

pytestmark = pytest.mark.django_db


class Silent:
    """In place of the engine's log: whatever is caught at the outermost edge of a calendar fails the test."""

    def __init__(self, log):
        self.log = log

    def __getattr__(self, name):
        return getattr(self.log, name)

    def exception(self, event, **values):
        pytest.fail(f"{event}: {values}")


@pytest.fixture(autouse=True)
def nothing_is_caught(monkeypatch):
    monkeypatch.setattr(engine, "log", Silent(engine.log))


@pytest.fixture
def integration(settings, wire, login):
    settings.MICROSOFT_LOGIN_URL, settings.MICROSOFT_CA_FILE = "", ""
    settings.MICROSOFT_GRAPH_URL = wire.endpoints.graph_url
    return IntegrationFactory.create(
        tenant_id=CREDENTIALS.tenant_id,
        client_id=CREDENTIALS.client_id,
        client_secret=CREDENTIALS.client_secret,
        privacy="titles",
    )


@pytest.fixture
def hostile(wire):
    """What Ann's mailbox and Ben's tell."""
    graph = wire.answer = HostileGraph(wire.root)
    graph.told = {"ann": Told(), "ben": Told()}
    return graph


def paired(integration, name):
    return CalendarMappingFactory.create(
        integration=integration, instructor__name=name.title(), remote_user_id=name, cursor="", synced_at=None
    )


@pytest.fixture
def ann(integration, hostile):
    return paired(integration, "ann")


@pytest.fixture
def ben(integration, hostile):
    return paired(integration, "ben")


def ids_in(mapping):
    return set(mapping.external_events.values_list("remote_id", flat=True))


def assert_told(mapping, items):
    """Each of `items` that is in the calendar is stored, or counted among what cannot be read."""
    stored = ids_in(mapping)
    told = [one for one in items if one["isCancelled"] is not True]
    assert "innocent" in stored
    assert len(stored) + mapping.unreadable == len(told) + 1
    assert mapping.unreadable == 0 or f"{mapping.unreadable} items" in mapping.problem
    assert len(mapping.problem) < 500


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_items_of_a_window_leave_the_others_and_the_neighbour_alone(hostile, ann, ben, kind):
    items = list(KINDS[kind]())
    hostile.told["ann"].window = [*pages(items), [item("innocent")]]
    hostile.told["ben"].window = [[item("of-ben")]]

    sync_now(ann, ben)

    assert_told(ann, items)
    assert (ids_in(ben), ben.problem) == ({"of-ben"}, "")
    assert ann.synced_at
    assert ann.cursor
