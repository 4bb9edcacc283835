"""The Instructors tab: who is synced with which mailbox, and who is not matched."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from instructors.filters import CalendarMappingFilter
from instructors.forms import StopForm
from instructors.listing import Row, count_not_matched, has_instructors, not_matched
from instructors.models import CalendarMapping, Unmatched
from instructors.receivers import enqueue_discovery
from instructors.signals import sync_wanted
from integrations.access import requires

PAGE = 50
FRESH = timedelta(seconds=45)  # so long a look-up that was just asked for is waited for


@require_GET
@vary_on_headers("HX-Request")
@requires("instructors.view_calendarmapping")
def listing(request: HttpRequest) -> HttpResponse:
    """The tab, or only its table where htmx searches, filters or pages."""
    rows = CalendarMappingFilter(
        request.GET, queryset=CalendarMapping.objects.select_related("instructor", "integration")
    )
    page = Paginator(rows.qs, PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": rows,
        "page": page,
        "rows": [Row(mapping) for mapping in page],
        "problem_count": CalendarMapping.objects.exclude(problem="").count(),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "settings/_instructor_rows.html", context)
    context |= {"has_instructors": bool(context["rows"]) or has_instructors(), **unmatched_context(request)}
    return render(request, "settings/instructors.html", context)


@require_GET
@requires("instructors.view_calendarmapping")
def unmatched(request: HttpRequest) -> HttpResponse:
    """The list of those not matched; it asks for itself again while a look-up is on its way."""
    return render(request, "settings/_unmatched.html", unmatched_context(request))


def unmatched_context(request: HttpRequest) -> dict[str, Any]:
    page = Paginator(not_matched(), PAGE).get_page(request.GET.get("unmatched"))
    count = count_not_matched() if page.paginator.count else 0
    asked = request.session.get("discovery_asked_until", "") > now().isoformat()
    return {"unmatched": page, "unmatched_count": count, "is_checking": asked}


@require_http_methods(["GET", "POST"])
@requires("instructors.change_calendarmapping")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask what becomes of the items in Outlook, then stop."""
    mapping = get_object_or_404(switchable(), pk=pk)
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        mapping.stop(remove_copies=form.removes_copies)
        messages.success(request, _("%(name)s is no longer synced.") % {"name": mapping.instructor})
        return redirect("instructors:list")
    return render(request, "settings/instructor_stop.html", {"form": form, "mapping": mapping})


@require_POST
@requires("instructors.change_calendarmapping")
def start(request: HttpRequest, pk: int) -> HttpResponse:
    mapping = get_object_or_404(switchable(), pk=pk)
    mapping.start()
    messages.success(
        request, _("%(name)s is synced again, beginning with a first sync.") % {"name": mapping.instructor}
    )
    return redirect("instructors:list")


@require_POST
@requires("instructors.change_calendarmapping")
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    mapping = get_object_or_404(switchable(), pk=pk, sync_enabled=True)
    with transaction.atomic():
        CalendarMapping.objects.filter(pk=mapping.pk).update(retry_at=None)  # somebody wants it tried now
        sync_wanted.send(CalendarMapping, mappings=[mapping.pk])
    messages.success(request, _("The calendar of %(name)s is synced now.") % {"name": mapping.instructor})
    return redirect("instructors:list")


@require_POST
@requires("instructors.change_calendarmapping")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Look one instructor up again."""
    missing = get_object_or_404(Unmatched.objects.select_related("instructor"), pk=pk)
    enqueue_discovery([missing.integration_id], [missing.instructor_id])
    messages.success(request, _("%(name)s is looked up again.") % {"name": missing.instructor})
    return back_to_unmatched(request)


@require_POST
@requires("instructors.change_calendarmapping")
def check_all(request: HttpRequest) -> HttpResponse:
    """Look everybody up again who is not matched."""
    integrations = list(not_matched().order_by().values_list("integration", flat=True).distinct())
    enqueue_discovery(integrations)
    messages.success(request, _("Everybody who is not matched is looked up again."))
    return back_to_unmatched(request)


def back_to_unmatched(request: HttpRequest) -> HttpResponse:
    """Back to the list, which follows the look-up for a while."""
    request.session["discovery_asked_until"] = (now() + FRESH).isoformat()
    return redirect("instructors:list")


def switchable() -> Any:
    """Calendars that a person may stop, start or sync: not those that are being let go."""
    found = CalendarMapping.objects.select_related("instructor", "integration")
    return found.filter(leaving_at=None, integration__closing_at=None)
