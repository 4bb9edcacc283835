"""Several requests in one, with msgraph-sdk."""

from __future__ import annotations

import json
from typing import Any

from kiota_abstractions.request_information import RequestInformation
from kiota_serialization_json.json_parse_node import JsonParseNode
from msgraph import GraphServiceClient
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_collection_response import EventCollectionResponse
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.requests.batch_response_content import BatchResponseContent

from contract.msgraph_requests import course
from contract.report import Report, expect, expect_that
from contract.stage import Stage, address


async def run(graph: GraphServiceClient, stage: Stage, report: Report) -> None:
    """A batch that writes and reads, one of which a part is throttled, and one with addresses that Graph refuses."""
    ann, ben = (graph.users.by_user_id(address(number)) for number in (0, 1))
    with report.step("a batch that creates and reads, each part with its body"):
        create = item(stage, "create", ann.events.to_post_request_information(course("In a batch")))
        listed = item(stage, "list", ben.events.to_get_request_information())
        answer, bodies = await post(graph, create, listed)
        expect("the statuses", answer.get_response_status_codes(), {"create": 201, "list": 200})
        expect("the subject", read(bodies["create"], Event).subject, "In a batch")
        expect("the list", read(bodies["list"], EventCollectionResponse).value, [])
    with report.step("a batch with a throttled part: 200 as a whole, 429 with Retry-After for that part alone"):
        stage.fault({"in_batch": True, "mailbox": address(1)}, times=1, status=429, retry_after=7)
        asked = {"ann": ann, "ben": ben}
        parts = [item(stage, name, user.events.to_get_request_information()) for name, user in asked.items()]
        answer, bodies = await post(graph, *parts)
        expect("the statuses", answer.get_response_status_codes(), {"ann": 200, "ben": 429})
        headers = {name.lower(): value for name, value in answer.get_response_by_id("ben").headers.items()}
        expect("Retry-After", headers.get("retry-after"), "7")
        expect("the code", read(bodies["ben"], ODataError).error.code, "ApplicationThrottled")
    with report.step("a part whose address is absolute is refused, as Graph does"):
        absolute = BatchRequestItem(ann.events.to_get_request_information(), id="1")
        expect_that("the SDK still writes it so", absolute.url.startswith("https://"))
        answer = await graph.batch.post(BatchRequestContent({"1": absolute}))
        expect_that("the part is refused", answer.get_response_status_codes()["1"] in (400, 404))


def item(stage: Stage, name: str, request: RequestInformation) -> BatchRequestItem:
    """A part of a batch. Its address must be cut short: the SDK leaves it absolute, which Graph refuses.

    Source: https://github.com/microsoftgraph/msgraph-sdk-python/issues/1015
    """
    found = BatchRequestItem(request, id=name)
    found.url = found.url.removeprefix(stage.root)
    return found


async def post(graph: GraphServiceClient, *parts: BatchRequestItem) -> tuple[BatchResponseContent, dict[str, Any]]:
    """The SDK's answer to a batch, and its bodies, which the SDK loses when they are JSON.

    Source: https://github.com/microsoft/kiota-python/issues/737
    """
    request = await graph.batch.to_post_request_information(BatchRequestContent({part.id: part for part in parts}))
    raw = await graph.request_adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
    whole = json.loads(raw)
    return read(whole, BatchResponseContent), {part["id"]: part.get("body") for part in whole["responses"]}


def read(value: Any, kind: type[Any]) -> Any:
    """An object of the SDK from JSON."""
    return JsonParseNode(value).get_object_value(kind)
