"""Where a request comes from: wrong passwords are counted for each name and address."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address of the browser, as the outermost of our own proxies has seen it.

    Each proxy appends one address. What stands before those is sent by the browser, and could be anything.
    """
    passed_on = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    is_passed_on = 0 < settings.PROXIES <= len(passed_on) and is_address(passed_on[-settings.PROXIES])
    return passed_on[-settings.PROXIES] if is_passed_on else request.META.get("REMOTE_ADDR") or None


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
