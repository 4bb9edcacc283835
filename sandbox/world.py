"""The whole tenant in memory: people, calendars, the application's registration, and what is switched on."""

from __future__ import annotations

import secrets
from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from sandbox.audit import Audit
from sandbox.clock import Clock
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
        self.retired: dict[str, Mailbox] = {}  # of people who went with a reset: their ids must not be given out again
        self.by_address: dict[str, list[Person]] = defaultdict(list)
        self.audit = Audit()
        self.faults = Faults()
        self.limits = Limits(self)
        self.resource_units = ResourceUnits(self)
        self.views = Views()
        self.clock = Clock()
        self.beginnings = 0  # how often it began again: what was on its way before is lost
        self.alternations = 0
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
        person.calendar = self.retired.pop(person.id, person.calendar)
        self.people[person.id] = person
        self.list(person)

    def list(self, person: Person) -> None:
        """Make a person findable by every address they have."""
        for address in person.addresses() | {person.id.lower()}:
            self.by_address[address].append(person)
        self.people_changed = True

    def _unlist(self, person: Person) -> None:
        for listed in self.by_address.values():
            if person in listed:
                listed.remove(person)

    def relist(self, person: Person) -> None:
        """A person's addresses have changed."""
        self._unlist(person)
        self.list(person)

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
        if person.mailbox != "ok":
            raise self._unusable(person, name)
        return person

    def _unusable(self, person: Person, name: str) -> GraphError:
        state = person.mailbox
        if state == "alternating":
            self.alternations += 1
            state = "none" if self.alternations % 2 else "undiscovered"
        if state == "unknown" and person.user_type == "Guest" and self.settings.guest_error != "ErrorInvalidUser":
            state = "none"
        if state == "unknown":
            return GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        status, code, message = _STATES[state]
        return GraphError(status, code, message, {"Retry-After": "5"} if status == 503 else None)

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
            self.retired |= {person.id: person.calendar for person in self.people.values()}
            self.people.clear()
            self.by_address.clear()
            self.add(service)
        for mailbox in (*self.retired.values(), *(person.calendar for person in self.people.values())):
            mailbox.clear()
        self.people_changed = True


_STATES = {
    "none": (
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    "undiscovered": (404, "ResourceNotFound", "Resource could not be discovered."),
    "refused": (
        403,
        "ErrorAccessDenied",
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
    ),
    "moved": (503, "ErrorMailboxMoveInProgress", "The mailbox is being moved. Try again later."),
}
