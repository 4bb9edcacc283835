"""Who may open a page: declared at its view, refused with 403, and found by the test that walks all URLs."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponseBase

View = Callable[..., HttpResponseBase]


def requires(*permissions: str) -> Callable[[View], View]:
    """Let only people with all of `permissions` in: others get 403, and whoever is not signed in the sign-in page."""

    def decorate(view: View) -> View:
        guarded = login_required(permission_required(permissions, raise_exception=True)(view))
        guarded.permissions = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate
