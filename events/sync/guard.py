"""Stopping an answer that does not come to an end."""

from collections.abc import Hashable

from integrations.providers.errors import Unavailable
from integrations.providers.types import Page

PAGES = 20_000  # of one answer; a mailbox of 4 million items
EMPTY_PAGES = 100  # in a row
REPEATED_PAGES = 5  # of one answer, as far as one sync follows it
EMPTY = 100_000  # what an empty page counts where two numbers are kept as one


class Endless(Unavailable):
    """An answer was followed for too long."""


class PageGuard:
    """Looks at every page of one answer, and remembers two numbers of each.

    Where several syncs share an answer, the next one begins with what the last one has left as `so_far`.
    """

    def __init__(self, most: int = PAGES, *, so_far: int = 0) -> None:
        self.most = most
        self.empty, self.pages = divmod(so_far, EMPTY)
        self.repeated = 0
        self.met: set[int] = set()

    @property
    def so_far(self) -> int:
        """The pages that were followed and how many of the last were empty, in one number; 0 when it has ended."""
        return self.empty * EMPTY + self.pages

    def check(self, page: Page) -> None:
        """Raise Endless where there are too many pages, or too many that bring nothing or only what was met before."""
        if not page.next_link:
            self.pages = self.empty = 0
            return
        self.pages += 1
        content = content_of(page)
        self.empty = 0 if content else self.empty + 1
        self.repeated += any([self.is_met(page.next_link), bool(content) and self.is_met(content)])
        if self.pages > self.most or self.empty > EMPTY_PAGES or self.repeated > REPEATED_PAGES:
            raise Endless("Microsoft's answer does not come to an end.", code="endless")

    def is_met(self, mark: Hashable) -> bool:
        """Whether `mark` was met before; from now on it was."""
        known = len(self.met)
        self.met.add(hash(mark))
        return len(self.met) == known


def content_of(page: Page) -> tuple[Hashable, ...]:
    """What `page` brings, to be compared; empty for nothing."""
    parts = (tuple((item.remote_id, item.etag) for item in page.items), page.removed, page.series, page.unreadable)
    content = (*parts, page.unread, page.digest)
    return content if any(content) else ()
