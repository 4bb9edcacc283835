"""The directory."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Client


def lookup(address: str) -> str:
    return (
        f"/users?$filter=mail eq '{address}' or userPrincipalName eq '{address}' or "
        f"proxyAddresses/any(p:p eq 'smtp:{address}')&$select=id,displayName,mail&$top=5"
    )


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("ann@school.example", ["Ann Lake"]),
        ("ANN@School.example", ["Ann Lake"]),
        ("a.lake@school.example", ["Ann Lake"]),
        ("c.reed@school.example", ["Cleo Reed"]),
        ("nobody@school.example", []),
        ("o''hara@school.example", []),
    ],
)
def test_a_person_is_found_by_any_of_their_addresses(sandbox: Client, address: str, names: list[str]) -> None:
    found = sandbox.get(lookup(address))["value"]

    assert [user["displayName"] for user in found] == names


def test_two_people_with_one_address_are_both_found(sandbox: Client) -> None:
    sandbox.control("POST", "people", {"name": "Other Ann", "mail": "ann@school.example", "upn": "ann2@school.example"})

    found = sandbox.get(lookup("ann@school.example"))["value"]

    assert sorted(user["displayName"] for user in found) == ["Ann Lake", "Other Ann"]


def test_the_list_comes_in_pages(sandbox: Client) -> None:
    names, link = [], "/users?$top=2&$select=displayName&$count=true"
    while link:
        page = sandbox.get(link)
        names += [user["displayName"] for user in page["value"]]
        link = page.get("@odata.nextLink", "")

    assert names == ["Planning", "Ann Lake", "Ben Hill", "Cleo Reed"]


def test_a_user_has_the_default_properties_unless_others_are_selected(sandbox: Client) -> None:
    plain = sandbox.get("/users/ann@school.example")
    chosen = sandbox.get("/users/ann@school.example?$select=proxyAddresses,userType")

    assert "proxyAddresses" not in plain
    assert chosen["proxyAddresses"] == ["SMTP:ann@school.example", "smtp:a.lake@school.example"]


@pytest.mark.parametrize(
    "filter_",
    ["mail eq", "mail foo 'x'", "mail eq 'x", "any(p:p eq 'x')", "(mail eq 'x'", "mail eq 'a' mail eq 'b'"],
)
def test_a_filter_that_cannot_be_read_is_refused(sandbox: Client, filter_: str) -> None:
    response = sandbox.graph("GET", "/users", params={"$filter": filter_})

    assert response.status_code == 400


def test_filters_of_other_shapes_work_too(sandbox: Client) -> None:
    found = sandbox.get("/users?$filter=startswith(displayName,'Ben') or displayName in ('Cleo Reed')")["value"]

    assert [user["displayName"] for user in found] == ["Ben Hill", "Cleo Reed"]


def test_an_alias_is_no_name_for_a_path(sandbox: Client) -> None:
    response = sandbox.graph("GET", "/users/a.lake@school.example")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        ("none", 404, "MailboxNotEnabledForRESTAPI"),
        ("unknown", 404, "ErrorInvalidUser"),
        ("refused", 403, "ErrorAccessDenied"),
        ("moved", 503, "ErrorMailboxMoveInProgress"),
    ],
)
def test_a_mailbox_that_cannot_be_used_says_why(sandbox: Client, state: str, status: int, code: str) -> None:
    sandbox.control("POST", "people", {"mail": "ann@school.example", "mailbox": state})

    response = sandbox.graph("GET", "/users/ann@school.example/calendar")

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_a_guest_has_no_mailbox_but_a_place_in_the_directory(sandbox: Client) -> None:
    upn = "gil_elsewhere.example#EXT#@school.example"
    sandbox.control("POST", "people", {"mail": "gil@elsewhere.example", "upn": upn, "user_type": "Guest"})

    user = sandbox.get(lookup("gil@elsewhere.example"))["value"][0]
    calendar = sandbox.graph("GET", f"/users/{user['id']}/calendar")

    assert calendar.json()["error"]["code"] == "ErrorInvalidUser"
    assert sandbox.graph("GET", f"/users/{upn.replace('#', '%23')}").status_code == 200
