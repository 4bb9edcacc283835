"""Entra's discovery documents: what a sign-in library asks before it asks for a token."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sandbox.aadsts import Refused, refusal
from sandbox.calls import Answer
from sandbox.items import Json
from sandbox.world import World

SHARED = ("common", "organizations", "consumers")  # endpoints of no tenant in particular
MICROSOFT = (
    "login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
    "login.chinacloudapi.cn", "login.partner.microsoftonline.cn", "login.microsoftonline.de",
    "login-us.microsoftonline.com", "login.microsoftonline.us", "login.usgovcloudapi.net",
)  # fmt: skip
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]")


def check_tenant(world: World, tenant: str) -> None:
    """Refused unless the name is the tenant's id or its domain."""
    name = tenant.lower()
    if name in (world.tenant_id, world.domain):
        return
    if name in SHARED:
        raise Refused(9001023)
    if not _GUID.fullmatch(name) and not _DOMAIN.fullmatch(name):
        raise Refused(900023, tenant=tenant)
    raise Refused(90002, tenant=tenant)


def configuration(world: World, tenant: str, *, v2: bool = True) -> Answer:
    """The openid-configuration of a tenant, whose id stands in it even when its domain was asked for."""
    if tenant.lower() in SHARED:
        base = f"{world.origin}/{tenant.lower()}"
        return Answer(200, _facts(world, base) | {"issuer": f"{world.origin}/{{tenantid}}/v2.0"})
    try:
        check_tenant(world, tenant)
    except Refused as refused:
        return refusal(world, refused, error="invalid_tenant")
    base = f"{world.origin}/{world.tenant_id}"
    return Answer(200, _facts(world, base) | {"issuer": f"{base}/v2.0" if v2 else base})


def _facts(world: World, base: str) -> Json:
    host = world.origin.removeprefix("https://")
    methods = ["client_secret_post", "private_key_jwt", "client_secret_basic"]
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": methods,
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": "",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{world.origin}/oidc/userinfo",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat"],
        "kerberos_endpoint": f"{base}/kerberos",
        "tenant_region_scope": "EU",
        "cloud_instance_name": host,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": host,
        "rbac_url": "https://pas.windows.net",
    }


def instances(world: World, query: dict[str, str]) -> Answer:
    """Which hosts are one and the same cloud, and where the tenant's configuration is."""
    if "authorization_endpoint" not in query:
        return refusal(world, Refused(900144, name="authorization_endpoint"))
    asked = urlsplit(query["authorization_endpoint"].replace("[", "").replace("]", ""))
    own = urlsplit(world.origin)
    if (asked.hostname or "") not in (*MICROSOFT, own.hostname):
        return refusal(world, Refused(50049))
    tenant = asked.path.strip("/").partition("/")[0] or world.tenant_id
    metadata = [{"preferred_network": own.netloc, "preferred_cache": own.netloc, "aliases": [own.netloc]}]
    if asked.hostname in MICROSOFT:
        aliases = list(MICROSOFT[:4])
        metadata.append({"preferred_network": aliases[0], "preferred_cache": aliases[2], "aliases": aliases})
    endpoint = f"{world.origin}/{tenant}/v2.0/.well-known/openid-configuration"
    version = query.get("api-version", "1.1")
    return Answer(200, {"tenant_discovery_endpoint": endpoint, "api-version": version, "metadata": metadata})
