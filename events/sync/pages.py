"""Applying what the pages of a calendar show: its items, its series, and copies of ours that are missing."""

import time
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any
from uuid import UUID

from django.db import transaction

from events.models import SyncedEvent
from events.sync import record, unread
from events.sync.crash import crash_point
from events.sync.guard import PageGuard
from events.sync.observe import Observation, as_sent, is_sent_by_us, observe
from events.sync.state import Calendar
from integrations.providers.conversation import Conversation
from integrations.providers.errors import NotFound, ProviderError, Rejected
from integrations.providers.types import Page, RemoteItem

SERIES_PAGES = 100  # of one series, which is kept in memory until all of it is there


def take(
    calendar: Calendar, page: Page, *, place: Mapping[str, Any] | None = None, is_whole: bool = False
) -> Conversation[bool]:
    """Apply one page; True when a copy of ours was found changed or gone.

    `place`: how far a census has come with it, to be noted. `is_whole`: markers were asked for.
    """
    seen = observe(page, calendar.copies, mailbox=calendar.mailbox)
    if is_whole:
        seen.external += seen.unsure
    else:
        yield from resolve_unsure(calendar, seen)
    for remote_id in page.unread:
        unread.keep(calendar, remote_id)
    note_unreadable(calendar, page.unreadable)
    with transaction.atomic():
        if place is None:
            record.hold(calendar)
        else:
            record.note(calendar, **place)
        drifted = apply(calendar, seen, is_census=place is not None)
    crash_point("applied")
    drifted |= yield from confirm(calendar, seen.missing)
    return drifted


def resolve_unsure(calendar: Calendar, seen: Observation) -> Conversation[None]:
    """Ask for the marker of items that may be ours: a delta brings none."""
    for item in seen.unsure:
        if unread.is_waiting(calendar, item.remote_id):
            continue
        try:
            whole = yield from calendar.provider.get(calendar.mailbox, item.remote_id)
        except NotFound:
            seen.dropped.append(item.remote_id)
            continue
        except ProviderError as error:
            unread.postpone(calendar, item.remote_id, error)
            continue
        calendar.unanswered = 0
        is_stray = is_sent_by_us(whole, calendar.mailbox) and UUID(whole.marker) not in calendar.copies
        (seen.strays if is_stray else seen.external).append(whole)


def apply(calendar: Calendar, seen: Observation, *, is_census: bool) -> bool:
    """Write what a page showed; True when a copy of ours was found changed or has been adopted."""
    for uid in seen.changed:
        if calendar.copies[uid].observed != SyncedEvent.Observed.CHANGED:
            record.note_copy(calendar, calendar.copies[uid], observed=SyncedEvent.Observed.CHANGED)
    for uid in seen.untouched:
        if calendar.copies[uid].observed:
            record.note_copy(calendar, calendar.copies[uid], observed=SyncedEvent.Observed.UNTOUCHED)
    for uid, item in seen.adopted.items():
        record.adopt(calendar, item, calendar.copies[uid])
    known = record.adoptable(calendar, seen.strays)
    for item in seen.strays:
        if UUID(item.marker) in known and UUID(item.marker) not in calendar.copies:
            record.adopt(calendar, as_sent(item))
    calendar.want_too(known)
    if is_census:
        mark_seen(calendar, [*seen.changed, *seen.untouched])
    copies = record.copied(calendar, [as_sent(item) for item in seen.strays])
    ours = [item.remote_id for item in seen.strays if as_sent(item).remote_id in copies]
    foreign = [item for item in seen.strays if item.remote_id not in ours]
    record.mirror(calendar, [*seen.external, *foreign], [*seen.dropped, *ours])
    return bool(seen.changed or seen.adopted or known)


def mark_seen(calendar: Calendar, uids: Iterable[UUID]) -> None:
    copies = [calendar.copies[uid] for uid in uids]
    if not copies:
        return
    for copy in copies:
        copy.seen_round = calendar.mapping.census_round
    SyncedEvent.objects.filter(pk__in=[copy.pk for copy in copies]).update(seen_round=calendar.mapping.census_round)


def confirm(calendar: Calendar, uids: Iterable[UUID]) -> Conversation[bool]:
    """Ask for each copy that was missing: gone, or only moved out of the window; True when one is not as we left it."""
    drifted = False
    for uid in uids:
        copy = calendar.copies[uid]
        observed = SyncedEvent.Observed.CHANGED
        if unread.is_waiting(calendar, copy.remote_id):
            continue
        try:
            item = yield from calendar.provider.get(calendar.mailbox, copy.remote_id)
        except NotFound:
            observed = SyncedEvent.Observed.GONE
        except ProviderError as error:
            unread.postpone(calendar, copy.remote_id, error)
            continue
        else:
            if item.appearance == copy.receipt_fingerprint:
                observed = SyncedEvent.Observed.UNTOUCHED
        calendar.unanswered = 0
        if copy.observed != observed:
            record.note_copy(calendar, copy, observed=observed)
        drifted |= observed != SyncedEvent.Observed.UNTOUCHED
    return drifted


def list_all(calendar: Calendar, series: Set[str]) -> Conversation[None]:
    """List `series`, but for copies of ours. Those for which the turn leaves no time are kept, to be read by turns."""
    for series_id in sorted(series - calendar.remote_ids) if series else ():
        if time.monotonic() <= calendar.deadline:
            yield from list_series(calendar, series_id)
        elif not unread.is_waiting(calendar, series_id):
            unread.keep(calendar, series_id)


def list_series(calendar: Calendar, series_id: str) -> Conversation[None]:
    """Replace what is known of one series by all of its occurrences in the window."""
    guard, items, link = PageGuard(SERIES_PAGES), list[RemoteItem](), ""
    unreadable: list[str] = []
    if unread.is_waiting(calendar, series_id):
        return
    try:
        while True:
            page = yield from calendar.provider.list_series(calendar.mailbox, series_id, calendar.window, link)
            guard.check(page)
            items += page.items
            unreadable += page.unreadable
            if not page.next_link:
                break
            link = page.next_link
    except NotFound:
        items = []
    except Rejected:  # what was known of it stands, and the other series go on
        note_unreadable(calendar, [series_id])
        return
    except ProviderError as error:
        unread.postpone(calendar, series_id, error)
        return
    calendar.unanswered = 0
    note_unreadable(calendar, unreadable)
    record.replace_series(calendar, series_id, items)


def note_unreadable(calendar: Calendar, remote_ids: Sequence[str]) -> None:
    """Say, until the next census, that the calendar holds something that is not understood."""
    if remote_ids:
        record.note(calendar, unreadable=calendar.mapping.unreadable + len(remote_ids))
        record.keep_unreadable(calendar, remote_ids)
