"""Faults on demand, as a plain HTTP client meets them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.server import drop, stuck_answer
from tests.sandbox.conftest import WINDOW, Client, Json, course


def test_a_status_comes_instead_of_the_work(sandbox: Client, ann: str) -> None:
    fault = sandbox.fault({"method": "POST", "path": "/users/{id}/events"}, status=503, code="X", retry_after=3)

    response = sandbox.graph("POST", f"/users/{ann}/events", json=course())

    assert (response.status_code, response.json()["error"]["code"]) == (503, "X")
    assert (response.headers["Retry-After"], response.headers["x-sandbox-fault"]) == ("3", fault["id"])
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_an_error_can_come_although_the_work_was_done(sandbox: Client, ann: str) -> None:
    sandbox.fault({"method": "POST"}, status=500, commit=True)

    sandbox.graph("POST", f"/users/{ann}/events", json=course())

    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_an_answer_can_be_lost_before_or_after_the_work(sandbox: Client, ann: str, when: str, count: int) -> None:
    sandbox.fault({"method": "POST", "nth": 1}, drop=when)

    with pytest.raises(requests.ConnectionError):
        sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))
    after_loss = len(sandbox.get(f"/users/{ann}/events")["value"])
    sandbox.create(ann, transactionId="t-1")

    assert after_loss == count
    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_the_answer_of_a_whole_batch_can_be_lost(sandbox: Client, ann: str, when: str, count: int) -> None:
    sandbox.fault({"path": "$batch", "in_batch": False}, drop=when)
    item = {
        "id": "1",
        "method": "POST",
        "url": f"/users/{ann}/events",
        "headers": {"Content-Type": "application/json"},
        "body": course(),
    }

    with pytest.raises(requests.ConnectionError):
        sandbox.graph("POST", "/$batch", json={"requests": [item]})

    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == count


def test_an_answer_can_be_html(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, status=502, body="<html>Bad Gateway</html>")

    response = sandbox.graph("GET", "/users")

    assert response.headers["Content-Type"] == "text/html"
    assert response.text == "<html>Bad Gateway</html>"


def test_an_answer_can_be_cut_off(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, truncate=True)

    response = sandbox.graph("GET", "/users")

    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_an_answer_can_be_slow(sandbox: Client) -> None:
    sandbox.fault({"path": "/users"}, delay=0.2)

    began = time.monotonic()
    response = sandbox.graph("GET", "/users")

    assert response.status_code == 200
    assert time.monotonic() - began >= 0.2


def test_a_rule_hits_only_what_it_names(sandbox: Client, ann: str, ben: str) -> None:
    sandbox.fault({"method": "GET", "mailbox": "Ann@school.example", "path": r"calendar$"}, status=500)

    statuses = [
        sandbox.graph("GET", path).status_code
        for path in (f"/users/{ann}/calendar", f"/users/{ann}/events", f"/users/{ben}/calendar")
    ]

    assert statuses == [500, 200, 200]


def test_a_rule_can_hit_the_nth_request_only(sandbox: Client) -> None:
    sandbox.fault({"path": "/users", "nth": 2}, status=500)

    assert [sandbox.graph("GET", "/users").status_code for _ in range(3)] == [200, 500, 200]


def test_a_rule_can_stop_after_some_times(sandbox: Client) -> None:
    sandbox.control("POST", "faults", {"match": {"path": "/users"}, "effect": {"status": 500}, "times": 2})

    assert [sandbox.graph("GET", "/users").status_code for _ in range(3)] == [500, 500, 200]


def test_chance_is_the_same_with_the_same_seed(sandbox: Client) -> None:
    runs = []
    for _ in range(2):
        sandbox.fault({"path": "/users", "probability": 0.5, "seed": 7}, status=500)
        runs.append([sandbox.graph("GET", "/users").status_code for _ in range(12)])
        sandbox.control("DELETE", "faults")

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_valid_token_can_be_refused_once(sandbox: Client) -> None:
    sandbox.fault({"path": "/users", "nth": 1}, status=401)

    first, second = (sandbox.graph("GET", "/users") for _ in range(2))

    assert first.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert second.status_code == 200


def test_rules_are_listed_and_lifted(sandbox: Client) -> None:
    first = sandbox.fault({"path": "/users"}, status=500)
    second = sandbox.fault({"path": "/users"}, status=503)

    sandbox.control("DELETE", f"faults/{first['id']}")

    assert [rule["id"] for rule in sandbox.control("GET", "faults")] == [second["id"]]
    assert sandbox.graph("GET", "/users").status_code == 503


@pytest.mark.parametrize(
    "rule",
    [
        {"match": {"colour": "red"}, "effect": {"status": 500}},
        {"match": {"path": "("}, "effect": {"status": 500}},
        {"match": {}, "effect": {"drop": "never"}},
        {"match": [], "effect": {}},
        {"match": {}, "effect": {"status": "500"}},
        {"match": {}, "effect": {"status": 500}, "time": 1},
        {"match": {}, "effect": {"status": 500}, "times": 0},
        {"match": {"in_batch": "no"}, "effect": {"status": 500}},
        {"match": {"nth": 0}, "effect": {"status": 500}},
        {"match": {"nth": ["first"]}, "effect": {"status": 500}},
        {"match": {"probability": 50}, "effect": {"status": 500}},
        {"scenario": "F3", "variants": "empty"},
        {"match": {"path": "/users"}},
        {"match": {"mailbox": "ann@school.example"}, "effect": {"token": "expired"}},
        {"match": {"path": "/token", "body": "client_id"}, "effect": {"status": 500}},
        {"match": {"path": "openid-configuration", "in_batch": True}, "effect": {"status": 500}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(sandbox: Client, rule: object) -> None:
    sandbox.control("POST", "faults", rule, status=400)


def test_an_answer_is_lost_without_ado_where_nobody_waits_for_it_any_more() -> None:
    gone = ("127.0.0.1", 9)

    drop(gone)

    assert stuck_answer(gone, 0) is None


def test_what_was_on_its_way_when_it_began_again_is_lost(sandbox: Client, ann: str) -> None:
    sandbox.fault({"method": "POST"}, delay=0.5)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(sandbox.graph, "POST", f"/users/{ann}/events", json=course())
        while "POST /users/{id}/events" not in sandbox.control("GET", "requests")["kinds"]:
            time.sleep(0.01)
        sandbox.control("POST", "reset", {"keep_people": True})

        with pytest.raises(requests.ConnectionError):
            late.result()
    assert sandbox.get(f"/users/{ann}/events")["value"] == []


def test_only_what_is_sent_with_a_certain_text_goes_wrong(sandbox: Client, ann: str) -> None:
    sandbox.fault({"path": "/users/{id}/events", "body": "Appendix 12"}, status=413, code="ErrorMessageSizeExceeded")

    refused = sandbox.graph("POST", f"/users/{ann}/events", json=course(body={"content": "Appendix 1 to Appendix 12"}))
    taken = sandbox.graph("POST", f"/users/{ann}/events", json=course(body={"content": "Appendix 1"}))

    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "ErrorMessageSizeExceeded")
    assert taken.status_code == 201


def ask(sandbox: Client, name: str, **more: object) -> Json:
    """Put a scenario in force."""
    return dict(sandbox.control("POST", "faults", {"scenario": name} | more))


def delta_of(sandbox: Client, mailbox: str) -> requests.Response:
    _, link = sandbox.first_round(mailbox)
    return sandbox.graph("GET", link)


def test_f1_a_mailbox_is_throttled(sandbox: Client, ann: str, ben: str) -> None:
    done = ask(sandbox, "F1", mailbox="ann@school.example", times=1)

    first, other, second = (sandbox.graph("GET", f"/users/{who}/calendar") for who in (ann, ben, ann))

    assert (first.status_code, other.status_code, second.status_code) == (429, 200, 200)
    assert first.json()["error"]["code"] == "ApplicationThrottled"
    assert first.json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert first.headers["Retry-After"] == "10"
    assert first.headers["x-sandbox-fault"] == done["faults"][0]["id"]


def test_f2_parts_of_a_batch_are_throttled_each_for_a_time_of_its_own(sandbox: Client, ann: str) -> None:
    ask(sandbox, "F2")
    items = [{"id": str(number), "method": "GET", "url": f"/users/{ann}/calendar"} for number in range(20)]

    answer = sandbox.graph("POST", "/$batch", json={"requests": items})

    parts = answer.json()["responses"]
    throttled = [part for part in parts if part["status"] == 429]
    assert answer.status_code == 200
    assert 0 < len(throttled) < 20
    assert len({part["headers"]["Retry-After"] for part in throttled}) > 1
    assert [part["id"] for part in parts] != [item["id"] for item in items]


@pytest.mark.parametrize(
    ("variant", "status", "retry_after"),
    [("", 503, None), ("retry_after", 503, "5"), ("empty", 503, None), ("504", 504, None), ("509", 509, None)],
)
def test_f3_an_outage_answers_no_json(
    sandbox: Client, ann: str, variant: str, status: int, retry_after: str | None
) -> None:
    ask(sandbox, "F3", variant=variant)

    answer = sandbox.graph("GET", f"/users/{ann}/calendar")

    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after
    assert answer.headers["Content-Type"] == "text/html"
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_f3_a_connection_stays_broken_until_there_is_a_new_one(sandbox: Client, ann: str) -> None:
    ask(sandbox, "F3", variant="sticky", times=1)
    other = Client(sandbox.facts)
    other.session.headers.update(sandbox.session.headers)

    same = [sandbox.graph("GET", f"/users/{ann}/calendar").status_code for _ in range(3)]

    assert same == [503, 503, 503]
    assert other.graph("GET", f"/users/{ann}/calendar").status_code == 200


def test_every_503_can_break_its_connection(sandbox: Client, ann: str) -> None:
    sandbox.configure(sticky_503=True)
    sandbox.fault({"path": "/calendar", "nth": 1}, status=503)
    same = [sandbox.graph("GET", f"/users/{ann}/calendar").status_code for _ in range(2)]

    sandbox.session.close()

    assert same == [503, 503]
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200


def test_a_new_beginning_mends_connections(sandbox: Client, ann: str) -> None:
    ask(sandbox, "F3", variant="sticky", times=1)
    sandbox.graph("GET", f"/users/{ann}/calendar")

    sandbox.control("POST", "reset", {"keep_people": True})

    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200


def test_f4_the_answer_is_lost_and_the_same_request_again_yields_the_same_event(sandbox: Client, ann: str) -> None:
    ask(sandbox, "F4", mailbox="ann@school.example")

    with pytest.raises(requests.ConnectionError):
        sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))
    committed = sandbox.get(f"/users/{ann}/events")["value"]
    again = sandbox.create(ann, transactionId="t-1")

    assert [event["id"] for event in committed] == [again["id"]]
    assert len(sandbox.get(f"/users/{ann}/events")["value"]) == 1
    assert sandbox.audit()["duplicates"] == []


@pytest.mark.parametrize(("variant", "status"), [("", 409), ("400", 400)])
def test_f5_a_transaction_id_has_been_used(sandbox: Client, ann: str, variant: str, status: int) -> None:
    ask(sandbox, "F5", variant=variant)

    answer = sandbox.graph("POST", f"/users/{ann}/events", json=course(transactionId="t-1"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "ErrorDuplicateTransactionId")


def test_f6_an_event_was_changed_meanwhile(sandbox: Client, ann: str) -> None:
    event = sandbox.create(ann)
    ask(sandbox, "F6")

    answers = [
        sandbox.graph("PATCH", f"/users/{ann}/events/{event['id']}", json={"subject": "Other"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [412, 200]
    assert answers[0].json()["error"]["code"] == "ErrorIrresolvableConflict"


@pytest.mark.parametrize(
    ("variant", "status", "code"), [("", 410, "SyncStateNotFound"), ("malformed", 400, "ErrorInvalidUrlQuery")]
)
def test_f7_a_delta_link_is_lost(sandbox: Client, ann: str, variant: str, status: int, code: str) -> None:
    ask(sandbox, "F7", variant=variant)

    answer = delta_of(sandbox, ann)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_f7_a_round_can_break_in_its_middle(sandbox: Client, ann: str) -> None:
    for _ in range(3):
        sandbox.as_user(ann)
    ask(sandbox, "F7", variant="mid_round")
    page = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}", headers={"Prefer": "odata.maxpagesize=1"})

    answer = sandbox.graph("GET", page["@odata.nextLink"])

    assert answer.status_code == 410


def test_f8_rounds_are_full_of_noise(sandbox: Client, ann: str) -> None:
    ask(sandbox, "F8")

    first = sandbox.get(f"/users/{ann}/calendarView/delta?{WINDOW}")

    assert first["value"] == []
    assert "@odata.nextLink" in first


@pytest.mark.parametrize(
    ("variant", "status", "code"),
    [("", 404, "MailboxNotEnabledForRESTAPI"), ("unknown", 404, "ErrorInvalidUser"), ("refused", 403, None)],
)
def test_f9_a_mailbox_is_in_a_bad_state(sandbox: Client, ann: str, variant: str, status: int, code: str | None) -> None:
    ask(sandbox, "F9", variant=variant, mailbox="ann@school.example")

    answer = sandbox.graph("GET", f"/users/{ann}/events")

    assert answer.status_code == status
    assert code in (None, answer.json()["error"]["code"])


def test_f10_a_valid_token_is_refused_once(sandbox: Client) -> None:
    ask(sandbox, "F10")

    assert [sandbox.graph("GET", "/users").status_code for _ in range(2)] == [401, 200]


@pytest.mark.parametrize(("variant", "status"), [("throttled", 429), ("unavailable", 503)])
def test_f10_the_token_endpoint_fails(sandbox: Client, variant: str, status: int) -> None:
    ask(sandbox, "F10", variant=variant, mailbox="ann@school.example")  # of which the token endpoint knows nothing

    failed, fine = sandbox.ask_token(), sandbox.ask_token()

    assert (failed.status_code, fine.status_code) == (status, 200)
    assert "x-sandbox-fault" in failed.headers


def test_f11_a_change_key_moves_by_itself(sandbox: Client, ann: str) -> None:
    ask(sandbox, "F11")
    event = sandbox.create(ann)

    sandbox.control("POST", "clock", {"advance": 3})

    assert sandbox.get(f"/users/{ann}/events/{event['id']}")["changeKey"] != event["changeKey"]


@pytest.mark.parametrize("name", ["F12", "F15", "F16", "F17"])
def test_what_is_no_rule_says_how_it_is_done(sandbox: Client, name: str) -> None:
    answer = sandbox.control("POST", "faults", {"scenario": name}, status=400)

    assert answer["error"]["message"].startswith(f"{name} is no rule: ")


def test_every_variant_of_every_scenario_can_be_had(sandbox: Client) -> None:
    table = sandbox.control("GET", "scenarios")

    for name, variants in table.items():
        for variant, found in variants.items():
            if "recipe" not in found:
                ask(sandbox, name, variant=variant, mailbox="ben@school.example")

    assert {f"F{number}" for number in (*range(1, 13), 15, 16, 17)} == set(table)


@pytest.mark.parametrize(
    "wanted", [{"scenario": "F99"}, {"scenario": "F3", "variant": "x"}, {"scenario": "F9"}, {"scenario": 3}]
)
def test_a_scenario_that_does_not_exist_is_refused(sandbox: Client, wanted: Json) -> None:
    sandbox.control("POST", "faults", wanted, status=400)


@pytest.mark.parametrize("asked", ["F3", "f3 504", '{"status": 507, "code": "quotaLimitReached"}'])
def test_a_request_can_ask_for_its_own_fault(sandbox: Client, ann: str, asked: str) -> None:
    faulty = sandbox.graph("GET", f"/users/{ann}/calendar", headers={"x-sandbox-fault": asked})
    next_one = sandbox.graph("GET", f"/users/{ann}/calendar")

    assert faulty.status_code in (503, 504, 507)
    assert faulty.headers["x-sandbox-fault"] == "header"
    assert next_one.status_code == 200


def test_a_part_of_a_batch_can_ask_for_its_own_fault(sandbox: Client, ann: str) -> None:
    item = {"id": "1", "method": "GET", "url": f"/users/{ann}/calendar"}

    parts = sandbox.batch(item | {"headers": {"x-sandbox-fault": "F1"}}, item | {"id": "2"})

    assert [parts[name]["status"] for name in "12"] == [429, 200]


def test_a_fault_that_makes_no_sense_in_a_header_is_refused(sandbox: Client, ann: str) -> None:
    answers = [
        sandbox.graph("GET", f"/users/{ann}/calendar", headers={"x-sandbox-fault": text})
        for text in ("F99", "{", '{"status": 7}', "F17", '{"delay": NaN}', "", "\xe9")
    ]

    assert [answer.status_code for answer in answers] == [400] * 7


@pytest.mark.parametrize(("name", "status"), [("fault-f1@school.example", 429), ("fault-f3-504@school.example", 504)])
def test_a_mailboxs_name_can_ask_for_a_fault(sandbox: Client, ann: str, name: str, status: int) -> None:
    person = sandbox.control("POST", "people", {"mail": name})

    answers = [sandbox.graph("GET", f"/users/{person['id']}/calendar") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status] * 2
    assert answers[0].headers["x-sandbox-fault"] == name.partition("@")[0]
    assert sandbox.graph("GET", f"/users/{ann}/calendar").status_code == 200


@pytest.mark.parametrize(
    ("name", "status"), [("fault-f9@school.example", 404), ("Fault-F9-refused@school.example", 403)]
)
def test_a_mailboxs_name_can_ask_for_a_state(sandbox: Client, name: str, status: int) -> None:
    sandbox.control("POST", "people", {"mail": name})

    assert sandbox.graph("GET", f"/users/{name}/calendar").status_code == status
    assert sandbox.graph("GET", f"/users/{name}").status_code == 200


@pytest.mark.parametrize(
    "name", ["fault-f8", "fault-f17", "fault-f99", "fault-f3-blue", "fault-f6-ignored", "fault-f10-throttled"]
)
def test_a_mailboxs_name_that_asks_for_what_no_mailbox_has_is_refused(sandbox: Client, name: str) -> None:
    sandbox.control("POST", "people", {"mail": f"{name}@school.example"}, status=400)

    assert len(sandbox.control("GET", "people")) == 4


def test_a_504_in_json_has_no_message(sandbox: Client) -> None:
    ask(sandbox, "F3", variant="504_json")

    error = sandbox.graph("GET", "/users").json()["error"]

    assert (error["code"], error["message"]) == ("UnknownError", "")


@pytest.mark.parametrize(
    "effect",
    [
        {"status": 42},
        {"headers": {"a": "b\nc"}},
        {"headers": {"a": 1}},
        {"retry_after": {}},
        {"status": True},
        {"retry_after": []},
        {"retry_after": 1e300},
        {"retry_after": "1\n"},
        {"retry_after": [[1]]},
        {"delay": -1},
        {"headers": {"Content-Length": "7"}},
        {"headers": {"a b": "c"}},
        {"token": {"status": 999}},
        {"token": []},
        {"truncate": "half"},
        {"drop": 1},
        {"code": "ErrorAccessDenied"},
        {"retry_after": 5},
        {"commit": True},
        {"status": 500, "commit": "no"},
        {"status": 500, "sticky": "no"},
        {"truncate": 0},
        {"token": "tired"},
        {"token": {"status": 200}},
        {"token": {"code": 90033, "wait": 5}},
    ],
)
def test_an_effect_that_no_answer_can_have_or_that_would_do_nothing_is_refused(sandbox: Client, effect: Json) -> None:
    sandbox.control("POST", "faults", {"match": {}, "effect": effect}, status=400)
