"""Mirroring what else stands in one calendar: delta rounds, series and the census."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from events.models import SyncedEvent
from events.sync import record
from events.sync.crash import crash_point
from events.sync.guard import Endless, PageGuard
from events.sync.observe import Observation, is_sent_by_us, observe
from events.sync.state import Calendar, has_lasted, new_window
from integrations.providers.conversation import Conversation
from integrations.providers.errors import CursorExpired, NotFound, Rejected, Unavailable
from integrations.providers.types import Page, RemoteItem, Window

SERIES_PAGES = 100  # of one series, which is kept in memory until all of it is there
CENSUS_EVERY = timedelta(days=7)
CENSUS_TRIES = 3  # readings of a window that changes while it is read


def pull(calendar: Calendar) -> Conversation[bool]:
    """Bring the mirror up to date; True when a copy of ours was found changed or gone. Raises ProviderError."""
    if not calendar.is_pulled:
        return False
    if calendar.mapping.cursor and (calendar.is_urgent or not is_census_due(calendar)):
        try:
            return (yield from follow_changes(calendar))
        except CursorExpired:
            record.start_over(calendar)
        except Endless:
            if has_lasted(calendar.mapping.failing_since):  # this chain is broken for good; another may not be
                record.start_over(calendar)
            raise
    if calendar.is_urgent:
        calendar.is_unfinished = True
        return False
    return (yield from full_round(calendar))


def is_census_due(calendar: Calendar) -> bool:
    """Weekly, and spread over a day by mapping, so that not all fall together."""
    mapping = calendar.mapping
    spread = timedelta(minutes=mapping.pk * 7 % 1440)
    return mapping.census_at is None or mapping.census_at + CENSUS_EVERY + spread < now()


def follow_changes(calendar: Calendar) -> Conversation[bool]:
    """One delta round. Its cursor is stored in the transaction that applies its last part."""
    guard, series, drifted, is_quiet = PageGuard(), set[str](), False, True
    link = calendar.mapping.cursor
    while True:
        page = yield from calendar.provider.follow_delta(calendar.mailbox, link)
        guard.check(page)
        if page.items or page.removed or page.series or page.unreadable:
            is_quiet = False
            series |= page.series | record.series_among(calendar, page.removed)
            drifted |= yield from take(calendar, page)
        if page.cursor:
            break
        if calendar.is_called_away():
            return drifted
        link = page.next_link
    ours = {copy.remote_id for copy in calendar.copies.values()}
    for series_id in sorted(series - ours):
        yield from list_series(calendar, series_id)
    if is_quiet:
        calendar.cursor = page.cursor  # stored when the calendar is released, together with others
    else:
        record.note(calendar, cursor=page.cursor)
        crash_point("cursor")
    return drifted


def list_series(calendar: Calendar, series_id: str) -> Conversation[None]:
    """Replace what is known of one series by all of its occurrences in the window."""
    guard, items, link = PageGuard(SERIES_PAGES), list[RemoteItem](), ""
    try:
        while True:
            page = yield from calendar.provider.list_series(calendar.mailbox, series_id, calendar.window, link)
            guard.check(page)
            note_unreadable(calendar, page)
            items += page.items
            if not page.next_link:
                break
            link = page.next_link
    except NotFound:
        items = []
    except Rejected:  # what was known of it stands, and the other series go on
        note_unreadable(calendar, Page(unreadable=(series_id,)))
        return
    record.replace_series(calendar, series_id, items)


def full_round(calendar: Calendar) -> Conversation[bool]:
    """A new chain of changes and a census; goes on where an earlier sync left off."""
    mapping = calendar.mapping
    try:
        is_new = mapping.cursor or mapping.window_start is None or not mapping.next_cursor
        if is_new and not (yield from begin_chain(calendar, new_window())):
            return False
        return (yield from take_census(calendar))
    except Endless:
        if mapping.next_cursor:  # the census has begun, and goes round in circles
            record.start_over(calendar)
        raise
    except CursorExpired as error:
        record.start_over(calendar)
        raise Unavailable(str(error), code=error.code, request_id=error.request_id) from error


def begin_chain(calendar: Calendar, window: Window) -> Conversation[bool]:
    """Page a new chain of changes to its cursor, its items unread; False when called away on the way.

    Nothing is written before that is reached: who is interrupted begins again anyhow.
    """
    guard = PageGuard()
    page = yield from calendar.provider.start_delta(calendar.mailbox, window)
    while not page.cursor:
        if calendar.is_called_away():
            return False
        guard.check(page)
        page = yield from calendar.provider.skip_delta(calendar.mailbox, page.next_link)
    record.begin_full_round(calendar, window, next_cursor=page.cursor)
    return True


def take_census(calendar: Calendar) -> Conversation[bool]:
    """Read the whole window; what it does not hold is gone, after its last page and not before.

    Pages are counted from the start, so a change in between may hide an item: then the window is read once more.
    """
    drifted, link = False, calendar.mapping.next_cursor
    for tries_left in reversed(range(CENSUS_TRIES)):
        drifted |= yield from read_window(calendar)
        if calendar.is_unfinished:
            return drifted
        if not (tries_left and calendar.is_long):
            break
        link, has_changed = yield from changes_since(calendar, link)
        if not has_changed:
            break
    drifted |= yield from confirm(calendar, unseen_copies(calendar))
    record.finish_census(calendar)
    crash_point("cursor")
    return drifted


def read_window(calendar: Calendar) -> Conversation[bool]:
    """Apply every page of the window, from where an earlier sync left off; True when a copy of ours was not as left."""
    guard, drifted = PageGuard(), False
    while True:
        link = calendar.mapping.census_link
        page = yield from calendar.provider.census(calendar.mailbox, calendar.window, link)
        guard.check(page)
        drifted |= yield from take(calendar, page, census_link=page.next_link)
        calendar.is_long |= bool(link or page.next_link)
        if not page.next_link or calendar.is_called_away():
            return drifted


def changes_since(calendar: Calendar, link: str) -> Conversation[tuple[str, bool]]:
    """The place in the chain of changes that is reached now, and whether it has grown since `link`.

    Nothing of it is applied: the chain is followed from the start of the census once that has ended, so that what
    an earlier reading saw and a later one did not is gone only if the chain says so.
    """
    guard, has_changed = PageGuard(), False
    while True:
        page = yield from calendar.provider.follow_delta(calendar.mailbox, link)
        guard.check(page)
        has_changed |= bool(page.removed or page.series or record.differing(calendar, page.items))
        if page.cursor:
            return page.cursor, has_changed
        link = page.next_link


def unseen_copies(calendar: Calendar) -> list[UUID]:
    """Copies that should have been in the census and were not."""
    window, seen = calendar.window, calendar.mapping.census_round
    unseen = [copy for copy in calendar.copies.values() if copy.remote_id and copy.seen_round != seen]
    inside = [copy for copy in unseen if window.start < copy.ends_at <= window.end]
    return [copy.session_uid for copy in inside if copy.observed != SyncedEvent.Observed.GONE]


def take(calendar: Calendar, page: Page, *, census_link: str | None = None) -> Conversation[bool]:
    """Apply one page; True when a copy of ours was found changed or gone."""
    seen = observe(page, calendar.copies, mailbox=calendar.mailbox)
    yield from resolve_unsure(calendar, seen)
    note_unreadable(calendar, page)
    with transaction.atomic():
        if census_link is None:
            record.hold(calendar)
        else:
            record.note(calendar, census_link=census_link)
        drifted = apply(calendar, seen, is_census=census_link is not None)
    crash_point("applied")
    drifted |= yield from confirm(calendar, seen.missing)
    return drifted


def resolve_unsure(calendar: Calendar, seen: Observation) -> Conversation[None]:
    """Ask for the marker of items that may be ours: a delta brings none."""
    for item in seen.unsure:
        try:
            whole = yield from calendar.provider.get(calendar.mailbox, item.remote_id)
        except NotFound:
            seen.dropped.append(item.remote_id)
            continue
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
        if UUID(item.marker) in known:
            record.adopt(calendar, item)
    if is_census:
        mark_seen(calendar, [*seen.changed, *seen.untouched])
    ours = record.copied(calendar, seen.strays)
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
        try:
            item = yield from calendar.provider.get(calendar.mailbox, copy.remote_id)
        except NotFound:
            observed = SyncedEvent.Observed.GONE
        else:
            if item.appearance == copy.receipt_fingerprint:
                observed = SyncedEvent.Observed.UNTOUCHED
        if copy.observed != observed:
            record.note_copy(calendar, copy, observed=observed)
        drifted |= observed != SyncedEvent.Observed.UNTOUCHED
    return drifted


def note_unreadable(calendar: Calendar, page: Page) -> None:
    """Say, until the next census, that the calendar holds something that is not understood."""
    if page.unreadable:
        unreadable = calendar.mapping.unreadable + len(page.unreadable)
        record.note(calendar, unreadable=unreadable)
        record.keep_unreadable(calendar, page.unreadable)
