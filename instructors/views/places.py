"""Where a page of the Instructors tab leads after its work is done."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now

FRESH = timedelta(seconds=45)  # so long a look-up that was just asked for is waited for


def next_page(request: HttpRequest) -> str:
    """The path of ours that the address or the form names as the next page; empty where none is."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return wanted if is_ours else ""


def back(request: HttpRequest) -> HttpResponse:
    """To the page that the form came from, or to the list."""
    return redirect(next_page(request) or "instructors:list")


def follow_look_up(request: HttpRequest) -> None:
    """Let the list follow the look-up that was just asked for, for a while."""
    request.session["discovery_asked_until"] = (now() + FRESH).isoformat()


def follows_look_up(request: HttpRequest) -> bool:
    return request.session.get("discovery_asked_until", "") > now().isoformat()
