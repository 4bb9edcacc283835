"""The availability calendar."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from events import feed as calendar_feed
from events.roster import CalendarQuery, roster
from integrations.access import requires


@require_GET
@requires("events.view_calendar")
def feed(request: HttpRequest) -> JsonResponse:
    """One page of rows with their items, for a span of time; 400 with a sentence where the query makes no sense."""
    query = CalendarQuery(request.GET)
    if not query.is_valid():
        return JsonResponse({"error": query.problem}, status=400)
    return JsonResponse(calendar_feed.feed(query, request.user))


@require_GET
@requires("events.view_calendar")
def conflicts(request: HttpRequest) -> JsonResponse:
    """How many instructors have a conflict in a span of time."""
    query = CalendarQuery({**request.GET.dict(), "conflicts": "on"})
    if not query.is_valid():
        return JsonResponse({"error": query.problem}, status=400)
    return JsonResponse({"instructors": roster(query).count})
