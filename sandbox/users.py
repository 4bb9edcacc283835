"""The directory: users by list, by filter, by search, by id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox.calls import Answer, Call
from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.mailbox import Person
from sandbox.odata import holds, ordered, ordering, predicate
from sandbox.user_properties import COLLECTIONS, DEFAULTS, NOT_IN_LISTS, USER

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
_ADVANCED = re.compile(r"(?i)\bendswith\s*\(|\bnot\b|\bne\b")
_UNSUPPORTED = re.compile(r"(?i)\bcontains\s*\(|\b(?:gt|lt)\b")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_PLACE = re.compile(r"RFNwdAoAAQ(\d{1,9})e(\d{1,9})")
_ADVICE = (
    "is not supported because the required parameters might be missing. Try adding $count=true query parameter and "
    "ConsistencyLevel:eventual header. Refer to https://aka.ms/graph-docs/advanced-queries for more information"
)


def unsupported(message: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", message)


def list_users(call: Call) -> Answer:
    """A page of the directory, or of what a filter finds in it."""
    names = chosen(call)
    if names and names & NOT_IN_LISTS:
        raise GraphError(501, "NotImplemented", "Not implemented.")
    if "$skip" in call.query:
        raise unsupported("'$skip' is not supported by the service.")
    is_counted = _is_counted(call)
    size, (skip, empty) = _page_size(call), _place(call)
    found = _found(call)
    body: Json = {"@odata.context": call.context(f"users{fields(call)}")}
    if is_counted and "$skiptoken" not in call.query:
        body["@odata.count"] = len(found)
    if empty:
        body |= {"@odata.nextLink": _next_link(call, skip, empty - 1), "value": []}
        return Answer(200, body)
    if skip + size < len(found):
        body["@odata.nextLink"] = _next_link(call, skip + size, 0)
    body["value"] = [pick_user(_user(row), names) for row in found[skip : skip + size]]
    return Answer(200, body)


def count_users(call: Call) -> Answer:
    """How many users there are, as plain text."""
    if not _is_eventual(call):
        raise unsupported(f"Request with $count {_ADVICE}.")
    return Answer(200, str(len(_found(call))), {"Content-Type": "text/plain"})


def chosen(call: Call) -> set[str] | None:
    """The names of the $select, in small letters; GraphError for one that a user has not."""
    return USER.selected(call.query.get("$select"))


def fields(call: Call) -> str:
    """What stands behind the entity in a context: the properties that were selected."""
    return f"({call.query['$select']})" if call.query.get("$select") else ""


def _is_eventual(call: Call) -> bool:
    return call.headers.get("consistencylevel", "").lower() == "eventual"


def _is_counted(call: Call) -> bool:
    """Whether the number of users is told; GraphError when an advanced query does not say that it is one."""
    wanted, eventual = call.query.get("$count", "").lower() == "true", _is_eventual(call)
    filter_ = _LITERAL.sub("''", call.query.get("$filter", ""))
    if not (wanted and eventual):
        if "$search" in call.query:
            raise unsupported(f"Request with $search {_ADVICE}.")
        if filter_ and "$orderby" in call.query:
            raise unsupported(f"Sorting with $filter {_ADVICE}.")
        found = _ADVANCED.search(filter_)
        if found:
            raise unsupported(f"Operator '{found.group().rstrip('( ')}' {_ADVICE}.")
        if wanted and call.world.settings.count_without_consistency == "refuse":
            raise unsupported(f"Request with $count {_ADVICE}.")
    if _UNSUPPORTED.search(filter_):
        raise unsupported("Unsupported or invalid query filter clause specified.")
    return wanted and eventual


def _page_size(call: Call) -> int:
    text = call.query.get("$top")
    if text is None:
        return DEFAULT_PAGE
    size = int(text) if text.isdecimal() and len(text) < 10 else 0
    if size > LARGEST_PAGE and call.world.settings.users_top == "cut":
        return LARGEST_PAGE
    if not 1 <= size <= LARGEST_PAGE:
        raise unsupported(f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive.")
    return size


def _place(call: Call) -> tuple[int, int]:
    """Where the page begins, and how many empty pages come before it."""
    token = call.query.get("$skiptoken")
    if token is None:
        return 0, call.world.settings.users_empty_pages
    found = _PLACE.fullmatch(token)
    if not found:
        message = "The specified page token value has expired or is not valid."
        raise GraphError(400, "Directory_ExpiredPageToken", message)
    return int(found[1]), int(found[2])


def _next_link(call: Call, skip: int, empty: int) -> str:
    query = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    return call.link("/users", **query, **{"$skiptoken": f"RFNwdAoAAQ{skip:06d}e{empty}"})


def _user(row: Person | Json) -> Json:
    return row.as_user() if isinstance(row, Person) else row


def _everybody(call: Call) -> Sequence[Person | Json]:
    """The users as far as the directory shows them by now."""
    world = call.world
    if not world.settings.directory_delay_seconds:
        return list(world.people.values())
    return world.directory.users(visible(call))


def visible(call: Call) -> int:
    """The number of the last change that the directory shows by now."""
    delay = call.world.settings.directory_delay_seconds
    return call.world.directory.sequence_at(call.world.now().timestamp() - delay)


def _found(call: Call) -> Sequence[Person | Json]:
    """The users that filter and search ask for, in the order that is asked for."""
    text, search = call.query.get("$filter"), call.query.get("$search")
    keys = ordering(call.query.get("$orderby"), USER)
    if not text and not search and not keys:
        return _everybody(call)
    found = _candidates(call, text) if text else _everybody(call)
    rows = [_user(row) for row in found]
    if text:
        rows = _filtered(call, text, rows)
    if search:
        rows = [row for row in rows if _is_searched(search, row)]
    return ordered(rows, keys)


def _filtered(call: Call, text: str, rows: list[Json]) -> list[Json]:
    is_exact = call.world.settings.proxy_addresses == "match case"
    test = predicate(re.sub(r"'SMTP:", "'primary:", text) if is_exact else text, of=USER)
    return [row for row in rows if holds(test, _told_apart(row) if is_exact else row)]


def _told_apart(row: Json) -> Json:
    """A user whose primary address differs from an alias by more than its case."""
    return row | {"proxyAddresses": [re.sub(r"^SMTP:", "primary:", address) for address in row["proxyAddresses"]]}


def _candidates(call: Call, text: str) -> Sequence[Person | Json]:
    if call.world.settings.directory_delay_seconds or not _is_about_addresses(text):
        return _everybody(call)
    found: dict[str, Person] = {}
    for address in re.findall(r"(?i)eq\s+'(?:smtp:)?((?:[^']|'')*)'", text):
        for person in call.world.by_address.get(address.replace("''", "'").lower(), ()):
            found[person.id] = person
    return list(found.values())


def _is_about_addresses(text: str) -> bool:
    """Whether a filter is nothing but a row of mail addresses joined by `or`."""
    rest = re.sub(r"(?i)\b(?:mail|userPrincipalName)\s+eq\s+'(?:[^']|'')*'", "@", text)
    rest = re.sub(r"(?i)\bproxyAddresses/any\(\s*(\w+)\s*:\s*\1\s+eq\s+'smtp:(?:[^']|'')*'\s*\)", "@", rest)
    return re.fullmatch(r"(?i)[\s()]*@(?:[\s()]*or[\s()]*@)*[\s()]*", rest) is not None


_CLAUSE = r'"(\w+):([^"]*)"'


def _is_searched(text: str, row: Json) -> bool:
    """Whether a user is what a $search asks for: clauses in quotes, joined by AND and OR."""
    if not re.fullmatch(rf"\s*{_CLAUSE}(\s+(AND|OR)\s+{_CLAUSE})*\s*", text):
        raise unsupported('Invalid $search query: a clause is written as "property:value", its quotes included.')
    groups = re.split(r"\s+OR\s+", text)
    return any(all(_begins(row, *clause) for clause in re.findall(_CLAUSE, group)) for group in groups)


def _begins(row: Json, name: str, value: str) -> bool:
    """Whether a property begins with a text; of a display name, any of its words."""
    found: Any = row.get(USER.spelled(name, "Invalid $search query: ")) or ""
    texts = found if isinstance(found, list) else [str(found)]
    words = [word for text in texts for word in (text, *text.split())]
    return any(word.lower().startswith(value.lower()) for word in words)


def pick_user(user: Json, names: set[str] | None) -> Json:
    """A user with the properties that were asked for; Graph leaves out the id only when it was not."""
    if names is None:
        return {name: value for name, value in user.items() if name.lower() in DEFAULTS}
    missing: Json = {name: [] if name in COLLECTIONS else None for name in (USER.properties[short] for short in names)}
    known = {name: value for name, value in user.items() if name.lower() in names}
    return known | {name: value for name, value in missing.items() if name not in known}


def get_user(call: Call) -> Answer:
    """One user, by id or by user principal name."""
    person = call.world.in_directory(call.ids[0])
    user: Json | None = person.as_user() if person else None
    if call.world.settings.directory_delay_seconds:
        user = _seen(call, person.id if person else call.ids[0])
    if user is None:
        what = "does not exist or one of its queried reference-property objects are not present."
        raise GraphError(404, "Request_ResourceNotFound", f"Resource '{call.ids[0]}' {what}")
    body = {"@odata.context": call.context(f"users{fields(call)}/$entity")} | pick_user(user, chosen(call))
    return Answer(200, body)


def _seen(call: Call, user_id: str) -> Json | None:
    return call.world.directory.state(user_id, visible(call))
