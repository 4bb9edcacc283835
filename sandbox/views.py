"""Reading calendars: the calendar itself, its events, its views and the instances of a series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from sandbox.calendars import Calendar
from sandbox.calls import Answer, Call
from sandbox.errors import GraphError, bad_request
from sandbox.items import Instance, Item, Json
from sandbox.mailbox import Person
from sandbox.odata import expanded_properties, holds, ordered, ordering, pick, predicate, selected
from sandbox.rendering import change_key, extended_properties, render, render_master
from sandbox.series import instance_on, instances

LONGEST_VIEW = timedelta(days=1825)
DEFAULT_PAGE = 10
LARGEST_PAGE = 1000
Row = TypeVar("Row")


def read_window(call: Call) -> tuple[datetime, datetime]:
    """The window that the query asks for; GraphError when it is missing, unreadable or too long."""
    start, end = call.query.get("startdatetime"), call.query.get("enddatetime")
    if not start or not end:
        needed = "a time window specified by the query string parameters StartDateTime and EndDateTime"
        message = f"This request requires {needed}."
        raise GraphError(400, "ErrorInvalidParameter", message)
    window = _moment(start), _moment(end)
    if window[1] < window[0]:
        raise bad_request("Your request can't be completed. The end of the time window is before its start.")
    if window[1] - window[0] > LONGEST_VIEW:
        raise bad_request("Your request can't be completed. The time window is too long. Maximum number of days: 1825")
    return window


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphError(400, "ErrorInvalidParameter", f"The value '{text}' is no date and time.") from None


def get_calendar(call: Call) -> Answer:
    what = "calendars/$entity" if call.calendar_id else "calendar/$entity"
    body = {"@odata.context": call.context(f"users('{quote(call.ids[0])}')/{what}")} | render_calendar(
        call.person, call.calendar
    )
    return Answer(200, pick(body, selected(call.query.get("$select"))))


def list_calendars(call: Call) -> Answer:
    calendars = list(call.mailbox.calendars.values())
    return collection(call, "calendars", calendars, lambda calendar: render_calendar(call.person, calendar))


def render_calendar(person: Person, calendar: Calendar) -> Json:
    """A calendar as Graph shows it."""
    return {
        "id": person.calendar.calendar_id(calendar),
        "name": calendar.name,
        "color": calendar.color,
        "hexColor": "",
        "isDefaultCalendar": calendar.is_default,
        "changeKey": change_key(person.calendar, calendar.version),
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": calendar.providers,
        "defaultOnlineMeetingProvider": calendar.providers[0] if calendar.providers else "unknown",
        "isTallyingResponses": True,
        "isRemovable": not calendar.is_default,
        "owner": {"name": person.name, "address": person.mail or person.upn},
    }


def list_events(call: Call) -> Answer:
    """Single events and series, not expanded."""
    person = call.person
    items: Sequence[Item] = person.calendar.items_of(call.calendar)
    return collection(call, "events", items, lambda item: expand(call, render_master(person, item, call.style), item))


def get_event(call: Call) -> Answer:
    person = call.person
    item, day = call.find_event()
    event = render(person, instance_on(item, day), call.style) if day else render_master(person, item, call.style)
    names = selected(call.query.get("$select"))
    if item.is_series and names and "cancelledoccurrences" in names:
        event["cancelledOccurrences"] = [f"OID.{event['id']}.{day}" for day in item.cancelled]
    context = call.context(f"{call.root}/events/$entity")
    return Answer(200, {"@odata.context": context} | pick(expand(call, event, item), kept_names(call)))


def list_view(call: Call) -> Answer:
    """Everything that stands in the window: singles, occurrences, exceptions, in full."""
    person, window = call.person, read_window(call)
    found = call.world.views.of(person.calendar, window, call.calendar)
    return collection(call, "calendarView", found, lambda entry: _render_instance(call, person, entry))


def list_instances(call: Call) -> Answer:
    """The occurrences and exceptions of one series in the window."""
    person, window = call.person, read_window(call)
    item, day = call.find_event()
    if not item.is_series or day is not None:
        raise bad_request("Your request can't be completed. The event is not the master of a series.")
    found = sorted(instances(item, window), key=lambda entry: entry.start)
    return collection(call, "instances", found, lambda entry: _render_instance(call, person, entry))


def _render_instance(call: Call, person: Person, instance: Instance) -> Json:
    return expand(call, render(person, instance, call.style), instance.item)


def expand(call: Call, event: Json, item: Item) -> Json:
    """`event` with the extended properties that the query expands, if the item has them."""
    wanted = expanded_properties(call.query.get("$expand"))
    if wanted is not None:
        found = extended_properties(item, set(wanted))
        if found:
            event["singleValueExtendedProperties"] = found
    return event


def kept_names(call: Call) -> set[str] | None:
    """The names that a $select leaves; what is expanded stays too."""
    names = selected(call.query.get("$select"))
    return names | {"singlevalueextendedproperties"} if names is not None and "$expand" in call.query else names


def collection(call: Call, what: str, rows: Sequence[Row], show: Callable[[Row], Json]) -> Answer:
    """One page of `rows`: filtered, ordered, cut and selected as the query says."""
    _ = call.style, expanded_properties(call.query.get("$expand"))  # refuse what cannot be read, also without rows
    skip = call.number("$skip", 0, 10**9)
    size = call.number("$top", _preferred_size(call), LARGEST_PAGE)
    shown: Iterable[Json]
    if "$filter" in call.query or "$orderby" in call.query:
        found = _filtered(call, rows, show)
        total, shown = len(found), found[skip : skip + size]
    else:
        total, shown = len(rows), map(show, rows[skip : skip + size])
    names = kept_names(call)
    body: Json = {"@odata.context": call.context(f"{call.root}/{what}")}
    if call.query.get("$count") == "true":
        body["@odata.count"] = total
    body["value"] = [pick(row, names) for row in shown]
    if skip + size < total:
        body["@odata.nextLink"] = _next_link(call, skip + size)
    return Answer(200, body)


def _preferred_size(call: Call) -> int:
    text = call.preferences.get("odata.maxpagesize", "")
    if not text.isdecimal() or int(text) == 0:
        return DEFAULT_PAGE
    call.applied.append(f"odata.maxpagesize={text}")
    return min(int(text), LARGEST_PAGE)


def _filtered(call: Call, rows: Iterable[Row], show: Callable[[Row], Json]) -> list[Json]:
    shown = [show(row) for row in rows]
    if call.query.get("$filter"):
        test = predicate(call.query["$filter"])
        everything = {} if "singleValueExtendedProperties" not in call.query["$filter"] else _properties_by_id(call)
        shown = [row for row in shown if holds(test, row | everything.get(row["id"], {}))]
    return ordered(shown, ordering(call.query.get("$orderby")))


def _properties_by_id(call: Call) -> dict[str, Json]:
    """The extended properties of every item, expanded or not: a filter sees them all."""
    mailbox, style = call.mailbox, call.style
    return {
        mailbox.item_id(item, immutable=style.immutable): {"singleValueExtendedProperties": extended_properties(item)}
        for item in mailbox.items.values()
        if item.extended
    }


def _next_link(call: Call, skip: int) -> str:
    query = {name: value for name, value in call.query.items() if name != "$skip"}
    names = {"startdatetime": "startDateTime", "enddatetime": "endDateTime"}
    path = "/" + "/".join(quote(segment, safe="()") for segment in call.segments)
    return call.link(path, **{names.get(name, name): value for name, value in query.items()}, **{"$skip": str(skip)})
