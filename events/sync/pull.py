"""Mirroring what else stands in one calendar: delta rounds, series and the census."""

from datetime import timedelta
from uuid import UUID

from django.utils.timezone import now

from events.models import SyncedEvent
from events.sync import record, unread
from events.sync.crash import crash_point
from events.sync.guard import Endless, PageGuard
from events.sync.pages import confirm, list_all, list_series, take
from events.sync.state import Calendar, has_lasted, new_window
from integrations.providers.conversation import Conversation
from integrations.providers.errors import CursorExpired, ProviderError, Unavailable
from integrations.providers.types import Page, Window

CENSUS_EVERY = timedelta(days=7)
SERIES_AT_A_TIME = 20  # of a round: so many are listed, and the place is stored, before it goes on
CENSUS_TRIES = 3  # readings of a window that changes while it is read, in however many turns
CHANGES_PAGES = 50  # that are followed to see whether it has changed


def pull(calendar: Calendar) -> Conversation[bool]:
    """Bring the mirror up to date; True when a copy of ours was found changed or gone. Raises ProviderError."""
    if not calendar.is_pulled:
        return False
    drifted = False
    if has_much_unread(calendar):
        drifted = yield from read_again(calendar)
        if calendar.is_unfinished:
            return drifted
    drifted |= yield from mirror_calendar(calendar)
    if calendar.mapping.unread and not calendar.is_unfinished:
        drifted |= yield from read_again(calendar)
    return drifted


def has_much_unread(calendar: Calendar) -> bool:
    """Whether so much is kept to be read later that it goes before what is new: no more would fit beside it."""
    return bool(calendar.mapping.unread) and len(unread.entries(calendar)) >= unread.KEPT


def mirror_calendar(calendar: Calendar) -> Conversation[bool]:
    """Follow the changes, or read everything where that is due or necessary."""
    if calendar.mapping.cursor and (calendar.is_urgent or not is_census_due(calendar)):
        try:
            return (yield from follow_changes(calendar))
        except CursorExpired:
            record.start_over(calendar)
        except Endless:
            if has_lasted(calendar.mapping.failing_since):  # this chain is broken for good; another may not be
                record.start_over(calendar)
            else:
                record.note(calendar, round_pages=0)
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
    """One delta round. Its cursor is stored once all of it is applied; on the way, so is the place that is reached."""
    mapping, series, drifted = calendar.mapping, set[str](), False
    guard, is_quiet = PageGuard(so_far=mapping.round_pages), not mapping.round_pages
    link = mapping.cursor
    while True:
        page = yield from calendar.provider.follow_delta(calendar.mailbox, link)
        guard.check(page)
        if page.items or page.removed or page.series or page.unreadable or page.unread:
            is_quiet = False
            series |= page.series | record.series_among(calendar, page.removed)
            drifted |= yield from take(calendar, page)
        if page.cursor or calendar.is_called_away():
            break
        if len(series) >= SERIES_AT_A_TIME:
            yield from reach(calendar, page, series, guard)
            series = set()  # one that a later page tells again has changed again
        link = page.next_link
    if page.cursor and is_quiet:
        calendar.cursor = page.cursor  # stored when the calendar is released, together with others
    else:
        yield from reach(calendar, page, series, guard)
    return drifted


def reach(calendar: Calendar, page: Page, series: set[str], guard: PageGuard) -> Conversation[None]:
    """Store the place after `page`, with the series that came until then listed, or kept to be read later."""
    yield from list_all(calendar, series)
    record.note(calendar, cursor=page.cursor or page.next_link, round_pages=guard.so_far)
    crash_point("cursor")


def full_round(calendar: Calendar) -> Conversation[bool]:
    """A new chain of changes and a census; goes on where an earlier sync left off."""
    mapping = calendar.mapping
    try:
        is_new = mapping.cursor or not mapping.next_cursor or mapping.window_start is None
        if is_new and not (yield from begin_chain(calendar, new_window())):
            return False
        return (yield from take_census(calendar))
    except Endless:
        if mapping.next_cursor:  # the census has begun, and goes round in circles
            record.start_over(calendar)
        else:
            record.note(calendar, census_link="", census_pages=0)
        raise
    except CursorExpired as error:
        record.start_over(calendar)
        raise Unavailable(str(error), code=error.code, request_id=error.request_id) from error


