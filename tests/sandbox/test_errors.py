"""What every answer carries, what errors look like, and requests that make no sense."""

from __future__ import annotations

import json
import socket
import ssl
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import WINDOW, Client, course


def test_every_answer_says_which_request_it_answers(sandbox: Client) -> None:
    own = sandbox.graph("GET", "/users", headers={"client-request-id": "7e0b0001-0000-4000-8000-000000000001"})
    none = sandbox.graph("GET", "/users")

    assert own.headers["client-request-id"] == "7e0b0001-0000-4000-8000-000000000001"
    assert none.headers["client-request-id"] == none.headers["request-id"] != own.headers["request-id"]
    assert own.headers["Date"].endswith("GMT")
    assert "DataCenter" in json.loads(own.headers["x-ms-ags-diagnostic"])["ServerInfo"]


def test_an_error_names_the_request_as_its_headers_do(sandbox: Client) -> None:
    response = sandbox.graph("GET", "/users/nobody", headers={"client-request-id": "mine"})

    inner = response.json()["error"]["innerError"]
    assert (inner["request-id"], inner["client-request-id"]) == (response.headers["request-id"], "mine")


@pytest.mark.parametrize(
    ("style", "names"),
    [
        ("innerError", {"code", "message", "innerError"}),
        ("innererror", {"code", "message", "innererror"}),
        ("nested", {"code", "message", "innerError"}),
        ("none", {"code", "message"}),
    ],
)
def test_what_stands_inside_an_error_is_a_switch(sandbox: Client, style: str, names: set[str]) -> None:
    sandbox.configure(inner_error=style)

    error = sandbox.graph("GET", "/users/nobody").json()["error"]

    assert set(error) == names
    assert (style == "nested") == ("code" in error.get("innerError", {}))


