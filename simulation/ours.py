"""What schedulers and admins do in calsync, and what happens to the machine that it runs on."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now

from events.closing import close
from events.models import Event, Session
from instructors.models import CalendarMapping, Instructor
from instructors.tasks import discover_all
from integrations.models import Integration
from integrations.signals import privacy_changed
from integrations.switching import deactivate
from simulation.cast import ALL_NAMES
from simulation.sandbox import address
from simulation.script import Dice, step
from simulation.world import World

TITLES = (
    "First aid",
    "Fire safety",
    "Fork-lift",
    "Working at heights, for those who have done it before",
    "Fork-lift & crane, für alle",
)
ROOMS = ("", "Room 3", "Hall  A", "Übungsraum")
TEXTS = ("", "Bring the dolls.", "One line.\nAnother line.", "<b>not markup</b> & so on")
MOST_SESSIONS = 9  # in all: so few that the brake never has a reason


def moment(dice: Dice) -> tuple[datetime, datetime]:
    """A start and an end on one of the days around today."""
    start = now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=dice.randint(-30, 24 * 50))
    return start, start + timedelta(minutes=dice.one([15, 60, 180, 8 * 60, 30 * 60]))


def events() -> list[Event]:
    return list(Event.objects.order_by("pk"))


def sessions() -> list[Session]:
    return list(Session.objects.select_related("event").order_by("pk"))


def people() -> list[Instructor]:
    return list(Instructor.objects.order_by("pk"))


def mappings() -> list[CalendarMapping]:
    return list(CalendarMapping.objects.select_related("instructor", "integration").order_by("pk"))


def integration() -> Integration | None:
    return Integration.objects.filter(closing_at=None).first()


@step("plan an event", 10)
@transaction.atomic
def plan(world: World, dice: Dice) -> str:
    count = min(dice.one([1, 1, 2, 3]), MOST_SESSIONS - Session.objects.count())
    if count <= 0:
        return ""
    status = dice.one([Event.Status.CONFIRMED] * 4 + [Event.Status.DRAFT])
    event = Event(title=dice.one(TITLES), location=dice.one(ROOMS), description=dice.one(TEXTS), status=status)
    event.uid = dice.uid()
    event.save()
    for _ in range(count):
        starts_at, ends_at = moment(dice)
        Session.objects.create(event=event, uid=dice.uid(), starts_at=starts_at, ends_at=ends_at)
    teachers = dice.some(people())
    event.instructors.add(*teachers)
    return f"{event}, {count} sessions, {status}, for {', '.join(map(str, teachers))}"


@step("move a session", 6)
def move(world: World, dice: Dice) -> str:
    if not (found := sessions()):
        return ""
    session = dice.one(found)
    session.starts_at, session.ends_at = moment(dice)
    session.save()
    return str(session)


@step("move a session to the past", 1)
def age(world: World, dice: Dice) -> str:
    if not (found := sessions()):
        return ""
    session = dice.one(found)
    back = timedelta(days=dice.randint(25, 60))
    session.starts_at, session.ends_at = session.starts_at - back, session.ends_at - back
    session.save()
    return str(session)


@step("change an event's texts", 5)
def retitle(world: World, dice: Dice) -> str:
    if not (found := events()):
        return ""
    event = dice.one(found)
    event.title, event.location, event.description = dice.one(TITLES), dice.one(ROOMS), dice.one(TEXTS)
    event.save()
    return str(event)


@step("cancel or confirm an event", 4)
def switch(world: World, dice: Dice) -> str:
    if not (found := events()):
        return ""
    event = dice.one(found)
    is_on = event.status == Event.Status.CONFIRMED
    event.status = Event.Status.CANCELLED if is_on else Event.Status.CONFIRMED
    event.save()
    return f"{event} is {event.status}"


@step("delete an event", 2)
def delete(world: World, dice: Dice) -> str:
    if not (found := events()):
        return ""
    event = dice.one(found)
    event.delete()
    return str(event)


@step("delete a session", 2)
def delete_session(world: World, dice: Dice) -> str:
    if not (found := sessions()):
        return ""
    session = dice.one(found)
    said = str(session)
    session.delete()
    return said


@step("assign or unassign somebody", 6)
def assign(world: World, dice: Dice) -> str:
    if not (found := events()):
        return ""
    event, instructor = dice.one(found), dice.one(people())
    if event.instructors.filter(pk=instructor.pk).exists():
        event.instructors.remove(instructor)
        return f"{event} without {instructor}"
    event.instructors.add(instructor)
    return f"{event} with {instructor}"


@step("give a session its own instructors", 2)
def assign_session(world: World, dice: Dice) -> str:
    if not (found := sessions()):
        return ""
    session, teachers = dice.one(found), dice.some(people(), 2)
    if dice.happens(0.3):
        session.instructors.clear()
        return f"{session} as its event"
    session.instructors.set(teachers)
    return f"{session} by {', '.join(map(str, teachers))}"


@step("stop an instructor", 2)
def stop(world: World, dice: Dice) -> str:
    found = [mapping for mapping in mappings() if mapping.sync_enabled]
    if not found:
        return ""
    mapping, removes = dice.one(found), dice.happens(0.5)
    world.may_leave_copies |= not removes
    mapping.stop(remove_copies=removes)
    return f"{mapping.instructor}, {'removing' if removes else 'keeping'} copies"


@step("change an instructor's address", 2)
def readdress(world: World, dice: Dice) -> str:
    instructor, name = dice.one(people()), dice.one([*ALL_NAMES, "nobody"])
    if Instructor.objects.filter(email__iexact=address(name)).exists():
        return ""
    instructor.email = address(name)
    instructor.save()
    return f"{instructor} is {address(name)}"


@step("retire or reinstate an instructor", 1)
def retire(world: World, dice: Dice) -> str:
    instructor = dice.one(people())
    instructor.is_active = not instructor.is_active
    instructor.save()
    return f"{instructor} is {'active' if instructor.is_active else 'inactive'}"


@step("change privacy", 1)
def change_privacy(world: World, dice: Dice) -> str:
    found = integration()
    if found is None:
        return ""
    found.privacy = Integration.Privacy.FREE_BUSY if found.shows_titles else Integration.Privacy.TITLES
    with transaction.atomic():
        found.save(update_fields=["privacy"])
        privacy_changed.send(Integration, integration=found)
    return found.privacy


@step("change the drift policy", 1)
def change_drift(world: World, dice: Dice) -> str:
    found = integration()
    if found is None:
        return ""
    is_restoring = found.drift == Integration.Drift.RESTORE
    found.drift = Integration.Drift.FLAG if is_restoring else Integration.Drift.RESTORE
    found.save(update_fields=["drift"])
    return found.drift


@step("pause the integration", 1)
def pause(world: World, dice: Dice) -> str:
    found = integration()
    if found is None or not found.is_active:
        return ""
    deactivate(found)
    return "done"


@step("delete the integration", 1)
def disconnect(world: World, dice: Dice) -> str:
    found = integration()
    if found is None:
        return ""
    keeps = dice.happens(0.4)
    world.may_leave_copies |= keeps
    close(found, keep_copies=keeps)
    return f"{'keeping' if keeps else 'removing'} copies"


@step("put right what was paused, stopped or deleted", 9)
def put_right(world: World, dice: Dice) -> str:
    if done := world.connect():
        return done
    stopped = [mapping for mapping in mappings() if not mapping.sync_enabled]
    if not stopped:
        return ""
    mapping = dice.one(stopped)
    mapping.start()
    return f"{mapping.instructor} is started"


@step("look people up", 2)
def look_up(world: World, dice: Dice) -> str:
    world.tick(discover_all)
    return "done"
