"""Making one calendar show what is planned: intent, request, receipt."""

from collections.abc import Iterable
from contextlib import suppress

from django.utils.timezone import now

from events.models import SyncedEvent
from events.sync import record
from events.sync.crash import crash_point
from events.sync.observe import GENERATIONS, is_sent_by_us
from events.sync.plan import Action, Create, Delete, Find, UnsafePlan, Update, check_is_safe
from events.sync.state import Calendar
from integrations.providers.conversation import Conversation
from integrations.providers.errors import (
    CursorExpired,
    DuplicateKey,
    MailboxUnusable,
    NeedsAdmin,
    NotFound,
    ProviderError,
    Rejected,
    Unavailable,
    concerns_more,
)
from integrations.providers.types import RemoteItem

PASSES = 5  # adopting, updating and a next generation each take one
PATIENCE = 3  # how many copies may fail in a row before nothing more is tried
GENERATIONS_AT_ONCE = 4  # how many keys of one copy are tried in one sync


def push(calendar: Calendar) -> Conversation[None]:
    """Do what the plan says until nothing is left of it, or too much has failed. Raises ProviderError."""
    for _ in range(PASSES):
        actions = allowed(calendar)
        if not actions or calendar.refusal or calendar.is_out_of_time() or is_enough(calendar):
            return
        record.intend(calendar, actions)
        crash_point("intent")
        for action in in_order(calendar, actions):
            if calendar.is_called_away() or is_enough(calendar):
                return
            yield from attempt(calendar, action)


def allowed(calendar: Calendar) -> list[Action]:
    """What is to be done now; where a person has to decide, only what adds nothing and removes nothing unasked."""
    actions = calendar.plan()
    if not actions:  # as nearly always
        return actions
    try:
        check_is_safe(actions, calendar.copies)
    except UnsafePlan as error:
        calendar.report.failed += not calendar.problem
        calendar.problem = str(error)
        return [action for action in actions if is_harmless(action, calendar)]
    return actions


def is_harmless(action: Action, calendar: Calendar) -> bool:
    """Whether an action leaves the share of the copies that are to go as it is: what is held back stays so."""
    is_asked = isinstance(action, Delete | Find) and calendar.copies[action.uid].released_at is not None
    return is_asked or isinstance(action, Update)


def in_order(calendar: Calendar, actions: Iterable[Action]) -> list[Action]:
    """`actions` with those last that have failed before: they keep nothing else waiting."""
    failing = {uid for uid, copy in calendar.copies.items() if copy.failures}
    return sorted(actions, key=lambda action: action.uid in failing)


def is_enough(calendar: Calendar) -> bool:
    """Whether so much has failed in a row that it is the calendar that cannot be written to."""
    return len(calendar.postponed) >= PATIENCE


def attempt(calendar: Calendar, action: Action) -> Conversation[None]:
    """Do one action. What concerns only this copy is noted at it, and the rest goes on."""
    copy = calendar.copies[action.uid]
    try:
        yield from perform(calendar, action, copy)
    except Rejected as error:
        record.reject(calendar, copy, action, error)
        calendar.report.failed += 1
    except (NotFound, CursorExpired, DuplicateKey) as error:  # an answer that does not belong to what was asked
        postpone(calendar, copy, Unavailable(str(error), code=error.code, request_id=error.request_id))
    except (NeedsAdmin, MailboxUnusable) as error:
        refuse(calendar, copy, error)
    except Unavailable as error:
        postpone(calendar, copy, error)
        if concerns_more(error) or calendar.is_out_of_time():
            raise
    else:
        calendar.postponed.clear()
        calendar.refusal = None
        crash_point("receipt")


def perform(calendar: Calendar, action: Action, copy: SyncedEvent) -> Conversation[None]:
    match action:
        case Create():
            yield from create(calendar, action, copy)
        case Update():
            yield from update(calendar, action, copy)
        case Delete():
            yield from delete(calendar, action, copy)
        case Find():
            yield from find(calendar, copy)


def create(calendar: Calendar, action: Create, copy: SyncedEvent) -> Conversation[None]:
    """Create the copy. Where its key is taken, adopt what stands there or take the next generation."""
    if action.is_restoring:
        record.count_restoring(calendar, copy)
    is_known = calendar.mapping.cursor and not copy.generation  # what stands there under the first key
    if not is_known and (item := (yield from find_another(calendar, copy))):
        record.adopt(calendar, item, copy)
        return
    intended = copy.fingerprint
    try:
        receipt = yield from calendar.provider.create(calendar.mailbox, action.entry, key=copy.key)
    except DuplicateKey as error:
        yield from settle_duplicate(calendar, copy, error)
        return
    crash_point("sent")
    is_wanted = receipt.appearance == action.entry.appearance and intended == action.entry.fingerprint
    fingerprint = action.entry.fingerprint if is_wanted else ""  # else an update follows
    record.receive(calendar, copy, action.entry, receipt, fingerprint=fingerprint)
    calendar.report.created += 1


