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


ADVANCED = {"ConsistencyLevel": "eventual"}


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ("userPrincipalName eq 'c.reed@school.example'", ["Cleo Reed"]),
        ("mail in ('ann@school.example','BEN@school.example')", ["Ann Lake", "Ben Hill"]),
        ("startsWith(mail,'cleo@')", ["Cleo Reed"]),
        ("startswith(userPrincipalName,'c.')", ["Cleo Reed"]),
        ("mail ge 'b' and mail le 'c'", ["Ben Hill"]),
        ("mail eq null", ["Dora"]),
        ("proxyAddresses/any(p:p eq 'smtp:a.lake@school.example')", ["Ann Lake"]),
        ("proxyAddresses/any(p:startswith(p,'smtp:a.lake'))", ["Ann Lake"]),
        ("otherMails/any(m:m eq 'dora@elsewhere.example')", ["Dora"]),
        ("otherMails/any(m:startswith(m,'dora@'))", ["Dora"]),
        ("startswith(displayName,'not ') or startswith(displayName,'Ann')", ["Ann Lake"]),
    ],
)
def test_addresses_are_found_by_every_plain_filter(sandbox: Client, filter_: str, names: list[str]) -> None:
    dora = {"name": "Dora", "upn": "dora@school.example", "other_mails": ["dora@elsewhere.example"]}
    sandbox.control("POST", "people", dora)

    found = sandbox.get("/users?$select=displayName", params={"$filter": filter_})["value"]

    assert [user["displayName"] for user in found] == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"$filter": "endsWith(mail,'n@school.example')"}, ["Ann Lake", "Ben Hill"]),
        ({"$filter": "userPrincipalName ne 'planning@planning.example' and mail ne 'ann@school.example'"}, None),
        ({"$filter": "not(startsWith(mail,'p')) and not startswith(mail,'a')"}, ["Ben Hill", "Cleo Reed"]),
        ({"$search": '"displayName:Reed"'}, ["Cleo Reed"]),
        ({"$search": '"displayName:Ann" OR "mail:ben"'}, ["Ann Lake", "Ben Hill"]),
        ({"$search": '"displayName:Ann" AND "mail:ben"'}, []),
        ({"$filter": "startswith(mail,'b') or startswith(mail,'a')", "$orderby": "displayName desc"}, ["Ben", "Ann"]),
    ],
)
def test_an_advanced_query_says_that_it_is_one(sandbox: Client, query: dict[str, str], names: list[str] | None) -> None:
    bare = sandbox.graph("GET", "/users", params=query)
    header = sandbox.graph("GET", "/users", params=query, headers=ADVANCED)
    both = sandbox.get("/users", params=query | {"$count": "true"}, headers=ADVANCED)

    found = [user["displayName"] for user in both["value"]]
    assert (bare.status_code, header.status_code) == (400, 400)
    assert bare.json()["error"]["code"] == "Request_UnsupportedQuery"
    assert both["@odata.count"] == len(found)
    if names is not None:
        assert [name.startswith(wanted) for name, wanted in zip(found, names, strict=True)] == [True] * len(names)


def test_the_consistency_level_must_come_again_with_every_page(sandbox: Client) -> None:
    query = {"$filter": "mail ne null", "$count": "true", "$top": "1"}
    first = sandbox.get("/users", params=query, headers=ADVANCED)

    without = sandbox.graph("GET", first["@odata.nextLink"])
    second = sandbox.get(first["@odata.nextLink"], headers=ADVANCED)

    assert without.status_code == 400
    assert first["@odata.count"] == 4
    assert "@odata.count" not in second


def test_a_count_that_is_not_eventual_is_ignored_or_refused(sandbox: Client) -> None:
    ignored = sandbox.get("/users?$count=true")
    sandbox.configure(count_without_consistency="refuse")
    refused = sandbox.graph("GET", "/users?$count=true")

    assert "@odata.count" not in ignored
    assert refused.status_code == 400


