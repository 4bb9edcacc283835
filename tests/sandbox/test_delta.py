"""Rounds of calendarView/delta."""

from __future__ import annotations

import re
import time

import pytest

from tests.sandbox.conftest import WINDOW, Client, utc, weekly


def kinds(items: list[dict[str, object]]) -> list[object]:
    return ["removed" if "@removed" in item else item["type"] for item in items]


def test_a_first_round_tells_everything_in_the_window(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)
    sandbox.create(ann, **weekly(2))
    sandbox.create(ann, start=utc("2028-01-01T09:00:00"), end=utc("2028-01-01T10:00:00"))

    items, _ = sandbox.first_round(ann)

    assert kinds(items) == ["singleInstance", "seriesMaster", "occurrence", "occurrence"]
    assert all(item["@odata.type"] == "#microsoft.graph.event" for item in items)


def test_an_occurrence_comes_bare(sandbox: Client, ann: str) -> None:
    sandbox.create(ann, **weekly(1))

    items, _ = sandbox.first_round(ann)

    assert set(items[1]) == {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}


def test_a_round_without_changes_is_empty(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)
    _, link = sandbox.first_round(ann)

    items, following = sandbox.round(link)

    assert items == []
    assert following != link


def test_a_later_round_tells_what_changed_last(sandbox: Client, ann: str) -> None:
    kept, changed, deleted = (sandbox.create(ann, subject=name) for name in ("Kept", "Changed", "Deleted"))
    _, link = sandbox.first_round(ann)
    sandbox.graph("DELETE", f"/users/{ann}/events/{deleted['id']}")
    sandbox.graph("PATCH", f"/users/{ann}/events/{changed['id']}", json={"subject": "New"})
    added = sandbox.create(ann, subject="Added", transactionId="t-1")

    items, _ = sandbox.round(link)

    assert [item["id"] for item in items] == [deleted["id"], changed["id"], added["id"]]
    assert items[0]["@removed"] == {"reason": "deleted"}
    assert set(items[0]) == {"@odata.type", "id", "@removed"}
    assert (items[1]["subject"], items[2]["transactionId"]) == ("New", "t-1")
    assert kept["id"] not in {item["id"] for item in items}


def test_what_changes_outside_the_window_is_told_as_removed(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    _, link = sandbox.first_round(ann)
    late = {"start": utc("2028-01-01T09:00:00"), "end": utc("2028-01-01T10:00:00")}
    sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json=late)
    sandbox.create(ann, **late)

    items, _ = sandbox.round(link)

    assert kinds(items) == ["removed", "removed"]
    assert items[0]["id"] == event["id"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [("master", ["seriesMaster"]), ("series", ["seriesMaster", "occurrence", "occurrence"])],
)
def test_a_deleted_occurrence_shows_only_in_its_series(
    sandbox: Client, ann: str, told: str, expected: list[str]
) -> None:
    sandbox.configure(delta_deleted_occurrence=told)
    master = sandbox.as_user(ann, **weekly(3))
    items, link = sandbox.first_round(ann)
    second = items[2]["id"]
    sandbox.control("DELETE", f"mailboxes/{ann}/events/{second}")

    changed, _ = sandbox.round(link)

    assert kinds(changed) == expected
    assert changed[0]["id"] == master["id"]
    assert second not in {item["id"] for item in changed}


def test_a_series_of_which_more_than_an_occurrence_was_deleted_comes_whole(sandbox: Client, ann: str) -> None:
    sandbox.as_user(ann, **weekly(3))
    items, link = sandbox.first_round(ann)
    sandbox.control("PATCH", f"mailboxes/{ann}/events/{items[1]['id']}", {"showAs": "free"})
    sandbox.control("DELETE", f"mailboxes/{ann}/events/{items[2]['id']}")

    changed, _ = sandbox.round(link)

    assert sorted(map(str, kinds(changed))) == ["exception", "occurrence", "seriesMaster"]


def test_an_exception_comes_whole(sandbox: Client, ann: str) -> None:
    sandbox.as_user(ann, **weekly(2))
    items, link = sandbox.first_round(ann)
    sandbox.control("PATCH", f"mailboxes/{ann}/events/{items[1]['id']}", {"showAs": "free"})

    changed, _ = sandbox.round(link)

    exception = next(item for item in changed if item["type"] == "exception")
    assert (exception["showAs"], exception["id"]) == ("free", items[1]["id"])


