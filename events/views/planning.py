"""Planning an event: the form, and the list beside it that follows what is typed."""

from datetime import date
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from events.models import Event
from events.planning.attempt import Outcome, attempt
from events.planning.edits import edited, with_names_resolved
from events.planning.forms import Planning
from events.planning.notice import notices, theirs
from events.planning.page import Page
from events.planning.panel import SHOWN
from events.planning.people import OFFERED, search
from events.planning.typed import Typed, blank, numbers
from instructors.models import Instructor
from integrations.access import requires

SAVE = "save"


@require_http_methods(["GET", "POST"])
@requires("events.add_event")
def new(request: HttpRequest) -> HttpResponse:
    """Plan an event. What was saved already, and is sent again, is the event that it made."""
    if request.method != "POST":
        return shown(request, Planning(opened(request)))
    uid = uid_of(request)
    made = Event.objects.filter(uid=uid).first() if uid else None
    if made and not request.user.has_perm("events.change_event"):
        return redirect("events:event", made.pk)
    try:
        return saved_or_shown(request, made.pk if made else None)
    except IntegrityError:  # sent twice at the same moment
        return saved_or_shown(request, get_object_or_404(Event, uid=uid_of(request)).pk)


@require_http_methods(["GET", "POST"])
@requires("events.change_event")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an event. If it was deleted meanwhile, what was typed comes back as a new one."""
    if "base" in request.POST:
        return saved_or_shown(request, pk)
    event = get_object_or_404(Event, pk=pk)
    if request.method == "POST":
        return saved_or_shown(request, event.pk)
    saved = Typed.of(event)
    return shown(request, Planning(saved, event), saved=saved, base=saved.to_json())


@require_http_methods(["GET", "POST"])
@requires("events.view_calendar")
def candidates(request: HttpRequest) -> HttpResponse:
    """For a form (POST), who can teach it and what else follows from it; for a name (GET), who is meant."""
    if request.method != "POST":
        text = request.GET.get("q", "").strip()
        people = list(search(text)[:OFFERED]) if text else []
        return render(request, "events/form_names.html", {"people": people, "text": text})
    event = Event.objects.filter(pk__in=numbers([request.POST.get("event", "")])).first()
    planning = Planning(Typed.from_post(request.POST), event)
    page = page_of(request, planning, Typed.of(event) if event else None)
    return render(request, "events/form_live.html", {"page": page})


def opened(request: HttpRequest) -> Typed:
    """A new event, with the instructor and the date that the address names."""
    pks = numbers([request.GET.get("instructor", "")])
    known = Instructor.objects.filter(pk__in=pks, is_active=True).values_list("pk", flat=True)
    try:
        day = date.fromisoformat(request.GET.get("date", "")).isoformat()
    except ValueError:
        day = ""
    return Typed(time_zone=get_current_timezone_name(), instructors=tuple(known)).with_sessions([blank(day=day)])


def saved_or_shown(request: HttpRequest, pk: int | None) -> HttpResponse:
    """What a button of the form leads to: the event's page once it is saved, else the form."""
    typed = Typed.from_post(request.POST)
    base = request.POST.get("base")
    if request.POST.get("action", SAVE) != SAVE:
        event = Event.objects.filter(pk=pk).first() if pk else None
        saved = Typed.of(event) if event else None
        return shown(request, Planning(edited(typed, request.POST), event), saved=saved, base=base or "")
    answer = request.POST.get("answer", "")
    outcome = attempt(with_names_resolved(typed), pk, base=base, answer=answer, uid=uid_of(request))
    if outcome.done:
        messages.success(request, _("%(title)s is saved.") % {"title": outcome.done.title})
        return redirect("events:event", outcome.done.pk)
    return shown(request, outcome.planning, saved=outcome.saved, base=base_after(outcome, base or ""), outcome=outcome)


def base_after(outcome: Outcome, base: str) -> str:
    """What the form counts as opened with: once others' changes are in it, what is saved now."""
    return outcome.saved.to_json() if outcome.saved and outcome.changes else base


def shown(
    request: HttpRequest,
    planning: Planning,
    *,
    saved: Typed | None = None,
    base: str = "",
    outcome: Outcome | None = None,
) -> HttpResponse:
    """The form."""
    event = planning.event
    changes = outcome.changes if outcome else ()
    context = {
        "page": page_of(request, planning, saved),
        "base": base,
        "uid": event.uid if event else fresh_uid(request, outcome),
        "address": reverse("events:edit", args=[event.pk]) if event else reverse("events:new"),
        "asked": outcome.asked if outcome else None,
        "is_deleted": bool(outcome and outcome.is_deleted),
        "notices": notices(changes),
        "theirs": theirs(changes),
        "is_unsaved": request.method == "POST",
    }
    return render(request, "events/form.html", context)


def page_of(request: HttpRequest, planning: Planning, saved: Typed | None) -> Page:
    shown = numbers([request.POST.get("shown", "")])
    return Page(planning, saved, text=request.POST.get("look", "").strip(), shown=max(shown, default=SHOWN))


def uid_of(request: HttpRequest) -> UUID | None:
    """The name that a new event was given by its form, so that sending it twice makes one."""
    try:
        return UUID(request.POST.get("uid", ""))
    except ValueError:
        return None


def fresh_uid(request: HttpRequest, outcome: Outcome | None) -> UUID:
    sent = None if outcome and outcome.is_deleted else uid_of(request)
    return sent or uuid4()