def test_the_number_of_users_is_a_plain_text(sandbox: Client) -> None:
    bare = sandbox.graph("GET", "/users/$count")
    found = sandbox.graph("GET", "/users/$count", headers=ADVANCED)

    assert (bare.status_code, found.text, found.headers["Content-Type"]) == (400, "4", "text/plain")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("$skip=1", 400, "Request_UnsupportedQuery"),
        ("$top=1000", 400, "Request_UnsupportedQuery"),
        ("$top=0", 400, "Request_UnsupportedQuery"),
        ("$select=mailboxSettings", 501, "NotImplemented"),
        ("$select=aboutMe,id", 501, "NotImplemented"),
        ("$select=shoes", 400, "BadRequest"),
        ("$filter=shoes eq 'x'", 400, "BadRequest"),
        ("$filter=contains(mail,'x')", 400, "Request_UnsupportedQuery"),
        ("$filter=mail gt 'x'", 400, "Request_UnsupportedQuery"),
        ("$orderby=shoes", 400, "BadRequest"),
        ("$skiptoken=x", 400, "Directory_ExpiredPageToken"),
    ],
)
def test_what_the_directory_does_not_support_is_refused(sandbox: Client, query: str, status: int, code: str) -> None:
    response = sandbox.graph("GET", f"/users?{query}")

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_a_page_has_a_hundred_users_unless_another_size_is_asked_for(sandbox: Client) -> None:
    people = [{"mail": f"p{number}@school.example"} for number in range(1000)]
    sandbox.control("POST", "reset", {"tenant": {"people": people}})

    plain = sandbox.get("/users")
    large = sandbox.get("/users?$top=999")
    sandbox.configure(users_top="cut")
    cut = sandbox.get("/users?$top=5000")

    assert [len(page["value"]) for page in (plain, large, cut)] == [100, 999, 999]
    assert "@odata.nextLink" in large


def test_a_page_may_be_empty_and_not_be_the_last(sandbox: Client) -> None:
    sandbox.configure(users_empty_pages=2)
    sizes, link = [], "/users"
    while link:
        page = sandbox.get(link)
        sizes.append(len(page["value"]))
        link = page.get("@odata.nextLink", "")

    assert sizes == [0, 0, 4]


def test_the_context_names_what_was_selected_and_what_is_not_set_is_null(sandbox: Client) -> None:
    page = sandbox.get("/users?$select=id,city,assignedLicenses&$top=1")

    assert page["@odata.context"].endswith("#users(id,city,assignedLicenses)")
    assert (page["value"][0]["city"], page["value"][0]["assignedLicenses"]) == (None, [])


def test_the_case_of_a_proxy_addresss_prefix_can_matter(sandbox: Client) -> None:
    primary = "/users?$filter=proxyAddresses/any(p:p eq '{}:ann@school.example')"

    usual = sandbox.get(primary.format("smtp"))["value"]
    sandbox.configure(proxy_addresses="match case")
    small = sandbox.get(primary.format("smtp"))["value"]
    large = sandbox.get(primary.format("SMTP"))["value"]

    assert [len(found) for found in (usual, small, large)] == [1, 0, 1]


def test_the_directory_shows_changes_late_when_it_is_told_to(sandbox: Client) -> None:
    sandbox.configure(directory_delay_seconds=60)
    sandbox.control("POST", "people", {"name": "Dora", "mail": "dora@school.example"})
    sandbox.control("POST", "people", {"mail": "ben@school.example", "name": "Benjamin Hill"})

    early = sandbox.graph("GET", "/users/dora@school.example"), sandbox.get(lookup("dora@school.example"))
    old = sandbox.get("/users/ben@school.example")
    sandbox.control("POST", "clock", {"advance": 61})
    late = sandbox.get("/users/dora@school.example"), sandbox.get(lookup("dora@school.example"))

    assert (early[0].status_code, early[1]["value"], old["displayName"]) == (404, [], "Ben Hill")
    assert (late[0]["displayName"], len(late[1]["value"])) == ("Dora", 1)
    assert sandbox.get("/users/ben@school.example")["displayName"] == "Benjamin Hill"


