"""The table of the Instructors tab: who is synced with which mailbox."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from instructors.filters import InstructorFilter
from instructors.forms import StopForm
from instructors.listing import count_not_matched, has_instructors, not_matched, rows_of
from instructors.models import CalendarMapping, Instructor
from instructors.signals import sync_wanted
from instructors.views.places import back, follows_look_up, next_page
from integrations.access import requires
from integrations.models import Integration

PAGE = 50


@require_GET
@vary_on_headers("HX-Request")
@requires("instructors.view_calendarmapping")
def listing(request: HttpRequest) -> HttpResponse:
    """The tab, or only its table where htmx searches, filters, pages or follows what moves."""
    context = table_context(request)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "settings/_instructor_rows.html", context)
    is_connected = Integration.objects.filter(status=Integration.Status.ACTIVE, closing_at=None).exists()
    context |= unmatched_context(request) | {"is_connected": is_connected}
    return render(request, "settings/instructors.html", context)


def table_context(request: HttpRequest) -> dict[str, Any]:
    found = InstructorFilter(asked_for(request), queryset=Instructor.objects.all())
    pairs = found.qs.order_by("name", "pk", "mappings__pk").values_list("pk", "mappings__pk")
    page = Paginator(pairs, PAGE).get_page(request.GET.get("page"))
    rows = rows_of(page)
    return {
        "filter": found,
        "page": page,
        "rows": rows,
        "is_moving": follows_look_up(request) or any(row.is_moving for row in rows),
        "problem_count": CalendarMapping.objects.exclude(problem="").count(),
        "has_instructors": bool(rows) or has_instructors(),
    }


def asked_for(request: HttpRequest) -> QueryDict:
    """The filters of the address; while nobody is matched, everybody is shown."""
    asked = request.GET.copy()
    if not asked.get("show") and not CalendarMapping.objects.exists():
        asked["show"] = "everybody"
    return asked


@require_GET
@requires("instructors.view_calendarmapping")
def unmatched(request: HttpRequest) -> HttpResponse:
    """The list of those not matched; it asks for itself again while a look-up is on its way."""
    return render(request, "settings/_unmatched.html", unmatched_context(request))


def unmatched_context(request: HttpRequest) -> dict[str, Any]:
    page = Paginator(not_matched(), PAGE).get_page(request.GET.get("unmatched"))
    count = count_not_matched() if page.paginator.count else 0
    return {"unmatched": page, "unmatched_count": count, "is_checking": follows_look_up(request)}


@require_http_methods(["GET", "POST"])
@requires("instructors.change_calendarmapping")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask what becomes of the items in Outlook, then stop."""
    mapping = get_object_or_404(switchable(), pk=pk)
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        mapping.stop(remove_copies=form.removes_copies)
        messages.success(request, _("%(name)s is no longer synced.") % {"name": mapping.instructor})
        return back(request)
    context = {"form": form, "mapping": mapping, "next": next_page(request)}
    return render(request, "settings/instructor_stop.html", context)


@require_POST
@requires("instructors.change_calendarmapping")
def start(request: HttpRequest, pk: int) -> HttpResponse:
    mapping = get_object_or_404(switchable(), pk=pk)
    mapping.start()
    messages.success(
        request, _("%(name)s is synced again, beginning with a first sync.") % {"name": mapping.instructor}
    )
    return back(request)


@require_POST
@requires("instructors.change_calendarmapping")
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    mapping = get_object_or_404(switchable(), pk=pk, sync_enabled=True)
    with transaction.atomic():
        CalendarMapping.objects.filter(pk=mapping.pk).update(retry_at=None)  # somebody wants it tried now
        sync_wanted.send(CalendarMapping, mappings=[mapping.pk])
    messages.success(request, _("The calendar of %(name)s is synced now.") % {"name": mapping.instructor})
    return back(request)


def switchable() -> Any:
    """Calendars that a person may stop, start or sync: not those that are being let go."""
    found = CalendarMapping.objects.select_related("instructor", "integration")
    return found.filter(leaving_at=None, integration__closing_at=None)
