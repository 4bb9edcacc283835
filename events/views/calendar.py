"""The availability calendar."""

import json
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from events import board
from events.calendar import feed as calendar_feed
from events.calendar.agenda import Agenda
from events.calendar.page import CalendarPage
from events.calendar.period import midnight
from events.calendar.roster import CalendarQuery, roster
from events.calendar.words import words
from instructors.models import Instructor
from integrations.access import requires
from integrations.models import Integration


@require_GET
@requires("events.view_calendar")
def calendar(request: HttpRequest) -> HttpResponse:
    """The availability calendar: a grid that the browser draws from the feed, or the same as a list."""
    page = CalendarPage(request)
    total = Instructor.objects.filter(is_active=True).count()
    context: dict[str, Any] = {"page": page, "total": total, "words": json.dumps(words())}
    if not total:
        context["is_connected"] = Integration.objects.exists()
    elif page.form == "list":
        context |= listed(page, request.user)
    return render(request, "calendar/calendar.html", context)


def listed(page: CalendarPage, user: Any) -> dict[str, Any]:
    """What the list shows: its days, and for the strip of days which of them have a conflict."""
    found = roster(page.query)
    strip = page.strip
    wanted = sorted({*page.period.days, *(one.day for one in strip)})
    start, end = midnight(wanted[0], page.zone), midnight(wanted[-1] + timedelta(days=1), page.zone)
    agenda = Agenda(board.load(found.instructors, start, end), page.zone, calendar_feed.Paths(user))
    days = {day: agenda.day(day) for day in wanted}
    return {
        "roster": found,
        "days": [days[day] for day in page.period.days],
        "strip": [(one, days[one.day]) for one in strip],
    }


@require_GET
@requires("events.view_calendar")
def feed(request: HttpRequest) -> JsonResponse:
    """One page of rows with their items, for a span of time; 400 with a sentence where the query makes no sense."""
    query = CalendarQuery(request.GET)
    if not query.is_valid():
        return JsonResponse({"error": query.problem}, status=400)
    return JsonResponse(calendar_feed.feed(query, request.user), json_dumps_params={"separators": (",", ":")})


@require_GET
@requires("events.view_calendar")
def conflicts(request: HttpRequest) -> JsonResponse:
    """How many instructors have a conflict in a span of time."""
    query = CalendarQuery({**request.GET.dict(), "conflicts": "on"})
    if not query.is_valid():
        return JsonResponse({"error": query.problem}, status=400)
    return JsonResponse({"instructors": roster(query).count})
