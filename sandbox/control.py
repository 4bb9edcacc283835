"""The control API below /_sandbox, for tests, demos and the curious; and the page at /."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import assertions, auth, events, pages, scenarios, tenant
from sandbox.bodies import read_json
from sandbox.calls import Call
from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.mailbox import Person
from sandbox.rendering import render
from sandbox.views import read_window
from sandbox.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


class Control:
    """The endpoints. What they do to a calendar, they do as the owner of the mailbox."""

    def __init__(self, world: World, facts: Json) -> None:
        self.world = world
        self.facts = facts

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "", self.about),
            ("GET", "/people", self.people),
            ("POST", "/people", self.put_person),
            ("DELETE", "/people/{mail}", self.remove_person),
            ("POST", "/certificates", self.add_certificate),
            ("DELETE", "/certificates", self.clear_certificates),
            ("POST", "/tokens", self.mint_token),
            ("GET", "/mailboxes/{mail}/events", self.list_events),
            ("POST", "/mailboxes/{mail}/events", self.create_event),
            ("PATCH", "/mailboxes/{mail}/events/{event:path}", self.update_event),
            ("DELETE", "/mailboxes/{mail}/events/{event:path}", self.delete_event),
            ("GET", "/ics", self.ics),
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_fault),
            ("GET", "/scenarios", self.scenarios),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{fault}", self.clear_faults),
            ("GET", "/audit", self.audit),
            ("DELETE", "/audit", self.clear_audit),
            ("GET", "/requests", self.requests),
            ("DELETE", "/requests", self.clear_requests),
            ("GET", "/settings", self.settings),
            ("POST", "/settings", self.change_settings),
            ("GET", "/clock", self.clock),
            ("POST", "/clock", self.set_clock),
            ("POST", "/reset", self.reset),
        ]
        routes = [Route(f"/_sandbox{path}", guarded(answer), methods=[method]) for method, path, answer in table]
        acting = Route("/", guarded(self.act), methods=["POST"])
        return [Route("/", guarded(self.page)), acting, Route("/_sandbox/style.css", guarded(self.style)), *routes]

    async def about(self, request: Request) -> Response:
        return JSONResponse(self.facts)

    async def people(self, request: Request) -> Response:
        return JSONResponse([person.as_json() for person in self.world.people.values()])

    async def put_person(self, request: Request) -> Response:
        """Add a person, or change the one with this id, UPN or mail address."""
        person = tenant.put_person(self.world, await body_of(request))
        return JSONResponse(person.as_json())

    async def remove_person(self, request: Request) -> Response:
        """Take a person out of the directory: to where they can be restored from, or `?permanent=true` for good."""
        self.world.remove(self._person(request), for_good=request.query_params.get("permanent") == "true")
        return Response(status_code=204)

    async def add_certificate(self, request: Request) -> Response:
        """Add a certificate (PEM) to the application's registration."""
        return JSONResponse(assertions.register(self.world, (await body_of(request)).get("certificate")), 201)

    async def clear_certificates(self, request: Request) -> Response:
        self.world.certificates.clear()
        return Response(status_code=204)

    async def mint_token(self, request: Request) -> Response:
        """A token as Entra would never issue it: not yet valid, for another audience, ..."""
        return JSONResponse({"access_token": auth.mint(self.world, await body_of(request))})

    async def list_events(self, request: Request) -> Response:
        """Singles and series with their extended properties; `?expand=occurrences` lists a window's instances."""
        person = self._person(request)
        if request.query_params.get("expand") == "occurrences":
            return JSONResponse({"value": self._instances(person, request)})
        items = person.calendar.items.values()
        return JSONResponse({"value": [events.snapshot(person, item) for item in items]})

    def _instances(self, person: Person, request: Request) -> list[Json]:
        query = {name.lower(): value for name, value in request.query_params.items()}
        now = self.world.now()
        query.setdefault("startdatetime", query.get("start") or (now - timedelta(days=30)).isoformat())
        query.setdefault("enddatetime", query.get("end") or (now + timedelta(days=400)).isoformat())
        window = read_window(Call(self.world, "GET", [], query, {}))
        found = self.world.views.of(person.calendar, window, None)
        return [render(person, instance, events.KEPT) for instance in found]

    async def create_event(self, request: Request) -> Response:
        person = self._person(request)
        item, _ = events.create(self.world, person, await body_of(request), events.USER)
        return JSONResponse(events.snapshot(person, item), 201)

    async def update_event(self, request: Request) -> Response:
        event_id = request.path_params["event"]
        return JSONResponse(
            events.update(self.world, self._person(request), event_id, await body_of(request), events.USER)
        )

    async def delete_event(self, request: Request) -> Response:
        events.delete(self.world, self._person(request), request.path_params["event"], events.USER)
        return Response(status_code=204)

    async def ics(self, request: Request) -> Response:
        """What became of the calendar files: the people they are, and what was expanded or refused, and why."""
        return JSONResponse(self.world.ics)

    async def faults(self, request: Request) -> Response:
        return JSONResponse([rule.as_json() for rule in self.world.faults.rules])

    async def add_fault(self, request: Request) -> Response:
        wanted = await body_of(request)
        if "scenario" in wanted:
            return JSONResponse(scenarios.put_in_force(self.world, wanted), 201)
        return JSONResponse(self.world.faults.add(wanted).as_json(), 201)

    async def scenarios(self, request: Request) -> Response:
        """What can be asked for by number, with its variants."""
        table = scenarios.SCENARIOS.items()
        return JSONResponse({name: {key: one.as_json() for key, one in found.items()} for name, found in table})

    async def clear_faults(self, request: Request) -> Response:
        self.world.faults.clear(request.path_params.get("fault"))
        return Response(status_code=204)

    async def audit(self, request: Request) -> Response:
        return JSONResponse(self.world.audit.report(self.world.people.values()))

    async def clear_audit(self, request: Request) -> Response:
        self.world.audit.clear()
        return Response(status_code=204)

    async def requests(self, request: Request) -> Response:
        return JSONResponse(self.world.audit.requests())

    async def clear_requests(self, request: Request) -> Response:
        self.world.audit.clear_requests()
        return Response(status_code=204)

    async def settings(self, request: Request) -> Response:
        return JSONResponse(self.world.settings.as_json())

    async def change_settings(self, request: Request) -> Response:
        self.world.settings.change(await body_of(request))
        return JSONResponse(self.world.settings.as_json())

    async def clock(self, request: Request) -> Response:
        clock = self.world.clock
        shown = {"now": clock.now().isoformat(), "frozen": clock.is_frozen, "offset": clock.offset.total_seconds()}
        return JSONResponse(shown)

    async def set_clock(self, request: Request) -> Response:
        """`set` puts the clock to a moment, `advance` forward by seconds, `frozen` stops it; {} is the real time."""
        wanted = await body_of(request)
        clock = self.world.clock
        if not any(wanted.get(name) is not None for name in ("set", "advance", "frozen")):
            clock.restore()
        if wanted.get("frozen") is not None:
            clock.freeze(bool(wanted["frozen"]))
        if wanted.get("set") is not None:
            clock.set(moment_of_text(wanted["set"]))
        if wanted.get("advance") is not None:
            clock.advance(wanted["advance"])
        return await self.clock(request)

    async def reset(self, request: Request) -> Response:
        """Empty calendars and a clean audit; {"keep_people": false} empties the directory, {"tenant": ..} fills it."""
        wanted = await body_of(request) if await request.body() else {}
        specification = wanted.get("tenant")
        self.world.reset(keep_people=bool(wanted.get("keep_people", specification is None)))
        if specification is not None:
            tenant.load(self.world, specification)
            self.world.directory.restart(self.world.people.values())
        return JSONResponse({"people": len(self.world.people)})

    async def page(self, request: Request) -> Response:
        return pages.calendars(self.world, request)

    async def act(self, request: Request) -> Response:
        """A form of the page was sent; the calendar is shown again."""
        person = self.world.find(request.query_params.get("person", ""))
        if person is None:
            raise GraphError(404, "ErrorInvalidUser", "Nobody here has this id.")
        pages.act(self.world, person, (await request.body()).decode())
        return RedirectResponse(f"/?person={person.id}", 303)

    async def style(self, request: Request) -> Response:
        return Response(pages.STYLE, media_type="text/css")

    def _person(self, request: Request) -> Person:
        person = self.world.find(request.path_params["mail"])
        if person is None:
            raise GraphError(404, "ErrorInvalidUser", f"Nobody here has the address '{request.path_params['mail']}'.")
        return person


async def body_of(request: Request) -> Json:
    """The JSON object of a request; ValueError when it is none."""
    body: Any = read_json(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("A JSON object is expected.")  # noqa: TRY004 - one error for bad input
    return body


def moment_of_text(text: Any) -> datetime:
    """The instant that a text names, in UTC unless it says otherwise; ValueError when it names none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def guarded(endpoint: Endpoint) -> Endpoint:
    """`endpoint` with its refusals as JSON: 400 and a sentence for bad input."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except GraphError as error:
            return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status)
        except (ValueError, TypeError, KeyError) as error:
            message = f"'{error.args[0]}' is missing." if isinstance(error, KeyError) else str(error)
            return JSONResponse({"error": {"code": "BadInput", "message": message}}, 400)

    return answer


def control_app(world: World, facts: Json) -> Starlette:
    return Starlette(routes=Control(world, facts).routes())
