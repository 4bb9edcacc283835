"""Microsoft 365 as conversations. Source: https://learn.microsoft.com/graph/api/resources/calendar"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from integrations.providers.base import Provider, register
from integrations.providers.conversation import Answer, Conversation, Request
from integrations.providers.errors import (
    CursorExpired,
    NotFound,
    ProviderError,
    Rejected,
    Unavailable,
    concerns_more,
)
from integrations.providers.microsoft.auth import Tokens
from integrations.providers.microsoft.checks import checks
from integrations.providers.microsoft.client import BATCH_SIZE, GraphClient, values
from integrations.providers.microsoft.codec import (
    FIELDS,
    MARKER_ID,
    Unreadable,
    from_graph,
    text_of,
    to_graph,
    usable_id,
)
from integrations.providers.microsoft.directory import PEOPLE_FIELDS, person
from integrations.providers.types import Check, Credentials, Endpoints, Entry, Page, Person, Receipt, RemoteItem, Window

PREFER = {"Prefer": 'IdType="ImmutableId", outlook.timezone="UTC"'}
PREFER_PAGES = {"Prefer": 'IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=200'}
MARKER = f"singleValueExtendedProperties($filter=id eq '{MARKER_ID}')"
TOLD = {*FIELDS.split(",")} - {"seriesMasterId", "transactionId"}  # of a single event, in full
NO_HEADERS: Mapping[str, str] = {}
PAGES = 100  # of a list that is short
UNREAD = 100  # items of one page that may fail to be told; with more of them the page cannot be read
PATIENCE = 30.0  # seconds that failures of one page may take
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Microsoft365(Provider):
    """The calendars of one tenant, app-only. A person's mailbox is addressed by the directory object id."""

    batch_size = BATCH_SIZE

    def __init__(self, credentials: Credentials, endpoints: Endpoints) -> None:
        verify = endpoints.ca_file or True
        self.tokens = Tokens(credentials, login_url=endpoints.login_url, verify=verify)
        self.client = GraphClient(self.tokens, graph_url=endpoints.graph_url, verify=verify)

    def send_many(self, requests: Sequence[Request]) -> list[Answer]:
        return self.client.send_many(requests)

    def check(self, user_id: str) -> Iterator[Check]:
        return checks(self, user_id)

    def resolve_tenant(self) -> str:
        said = text_of(self.tokens.claims().get("tid"))
        return said if GUID.fullmatch(said) else self.tokens.credentials.tenant_id

    def look_up(self, address: str) -> Conversation[tuple[Person, ...]]:
        """Source: https://learn.microsoft.com/graph/api/user-list"""
        text = address.replace("'", "''")
        wanted = f"mail eq '{text}' or userPrincipalName eq '{text}' or proxyAddresses/any(p:p eq 'smtp:{text}')"
        first = path("/users", {"$filter": wanted, "$select": PEOPLE_FIELDS, "$top": 5})
        return tuple(person(user) for user in (yield from self._all(first)))

    def create(self, mailbox: str, entry: Entry, *, key: UUID) -> Conversation[Receipt]:
        """Source: https://learn.microsoft.com/graph/api/user-post-events"""
        body = to_graph(entry) | {"transactionId": str(key)}
        event = yield Request("POST", f"/users/{quote(mailbox, safe='')}/events", json=body, headers=PREFER)
        return receipt(event)

    def update(self, mailbox: str, remote_id: str, entry: Entry) -> Conversation[Receipt]:
        """Source: https://learn.microsoft.com/graph/api/event-update"""
        body = to_graph(entry) | {"recurrence": None}  # a person may have made a series of it
        event = yield Request("PATCH", event_path(mailbox, remote_id), json=body, headers=PREFER)
        return receipt(event)

    def delete(self, mailbox: str, remote_id: str) -> Conversation[None]:
        """Source: https://learn.microsoft.com/graph/api/event-delete"""
        try:
            answer = yield Request("DELETE", event_path(mailbox, remote_id), headers=PREFER)
        except CursorExpired as error:  # 410: of an item it means that it is gone
            raise NotFound(str(error), code=error.code, request_id=error.request_id) from error
        if answer:  # Graph says nothing; whoever said this, the item may still be there
            raise Unavailable("Microsoft's answer to a removal cannot be read.", code="removal", is_garbled=True)

    def get(self, mailbox: str, remote_id: str) -> Conversation[RemoteItem]:
        """Source: https://learn.microsoft.com/graph/api/event-get"""
        query = {"$select": FIELDS, "$expand": MARKER}
        event = yield Request("GET", path(event_path(mailbox, remote_id), query), headers=PREFER)
        return readable(event)

    def read(self, mailbox: str, remote_id: str) -> Conversation[Page]:
        return page([(yield from self._whole(mailbox, remote_id))], next_link="", cursor="")

    def find(self, mailbox: str, session_uid: UUID) -> Conversation[tuple[RemoteItem, ...]]:
        """Source: https://learn.microsoft.com/graph/api/singlevaluelegacyextendedproperty-get"""
        wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER_ID}' and ep/value eq '{session_uid}')"
        query = {"$filter": wanted, "$select": FIELDS, "$expand": MARKER, "$top": 50}
        first = path(f"/users/{quote(mailbox, safe='')}/events", query)
        return tuple(readable(event) for event in (yield from self._all(first, PREFER)))

    def _all(self, link: str, headers: Mapping[str, str] = NO_HEADERS) -> Conversation[list[Mapping[str, Any]]]:
        """The items of every page of a short list. A page may be empty and name another."""
        found: list[Mapping[str, Any]] = []
        asked: set[str] = set()
        while link not in asked and len(asked) < PAGES:
            asked.add(link)
            body = yield Request("GET", link, headers=headers)
            found += values(body)
            link = self._links(body)["next_link"]
            if not link:
                return found
        raise Unavailable("Microsoft's list does not come to an end.", code="endless", is_garbled=True)

    def start_delta(self, mailbox: str, window: Window) -> Conversation[Page]:
        """Source: https://learn.microsoft.com/graph/api/event-delta"""
        first = path(f"/users/{quote(mailbox, safe='')}/calendarView/delta", span(window))
        return self._unread((yield Request("GET", first, headers=PREFER_PAGES)))

    def skip_delta(self, mailbox: str, link: str) -> Conversation[Page]:
        return self._unread((yield from known_place(link)))

    def _unread(self, body: Any) -> Page:
        ids = [(str(event.get("id")), str(event.get("@odata.etag"))) for event in values(body)]
        return Page(**self._links(body, is_round=True), digest=hash(tuple(ids)) if ids else 0)

    def follow_delta(self, mailbox: str, link: str) -> Conversation[Page]:
        body = yield from known_place(link)
        if not values(body):  # as nearly always
            return Page(**self._links(body, is_round=True))
        events, nameless = latest(values(body))
        unread = yield from self._complete(mailbox, events)
        links = self._links(body, is_round=True)
        return page([*events.values(), *nameless], is_bare=True, unread=unread, **links)

    def _complete(self, mailbox: str, events: dict[str, Mapping[str, Any]]) -> Conversation[tuple[str, ...]]:
        """Ask for what a delta tells in part; the ids of those that are not told, which are taken out of `events`.

        Once failures have taken too long, the others are left untold as well, to be asked for later.
        """
        unread: list[str] = []
        seconds = 0.0
        for remote_id in [key for key, event in events.items() if lacks_properties(event)]:
            begun = time.monotonic()
            try:
                if seconds < PATIENCE:
                    events[remote_id] = yield from self._whole(mailbox, remote_id)
                    continue
            except ProviderError as error:
                if concerns_more(error) or len(unread) == UNREAD:
                    raise
                seconds += time.monotonic() - begun
            del events[remote_id]
            unread.append(remote_id)
        return tuple(unread)

    def _whole(self, mailbox: str, remote_id: str) -> Conversation[Mapping[str, Any]]:
        """An item of a delta in full: what was left out of it is not known, and never cleared."""
        whole = path(event_path(mailbox, remote_id), {"$select": FIELDS, "$expand": MARKER})
        try:
            body = yield Request("GET", whole, headers=PREFER)
        except (NotFound, CursorExpired):  # 404, 410
            return {"id": remote_id, "@removed": {"reason": "deleted"}}
        if not isinstance(body, Mapping) or body.get("id") != remote_id:
            raise Unavailable("Microsoft's answer is not the event that was asked for.", code="event")
        return body

    def list_series(self, mailbox: str, series_id: str, window: Window, link: str = "") -> Conversation[Page]:
        """Source: https://learn.microsoft.com/graph/api/event-list-instances"""
        query = span(window) | {"$select": FIELDS, "$top": 200}
        first = path(f"{event_path(mailbox, series_id)}/instances", query)
        body = yield Request("GET", link or first, headers=PREFER_PAGES)
        return page(values(body), **self._links(body))

    def census(self, mailbox: str, window: Window, link: str = "") -> Conversation[Page]:
        """Source: https://learn.microsoft.com/graph/api/user-list-calendarview"""
        query = span(window) | {"$select": FIELDS, "$expand": MARKER, "$top": 200}
        first = Request("GET", path(f"/users/{quote(mailbox, safe='')}/calendarView", query), headers=PREFER_PAGES)
        body = (yield from known_place(link)) if link else (yield first)
        return page(values(body), **self._links(body))

    def _links(self, body: Mapping[str, Any], *, is_round: bool = False) -> dict[str, Any]:
        next_link, cursor = body.get("@odata.nextLink") or "", body.get("@odata.deltaLink") or ""
        if is_round and not (next_link or cursor):
            raise Unavailable("Microsoft's list of changes ends without a link.", code="link")
        relative: Callable[[object], str] = self.client.relative
        return {"next_link": next_link and relative(next_link), "cursor": cursor and relative(cursor)}


