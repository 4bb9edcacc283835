"""Faults on demand: which requests go wrong, and how."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.bodies import read_json
from sandbox.fault_values import check_values
from sandbox.items import Json
from sandbox.scenarios import rule_of, scenario

MATCH = {"method", "path", "mailbox", "body", "in_batch", "nth", "probability", "seed"}
EFFECT = {
    "status", "code", "message", "retry_after", "body", "headers", "drop", "delay", "token", "truncate", "commit",
    "sticky",
}  # fmt: skip
RULE = {"match", "effect", "times"}
OF_GRAPH = ("mailbox", "body", "in_batch")  # what no request to the sign-in host has
HEADER = "x-sandbox-fault"  # of an answer: which rule shaped it; of a request: how its answer is to be shaped
FAULTY_NAME = re.compile(r"fault-(f\d+)(?:-(\w+))?@", re.IGNORECASE)  # fault-f3@..., fault-f3-empty@...


@dataclass(slots=True)
class Request:
    """What a fault may look at."""

    method: str
    path: str  # without /v1.0, decoded, with its query
    template: str
    mailboxes: set[str] = field(default_factory=set)  # every address and id of the mailbox, in small letters
    in_batch: bool = False
    part: str = "graph"  # or "token", or "discovery": Entra's two
    body: str = ""  # what is sent, as JSON


class Fault:
    """One rule: the requests that match suffer its effect."""

    def __init__(self, number: int, rule: Json, name: str = "") -> None:
        self.id = name or str(number)
        self.match: Json = _checked(rule.get("match", {}), MATCH, "match")
        self.effect: Json = _checked(rule.get("effect", {}), EFFECT, "effect")
        self.times: int | None = rule.get("times")
        self.seen = 0
        self.applied = 0
        self.random = random.Random(self.match.get("seed", 0))  # noqa: S311 - reproducible, not secret
        check_values(self.match, self.effect, self.times)
        re.compile(self.match.get("path") or "")
        self.part = self._part()
        if self.part != "graph" and (never := [name for name in OF_GRAPH if self.match.get(name)]):
            raise ValueError(
                f"A rule for the sign-in host never fits with '{never[0]}': only requests to Graph have it."
            )

    def suits(self, request: Request) -> bool:
        """Whether this request goes wrong; counts it when it matches."""
        if (self.times is not None and self.applied >= self.times) or not self._matches(request):
            return False
        self.seen += 1
        if not self._is_nth() or not self._happens():
            return False
        self.applied += 1
        return True

    def _matches(self, request: Request) -> bool:
        match = self.match
        if request.part != self.part:
            return False
        if match.get("in_batch") not in (None, request.in_batch):
            return False
        if match.get("method") and match["method"].upper() != request.method:
            return False
        if match.get("mailbox") and match["mailbox"].lower() not in request.mailboxes:
            return False
        if match.get("body") and match["body"] not in request.body:
            return False
        return not match.get("path") or _path_fits(match["path"], request)

    def _part(self) -> str:
        """What the rule is for: Graph, unless its effect or its path says that it is for the sign-in host."""
        path = self.match.get("path") or ""
        if "token" in self.effect or re.search(r"(^|/)token|oauth2", path):
            return "token"
        return "discovery" if re.search(r"well-known|openid|discovery/", path) else "graph"

    def _is_nth(self) -> bool:
        nth = self.match.get("nth")
        return nth is None or self.seen in (nth if isinstance(nth, list) else [nth])

    def _happens(self) -> bool:
        probability = self.match.get("probability")
        return probability is None or self.random.random() < probability

    def retry_after(self) -> float | str | None:
        """What the answer says of waiting; of a list the next entry, so that each answer has its own."""
        given = self.effect.get("retry_after")
        if isinstance(given, list):
            given = given[(self.applied - 1) % len(given)]
        return cast(float | str | None, given)

    def as_json(self) -> Json:
        shown = {"id": self.id, "match": self.match, "effect": self.effect, "times": self.times}
        return shown | {"seen": self.seen, "applied": self.applied}

    @classmethod
    def from_json(cls, shown: Json) -> Fault:
        """The rule that `as_json` showed, with what it has seen so far."""
        fault = cls(int(shown["id"]), shown)
        fault.seen, fault.applied = shown["seen"], shown["applied"]
        return fault


class Faults:
    """The rules in force, in the order in which they were made; the first that fits wins."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.standing: dict[str, Fault] = {}  # of the mailboxes whose names ask for one, by their ids
        self.made = 0
        self.changed = False  # since the state was saved

    @property
    def are_there(self) -> bool:
        return bool(self.rules or self.standing)

    def stand(self, person_id: str, addresses: Iterable[str]) -> str | None:
        """Put the fault in force that one of a person's addresses names: fault-f3@... is always unavailable.

        The state of the mailbox, where it is that what the name asks for.
        """
        self.standing.pop(person_id, None)
        wanted = wanted_by_name(addresses)
        if wanted is None:
            return None
        rule = rule_of(wanted | {"mailbox": person_id})
        if rule is not None:
            name = "-".join(filter(None, ("fault", wanted["scenario"], wanted["variant"])))
            self.standing[person_id] = Fault(0, rule, name)
        return scenario(wanted["scenario"], wanted["variant"]).mailbox

    def add(self, rule: Any) -> Fault:
        """Put a rule in force; ValueError says what is wrong with it."""
        if not isinstance(rule, dict):
            raise ValueError("A fault is an object with a match and an effect.")  # noqa: TRY004 - one error for bad input
        _checked(rule, RULE, "rule")
        self.made += 1
        try:
            fault = Fault(self.made, rule)
        except re.error as error:
            raise ValueError(f"The path is no regular expression: {error}.") from None
        self.rules.append(fault)
        self.changed = True
        return fault

    def clear(self, fault_id: str | None = None) -> None:
        """Lift one rule, or all of them. Those that a mailbox's name asks for begin anew."""
        for rule in self.standing.values():
            rule.seen = rule.applied = 0
        self.rules = [rule for rule in self.rules if fault_id is not None and rule.id != fault_id]
        self.changed = True

    def find(self, request: Request) -> Fault | None:
        """The rule that this request falls under."""
        found = next((rule for rule in (*self.rules, *self.standing.values()) if rule.suits(request)), None)
        self.changed = self.changed or found in self.rules
        return found

    def restore(self, rules: list[Json]) -> None:
        """Put the rules of a state file in force again."""
        self.rules = [Fault.from_json(shown) for shown in rules]
        self.made = max((int(rule.id) for rule in self.rules), default=0)


