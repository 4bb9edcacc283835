"""Answers as they come over the wire: how much of one is read, and what is read out of it."""

import codecs
import json
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

LARGEST = 32 * 2**20  # bytes of an answer, unpacked; a page of 200 items is seldom more than two
PORTION = 2**18  # bytes that are read at a time


class UnreadableAnswer(Exception):
    """An answer that is too large, or no JSON that can be read; says so. Of a batch, one part may be to blame."""

    def __init__(self, sentence: str, code: str = "body") -> None:
        super().__init__(sentence)
        self.code = code


class DirectSession(requests.Session):
    """A session that goes nowhere else: it looks at no redirect, not even at where it leads, and keeps no cookie."""

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def content_of(response: requests.Response) -> bytes:
    """The unpacked body of a streamed `response`. Raises UnreadableAnswer, for example for one beyond LARGEST."""
    portions: list[bytes] = []
    left = LARGEST
    try:
        for portion in response.iter_content(PORTION):
            left -= len(portion)
            if left < 0:
                portions.clear()  # which the traceback would keep for as long as the error is
                raise UnreadableAnswer(f"Microsoft's answer is larger than {LARGEST // 2**20} MB.", "size")
            portions.append(portion)
    except ValueError:  # http.client: a negative length
        raise UnreadableAnswer("Microsoft's answer was damaged on its way.") from None
    return b"".join(portions)


def parsed(content: bytes) -> Any:
    """The value of a JSON text in UTF-8, which is all that is spoken here. Raises UnreadableAnswer."""
    try:
        return json.loads(content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise UnreadableAnswer("Microsoft's answer cannot be read: it is no complete JSON.") from None
