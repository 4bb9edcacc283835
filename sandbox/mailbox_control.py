"""The control API of one mailbox: its calendars and items, written to as by their owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import edits, events, meetings
from sandbox.calendars import PROVIDERS, Calendar
from sandbox.calls import Call
from sandbox.control_requests import body_of, person_of
from sandbox.errors import bad_request
from sandbox.items import Item, Json
from sandbox.mailbox import Person
from sandbox.rendering import render, render_calendar
from sandbox.views import read_window
from sandbox.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


class MailboxControl:
    """The endpoints below /mailboxes/{mail}."""

    def __init__(self, world: World) -> None:
        self.world = world

    def table(self) -> list[tuple[str, str, Endpoint]]:
        """Method, path and endpoint of each."""
        event = "/mailboxes/{mail}/events/{event}"
        return [
            ("GET", "/mailboxes/{mail}/events", self.list_events),
            ("POST", "/mailboxes/{mail}/events", self.create_event),
            ("POST", f"{event}/move", self.move),
            ("POST", f"{event}/copy", self.copy),
            ("POST", f"{event}/restore", self.restore),
            ("POST", f"{event}/called-off", self.called_off),
            *(("POST", f"{event}/{action}", self.respond) for action in (*meetings.ANSWERS, meetings.DECLINE)),
            ("POST", f"{event}/touch", self.touch),
            ("PATCH", "/mailboxes/{mail}/events/{event:path}", self.update_event),
            ("DELETE", "/mailboxes/{mail}/events/{event:path}", self.delete_event),
            ("POST", "/mailboxes/{mail}/invitations", self.invite),
            ("GET", "/mailboxes/{mail}/calendars", self.list_calendars),
            ("POST", "/mailboxes/{mail}/calendars", self.add_calendar),
            ("PATCH", "/mailboxes/{mail}/calendars/{calendar:path}", self.change_calendar),
            ("DELETE", "/mailboxes/{mail}/calendars/{calendar:path}", self.remove_calendar),
            ("POST", "/mailboxes/{mail}/forget-links", self.forget_links),
        ]

    async def list_events(self, request: Request) -> Response:
        """Singles and series with their extended properties; `?expand=occurrences` lists a window's instances."""
        person = person_of(self.world, request)
        calendar = self._calendar(person, request.query_params.get("calendar"))
        if request.query_params.get("expand") == "occurrences":
            return JSONResponse({"value": self._instances(person, calendar, request)})
        mailbox = person.mailbox
        items = list(mailbox.items.values()) if calendar is None else mailbox.items_of(calendar)
        return JSONResponse({"value": [events.snapshot(person, item) for item in items]})

    def _instances(self, person: Person, calendar: Calendar | None, request: Request) -> list[Json]:
        query = {name.lower(): value for name, value in request.query_params.items()}
        now = self.world.now()
        query.setdefault("startdatetime", query.get("start") or (now - timedelta(days=30)).isoformat())
        query.setdefault("enddatetime", query.get("end") or (now + timedelta(days=400)).isoformat())
        window = read_window(Call(self.world, "GET", [], query, {}))
        found = self.world.views.of(person.mailbox, window, calendar)
        return [render(person, instance, events.KEPT) for instance in found]

    async def create_event(self, request: Request) -> Response:
        person = person_of(self.world, request)
        calendar = self._calendar(person, request.query_params.get("calendar"))
        item, _ = events.create(self.world, person, await body_of(request), events.USER, calendar=calendar)
        return self._shown(person, item, 201)

    async def update_event(self, request: Request) -> Response:
        person, event_id = person_of(self.world, request), request.path_params["event"]
        item, day = events.update(self.world, person, event_id, await body_of(request), events.USER)
        return JSONResponse(events.snapshot(person, item, day))

    async def delete_event(self, request: Request) -> Response:
        """Into Deleted Items, or for good with `?for_good=true`; the id of an occurrence deletes that alone."""
        for_good = request.query_params.get("for_good") == "true"
        event_id = request.path_params["event"]
        events.delete(self.world, person_of(self.world, request), event_id, events.USER, for_good=for_good)
        return Response(status_code=204)

    async def move(self, request: Request) -> Response:
        person, event_id = person_of(self.world, request), request.path_params["event"]
        calendar = self._calendar(person, (await body_of(request))["calendar"])
        return self._shown(person, edits.move(self.world, person, event_id, calendar or person.mailbox.default))

    async def copy(self, request: Request) -> Response:
        person, event_id = person_of(self.world, request), request.path_params["event"]
        calendar = self._calendar(person, (await body_of(request)).get("calendar"))
        return self._shown(person, edits.copy(self.world, person, event_id, calendar), 201)

    async def restore(self, request: Request) -> Response:
        person = person_of(self.world, request)
        return self._shown(person, edits.restore(self.world, person, request.path_params["event"]))

    async def touch(self, request: Request) -> Response:
        """Move an item's change key, although nothing in it changes."""
        person = person_of(self.world, request)
        item, _ = person.mailbox.find(request.path_params["event"])
        edits.bump(self.world, person, item.serial)
        return self._shown(person, item)

    async def invite(self, request: Request) -> Response:
        person = person_of(self.world, request)
        return self._shown(person, meetings.invite(self.world, person, await body_of(request)), 201)

    async def respond(self, request: Request) -> Response:
        person, event_id = person_of(self.world, request), request.path_params["event"]
        action = request.url.path.rsplit("/", 1)[-1]
        meetings.respond(self.world, person, event_id, action, await body_of(request), events.USER)
        return Response(status_code=202)

    async def called_off(self, request: Request) -> Response:
        """The organizer of a meeting cancels it; the copy in this mailbox says so."""
        person = person_of(self.world, request)
        return self._shown(person, meetings.called_off(self.world, person, request.path_params["event"]))

    async def list_calendars(self, request: Request) -> Response:
        person = person_of(self.world, request)
        calendars = person.mailbox.calendars.values()
        return JSONResponse({"value": [render_calendar(person, calendar) for calendar in calendars]})

    async def add_calendar(self, request: Request) -> Response:
        person, wanted = person_of(self.world, request), await body_of(request)
        calendar = person.mailbox.add_calendar(str(wanted["name"]))
        change_calendar(calendar, wanted)
        return JSONResponse(render_calendar(person, calendar), 201)

    async def change_calendar(self, request: Request) -> Response:
        person = person_of(self.world, request)
        calendar = person.mailbox.find_calendar(request.path_params["calendar"])
        change_calendar(calendar, await body_of(request))
        person.mailbox.saved = None
        return JSONResponse(render_calendar(person, calendar))

    async def remove_calendar(self, request: Request) -> Response:
        person = person_of(self.world, request)
        calendar = person.mailbox.find_calendar(request.path_params["calendar"])
        if calendar.is_default:
            raise bad_request("Your request can't be completed. The default calendar cannot be deleted.")
        person.mailbox.remove_calendar(calendar, self.world.now())
        return Response(status_code=204)

    async def forget_links(self, request: Request) -> Response:
        """No delta link of this mailbox is known any more, as after a maintenance."""
        for calendar in person_of(self.world, request).mailbox.calendars.values():
            calendar.forget_links()
        return Response(status_code=204)

    def _shown(self, person: Person, item: Item, status: int = 200) -> Response:
        return JSONResponse(events.snapshot(person, item), status)

    def _calendar(self, person: Person, name: str | None) -> Calendar | None:
        """The calendar of an id; None when none is named."""
        return person.mailbox.find_calendar(name) if name else None


def change_calendar(calendar: Calendar, wanted: Json) -> None:
    """Name, colour and the providers of online meetings; ValueError for a provider that there is not."""
    providers = wanted.get("allowedOnlineMeetingProviders", calendar.providers)
    if not set(providers) <= set(PROVIDERS):
        raise ValueError(f"A provider of online meetings is one of {', '.join(PROVIDERS)}.")
    calendar.name = str(wanted.get("name", calendar.name))
    calendar.color = str(wanted.get("color", calendar.color))
    calendar.providers = list(providers)
    calendar.version += 1