def test_pages_are_as_large_as_preferred_and_never_split_a_series(sandbox: Client, ann: str) -> None:
    for number in range(3):
        sandbox.create(ann, subject=f"Single {number}")
    sandbox.create(ann, **weekly(5))
    sandbox.create(ann, subject="Last")

    sizes, link = [], f"/users/{ann}/calendarView/delta?{WINDOW}"
    while link:
        page = sandbox.get(link, headers={"Prefer": "odata.maxpagesize=2"})
        sizes.append(len(page["value"]))
        link = page.get("@odata.nextLink", "")

    assert sizes == [2, 7, 1]


def test_a_change_between_two_pages_comes_in_the_next_round(sandbox: Client, ann: str) -> None:
    first, _, _ = (sandbox.create(ann, subject=name) for name in ("One", "Two", "Three"))
    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=1"})
    sandbox.graph("PATCH", f"/users/{ann}/events/{first['id']}", json={"subject": "Changed"})

    rest, link = sandbox.round(page["@odata.nextLink"])
    news, _ = sandbox.round(link)

    assert [item["subject"] for item in page["value"] + rest] == ["One", "Two", "Three"]
    assert [item["subject"] for item in news] == ["Changed"]


def test_only_the_last_three_links_are_remembered(sandbox: Client, ann: str) -> None:
    _, oldest = sandbox.first_round(ann)
    link, links = oldest, [oldest]
    for _ in range(3):
        _, link = sandbox.round(link)
        links.append(link)

    statuses = [sandbox.graph("GET", known).status_code for known in links]
    answer = sandbox.graph("GET", oldest).json()["error"]

    assert statuses[:2] == [410, 200]
    assert answer["code"] == "SyncStateNotFound"
    assert re.match(r"The sync state generation is not found; generation=\d+;\[highest=\d+\]", answer["message"])


def test_a_reset_can_point_to_where_to_begin(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_reset="location", delta_generations=0)
    _, link = sandbox.first_round(ann)
    sandbox.first_round(ann)

    response = sandbox.graph("GET", link)

    assert response.status_code == 410
    assert response.headers["Location"].endswith("&$deltatoken=")


@pytest.mark.parametrize("option", ["$select=id", "$filter=subject eq 'x'", "$expand=x", "$orderby=id", "$search=x"])
def test_query_options_are_refused(sandbox: Client, ann: str, option: str) -> None:
    response = sandbox.graph("GET", f"/users/{ann}/calendarView/delta?{WINDOW}&{option}")

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "ErrorInvalidUrlQuery")
    assert "'$orderby, $filter, $select, $expand, $search'" in error["message"]


def test_a_link_belongs_to_one_mailbox_and_cannot_be_changed(sandbox: Client, ann: str, ben: str) -> None:
    _, link = sandbox.first_round(ann)

    elsewhere = sandbox.graph("GET", link.replace(ann, ben))
    broken = sandbox.graph("GET", link[:-2] + ("AA" if link[-2:] != "AA" else "BB"))

    assert (elsewhere.status_code, broken.status_code) == (400, 400)


def test_ids_and_zones_are_as_each_page_prefers(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    immutable, link = sandbox.first_round(ann)
    sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"subject": "New"})
    page = sandbox.get(link, immutable=False, headers={"Prefer": 'outlook.timezone="Tokyo Standard Time"'})

    assert immutable[0]["id"] == event["id"]
    assert page["value"][0]["id"] != event["id"]
    assert page["value"][0]["start"]["dateTime"].startswith("2026-12-01T18:00")


