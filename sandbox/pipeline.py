"""The way of one call: counted, made to fail if a fault says so, held to the limits, answered."""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Callable
from email.utils import formatdate
from uuid import uuid4

from sandbox.calls import Answer, Call, refusal
from sandbox.errors import CHALLENGED, GraphError, UnreadableBody
from sandbox.faults import HEADER, Fault, Request, fault_of_header
from sandbox.mailbox import Person
from sandbox.resource_units import DIRECTORY, headers_of
from sandbox.routes import perform, place
from sandbox.world import World

logger = logging.getLogger("sandbox")
LOST = None  # the answer that never arrives


async def answer(call: Call) -> Answer | None:
    """The answer to a call, or LOST."""
    world = call.world
    place(call)
    counts = world.audit.in_batch if call.in_batch else world.audit.plain
    counts[f"{call.method} {call.template}"] += 1
    person = world.in_directory(call.ids[0]) if call.ids else None
    try:
        fault = fault_of(call, person) if world.faults.are_there or HEADER in call.headers else None
        if call.template in DIRECTORY:
            found = await _of_directory(call, fault)
        elif person is None:
            found = await _unhurried(call, fault)
        else:
            found = await _of_mailbox(call, fault, person)
    except GraphError as error:
        found = refused(world, error, in_batch=call.in_batch)
    if found is not LOST:
        world.audit.statuses[str(found.status)] += 1
    return found


def turned_away(call: Call, error: GraphError) -> Answer:
    """The refusal of a call before anything is done for it: without a valid token, or with an unreadable body."""
    place(call)
    call.world.audit.plain[f"{call.method} {call.template}"] += 1
    call.world.audit.statuses[str(error.status)] += 1
    return refused(call.world, error)


def fault_of(call: Call, person: Person | None) -> Fault | None:
    """The fault that a call suffers: the one that it asks for, or the first rule that it falls under."""
    if HEADER not in call.headers:
        return call.world.faults.find(request_of(call, person))
    try:
        return fault_of_header(call.headers[HEADER])
    except (ValueError, TypeError) as error:
        raise GraphError(400, "BadInput", f"The header {HEADER}: {error}") from None


async def _of_mailbox(call: Call, fault: Fault | None, person: Person) -> Answer | None:
    """The answer of Outlook, which lets few requests for a mailbox in at a time."""
    limits = call.world.limits
    scope = limits.enter(call, person)
    try:
        return await _unhurried(call, fault)
    finally:
        limits.leave(scope)


async def _of_directory(call: Call, fault: Fault | None) -> Answer | None:
    """The answer of the directory, another workload with a limit of its own."""
    share = call.world.resource_units.spend(call)
    found = await _unhurried(call, fault)
    if found is not LOST:
        found.headers |= headers_of(call, share)
    return found


async def _unhurried(call: Call, fault: Fault | None) -> Answer | None:
    """The answer after the time that it takes."""
    settings, began = call.world.settings, call.world.beginnings
    if settings.latency_ms:
        jitter = random.uniform(0, settings.jitter_ms)  # noqa: S311 - a delay, not a secret
        await call.world.clock.sleep((settings.latency_ms + jitter) / 1000)
    if fault is not None:
        await call.world.clock.sleep(fault.effect.get("delay") or 0)
    if call.world.beginnings != began:
        return LOST
    if fault is None:
        return performed(call)
    return shaped(call.world, fault, lambda: performed(call), in_batch=call.in_batch)


def performed(call: Call) -> Answer:
    """What Graph says to a call, a refusal included."""
    try:
        return perform(call)
    except GraphError as error:
        return refused(call.world, error, in_batch=call.in_batch)
    except Exception:  # the outermost edge: a mistake of the sandbox must not look like a fault of Graph
        logger.exception("The sandbox failed at %s %s", call.method, call.template)
        return refused(call.world, GraphError(500, "SandboxMistake", "The sandbox made a mistake; its log says which."))