def begin_chain(calendar: Calendar, window: Window) -> Conversation[bool]:
    """Page a new chain of changes to its cursor, its items unread; False when called away on the way.

    It goes on where an earlier sync left off, in the place that the census will need once it has begun.
    """
    link = calendar.mapping.census_link
    guard = PageGuard(so_far=calendar.mapping.census_pages if link else 0)
    provider, mailbox = calendar.provider, calendar.mailbox
    page = yield from (provider.skip_delta(mailbox, link) if link else provider.start_delta(mailbox, window))
    while not page.cursor:
        guard.check(page)
        if calendar.is_called_away():
            record.note(calendar, census_link=page.next_link, census_pages=guard.so_far)
            return False
        page = yield from provider.skip_delta(mailbox, page.next_link)
    record.begin_full_round(calendar, window, next_cursor=page.cursor)
    return True


def take_census(calendar: Calendar) -> Conversation[bool]:
    """Read the whole window; what it does not hold is gone, after its last page and not before.

    Pages are counted from the start, so a change in between may hide an item: then the window is read once more.
    """
    mapping, drifted, link = calendar.mapping, False, calendar.mapping.next_cursor
    while True:
        drifted |= yield from read_window(calendar)
        if calendar.is_unfinished:
            return drifted
        if not calendar.is_long or mapping.census_readings + 1 >= CENSUS_TRIES:
            break
        link, may_have_changed = yield from changes_since(calendar, link)
        if not may_have_changed:
            break
        record.note(calendar, census_readings=mapping.census_readings + 1)
        if calendar.is_unfinished:
            return drifted
    drifted |= yield from confirm(calendar, unseen_copies(calendar))
    record.finish_census(calendar)
    crash_point("cursor")
    return drifted


def read_window(calendar: Calendar) -> Conversation[bool]:
    """Apply every page of the window, from where an earlier sync left off; True when a copy of ours was not as left."""
    guard, drifted = PageGuard(so_far=calendar.mapping.census_pages), False
    while True:
        link = calendar.mapping.census_link
        page = yield from calendar.provider.census(calendar.mailbox, calendar.window, link)
        guard.check(page)
        place = {"census_link": page.next_link, "census_pages": guard.so_far}
        drifted |= yield from take(calendar, page, place=place)
        calendar.is_long |= bool(link or page.next_link)
        if not page.next_link or calendar.is_called_away():
            return drifted


def changes_since(calendar: Calendar, link: str) -> Conversation[tuple[str, bool]]:
    """The place in the chain of changes that is reached now, and whether it has grown since `link`.

    It counts as grown where it is too long to be followed now, so that this never takes long. Nothing of it is applied:
    the chain is followed from the start of the census once that has ended, so that what an earlier reading saw and a
    later one did not is gone only if the chain says so.
    """
    has_changed = False
    for _ in range(CHANGES_PAGES):
        page = yield from calendar.provider.follow_delta(calendar.mailbox, link)
        has_changed |= bool(page.removed or page.series or record.differing(calendar, page.items))
        if page.cursor:
            return page.cursor, has_changed
        link = page.next_link
        if calendar.is_called_away():
            break
    return link, True


def unseen_copies(calendar: Calendar) -> list[UUID]:
    """Copies that should have been in the census and were not."""
    window, seen = calendar.window, calendar.mapping.census_round
    unseen = [copy for copy in calendar.copies.values() if copy.remote_id and copy.seen_round != seen]
    inside = [copy for copy in unseen if window.start < copy.ends_at <= window.end]
    return [copy.session_uid for copy in inside if copy.observed != SyncedEvent.Observed.GONE]


def read_again(calendar: Calendar) -> Conversation[bool]:
    """Ask for what could not be asked for earlier, where it is time; True when a copy of ours was not as left."""
    drifted = False
    for place, remote_id in enumerate(unread.due(calendar)):
        if place and calendar.is_called_away():  # the first one anyhow: a turn may be over with its first answer
            break
        tries = unread.tries_of(calendar, remote_id)
        try:
            page = yield from calendar.provider.read(calendar.mailbox, remote_id)
            drifted |= yield from take(calendar, page, is_whole=True)
            for series_id in (page.series | record.series_among(calendar, page.removed)) - calendar.remote_ids:
                yield from list_series(calendar, series_id)
        except ProviderError as error:
            unread.postpone(calendar, remote_id, error)
        if unread.tries_of(calendar, remote_id) == tries:
            calendar.unanswered = 0
            unread.forget(calendar, remote_id)
    return drifted
