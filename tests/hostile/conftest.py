"""Graph as a server that says anything: a real one, on the wire."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import responses

from events.sync import engine
from instructors.models import CalendarMapping
from integrations.models import Integration
from integrations.providers.errors import ProviderError
from integrations.providers.microsoft.provider import Microsoft365
from tests.conftest import address
from tests.factories import CalendarMappingFactory, IntegrationFactory
from tests.hostile.graph import HostileGraph, Told, item
from tests.wire import CREDENTIALS, Wire, serve, sign_in_works

LONGEST_SENTENCE = 500  # characters


@pytest.fixture(scope="package")
def server() -> Iterator[Wire]:
    with serve() as wire:
        yield wire


@pytest.fixture
def wire(server: Wire) -> Wire:
    server.asked.clear()
    return server


@pytest.fixture
def login() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as login:
        sign_in_works(login)
        yield login


@pytest.fixture
def graph(wire: Wire, login: responses.RequestsMock) -> Microsoft365:
    return Microsoft365(CREDENTIALS, wire.endpoints)


class Silent:
    """A log in whose place nothing may be caught at the outermost edge: neither of a calendar nor of a page."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)

    def exception(self, event: str, **values: Any) -> None:
        pytest.fail(f"{event}: {values}")


@pytest.fixture
def nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "log", Silent(engine.log))


@pytest.fixture
def integration(settings: Any, wire: Wire, login: responses.RequestsMock, nothing_is_caught: None) -> Integration:
    """An integration whose Microsoft is on the wire."""
    settings.MICROSOFT_LOGIN_URL, settings.MICROSOFT_CA_FILE = "", ""
    settings.MICROSOFT_GRAPH_URL = wire.endpoints.graph_url
    return IntegrationFactory.create(
        tenant_id=CREDENTIALS.tenant_id,
        client_id=CREDENTIALS.client_id,
        client_secret=CREDENTIALS.client_secret,
        privacy=Integration.Privacy.TITLES,
    )


@pytest.fixture
def hostile(wire: Wire) -> HostileGraph:
    """What Ann's mailbox and Ben's tell."""
    graph = HostileGraph(wire.root)
    graph.told = {"ann": Told(), "ben": Told(window=[[item("of-ben")]])}
    wire.answer = graph
    return graph


def paired(integration: Integration, name: str, **values: Any) -> CalendarMapping:
    return CalendarMappingFactory.create(
        integration=integration,
        instructor__name=name.title(),
        instructor__email=address(name),
        remote_user_id=name,
        cursor="",
        synced_at=None,
        **values,
    )


@pytest.fixture
def ann(integration: Integration, hostile: HostileGraph) -> CalendarMapping:
    return paired(integration, "ann")


@pytest.fixture
def ben(integration: Integration, hostile: HostileGraph) -> CalendarMapping:
    return paired(integration, "ben")


def is_fit_for_the_page(error: ProviderError) -> bool:
    """Whether it is a sentence that an admin can read."""
    words = str(error)
    return words.isprintable() and words[-1:] in {".", ")"} and len(words) < LONGEST_SENTENCE


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Fails where, in the block, more than `most` bytes are held than before it."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most


def shown(value: Any) -> str:
    """A value as the message of a failed test may name it."""
    return repr(value)[:120]
