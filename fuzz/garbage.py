"""Garbage for Graph: bodies, values, queries, paths, methods and headers."""

from __future__ import annotations

from typing import Any

from fuzz.client import JSON, Client
from fuzz.values import FILTERS, MOMENTS, NASTY, PREFERENCES, RECURRENCES, SEGMENTS, TEXTS, ZONES

ANN = "/users/ann@school.example"
EVENT: dict[str, Any] = {
    "subject": "x",
    "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"},
}
PROPERTIES = (
    "subject",
    "body",
    "bodyPreview",
    "start",
    "end",
    "location",
    "locations",
    "attendees",
    "isAllDay",
    "showAs",
    "sensitivity",
    "importance",
    "categories",
    "recurrence",
    "transactionId",
    "reminderMinutesBeforeStart",
    "isReminderOn",
    "organizer",
    "id",
    "singleValueExtendedProperties",
    "multiValueExtendedProperties",
    "extensions",
    "onlineMeetingProvider",
    "hideAttendees",
    "type",
    "@odata.etag",
    "@odata.type",
    "nobodyKnowsThis",
    "",
    "\ud800",
)
WRITES = (
    ("POST", f"{ANN}/events"),
    ("POST", "/$batch"),
    ("POST", f"{ANN}/calendar/getSchedule"),
    ("POST", f"{ANN}/calendars"),
    ("POST", f"{ANN}/translateExchangeIds"),
    ("PATCH", f"{ANN}/events/x"),
    ("PATCH", f"{ANN}/mailboxSettings"),
    ("GET", "/users"),
)
READS = (
    "/users",
    "/users/delta",
    ANN,
    f"{ANN}/calendar",
    f"{ANN}/calendars",
    f"{ANN}/events",
    f"{ANN}/calendarView",
    f"{ANN}/calendarView/delta",
    f"{ANN}/events/delta",
    f"{ANN}/events/x/instances",
    f"{ANN}/outlook/supportedTimeZones",
)
METHODS = ("HEAD", "OPTIONS", "TRACE", "PUT", "PROPFIND", "FOO", "get", "A" * 300)
AUTHORIZATIONS = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer a.b.c",
    "Bearer a.b",
    "Bearer ...",
    "Basic eA==",
    "x" * 30_000,
    "Bearer \xff\xfe",
)
SERIES = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
    "range": {"type": "noEnd", "startDate": "2026-12-01"},
}
WINDOW = {"startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2027-03-01T00:00:00Z"}


def send_all(client: Client) -> None:
    """Every kind of garbage, on people and items that exist."""
    for part in (bodies, event_values, recurrences, queries, paths, headers, batches, schedules, tokens):
        client.reset()
        part(client)


def bodies(client: Client) -> None:
    for method, path in WRITES:
        for text in TEXTS:
            client.graph(method, path, data=text, headers=JSON)
        for value in NASTY:
            client.json(method, path, value)


def event_values(client: Client) -> None:
    """Each property of an event with each nasty value, in a new event and in a change of one that exists."""
    created = client.graph("POST", f"{ANN}/events", json=EVENT)
    item = f"{ANN}/events/{created.json()['id']}" if created is not None else ""
    for name in PROPERTIES:
        for value in NASTY:
            client.json("POST", f"{ANN}/events", EVENT | {name: value})
            client.json("PATCH", item, {name: value})
    for moment in MOMENTS:
        for zone in ZONES:
            client.json("POST", f"{ANN}/events", EVENT | {"start": {"dateTime": moment, "timeZone": zone}})
            client.json("PATCH", item, {"end": {"dateTime": moment, "timeZone": zone}})


def recurrences(client: Client) -> None:
    """Series that never begin, never end or have no day, and what is asked about them then."""
    for recurrence in RECURRENCES:
        client.json("POST", f"{ANN}/events", EVENT | {"recurrence": recurrence})
    for value in NASTY:
        for name in ("pattern", "range"):
            whole = {**RECURRENCES[0], name: value}
            client.json("POST", f"{ANN}/events", EVENT | {"recurrence": whole})
    for window in (WINDOW, {"startDateTime": "1601-01-01T00:00:00Z", "endDateTime": "4500-01-01T00:00:00Z"}):
        for path in ("calendarView", "calendarView/delta", "events"):
            client.graph("GET", f"{ANN}/{path}", params=window)