def known_place(link: str) -> Conversation[Mapping[str, Any]]:
    """Follow a link that an answer gave. One that used to work and is refused now means CursorExpired."""
    try:
        body = yield Request("GET", link, headers=PREFER_PAGES)
    except Rejected as error:
        raise CursorExpired(str(error), code=error.code, request_id=error.request_id) from error
    return body


def lacks_properties(event: Mapping[str, Any]) -> bool:
    """Whether an item of a delta has to be asked for: not what is removed, and no part of a series."""
    if "@removed" in event or event.get("seriesMasterId"):
        return False
    return event.get("type") != "seriesMaster" and not event.keys() >= TOLD


def path(base: str, query: Mapping[str, Any]) -> str:
    return f"{base}?{urlencode(query, quote_via=quote, safe='$,')}"


def event_path(mailbox: str, remote_id: str) -> str:
    return f"/users/{quote(mailbox, safe='')}/events/{quote(remote_id, safe='')}"


def span(window: Window) -> dict[str, Any]:
    return {"startDateTime": f"{window.start:%Y-%m-%dT%H:%M:%SZ}", "endDateTime": f"{window.end:%Y-%m-%dT%H:%M:%SZ}"}


def receipt(event: Any) -> Receipt:
    item = readable(event)
    return Receipt(remote_id=item.remote_id, etag=item.etag, appearance=item.appearance)


