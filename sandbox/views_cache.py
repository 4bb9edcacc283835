"""The last calendar views, so that the pages of one view need not be worked out again."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from sandbox.calendars import Calendar
from sandbox.items import Instance
from sandbox.mailbox import Mailbox

KEPT = 64


class Views:
    """Sorted instances by mailbox and window, as long as the mailbox does not change."""

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[bytes, int, int | None, datetime, datetime], list[Instance]] = OrderedDict()

    def clear(self) -> None:
        self.kept.clear()

    def of(self, mailbox: Mailbox, window: tuple[datetime, datetime], calendar: Calendar | None) -> list[Instance]:
        """What stands in `window`, by start, in one calendar or in all."""
        key = (mailbox.key, mailbox.sequence, calendar.serial if calendar else None, *window)
        found = self.kept.get(key)
        if found is None:
            found = sorted(mailbox.instances(window, calendar), key=lambda entry: (entry.start, entry.item.serial))
            self.kept[key] = found
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return found
