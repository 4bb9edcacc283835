"""Who may open a page: declared at its view, refused with 403, and found by the test that walks all URLs."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

View = Callable[..., HttpResponseBase]


def requires(*permissions: str) -> Callable[[View], View]:
    """Let only people with all of `permissions` in: others get 403, and whoever is not signed in the sign-in page."""

    def decorate(view: View) -> View:
        permitted = permission_required(permissions, raise_exception=True)(view)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_known = request.user.is_authenticated
            return permitted(request, *args, **kwargs) if is_known else to_sign_in(request)

        guarded.permissions = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(view: View) -> View:
    """Let everybody in who is signed in, whatever their permissions."""
    guarded = requires()(view)
    guarded.is_for_everybody_signed_in = True  # type: ignore[attr-defined]
    return guarded


def to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Lead to the sign-in page, and from there back to the page that was seen last.

    A part of a page that htmx asks for must not become the sign-in page, and a button's address cannot be opened.
    """
    is_part = bool(request.htmx)  # type: ignore[attr-defined]
    is_page = request.method == "GET" and not is_part
    answer = redirect_to_login(request.get_full_path() if is_page else page_of(request))
    return HttpResponseClientRedirect(answer.url) if is_part else answer


def page_of(request: HttpRequest) -> str:
    """The path of the page from which this request came; the start page where it does not say so."""
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return resolve_url("home")
    parts = urlsplit(came_from)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
