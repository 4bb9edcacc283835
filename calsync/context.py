"""What every page's frame needs: the header's pages, and who is looking."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import profile_of
from accounts.roles import role_of

Viewer = User | AnonymousUser


@dataclass(frozen=True)
class HeaderPage:
    """A page that the header leads to, for whoever has `permission`."""

    section: str
    name: str
    permission: str
    title: Promise | str
    icon: str

    @property
    def url(self) -> str:
        return reverse(self.name)


SETTINGS = [
    HeaderPage(
        "integration", "events:integrations", "integrations.view_integration", _("Calendar Integration"), "settings"
    ),
    HeaderPage(
        "integration", "instructors:list", "instructors.view_calendarmapping", _("Calendar Integration"), "settings"
    ),
    HeaderPage("accounts", "accounts:list", "auth.view_user", _("Accounts"), "users"),
]
PAGES = [
    HeaderPage("calendar", "events:calendar", "events.view_calendar", _("Calendar"), "calendar-event"),
    HeaderPage("events", "events:list", "events.view_event", _("Events"), "school"),
    *(HeaderPage("settings", page.name, page.permission, _("Settings"), "settings") for page in SETTINGS),
]


def pages_for(user: Viewer, pages: list[HeaderPage] = PAGES) -> list[HeaderPage]:
    """The first page of each section that `user` may open."""
    found: dict[str, HeaderPage] = {}
    for page in pages:
        if page.section not in found and user.has_perm(page.permission):
            found[page.section] = page
    return list(found.values())


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The header with the section in which this page lies, the viewer's role and theme, and links of the settings."""
    user = getattr(request, "user", AnonymousUser())
    section, _slash, rest = request.path.strip("/").partition("/")
    settings_pages = pages_for(user, SETTINGS) if section == "settings" else []
    profile = profile_of(user)
    return {
        "section": "calendar" if section == "instructors" else section,
        "header_pages": pages_for(user),
        "settings_section": "accounts" if rest.startswith("accounts") else "integration",
        "settings_pages": settings_pages if len(settings_pages) > 1 else [],
        "role": role_of(user),
        "theme": profile.theme,
        "has_profile": profile.pk is not None,
    }
