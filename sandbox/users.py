"""The directory: users by list, by filter, by id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from sandbox.calls import Answer, Call
from sandbox.errors import GraphError, bad_request
from sandbox.items import Json
from sandbox.mailbox import Person
from sandbox.odata import holds, predicate, selected

DEFAULT_PROPERTIES = {
    "businessphones", "displayname", "givenname", "id", "jobtitle", "mail", "mobilephone", "officelocation",
    "preferredlanguage", "surname", "userprincipalname",
}  # fmt: skip
DEFAULT_PAGE = 100
LARGEST_PAGE = 999
NOT_IN_LISTS = {"aboutme", "mailboxsettings", "birthday", "hiredate", "interests", "skills"}


def list_users(call: Call) -> Answer:
    """A page of the directory, or of what a filter finds in it."""
    names = selected(call.query.get("$select"))
    if names and names & NOT_IN_LISTS:
        raise GraphError(501, "NotImplemented", "Not implemented.")
    if "$skip" in call.query:
        raise GraphError(400, "Request_UnsupportedQuery", "'$skip' is not supported by the service.")
    size = call.number("$top", DEFAULT_PAGE, LARGEST_PAGE)
    found = _found(call)
    skip = _place(call.query.get("$skiptoken"))
    shown = [pick_user(person, names) for person in found[skip : skip + size]]
    fields = f"({call.query['$select']})" if names else ""
    body: Json = {"@odata.context": call.context(f"users{fields}")}
    if call.query.get("$count") == "true" and not skip:
        body["@odata.count"] = len(found)
    if skip + size < len(found):
        query = {name: value for name, value in call.query.items() if name != "$skiptoken"}
        body["@odata.nextLink"] = call.link("/users", **query, **{"$skiptoken": f"RFNwdAoAAQ{skip + size:06d}"})
    body["value"] = shown
    return Answer(200, body)


def _place(token: str | None) -> int:
    if not token:
        return 0
    if not re.fullmatch(r"RFNwdAoAAQ\d+", token):
        raise GraphError(
            400, "Directory_ExpiredPageToken", "The specified page token value has expired or is not valid."
        )
    return int(token[len("RFNwdAoAAQ") :])


def _found(call: Call) -> Sequence[Person]:
    """The people that the filter asks for, in the order of the directory."""
    text = call.query.get("$filter")
    if not text:
        return list(call.world.people.values())
    if (
        re.search(r"(?i)\bendswith\(|\bnot\b|\bne\b", text)
        and call.headers.get("consistencylevel", "").lower() != "eventual"
    ):
        message = "Operator 'endsWith' or 'not' is not supported because the required parameters might be missing."
        raise GraphError(400, "Request_UnsupportedQuery", message)
    test = predicate(text)
    return [person for person in _candidates(call, text) if holds(test, person.as_user())]


def _candidates(call: Call, text: str) -> Sequence[Person]:
    if not _is_about_addresses(text):
        return list(call.world.people.values())
    found: dict[str, Person] = {}
    for address in re.findall(r"(?i)eq\s+'(?:smtp:)?((?:[^']|'')*)'", text):
        for person in call.world.by_address.get(address.replace("''", "'").lower(), ()):
            found[person.id] = person
    return list(found.values())


def _is_about_addresses(text: str) -> bool:
    """Whether a filter is nothing but a row of addresses joined by `or`."""
    rest = re.sub(r"(?i)\b(?:mail|userPrincipalName)\s+eq\s+'(?:[^']|'')*'", "@", text)
    rest = re.sub(r"(?i)\bproxyAddresses/any\(\s*(\w+)\s*:\s*\1\s+eq\s+'(?:[^']|'')*'\s*\)", "@", rest)
    return re.fullmatch(r"(?i)[\s()]*@(?:[\s()]*or[\s()]*@)*[\s()]*", rest) is not None


def pick_user(person: Person, names: set[str] | None) -> Json:
    """A user with the properties that were asked for; Graph leaves out the id only when it was not."""
    user = person.as_user()
    if names is None:
        return {name: value for name, value in user.items() if name.lower() in DEFAULT_PROPERTIES}
    return {name: value for name, value in user.items() if name.lower() in names}


def get_user(call: Call) -> Answer:
    person = call.world.in_directory(call.ids[0])
    if person is None:
        message = (
            f"Resource '{call.ids[0]}' does not exist or one of its queried reference-property objects are not present."
        )
        raise GraphError(404, "Request_ResourceNotFound", message)
    names = selected(call.query.get("$select"))
    fields = f"({call.query['$select']})" if names else ""
    return Answer(200, {"@odata.context": call.context(f"users{fields}/$entity")} | pick_user(person, names))


def translate_ids(call: Call) -> Answer:
    """Ids of events from one rendering into the other."""
    mailbox = call.mailbox
    wanted = call.details.get("targetIdType")
    if wanted not in ("restId", "restImmutableEntryId") or not isinstance(call.details.get("inputIds"), list):
        raise bad_request("The id type is not supported here.")
    value = []
    for source in call.details["inputIds"]:
        item, day = mailbox.find(str(source))
        value.append({"sourceId": source, "targetId": mailbox.id_of(item.serial, day, immutable=wanted != "restId")})
    context = call.context(f"users('{quote(call.ids[0])}')/translateExchangeIds")
    return Answer(200, {"@odata.context": context, "value": value})
