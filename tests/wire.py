"""A small HTTP server that answers as it is told, and a sign-in that always works: Graph at its most awkward."""

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import responses

from integrations.providers.types import Credentials, Endpoints

TENANT = "11111111-1111-1111-1111-111111111111"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"
SECRET = "s3cr3t~of.the-app"
CREDENTIALS = Credentials(TENANT, "22222222-2222-2222-2222-222222222222", SECRET)


@dataclass
class Said:
    """One answer: `cut` sends fewer bytes than were announced, `hang_up` none at all, `raw` these and nothing else."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    hang_up: bool = False
    raw: Iterable[bytes] | None = None

    @property
    def content(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Wire:
    """The server's other side: `answer` decides what is said to each request; `asked` keeps them."""

    def __init__(self, port: int) -> None:
        self.endpoints = Endpoints(graph_url=f"http://127.0.0.1:{port}")
        self.root = f"{self.endpoints.graph_url}/v1.0"
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Said] = lambda asked: Said(200, {})

    def say(self, *answers: Said) -> None:
        """Give these answers one after the other, the last one for ever."""
        left = list(answers)
        self.answer = lambda asked: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serve() -> Iterator[Wire]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    wire = Wire(server.server_port)
    server.RequestHandlerClass = answering(wire)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield wire
    server.shutdown()
    server.server_close()


def answering(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for its own head to be acknowledged

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), json.loads(content) if content else None)
            wire.asked.append(asked)
            said = wire.answer(asked)
            if said.hang_up or said.raw is not None:
                self.close_connection = True
                self.pour(said.raw or ())
                return
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.content)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.pour([said.content[: len(said.content) - said.cut]])
            self.close_connection = bool(said.cut)

        def pour(self, raw: Iterable[bytes]) -> None:
            with suppress(ConnectionError):  # the client has heard enough
                for part in raw:
                    self.wfile.write(part)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names in the standard library

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
            pass

    return Answering


def sign_in_works(login: responses.RequestsMock) -> None:
    """Let Entra hand out tokens: token-1, token-2 and so on. Everything local goes over the real wire."""
    tokens = (f"token-{number}" for number in count(1))
    login.add_passthru("http://127.0.0.1")
    login.get(f"{LOGIN}/v2.0/.well-known/openid-configuration", json=configuration())
    login.add_callback(
        responses.POST,
        f"{LOGIN}/oauth2/v2.0/token",
        lambda request: (200, {}, json.dumps(token(next(tokens)))),
        content_type="application/json",
    )


def configuration() -> dict[str, str]:
    return {
        "issuer": f"{LOGIN}/v2.0",
        "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
        "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
    }


def token(access_token: str) -> dict[str, Any]:
    return {"token_type": "Bearer", "expires_in": 3599, "access_token": access_token}


def signed(**claims: Any) -> str:
    """A token that says `claims` of itself."""
    parts = [{"alg": "RS256"}, claims, {}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