def test_noise_can_be_switched_on(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_empty_pages=1, delta_duplicates=True, delta_foreign_removed=1, delta_replays=1)
    sandbox.create(ann)

    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}")
    items, link = sandbox.round(page["@odata.nextLink"])
    later, _ = sandbox.round(link)

    assert page["value"] == []
    assert kinds(items) == ["removed", "singleInstance", "singleInstance", "singleInstance"]
    assert kinds(later) == ["removed", "singleInstance"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [("last", ["occurrence", "seriesMaster"]), ("missing", ["occurrence"])],
)
def test_where_the_master_of_a_series_comes_is_a_switch(
    sandbox: Client, ann: str, place: str, expected: list[str]
) -> None:
    sandbox.configure(delta_master=place)
    sandbox.create(ann, **weekly(1))

    items, _ = sandbox.first_round(ann)

    assert kinds(items) == expected


def test_a_change_can_show_late(sandbox: Client, ann: str) -> None:
    _, link = sandbox.first_round(ann)
    sandbox.configure(delta_delay_seconds=60)
    sandbox.create(ann)

    early, link = sandbox.round(link)
    sandbox.control("POST", "clock", {"advance": 61})
    late, _ = sandbox.round(link)

    assert (kinds(early), kinds(late)) == ([], ["singleInstance"])


def test_a_change_key_can_move_by_itself(sandbox: Client, ann: str) -> None:
    sandbox.configure(change_key_bump_seconds=0.2)
    event = sandbox.create(ann)
    _, link = sandbox.first_round(ann)

    items: list[dict[str, object]] = []
    deadline = time.monotonic() + 5
    while not items and time.monotonic() < deadline:
        time.sleep(0.02)
        items, link = sandbox.round(link)

    assert [item["id"] for item in items] == [event["id"]]
    assert items[0]["changeKey"] != event["changeKey"]


def test_the_window_is_in_the_link_and_cannot_be_moved(sandbox: Client, ann: str) -> None:
    _, link = sandbox.first_round(ann)
    sandbox.create(ann, start=utc("2028-01-01T09:00:00"), end=utc("2028-01-01T10:00:00"))

    later = "&startDateTime=2028-01-01T00:00:00Z&endDateTime=2028-02-01T00:00:00Z"
    items, _ = sandbox.round(link + later)

    assert "2026" not in link.partition("?")[2]
    assert kinds(items) == ["removed"]


def test_what_happens_outside_the_window_is_told_as_removed_whatever_it_was(sandbox: Client, ann: str) -> None:
    late = {"start": utc("2028-01-01T09:00:00"), "end": utc("2028-01-01T10:00:00")}
    changed, deleted = (sandbox.create(ann, **late) for _ in range(2))
    first, link = sandbox.first_round(ann)
    added = sandbox.create(ann, **late)
    sandbox.graph("PATCH", f"/users/{ann}/events/{changed['id']}", json={"subject": "New"})
    sandbox.graph("DELETE", f"/users/{ann}/events/{deleted['id']}")

    items, _ = sandbox.round(link)

    assert first == []
    assert kinds(items) == ["removed"] * 3
    assert {item["id"] for item in items} == {added["id"], changed["id"], deleted["id"]}


def test_a_first_round_may_tell_of_removals_too(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_removed_at_first=True)
    inside, outside = (
        sandbox.create(ann),
        sandbox.create(ann, start=utc("2028-01-01T09:00:00"), end=utc("2028-01-01T10:00:00")),
    )
    deleted = sandbox.create(ann)
    sandbox.graph("DELETE", f"/users/{ann}/events/{deleted['id']}")

    items, _ = sandbox.first_round(ann)

    assert {item["id"]: "@removed" in item for item in items} == {
        inside["id"]: False,
        outside["id"]: True,
        deleted["id"]: True,
    }


def test_occurrences_may_come_whole(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_skeletal=False)
    sandbox.create(ann, **weekly(1))

    items, _ = sandbox.first_round(ann)

    assert items[1]["subject"] == "Weekly"
    assert {"showAs", "originalStart", "iCalUId"} <= set(items[1])


def test_singles_exceptions_and_masters_come_with_the_properties_of_a_view(sandbox: Client, ann: str) -> None:
    sandbox.create(ann)
    viewed = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}")["value"][0]

    told, _ = sandbox.first_round(ann)

    assert told == [{"@odata.type": "#microsoft.graph.event"} | viewed]


def test_a_view_of_changes_needs_a_window(sandbox: Client, ann: str) -> None:
    for path in ("calendarView/delta", "events/delta"):
        response = sandbox.graph("GET", f"/users/{ann}/{path}")

        assert (response.status_code, response.json()["error"]["code"]) == (400, "ErrorInvalidParameter")


