"""The client of Graph against a real HTTP server that answers awkwardly."""

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import responses

from integrations.providers.conversation import Driver, Request, converse
from integrations.providers.errors import MailboxUnusable, NoAnswer, NotFound, ProviderError, Rejected, Unavailable
from integrations.providers.microsoft import client as client_module
from integrations.providers.microsoft import provider
from integrations.providers.microsoft.errors import RefusedToken
from integrations.providers.microsoft.provider import Microsoft365
from integrations.providers.types import Window
from tests.conftest import tomorrow
from tests.wire import CREDENTIALS, Asked, Said, Wire, serve, sign_in_works

HTML = "<html><body>Service Unavailable</body></html>"
WINDOW = Window(tomorrow(0), tomorrow(0, days=2))


@pytest.fixture(scope="module")
def server() -> Iterator[Wire]:
    with serve() as wire:
        yield wire


@pytest.fixture
def wire(server: Wire) -> Wire:
    server.asked.clear()
    return server


@pytest.fixture
def login() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as login:
        sign_in_works(login)
        yield login


@pytest.fixture
def graph(wire: Wire, login: responses.RequestsMock) -> Microsoft365:
    return Microsoft365(CREDENTIALS, wire.endpoints)


def get(path: str = "/users") -> Request:
    return Request("GET", path)


def error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "A message."}}


def batch(answer: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[[Asked], Said]:
    """Answer each part of a batch by `answer` (None: not at all), in a shuffled order."""

    def say(asked: Asked) -> Said:
        parts = [{"id": part["id"], **found} for part in asked.body["requests"] if (found := answer(part)) is not None]
        random.Random(1).shuffle(parts)
        return Said(200, {"responses": parts})

    return say


def echo(part: dict[str, Any]) -> dict[str, Any]:
    return {"status": 200, "headers": {}, "body": {"url": part["url"]}}


def test_a_single_request_goes_out_plain(wire, graph):
    wire.say(Said(200, {"id": "a"}))

    answers = graph.send_many([Request("POST", "/users/u/events", json={"subject": "x"}, headers={"Prefer": "p"})])

    (asked,) = wire.asked
    assert answers == [{"id": "a"}]
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1.0/users/u/events", {"subject": "x"})
    assert (asked.headers["Authorization"], asked.headers["Prefer"]) == ("Bearer token-1", "p")
    assert len(asked.headers["client-request-id"]) == 36


def test_several_requests_go_out_as_one_batch(wire, graph):
    wire.answer = batch(echo)
    write = Request("PATCH", "/users/u/events/e", json={"subject": "x"}, headers={"Prefer": "p"})

    graph.send_many([get("/users/a"), write])

    (asked,) = wire.asked
    read, written = asked.body["requests"]
    assert asked.path == "/v1.0/$batch"
    assert (read["method"], read["url"], "body" in read) == ("GET", "/users/a", False)
    assert (written["method"], written["url"], written["body"]) == ("PATCH", "/users/u/events/e", {"subject": "x"})
    assert written["headers"] == {"Prefer": "p", "Content-Type": "application/json"}


def test_the_answers_of_a_shuffled_batch_find_their_requests(wire, graph):
    wire.answer = batch(echo)

    answers = graph.send_many([get(f"/users/{n}") for n in range(20)])

    assert [answer["url"] for answer in answers] == [f"/users/{n}" for n in range(20)]


def test_an_unanswered_part_of_a_batch_is_not_known_and_never_empty(wire, graph):
    wire.answer = batch(lambda part: None if part["url"] == "/users/1" else echo(part))

    first, second, third = graph.send_many([get(f"/users/{n}") for n in range(3)])

    assert (first, third) == ({"url": "/users/0"}, {"url": "/users/2"})
    assert (type(second), second.is_whole) == (Unavailable, False)


@pytest.mark.parametrize("broken", [{"status": None}, {"status": "200"}, {}])
def test_a_part_without_a_status_is_not_known(wire, graph, broken):
    wire.answer = batch(lambda part: broken)

    answers = graph.send_many([get("/a"), get("/b")])

    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]


