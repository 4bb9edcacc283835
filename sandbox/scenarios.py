"""What goes wrong in practice, by number: each a few rules for faults, switches, or a thing to do by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.items import Json

if TYPE_CHECKING:
    from sandbox.world import World

EVENTS = r"/events(\?|$)"
ROUND = r"/delta\?.*\$deltatoken"
PAGE = r"/delta\?.*\$skiptoken"
HTML = "<html><head><title>Error</title></head><body><h1>Service Unavailable</h1></body></html>"
RETRIES = [3, 7, 5]  # seconds: each part of a batch has its own
DUPLICATE = {
    "code": "ErrorDuplicateTransactionId",
    "message": "Your request can't be completed. The TransactionId specified in the request has already been used "
    "to create a different event.",
}
CONFLICT = {
    "code": "ErrorIrresolvableConflict",
    "message": "The send or update operation could not be performed because the change key passed in the request "
    "does not match the current change key for the item.",
}
WANTED = {"scenario", "variant", "mailbox", "match", "effect", "times"}
NOISE = {
    "delta_empty_pages": 1, "delta_duplicates": True, "delta_replays": 2, "delta_foreign_removed": 2,
    "delta_delay_seconds": 2.0, "delta_master": "missing",
}  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """What a variant of a scenario puts in force. `mailbox` is a state for the mailbox that is named with it."""

    title: str
    rule: Json | None = None
    settings: Json = field(default_factory=dict)
    mailbox: str | None = None
    recipe: str = ""

    @property
    def is_for_all(self) -> bool:
        """Whether it is nothing that one mailbox alone can have."""
        return self.mailbox is None and (self.rule is None or self.is_of_sign_in)

    @property
    def is_of_sign_in(self) -> bool:
        """Whether it is for the token endpoint, which knows no mailboxes."""
        return self.rule is not None and "token" in self.rule["effect"]

    def as_json(self) -> Json:
        shown = {"title": self.title, "rule": self.rule, "settings": self.settings, "mailbox": self.mailbox}
        return {name: value for name, value in (shown | {"recipe": self.recipe}).items() if value}


def rule(match: Json | None = None, times: int | None = None, **effect: Any) -> Json:
    return {"match": match or {}, "effect": effect} | ({"times": times} if times else {})


def _status(status: int, title: str, **effect: Any) -> Scenario:
    return Scenario(title, rule(status=status, **effect))


def _once(title: str, match: Json, **effect: Any) -> Scenario:
    return Scenario(title, rule(match, times=1, **effect))


WRITE = {"path": r"/events/[^/?]+$", "method": "PATCH"}
POST = {"method": "POST", "path": EVENTS}
F1 = {
    "": _status(429, "the mailbox is throttled", retry_after=10),
    "quota": _status(429, "10,000 requests in ten minutes", code="TooManyRequests", retry_after=60),
    "no_retry_after": _status(429, "throttled, and for how long is not said"),
}
F2 = {
    "": Scenario(
        "parts of a batch are throttled",
        rule({"in_batch": True, "probability": 0.5, "seed": 2}, status=429, retry_after=RETRIES),
        {"shuffle_batches": True},
    ),
    "all": Scenario("every part of a batch is throttled", rule({"in_batch": True}, status=429, retry_after=RETRIES)),
}
F3 = {
    "": _status(503, "503 in HTML", body=HTML),
    "retry_after": _status(503, "503 in HTML that says for how long", body=HTML, retry_after=5),
    "empty": _status(503, "503 without a body", body=""),
    "sticky": _status(503, "503 until a new connection is made", body=HTML, sticky=True),
    "502": _status(502, "502 in HTML", body=HTML),
    "504": _status(504, "504 in HTML", body=HTML),
    "504_json": _status(504, "504 in JSON", code="UnknownError", message=""),
    "509": _status(509, "509: too much bandwidth", body=HTML),
}
F4 = {
    "": _once("the answer to a POST is lost after the work", POST, drop="after"),
    "before": _once("a POST is lost before the work", POST, drop="before"),
}
F5 = {
    "": _once("409 for a transactionId", POST, status=409, **DUPLICATE),
    "400": _once("400 for a transactionId", POST, status=400, **DUPLICATE),
    "no_id": Scenario("a true 409 names no event", settings={"duplicate_transaction_existing_id": False}),
    "true_400": Scenario("a true refusal has the status 400", settings={"duplicate_transaction_status": 400}),
}
F6 = {
    "": _once("412 for a PATCH", WRITE, status=412, **CONFLICT),
    "409": _once("409 for a PATCH", WRITE, status=409, **CONFLICT),
    "ignored": Scenario("an outdated etag does not matter", settings={"if_match": "ignore"}),
}
F7 = {
    "": _once("the delta link is forgotten", {"path": ROUND}, status=410),
    "mid_round": _once("it is forgotten in the middle of a round", {"path": PAGE}, status=410),
    "malformed": _once(
        "the delta link is not understood",
        {"path": ROUND},
        status=400,
        code="ErrorInvalidUrlQuery",
        message="The URL query token is malformed.",
    ),
    "location": Scenario(
        "a true 410 names where to begin", settings={"delta_reset": "location", "delta_generations": 1}
    ),
}
F8 = {"": Scenario("noise in delta rounds", settings=NOISE)}
F9 = {
    "": Scenario("no mailbox", mailbox="none"),
    "unknown": Scenario("an unknown user", mailbox="unknown"),
    "refused": Scenario("a policy refuses the application the mailbox", mailbox="refused"),
    "moved": Scenario("the mailbox is being moved", mailbox="moved"),
    "alternating": Scenario("two refusals in turns", mailbox="alternating"),
}
F10 = {
    "": _once("a valid token is refused once", {}, status=401),
    "role_removed": Scenario("the next token has no role for calendars", settings={"roles": ["User.Read.All"]}),
    "throttled": Scenario("the token endpoint throttles", rule(token={"code": "throttled"}, times=1)),
    "unavailable": Scenario("the token endpoint is away", rule(token={"status": 503, "code": 90033}, times=1)),
    "expired": Scenario("the token has expired", recipe='POST /_sandbox/clock {"advance": 3600}'),
}
F11 = {"": Scenario("bodies and keys change", settings={"rewrite_bodies": True, "change_key_bump_seconds": 2.0})}
F12 = {"": Scenario("the owner edits", recipe="POST, PATCH or DELETE /_sandbox/mailboxes/{mail}/events[/{id}]")}
F15 = {"": Scenario("time zones", recipe="POST /_sandbox/mailboxes/{mail}/events with the zones that are wanted")}
F16 = {"": Scenario("a query that delta refuses", recipe="ask a delta with $select: it is always refused")}
F17 = {"": Scenario("mails to attendees", recipe="GET /_sandbox/audit: `mails` tells who would have got which")}
SCENARIOS = {
    "F1": F1, "F2": F2, "F3": F3, "F4": F4, "F5": F5, "F6": F6, "F7": F7, "F8": F8, "F9": F9, "F10": F10, "F11": F11,
    "F12": F12, "F15": F15, "F16": F16, "F17": F17,
}  # fmt: skip


def scenario(name: str, variant: str = "") -> Scenario:
    """The variant of a scenario; ValueError when there is none."""
    variants = SCENARIOS.get(str(name).upper())
    if variants is None:
        raise ValueError(f"There is no scenario '{name}'; there are {', '.join(SCENARIOS)}.")
    if variant not in variants:
        raise ValueError(f"{name} has no variant '{variant}'; it has {', '.join(filter(None, variants))}.")
    return variants[variant]


def rule_of(wanted: Json) -> Json | None:
    """The rule of a scenario, narrowed and changed by what else is wanted: mailbox, match, effect, times."""
    found = scenario(wanted["scenario"], wanted.get("variant", ""))
    usual = found.rule
    if usual is None:
        return None
    mailbox = None if found.is_of_sign_in else wanted.get("mailbox")
    match = usual["match"] | ({"mailbox": mailbox} if mailbox else {})
    changed = {"match": match | wanted.get("match", {}), "effect": usual["effect"] | wanted.get("effect", {})}
    return changed | {"times": wanted.get("times", usual.get("times"))}


def put_in_force(world: World, wanted: Json) -> Json:
    """Do what a scenario takes; what was done. ValueError where a person has to do it."""
    if unknown := sorted(set(wanted) - WANTED):
        raise ValueError(f"A scenario takes no '{unknown[0]}'; it takes {', '.join(sorted(WANTED))}.")
    found = scenario(wanted["scenario"], wanted.get("variant", ""))
    if found.recipe:
        raise ValueError(f"{wanted['scenario']} is no rule: {found.recipe}.")
    person = world.find(str(wanted.get("mailbox") or ""))
    if person is None and (found.mailbox or wanted.get("mailbox")):
        raise ValueError("A mailbox is needed: `mailbox` names somebody whom the directory has.")
    if found.mailbox and person is not None:
        person.mailbox_state = found.mailbox
        world.relist(person)
    rule = rule_of(wanted)
    faults = [world.faults.add(rule).as_json()] if rule else []
    world.settings.change(found.settings)
    return found.as_json() | {"faults": faults}