def refused(world: World, error: GraphError, *, in_batch: bool = False) -> Answer:
    date = world.now().strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(error, UnreadableBody):
        error.code = world.settings.unreadable_code
    found = refusal(error, str(uuid4()), date, world.settings.inner_error)
    if "Retry-After" in found.headers:
        found.headers |= wait(world, found.headers.pop("Retry-After"), in_batch=in_batch)
    return found


def wait(world: World, after: float | str, *, in_batch: bool) -> dict[str, str]:
    """Retry-After in the form that the settings want; a text that is no number stays as it is."""
    form = world.settings.retry_after
    if form == "missing":
        return {"x-sandbox-fault": "retry_after"}
    if isinstance(after, str) and not after.isdecimal():
        return {"Retry-After": after}
    seconds = float(after)
    if form == "date":
        return {"Retry-After": formatdate(math.ceil(world.now().timestamp() + seconds), usegmt=True)}
    if form == "decimal" and in_batch:  # seen in batches alone: a fraction of the second that is meant
        return {"Retry-After": f"{max(0.0, seconds - 0.751):.3f}"}
    return {"Retry-After": f"{seconds:g}"}


def shaped(world: World, fault: Fault, perform_it: Callable[[], Answer], *, in_batch: bool = False) -> Answer | None:
    """The answer that a fault makes of a call; it does the work only where the fault says so."""
    effect = fault.effect
    if effect.get("drop") == "before":
        return LOST
    if "status" in effect and not effect.get("commit"):
        return _forged(world, fault, in_batch)
    found = perform_it()
    if effect.get("drop") == "after":
        return LOST
    if "status" in effect:
        return _forged(world, fault, in_batch)
    found.sticks = bool(effect.get("sticky"))
    if "body" in effect:
        found.body = effect["body"]
    if effect.get("truncate"):
        text = found.body if isinstance(found.body, str) else json.dumps(found.body)
        found.body = text[: max(1, len(text) // 2)] if effect["truncate"] is True else text[: effect["truncate"]]
    found.headers = found.headers | (effect.get("headers") or {}) | {HEADER: fault.id}
    return found


def _forged(world: World, fault: Fault, in_batch: bool) -> Answer:
    effect = fault.effect
    status = effect["status"]
    code = effect["code"] if isinstance(effect.get("code"), str) else _CODES.get(status, "UnknownError")
    usual = _MESSAGES.get(code, "An error that the sandbox was told to make.")
    message = effect["message"] if isinstance(effect.get("message"), str) else usual
    forged = refused(world, GraphError(status, code, message, CHALLENGED if status == 401 else None))
    if "body" in effect:
        forged.body = effect["body"]
        forged.headers["Content-Type"] = "text/html" if isinstance(effect["body"], str) else "application/json"
    after = fault.retry_after()
    if after is not None:
        forged.headers |= wait(world, after, in_batch=in_batch)
    forged.headers |= (effect.get("headers") or {}) | {HEADER: fault.id}
    forged.sticks = bool(effect.get("sticky"))
    return forged


def request_of(call: Call, person: Person | None) -> Request:
    """A call as the rules for faults see it."""
    path = "/" + "/".join(call.segments)
    query = "&".join(f"{name}={value}" for name, value in call.query.items())
    names = {person.id.lower(), *person.addresses()} if person else {name.lower() for name in call.ids[:1]}
    body = "" if call.body is None else json.dumps(call.body, ensure_ascii=False)
    return Request(call.method, f"{path}?{query}" if query else path, call.template, names, call.in_batch, body=body)


_CODES = {
    400: "ErrorInvalidRequest",
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    409: "ErrorIrresolvableConflict",
    410: "SyncStateNotFound",
    412: "ErrorIrresolvableConflict",
    429: "ApplicationThrottled",
    500: "ErrorInternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "UnknownError",
    509: "BandwidthLimitExceeded",
}
_MESSAGES = {
    "InvalidAuthenticationToken": "Lifetime validation failed, the token is expired.",
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "SyncStateNotFound": "The sync state generation is not found; generation=1;[highest=9][9][8][7].",
    "ApplicationThrottled": "Application is over its MailboxConcurrency limit.",
    "ErrorInvalidUser": "The requested user is invalid.",
    "MailboxNotEnabledForRESTAPI": "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
}
