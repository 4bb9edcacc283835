"""Bringing calendars up to date: load what is known, hold one conversation per mailbox, record each as it ends."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.timezone import now

from events.sync import record
from events.sync.crash import crash_point
from events.sync.pull import pull
from events.sync.push import is_enough, push
from events.sync.state import Calendar, LeaseLost, Report, has_lasted, load
from instructors.claims import Claim
from instructors.models import CalendarMapping
from integrations.connection import connect
from integrations.models import Integration
from integrations.providers.base import Provider
from integrations.providers.conversation import Answer, Conversation, Driver, Ended, Request
from integrations.providers.errors import MailboxUnusable, NeedsAdmin, ProviderError, Unavailable

log = structlog.get_logger(__name__)

FIRST_REST, LONGEST_REST = 5.0, 900.0  # seconds after which a calendar that failed is tried again
TIMES_AS_LONG = 9.0  # a rest is, at least, as what failed has held a worker: so that takes a tenth of its time
SLOW_REST = 3600.0  # seconds between two tries of what only an admin can mend
ADVISORY_LOCK = 0x63616C73  # "cals"; the second key is the integration's primary key


@dataclass(frozen=True)
class Again:
    """Calendars that are to be synced again, after `seconds`; urgent where a change waits to be pushed."""

    mappings: tuple[int, ...]
    seconds: float = 0.0
    is_urgent: bool = False


def sync(
    claim: Claim, *, in_flight: int = 1, is_urgent: bool = False, on_again: Callable[[Again], None] | None = None
) -> Report:
    """Bring the claimed calendars of one integration up to date, and release each as soon as it is done.

    `is_urgent`: push and follow changes, but leave a first sync or a census to another run.

    What a calendar or its provider does wrong ends at that calendar. What is wrong on our side (the database, a file)
    goes up, and is no lapse of the calendars that are held. `on_again` is told of calendars for which a change came in
    the meantime, or which are not finished.
    """
    report = Report()
    try:
        if claim.mappings:
            hold_conversations(claim, report, in_flight, is_urgent, on_again or (lambda _: None))
    except (OperationalError, InterfaceError, OSError):
        give_back(claim)
        raise
    return report


def hold_conversations(
    claim: Claim, report: Report, in_flight: int, is_urgent: bool, on_again: Callable[[Again], None]
) -> None:
    """Hold one conversation with each of the claimed mailboxes, and record each as it ends."""
    integration = claim.mappings[0].integration
    provider = connect(integration)
    calendars = load(claim, provider, report, is_urgent=is_urgent)
    at_a_time = 1 if settings.SYNC_ONE_BATCH_PER_APP else in_flight
    driver = Driver[int, None](
        counted(provider, report),
        width=provider.batch_size,
        in_flight=at_a_time,
        gate=gate(integration),
        pace=provider.pace,
    )
    for ended in driver.run({pk: converse(calendar) for pk, calendar in calendars.items()}):
        conclude(claim, calendars, ended, on_again)


def give_back(claim: Claim) -> None:
    """Release what is still held after something of ours failed; where the database is away, the lease lapses."""
    connection.close_if_unusable_or_obsolete()
    try:
        CalendarMapping.objects.filter(lease=claim.lease).update(lease=None, leased_until=None, requested_at=now())
    except (OperationalError, InterfaceError):
        log.warning("lease_kept", lease=str(claim.lease))


def converse(calendar: Calendar) -> Conversation[None]:
    """Bring one calendar up to date, whatever it holds: what goes wrong in it ends as a ProviderError."""
    try:
        yield from push_and_pull(calendar)
    except LeaseLost:
        log.warning("lease_lost", mapping=calendar.mapping.pk)
    except (ProviderError, OperationalError, InterfaceError):
        raise
    except Exception:  # the outermost edge of one calendar: whatever it holds, the others go on
        log.exception("calendar_failed", mapping=calendar.mapping.pk)
        raise ProviderError("calsync cannot handle this calendar; the log says why.", code="unexpected") from None


def push_and_pull(calendar: Calendar) -> Conversation[None]:
    """Push, pull, and push once more what the pull found changed."""
    if calendar.is_out_of_time():
        return
    refusal = yield from guarded_push(calendar)
    if calendar.is_unfinished:
        return
    if (yield from pull(calendar)):
        refusal = refusal or (yield from guarded_push(calendar))
    if refusal and not calendar.is_unfinished:
        raise refusal


def guarded_push(calendar: Calendar) -> Conversation[ProviderError | None]:
    """Push; the error of a calendar that may be read but not written to, so that the pull goes on first."""
    yield from push(calendar)
    return calendar.refusal or (calendar.postponed[-1] if is_enough(calendar) else None)


def counted(provider: Provider, report: Report) -> Callable[[Sequence[Request]], list[Answer]]:
    def send_many(requests: Sequence[Request]) -> list[Answer]:
        report.requests += 1
        return provider.send_many(requests)

    return send_many


def gate(integration: Integration) -> Callable[[], AbstractContextManager[None]]:
    """What is held around every batch: with SYNC_ONE_BATCH_PER_APP, one advisory lock for all workers."""
    return (lambda: one_batch(integration.pk)) if settings.SYNC_ONE_BATCH_PER_APP else nullcontext


@contextmanager
def one_batch(integration_pk: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [ADVISORY_LOCK, integration_pk])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [ADVISORY_LOCK, integration_pk])


def conclude(
    claim: Claim, calendars: dict[int, Calendar], ended: Sequence[Ended[int, None]], on_again: Callable[[Again], None]
) -> None:
    """Record and release the calendars whose conversations have ended together, and tell which come again."""
    unfinished = [one.key for one in ended if calendars[one.key].is_unfinished and one.error is None]
    urgent = CalendarMapping.objects.requested(unfinished)
    urgent += release(claim, calendars, ended)
    if urgent:
        on_again(Again(tuple(urgent), is_urgent=True))
    if left := tuple(pk for pk in unfinished if pk not in urgent):
        on_again(Again(left))
    pauses: dict[float, list[int]] = defaultdict(list)
    for one in ended:
        if (pause := calendars[one.key].again_in) is not None:
            pauses[pause].append(one.key)
    for pause, pks in pauses.items():
        on_again(Again(tuple(pks), pause))


def release(claim: Claim, calendars: dict[int, Calendar], ended: Sequence[Ended[int, None]]) -> list[int]:
    """Write down how each conversation ended, those that ended alike with one statement.

    The calendars, of those that are finished, for which a change has come meanwhile.
    """
    clean: dict[int, str] = {}
    failed: dict[Failure, list[int]] = defaultdict(list)
    for one in ended:
        calendar = calendars[one.key]
        if one.error is not None:
            failed[fail(calendar, one.error)].append(one.key)
        elif calendar.is_unfinished:
            CalendarMapping.objects.release(one.key, claim.lease, requested_at=now())
        elif calendar.problem:
            CalendarMapping.objects.release(one.key, claim.lease, synced_at=now(), **settled(calendar))
        else:
            clean[one.key] = calendar.cursor
    changed = CalendarMapping.objects.release_clean(claim.lease, clean)
    if any(clean.values()):
        crash_point("cursor")
    for failure, pks in failed.items():
        CalendarMapping.objects.release_failed(claim.lease, pks, problem=failure.problem, seconds=failure.seconds)
    integration = claim.mappings[0].integration
    if whole := next((one.error for one in ended if one.error is not None and one.error.is_whole), None):
        rest(integration, whole)
    elif clean:
        integration.recover()
    others = [one.key for one in ended if one.key not in clean and not calendars[one.key].is_unfinished]
    return changed + CalendarMapping.objects.requested(others)


@dataclass(frozen=True)
class Failure:
    """How a calendar rests: what its page says, and for how many seconds; None rests with its integration."""

    problem: str
    seconds: float | None


def rest(integration: Integration, error: ProviderError) -> None:
    """Leave the whole connection alone for a while."""
    if isinstance(error, NeedsAdmin):
        integration.rest(str(error), seconds=SLOW_REST / 4)
    else:
        integration.rest(told(integration.failing_since, error), seconds=pause_of(integration.failing_since, error))


def settled(calendar: Calendar) -> dict[str, object]:
    cursor = {"cursor": calendar.cursor} if calendar.cursor else {}
    return {"problem": calendar.problem, "retry_at": None, "failing_since": None, "lapses": 0, **cursor}


def fail(calendar: Calendar, error: ProviderError) -> Failure:
    """What went wrong with a calendar, for its page, and when to try again."""
    calendar.report.failed += 1
    mapping = calendar.mapping
    log.info(
        "sync_failed", mapping=mapping.pk, error=type(error).__name__, code=error.code, request_id=error.request_id
    )
    if mapping.leaving_at and is_out_of_reach(mapping, error):
        record.forget_copies(calendar)
    if isinstance(error, Unavailable):
        calendar.again_in = pause_of(mapping.failing_since, error)
        return Failure(told(mapping.failing_since, error), calendar.again_in)
    return Failure("", None) if error.is_whole else Failure(str(error), SLOW_REST)


def is_out_of_reach(mapping: CalendarMapping, error: ProviderError) -> bool:
    """Whether a mailbox that is to be left cannot be cleaned: it is gone, or has refused for an hour."""
    has_refused = isinstance(error, NeedsAdmin) and not error.is_whole
    return isinstance(error, MailboxUnusable) or (has_refused and has_lasted(mapping.failing_since))


def pause_of(failing_since: datetime | None, error: ProviderError) -> float:
    """Seconds until the next try: what the service named, else as long again as it has failed, in steps of two.

    What has held a worker rests for so much longer that others have most of its time.
    """
    if isinstance(error, Unavailable) and error.retry_after is not None:
        return error.retry_after
    lasted = (now() - failing_since).total_seconds() if failing_since else 0.0
    pause = max(FIRST_REST, error.seconds * TIMES_AS_LONG)
    while pause < min(lasted, LONGEST_REST):
        pause *= 2
    return min(pause, LONGEST_REST)


def told(failing_since: datetime | None, error: ProviderError) -> str:
    """The problem as the page shows it: empty until it has lasted for an hour."""
    return f"{error} It has been so since {failing_since:%d %B %Y, %H:%M} UTC." if has_lasted(failing_since) else ""