@pytest.mark.parametrize("headers", [None, "", "Retry-After: 3", ["Retry-After"]])
def test_a_part_whose_headers_are_no_headers_still_has_its_error(wire, graph, headers):
    wire.answer = batch(lambda part: {"status": 429, "headers": headers, "body": error("ApplicationThrottled")})

    first, second = graph.send_many([get("/a"), get("/b")])

    assert (type(first), first.code, first.retry_after) == (Unavailable, "ApplicationThrottled", None)
    assert second.code == first.code


def test_each_part_of_a_batch_has_its_own_error(wire, graph):
    said: dict[str, dict[str, Any]] = {
        "/a": {"status": 404, "body": error("ErrorItemNotFound")},
        "/b": {"status": 429, "headers": {"Retry-After": "7"}, "body": error("ApplicationThrottled")},
        "/c": {"status": 204},
        "/d": {"status": 502, "headers": {}, "body": HTML},
    }
    wire.answer = batch(lambda part: said[part["url"]])

    gone, throttled, deleted, html = graph.send_many([get(path) for path in said])

    assert type(gone) is NotFound
    assert (type(throttled), throttled.retry_after, throttled.is_whole) == (Unavailable, 7.0, False)
    assert deleted is None
    assert type(html) is Unavailable


@pytest.mark.parametrize("status", [429, 503])
def test_a_batch_refused_for_load_holds_the_whole_connection(wire, graph, status):
    wire.say(Said(status, error("TooManyRequests"), {"Retry-After": "3"}))

    answers = graph.send_many([get("/a"), get("/b")])

    assert [(type(one), one.retry_after, one.is_whole) for one in answers] == [(Unavailable, 3.0, True)] * 2


def test_a_throttled_batch_is_sent_again_as_one(wire, graph):
    refused = Said(429, error("TooManyRequests"), {"Retry-After": "1"})
    wire.answer = lambda asked: refused if len(wire.asked) == 1 else batch(echo)(asked)
    driver = Driver[int, Any](graph.send_many, width=20)

    ended = [one for ended in driver.run({n: asking(f"/users/{n}") for n in range(20)}) for one in ended]

    assert {one.key: one.result for one in ended} == {n: {"url": f"/users/{n}"} for n in range(20)}
    assert [asked.path for asked in wire.asked] == ["/v1.0/$batch"] * 2


def asking(path: str) -> Any:
    return (yield get(path))


@pytest.mark.parametrize("code", ["", "ResourceNotFound", "ErrorItemNotFound"])
@pytest.mark.parametrize("status", [404, 409, 410])
def test_a_batch_that_is_not_there_says_nothing_of_the_mailboxes_in_it(wire, graph, status, code):
    wire.say(Said(status, error(code)))

    answers = graph.send_many([get("/a"), get("/b")])

    assert [type(one) for one in answers] == [Unavailable, Unavailable]


def test_one_bad_request_does_not_spoil_the_others_of_its_batch(wire, graph):
    def answer(asked: Asked) -> Said:
        if asked.path == "/v1.0/$batch" or asked.path == "/v1.0/bad":
            return Said(400, error("BadRequest"))
        return Said(200, {"path": asked.path})

    wire.answer = answer

    good, bad, other = graph.send_many([get("/good"), get("/bad"), get("/other")])

    assert (good, other) == ({"path": "/v1.0/good"}, {"path": "/v1.0/other"})
    assert (type(bad), bad.is_whole) == (Rejected, False)


@pytest.mark.parametrize(
    "body", [HTML, "", '{"responses": [{"id": "0", "sta', "[]", '"text"', "null", {"responses": None}, {"value": []}]
)
def test_a_batch_that_cannot_be_read_is_unavailable_for_all_of_it(wire, graph, body):
    wire.say(Said(200, body))

    answers = graph.send_many([get("/a"), get("/b")])

    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [HTML, None, '{"error": {"co'])
def test_a_failure_with_html_half_an_answer_or_none_is_unavailable(wire, graph, status, body):
    wire.say(Said(status, body, {"Retry-After": "9"}))

    (answer,) = graph.send_many([get()])

    assert (type(answer), answer.code, answer.retry_after) == (Unavailable, str(status), 9.0)


@pytest.mark.parametrize("body", [HTML, '{"value": [{"id": "a"}, {"i'])
def test_a_success_that_is_no_complete_json_is_unavailable(wire, graph, body):
    wire.say(Said(200, body))

    (answer,) = graph.send_many([get()])

    assert type(answer) is Unavailable


