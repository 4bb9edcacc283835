"""Which pictures `./dev screenshots` takes, and what is done on the page before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from playwright.sync_api import Page

from devtools.demo_plan import LATE, UNSURE, working_day

Json = dict[str, Any]
Prepare = Callable[[Page, Json], None]  # is handed the content of demo.json, with the story's paths


def nothing(page: Page, said: Json) -> None:
    """The page as it comes."""


def plan(page: Page, said: Json) -> None:
    """Fill in the form of an event of two days, with instructors of whom some are free."""
    first = date.fromisoformat(said["story"]["day"])
    page.fill("[name=title]", "Wardens and evacuation, part two")
    page.fill("[name=location]", "Leipzig, depot")
    for row, day in enumerate((first, working_day(first, 1))):
        if row:
            page.get_by_role("button", name="Add session").click()
        page.fill(f"[name=sessions-{row}-day]", day.isoformat())
        page.fill(f"[name=sessions-{row}-start]", "10:00")
        page.fill(f"[name=sessions-{row}-end]", "16:00")
    page.wait_for_load_state("networkidle")
    for name in (LATE, UNSURE, "Ann Berger"):
        choose(page, name)
    page.locator("h1").click()


def choose(page: Page, name: str) -> None:
    """Type an instructor's name into the form and take the one that is offered."""
    page.fill("#pick-event", name)
    page.get_by_role("option", name=name).first.click()
    page.wait_for_load_state("networkidle")


def connect_wrongly(page: Page, said: Json) -> None:
    """Try to connect with the Secret ID in place of the secret's value."""
    outlook = said["sandbox"]
    values = {
        "name": "Northgate Training, north",
        "tenant_id": "northgate.example",
        "client_id": outlook["client_id"],
        "client_secret": "5b1f6f0e-3d0c-4a55-9d0e-0f6c6a2b8f11",
        "user_id": outlook["user_id"],
    }
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("AADSTS7000215").first.wait_for()


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
    Shot("event-form", "events/new/", height=1040, prepare=plan),
    Shot("event-page", "{late}", height=720),
    Shot("instructors", f"{SETTINGS}instructors/", login="admin"),
    Shot("settings", SETTINGS, login="admin", height=620),
    Shot("new-integration", f"{SETTINGS}new/", login="admin", is_whole=True, prepare=connect_wrongly),
)
