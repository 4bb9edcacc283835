"""The control API below /_sandbox, for tests, demos and the curious; and the page at /."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import assertions, auth, pages, scenarios, tenant
from sandbox.control_requests import body_of, person_of
from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.mailbox_control import MailboxControl
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
            *MailboxControl(self.world).table(),
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
        self.world.remove(person_of(self.world, request), for_good=request.query_params.get("permanent") == "true")
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