def test_a_body_shorter_than_announced_is_unavailable(wire, graph):
    wire.say(Said(200, {"value": []}, cut=5))

    (answer,) = graph.send_many([get()])

    assert type(answer) is NoAnswer


def test_a_connection_that_is_dropped_is_unavailable(wire, graph):
    wire.say(Said(hang_up=True))

    assert [type(one) for one in graph.send_many([get()])] == [NoAnswer]
    assert [type(one) for one in graph.send_many([get("/a"), get("/b")])] == [NoAnswer] * 2


def test_a_dropped_connection_is_of_the_whole_only_where_a_batch_was_sent(wire, graph):
    wire.say(Said(hang_up=True))

    (alone,) = graph.send_many([get()])
    together = graph.send_many([get("/a"), get("/b")])

    assert (alone.is_whole, [one.is_whole for one in together]) == (False, [True, True])


def test_a_network_that_is_down_is_unavailable(login):
    nowhere = Microsoft365(CREDENTIALS, type(Wire(9).endpoints)(graph_url="http://127.0.0.1:9"))

    (answer,) = nowhere.send_many([get()])

    assert type(answer) is NoAnswer
    assert "token" not in str(answer)


def test_an_answer_that_takes_too_long_is_unavailable(wire, graph, monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT", (1, 0.1))

    def slow(asked: Asked) -> Said:
        time.sleep(0.3)
        return Said(200, {})

    wire.answer = slow

    (answer,) = graph.send_many([get()])

    assert type(answer) is NoAnswer


def refusing_batches(answer: Callable[[Asked], Said]) -> Callable[[Asked], Said]:
    """Refuse every $batch, and answer what is asked for one by one."""
    refused = Said(413, error("RequestEntityTooLarge"))
    return lambda asked: refused if asked.path == "/v1.0/$batch" else answer(asked)


def after(seconds: float) -> Said:
    time.sleep(seconds)
    return Said(200, {})


def test_of_a_refused_batch_nothing_more_is_sent_once_one_of_it_was_too_late(wire, graph, monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT", (5, 1.0))
    wire.answer = refusing_batches(lambda asked: after(1.5) if "/2/" in asked.path else Said(201, {}))

    answers = graph.send_many([Request("POST", f"/users/{n}/events", json={"a": 1}) for n in range(20)])

    assert answers[:2] == [{}, {}]
    assert type(answers[2]) is NoAnswer
    assert {type(one) for one in answers[3:]} == {Unavailable}
    assert {(one.code, one.is_whole) for one in answers[3:]} == {("unsent", False)}
    assert len({id(one) for one in answers[2:]}) == 18
    assert len(wire.asked) == 1 + 3


def test_of_a_refused_batch_nothing_more_is_sent_once_slow_answers_have_used_its_time(wire, graph, monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT", (5, 2.0))
    wire.answer = refusing_batches(lambda asked: after(0.6))

    answers = graph.send_many([get(f"/{n}") for n in range(20)])

    sent = len(wire.asked) - 1
    assert 1 <= sent <= 2
    assert answers[:sent] == [{}] * sent
    assert [getattr(one, "code", one) for one in answers[sent:]] == ["unsent"] * (20 - sent)


def test_one_of_a_refused_batch_to_which_the_connection_breaks_at_once_keeps_none_from_being_sent(wire, graph):
    wire.answer = refusing_batches(lambda asked: Said(hang_up=asked.path == "/v1.0/0"))

    first, *others = graph.send_many([get(f"/{n}") for n in range(20)])

    assert type(first) is NoAnswer
    assert others == [None] * 19


def test_every_request_passes_its_timeout_and_verify_and_follows_no_redirect(login):
    graph = Microsoft365(CREDENTIALS, type(Wire(9).endpoints)(ca_file="/etc/ca.pem"))
    login.get("https://graph.microsoft.com/v1.0/users", json={})

    graph.send_many([get()])

    sent = login.calls[-1].request.req_kwargs
    assert (sent["timeout"], sent["verify"]) == ((5, 60), "/etc/ca.pem")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(wire, graph, status):
    wire.say(Said(status, None, {"Location": f"{wire.root}/elsewhere"}))

    (answer,) = graph.send_many([get()])

    assert type(answer) is Unavailable
    assert len(wire.asked) == 1


REFUSED_TOKEN = Said(401, error("InvalidAuthenticationToken"))


@pytest.mark.parametrize("code", ["InvalidAuthenticationToken", "invalidAuthenticationToken", "Unauthorized", ""])
def test_a_refused_token_is_fetched_anew_once(wire, graph, code):
    wire.say(Said(401, error(code)), Said(200, {"id": "a"}))

    answers = graph.send_many([get()])

    assert answers == [{"id": "a"}]
    assert [asked.headers["Authorization"] for asked in wire.asked] == ["Bearer token-1", "Bearer token-2"]


def test_a_token_refused_for_a_batch_is_fetched_anew_once(wire, graph):
    wire.answer = lambda asked: REFUSED_TOKEN if len(wire.asked) == 1 else batch(echo)(asked)

    answers = graph.send_many([get("/a"), get("/b")])

    assert answers == [{"url": "/a"}, {"url": "/b"}]
    assert [asked.headers["Authorization"] for asked in wire.asked] == ["Bearer token-1", "Bearer token-2"]


def test_only_the_parts_whose_token_was_refused_are_sent_again(wire, graph):
    refused = {"status": 401, "body": error("InvalidAuthenticationToken")}
    wire.answer = lambda asked: (
        batch(lambda part: refused if part["url"] == "/b" else echo(part))(asked)
        if asked.path.endswith("$batch")
        else Said(200, {"url": "/b"})
    )

    answers = graph.send_many([get("/a"), get("/b"), get("/c")])

    assert answers == [{"url": "/a"}, {"url": "/b"}, {"url": "/c"}]
    assert [asked.path for asked in wire.asked] == ["/v1.0/$batch", "/v1.0/b"]


def test_a_token_that_stays_refused_needs_an_admin(wire, graph):
    wire.say(REFUSED_TOKEN)

    (plain,) = graph.send_many([get()])
    whole = graph.send_many([get("/a"), get("/b")])

    assert type(plain) is RefusedToken
    assert [(type(one), one.is_whole) for one in whole] == [(RefusedToken, True)] * 2
    assert len(wire.asked) == 4


def test_a_next_link_to_another_host_is_refused(wire, graph):
    wire.say(Said(200, {"value": [], "@odata.nextLink": "https://evil.example/v1.0/users?$skiptoken=x"}))

    with pytest.raises(Unavailable, match="another host"):
        converse(graph.census("u", WINDOW), graph.send_many)


@pytest.mark.parametrize("suffix", [".evil.example/v1.0/x", "@evil.example/v1.0/x"])
def test_a_next_link_that_only_begins_like_ours_is_refused(wire, graph, suffix):
    wire.say(Said(200, {"value": [], "@odata.deltaLink": wire.endpoints.graph_url + suffix}))

    with pytest.raises(Unavailable):
        converse(graph.follow_delta("u", "/delta"), graph.send_many)


def test_a_next_link_of_ours_is_kept_below_the_root(wire, graph):
    wire.say(Said(200, {"value": [], "@odata.nextLink": f"{wire.root}/users/u/calendarView?$skip=200"}))

    page = converse(graph.census("u", WINDOW), graph.send_many)

    assert page.next_link == "/users/u/calendarView?$skip=200"


NO_LISTS: list[Any] = [None, [], {}, "text", {"value": None}, {"value": {}}, {"value": ["text"]}, {"value": [None]}]


@pytest.mark.parametrize("body", [json.dumps(body) if body is not None else None for body in NO_LISTS])
@pytest.mark.parametrize(
    "ask",
    [
        lambda graph: graph.look_up("ann@northgate.example"),
        lambda graph: graph.find("u", "11111111-2222-3333-4444-555555555555"),
        lambda graph: graph.start_delta("u", WINDOW),
        lambda graph: graph.skip_delta("u", "/delta"),
        lambda graph: graph.follow_delta("u", "/delta"),
        lambda graph: graph.list_series("u", "s", WINDOW),
        lambda graph: graph.census("u", WINDOW),
    ],
    ids=["look_up", "find", "start_delta", "skip_delta", "follow_delta", "list_series", "census"],
)
def test_an_answer_without_a_list_is_an_error_and_never_an_empty_calendar(wire, graph, ask, body):
    wire.say(Said(200, body))

    with pytest.raises(Unavailable):
        converse(ask(graph), graph.send_many)


@pytest.mark.parametrize("body", [None, "[]", "{}", '"text"', '{"id": "a"}'])
def test_a_write_whose_answer_is_no_event_is_not_known(wire, graph, body):
    from tests.test_codec import entry

    wire.say(Said(201, body))

    with pytest.raises(Unavailable):
        converse(graph.create("u", entry(), key=entry().session_uid), graph.send_many)


@pytest.mark.parametrize("body", ['"<html>Sign in</html>"', '{"value": []}'])
def test_a_removal_that_is_answered_with_something_is_not_known(wire, graph, body):
    wire.say(Said(200, body))

    with pytest.raises(Unavailable):
        converse(graph.delete("u", "a"), graph.send_many)


@pytest.mark.parametrize("body", [None, "null", '""'])
def test_a_removal_that_is_answered_with_nothing_is_done(wire, graph, body):
    wire.say(Said(204, body))

    converse(graph.delete("u", "a"), graph.send_many)


def test_a_round_that_ends_without_a_link_is_an_error(wire, graph):
    wire.say(Said(200, {"value": []}))

    with pytest.raises(Unavailable):
        converse(graph.follow_delta("u", "/delta"), graph.send_many)


def test_errors_of_a_single_mailbox_are_not_of_the_whole_connection(wire, graph):
    for status, code in [(429, "ApplicationThrottled"), (404, "ErrorInvalidUser"), (503, "")]:
        wire.say(Said(status, error(code)))

        (answer,) = graph.send_many([get()])

        assert isinstance(answer, ProviderError)
        assert not answer.is_whole


def test_a_mailbox_that_is_not_there_is_unusable(wire, graph):
    wire.say(Said(404, error("MailboxNotEnabledForRESTAPI")))

    with pytest.raises(MailboxUnusable):
        converse(graph.census("u", WINDOW), graph.send_many)


def test_a_person_who_stands_on_a_later_page_is_found(wire, graph):
    more = {"value": [], "@odata.nextLink": f"{wire.root}/users?$skiptoken=2"}
    ann = {"id": "1", "displayName": "Ann", "mail": "ann@northgate.example"}
    wire.say(Said(200, more), Said(200, {"value": [ann]}))

    found = converse(graph.look_up("ann@northgate.example"), graph.send_many)

    assert [person.name for person in found] == ["Ann"]
    assert wire.asked[1].path == "/v1.0/users?$skiptoken=2"


def test_a_copy_that_stands_on_a_later_page_is_found(wire, graph):
    more = {"value": [], "@odata.nextLink": f"{wire.root}/users/u/events?$skip=50"}
    wire.say(Said(200, more), Said(200, {"value": [event("ours")]}))

    found = converse(graph.find("u", uuid4()), graph.send_many)

    assert [item.remote_id for item in found] == ["ours"]
    assert [asked.headers["Prefer"] for asked in wire.asked] == [provider.PREFER["Prefer"]] * 2


def test_a_list_that_does_not_end_is_an_error(wire, graph, monkeypatch):
    monkeypatch.setattr(provider, "PAGES", 3)
    wire.answer = lambda _: Said(200, {"value": [], "@odata.nextLink": f"{wire.root}/users?{len(wire.asked)}"})

    with pytest.raises(Unavailable, match="does not come to an end"):
        converse(graph.look_up("ann@northgate.example"), graph.send_many)

    assert len(wire.asked) == 3


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_already_counts_as_deleted_there(wire, graph, status):
    wire.say(Said(status, error("ErrorItemNotFound" if status == 404 else "Gone")))

    with pytest.raises(NotFound):
        converse(graph.delete("u", "a"), graph.send_many)


def event(remote_id: str, **values: Any) -> dict[str, Any]:
    """A single event as a view or a delta tells it in full."""
    times = {name: {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "UTC"} for name in ("start", "end")}
    return {
        "id": remote_id,
        "type": "singleInstance",
        "subject": "Dentist",
        "isAllDay": False,
        "isCancelled": False,
        "showAs": "oof",
        "sensitivity": "normal",
        "location": {"displayName": "Room 3"},
        "responseStatus": {"response": "organizer"},
        **times,
        **values,
    }


def changes(*events: dict[str, Any], root: str) -> Said:
    return Said(200, {"value": list(events), "@odata.deltaLink": f"{root}/delta?$deltatoken=2"})


@pytest.mark.parametrize(
    "lacking", ["subject", "start", "end", "isAllDay", "isCancelled", "showAs", "sensitivity", "location", "type"]
)
def test_what_a_delta_leaves_out_of_an_item_is_asked_for_and_never_cleared(wire, graph, lacking):
    whole = event("a")
    part = {name: value for name, value in whole.items() if name != lacking}
    wire.say(changes(part, root=wire.root), Said(200, whole))

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert page == provider.page([whole], next_link="", cursor="/delta?$deltatoken=2")
    assert wire.asked[1].path.startswith("/v1.0/users/u/events/a?")


@pytest.mark.parametrize("status", [404, 410])
def test_an_item_that_has_gone_since_the_delta_named_it_counts_as_removed(wire, graph, status):
    wire.say(changes({"id": "a"}, root=wire.root), Said(status, error("ErrorItemNotFound")))

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert (page.items, page.removed, page.cursor) == ((), ("a",), "/delta?$deltatoken=2")


def test_an_item_that_is_refused_when_it_is_asked_for_is_named_and_the_others_are_read(wire, graph):
    wire.say(changes({"id": "a"}, event("b"), root=wire.root), Said(400, error("ErrorInvalidIdMalformed")))

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert (page.unread, page.removed, page.cursor) == (("a",), (), "/delta?$deltatoken=2")
    assert [item.remote_id for item in page.items] == ["b"]


def test_once_items_that_are_not_told_have_taken_too_long_no_others_are_asked_for(wire, graph, monkeypatch):
    monkeypatch.setattr(provider, "PATIENCE", 0.25)
    first = changes({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"}, event("e"), root=wire.root)

    def answer(asked: Asked) -> Said:
        if "/delta" in asked.path:
            return first
        time.sleep(0.3)
        return Said(200, event("a")) if "/events/a" in asked.path else Said(500, error("ErrorInternalServerError"))

    wire.answer = answer

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert page.unread == ("b", "c", "d")
    assert sorted(item.remote_id for item in page.items) == ["a", "e"]
    assert len(wire.asked) == 1 + 2


@pytest.mark.parametrize("answer", [{"id": "b"}, {}, [], None])
def test_another_item_than_the_one_that_was_asked_for_is_not_taken_for_it(wire, graph, answer):
    wire.say(changes({"id": "a"}, event("c"), root=wire.root), Said(200, answer))

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert (page.unread, page.unreadable, page.removed) == (("a",), (), ())
    assert [item.remote_id for item in page.items] == ["c"]


@pytest.mark.parametrize("odd", [["a"], {"a": 1}])
def test_an_id_of_a_delta_that_is_no_text_stops_nothing(wire, graph, odd):
    wire.say(changes(event("b"), {"id": odd, "@removed": {}}, root=wire.root))

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert [item.remote_id for item in page.items] == ["b"]


def test_what_is_told_in_full_or_only_names_its_series_is_not_asked_for(wire, graph):
    bare = {"id": "occurrence", "type": "occurrence", "seriesMasterId": "master"}
    removed = {"id": "gone", "@removed": {"reason": "deleted"}}
    wire.say(changes(event("a"), bare, removed, event("m", type="seriesMaster"), root=wire.root))

    page = converse(graph.follow_delta("u", "/delta"), graph.send_many)

    assert ([item.remote_id for item in page.items], page.removed) == (["a"], ("gone",))
    assert page.series == {"master", "m"}
    assert len(wire.asked) == 1


@pytest.mark.parametrize("address", ["o'hara@northgate.example", "a+b@northgate.example", "ann&ben@northgate.example"])
def test_an_address_with_special_characters_is_looked_up_as_it_is(wire, graph, address):
    from urllib.parse import parse_qs, urlsplit

    wire.say(Said(200, {"value": []}))

    converse(graph.look_up(address), graph.send_many)

    query = parse_qs(urlsplit(wire.asked[0].path).query)
    assert query["$filter"][0].startswith(f"mail eq '{address.replace(chr(39), chr(39) * 2)}' or ")


@pytest.mark.parametrize("user", [{}, {"id": None}, {"id": "", "mail": "ann@northgate.example"}])
def test_somebody_without_an_id_cannot_be_looked_up(wire, graph, user):
    wire.say(Said(200, {"value": [user]}))

    with pytest.raises(Unavailable):
        converse(graph.look_up("ann@northgate.example"), graph.send_many)