def wanted_by_name(addresses: Iterable[str]) -> dict[str, str] | None:
    """The scenario that one of these addresses asks for; ValueError when it is none that a mailbox can have."""
    found = next(filter(None, map(FAULTY_NAME.match, sorted(addresses))), None)
    if found is None:
        return None
    wanted = {"scenario": found[1].lower(), "variant": (found[2] or "").lower()}
    if scenario(wanted["scenario"], wanted["variant"]).is_for_all:
        raise ValueError(f"A mailbox cannot ask for {found[0].rstrip('@')}: it is a thing of the whole sandbox.")
    return wanted


def fault_of_header(text: str) -> Fault:
    """The fault that a request asks for itself: a scenario (`F3`, `F3 empty`), or an effect in JSON. Or ValueError."""
    if text.lstrip().startswith("{"):
        return Fault(0, {"effect": read_json(text.encode())}, "header")
    name, _, variant = text.strip().partition(" ")
    rule = rule_of({"scenario": name, "variant": variant})
    if rule is None:
        raise ValueError(f"{name} cannot be asked for by a header.")
    return Fault(0, {"effect": rule["effect"]}, "header")


def _checked(given: Any, known: set[str], what: str) -> Json:
    if not isinstance(given, dict):
        raise ValueError(f"The {what} of a fault is an object.")  # noqa: TRY004 - one error for bad input
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"A fault's {what} has no '{unknown[0]}'; it knows {', '.join(sorted(known))}.")
    return given


def _path_fits(wanted: str, request: Request) -> bool:
    """A path is a template such as /users/{id}/events, a part of the path, or a regular expression for it."""
    if wanted == request.template or wanted in request.path:
        return True
    return "{" not in wanted and re.search(wanted, request.path) is not None
