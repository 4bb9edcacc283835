"""Looking instructors up in an organisation's directory, and storing who was paired and who was not."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from instructors.claims import SKEW
from instructors.matching import Linked, NotLinked, match
from instructors.models import CalendarMapping, Instructor, Unmatched
from instructors.signals import sync_wanted
from instructors.switching import leave
from integrations.connection import connect
from integrations.models import Integration
from integrations.providers.base import Provider
from integrations.providers.conversation import Conversation, Driver
from integrations.providers.errors import NeedsAdmin, ProviderError, Rejected, Unavailable
from integrations.providers.types import Person

log = structlog.get_logger(__name__)

Found = tuple[Person, ...]
REST = 60  # seconds before an integration that cannot be asked is asked again
REFUSAL_REST = timedelta(minutes=10)  # a permission takes up to two hours to work


def discover(integration: Integration, instructors: Iterable[int] | None = None, *, in_flight: int = 3) -> bool:
    """Pair the instructors who have no mailbox of their present address (of `instructors` only, if given).

    False where the directory could not be asked for somebody; those keep what was known of them.
    """
    if integration.is_closing or not integration.is_active:
        return True
    Unmatched.objects.filter(integration=integration, instructor__is_active=False).delete()
    people = {instructor.pk: instructor for instructor in unpaired(integration, instructors)}
    provider = connect(integration)
    driver = Driver[int, Found](provider.send_many, width=provider.batch_size, in_flight=in_flight)
    error: ProviderError | None = None
    new: list[int] = []
    for ended in driver.run({pk: look_up(provider, person.email) for pk, person in people.items()}):
        for one in ended:
            error = one.error or error
            if one.error is None:
                new += store(integration, people[one.key], one.result or ())
            elif is_lasting(one.error):
                note_refusal(integration, people[one.key], one.error)
        if new:
            sync_wanted.send(CalendarMapping, mappings=new, bulk=True)
            new = []
    if people:
        conclude(integration, error)
    return error is None


def conclude(integration: Integration, error: ProviderError | None) -> None:
    """Note what this discovery showed of the connection; a passing failure of it is nobody's business."""
    if error is None:
        integration.recover()
        return
    log.warning("discovery_failed", integration=integration.name, error=str(error), code=error.code)
    if error.is_whole:
        is_passing = isinstance(error, Unavailable)
        problem = integration.problem if is_passing else f"People could not be looked up. {error}"
        integration.rest(problem, seconds=REST)


def is_lasting(error: ProviderError) -> bool:
    """Whether an error is about one person's look-up and would come again."""
    is_garbled = isinstance(error, Unavailable) and error.is_garbled
    return not error.is_whole and (is_garbled or isinstance(error, NeedsAdmin | Rejected))


def look_up(provider: Provider, email: str) -> Conversation[Found]:
    return (yield from provider.look_up(email.strip()))


def unpaired(integration: Integration, pks: Iterable[int] | None) -> list[Instructor]:
    """The active instructors without a working mapping of their present address.

    One whose mailbox cannot be used is looked up again, because an account that was made anew has another id. One
    who was stopped stays as is until started again.
    """
    mappings = CalendarMapping.objects.filter(integration=integration)
    paired = dict(mappings.filter(Q(failing_since=None) | Q(problem="")).values_list("instructor_id", "address"))
    stopped = mappings.filter(sync_enabled=False).values("instructor")
    everybody = Instructor.objects.filter(is_active=True).exclude(pk__in=stopped)
    if pks is not None:
        everybody = everybody.filter(pk__in=list(pks))
    return [one for one in everybody if paired.get(one.pk, "").lower() != one.email.lower()]


def unanswered(integration: Integration) -> list[int]:
    """The instructors whom the directory was not asked for yet, or gave no answer: neither paired nor unmatched.

    Those whom the app might not look up are asked for again too, now and then: a permission that was granted shows
    by itself.
    """
    of_theirs = CalendarMapping.objects.filter(integration=integration, instructor=OuterRef("pk"))
    paired = of_theirs.filter(Q(address__iexact=OuterRef("email")) | Q(leaving_at__isnull=False))
    unmatched = Unmatched.objects.filter(integration=integration, instructor=OuterRef("pk"))
    lately = Q(checked_at__range=(now() - REFUSAL_REST, now() + SKEW))  # later: the clock has been set back since
    unmatched = unmatched.filter(~Q(cause=Unmatched.Cause.REFUSED) | lately)
    found = Instructor.objects.filter(~Exists(paired), ~Exists(unmatched), is_active=True)
    return list(found.values_list("pk", flat=True))


