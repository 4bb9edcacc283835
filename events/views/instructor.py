"""The page of one instructor: what stands in Outlook, what was pulled, and what is wrong."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from events.person.page import Person, may_be_deleted
from instructors.models import Instructor
from integrations.access import requires


@require_GET
@requires("instructors.view_instructor")
def instructor(request: HttpRequest, pk: int) -> HttpResponse:
    person = Person(get_object_or_404(Instructor, pk=pk))
    sessions_page, sessions = person.sessions(request.GET.get("sessions"))
    left_over = person.left_over()
    external_page, external = person.external(request.GET.get("items"))
    is_moving = person.is_moving or any(row.is_moving for row in sessions)
    is_moving = is_moving or any(row.is_moving for row in left_over.rows)
    zone = person.instructor.time_zone
    context = {
        "person": person,
        "instructor": person.instructor,
        "sessions_page": sessions_page,
        "sessions": sessions,
        "left_over": left_over,
        "problems": person.problems(),
        "earlier": person.earlier(),
        "external_page": external_page,
        "external": external,
        "is_moving": is_moving,
        "clock_there": person.moment.astimezone(ZoneInfo(zone)) if zone != get_current_timezone_name() else None,
        "may_be_deleted": may_be_deleted(person.instructor),
    }
    return render(request, "instructors/instructor.html", context)


@require_http_methods(["GET", "POST"])
@requires("instructors.delete_instructor")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an instructor whom nothing refers to; for anybody else, say what stands in the way."""
    with transaction.atomic():
        found = get_object_or_404(Instructor.objects.select_for_update(), pk=pk)
        is_free = may_be_deleted(found)
        if request.method == "POST" and is_free:
            found.delete()
            messages.success(request, _("%(name)s is deleted.") % {"name": found.name})
            return redirect("instructors:list")
    return render(request, "instructors/delete.html", {"instructor": found, "is_free": is_free})