@pytest.mark.parametrize(
    ("changes", "status", "code", "retry_after"),
    [
        ({}, 503, "ErrorMailboxMoveInProgress", "5"),
        ({"moved_status": 504, "moved_code": "UnknownError", "moved_retry_after": 0}, 504, "UnknownError", None),
        ({"moved_status": 500, "moved_code": "ErrorMailboxStoreUnavailable"}, 500, "ErrorMailboxStoreUnavailable", "5"),
    ],
)
def test_a_mailbox_that_is_moved_says_so_in_one_of_many_ways(
    sandbox: Client, changes: dict[str, object], status: int, code: str, retry_after: str | None
) -> None:
    sandbox.configure(**changes)
    sandbox.control("POST", "people", {"mail": "ann@school.example", "mailbox": "moved"})

    response = sandbox.graph("GET", "/users/ann@school.example/events")

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers.get("Retry-After") == retry_after


def test_a_mailbox_that_cannot_be_found_says_so_in_turns(sandbox: Client) -> None:
    sandbox.control("POST", "people", {"mail": "ann@school.example", "mailbox": "alternating"})

    codes = [sandbox.graph("GET", "/users/ann@school.example/events").json()["error"]["code"] for _ in range(4)]

    assert codes == ["MailboxNotEnabledForRESTAPI", "ResourceNotFound"] * 2


@pytest.mark.parametrize(
    ("state", "new", "old"),
    [
        (
            "refused",
            "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
            "Access to OData is disabled.",
        ),
        (
            "none",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            "REST API is not yet supported for this mailbox.",
        ),
    ],
)
def test_the_words_for_a_closed_mailbox_are_the_new_ones_or_the_old(
    sandbox: Client, state: str, new: str, old: str
) -> None:
    sandbox.control("POST", "people", {"mail": "ann@school.example", "mailbox": state})
    texts = []
    for switch in ("new", "old"):
        sandbox.configure(mailbox_texts=switch)
        texts.append(sandbox.graph("GET", "/users/ann@school.example/events").json()["error"]["message"])

    assert texts == [new, old]


def test_a_policy_takes_its_time_in_both_directions_and_never_hides_a_person(sandbox: Client) -> None:
    sandbox.configure(policy_delay_seconds=3600)
    statuses = []
    for state in ("refused", "ok"):
        sandbox.control("POST", "people", {"mail": "ann@school.example", "mailbox": state})
        statuses.append(sandbox.graph("GET", "/users/ann@school.example/events").status_code)
        sandbox.control("POST", "clock", {"advance": 3500})
        sandbox.sign_in()
        statuses.append(sandbox.graph("GET", "/users/ann@school.example/events").status_code)
        sandbox.control("POST", "clock", {"advance": 101})
        statuses.append(sandbox.graph("GET", "/users/ann@school.example/events").status_code)
        assert sandbox.graph("GET", "/users/ann@school.example").status_code == 200

    assert statuses == [200, 200, 403, 403, 403, 200]


def test_a_delta_tells_everybody_first_and_then_what_changed(sandbox: Client, ann: str, ben: str) -> None:
    first, link = sandbox.round("/users/delta?$select=displayName,mail")
    sandbox.control("POST", "people", {"name": "Dora", "mail": "dora@school.example"})
    sandbox.control("POST", "people", {"mail": "ann@school.example", "name": "Ann Lakes"})
    sandbox.control("POST", "people", {"mail": "cleo@school.example", "enabled": False})
    sandbox.control("DELETE", "people/ben@school.example")

    second, link = sandbox.round(link)
    third, _ = sandbox.round(link)

    assert [user["displayName"] for user in first] == ["Planning", "Ann Lake", "Ben Hill", "Cleo Reed"]
    dora = second[0].pop("id")
    assert second == [
        {"displayName": "Dora", "mail": "dora@school.example"},
        {"displayName": "Ann Lakes", "mail": "ann@school.example", "id": ann},
        {"id": ben, "@removed": {"reason": "changed"}},
    ]
    assert (len(dora), third) == (36, [])


