"""A call to Graph and its answer, however they travelled: alone, or as a part of a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.calendars import Calendar
from sandbox.errors import GraphError, bad_request, error_body, item_not_found, unreadable
from sandbox.items import Item, Json
from sandbox.mailbox import Mailbox, Person
from sandbox.rendering import Style
from sandbox.zones import requested_zone

if TYPE_CHECKING:
    from sandbox.world import World

JSON_TYPE = "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8"
_PREFERENCE = re.compile(r'\s*([A-Za-z.\-]+)\s*(?:=\s*(?:"([^"]*)"|([^,;\s]*)))?\s*[,;]?')


@lru_cache(256)
def _read_preferences(text: str) -> dict[str, str]:
    return {name.lower(): quoted or plain for name, quoted, plain in _PREFERENCE.findall(text)}


@lru_cache(4096)
def path_of(segments: tuple[str, ...]) -> str:
    """The path that these segments make, fit for a URL."""
    return "/" + "/".join(quote(segment, safe="()") for segment in segments)


@dataclass(slots=True)
class Answer:
    """Status, headers and body (a JSON value, or text that is none; None is no body)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    sticks: bool = False  # the connection answers so until another one is made


@dataclass(slots=True)
class Call:
    """One request to Graph, its path cut up and its query read."""

    world: World
    method: str
    segments: list[str]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    roles: frozenset[str] = frozenset()
    client: str = ""
    in_batch: bool = False
    template: str = ""
    ids: list[str] = field(default_factory=list)
    calendar_id: str = ""
    applied: list[str] = field(default_factory=list)
    _preferences: dict[str, str] | None = None
    _style: Style | None = None
    _person: Person | None = None

    @property
    def preferences(self) -> dict[str, str]:
        """The preferences of the Prefer header, their names in small letters."""
        if self._preferences is None:
            self._preferences = _read_preferences(self.headers.get("prefer", ""))
        return self._preferences

    @property
    def style(self) -> Style:
        """How the items of the answer are to be written; GraphError for an unknown zone."""
        if self._style is None:
            self._style = self._read_style()
        return self._style

    def _read_style(self) -> Style:
        wanted, settings = self.preferences, self.world.settings
        plain = Style(
            bare_location=settings.empty_location == "bare",
            null_transaction_id=settings.transaction_id_null,
            bare_recurrence=not settings.recurrence_defaults,
        )
        if not wanted:
            return plain
        immutable = wanted.get("idtype", "").lower() == "immutableid"
        zone_name = wanted.get("outlook.timezone") or "UTC"
        requested_zone(zone_name, settings.iana_zones)
        bodies = wanted.get("outlook.body-content-type", "")
        if immutable:
            self.applied.append('IdType="ImmutableId"')
        if "outlook.timezone" in wanted:
            self.applied.append(f'outlook.timezone="{zone_name}"')
        if bodies:
            self.applied.append(f'outlook.body-content-type="{bodies}"')
        zone_name = "UTC" if zone_name.upper() == "UTC" else zone_name
        return replace(plain, immutable=immutable, zone=zone_name, text_bodies=bodies.lower() == "text")

    def prefer_immutable(self) -> None:
        """The link says that the answer is to have immutable ids."""
        self._style = replace(self.style, immutable=True)

    @property
    def person(self) -> Person:
        """Whose mailbox the path means; GraphError when the mailbox cannot be used."""
        if self._person is None:
            self._person = self.world.mailbox_owner(self.ids[0])
        return self._person

    @property
    def mailbox(self) -> Mailbox:
        return self.person.mailbox

    @property
    def calendar(self) -> Calendar:
        """The calendar that the path names, else the default one; GraphError when there is none."""
        mailbox = self.mailbox
        return mailbox.find_calendar(self.calendar_id) if self.calendar_id else mailbox.default

    def find_event(self) -> tuple[Item, date | None]:
        """The item, and the original date of an occurrence, that the path names; GraphError when it is not there."""
        item, day = self.mailbox.find(self.ids[-1])
        if self.calendar_id and item.calendar != self.calendar.serial:
            raise item_not_found()
        return item, day

    @property
    def root(self) -> str:
        """The path of the user or of the calendar, as contexts and links begin."""
        calendar = f"/calendars('{quote(self.calendar_id)}')" if self.calendar_id else ""
        return f"users('{quote(self.ids[0])}'){calendar}"

    @property
    def details(self) -> Json:
        """The JSON object of the body; GraphError when it is none."""
        if not isinstance(self.body, dict):
            raise unreadable("Empty Payload. JSON content expected.")
        return self.body

    def context(self, what: str) -> str:
        return f"{self.world.origin}/v1.0/$metadata#{what}"

    def link(self, path: str, **query: str) -> str:
        """An absolute URL below /v1.0; the names of the query keep their dollar signs."""
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{self.world.origin}/v1.0{path}" + (f"?{pairs}" if pairs else "")

    def number(self, name: str, default: int, most: int) -> int:
        """A count of the query, at most `most`; GraphError when it is no count."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdecimal() or (name == "$top" and number_of(text) == 0):
            raise bad_request(f"Invalid value for the query option '{name}'.", "ErrorInvalidUrlQuery")
        return min(number_of(text), most)


def number_of(digits: str) -> int:
    """The number that a text of digits means; of a very long one only that it is large."""
    return int(digits.lstrip("0")[:12] or "0")


def refusal(error: GraphError, request_id: str, date: str, style: str = "innerError") -> Answer:
    """The answer that tells a GraphError."""
    inner = {"date": date, "request-id": request_id, "client-request-id": request_id}
    body = error_body(error, inner, style)
    return Answer(error.status, body, {"Content-Type": "application/json", **error.headers})
