"""What every page's frame needs."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The section of the header in which this page lies."""
    path = request.path
    return {"section": "settings" if path.startswith("/settings/") else path.strip("/").split("/")[0]}
