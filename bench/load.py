"""As many delta GETs as a server answers: on some connections, each with mailboxes of its own and their latest links.

A program (`python -m bench.load`): reads where to from standard input, warms up, and prints how many answers came in
how many seconds. It does the same whoever answers.
"""

import asyncio
import json
import ssl
import sys
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import uvloop

LINK = b'"@odata.deltaLink":"'
WARM_UP = 0.3  # of the seconds that are measured


class Connection(asyncio.Protocol):
    """Sends the next request as soon as an answer is there."""

    def __init__(self, head: bytes, paths: list[bytes]) -> None:
        self.head = head
        self.paths = deque(paths)
        self.answers = 0
        self.buffer = b""
        self.transport: Any = None

    def itself(self) -> "Connection":
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.transport.write(b"GET " + self.paths[0] + self.head)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        place = self.buffer.index(b"content-length: ") + 16
        size = int(self.buffer[place : self.buffer.index(b"\r\n", place)])
        if len(self.buffer) < end + size:
            return
        assert self.buffer.startswith(b"HTTP/1.1 200"), self.buffer.decode()
        self.follow(self.buffer)
        self.buffer = b""
        self.answers += 1
        self.ask()

    def follow(self, answer: bytes) -> None:
        """Put the mailbox's next link where this one was, behind those of the other mailboxes."""
        start = answer.index(LINK) + len(LINK)
        link = answer[start : answer.index(b'"', start)]
        self.paths.popleft()
        self.paths.append(link[link.index(b"/", len(b"https://")) :])


def main() -> None:
    print(json.dumps(uvloop.run(measure(json.load(sys.stdin)))))


async def measure(given: dict[str, Any]) -> dict[str, float]:
    """Answers and seconds after a warm-up, and all answers with it."""
    connections = await connect(given)
    stay_awake()
    await asyncio.sleep(given["seconds"] * WARM_UP)
    before, start = sum(one.answers for one in connections), time.perf_counter()
    await asyncio.sleep(given["seconds"])
    after, end = sum(one.answers for one in connections), time.perf_counter()
    assert not any(one.transport.is_closing() for one in connections), "a connection was lost"
    for one in connections:
        one.transport.abort()
    return {"answers": after - before, "seconds": end - start, "all": sum(one.answers for one in connections)}


def stay_awake() -> None:
    """Never wait for an answer asleep: a server that is slower than we are would pay for waking us, a fast one not."""
    asyncio.get_running_loop().call_soon(stay_awake)


async def connect(given: dict[str, Any]) -> list[Connection]:
    server = urlsplit(given["url"])
    headers = "".join(f"\r\n{name}: {value}" for name, value in given["headers"].items())
    head = f" HTTP/1.1\r\nhost: {server.netloc}{headers}\r\n\r\n".encode()
    trust = ssl.create_default_context(cafile=given["ca_file"])
    paths, width = [path.encode() for path in given["paths"]], given["connections"]
    connections = [Connection(head, paths[number::width]) for number in range(width)]
    for one in connections:
        await asyncio.get_running_loop().create_connection(
            one.itself, server.hostname, server.port, ssl=trust, server_hostname=server.hostname
        )
    return connections


if __name__ == "__main__":
    main()
