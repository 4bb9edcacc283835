"""Garbage below HTTP: what is no request, half a request, or no TLS at all."""

from __future__ import annotations

import re
import socket
import ssl
from urllib.parse import urlsplit

from fuzz.client import Client

FAILURE = re.compile(rb"HTTP/\d\.\d 5\d\d")
RAW = (
    b"",
    b"\r\n\r\n",
    b"\x00" * 100,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /v1.0/users HTTP/1.0\r\n\r\n",
    b"POST /v1.0/$batch HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: \xff\x00\xfe\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: y\r\n\r\n",
    b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1.0/users HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
)


def send_all(client: Client) -> int:
    """Send each piece of garbage with TLS and without, and leave some connections half open; how many there were."""
    place = urlsplit(client.origin)
    address = (place.hostname or "", place.port or 0)
    trusted = ssl.create_default_context(cafile=client.facts["ca_file"])
    resting = [socket.create_connection(address, 5) for _ in range(50)]
    for raw in RAW:
        for is_encrypted in (True, False):
            with socket.create_connection(address, 5) as plain:
                said = speak(trusted.wrap_socket(plain, server_hostname=place.hostname) if is_encrypted else plain, raw)
            if FAILURE.match(said):
                client.note("raw", "", said[:200].decode("latin-1"), {"data": raw[:100]})
    for connection in resting:
        connection.close()
    return 2 * len(RAW) + len(resting)


def speak(connection: socket.socket, raw: bytes) -> bytes:
    """Say it and hang up; what comes back, which may be nothing."""
    connection.settimeout(0.2)
    try:
        connection.sendall(raw)
        return connection.recv(4096)
    except OSError:
        return b""
    finally:
        connection.close()