def test_events_have_a_delta_with_a_window_too(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)

    items, link = sandbox.round(f"/users/{ann}/events/delta?{WINDOW}")
    sandbox.graph("DELETE", f"/users/{ann}/events/{event['id']}")
    later, _ = sandbox.round(link)

    assert kinds(items) == ["singleInstance"]
    assert kinds(later) == ["removed"]
    assert "/events/delta?" in link


def test_each_page_has_a_link_of_one_kind_which_names_the_sandbox(sandbox: Client, ann: str) -> None:
    for _ in range(3):
        sandbox.create(ann)

    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=2"})
    last = sandbox.get(page["@odata.nextLink"], headers={"Prefer": "odata.maxpagesize=2"})

    assert "$skiptoken=" in page["@odata.nextLink"]
    assert "$deltatoken=" in last["@odata.deltaLink"]
    assert "@odata.deltaLink" not in page
    assert "@odata.nextLink" not in last
    assert last["@odata.deltaLink"].startswith(sandbox.facts["graph_url"] + "/v1.0/")


def test_the_page_size_of_the_first_request_is_forgotten(sandbox: Client, ann: str) -> None:
    for _ in range(3):
        sandbox.create(ann)

    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=1"})
    rest = sandbox.get(page["@odata.nextLink"])

    assert (len(page["value"]), len(rest["value"])) == (1, 2)


def test_a_link_can_be_asked_again_and_says_the_same(sandbox: Client, ann: str) -> None:
    _, link = sandbox.first_round(ann)
    sandbox.create(ann)

    once, _ = sandbox.round(link)
    twice, _ = sandbox.round(link)

    assert once == twice
    assert kinds(once) == ["singleInstance"]


def test_an_old_link_of_a_round_that_is_not_finished_expires_too(sandbox: Client, ann: str) -> None:
    for _ in range(2):
        sandbox.create(ann)
    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=1"})
    for _ in range(4):
        sandbox.first_round(ann)

    response = sandbox.graph("GET", page["@odata.nextLink"])

    assert (response.status_code, response.json()["error"]["code"]) == (410, "SyncStateNotFound")


def test_links_can_expire_with_time_also_in_the_middle_of_a_round(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_token_seconds=600)
    for _ in range(2):
        sandbox.create(ann)
    _, link = sandbox.first_round(ann)
    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=1"})
    fresh = sandbox.graph("GET", link).status_code
    sandbox.control("POST", "clock", {"advance": 700})
    sandbox.sign_in()

    stale = [sandbox.graph("GET", known).status_code for known in (link, page["@odata.nextLink"])]

    assert (fresh, stale) == (200, [410, 410])


@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [
        ({}, 410, "SyncStateNotFound"),
        ({"delta_reset": "location"}, 410, "SyncStateNotFound"),
        ({"delta_reset_code": "syncStateNotFound", "delta_reset_status": 400}, 400, "syncStateNotFound"),
        ({"delta_reset_code": "resyncRequired"}, 410, "resyncRequired"),
        ({"delta_reset": "malformed"}, 400, "ErrorInvalidUrlQuery"),
    ],
)
def test_a_forgotten_link_is_refused_in_the_form_that_is_chosen(
    sandbox: Client, ann: str, settings: dict[str, object], status: int, code: str
) -> None:
    sandbox.configure(**settings)
    _, link = sandbox.first_round(ann)
    sandbox.control("POST", f"mailboxes/{ann}/forget-links")

    response = sandbox.graph("GET", link)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert ("Location" in response.headers) is (settings.get("delta_reset") == "location")


def test_where_a_reset_points_to_a_new_chain_begins(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_reset="location")
    sandbox.create(ann)
    _, link = sandbox.first_round(ann)
    sandbox.control("POST", f"mailboxes/{ann}/forget-links")

    items, _ = sandbox.round(sandbox.graph("GET", link).headers["Location"])

    assert kinds(items) == ["singleInstance"]


