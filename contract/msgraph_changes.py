"""The list of changes, followed with msgraph-sdk."""

from __future__ import annotations

from typing import Any

from msgraph import GraphServiceClient
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder

from contract.msgraph_requests import asking, refused
from contract.report import Report, expect, expect_that
from contract.stage import WINDOW, Stage, address

Delta = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters
IN_PAIRS = 'IdType="ImmutableId", odata.maxpagesize=2'


async def run(graph: GraphServiceClient, stage: Stage, report: Report) -> None:
    """A first round in pages, and rounds of changes after it."""
    delta = graph.users.by_user_id(address(1)).calendar_view.delta
    query = Delta(start_date_time=WINDOW[0].isoformat(), end_date_time=WINDOW[1].isoformat())
    items = [stage.add(1, f"Item {number}", day=number) for number in range(5)]
    with report.step("a first round of changes in pages, up to a deltaLink"):
        pages = await round_of(delta, await delta.get(asking(query, Prefer=IN_PAIRS)))
        expect_that("there is more than one page", len(pages) > 1)
        expect("the ids", sorted(ids_of(pages)), sorted(item["id"] for item in items))
        expect_that(
            "only the last page has a deltaLink",
            [bool(p.odata_delta_link) for p in pages].index(True) == len(pages) - 1,
        )
    with report.step("a round without changes is empty and has a new deltaLink"):
        quiet = await round_of(delta, await delta.with_url(pages[-1].odata_delta_link).get(asking(Prefer=IN_PAIRS)))
        expect("the ids", ids_of(quiet), [])
    with report.step("what is added, changed and deleted comes in the next round, deletions as @removed"):
        added = stage.add(1, "Added", day=6)
        stage.control("PATCH", f"mailboxes/{address(1)}/events/{items[0]['id']}", {"subject": "Changed"})
        stage.control("DELETE", f"mailboxes/{address(1)}/events/{items[1]['id']}")
        link = quiet[-1].odata_delta_link
        later = await round_of(delta, await delta.with_url(link).get(asking(Prefer=IN_PAIRS)))
        found = {event.id: event for page in later for event in page.value}
        expect("the ids", set(found), {added["id"], items[0]["id"], items[1]["id"]})
        expect("the changed subject", found[items[0]["id"]].subject, "Changed")
        removed = found[items[1]["id"]].additional_data
        expect("what says that it is gone", removed.get("@removed"), {"reason": "deleted"})
    with report.step("$select is refused in a list of changes"):
        bad = Delta(start_date_time=query.start_date_time, end_date_time=query.end_date_time, select=["subject"])
        await refused(delta.get(asking(bad)), 400, "ErrorInvalidUrlQuery")
    with report.step("a link that the service does not know any more is 410 SyncStateNotFound"):
        stage.fault({"path": "delta"}, times=1, status=410, code="SyncStateNotFound")
        await refused(delta.with_url(later[-1].odata_delta_link).get(), 410, "SyncStateNotFound")


async def round_of(delta: DeltaRequestBuilder, page: Any) -> list[Any]:
    """All pages of a round, from this one on."""
    pages = [page]
    while page.odata_next_link:
        page = await delta.with_url(page.odata_next_link).get(asking(Prefer=IN_PAIRS))
        pages.append(page)
    return pages


def ids_of(pages: list[Any]) -> list[str]:
    return [event.id for page in pages for event in page.value]