@pytest.mark.parametrize(
    ("switch", "status", "code"),
    [
        (None, 404, "BadRequest"),
        ("404 ResourceNotFound", 404, "ResourceNotFound"),
        ("400 BadRequest", 400, "BadRequest"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_as_the_switch_says(
    sandbox: Client, switch: str | None, status: int, code: str
) -> None:
    if switch:
        sandbox.configure(unknown_path=switch)

    response = sandbox.graph("GET", "/users/ann@school.example/shoes")

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/v1.0", "/v1.0/", "/beta", "/beta/users", "/v1.0/x", "/v1.0//users", "/v1.0/users/"])
def test_a_path_that_is_none_of_ours_is_answered_like_graph(sandbox: Client, path: str) -> None:
    response = sandbox.session.get(f"{sandbox.facts['graph_url']}{path}", timeout=10)

    assert response.status_code in (200, 404)
    assert "request-id" in response.headers


@pytest.mark.parametrize("path", ["/users('{ann}')", "/users('{ann}')/events", "/users/{ann}/events('x')"])
def test_an_id_in_parentheses_never_leads_to_the_whole_list(sandbox: Client, ann: str, path: str) -> None:
    response = sandbox.graph("GET", path.format(ann=ann))

    assert (response.status_code, response.json()["error"]["code"]) == (404, "BadRequest")


def test_an_application_has_no_me(sandbox: Client) -> None:
    response = sandbox.graph("GET", "/me/calendar")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")
    assert "delegated" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/users/delta"), ("DELETE", "/users"), ("PUT", "/users/x/events/y"), ("PATCH", "/users/x/calendarView")],
)
def test_a_method_that_a_path_does_not_know_is_refused(sandbox: Client, method: str, path: str) -> None:
    response = sandbox.graph(method, path, json={})

    assert response.status_code == 405


def test_a_body_that_is_no_json_by_its_type_is_refused(sandbox: Client, ann: str) -> None:
    body, headers = json.dumps(course()), {"Content-Type": "text/plain"}

    response = sandbox.graph("POST", f"/users/{ann}/events", data=body, headers=headers)

    assert response.status_code == 415


def test_a_body_over_the_limit_is_refused_and_the_limit_is_a_switch(sandbox: Client, ann: str) -> None:
    sandbox.configure(max_body_bytes=2000)

    small = sandbox.graph("POST", f"/users/{ann}/events", json=course())
    large = sandbox.graph("POST", f"/users/{ann}/events", json=course(subject="x" * 2000))

    assert (small.status_code, large.status_code) == (201, 413)


BROKEN: list[bytes] = [
    b"{",
    b"\xff\xfe",
    b'{"subject": "\xff"}',
    b'{"subject": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"1" * 10_000,
    b'{"availabilityViewInterval": NaN}',
    b'{"availabilityViewInterval": 1e999}',
    b"null",
    b"[]",
    b'"text"',
    b"\x00",
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("path", ["/users/{}/events", "/$batch", "/users/{}/calendar/getSchedule"])
def test_a_body_that_cannot_be_read_is_a_mistake_of_the_client(
    sandbox: Client, ann: str, path: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}

    response = sandbox.graph("POST", path.format(ann), data=body, headers=headers)

    assert response.status_code == 400


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("path", ["settings", "people", "faults", "tokens", "certificates", "clock"])
def test_the_control_api_too_refuses_what_it_cannot_read(sandbox: Client, path: str, body: bytes) -> None:
    url = f"{sandbox.facts['admin_url']}/_sandbox/{path}"

    response = sandbox.session.post(url, data=body, timeout=10)

    assert response.status_code == 400


ODD_QUERIES = [
    "$top=" + "9" * 5000,
    "$top=%D9%A3",
    "$top=-1",
    "$top=1e3",
    "$skiptoken=%00",
    "$skiptoken=RFNwdAoAAQ" + "9" * 5000 + "e0",
    "$skiptoken=RFNwdAoAAQ999999999e999999999",
    "$filter=" + "(" * 450,
    "$filter=" + "not%20" * 450 + "true&$count=true",
    "$filter=mail%20eq%20" + "9" * 5000,
    "$filter=mail%20eq%20'%00%FF'",
    "$filter=proxyAddresses/any(p:p/x/y%20eq%20'a')",
    "$filter=mail/any(p:p%20eq%20'a')",
    "$filter=startswith(mail)",
    "$filter=mail%20in%20()",
    "$filter=",
    "$orderby=" + "mail," * 500,
    "$orderby=,%20,/",
    "$select=,,%00",
    "$select=*",
    "$search=%22",
    "$deltatoken=%FF%FE",
    "$deltatoken=AAAA",
    "%=%&&&=;",
    "$expand=manager($levels=max;$select=id)",
    "a=" + "b" * 20_000,
]


@pytest.mark.parametrize("query", ODD_QUERIES, ids=range(len(ODD_QUERIES)))
@pytest.mark.parametrize("path", ["/users", "/users/delta", "/users/{}", "/users/{}/events", "/users/{}/calendarView"])
def test_no_query_makes_the_sandbox_fail(sandbox: Client, ann: str, path: str, query: str) -> None:
    url = f"{sandbox.facts['graph_url']}/v1.0{path.format(ann)}?{query}&{WINDOW}"

    response = sandbox.session.get(url, headers={"ConsistencyLevel": "eventual"}, timeout=10)

    assert response.status_code in (200, 400, 501), response.text


ODD_PATHS = [
    b"/v1.0/users/%00",
    b"/v1.0/users/%FF%FE/events",
    b"/v1.0/users/%F0%28%8C%28",
    b"/v1.0/users/%ED%A0%80/calendarView/delta",
    b"/v1.0/users/" + b"x" * 20_000,
    b"/v1.0/users/x/outlook/supportedTimeZones((((",
    b"/v1.0/%24batch",
    b"/v1.0/" + b"users/" * 2000,
    b"/%00/oauth2/v2.0/token",
    b"/%FF/v2.0/.well-known/openid-configuration",
    b"/common/discovery/instance?authorization_endpoint=https://[::1",
    b"/_sandbox/%FF",
    b"/_sandbox/mailboxes/%00/events",
    b"//v1.0/users",
    b"/..%2f..%2fetc/passwd",
]


@pytest.mark.parametrize("path", ODD_PATHS, ids=range(len(ODD_PATHS)))
@pytest.mark.parametrize("method", [b"GET", b"POST", b"OPTIONS"])
def test_no_path_makes_the_sandbox_fail(sandbox: Client, path: bytes, method: bytes) -> None:
    status = raw(sandbox, method, path)

    assert 400 <= status < 500


def raw(sandbox: Client, method: bytes, path: bytes) -> int:
    """The status of the answer to a request whose path no client library would send."""
    host = urlsplit(sandbox.facts["graph_url"])
    context = ssl.create_default_context(cafile=sandbox.facts["ca_file"])
    token = str(sandbox.session.headers["Authorization"]).encode()
    head = b"%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with (
        socket.create_connection((host.hostname, host.port), 10) as plain,
        context.wrap_socket(plain, server_hostname=host.hostname) as secure,
    ):
        secure.sendall(head % (method, path, token))
        return int(secure.recv(65536).split(b" ")[1])


@pytest.mark.parametrize("header", ["Prefer", "ConsistencyLevel", "If-Match", "client-request-id", "Content-Type"])
@pytest.mark.parametrize(
    "value",
    ["\xff\xfe", "x" * 20_000, ",;=\"'", 'outlook.timezone="../../x"', "odata.maxpagesize=" + "9" * 5000],
    ids=range(5),
)
def test_no_header_makes_the_sandbox_fail(sandbox: Client, ann: str, header: str, value: str) -> None:
    headers: Any = {header: value.encode("latin-1")}

    response = sandbox.graph("GET", f"/users/{ann}/calendarView/delta?{WINDOW}", headers=headers)

    assert response.status_code in (200, 400)


@pytest.mark.parametrize("option", ["$orderby", "$filter", "$select", "$expand", "$search"])
def test_a_delta_refuses_every_option_that_it_does_not_know_and_names_them_all(
    sandbox: Client, ann: str, option: str
) -> None:
    response = sandbox.graph("GET", f"/users/{ann}/calendarView/delta?{WINDOW}&{option}=subject")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "ErrorInvalidUrlQuery")
    assert response.json()["error"]["message"] == (
        "The following parameters are not supported with change tracking over the 'CalendarView' resource: "
        "'$orderby, $filter, $select, $expand, $search'."
    )


def test_preferences_that_were_honoured_are_named(sandbox: Client, ann: str) -> None:
    wanted = 'IdType="ImmutableId", outlook.timezone="Europe/Berlin", outlook.body-content-type="text"'

    response = sandbox.graph("GET", f"/users/{ann}/events", headers={"Prefer": wanted})

    assert response.headers["Preference-Applied"] == wanted


def test_preferences_may_come_in_several_headers(sandbox: Client, ann: str) -> None:
    host = urlsplit(sandbox.facts["graph_url"])
    context = ssl.create_default_context(cafile=sandbox.facts["ca_file"])
    connection = HTTPSConnection(host.hostname or "", host.port, timeout=10, context=context)
    connection.putrequest("GET", f"/v1.0/users/{ann}/events")
    connection.putheader("Authorization", str(sandbox.session.headers["Authorization"]))
    connection.putheader("Prefer", 'IdType="ImmutableId"')
    connection.putheader("Prefer", "odata.maxpagesize=5")
    connection.endheaders()

    applied = connection.getresponse().getheader("Preference-Applied")
    connection.close()

    assert applied == 'IdType="ImmutableId", odata.maxpagesize=5'


@pytest.mark.parametrize(
    "change",
    [
        {"shoes": 42},
        {"users_top": "maybe"},
        {"moved_status": 1000},
        {"duplicate_transaction_status": 200},
        {"expires_in": -1},
        {"latency_ms": "fast"},
        {"latency_ms": True},
        {"roles": ["Calendars.Read", 5]},
        {"entra_statuses": {"7000218": "bad"}},
        {"entra_errors": {"7000218": 5}},
    ],
)
def test_a_setting_that_would_do_nothing_or_harm_is_refused(sandbox: Client, change: dict[str, Any]) -> None:
    before = sandbox.control("GET", "settings")

    answer = sandbox.control("POST", "settings", {"expires_in": 100} | change, status=400)

    assert next(iter(change)) in answer["error"]["message"]
    assert sandbox.control("GET", "settings") == before


def test_a_number_of_the_settings_may_have_a_fraction_after_it_had_none(sandbox: Client) -> None:
    sandbox.configure(latency_ms=1)

    sandbox.configure(latency_ms=0.5)

    assert sandbox.control("GET", "settings")["latency_ms"] == 0.5


def test_an_error_may_come_without_a_code(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, status=500, code="")

    response = sandbox.graph("GET", "/users")

    assert (response.status_code, response.json()["error"]["code"]) == (500, "")
