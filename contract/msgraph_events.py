"""Events written and read with msgraph-sdk."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

from msgraph import GraphServiceClient
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.day_of_week import DayOfWeek
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_type import EventType
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
from msgraph.generated.models.recurrence_pattern import RecurrencePattern
from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
from msgraph.generated.models.recurrence_range import RecurrenceRange
from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
from msgraph.generated.users.item.events.events_request_builder import EventsRequestBuilder
from msgraph.generated.users.item.events.item.event_item_request_builder import EventItemRequestBuilder
from msgraph.generated.users.item.events.item.instances.instances_request_builder import InstancesRequestBuilder
from msgraph_core.tasks.page_iterator import PageIterator

from contract.msgraph_requests import IMMUTABLE, asking, course, refused, time
from contract.report import Report, expect, expect_that
from contract.stage import MARKER, START, WINDOW, Stage, address

Events = EventsRequestBuilder.EventsRequestBuilderGetQueryParameters
OneEvent = EventItemRequestBuilder.EventItemRequestBuilderGetQueryParameters
View = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters
Instances = InstancesRequestBuilder.InstancesRequestBuilderGetQueryParameters
MARKED = f"singleValueExtendedProperties($filter=id eq '{MARKER}')"


async def run(graph: GraphServiceClient, stage: Stage, report: Report) -> None:
    """Create, find, change, list and delete events of one person."""
    ann = graph.users.by_user_id(address(0))
    await _create_and_change(ann, stage, report)
    await _lists(ann, report)
    await _errors(graph, ann, stage, report)


async def _create_and_change(ann: object, stage: Stage, report: Report) -> None:
    key, marker = str(uuid4()), str(uuid4())
    prefer = asking(Prefer=IMMUTABLE)
    with report.step("an event created twice with one transactionId and an extended property is one event"):
        first = await ann.events.post(course(key=key, marker=marker), prefer)
        again = await ann.events.post(course(key=key, marker=marker), prefer)
        expect("the second id", again.id, first.id)
        expect("the transactionId", first.transaction_id, key)
        expect("the items in the calendar", len(stage.control("GET", f"mailboxes/{address(0)}/events")["value"]), 1)
        expect_that("it has an etag, a changeKey and times", first.change_key and first.created_date_time)
    with report.step("another event with that transactionId is refused"):
        await refused(ann.events.post(course("Other", key=key), prefer), 409, "ErrorDuplicateTransactionId")
    with report.step("the event is found by its extended property, and shows it when expanded"):
        wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq '{marker}')"
        found = await ann.events.get(asking(Events(filter=wanted, expand=[MARKED]), Prefer=IMMUTABLE))
        expect("the ids", [event.id for event in found.value], [first.id])
        (shown,) = found.value[0].single_value_extended_properties
        expect("the property", (shown.id.lower(), shown.value), (MARKER.lower(), marker))
    with report.step("a patch changes what it names and nothing else"):
        change = Event(subject="First aid II", show_as=FreeBusyStatus.Tentative)
        changed = await ann.events.by_event_id(first.id).patch(change, prefer)
        expect("subject and show-as", (changed.subject, changed.show_as), ("First aid II", FreeBusyStatus.Tentative))
        expect("the start", changed.start.date_time[:19], START.isoformat())
        expect("the room", changed.location.display_name, "Room 3")
        expect_that("the change key has moved", changed.change_key != first.change_key)
    with report.step("an event is read in another zone"):
        headers = {"Prefer": f'{IMMUTABLE}, outlook.timezone="W. Europe Standard Time"'}
        read = await ann.events.by_event_id(first.id).get(asking(OneEvent(select=["subject", "start"]), **headers))
        expect("the zone", read.start.time_zone, "W. Europe Standard Time")
    with report.step("a deleted event is gone"):
        await ann.events.by_event_id(first.id).delete()
        await refused(ann.events.by_event_id(first.id).get(), 404, "ErrorItemNotFound")


async def _lists(ann: object, report: Report) -> None:
    with report.step("a weekly series has its instances, and the calendar view shows them in order"):
        series = await ann.events.post(weekly())
        expect("the type", series.type, EventType.SeriesMaster)
        query = Instances(start_date_time=WINDOW[0].isoformat(), end_date_time=WINDOW[1].isoformat())
        instances = await ann.events.by_event_id(series.id).instances.get(asking(query))
        expect("the types", [event.type for event in instances.value], [EventType.Occurrence] * 5)
        expect("the series", {event.series_master_id for event in instances.value}, {series.id})
    with report.step("the calendar view in pages of two, turned by the SDK's own iterator"):
        seen: list[Event] = []
        window = {"start_date_time": WINDOW[0].isoformat(), "end_date_time": WINDOW[1].isoformat()}
        first = await ann.calendar_view.get(asking(View(**window, top=2, orderby=["start/dateTime"])))
        await PageIterator(first, ann.request_adapter).iterate(lambda event: seen.append(event) or True)
        starts = [event.start.date_time for event in seen]
        expect("the events", (len(seen), starts), (5, sorted(starts)))
    with report.step("one changed instance is an exception, the others stay"):
        moved = Event(start=time(START + dt.timedelta(hours=1)), end=time(START + dt.timedelta(hours=2)))
        await ann.events.by_event_id(seen[0].id).patch(moved)
        after = await ann.calendar_view.get(asking(View(**window, orderby=["start/dateTime"])))
        expect("the types", [event.type for event in after.value], [EventType.Exception] + [EventType.Occurrence] * 4)
    with report.step("the calendars of a person"):
        calendars = await ann.calendars.get()
        default = await ann.calendar.get()
        expect("the default calendar", [one.id for one in calendars.value if one.is_default_calendar], [default.id])


async def _errors(graph: GraphServiceClient, ann: object, stage: Stage, report: Report) -> None:
    with report.step("an unknown zone is refused"):
        bad = course()
        bad.start = DateTimeTimeZone(date_time=START.isoformat(), time_zone="Moon Standard Time")
        await refused(ann.events.post(bad), 400, "TimeZoneNotSupportedException")
    with report.step("an id that is none is refused"):
        await refused(ann.events.by_event_id("no-id").get(), 400, "ErrorInvalidIdMalformed")
    with report.step("a mailbox without a licence is refused"):
        stage.control("POST", "people", {"mail": address(5), "mailbox": "none"})
        events = graph.users.by_user_id(address(5)).events
        await refused(events.get(), 404, "MailboxNotEnabledForRESTAPI")
    with report.step("a request that is throttled once is sent again by the SDK after Retry-After"):
        stage.fault({"method": "GET", "path": "/users/{id}/events"}, times=1, status=429, retry_after=1)
        before = stage.counted().get("GET /users/{id}/events", 0)
        await ann.events.get()
        expect("the requests", stage.counted()["GET /users/{id}/events"] - before, 2)
        stage.control("DELETE", "faults")


def weekly() -> Event:
    """An event in five weeks, on the same day."""
    event = course("Weekly")
    day = list(DayOfWeek)[(START.weekday() + 1) % 7]  # theirs begins with Sunday
    event.recurrence = PatternedRecurrence(
        pattern=RecurrencePattern(type=RecurrencePatternType.Weekly, interval=1, days_of_week=[day]),
        range=RecurrenceRange(
            type=RecurrenceRangeType.Numbered,
            start_date=START.date(),
            number_of_occurrences=5,
            recurrence_time_zone="UTC",
        ),
    )
    return event
