"""Which path of Graph is what, which permission it needs, and who answers it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from sandbox import delta, exchange_ids, outlook, schedule, users, users_delta, views, writes
from sandbox.calls import Answer, Call
from sandbox.errors import GraphError, unknown_path

_PLACES = {"users": "{id}", "events": "{event}", "calendars": "{calendar}", "subscriptions": "{subscription}"}
_NAMES = {
    name.lower(): name
    for name in (
        "users", "calendar", "calendars", "calendarView", "events", "delta", "instances", "cancel", "outlook",
        "permanentDelete", "mailboxSettings", "supportedTimeZones", "translateExchangeIds", "subscriptions",
        "getSchedule", "$batch", "$count", "me", "accept", "decline", "tentativelyAccept",
    )
}  # fmt: skip
_NAMES |= {f"microsoft.graph.{name}": _NAMES[name] for name in ("delta", "getschedule", "translateexchangeids")}
_FUNCTIONS = frozenset({"delta", "supportedTimeZones"})
_NO_ID = frozenset({"delta", "$count"})  # stand where an id could stand
READ = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
WRITE = frozenset({"Calendars.ReadWrite"})
SETTINGS = frozenset({"MailboxSettings.Read", "MailboxSettings.ReadWrite"})
DIRECTORY = frozenset({"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})


class Route(NamedTuple):
    """Who answers, and which roles may ask."""

    answer: Callable[[Call], Answer]
    roles: frozenset[str]


_EVENTS = "/users/{id}/events"
_VIEW = "/users/{id}/calendarView"
ROUTES = {
    "GET /users": Route(users.list_users, DIRECTORY),
    "GET /users/$count": Route(users.count_users, DIRECTORY),
    "GET /users/delta": Route(users_delta.list_user_changes, DIRECTORY),
    "GET /users/{id}": Route(users.get_user, DIRECTORY),
    "GET /users/{id}/calendar": Route(views.get_calendar, READ),
    "GET /users/{id}/calendars": Route(views.list_calendars, READ),
    "GET /users/{id}/calendars/{calendar}": Route(views.get_calendar, READ),
    f"GET {_EVENTS}": Route(views.list_events, READ),
    f"POST {_EVENTS}": Route(writes.create_event, WRITE),
    f"GET {_EVENTS}/{{event}}": Route(views.get_event, READ),
    f"PATCH {_EVENTS}/{{event}}": Route(writes.update_event, WRITE),
    f"DELETE {_EVENTS}/{{event}}": Route(writes.delete_event, WRITE),
    f"GET {_EVENTS}/{{event}}/instances": Route(views.list_instances, READ),
    f"POST {_EVENTS}/{{event}}/cancel": Route(writes.cancel_event, WRITE),
    f"POST {_EVENTS}/{{event}}/accept": Route(writes.respond, WRITE),
    f"POST {_EVENTS}/{{event}}/decline": Route(writes.respond, WRITE),
    f"POST {_EVENTS}/{{event}}/tentativelyAccept": Route(writes.respond, WRITE),
    f"POST {_EVENTS}/{{event}}/permanentDelete": Route(writes.delete_for_good, WRITE),
    f"GET {_EVENTS}/delta": Route(delta.list_changes, READ),
    f"GET {_VIEW}": Route(views.list_view, READ),
    f"GET {_VIEW}/delta": Route(delta.list_changes, READ),
    "POST /users/{id}/translateExchangeIds": Route(exchange_ids.translate_ids, DIRECTORY),
    "GET /users/{id}/outlook/supportedTimeZones": Route(outlook.supported_zones, DIRECTORY),
    "GET /users/{id}/mailboxSettings": Route(outlook.mailbox_settings, SETTINGS),
    "POST /users/{id}/calendar/getSchedule": Route(schedule.get_schedule, READ),
}
_KNOWN = {entry.split(" ", 1)[1] for entry in ROUTES}


def place(call: Call) -> None:
    """Find out which template the path of a call fits, and which ids stand in it."""
    call.template, ids, call.calendar_id = _placed(tuple(call.segments))
    call.ids = list(ids)


@lru_cache(4096)
def _placed(segments: tuple[str, ...]) -> tuple[str, tuple[str, ...], str]:
    """Template, ids, and the id of a calendar."""
    parts: list[str] = []
    ids: list[str] = []
    before = calendar_id = ""
    for segment in segments:
        name = _name(segment)
        if before in _PLACES and name not in _NO_ID:
            if before == "calendars":
                calendar_id = segment
            else:
                ids.append(segment)
            parts.append(_PLACES[before])
            before = ""
        else:
            before = name or segment
            parts.append(before)
    return "/" + "/".join(_default_calendar(parts)), tuple(ids), calendar_id


def _name(segment: str) -> str | None:
    """What a segment is, None for an id; a function may have its parameters behind it."""
    text, called, _ = segment.partition("(")
    name = _NAMES.get(text.lower())
    return name if not called or name in _FUNCTIONS else None


def _default_calendar(parts: list[str]) -> list[str]:
    """Paths through a calendar lead where the short ones lead."""
    if len(parts) > 3 and parts[-1] == "getSchedule":
        return [*parts[:2], "calendar", "getSchedule"] if parts[2] in ("calendar", "calendars") else parts
    if len(parts) > 3 and parts[2] == "calendar":
        return parts[:2] + parts[3:]
    if len(parts) > 4 and parts[2] == "calendars" and parts[4] != "delta":
        return parts[:2] + parts[4:]
    return parts


def perform(call: Call) -> Answer:
    """The answer to a call; GraphError for what Graph refuses."""
    route = ROUTES.get(f"{call.method} {call.template}")
    if route is None:
        if call.template in _KNOWN:
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        raise _nowhere(call)
    if route.roles and not route.roles & call.roles and not route.roles & in_exchange(call):
        _check_translation(call, route)
    answer = route.answer(call)
    if call.applied:
        answer.headers["Preference-Applied"] = ", ".join(call.applied)
    return answer


def _check_translation(call: Call, route: Route) -> None:
    """GraphError, unless ids are to be translated and the settings say that a role for calendars is enough for it."""
    is_enough = call.world.settings.translation_roles == "calendars" and READ & (call.roles | in_exchange(call))
    if route.answer is not exchange_ids.translate_ids or not is_enough:
        raise _forbidden(route)


def _nowhere(call: Call) -> GraphError:
    if call.template.startswith("/me"):
        return GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    return unknown_path(call.segments[-1] if call.segments else "", call.world.settings.unknown_path)


def in_exchange(call: Call) -> frozenset[str]:
    """What RBAC for Applications grants for mailboxes: no token shows it."""
    return frozenset(call.world.settings.exchange_roles) - DIRECTORY


def _forbidden(route: Route) -> GraphError:
    if route.roles is DIRECTORY:
        return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
