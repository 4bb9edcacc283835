"""How often an event's page asks again: quickly while something is on its way, slower later, not once it is settled."""

import hashlib
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.http import urlencode

from events.planned.sheet import Sheet

QUICK, SLOW, SLOWEST = 2, 10, 30  # seconds
QUICK_TRIES, SLOW_TRIES = 45, 90


@dataclass(frozen=True)
class Poll:
    """The next request of a page for the states of its event.

    `seconds` until then, 0 where nothing waits. `query` tells what the page shows already. `is_news`: the numbers
    are others than the page shows, so that they are said.
    """

    seconds: int
    query: str
    is_news: bool = True

    @classmethod
    def first(cls, request: HttpRequest, sheet: Sheet) -> "Poll":
        return cls.of(request, sheet, 0)

    @classmethod
    def next(cls, request: HttpRequest, sheet: Sheet) -> "Poll":
        """The one after `request`. What has changed is waited for quickly again."""
        is_news = request.GET.get("seen", "") != digest(sheet)
        return cls.of(request, sheet, 0 if is_news else tries_of(request) + 1, is_news=is_news)

    @classmethod
    def of(cls, request: HttpRequest, sheet: Sheet, tries: int, *, is_news: bool = True) -> "Poll":
        query: dict[str, str | int] = {"seen": digest(sheet), "tries": tries}
        if row := request.GET.get("row", ""):
            query["row"] = row[:40]
        return cls(pause(sheet, tries), urlencode(query), is_news)


def pause(sheet: Sheet, tries: int) -> int:
    if sheet.is_moving:
        return QUICK if tries < QUICK_TRIES else SLOW if tries < SLOW_TRIES else SLOWEST
    return SLOW if sheet.is_tried_again else 0


def tries_of(request: HttpRequest) -> int:
    """How often the page has asked in vain."""
    text = request.GET.get("tries", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def digest(sheet: Sheet) -> str:
    """A short name for the numbers that the page shows."""
    words = "|".join(badge.word for badge in sheet.badges)
    return hashlib.sha256(words.encode()).hexdigest()[:12]