@transaction.atomic
def store(integration: Integration, instructor: Instructor, people: Found) -> list[int]:
    """Record what the directory said of `instructor`; the new mapping's primary key, if there is one.

    Somebody who was deleted or got another address since the directory was asked stays as is.
    """
    new: list[int] = []
    asked_for = Instructor.objects.filter(pk=instructor.pk, email=instructor.email)
    if not asked_for.select_for_update(no_key=True).values_list("pk").first():
        return new
    verdict = match(instructor.email, people)
    if isinstance(verdict, Linked):
        try:
            new = link(integration, instructor, verdict.person)
        except IntegrityError:
            verdict = taken(integration, verdict.person)
    elif has_mailbox_of(integration, instructor):
        return new  # paired by id; that the directory knows the address no more changes nothing
    else:
        unlink(integration, instructor)
    if isinstance(verdict, NotLinked):
        note(integration, instructor, verdict)
    else:
        Unmatched.objects.filter(integration=integration, instructor=instructor).delete()
    return new


@transaction.atomic
def note_refusal(integration: Integration, instructor: Instructor, error: ProviderError) -> None:
    """Say at `instructor` why a look-up gave no answer, instead of what it said before; a mailbox stays."""
    asked_for = Instructor.objects.filter(pk=instructor.pk, email=instructor.email)
    is_there = asked_for.select_for_update(no_key=True).values_list("pk").first()
    if is_there and not CalendarMapping.objects.filter(integration=integration, instructor=instructor).exists():
        verdict = NotLinked(Unmatched.Cause.REFUSED, str(error))
        if isinstance(error, Rejected):
            verdict = NotLinked(Unmatched.Cause.NOT_FOUND, f"Microsoft refuses to look up this address ({error.code}).")
        note(integration, instructor, verdict)


def note(integration: Integration, instructor: Instructor, verdict: NotLinked) -> None:
    detail = verdict.detail[: Unmatched._meta.get_field("detail").max_length]
    values = {"cause": verdict.cause, "detail": detail, "suggestion": usable(verdict), "checked_at": now()}
    Unmatched.objects.update_or_create(values, integration=integration, instructor=instructor)


def usable(verdict: NotLinked) -> str:
    """The address that `verdict` suggests, unless another instructor has it or nobody could type it."""
    if not verdict.suggestion or not is_address(verdict.suggestion):
        return ""
    is_taken = Instructor.objects.filter(email__iexact=verdict.suggestion).exists()
    return "" if is_taken else verdict.suggestion


def is_address(text: str) -> bool:
    try:
        Unmatched._meta.get_field("suggestion").run_validators(text)
    except ValidationError:
        return False
    return True


def has_mailbox_of(integration: Integration, instructor: Instructor) -> bool:
    """Whether `instructor` is paired already by the present address."""
    mappings = CalendarMapping.objects.filter(integration=integration, instructor=instructor, leaving_at=None)
    return mappings.filter(address__iexact=instructor.email).exists()


def link(integration: Integration, instructor: Instructor, person: Person) -> list[int]:
    """Pair `instructor` with `person`. Raises IntegrityError where the mailbox is another instructor's."""
    mapping = CalendarMapping.objects.filter(integration=integration, instructor=instructor).first()
    if mapping is not None and mapping.remote_user_id != person.remote_user_id:
        if mapping.leaving_at is None:
            leave(mapping)  # its clean-up ends with a discovery that pairs anew
        return []
    values = {"address": instructor.email, "remote_user_id": person.remote_user_id, "leaving_at": None}
    with transaction.atomic():
        mapping, is_new = CalendarMapping.objects.update_or_create(
            integration=integration, instructor=instructor, defaults=values
        )
    return [mapping.pk] if is_new else []


def taken(integration: Integration, person: Person) -> NotLinked:
    owner = CalendarMapping.objects.select_related("instructor").get(
        integration=integration, remote_user_id=person.remote_user_id
    )
    return NotLinked("taken", f"{owner.instructor} is paired with this mailbox.")


def unlink(integration: Integration, instructor: Instructor) -> None:
    """Give up the mailbox of an address that the instructor has no more."""
    mapping = CalendarMapping.objects.filter(integration=integration, instructor=instructor, leaving_at=None).first()
    if mapping is not None:
        leave(mapping)
