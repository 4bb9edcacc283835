"""Which pictures `./dev screenshots` takes, and what is done on the page before."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

Prepare = Callable[[Page], None]


def nothing(page: Page) -> None:
    """The page as it comes."""


@dataclass(frozen=True)
class Shot:
    """One picture. `path` may name places of the demo's story (devtools/demo_story.py)."""

    name: str
    path: str
    login: str = "scheduler"
    width: int = 1400
    height: int = 900
    is_dark: bool = False
    is_whole: bool = False  # the page from top to bottom, not only what the window shows
    prepare: Prepare = nothing

    @property
    def is_phone(self) -> bool:
        return self.width < 600

    @property
    def scale(self) -> float:
        """Pixels per point: letters on a small picture want more."""
        return 1.5 if self.is_phone else 1


SETTINGS = "settings/calendar-integration/"
SHOTS = (
    Shot("calendar-week", "calendar/?view=week&date={day}"),
    Shot("calendar-week-dark", "calendar/?view=week&date={day}", is_dark=True),
    Shot("calendar-month", "calendar/?view=month&date={day}"),
    Shot("calendar-list-phone", "calendar/?form=list&view=day&date={day}", width=390, height=844),
    Shot("event-form", "events/new/", is_whole=True),
    Shot("event-page", "{late}", is_whole=True),
    Shot("instructors", f"{SETTINGS}instructors/", login="admin"),
    Shot("settings", SETTINGS, login="admin"),
    Shot("new-integration", f"{SETTINGS}new/", login="admin", is_whole=True),
)
