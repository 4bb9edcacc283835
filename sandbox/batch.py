"""JSON batching: up to twenty calls in one request, four at a time, answered in any order."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.calls import JSON_TYPE, Answer, Call
from sandbox.errors import GraphError
from sandbox.faults import HEADER, Fault
from sandbox.items import Json
from sandbox.pipeline import LOST, answer, fault_of, refused, shaped

MOST = 20
AT_A_TIME = 4
METHODS = {"GET", "POST", "PATCH", "PUT", "DELETE"}
WITH_A_BODY = {"POST", "PATCH", "PUT"}


def invalid_batch(message: str, code: str = "BadRequest") -> GraphError:
    return GraphError(400, code, message)


async def answer_batch(outer: Call) -> Answer | None:
    """The answer to a whole batch, or LOST; GraphError when it is refused."""
    world = outer.world
    fault = fault_of(outer, None) if world.faults.are_there or HEADER in outer.headers else None
    return await _answer_items(outer) if fault is None else await _with_fault(outer, fault)


async def _with_fault(outer: Call, fault: Fault) -> Answer | None:
    effect, world = fault.effect, outer.world
    began = world.beginnings
    await world.clock.sleep(effect.get("delay") or 0)
    if world.beginnings != began:
        return LOST
    found = Answer(200)
    if effect.get("commit") or not ("status" in effect or effect.get("drop") == "before"):
        try:
            found = await _answer_items(outer)
        except GraphError as error:
            found = refused(world, error)
    return shaped(world, fault, lambda: found)


async def _answer_items(outer: Call) -> Answer:
    """200 with an answer for each item, save for those that were lost."""
    settings = outer.world.settings
    items = read_items(outer.body, settings.large_batch_code)
    calls = [_call(outer, item) for item in items]
    if any(item.get("dependsOn") for item in items):
        parts = await _in_order(items, calls)
    elif settings.latency_ms or outer.world.faults.are_there:
        parts = await _four_at_a_time(items, calls)
    else:
        parts = await _one_by_one(items, calls)
    responses = [part for part in parts if part is not None]
    if settings.shuffle_batches:
        random.shuffle(responses)
    headers = {"Content-Type": "application/json"}
    if len(responses) < len(parts):
        headers["x-sandbox-lost"] = str(len(parts) - len(responses))  # what is not there cannot say so itself
    return Answer(200, {"responses": responses}, headers)


def read_items(body: Any, too_many: str = "MaximumValueExceeded") -> list[Json]:
    """The items of a batch; GraphError when the batch as a whole is refused, with `too_many` as the code of one."""
    items = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise invalid_batch("Invalid batch payload format.")
    if len(items) > MOST:
        raise invalid_batch(f"Number of batch request steps exceeds the maximum value of {MOST}.", too_many)
    seen: set[str] = set()
    for item in items:
        _check_item(item, seen)
        seen.add(item["id"].lower())
    return items


def _check_item(item: Any, seen: set[str]) -> None:
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in ("id", "method", "url")):
        raise invalid_batch("Invalid batch payload format: a request needs an id, a method and a url.")
    if not item["id"] or item["id"].lower() in seen:
        raise invalid_batch("Request Id values must be unique and not empty.")
    if item["method"].upper() not in METHODS:
        raise invalid_batch(f"The method '{item['method']}' is not supported.")
    _check_content(item)
    depends = item.get("dependsOn") or []
    if not isinstance(depends, list) or any(str(name).lower() not in seen for name in depends):
        raise invalid_batch("Every dependsOn value must be the id of an earlier request.")


def _check_content(item: Json) -> None:
    """A body needs a Content-Type, and what writes needs a body, be it an empty one."""
    headers = item.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise invalid_batch("The headers of a request must be strings.")
    is_typed = any(name.lower() == "content-type" for name in headers)
    has_body = item.get("body") is not None
    if (has_body and not is_typed) or (not has_body and item["method"].upper() in WITH_A_BODY):
        raise invalid_batch(f"Write request id : {item['id']} does not contain Content-Type header or body.")


def _call(outer: Call, item: Json) -> Call:
    path, _, query = item["url"].partition("?")
    return Call(
        world=outer.world,
        method=item["method"].upper(),
        segments=[unquote(segment) for segment in path.strip("/").split("/")],
        query=read_query(query),
        headers={name.lower(): value for name, value in (item.get("headers") or {}).items()},
        body=item.get("body"),
        roles=outer.roles,
        client=outer.client,
        in_batch=True,
    )


def read_query(text: str) -> dict[str, str]:
    """A query string by names; those of the window and of OData in small letters."""
    if "%" in text or "+" in text:
        return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}
    return {pair.partition("=")[0].lower(): pair.partition("=")[2] for pair in text.split("&") if pair}


async def _one_by_one(items: list[Json], calls: list[Call]) -> list[Json | None]:
    """Without delays and faults: nothing to wait for, but other requests get their turn between two parts."""
    parts: list[Json | None] = []
    for item, call in zip(items, calls, strict=True):
        parts.append(_part(item["id"], await answer(call)))
        await asyncio.sleep(0)
    return parts


async def _four_at_a_time(items: list[Json], calls: list[Call]) -> list[Json | None]:
    parts: list[Json | None] = []
    for first in range(0, len(calls), AT_A_TIME):
        group = slice(first, first + AT_A_TIME)
        answers = await asyncio.gather(*(answer(call) for call in calls[group]))
        parts += [_part(item["id"], found) for item, found in zip(items[group], answers, strict=True)]
    return parts


async def _in_order(items: list[Json], calls: list[Call]) -> list[Json | None]:
    """One after the other; what depends on a failure is not done."""
    failed: set[str] = set()
    parts: list[Json | None] = []
    for item, call in zip(items, calls, strict=True):
        if failed & {str(name).lower() for name in item.get("dependsOn") or []}:
            found: Answer | None = _failed_dependency(call.world.settings.failed_dependency_body)
        else:
            found = await answer(call)
        if found is None or found.status >= 400:
            failed.add(item["id"].lower())
        parts.append(_part(item["id"], found))
    return parts


def _failed_dependency(with_body: bool) -> Answer:
    if not with_body:
        return Answer(424)
    body = {"error": {"code": "FailedDependency", "message": "A request that this one depends on has failed."}}
    return Answer(424, body, {"Content-Type": "application/json"})


def _part(item_id: str, found: Answer | None) -> Json | None:
    """The part of the batch's answer that belongs to one item; None when it was lost."""
    if found is None:
        return None
    part: Json = {"id": item_id, "status": found.status, "headers": {"Cache-Control": "private", **found.headers}}
    if found.body is not None:
        part["headers"].setdefault("Content-Type", JSON_TYPE)
        part["body"] = found.body
    return part