def queries(client: Client) -> None:
    """Odd questions about a calendar in which a series without an end stands."""
    client.graph("POST", f"{ANN}/events", json=EVENT | {"recurrence": SERIES})
    for path in READS:
        for text in FILTERS:
            client.graph("GET", path, params={"$filter": text})
        for name in (
            "$top",
            "$skip",
            "$select",
            "$expand",
            "$orderby",
            "$search",
            "$count",
            "$skiptoken",
            "$deltatoken",
            "$x",
        ):
            for value in NASTY:
                client.graph("GET", path, params={name: str(value).encode("utf-8", "surrogatepass")[:20_000]} | WINDOW)
        for moment in MOMENTS:
            client.graph("GET", path, params=WINDOW | {"endDateTime": moment})
            client.graph("GET", path, params={"startDateTime": moment, "endDateTime": moment})
            client.graph("GET", path, params=WINDOW | {"startDateTime": moment})


def paths(client: Client) -> None:
    for place in ("/{}", "/users/{}", "/users/{}/events", ANN + "/{}", ANN + "/events/{}", ANN + "/events/{}/instances",
                  ANN + "/calendars/{}/events", ANN + "/calendarView/{}"):  # fmt: skip
        for segment in SEGMENTS:
            client.graph("GET", place.format(segment))
            client.graph("DELETE", place.format(segment))
    for method in METHODS:
        for path in (*READS, "/$batch", "", "/"):
            client.graph(method, path)


def headers(client: Client) -> None:
    for path in READS:
        for text in PREFERENCES:
            client.graph("GET", path, params=WINDOW, headers={"Prefer": text})
    for text in AUTHORIZATIONS:
        client.graph("GET", "/users", headers={"Authorization": text})
    for name in ("If-Match", "Content-Type", "Accept", "client-request-id", "ConsistencyLevel", "Accept-Language"):
        for text in PREFERENCES:
            client.graph("PATCH", f"{ANN}/events/x", data=b"{}", headers={name: text})
            client.graph("GET", "/users", headers={name: text})


def batches(client: Client) -> None:
    usual = {"id": "1", "method": "GET", "url": ANN}
    for name in ("id", "method", "url", "headers", "body", "dependsOn", "atomicityGroup"):
        for value in NASTY:
            client.json("POST", "/$batch", {"requests": [usual | {name: value}, usual | {"id": "2"}]})
    for url in (*SEGMENTS, "/$batch", "https://localhost/v1.0/users", "//x", "?", "#", "/users?$filter=("):
        client.json("POST", "/$batch", {"requests": [usual | {"url": url}]})
    inner = {"requests": [usual | {"url": "/$batch", "method": "POST", "headers": JSON, "body": {"requests": [usual]}}]}
    client.json("POST", "/$batch", inner)
    for count in (0, 20, 21, 1000):
        client.json("POST", "/$batch", {"requests": [usual | {"id": str(number)} for number in range(count)]})
    circle = [
        usual | {"dependsOn": ["2"]},
        usual | {"id": "2", "dependsOn": ["1"]},
        usual | {"id": "3", "dependsOn": ["3"]},
    ]
    client.json("POST", "/$batch", {"requests": circle})


def schedules(client: Client) -> None:
    usual = {"schedules": ["ann@school.example"], "startTime": EVENT["start"], "endTime": EVENT["end"]}
    for name in ("schedules", "startTime", "endTime", "availabilityViewInterval"):
        for value in NASTY:
            client.json("POST", f"{ANN}/calendar/getSchedule", usual | {name: value})
    for name in ("inputIds", "sourceIdType", "targetIdType"):
        for value in NASTY:
            ids = {"inputIds": ["x"], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
            client.json("POST", f"{ANN}/translateExchangeIds", ids | {name: value})


def tokens(client: Client) -> None:
    tenant = client.facts["tenant_id"]
    form = {"grant_type": "client_credentials", "client_id": client.facts["client_id"], "client_secret": "x"}
    for place in (tenant, "common", "%00", "..", "x" * 5000, ""):
        path = f"/{place}/oauth2/v2.0/token"
        for text in TEXTS:
            client.send("POST", path, data=text)
        for name in (*form, "scope", "client_assertion", "client_assertion_type"):
            for value in NASTY:
                client.send("POST", path, data=form | {name: str(value).encode("utf-8", "surrogatepass")})
        for sign_in in ("Basic", "Basic =", "Basic eDp5", "Basic \xff", "Bearer x", "Basic " + "A" * 9999):
            client.send("POST", path, data=form, headers={"Authorization": sign_in})
        for rest in (
            "v2.0/.well-known/openid-configuration",
            "discovery/v2.0/keys",
            "discovery/instance",
            "oauth2/v2.0/authorize",
        ):
            client.send("GET", f"/{place}/{rest}")
