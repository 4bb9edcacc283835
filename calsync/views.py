"""Pages that belong to no floor."""

import sys

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET
from django.views.defaults import server_error

from calsync.context import pages_for
from integrations.access import signed_in

log = structlog.get_logger(__name__)


@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether this process can reach its database: 200 with {"status": "ok"}, else the page for an outage."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@require_GET
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page of the header that the viewer may open, else to the profile."""
    return redirect(next((page.url for page in pages_for(request.user)), "accounts:profile"))


def failure(request: HttpRequest) -> HttpResponse:
    """The page for an error that nobody expected: 503 where the database cannot be reached, else 500."""
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return server_error(request)
    log.error("database_unreachable", error=type(error).__name__)
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
