"""The whole tenant in memory: people, calendars, the application's registration, and what is switched on."""

from __future__ import annotations

import secrets
from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from sandbox.access import Access
from sandbox.audit import Audit
from sandbox.clock import Clock
from sandbox.directory import Directory
from sandbox.errors import GraphError
from sandbox.faults import Faults
from sandbox.keys import TokenKey
from sandbox.limits import Limits
from sandbox.mailbox import Mailbox, Person
from sandbox.resource_units import ResourceUnits
from sandbox.settings import Settings
from sandbox.views_cache import Views

TENANT_DOMAIN = "planning.example"


class World:
    """Everything that the sandbox knows. One process, one world."""

    def __init__(self, start: dict[str, Any] | None = None) -> None:
        self.start = start or {}
        self.settings = Settings(**self.start)
        self.tenant_id = str(uuid4())
        self.domain = TENANT_DOMAIN
        self.client_id = str(uuid4())
        self.client_secret = secrets.token_urlsafe(30)
        self.principal_id = str(uuid4())
        self.user_id = str(uuid4())
        self.token_key = TokenKey.new()
        self.certificates: list[str] = []  # of the application, in PEM
        self.origin = "https://localhost"
        self.people: dict[str, Person] = {}
        self.retired: dict[str, Mailbox] = {}  # of people who went: no id is given out again
        self.by_address: dict[str, list[Person]] = defaultdict(list)
        self.audit = Audit()
        self.faults = Faults()
        self.limits = Limits(self)
        self.resource_units = ResourceUnits(self)
        self.views = Views()
        self.clock = Clock()
        self.ics: dict[str, Any] = {"window": [], "files": [], "notes": []}  # what became of calendar files
        self.beginnings = 0  # how often it began again: what was on its way before is lost
        self.access = Access(self)
        self.directory = Directory()
        self.people_changed = True
        self.add_service_account()

    def now(self) -> datetime:
        return self.clock.now()

    def add_service_account(self) -> None:
        """The account whose calendar an integration tries its rights on: the User ID."""
        self.add(Person(self.user_id, "Planning", f"planning@{self.domain}", f"planning@{self.domain}"))

    def add(self, person: Person) -> None:
        """Take a person into the directory, or replace the one with the same id."""
        old = self.people.get(person.id)
        if old is not None:
            self._unlist(old)
        person.mailbox = self.retired.pop(person.id, person.mailbox)
        self.people[person.id] = person
        self.list(person)

    def list(self, person: Person) -> None:
        """Make a person findable by every address they have."""
        for address in person.addresses() | {person.id.lower()}:
            self.by_address[address].append(person)
        person.mailbox_state = self.faults.stand(person.id, person.addresses()) or person.mailbox_state
        self.directory.note(person, self.now().timestamp())
        self.access.note(person)
        self.people_changed = True

    def _unlist(self, person: Person) -> None:
        for listed in self.by_address.values():
            if person in listed:
                listed.remove(person)
        self.faults.standing.pop(person.id, None)

    def relist(self, person: Person) -> None:
        """A person's addresses have changed."""
        self._unlist(person)
        self.list(person)

    def remove(self, person: Person, *, for_good: bool = False) -> None:
        """Take a person out of the directory; unless it is for good, they can be restored."""
        if person.id == self.user_id:
            raise ValueError("The service account stays.")
        del self.people[person.id]
        self._unlist(person)
        if for_good:
            person.mailbox.clear()
        self.retired[person.id] = person.mailbox  # the ids in it must not be given out again
        self.directory.note(person, self.now().timestamp(), gone="deleted" if for_good else "changed")
        self.people_changed = True

    def rename_domain(self, domain: str) -> None:
        """Another domain for the tenant, and with it for the service account."""
        self.domain = domain.lower()
        service = self.people[self.user_id]
        service.mail = service.upn = f"planning@{self.domain}"
        self.relist(service)

    def find(self, name: str) -> Person | None:
        """The person of an object id, a UPN, a mail address or an alias."""
        listed = self.by_address.get(name.lower())
        return listed[0] if listed else None

    def in_directory(self, name: str) -> Person | None:
        """The person of an object id or a UPN: what a Graph path may name."""
        for person in self.by_address.get(name.lower(), ()):
            if name.lower() in (person.id.lower(), person.upn.lower()):
                return person
        return None

    def mailbox_owner(self, name: str) -> Person:
        """Whose mailbox a Graph path means; GraphError says why it cannot be used."""
        person = self.in_directory(name)
        if person is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        if person.mailbox_state != "ok" or self.access.pending:
            self.access.check(person, name)
        return person

    def reset(self, *, keep_people: bool = True) -> None:
        """Empty calendars, no faults, an empty audit, the settings of the start; keys and ids stay."""
        self.beginnings += 1
        self.settings.reset(self.start)
        self.audit.clear()
        self.faults.clear()
        self.limits.clear()
        self.resource_units.clear()
        self.views.clear()
        self.clock.restore()
        if not keep_people:
            service = self.people.pop(self.user_id)
            self.retired |= {person.id: person.mailbox for person in self.people.values()}
            self.people.clear()
            self.by_address.clear()
            self.faults.standing.clear()
            self.add(service)
        for mailbox in (*self.retired.values(), *(person.mailbox for person in self.people.values())):
            mailbox.clear()
        self.access.clear()
        self.directory.restart(self.people.values())
        self.people_changed = True
