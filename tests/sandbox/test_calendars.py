"""Mailboxes with several calendars, and items that go from one to another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import MARKER, WINDOW, Client, course, start, utc, weekly

Json = dict[str, Any]


def subjects(events: list[Json]) -> list[str]:
    return [event["subject"] for event in events]


def kinds(items: list[Json]) -> list[str]:
    return ["removed" if "@removed" in item else item["type"] for item in items]


def move(sandbox: Client, mailbox: str, event: Json, calendar: Json) -> Json:
    return sandbox.control("POST", f"mailboxes/{mailbox}/events/{event['id']}/move", {"calendar": calendar["id"]})


@pytest.fixture
def second(sandbox: Client, ann: str) -> Json:
    """Another calendar of Ann's."""
    return sandbox.control("POST", f"mailboxes/{ann}/calendars", {"name": "Choir"})


@pytest.fixture
def default(sandbox: Client, ann: str) -> Json:
    return sandbox.get(f"/users/{ann}/calendar")


def test_a_mailbox_lists_its_calendars_with_the_default_one_first(sandbox: Client, ann: str, second: Json) -> None:
    found = sandbox.get(f"/users/{ann}/calendars")["value"]

    assert [(calendar["name"], calendar["isDefaultCalendar"]) for calendar in found] == [
        ("Calendar", True),
        ("Choir", False),
    ]
    assert set(found[1]) == {
        "id", "name", "color", "hexColor", "isDefaultCalendar", "changeKey", "canShare", "canViewPrivateItems",
        "canEdit", "allowedOnlineMeetingProviders", "defaultOnlineMeetingProvider", "isTallyingResponses",
        "isRemovable", "owner",
    }  # fmt: skip
    assert found[1]["owner"]["address"] == "ann@school.example"


def test_a_calendar_is_read_by_its_id_which_is_the_same_for_every_preference(
    sandbox: Client, ann: str, second: Json
) -> None:
    plain = sandbox.get(f"/users/{ann}/calendars/{second['id']}", immutable=False)
    immutable = sandbox.get(f"/users/{ann}/calendars/{second['id']}")

    assert plain["id"] == immutable["id"] == second["id"]
    assert plain["name"] == "Choir"


def test_an_event_is_written_into_the_calendar_that_the_path_names(sandbox: Client, ann: str, second: Json) -> None:
    created = sandbox.graph("POST", f"/users/{ann}/calendars/{second['id']}/events", json=course(subject="Choir"))
    sandbox.create(ann, subject="Work")

    assert created.status_code == 201
    assert f"/calendars('{second['id'].replace('=', '%3D')}')/events/$entity" in created.json()["@odata.context"]
    assert subjects(sandbox.get(f"/users/{ann}/calendars/{second['id']}/events")["value"]) == ["Choir"]
    assert subjects(sandbox.get(f"/users/{ann}/events")["value"]) == ["Work"]


def test_a_view_shows_one_calendar(sandbox: Client, ann: str, second: Json) -> None:
    sandbox.graph("POST", f"/users/{ann}/calendars/{second['id']}/events", json=weekly(2))
    sandbox.create(ann, subject="Work")

    there = sandbox.get(f"/users/{ann}/calendars/{second['id']}/calendarView?{WINDOW}")["value"]
    here = sandbox.get(f"/users/{ann}/calendarView?{WINDOW}")["value"]

    assert subjects(there) == ["Weekly", "Weekly"]
    assert subjects(here) == ["Work"]


def test_an_event_of_any_calendar_is_read_by_its_id_but_not_through_a_calendar_that_it_is_not_in(
    sandbox: Client, ann: str, default: Json, second: Json
) -> None:
    event = sandbox.graph("POST", f"/users/{ann}/calendars/{second['id']}/events", json=course()).json()

    paths = [f"/calendars/{second['id']}", "", f"/calendars/{default['id']}"]
    found = [sandbox.graph("GET", f"/users/{ann}{path}/events/{event['id']}").status_code for path in paths]

    assert found == [200, 200, 404]


def test_a_calendar_that_is_not_there_is_not_found(sandbox: Client, ann: str, second: Json) -> None:
    sandbox.control("DELETE", f"mailboxes/{ann}/calendars/{second['id']}")

    response = sandbox.graph("GET", f"/users/{ann}/calendars/{second['id']}/events")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "ErrorItemNotFound")


def test_a_change_in_one_calendar_is_none_in_another(sandbox: Client, ann: str, second: Json) -> None:
    _, here = sandbox.first_round(ann)
    _, there = sandbox.round(f"/users/{ann}/calendars/{second['id']}/calendarView/delta?{WINDOW}")
    sandbox.create(ann, subject="Work")

    news_here, _ = sandbox.round(here)
    news_there, _ = sandbox.round(there)

    assert (subjects(news_here), news_there) == (["Work"], [])


