"""Which mailboxes can be used, and what the others say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import GraphError
from sandbox.mailbox import Person

if TYPE_CHECKING:
    from sandbox.world import World

_NOT_ENABLED = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
_POLICY = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
_STATES = {
    "none": (404, "MailboxNotEnabledForRESTAPI", _NOT_ENABLED),
    "undiscovered": (404, "ResourceNotFound", "Resource could not be discovered."),
    "refused": (403, "ErrorAccessDenied", _POLICY),
}
_OLD_TEXTS = {_NOT_ENABLED: "REST API is not yet supported for this mailbox.", _POLICY: "Access to OData is disabled."}
_MOVED = {
    "ErrorMailboxMoveInProgress": "The mailbox is being moved. Try again later.",
    "MailboxStoreUnavailable": "The mailbox store is unavailable.",
    "ErrorMailboxStoreUnavailable": "The mailbox database is temporarily unavailable.",
    "ErrorInternalServerTransientError": "An internal server error occurred. Try again later.",
}


class Access:
    """The states of the mailboxes, as far as they have come into effect: a policy takes its time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clear()

    def clear(self) -> None:
        self.noted = {person.id: person.mailbox_state for person in self.world.people.values()}
        self.pending: dict[str, tuple[str, float]] = {}  # the state that still holds, and until when
        self.alternations = 0

    def note(self, person: Person) -> None:
        """The state of a mailbox may have changed."""
        old = self.noted.get(person.id, person.mailbox_state)
        self.noted[person.id] = person.mailbox_state
        delay = self.world.settings.policy_delay_seconds
        if delay and old != person.mailbox_state and "refused" in (old, person.mailbox_state):
            self.pending[person.id] = (old, self.world.now().timestamp() + delay)

    def state_of(self, person: Person) -> str:
        """The state that holds at this moment."""
        state, until = self.pending.get(person.id, ("", 0.0))
        if state and self.world.now().timestamp() < until:
            return state
        self.pending.pop(person.id, None)
        return person.mailbox_state

    def check(self, person: Person, name: str) -> None:
        """GraphError when the mailbox cannot be used; `name` is what the path calls it."""
        state = self.state_of(person)
        if state == "alternating":
            self.alternations += 1
            state = "none" if self.alternations % 2 else "undiscovered"
        settings = self.world.settings
        if state == "unknown" and person.user_type == "Guest" and settings.guest_error != "ErrorInvalidUser":
            state = "none"
        if state == "unknown":
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        if state == "moved":
            raise self._moved()
        if state != "ok":
            status, code, message = _STATES[state]
            raise GraphError(status, code, _OLD_TEXTS[message] if self._is_old(message) else message)

    def _is_old(self, message: str) -> bool:
        return self.world.settings.mailbox_texts == "old" and message in _OLD_TEXTS

    def _moved(self) -> GraphError:
        settings = self.world.settings
        message = _MOVED.get(settings.moved_code, "An unexpected error occurred.")
        headers = {"Retry-After": str(settings.moved_retry_after)} if settings.moved_retry_after else None
        return GraphError(settings.moved_status, settings.moved_code, message, headers)
