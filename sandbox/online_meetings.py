"""Online meetings: an event becomes one once, if its calendar knows the provider; else the wish is silently ignored."""

from __future__ import annotations

from uuid import uuid4

from sandbox.calendars import Calendar
from sandbox.items import Json

WISHES = ("isOnlineMeeting", "onlineMeetingProvider")


def online_meeting(before: Json, changes: Json, calendar: Calendar) -> Json:
    """The facts about an online meeting that `changes` to the facts `before` come to, in place of those they name."""
    if before.get("isOnlineMeeting"):
        return {name: before[name] for name in WISHES if name in changes}
    if not any(name in changes for name in WISHES):
        return {}
    provider = changes.get("onlineMeetingProvider", "unknown")
    if provider == "unknown" and calendar.providers:
        provider = calendar.providers[0]
    if not changes.get("isOnlineMeeting") or provider not in calendar.providers:
        return {"isOnlineMeeting": False, "onlineMeetingProvider": "unknown"}
    url = f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{uuid4().hex}%40thread.v2/0"
    return {"isOnlineMeeting": True, "onlineMeetingProvider": provider, "onlineMeeting": {"joinUrl": url}}