@pytest.mark.parametrize(
    ("where", "effect"),
    [
        ("deltatoken", {"status": 410, "code": "SyncStateNotFound"}),
        ("skiptoken", {"status": 410, "code": "SyncStateNotFound"}),
        ("deltatoken", {"status": 410, "headers": {"Location": "https://graph.example/v1.0/x?$deltatoken="}}),
        ("deltatoken", {"status": 400, "code": "ErrorInvalidUrlQuery"}),
    ],
)
def test_a_fault_can_reset_a_delta_without_the_sandbox_having_forgotten_anything(
    sandbox: Client, ann: str, where: str, effect: dict[str, object]
) -> None:
    for _ in range(2):
        sandbox.create(ann)
    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=1"})
    _, link = sandbox.round(page["@odata.nextLink"])
    asked = link if where == "deltatoken" else page["@odata.nextLink"]
    sandbox.control("POST", "faults", {"match": {"path": where}, "effect": effect, "times": 1})

    refused = sandbox.graph("GET", asked)
    again = sandbox.graph("GET", asked)

    assert (refused.status_code, again.status_code) == (effect["status"], 200)
    assert refused.headers["x-sandbox-fault"]
    assert refused.headers.get("Location") == dict(effect.get("headers", {})).get("Location")  # type: ignore[call-overload]


def test_a_replay_repeats_only_what_stands_in_the_window(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_replays=5)
    inside = sandbox.create(ann)
    sandbox.create(ann, start=utc("2028-01-01T09:00:00"), end=utc("2028-01-01T10:00:00"))
    _, link = sandbox.first_round(ann)

    items, _ = sandbox.round(link)

    assert [item["id"] for item in items] == [inside["id"]]
    assert items[0]["changeKey"] == inside["changeKey"]


def test_a_new_event_may_be_missing_from_a_first_round(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_delay_seconds=60)
    sandbox.create(ann)

    now, link = sandbox.first_round(ann)
    sandbox.control("POST", "clock", {"advance": 61})
    later, _ = sandbox.round(link)

    assert (kinds(now), kinds(later)) == ([], ["singleInstance"])


def test_empty_pages_come_in_later_rounds_too(sandbox: Client, ann: str) -> None:
    sandbox.configure(delta_empty_pages=2)
    _, link = sandbox.first_round(ann)

    pages = []
    while "@odata.deltaLink" not in (page := sandbox.get(link)):
        pages.append(page["value"])
        link = page["@odata.nextLink"]

    assert pages == [[], []]


@pytest.mark.parametrize("zone", ["UTC", "Tokyo Standard Time", "Europe/Berlin"])
def test_an_all_day_item_keeps_its_dates_in_rounds(sandbox: Client, ann: str, zone: str) -> None:
    sandbox.create(
        ann,
        isAllDay=True,
        start={"dateTime": "2026-12-24T00:00:00", "timeZone": "Pacific Standard Time"},
        end={"dateTime": "2026-12-25T00:00:00", "timeZone": "Pacific Standard Time"},
    )

    items, _ = sandbox.first_round(ann, Prefer=f'outlook.timezone="{zone}"')

    assert items[0]["start"] == {"dateTime": "2026-12-24T00:00:00.0000000", "timeZone": zone}


@pytest.mark.parametrize("number", [1, 3])
def test_a_change_key_may_move_several_times_after_a_write(sandbox: Client, ann: str, number: int) -> None:
    sandbox.configure(change_key_bump_seconds=2.0, change_key_bumps=number)
    event = sandbox.create(ann)
    _, link = sandbox.first_round(ann)
    keys = [event["changeKey"]]

    for _ in range(number + 1):
        sandbox.control("POST", "clock", {"advance": 2.1})
        items, link = sandbox.round(link)
        keys += [item["changeKey"] for item in items]

    assert len(set(keys)) == number + 1
    assert all(item["subject"] == "First aid" for item in items)


def test_a_page_may_be_smaller_than_was_preferred(sandbox, ann):
    sandbox.configure(delta_largest_page=2)
    for number in range(3):
        sandbox.create(ann, subject=f"Course {number}")

    headers = {"Prefer": "odata.maxpagesize=50"}
    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers=headers)

    assert len(page["value"]) == 2
    assert "@odata.nextLink" in page