def test_a_moved_item_is_removed_in_one_calendar_and_new_in_the_other(sandbox: Client, ann: str, second: Json) -> None:
    event = sandbox.create(ann)
    _, here = sandbox.first_round(ann)
    _, there = sandbox.round(f"/users/{ann}/calendars/{second['id']}/calendarView/delta?{WINDOW}")
    move(sandbox, ann, event, second)

    gone, _ = sandbox.round(here)
    come, _ = sandbox.round(there)

    assert gone == [{"@odata.type": "#microsoft.graph.event", "id": event["id"], "@removed": {"reason": "deleted"}}]
    assert (come[0]["id"], come[0]["subject"]) == (event["id"], "First aid")


def test_a_move_changes_the_ordinary_id_and_not_the_immutable_one(sandbox: Client, ann: str, second: Json) -> None:
    event = sandbox.create(ann)
    ordinary = sandbox.get(f"/users/{ann}/events", immutable=False)["value"][0]["id"]
    _, link = sandbox.first_round(ann)
    move(sandbox, ann, event, second)

    moved = sandbox.get(f"/users/{ann}/events/{event['id']}", immutable=False)["id"]
    old = sandbox.graph("GET", f"/users/{ann}/events/{ordinary}")
    removed = sandbox.get(link, immutable=False)["value"]

    assert moved != ordinary
    assert sandbox.get(f"/users/{ann}/events/{moved}")["id"] == event["id"]
    assert (old.status_code, old.json()["error"]["code"]) == (404, "ErrorItemNotFound")
    assert [item["id"] for item in removed] == [ordinary]


def test_an_item_that_moves_there_and_back_has_a_third_ordinary_id(
    sandbox: Client, ann: str, default: Json, second: Json
) -> None:
    event = sandbox.create(ann)
    first = sandbox.get(f"/users/{ann}/events/{event['id']}", immutable=False)["id"]
    _, link = sandbox.first_round(ann)
    move(sandbox, ann, event, second)
    move(sandbox, ann, event, default)

    items, _ = sandbox.round(link)
    last = sandbox.get(f"/users/{ann}/events/{event['id']}", immutable=False)["id"]

    assert first != last
    assert kinds(items) == ["removed", "singleInstance"]
    assert {item["id"] for item in items} == {event["id"]}


def test_a_series_moves_with_its_occurrences(sandbox: Client, ann: str, second: Json) -> None:
    series = sandbox.as_user(ann, **weekly(2))
    items, link = sandbox.first_round(ann)
    move(sandbox, ann, series, second)

    news, _ = sandbox.round(link)
    there, _ = sandbox.round(f"/users/{ann}/calendars/{second['id']}/calendarView/delta?{WINDOW}")

    assert kinds(news) == ["removed"]
    assert [item["id"] for item in there] == [item["id"] for item in items]


def test_an_occurrence_does_not_move_alone(sandbox: Client, ann: str, second: Json) -> None:
    sandbox.as_user(ann, **weekly(2))
    items, _ = sandbox.first_round(ann)

    answer = sandbox.control(
        "POST", f"mailboxes/{ann}/events/{items[1]['id']}/move", {"calendar": second["id"]}, status=400
    )

    assert answer["error"]["code"] == "ErrorInvalidRequest"


def test_a_transaction_id_counts_for_all_calendars_of_a_mailbox(sandbox: Client, ann: str, second: Json) -> None:
    event = sandbox.create(ann, transactionId="t-1")

    again = sandbox.graph(
        "POST", f"/users/{ann}/calendars/{second['id']}/events", json=course(transactionId="t-1")
    ).json()["error"]

    assert (again["code"], again["@event.existingEventId"]) == ("ErrorDuplicateTransactionId", event["id"])


def test_a_token_belongs_to_one_calendar(sandbox: Client, ann: str, second: Json) -> None:
    _, link = sandbox.first_round(ann)

    other = link.replace("/calendarView/delta", f"/calendars/{second['id']}/calendarView/delta")

    assert sandbox.graph("GET", other).status_code == 400


def test_rounds_of_one_calendar_use_up_no_links_of_another(sandbox: Client, ann: str, second: Json) -> None:
    _, here = sandbox.first_round(ann)
    _, there = sandbox.round(f"/users/{ann}/calendars/{second['id']}/calendarView/delta?{WINDOW}")
    for _ in range(5):
        _, there = sandbox.round(there)

    assert sandbox.graph("GET", here).status_code == 200


def test_whether_a_further_calendar_has_a_delta_is_a_switch(sandbox: Client, ann: str, second: Json) -> None:
    sandbox.configure(delta_of_other_calendars=False)

    there = sandbox.graph("GET", f"/users/{ann}/calendars/{second['id']}/calendarView/delta?{WINDOW}")
    here = sandbox.graph("GET", f"/users/{ann}/calendarView/delta?{WINDOW}")

    assert (there.status_code, here.status_code) == (400, 200)


