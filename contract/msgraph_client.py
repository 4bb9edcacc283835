"""Microsoft's msgraph-sdk with azure-identity. Source: https://learn.microsoft.com/graph/sdks/sdks-overview"""

from __future__ import annotations

import ssl

import httpx
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential as PlainCredential
from azure.identity.aio import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory

from contract import msgraph_batches, msgraph_changes, msgraph_events, msgraph_people
from contract.report import Report, expect_that, raised
from contract.stage import Stage

SCOPE = "https://graph.microsoft.com/.default"


async def run(stage: Stage, report: Report) -> None:
    """Every step of this client, in order."""
    with report.step("a token through MSAL, which asks for the discovery document first"):
        expect_that("the token has three parts", plain(stage).get_token(SCOPE).token.count(".") == 2)
    with report.step("a wrong secret is refused in Entra's words"):
        error = raised(lambda: plain(stage, client_secret="wrong").get_token(SCOPE), ClientAuthenticationError)  # noqa: S106
        expect_that("AADSTS7000215 is named", "AADSTS7000215" in str(error))
    with report.step("an unknown tenant is refused in Entra's words"):
        unknown = "00000000-1111-2222-3333-444444444444"
        raised(lambda: plain(stage, tenant_id=unknown).get_token(SCOPE), ClientAuthenticationError)
    async with credential(stage) as token_source:
        with report.step("a token without discovery, and its lifetime"):
            found = await token_source.get_token(SCOPE)
            expect_that("the token has three parts and ends some day", found.token.count(".") == 2 and found.expires_on)
        graph = client(stage, token_source)
        for part in (msgraph_people, msgraph_events, msgraph_changes, msgraph_batches):
            stage.reset()
            await part.run(graph, stage, report)


def plain(stage: Stage, **changes: str) -> PlainCredential:
    """The credential for programs without asyncio: MSAL."""
    names = ("tenant_id", "client_id", "client_secret")
    values = {name: stage.facts[name] for name in names} | changes
    return PlainCredential(
        **values,
        authority=stage.facts["login_url"],
        disable_instance_discovery=True,  # which would ask the real cloud whether it knows this authority
        connection_verify=stage.ca_file,
        retry_total=0,
    )


def credential(stage: Stage) -> ClientSecretCredential:
    """The credential for asyncio, which talks to the token endpoint by itself."""
    facts = stage.facts
    return ClientSecretCredential(
        facts["tenant_id"],
        facts["client_id"],
        facts["client_secret"],
        authority=facts["login_url"],
        connection_verify=stage.ca_file,
    )


def client(stage: Stage, token_source: ClientSecretCredential) -> GraphServiceClient:
    """The SDK with its own middleware, led to the sandbox instead of the real cloud."""
    trusted = ssl.create_default_context(cafile=stage.ca_file)
    inner = httpx.AsyncClient(base_url=stage.root, verify=trusted, timeout=20, http2=True)
    http = GraphClientFactory.create_with_default_middleware(client=inner)
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(token_source, scopes=[SCOPE]), client=http)
    adapter.base_url = stage.root
    return GraphServiceClient(request_adapter=adapter)
