"""Which person of the directory an instructor is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.providers.types import Person


@dataclass(frozen=True)
class Linked:
    """The one person who has the address."""

    person: Person


@dataclass(frozen=True)
class NotLinked:
    """No pairing: `cause` is one of Unmatched.Cause, `detail` one sentence for the page.

    `suggestion` is the address that would pair, where the directory has named one.
    """

    cause: str
    detail: str
    suggestion: str = ""


def match(email: str, people: Sequence[Person]) -> Linked | NotLinked:
    """Pair `email` with one of `people`, who are all that the directory found for it.

    Letter case and blanks make no difference. A main address or sign-in name pairs; an alias does not, because
    it may be a shared one.
    """
    address = email.strip().lower() or "no address"
    owners = [person for person in people if address in (person.mail.lower(), person.sign_in_name.lower())]
    members = [person for person in owners if not person.is_guest]
    if len(owners) > 1:
        names = " and ".join(person.name for person in owners[:3])
        return NotLinked("ambiguous", f"{len(owners)} people have this address: {names}.")
    if members:
        return Linked(members[0])
    guests = [person for person in people if person.is_guest and address in person.addresses | {person.mail.lower()}]
    if owners or guests:
        return NotLinked("guest", "A guest account. Guests have no mailbox that calsync can read.")
    return aliases(address, [person for person in people if address in person.addresses])


def aliases(address: str, people: Sequence[Person]) -> NotLinked:
    if len(people) > 1:
        return NotLinked("ambiguous", f"{len(people)} people have this address as an alias.")
    if people:
        main = people[0].mail or people[0].sign_in_name
        return NotLinked("alias", f"The address is an alias of {main}.", suggestion=main)
    return NotLinked("not_found", "No such address in the directory.")