def test_a_delta_of_the_minimum_tells_what_changed_alone(sandbox: Client, ann: str) -> None:
    minimal = {"Prefer": "return=minimal"}
    _, link = sandbox.round("/users/delta?$deltatoken=latest")
    sandbox.control("POST", "people", {"mail": "ann@school.example", "name": "Ann Lakes"})

    page = sandbox.graph("GET", link, headers=minimal)

    assert page.json()["value"] == [{"displayName": "Ann Lakes", "surname": "Lakes", "id": ann}]
    assert page.headers["Preference-Applied"] == "return=minimal"


def test_a_delta_from_now_on_begins_with_nothing(sandbox: Client) -> None:
    page = sandbox.get("/users/delta?$deltatoken=latest")

    assert page["value"] == []
    assert "$deltatoken=" in page["@odata.deltaLink"]


def test_a_person_who_went_for_good_is_deleted_and_one_who_comes_back_is_new(sandbox: Client, ben: str) -> None:
    _, link = sandbox.round("/users/delta")
    sandbox.control("DELETE", "people/ben@school.example?permanent=true")
    gone, link = sandbox.round(link)
    sandbox.control("POST", "people", {"name": "Ben Hill", "mail": "ben@school.example"})

    back, _ = sandbox.round(link)

    assert gone == [{"id": ben, "@removed": {"reason": "deleted"}}]
    assert [(user["id"], user["displayName"]) for user in back] == [(ben, "Ben Hill")]


def test_a_delta_can_be_held_to_some_ids(sandbox: Client, ann: str) -> None:
    found, link = sandbox.round(f"/users/delta?$filter=id eq '{ann}'")
    sandbox.control("POST", "people", {"mail": "ben@school.example", "name": "Benjamin"})
    later, _ = sandbox.round(link)

    assert ([user["id"] for user in found], later) == ([ann], [])


@pytest.mark.parametrize(
    "query",
    [
        "$top=5",
        "$expand=manager",
        "$orderby=mail",
        "$filter=mail eq 'x'",
        "$filter=" + " or ".join(f"id eq '{number}'" for number in range(51)),
        "$select=shoes",
        "$deltatoken=x",
        "$skiptoken=AAAA",
    ],
    ids=range(8),
)
def test_a_delta_of_users_refuses_what_it_does_not_know(sandbox: Client, query: str) -> None:
    response = sandbox.graph("GET", f"/users/delta?{query}")

    assert response.status_code == 400


def test_a_delta_of_users_comes_in_pages_of_the_preferred_size(sandbox: Client) -> None:
    sandbox.configure(users_empty_pages=1)
    sizes, link = [], "/users/delta()"
    while link:
        page = sandbox.get(link, headers={"Prefer": "odata.maxpagesize=3"})
        sizes.append(len(page["value"]))
        link = page.get("@odata.nextLink", "")

    assert sizes == [0, 3, 1]


@pytest.mark.parametrize(("reset", "has_location"), [("code", False), ("location", True)])
def test_a_delta_of_users_is_forgotten_after_a_week(sandbox: Client, reset: str, has_location: bool) -> None:
    sandbox.configure(delta_reset=reset)
    _, link = sandbox.round("/users/delta?$select=mail")
    sandbox.control("POST", "clock", {"advance": 6 * 86_400})
    sandbox.sign_in()
    within = sandbox.graph("GET", link)
    sandbox.control("POST", "clock", {"advance": 2 * 86_400})
    sandbox.sign_in()

    response = sandbox.graph("GET", link)

    assert (within.status_code, response.status_code) == (200, 410)
    assert response.json()["error"]["code"] == "resyncRequired"
    assert ("Location" in response.headers) == has_location
    if has_location:
        assert len(sandbox.get(response.headers["Location"])["value"]) == 4


