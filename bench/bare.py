"""The least that answering can cost: one Starlette endpoint with a fixed answer, served just as the sandbox is.

A program (`python -m bench.bare FILE`): the answer's headers and body are the JSON of FILE. It prints one line of JSON
when it is ready, as the sandbox does.
"""

import json
import sys
import tempfile
from pathlib import Path

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.certificates import Authority
from sandbox.clock import Clock
from sandbox.server import Server, configure, listen


def main() -> None:
    answer = json.loads(Path(sys.argv[1]).read_text())
    with tempfile.TemporaryDirectory(prefix="bare-") as folder:
        uvloop.run(serve(application(answer), Path(folder)))


def application(answer: dict[str, object]) -> Starlette:
    content, headers = str(answer["body"]).encode(), answer["headers"]
    assert isinstance(headers, dict)

    async def endpoint(request: Request) -> Response:
        return Response(content, headers=headers)

    return Starlette(routes=[Route("/{path:path}", endpoint)])


async def serve(app: Starlette, folder: Path) -> None:
    authority = Authority.new()
    certificate, key = authority.issue(["localhost"])
    for name, text in {"certificate": certificate, "key": key, "ca": authority.certificate_pem}.items():
        (folder / f"{name}.pem").write_text(text)
    listener = listen("127.0.0.1", 0)
    line = {"graph_url": f"https://localhost:{listener.getsockname()[1]}", "ca_file": str(folder / "ca.pem")}
    config = configure(app, folder / "certificate.pem", folder / "key.pem")
    await Server(config, lambda: print(json.dumps(line), flush=True), Clock()).serve(sockets=[listener])


if __name__ == "__main__":
    main()
