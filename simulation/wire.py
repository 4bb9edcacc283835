"""What goes over the wire, and who listens."""

import re
from collections.abc import Sequence
from typing import Protocol

from integrations.providers.conversation import Answer, Request
from integrations.providers.microsoft.provider import Microsoft365
from simulation.cast import NAMES

USER = re.compile(r"/users/([^/?]+)(/[^?]*)?")
EVENT = re.compile(r"(/events/)[^/?]+")


class Listener(Protocol):
    """Who lets something happen before and after a request."""

    def before(self) -> None: ...

    def after(self, requests: Sequence[Request], answers: Sequence[Answer]) -> None: ...


class Watched(Microsoft365):
    """The provider, on whose wire something may happen while a request is on its way."""

    listener: Listener

    def send_many(self, requests: Sequence[Request]) -> list[Answer]:
        self.listener.before()
        answers = super().send_many(requests)
        self.listener.after(requests, answers)
        return answers


def called(request: Request) -> str:
    """A request in the words of a trace: no ids, which differ from run to run."""
    if found := USER.match(request.path):
        rest = EVENT.sub(r"\1{id}", found[2] or "")
        return f"{request.method} {NAMES.get(found[1], '?')}{rest}"
    return f"{request.method} {request.path.partition('?')[0]}"


def worded(answer: Answer) -> str:
    """An answer in the words of a trace."""
    if isinstance(answer, Exception):
        return f"{type(answer).__name__} {getattr(answer, 'code', '')}"
    found = answer.get("value") if isinstance(answer, dict) else None
    return f"ok, {len(found)}" if isinstance(found, list) else "ok"
