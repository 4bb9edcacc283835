"""A directory that says hostile things of people: nobody is paired wrongly, and it is said who is not and why."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from instructors.discovery import discover
from instructors.models import CalendarMapping, Instructor, Unmatched
from tests.conftest import address
from tests.hostile.corpus.addresses import ADDRESSES
from tests.hostile.corpus.people import PEOPLE
from tests.hostile.corpus.types import TYPES
from tests.wire import Asked, Said

pytestmark = pytest.mark.django_db
TAB = "/settings/calendar-integration/instructors/"


def person(name: str, **values: Any) -> dict[str, Any]:
    told = {"id": name, "displayName": name.title(), "mail": address(name), "userPrincipalName": address(name)}
    return {**told, "proxyAddresses": [f"SMTP:{address(name)}"], "userType": "Member", **values}


def directory(found: dict[str, Any]) -> Any:
    """Answers the look-up of an address by `found`: the list of people, or the whole body."""

    def body(url: str) -> Any:
        wanted = parse_qs(urlsplit(url).query)["$filter"][0]
        told = found.get(wanted.removeprefix("mail eq '").partition("' or ")[0].replace("''", "'"), [])
        return {"value": told} if isinstance(told, list) else told

    def say(asked: Asked) -> Said:
        if not asked.path.endswith("$batch"):
            return Said(200, body(asked.path))
        parts = asked.body["requests"]
        return Said(200, {"responses": [{"id": one["id"], "status": 200, "body": body(one["url"])} for one in parts]})

    return say


def hired(name: str) -> Instructor:
    return Instructor.objects.create(name=name, email=address(name))


def paired() -> dict[str, str]:
    return dict(CalendarMapping.objects.values_list("instructor__name", "remote_user_id"))


def test_a_hostile_person_is_not_paired_or_by_the_right_address_and_the_others_are_paired(integration, wire):
    names = [f"hostile-{number}" for number in range(len(PEOPLE))]
    people = [person(name) | values for name, values in zip(names, PEOPLE, strict=True)]
    found = {address(name): [one] for name, one in zip(names, people, strict=True)}
    wire.answer = directory(found | {address("innocent"): [person("innocent")]})
    instructors = {name: hired(name) for name in (*names, "innocent")}

    discover(integration)

    said = {one.instructor_id: one.reason for one in Unmatched.objects.all()}
    assert paired()["innocent"] == "innocent"
    for name, one in zip(names, people, strict=True):
        is_paired = paired().get(name) == one["id"] and address(name) in (one["mail"], one["userPrincipalName"])
        assert is_paired or said[instructors[name].pk].endswith("."), str(one)[:200]


def test_a_hostile_body_in_place_of_people_is_said_at_whom_it_is_about(integration, wire):
    bodies = [value for value in TYPES if not isinstance(value, list) and value != {"value": []}]
    names = [f"hostile-{number}" for number in range(len(bodies))]
    found = {address(name): body for name, body in zip(names, bodies, strict=True)}
    wire.answer = directory(found | {address("innocent"): [person("innocent")]})
    for name in (*names, "innocent"):
        hired(name)

    discover(integration)

    assert paired() == {"innocent": "innocent"}
    assert {one.reason for one in Unmatched.objects.all()} == {"Microsoft's answer holds no list."}
    assert Unmatched.objects.count() == len(names)


def test_several_people_with_endless_names_are_named_as_far_as_there_is_room(integration, wire):
    people = [person("ann", id=str(number), displayName=f"{number}" * 2**20) for number in range(3)]
    wire.answer = directory({address("ann"): people})
    ann = hired("ann")

    discover(integration)

    missing = Unmatched.objects.get(instructor=ann)
    assert missing.cause == Unmatched.Cause.AMBIGUOUS
    assert missing.reason.startswith("3 people have this address: 000")


def test_hostile_addresses_of_the_directory_are_neither_paired_nor_suggested_unless_they_can_be_typed(
    integration, wire
):
    names = [f"hostile-{number}" for number in range(len(ADDRESSES))]
    found = {
        address(name): [
            person("ann", id=name, mail=text, userPrincipalName=text, proxyAddresses=[f"smtp:{address(name)}"])
        ]
        for name, text in zip(names, ADDRESSES, strict=True)
    }
    wire.answer = directory(found)
    for name in names:
        hired(name)

    discover(integration)

    assert paired() == {}
    assert Unmatched.objects.count() == len(names)
    for missing in Unmatched.objects.exclude(suggestion=""):
        Instructor(name="x", email=missing.suggestion, time_zone="UTC").clean_fields()


def test_an_address_that_microsoft_refuses_is_said_at_its_instructor(integration, wire):
    wire.say(Said(400, {"error": {"code": "BadRequest"}}))
    ann = hired("ann")

    discover(integration)

    assert Unmatched.objects.get(instructor=ann).reason == "Microsoft refuses to look up this address (BadRequest)."


def test_the_tab_shows_whatever_the_directory_said(integration, wire, admin_client):
    people = [person("ann", id=str(number), displayName="<script>alert(1)</script>\x00\u202e") for number in range(3)]
    wire.answer = directory({address("ann"): people})
    hired("ann")
    discover(integration)

    pages = [admin_client.get(TAB), admin_client.get(f"{TAB}not-matched/")]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("<script>alert" not in page.content.decode() for page in pages)
    assert "3 people have this address" in pages[1].content.decode()