def readable(event: Any) -> RemoteItem:
    """The item. Raises Unavailable where the answer is no event, because then it is not known what happened."""
    try:
        return from_graph(event)
    except Unreadable as error:
        raise Unavailable("Microsoft's answer is no event that can be read.", code="event") from error


def latest(events: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Of several events about one item the last one, by its id; and those without an id that can be used."""
    found = {usable_id(event.get("id")): event for event in events}
    nameless = [event for event in events if not usable_id(event.get("id"))] if found.pop("", None) is not None else []
    return found, nameless


def page(
    events: Sequence[Mapping[str, Any]],
    *,
    next_link: str,
    cursor: str,
    is_bare: bool = False,
    unread: tuple[str, ...] = (),
) -> Page:
    """The events of an answer, sorted: items, removed ids, series that need listing, unreadable ones.

    In a delta (`is_bare`) occurrences come without their properties, so they only name their series.
    """
    items: list[RemoteItem] = []
    removed: list[str] = []
    series: set[str] = set()
    found, nameless = latest(events)
    unreadable = [""] * len(nameless)  # of them nothing can be said or asked
    for remote_id, event in found.items():
        if "@removed" in event:
            removed.append(remote_id)
        elif event.get("type") == "seriesMaster":
            series.add(remote_id)
        elif is_bare and (series_id := usable_id(event.get("seriesMasterId"))):
            series.add(series_id)
        else:
            try:
                items.append(from_graph(event))
            except Unreadable:
                unreadable.append(remote_id)
    return Page(tuple(items), tuple(removed), frozenset(series), tuple(unreadable), next_link, cursor, unread)


register("microsoft", Microsoft365)