@pytest.mark.parametrize(("scope", "found"), [("mailbox", 1), ("calendar", 0)])
def test_whether_a_search_by_extended_property_goes_through_all_calendars_is_a_switch(
    sandbox: Client, ann: str, second: Json, scope: str, found: int
) -> None:
    sandbox.configure(property_search=scope)
    event = sandbox.create(ann, singleValueExtendedProperties=[{"id": MARKER, "value": "x"}])
    move(sandbox, ann, event, second)

    query = f"$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'x')"

    assert len(sandbox.get(f"/users/{ann}/events?{query}")["value"]) == found
    assert len(sandbox.get(f"/users/{ann}/calendars/{second['id']}/events?{query}")["value"]) == 1


def test_owners_write_into_further_calendars_and_delete_them(sandbox: Client, ann: str, second: Json) -> None:
    sandbox.control("POST", f"mailboxes/{ann}/events?calendar={second['id']}", course(subject="Choir"))
    sandbox.as_user(ann, subject="Work")

    one = sandbox.control("GET", f"mailboxes/{ann}/events?calendar={second['id']}")["value"]
    everything = sandbox.control("GET", f"mailboxes/{ann}/events")["value"]
    sandbox.control("DELETE", f"mailboxes/{ann}/calendars/{second['id']}")

    assert (subjects(one), subjects(everything)) == (["Choir"], ["Choir", "Work"])
    assert subjects(sandbox.control("GET", f"mailboxes/{ann}/events")["value"]) == ["Work"]


def test_the_default_calendar_stays(sandbox: Client, ann: str, default: Json) -> None:
    sandbox.control("DELETE", f"mailboxes/{ann}/calendars/{default['id']}", status=400)

    renamed = sandbox.control("PATCH", f"mailboxes/{ann}/calendars/{default['id']}", {"name": "Kalender"})

    assert (renamed["name"], renamed["isRemovable"]) == ("Kalender", False)


def test_a_restart_keeps_calendars_moves_and_links(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state"))
    running = start(*arguments)
    before = Client(running.facts)
    before.sign_in()
    user = running.facts["user_id"]
    calendar = before.control("POST", f"mailboxes/{user}/calendars", {"name": "Choir"})
    event = before.create(user)
    _, link = before.first_round(user)
    before.control("POST", f"mailboxes/{user}/events/{event['id']}/move", {"calendar": calendar["id"]})
    ordinary = before.get(f"/users/{user}/events/{event['id']}", immutable=False)["id"]
    running.stop()

    running = start(*arguments)
    try:
        after = Client(running.facts)
        after.sign_in()
        relative = link.partition("/v1.0")[2]
        removed, _ = after.round(relative)
        there = after.get(f"/users/{user}/calendars/{calendar['id']}/events", immutable=False)["value"]
    finally:
        running.stop()

    assert [item["id"] for item in removed] == [event["id"]]
    assert [item["id"] for item in there] == [ordinary]


def test_the_page_names_the_calendar_of_an_item(sandbox: Client, ann: str, second: Json) -> None:
    now = sandbox.control("GET", "clock")["now"][:10]
    times = {"start": utc(f"{now}T22:00:00"), "end": utc(f"{now}T23:00:00")}
    sandbox.control("POST", f"mailboxes/{ann}/events?calendar={second['id']}", course(**times))

    page = sandbox.session.get(f"{sandbox.facts['admin_url']}/?person={ann}", timeout=10).text

    assert "<td>Choir</td>" in page


def test_a_tenant_file_puts_events_into_further_calendars(sandbox: Client, ann: str) -> None:
    events = [course(subject="Choir", calendar="Choir"), course(subject="Concert", calendar="Choir"), course()]

    sandbox.control("POST", "people", {"mail": "ann@school.example", "events": events})
    calendars = sandbox.get(f"/users/{ann}/calendars")["value"]
    found = [sandbox.get(f"/users/{ann}/calendars/{calendar['id']}/events")["value"] for calendar in calendars]

    assert [calendar["name"] for calendar in calendars] == ["Calendar", "Choir"]
    assert list(map(subjects, found)) == [["First aid"], ["Choir", "Concert"]]


def test_a_state_file_from_before_there_were_several_calendars_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state"
    running = start("--state", str(path))
    before = Client(running.facts)
    before.sign_in()
    user = running.facts["user_id"]
    event = before.create(user)
    running.stop()
    head, line = path.read_text().splitlines()
    entry = json.loads(line)
    calendar = entry["mailbox"].pop("calendars")[0]
    del entry["mailbox"]["moved"], entry["mailbox"]["deleted"]
    entry["mailbox"] |= {"log": calendar["log"], "generation": 3}
    for item in entry["mailbox"]["items"]:
        del item["number"], item["told"]
    path.write_text(json.dumps(json.loads(head) | {"version": 1}) + "\n" + json.dumps(entry) + "\n")

    running = start("--state", str(path))
    try:
        after = Client(running.facts)
        after.sign_in()
        found = after.get(f"/users/{user}/events")["value"]
        items, _ = after.first_round(user)
    finally:
        running.stop()

    assert [entry["id"] for entry in found] == [event["id"]] == [item["id"] for item in items]
