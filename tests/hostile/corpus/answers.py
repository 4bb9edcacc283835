"""Whole answers as they come over the wire, from the status line on."""

import gzip
import zlib
from itertools import chain, repeat

MEGABYTE = 2**20
LIST = b'{"value": []}'


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    said = len(body) if length is None else length
    lines = (b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % said)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def bare(body: bytes, *headers: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """An answer with no other headers than these."""
    return b"\r\n".join((status, *headers)) + b"\r\n\r\n" + body


def chunked(body: bytes) -> bytes:
    return bare(body, b"Transfer-Encoding: chunked")


def encoded(body: bytes, encoding: bytes) -> bytes:
    return answer(body, b"Content-Encoding: " + encoding)


def moved(location: bytes, status: bytes = b"302 Found") -> bytes:
    return answer(b"", b"Location: " + location, status=status)


def bomb(megabytes: int, *, wbits: int = 31, filling: bytes = b" ") -> bytes:
    """A compressed stream that becomes so long; it has no end, which nobody should get to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    first = packer.compress(filling * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(filling * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1)


def twice_packed(megabytes: int) -> bytes:
    return gzip.compress(bomb(megabytes))


BOMBS: tuple[bytes, ...] = (
    encoded(bomb(1024), b"gzip"),
    encoded(bomb(1024, filling=b"["), b"gzip"),
    encoded(bomb(1024, filling=b"9"), b"x-gzip"),
    encoded(bomb(1024, wbits=15), b"deflate"),
    encoded(bomb(1024, wbits=-15), b"deflate"),
    encoded(twice_packed(1024), b"gzip, gzip"),
    encoded(gzip.compress(b" " * MEGABYTE) * 1024, b"gzip"),
    answer(bomb(1024), b"Content-Encoding: gzip", status=b"400 Bad Request"),
    answer(bomb(1024), b"Content-Encoding: gzip", status=b"503 Service Unavailable"),
    answer(bomb(1024), b"Content-Encoding: gzip", b"Location: /v1.0/users", status=b"302 Found"),
    bare(b"%x\r\n" % len(bomb(1024)) + bomb(1024), b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"),
)

ENDLESS = (
    lambda: chain([bare(b"")], repeat(b" " * MEGABYTE)),
    lambda: chain([bare(b'{"value": [')], repeat(b"{}," * MEGABYTE)),
    lambda: chain([answer(b"", length=2**60)], repeat(b" " * MEGABYTE)),
    lambda: chain([chunked(b"")], repeat(b"100000\r\n" + b" " * MEGABYTE + b"\r\n")),
    lambda: chain([b"HTTP/1.1 200 OK\r\nX-Long: "], repeat(b"a" * MEGABYTE)),
    lambda: chain([b"HTTP/1.1 200 OK\r\n"], repeat(b"X-Another: a\r\n")),
    lambda: repeat(b"a" * MEGABYTE),
    lambda: chain([answer(b"", status=b"503 Service Unavailable", length=2**60)], repeat(b" " * MEGABYTE)),
)

ANSWERS: tuple[bytes, ...] = (
    # no HTTP
    b"",
    b"\r\n\r\n",
    b"\x00\x00\x00\x00",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"<html></html>",
    LIST,
    b"HTTP/1.1",
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/9.9 200 OK\r\n\r\n",
    b"HTTP/0.9 200 OK\r\n\r\n",
    b"HTTP/1.1 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 -200 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 \xff\xfe OK\r\n\r\n",
    b"ICY 200 OK\r\n\r\n",
    # statuses
    answer(LIST, status=b"200"),
    answer(LIST, status=b"200 \xff\x00\x01"),
    answer(LIST, status=b"200 " + b"O" * 60_000),
    answer(LIST, status=b"101 Switching Protocols"),
    answer(LIST, status=b"103 Early Hints"),
    answer(LIST, status=b"199 Unknown"),
    answer(LIST, status=b"204 No Content"),
    answer(b"", status=b"200 OK"),
    answer(b"", status=b"205 Reset Content"),
    answer(LIST, status=b"206 Partial Content"),
    answer(LIST, status=b"226 IM Used"),
    answer(LIST, status=b"299 Unknown"),
    answer(LIST, status=b"304 Not Modified"),
    answer(LIST, status=b"407 Proxy Authentication Required"),
    answer(LIST, status=b"418 I'm a teapot"),
    answer(LIST, status=b"599 Unknown"),
    answer(LIST, status=b"600 Unknown"),
    answer(LIST, status=b"999 Unknown"),
    # where to go instead
    moved(b""),
    moved(b"/"),
    moved(b"//"),
    moved(b"https://"),
    moved(b"https://["),
    moved(b"https://[::1"),
    moved(b"https://]["),
    moved(b"https://elsewhere.example:99999/"),
    moved(b"https://elsewhere.example:x/"),
    moved(b"https://user:password@elsewhere.example/"),
    moved(b"https://\xff\xfe/"),
    moved(b"https://\xc3\xa9.example/"),
    moved(b"https://xn--\xff.example/"),
    moved(b"https://" + b"a" * 64 + b".example/"),
    moved(b"https://." + b"." * 300 + b"/"),
    moved(b"\x00"),
    moved(b"?"),
    moved(b"javascript:alert(1)", b"301 Moved Permanently"),
    moved(b"file:///etc/passwd", b"303 See Other"),
    moved(b"ftp://elsewhere.example/", b"307 Temporary Redirect"),
    moved(b"a" * 60_000, b"308 Permanent Redirect"),
    bare(b"", b"Location: /a", b"Location: /b", b"Content-Length: 0", status=b"HTTP/1.1 302 Found"),
    # lengths
    answer(LIST, length=0),
    answer(LIST, length=1),
    answer(LIST, length=len(LIST) - 1),
    answer(LIST, length=len(LIST) + 1),
    answer(LIST, length=2**63),
    answer(LIST, length=10**30),
    bare(LIST, b"Content-Length: -1"),
    bare(LIST, b"Content-Length: +13"),
    bare(LIST, b"Content-Length: 0x0d"),
    bare(LIST, b"Content-Length: 1_3"),
    bare(LIST, b"Content-Length: thirteen"),
    bare(LIST, b"Content-Length: \xd9\xa1\xd9\xa3"),
    bare(LIST, b"Content-Length:"),
    bare(LIST, b"Content-Length: 13, 13"),
    bare(LIST, b"Content-Length: 13, 14"),
    bare(LIST, b"Content-Length: 13", b"Content-Length: 14"),
    bare(LIST, b"Content-Length: " + b"9" * 5000),
    bare(LIST, b"Content-Length: 13", b"Transfer-Encoding: chunked"),
    bare(b"d\r\n" + LIST + b"\r\n0\r\n\r\n", b"Content-Length: 3", b"Transfer-Encoding: chunked"),
    # chunks
    chunked(b""),
    chunked(b"\r\n"),
    chunked(b"0\r\n"),
    chunked(b"0\r\n\r\n"),
    chunked(b"d\r\n" + LIST + b"\r\n"),
    chunked(b"d\r\n" + LIST + b"\r\n0\r\nX-Trailer: a\r\n\r\n"),
    chunked(b"d;extension=" + b"a" * 1000 + b"\r\n" + LIST + b"\r\n0\r\n\r\n"),
    chunked(b"d;" + b"a" * 100_000 + b"\r\n"),
    chunked(b"D" * 5000 + b"\r\n" + LIST),
    chunked(b"ffffffffffffffff\r\n" + LIST),
    chunked(b"-d\r\n" + LIST + b"\r\n0\r\n\r\n"),
    chunked(b"+d\r\n" + LIST + b"\r\n0\r\n\r\n"),
    chunked(b"0x_d\r\n" + LIST + b"\r\n0\r\n\r\n"),
    chunked(b"xyz\r\n" + LIST + b"\r\n0\r\n\r\n"),
    chunked(b"\xff\xff\r\n" + LIST),
    chunked(b"c\r\n" + LIST + b"\r\n0\r\n\r\n"),
    chunked(b"e\r\n" + LIST + b"\r\n0\r\n\r\n"),
    bare(LIST, b"Transfer-Encoding: gzip, chunked"),
    bare(LIST, b"Transfer-Encoding: nobody-knows-this"),
    bare(LIST, b"Transfer-Encoding: \xff"),
    # encodings
    encoded(LIST, b"gzip"),
    encoded(LIST, b"deflate"),
    encoded(LIST, b"br"),
    encoded(LIST, b"zstd"),
    encoded(LIST, b"compress"),
    encoded(LIST, b"identity"),
    encoded(LIST, b"nobody-knows-this"),
    encoded(LIST, b""),
    encoded(LIST, b"\xff"),
    encoded(LIST, b", ".join([b"gzip"] * 6)),
    encoded(LIST, b", ".join([b"gzip"] * 10_000)),
    encoded(b"", b"gzip"),
    encoded(gzip.compress(LIST)[:-4], b"gzip"),
    encoded(gzip.compress(LIST)[:-9] + b"\x00" * 9, b"gzip"),
    encoded(gzip.compress(LIST)[:10], b"gzip"),
    encoded(gzip.compress(LIST) + b"rubbish", b"gzip"),
    encoded(gzip.compress(LIST) + gzip.compress(b"}"), b"gzip"),
    encoded(gzip.compress(b"<html></html>"), b"gzip"),
    encoded(zlib.compress(LIST)[:-5], b"deflate"),
    encoded(b"\x1b\x03\xff\xff", b"br"),
    encoded(b"\x28\xb5\x2f\xfd\xff\xff", b"zstd"),
    # what it says that it is
    answer(LIST, b"Content-Type: text/html"),
    answer(LIST, b"Content-Type: application/json; charset=utf-16"),
    answer(LIST, b"Content-Type: application/json; charset=idna"),
    answer(LIST, b"Content-Type: application/json; charset=punycode"),
    answer(LIST, b"Content-Type: application/json; charset=rot13"),
    answer(LIST, b"Content-Type: application/json; charset=zlib"),
    answer(LIST, b"Content-Type: application/json; charset=undefined"),
    answer(LIST, b"Content-Type: application/json; charset=\x00"),
    answer(LIST, b"Content-Type: application/json; charset=\xff\xfe"),
    answer(LIST, b"Content-Type: " + b";" * 60_000),
    # other headers
    answer(LIST, b"No colon"),
    answer(LIST, b": no name"),
    answer(LIST, b" folded"),
    answer(LIST, b"\x00: \x00"),
    answer(LIST, b"X: \xff\xfe\xed\xa0\x80"),
    answer(LIST, b"X: a\rY: b"),
    answer(LIST, b"X: " + b"a" * 65_000),
    answer(LIST, b"X: " + b"a" * 66_000),
    answer(LIST, *(b"X-%d: a" % number for number in range(90))),
    answer(LIST, *(b"X-%d: a" % number for number in range(200))),
    answer(LIST, b"Set-Cookie: \xff\xfe=\x00; Expires=never; Max-Age=" + b"9" * 5000),
    answer(LIST, b"Set-Cookie: a=b; Domain=127.0.0.1; Path=/; Expires=Fri, 31 Dec 99999 23:59:59 GMT"),
    answer(LIST, b"Connection: \xff, close, keep-alive", b"Keep-Alive: timeout=-1"),
    answer(LIST, b"request-id: \xff\x00", status=b"400 Bad Request"),
    answer(LIST, b"request-id: " + b"a" * 60_000, status=b"403 Forbidden"),
)
