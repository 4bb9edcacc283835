"""What happens to a request when the database is away."""

from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

log = structlog.get_logger(__name__)


def database_outage_is_said(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 503 with a sentence where the database cannot be reached, on every page."""

    class Outage:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            try:
                return get_response(request)
            except (OperationalError, InterfaceError) as error:
                return unavailable(error)

        def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
            return unavailable(error) if isinstance(error, OperationalError | InterfaceError) else None

    return Outage()


def unavailable(error: Exception) -> HttpResponse:
    """The 503 page. It needs no database, no session and no user."""
    log.error("database_unreachable", error=type(error).__name__)
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
