"""Requests to Microsoft Graph: a single one plain, several as one $batch.

Source: https://learn.microsoft.com/graph/json-batching
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import requests

from integrations.providers.conversation import Answer, Request
from integrations.providers.errors import NeedsAdmin, NoAnswer, ProviderError, Rejected, Unavailable
from integrations.providers.microsoft.auth import SCOPE_HOSTS, Tokens
from integrations.providers.microsoft.errors import RefusedToken, error_for
from integrations.providers.microsoft.wire import DirectSession, UnreadableAnswer, content_of, parsed

TIMEOUT = (5, 60)  # seconds to connect, to read
KEPT_FOR = 100.0  # seconds; a connection that has rested for longer may be dead without our knowing
BATCH_SIZE = 20
LONGEST_LINK = 16_384  # characters; servers take no longer one
COMMON_HEADERS = {"Accept": "application/json", "User-Agent": "calsync"}


class GraphClient:
    """Sends requests of one app to Graph, and turns every answer into a body or a ProviderError.

    Safe for several threads: a session serves one request at a time and rests for the next, of whichever thread,
    because a new connection costs more than a request.
    """

    def __init__(self, tokens: Tokens, *, graph_url: str = "", verify: bool | str = True) -> None:
        self.tokens, self.verify = tokens, verify
        self.root = f"{graph_url or SCOPE_HOSTS[tokens.credentials.cloud]}/v1.0"
        self._resting: list[tuple[float, requests.Session]] = []  # since when; append and pop are atomic

    def send_many(self, requests_: Sequence[Request]) -> list[Answer]:
        """The answers in the order of the requests. A refused token is fetched anew once."""
        answers = self._send(requests_)
        refused = [place for place, answer in enumerate(answers) if isinstance(answer, RefusedToken)]
        if refused:
            self.tokens.forget()
            again = self._send([requests_[place] for place in refused])
            for place, answer in zip(refused, again, strict=True):
                answers[place] = answer
        return answers

    def relative(self, link: object) -> str:
        """`link` of an answer below the root. Raises Unavailable where it leads to another host or nowhere."""
        if not isinstance(link, str) or not link.startswith(self.root + "/"):
            raise Unavailable("Microsoft's answer leads to another host.", code="foreign link", is_garbled=True)
        if len(link) > LONGEST_LINK or not (link.isascii() and link.isprintable()):
            sentence = "Microsoft's answer leads to a place that cannot be asked for."
            raise Unavailable(sentence, code="link", is_garbled=True)
        return link.removeprefix(self.root)

    def _send(self, requests_: Sequence[Request]) -> list[Answer]:
        try:
            token = self.tokens.get()
            if len(requests_) == 1:
                return [self._plain(token, requests_[0])]
            return self._batch(token, requests_)
        except ProviderError as error:
            return [error] * len(requests_)

    def _plain(self, token: str, request: Request) -> Answer:
        try:
            status, headers, body = self._post(token, request.method, request.path, request.json, request.headers)
        except ProviderError as error:
            error.is_whole = False  # one calendar's request says nothing of the others
            return error
        except UnreadableAnswer as error:
            return Unavailable(str(error), code=error.code, is_garbled=True)
        return body if is_success(status) else error_for(status, headers, body)

    def _batch(self, token: str, requests_: Sequence[Request]) -> list[Answer]:
        """The answers to several requests. One that is bad, or badly answered, must not spoil the others."""
        return self._together(token, requests_) or self._one_by_one(token, requests_)

    def _one_by_one(self, token: str, requests_: Sequence[Request]) -> list[Answer]:
        """The answers to as many requests as there is time for, the first in any case; the others are not sent.

        The time is half of what one may take: so all of them take little longer than one, and none is sent when the
        lease of its calendar has lapsed.
        """
        until = time.monotonic() + TIMEOUT[1] / 2
        first, *others = requests_
        answers = [self._plain(token, first)]
        answers += [self._plain(token, request) if time.monotonic() < until else unsent() for request in others]
        return answers

    def _together(self, token: str, requests_: Sequence[Request]) -> list[Answer]:
        """The answers to one $batch; none where it was refused or cannot be read as a whole. Raises ProviderError."""
        parts = [part(str(number), request) for number, request in enumerate(requests_)]
        try:
            status, headers, body = self._post(token, "POST", "/$batch", {"requests": parts}, {})
        except UnreadableAnswer:
            return []
        if not is_success(status):
            error = whole(error_for(status, headers, body))
            if isinstance(error, Rejected):
                return []
            raise error
        if not isinstance(body, Mapping) or not isinstance(body.get("responses"), list):
            raise Unavailable("Microsoft's answer to a batch cannot be read.", code="batch")
        answered = by_id(body["responses"])
        return [answer_of(answered.get(str(number))) for number in range(len(requests_))]

    def _post(
        self, token: str, method: str, path: str, json: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], Any]:
        own = {"Authorization": f"Bearer {token}", "client-request-id": str(uuid4())}
        try:
            with self._session() as session:
                response = session.request(
                    method,
                    self.root + path,
                    json=json,
                    headers={**COMMON_HEADERS, **headers, **own},
                    timeout=TIMEOUT,
                    verify=self.verify,
                    allow_redirects=False,
                    stream=True,
                )
                content = content_of(response)
                if response.status_code == 503:
                    session.close()  # Microsoft asks for a new connection
        except requests.RequestException as error:
            is_late = isinstance(error, requests.ReadTimeout)  # for which one slow calendar is enough
            raise NoAnswer(
                f"Microsoft cannot be reached ({type(error).__name__}).", code="network", is_whole=not is_late
            ) from None
        return response.status_code, response.headers, body_of(response.status_code, content)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        """A session for one request. One whose request failed is not used again."""
        session, is_sound = self._rested() or DirectSession(), False
        try:
            yield session
            is_sound = True
        finally:
            if is_sound:
                self._resting.append((time.monotonic(), session))
            else:
                session.close()

    def _rested(self) -> requests.Session | None:
        """The session that has rested for the shortest time; None where there is none that is young enough."""
        while self._resting:
            since, session = self._resting.pop()
            if time.monotonic() - since < KEPT_FOR:
                return session
            session.close()
        return None


def whole(error: ProviderError) -> ProviderError:
    """`error` as that of a whole batch, from which nothing is concluded about the calendars in it."""
    if not isinstance(error, Unavailable | NeedsAdmin | Rejected):
        error = Unavailable(
            f"Microsoft refused several requests at once ({error.code}).", code=error.code, request_id=error.request_id
        )
    error.is_whole = True
    return error


def unsent() -> Unavailable:
    """The answer to a request for which there was no time."""
    return Unavailable("Microsoft answers so slowly that this was not asked for.", code="unsent")


def part(number: str, request: Request) -> dict[str, Any]:
    """One request as an item of a $batch."""
    item: dict[str, Any] = {
        "id": number,
        "method": request.method,
        "url": request.path,
        "headers": dict(request.headers),
    }
    if request.json is not None:
        item["headers"]["Content-Type"] = "application/json"
        item["body"] = request.json
    return item


def body_of(status: int, content: bytes) -> Any:
    """The parsed body; None for none. Raises UnreadableAnswer where a success cannot be read (HTML, cut off)."""
    if not content:
        return None
    try:
        return parsed(content)
    except UnreadableAnswer:
        if is_success(status):
            raise
        return None


def is_success(status: int) -> bool:
    return 200 <= status < 300


def values(body: Any) -> list[Mapping[str, Any]]:
    """The items of a collection. Raises Unavailable where there is no such list: an error is never an empty one."""
    found = body.get("value") if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Unavailable("Microsoft's answer holds no list.", code="value", is_garbled=True)
    return found


def by_id(answers: Sequence[Any]) -> dict[str, Any]:
    """The parts of a batch's answer by their ids. Of one that is answered twice nothing is known."""
    found: dict[str, Any] = {}
    for answer in answers:
        number = answer.get("id") if isinstance(answer, Mapping) else None
        if isinstance(number, str):
            found[number] = None if number in found else answer
    return found


def answer_of(item: Mapping[str, Any] | None) -> Answer:
    """The body of one item's answer in a batch, or its error. Unanswered is not known, never empty."""
    status = None if item is None else item.get("status")
    if item is None or type(status) is not int or not 200 <= status < 600:
        return Unavailable("Microsoft left a part of a batch unanswered.", code="unanswered")
    if is_success(status):
        return item.get("body")
    headers = item.get("headers")
    return error_for(status, headers if isinstance(headers, Mapping) else {}, item.get("body"))
