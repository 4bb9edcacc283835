"""uvicorn, taught three things: to write a response in one piece, to drop a connection, to stop at once."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import uvicorn

from sandbox.clock import Clock

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as BaseProtocol
except ImportError:  # the pure Python parser does the same, more slowly
    from uvicorn.protocols.http.h11_impl import H11Protocol as BaseProtocol  # type: ignore[assignment]


class OnePiece:
    """A transport that holds a response's head back until its body is there: one record, one segment."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._is_started = False

    def write(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 100"):
            self._transport.write(data)
        elif not self._is_started:
            self._head, self._is_started = data, True
        elif self._head is not None:
            self._transport.write(self._head + data)
            self._head = None
        else:
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


_open: dict[Any, asyncio.Transport] = {}  # by the address of the client


stuck: dict[Any, tuple[int, Any]] = {}  # what a broken connection answers, and since which beginning of the world


def stick(client: Any, beginning: int, answer: Any) -> None:
    """Let a client's connection give this answer to everything, until another connection is made."""
    if tuple(client) in _open:
        stuck[tuple(client)] = (beginning, answer)


def stuck_answer(client: Any, beginning: int) -> Any:
    """What a broken connection answers; None for one that works."""
    since, answer = stuck.get(tuple(client), (beginning, None))
    return answer if since == beginning else None


def drop(client: Any) -> None:
    """Close a client's connection without another word, where it has not gone by itself."""
    if transport := _open.get(tuple(client)):
        transport.abort()


class Protocol(BaseProtocol):
    """Keeps its connection at hand, to drop it without an answer, and writes each response in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop(self.client, None)
        stuck.pop(self.client, None)
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None and self.scope["method"] != "HEAD":
            self.cycle.transport = OnePiece(self.transport)  # type: ignore[assignment]


class Server(uvicorn.Server):
    """Says when it is ready to answer, and in each answer what its clock shows."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None], clock: Clock) -> None:
        super().__init__(config)
        self.when_ready = when_ready
        self.clock = clock
        clock.on_change.append(self._show_time)

    def _show_time(self) -> None:
        date = formatdate(self.clock.now().timestamp(), usegmt=True).encode()
        self.server_state.default_headers = [(b"date", date), *self.config.encoded_headers]

    async def on_tick(self, counter: int) -> bool:
        is_over = await super().on_tick(counter)
        if counter % 10 == 0:  # when uvicorn has put the real time there
            self._show_time()
        return is_over

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End orderly at the first signal, and do not raise it again: what comes after serving must still happen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        yield

    def stop(self) -> None:
        self.force_exit = self.should_exit  # a second signal waits for nobody
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut idle connections off at once: a client that keeps one open would be waited for."""
        for connection in list(self.server_state.connections):
            cycle = connection.cycle  # type: ignore[union-attr]
            if cycle is None or cycle.response_complete:
                connection.transport.abort()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.when_ready()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def configure(app: Any, certificate: Path, key: Path) -> uvicorn.Config:
    """How uvicorn serves the sandbox: quietly, quickly, and gone within a second when told to stop."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
