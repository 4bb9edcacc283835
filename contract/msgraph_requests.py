"""What the steps with msgraph-sdk say again and again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.event import Event
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.location import Location
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty

from contract.report import Differs, expect
from contract.stage import MARKER, START

IMMUTABLE = 'IdType="ImmutableId"'


def asking(query: Any = None, **headers: str) -> RequestConfiguration[Any]:
    """What goes with a request: a query, and headers by their names."""
    sent = HeadersCollection()
    for name, value in headers.items():
        sent.add(name, value)
    return RequestConfiguration(query_parameters=query, headers=sent)


def course(subject: str = "First aid", key: str | None = None, *, day: int = 0, marker: str = "") -> Event:
    """An event of two hours, with a transaction id and an extended property where they are named."""
    start = START + timedelta(days=day)
    event = Event(
        subject=subject,
        start=time(start),
        end=time(start + timedelta(hours=2)),
        location=Location(display_name="Room 3"),
        body=ItemBody(content_type=BodyType.Text, content="Bring a pen."),
        transaction_id=key,
    )
    if marker:
        event.single_value_extended_properties = [SingleValueLegacyExtendedProperty(id=MARKER, value=marker)]
    return event


def time(moment: datetime) -> DateTimeTimeZone:
    return DateTimeTimeZone(date_time=moment.isoformat(), time_zone="UTC")


async def refused(waiting: Any, status: int, code: str) -> ODataError:
    """The error that the SDK makes of a refusal; Differs when it is another one, or none."""
    try:
        await waiting
    except ODataError as error:
        expect("the status", error.response_status_code, status)
        expect("the code", error.error and error.error.code, code)
        return error
    raise Differs("nothing was refused")