def test_the_service_account_cannot_be_removed(sandbox: Client) -> None:
    answer = sandbox.control("DELETE", f"people/{sandbox.facts['user_id']}", status=400)

    assert answer["error"]["message"] == "The service account stays."


def test_an_address_that_is_not_for_mail_stands_among_the_others_and_leads_nowhere(sandbox: Client) -> None:
    aliases = ["SIP:dora@chat.example", "X500:/o=School/cn=dora", "d@school.example"]
    sandbox.control("POST", "people", {"mail": "dora@school.example", "aliases": aliases})

    user = sandbox.get("/users/dora@school.example?$select=proxyAddresses")

    assert user["proxyAddresses"] == ["SMTP:dora@school.example", *aliases[:2], "smtp:d@school.example"]
    assert sandbox.get(lookup("dora@chat.example"))["value"] == []


@pytest.mark.parametrize("address", ["SIP:dora@chat.example", "sip:dora@chat.example", "X500:/o=School/cn=dora"])
def test_an_address_that_is_not_for_mail_is_found_by_a_filter(sandbox: Client, address: str) -> None:
    aliases = ["SIP:dora@chat.example", "X500:/o=School/cn=dora"]
    sandbox.control("POST", "people", {"mail": "dora@school.example", "aliases": aliases})

    found = sandbox.get("/users", params={"$filter": f"mail eq 'x' or proxyAddresses/any(p:p eq '{address}')"})

    assert [user["mail"] for user in found["value"]] == ["dora@school.example"]


@pytest.mark.parametrize(
    "filter_",
    [
        "Mail eq 'ann@school.example'",
        "userprincipalname eq 'ann@school.example'",
        "DISPLAYNAME eq 'Ann Lake'",
        "startswith(DisplayName,'Ann')",
        "proxyaddresses/any(p:p eq 'smtp:a.lake@school.example')",
        "accountenabled eq true and givenname in ('Ann')",
    ],
)
def test_a_filter_may_write_a_property_in_any_letters(sandbox: Client, filter_: str) -> None:
    found = sandbox.get("/users", params={"$filter": filter_, "$select": "displayName"})

    assert [user["displayName"] for user in found["value"]] == ["Ann Lake"]


@pytest.mark.parametrize(
    ("filter_", "text"),
    [
        ("shoeSize eq 1", "Could not find a property named 'shoeSize' on type 'microsoft.graph.user'."),
        ("mail eq 'a' or shoeSize eq 1", "named 'shoeSize' on type 'microsoft.graph.user'."),
        ("proxyAddresses eq 'smtp:a.lake@school.example'", "incompatible types"),
        ("startswith(proxyAddresses,'smtp:a')", "incompatible types"),
        ("accountEnabled eq 'true'", "'Edm.Boolean' and 'Edm.String'"),
        ("mail eq 1", "'Edm.String' and 'Edm.Int32'"),
        ("mail/any(m:m eq 'a')", "following a collection"),
    ],
)
def test_a_filter_that_no_user_can_fit_is_refused_in_place_of_an_empty_list(
    sandbox: Client, filter_: str, text: str
) -> None:
    response = sandbox.graph("GET", "/users", params={"$filter": filter_})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"].startswith("Invalid filter clause: ")
    assert text in error["message"]


@pytest.mark.parametrize("path", ["/users", "/users/{ann}", "/users/delta"])
def test_a_selected_property_that_no_user_has_is_named(sandbox: Client, ann: str, path: str) -> None:
    response = sandbox.graph("GET", f"{path.format(ann=ann)}?$select=id,shoeSize")

    assert response.status_code == 400
    assert "named 'shoeSize' on type 'microsoft.graph.user'." in response.json()["error"]["message"]


def test_a_search_in_a_property_that_no_user_has_is_refused(sandbox: Client) -> None:
    path = '/users?$count=true&$search="shoeSize:4"'

    response = sandbox.graph("GET", path, headers={"ConsistencyLevel": "eventual"})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")
    assert "named 'shoeSize' on type" in response.json()["error"]["message"]
