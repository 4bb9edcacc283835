"""Writing a plan down: only what changed, so that Outlook hears of nothing else."""

from uuid import UUID

from django.db import transaction

from events.models import Event, Session
from events.planning.forms import PlannedSession, Planning
from events.planning.typed import FIELDS, Typed, TypedSession


@transaction.atomic
def save(planning: Planning, saved: Typed | None, uid: UUID | None = None) -> Event:
    """The saved event. `saved` is what the database holds of it; without one, it is made with `uid`."""
    typed = planning.typed
    values = {name: planning.event_form.cleaned_data[name] for name in FIELDS}
    event = planning.event
    if event is None:
        event = Event(**values, **({"uid": uid} if uid else {}))
        event.save()
    elif changed := [name for name in FIELDS if saved is None or values[name] != getattr(saved, name)]:
        for name in changed:
            setattr(event, name, values[name])
        event.save(update_fields=changed)
    save_sessions(event, planning, saved)
    before = set(saved.instructors) if saved else set()
    after = {pk for pk in typed.instructors if pk in planning.people}
    event.instructors.remove(*before - after)
    event.instructors.add(*after - before)
    return event


def save_sessions(event: Event, planning: Planning, saved: Typed | None) -> None:
    """Bring the sessions of `event` to the plan. People come last, so that a new session is announced once."""
    known = {str(one.uid): one for one in event.sessions.all()}
    before = {one.uid: one for one in saved.sessions} if saved else {}
    has_moved = saved is not None and saved.time_zone != planning.typed.time_zone
    for uid in set(known) - {one.typed.uid for one in planning.sessions}:
        known.pop(uid).delete()
    for planned in planning.sessions:
        session = known.get(planned.typed.uid)
        was = before.get(planned.typed.uid)
        if session is None or was is None:
            session, was = Session(event=event), TypedSession()
        if has_moved or planned.typed.times != was.times:
            write_times(session, planned)
        own = {pk for pk in planned.typed.instructors if pk in planning.people}
        if own != set(was.instructors):
            session.instructors.remove(*set(was.instructors) - own)
            session.instructors.add(*own - set(was.instructors))


def write_times(session: Session, planned: PlannedSession) -> None:
    """Save the times of a session if they are other instants than before."""
    if (session.starts_at, session.ends_at) == (planned.starts_at, planned.ends_at):
        return
    session.starts_at, session.ends_at = planned.starts_at, planned.ends_at
    session.save(update_fields=None if session._state.adding else ["starts_at", "ends_at"])