def settle_duplicate(calendar: Calendar, copy: SyncedEvent, error: DuplicateKey) -> Conversation[None]:
    """Adopt the item that has the key, if it stands there; else go on with the next generation."""
    item = None
    if error.existing_id:
        with suppress(NotFound):
            item = yield from calendar.provider.get(calendar.mailbox, error.existing_id)
    item = item or (yield from find_by_marker(calendar, copy))
    if item:
        record.adopt(calendar, item, copy)
        return
    times = calendar.count_again(copy.session_uid)
    if copy.generation + 1 >= GENERATIONS:
        raise Rejected(f"Microsoft takes no key for this item any more ({error.code}).", code=error.code)
    record.take_generation(calendar, copy, copy.generation + 1)
    if times >= GENERATIONS_AT_ONCE:
        raise Unavailable(f"Microsoft says of every key that an item has it, and shows none ({error.code}).")


def find_by_marker(calendar: Calendar, copy: SyncedEvent) -> Conversation[RemoteItem | None]:
    """The item that carries the marker of this copy's session and its key; a person's copy of it does not."""
    items = yield from calendar.provider.find(calendar.mailbox, copy.session_uid)
    return next((item for item in items if item.transaction_id == str(copy.key)), None)


def find_another(calendar: Calendar, copy: SyncedEvent) -> Conversation[RemoteItem | None]:
    """An item that was sent for this session under any key.

    A database that was restored knows only earlier ones, and a calendar that was never read may hold one of before.
    """
    items = yield from calendar.provider.find(calendar.mailbox, copy.session_uid)
    return next((item for item in items if is_sent_by_us(item, calendar.mailbox)), None)


def update(calendar: Calendar, action: Update, copy: SyncedEvent) -> Conversation[None]:
    """Update the copy. One that is not there is looked for once more before it counts as gone."""
    try:
        receipt = yield from calendar.provider.update(calendar.mailbox, action.remote_id, action.entry)
    except NotFound as error:
        yield from confirm_gone(calendar, copy, error)
        return
    crash_point("sent")
    if action.is_restoring:
        record.count_restoring(calendar, copy)
    is_shown = receipt.appearance == action.entry.appearance
    fingerprint = action.entry.fingerprint if is_shown else ""  # then it is sent once more
    record.receive(calendar, copy, action.entry, receipt, fingerprint=fingerprint)
    if not is_shown and calendar.count_again(copy.session_uid) > 1:
        raise Rejected("Microsoft took this item and shows another title, time or place.", code="not shown")
    calendar.report.updated += 1


def confirm_gone(calendar: Calendar, copy: SyncedEvent, error: ProviderError) -> Conversation[None]:
    try:
        yield from calendar.provider.get(calendar.mailbox, copy.remote_id)
    except NotFound:
        record.note_copy(calendar, copy, observed=SyncedEvent.Observed.GONE)
    else:
        raise Unavailable(f"Microsoft says both that the item is there and that it is not. {error}", code=error.code)


def delete(calendar: Calendar, action: Delete, copy: SyncedEvent) -> Conversation[None]:
    with suppress(NotFound):  # then it is as wanted
        yield from calendar.provider.delete(calendar.mailbox, action.remote_id)
    crash_point("sent")
    record.drop_copy(calendar, copy)
    calendar.report.deleted += 1


def find(calendar: Calendar, copy: SyncedEvent) -> Conversation[None]:
    """Look for a copy whose answer was lost and which is not wanted any more."""
    item = yield from find_by_marker(calendar, copy)
    if item:
        record.adopt(calendar, item, copy)
    elif record.arrived_by(copy) > now() and not copy.rejected_fingerprint:
        record.wait_for_arrival(calendar, copy)
    else:
        record.drop_copy(calendar, copy)


def refuse(calendar: Calendar, copy: SyncedEvent, error: NeedsAdmin | MailboxUnusable) -> None:
    """Note that a copy may not be written. The first time it is the calendar that is to blame, then the copy itself."""
    if error.is_whole:
        raise error
    if copy.failures and not calendar.mapping.leaving_at:
        postpone(calendar, copy, error)
        return
    calendar.refusal = error
    calendar.postponed.append(error)
    record.note_copy(calendar, copy, failures=1)


def postpone(calendar: Calendar, copy: SyncedEvent, error: ProviderError) -> None:
    pause = record.postpone(calendar, copy, error)
    calendar.again_in = min(pause, calendar.again_in or pause)
    calendar.postponed.append(error)
    calendar.report.failed += 1
