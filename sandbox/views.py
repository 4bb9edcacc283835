"""Reading calendars: the calendar itself, its events, its views and the instances of a series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from sandbox.calls import Answer, Call, number_of
from sandbox.entity_types import CALENDAR, EVENT, EntityType
from sandbox.errors import GraphError, bad_request
from sandbox.expansion import MULTI, SINGLE, expand, expansions
from sandbox.items import Instance, Item, Json
from sandbox.mailbox import Person
from sandbox.odata import holds, ordered, ordering, pick, predicate
from sandbox.rendering import (
    extended_properties,
    multi_value_properties,
    render,
    render_calendar,
    render_master,
)
from sandbox.series import instance_on, instances

LONGEST_VIEW = timedelta(days=1825)
FIRST_MOMENT = datetime(1601, 1, 1, tzinfo=UTC)  # nothing stands in a calendar before it
LAST_MOMENT = datetime(4500, 12, 31, tzinfo=UTC)  # or after this; both with room to count days from
DEFAULT_PAGE = 10
LARGEST_PAGE = 1000
NOT_IN_VIEWS = {"createddatetime", "lastmodifieddatetime"}
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
        instant = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return min(max(instant, FIRST_MOMENT), LAST_MOMENT)
    except (ValueError, OverflowError):
        raise GraphError(400, "ErrorInvalidParameter", f"The value '{text}' is no date and time.") from None


def get_calendar(call: Call) -> Answer:
    what = "calendars/$entity" if call.calendar_id else "calendar/$entity"
    body = {"@odata.context": call.context(f"users('{quote(call.ids[0])}')/{what}")} | render_calendar(
        call.person, call.calendar
    )
    return Answer(200, pick(body, CALENDAR.selected(call.query.get("$select"))))


def list_calendars(call: Call) -> Answer:
    calendars = list(call.mailbox.calendars.values())
    return collection(call, "calendars", calendars, lambda calendar: render_calendar(call.person, calendar))


def list_events(call: Call) -> Answer:
    """Single events and series, not expanded."""
    person = call.person
    items = _listed(call)
    return collection(call, "events", items, lambda item: expand(call, render_master(person, item, call.style), item))


def _listed(call: Call) -> Sequence[Item]:
    """What /events is about: the calendar; a search by extended property may go through the whole mailbox."""
    text = call.query.get("$filter", "").lower()
    if "extensions/" in text:
        raise bad_request("The property 'extensions' cannot be filtered by.", "ErrorInvalidUrlQueryFilter")
    is_search = SINGLE.lower() in text or MULTI.lower() in text
    if is_search and call.segments[2].lower() == "events" and call.world.settings.property_search == "mailbox":
        return list(call.mailbox.items.values())
    return call.mailbox.items_of(call.calendar)


def get_event(call: Call) -> Answer:
    person = call.person
    item, day = call.find_event()
    event = render(person, instance_on(item, day), call.style) if day else render_master(person, item, call.style)
    names = EVENT.selected(call.query.get("$select"))
    if item.is_series and names and "cancelledoccurrences" in names:
        event["cancelledOccurrences"] = [f"OID.{event['id']}.{day}" for day in item.cancelled]
    context = call.context(f"{call.root}/events/$entity")
    return Answer(200, {"@odata.context": context} | pick(expand(call, event, item), kept_names(call)))


def list_view(call: Call) -> Answer:
    """Everything that stands in the window: singles, occurrences, exceptions, in full."""
    person, window = call.person, read_window(call)
    found = call.world.views.of(person.mailbox, window, call.calendar)
    hidden = _hidden(EVENT.selected(call.query.get("$select")))

    def show(entry: Instance) -> Json:
        event = _render_instance(call, person, entry)
        return _without(event, hidden) if hidden else event

    return collection(call, "calendarView", found, show)


def _hidden(names: set[str] | None) -> set[str]:
    """What a view leaves out although it is selected: two times, and the link of a meeting not asked whether online."""
    if names is None:
        return set()
    hidden = names & NOT_IN_VIEWS
    return hidden | {"joinurl"} if "onlinemeeting" in names and "isonlinemeeting" not in names else hidden


def _without(event: Json, hidden: set[str]) -> Json:
    meeting = event["onlineMeeting"]
    if "joinurl" in hidden and meeting:
        event["onlineMeeting"] = {name: value for name, value in meeting.items() if name != "joinUrl"}
    return {name: value for name, value in event.items() if name.lower() not in hidden}


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


def kept_names(call: Call, of: EntityType = EVENT) -> set[str] | None:
    """The names that a $select leaves; what is expanded stays too."""
    names = of.selected(call.query.get("$select"))
    return names | {name.lower() for name in expansions(call.query.get("$expand"))} if names is not None else None


def collection(call: Call, what: str, rows: Sequence[Row], show: Callable[[Row], Json]) -> Answer:
    """One page of `rows`: filtered, ordered, cut and selected as the query says."""
    _ = call.style, expansions(call.query.get("$expand"))  # refuse what cannot be read, also without rows
    of = CALENDAR if what == "calendars" else EVENT
    skip, names = call.number("$skip", 0, 10**9), kept_names(call, of)
    size = call.number("$top", _preferred_size(call), LARGEST_PAGE)
    _check_top(call)
    shown: Iterable[Json]
    if "$filter" in call.query or "$orderby" in call.query:
        found = _filtered(call, rows, show, of)
        total, shown = len(found), found[skip : skip + size]
    else:
        total, shown = len(rows), map(show, rows[skip : skip + size])
    body: Json = {"@odata.context": call.context(f"{call.root}/{what}")}
    if call.query.get("$count") == "true":
        body["@odata.count"] = total
    body["value"] = [pick(row, names) for row in shown]
    if skip + size < total:
        body["@odata.nextLink"] = _next_link(call, skip + size)
    return Answer(200, body)


def _check_top(call: Call) -> None:
    """Whether a $top over the limit is refused or cut is not known for sure."""
    text = call.query.get("$top", "0")
    if call.world.settings.events_top == "refuse" and number_of(text) > LARGEST_PAGE:
        message = f"The limit of '{LARGEST_PAGE}' for Top query has been exceeded. The value is '{text}'."
        raise bad_request(message, "ErrorInvalidUrlQuery")


def _preferred_size(call: Call) -> int:
    text = call.preferences.get("odata.maxpagesize", "")
    if not text.isdecimal() or number_of(text) == 0:
        return DEFAULT_PAGE
    call.applied.append(f"odata.maxpagesize={text}")
    return min(number_of(text), LARGEST_PAGE)


def _filtered(call: Call, rows: Iterable[Row], show: Callable[[Row], Json], of: EntityType) -> list[Json]:
    shown, keys = [show(row) for row in rows], ordering(call.query.get("$orderby"), of)
    if call.query.get("$filter"):
        test = predicate(call.query["$filter"], of)
        everything = _properties_by_id(call) if "extendedproperties" in call.query["$filter"].lower() else {}
        shown = [row for row in shown if holds(test, row | everything.get(row["id"], {}))]
    return ordered(shown, keys)


def _properties_by_id(call: Call) -> dict[str, Json]:
    """The extended properties of every item, expanded or not: a filter sees them all."""
    mailbox, style = call.mailbox, call.style
    return {
        mailbox.item_id(item, immutable=style.immutable): {
            SINGLE: extended_properties(item),
            MULTI: multi_value_properties(item),
        }
        for item in mailbox.items.values()
        if item.extended or item.multi_valued
    }


def _next_link(call: Call, skip: int) -> str:
    query = {name: value for name, value in call.query.items() if name != "$skip"}
    names = {"startdatetime": "startDateTime", "enddatetime": "endDateTime"}
    path = "/" + "/".join(quote(segment, safe="()") for segment in call.segments)
    return call.link(path, **{names.get(name, name): value for name, value in query.items()}, **{"$skip": str(skip)})
