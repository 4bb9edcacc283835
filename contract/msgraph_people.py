"""The directory, read with msgraph-sdk."""

from __future__ import annotations

from typing import Any

from msgraph import GraphServiceClient
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core.tasks.page_iterator import PageIterator

from contract.msgraph_requests import asking, refused
from contract.report import Report, expect, expect_that
from contract.stage import PEOPLE, Stage, address

Users = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters
OneUser = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters


async def run(graph: GraphServiceClient, stage: Stage, report: Report) -> None:
    """Page through the people, find some, and ask for nobody."""
    with report.step("users in pages of three, turned by the SDK's own iterator"):
        first = await graph.users.get(asking(Users(top=3, select=["id", "mail", "displayName"])))
        expect("the people of the first page", len(first.value), 3)
        seen: list[Any] = []
        await PageIterator(first, graph.request_adapter).iterate(lambda user: seen.append(user) or True)
        expect("the ids", sorted(user.id for user in seen), stage.ids())
        expect_that(
            "everybody's mail is there", {address(number) for number in range(PEOPLE)} <= {u.mail for u in seen}
        )
    with report.step("a user by mail address and by object id is the same"):
        by_mail = await graph.users.by_user_id(address(2)).get()
        by_id = await graph.users.by_user_id(by_mail.id).get(asking(OneUser(select=["displayName", "userType"])))
        expect("the names", (by_mail.display_name, by_id.display_name), ("Person 2", "Person 2"))
    with report.step("users by a filter, and counted"):
        query = Users(filter=f"mail eq '{address(4)}'", count=True)
        found = await graph.users.get(asking(query, ConsistencyLevel="eventual"))
        expect("the people", [user.display_name for user in found.value], ["Person 4"])
        expect("the count", found.odata_count, 1)
    with report.step("a user who does not exist is an ODataError with code, message and request id"):
        error = await refused(graph.users.by_user_id("nobody@school.example").get(), 404, "Request_ResourceNotFound")
        inner = error.error.inner_error
        expect_that("the message and the request id are there", error.error.message and inner.request_id)
        expect_that("the date is one", inner.date is not None)
    with report.step("a filter that is none is an ODataError"):
        await refused(graph.users.get(asking(Users(filter="mail eq"))), 400, "BadRequest")
