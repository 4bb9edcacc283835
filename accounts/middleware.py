"""Every page in the viewer's own time zone and language, and for nobody but the viewer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control

from accounts.models import profile_of


class ViewerMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, in the zone and language of whoever is signed in; others get what their browser asks for."""
        if not request.user.is_authenticated:
            return self.get_response(request)
        profile = profile_of(request.user)
        translation.activate(profile.language_code)  # LocaleMiddleware puts it into the answer, and sets it each time
        request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(profile.zone):
            answer = self.get_response(request)
        patch_cache_control(answer, private=True, no_store=True)  # "back" after signing out shows nothing
        return answer
