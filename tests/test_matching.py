"""Which person of the directory an instructor is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instructors.matching import Linked, NotLinked, match
from instructors.models import Unmatched
from integrations.providers.types import Person

ADDRESS = "ann@northgate.example"


def person(number: int = 1, **values: Any) -> Person:
    usual = {"mail": ADDRESS, "sign_in_name": ADDRESS, "addresses": frozenset({ADDRESS})}
    return Person(**{"remote_user_id": f"id-{number}", "name": f"Person {number}"} | usual | values)


@pytest.mark.parametrize(
    "email", [ADDRESS, "ANN@NorthGate.example", "  ann@northgate.example ", "\tAnn@northgate.example\n"]
)
def test_letter_case_and_blanks_make_no_difference(email):
    found = person(mail="Ann@Northgate.Example")

    assert match(email, [found]) == Linked(found)


def test_a_sign_in_name_pairs_as_a_main_address_does():
    found = person(mail="a.lake@northgate.example")

    assert match(ADDRESS, [found]) == Linked(found)


def test_a_main_address_pairs_where_the_sign_in_name_is_another():
    found = person(sign_in_name="u123@northgate.example")

    assert match(ADDRESS, [found]) == Linked(found)


def test_an_alias_does_not_pair_and_its_owner_is_named():
    owner = person(mail="a.lake@northgate.example", sign_in_name="a.lake@northgate.example")

    verdict = match(ADDRESS, [owner])

    reason = "The address is an alias of a.lake@northgate.example."
    assert verdict == NotLinked("alias", reason, suggestion="a.lake@northgate.example")


def test_one_person_who_has_it_as_main_address_wins_over_those_who_have_it_as_alias():
    owner, other = person(1), person(2, mail="b@northgate.example", sign_in_name="b@northgate.example")

    assert match(ADDRESS, [other, owner]) == Linked(owner)


def test_two_people_with_the_address_are_ambiguous_and_named():
    verdict = match(ADDRESS, [person(1), person(2)])

    assert verdict == NotLinked("ambiguous", "2 people have this address: Person 1 and Person 2.")


def test_one_persons_main_address_that_is_anothers_sign_in_name_is_ambiguous():
    one, other = person(1, sign_in_name="x@northgate.example"), person(2, mail="y@northgate.example")

    assert isinstance(verdict := match(ADDRESS, [one, other]), NotLinked)
    assert verdict.cause == "ambiguous"


def test_two_people_with_the_alias_are_ambiguous():
    people = [person(n, mail=f"{n}@northgate.example", sign_in_name=f"{n}@northgate.example") for n in (1, 2)]

    assert isinstance(verdict := match(ADDRESS, people), NotLinked)
    assert verdict.cause == "ambiguous"


def test_a_guest_has_no_mailbox():
    guest = person(is_guest=True, sign_in_name="ann_other.example#EXT#@northgate.example")

    assert isinstance(verdict := match(ADDRESS, [guest]), NotLinked)
    assert verdict.cause == "guest"


def test_a_guest_with_the_address_as_an_alias_is_a_guest():
    guest = person(is_guest=True, mail="", sign_in_name="ann#EXT#@northgate.example")

    assert isinstance(verdict := match(ADDRESS, [guest]), NotLinked)
    assert verdict.cause == "guest"


@pytest.mark.parametrize("people", [[], [person(mail="", sign_in_name="", addresses=frozenset())]])
def test_nobody_with_the_address_is_not_found(people):
    verdict = match(ADDRESS, people)

    assert verdict == NotLinked("not_found", "No such address in the directory.")


def test_an_empty_address_pairs_with_nobody():
    assert isinstance(match("  ", [person(mail="", sign_in_name="x")]), NotLinked)


addresses = st.sampled_from(["", ADDRESS, "ANN@northgate.example", "b@northgate.example"])
persons = st.builds(
    Person,
    remote_user_id=st.uuids().map(str),
    name=st.text(max_size=5),
    mail=addresses,
    sign_in_name=addresses,
    addresses=st.frozensets(addresses.map(str.lower)),
    is_guest=st.booleans(),
)


@given(people=st.lists(persons, max_size=5), email=st.sampled_from([ADDRESS, "Ann@Northgate.example ", "c@x.example"]))
def test_whoever_is_found_the_verdict_is_one_owner_or_a_known_cause(people, email):
    verdict = match(email, people)

    if isinstance(verdict, Linked):
        assert ADDRESS in (verdict.person.mail.lower(), verdict.person.sign_in_name.lower())
        assert not verdict.person.is_guest
    else:
        assert verdict.cause in Unmatched.Cause.values
        assert verdict.detail.endswith(".")
