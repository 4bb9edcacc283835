"""The events list, an event's page, and what cancels, confirms or deletes it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from events.models import Event
from events.planned import clashing, rows, sheet
from events.planned.calling_off import arrival_of, removal_of, set_status
from events.planned.filters import EventFilter
from events.planned.polling import Poll
from events.planned.words import city
from instructors.models import Instructor
from integrations.access import requires

PAGE = 50


@require_GET
@vary_on_headers("HX-Request")
@requires("events.view_event")
def events(request: HttpRequest) -> HttpResponse:
    """The list, or only its table where htmx searches, filters or pages."""
    wanted = EventFilter(request.GET, queryset=Event.objects.all())
    found = rows.in_order(wanted.qs, wanted.stretch)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"filter": wanted, "page": page, "rows": rows.rows(list(page))}
    if not context["rows"]:
        context |= {"has_events": Event.objects.exists(), "has_instructors": Instructor.objects.exists()}
    template = "events/_rows.html" if request.htmx else "events/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_GET
@requires("events.view_event")
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event with its sessions in each calendar, what is in the way, and what instructors see."""
    found = get_object_or_404(Event, pk=pk)
    current = sheet.load(found, opened=request.GET.get("row", ""))
    context = {
        "event": found,
        "sheet": current,
        "poll": Poll.first(request, current),
        "clashes": clashing.load(current),
        "city": city(found.time_zone) if found.time_zone != get_current_timezone_name() else "",
    }
    return render(request, "events/event.html", context)


@require_GET
@requires("events.view_event")
def states(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of the event in each calendar: the part of its page that asks for itself while something waits."""
    found = get_object_or_404(Event, pk=pk)
    current = sheet.load(found, opened=request.GET.get("row", ""))
    return render(
        request,
        "events/_states.html",
        {"event": found, "sheet": current, "poll": Poll.next(request, current), "is_part": True},
    )


@require_http_methods(["GET", "POST"])
@requires("events.change_event")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what cancelling does to Outlook, then cancel."""
    found = get_object_or_404(Event, pk=pk)
    if request.method == "POST":
        told = _("%(event)s is cancelled.")
        if removal_of(found).items:
            told = _("%(event)s is cancelled. Its items are being removed from Outlook.")
        return change(request, found, Event.Status.CANCELLED, told)
    if found.status == Event.Status.CANCELLED:
        return redirect("events:event", pk)
    return render(request, "events/cancel.html", {"event": found, "removal": removal_of(found)})


@require_http_methods(["GET", "POST"])
@requires("events.change_event")
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what confirming does to Outlook, then confirm."""
    found = get_object_or_404(Event, pk=pk)
    if request.method == "POST":
        return change(request, found, Event.Status.CONFIRMED, _("%(event)s is confirmed."))
    if found.status == Event.Status.CONFIRMED:
        return redirect("events:event", pk)
    current = sheet.load(found)
    context: dict[str, Any] = {"event": found, "arrival": arrival_of(current), "busy": clashing.busy(current)}
    return render(request, "events/confirm.html", context)


def change(request: HttpRequest, found: Event, status: str, told: str) -> HttpResponse:
    """Give an event this status, and lead back to its page."""
    if set_status(found, status):
        messages.success(request, told % {"event": found})
    return redirect("events:event", found.pk)


@require_http_methods(["GET", "POST"])
@requires("events.delete_event")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what deleting does to Outlook, then delete."""
    found = get_object_or_404(Event, pk=pk)
    removal = removal_of(found)
    if request.method == "POST":
        found.delete()
        told = _("%(event)s is deleted.")
        if removal.items:
            told = _("%(event)s is deleted. Its items are being removed from Outlook.")
        messages.success(request, told % {"event": found})
        return redirect("events:list")
    return render(request, "events/delete.html", {"event": found, "removal": removal})
