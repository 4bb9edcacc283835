"""Graph as a server that says anything: a real one, on the wire."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from integrations.providers.microsoft.provider import Microsoft365
from tests.wire import CREDENTIALS, Wire, serve, sign_in_works


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


def shown(value: Any) -> str:
    """A value as the message of a failed test may name it."""
    return repr(value)[:120]
