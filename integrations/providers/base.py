"""The door through which every kind of calendar comes: the interface of a provider, and who provides what."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from uuid import UUID

from integrations.providers.conversation import Answer, Conversation, Request
from integrations.providers.pace import Pace
from integrations.providers.types import Check, Credentials, Endpoints, Entry, Page, Person, Receipt, RemoteItem, Window


class Provider(ABC):
    """An organisation's calendars. Every method but `send_many` and `check` is a conversation.

    `mailbox` is the person's id in the directory. All of them raise ProviderError; an error is never an empty
    answer, and an answer is complete or goes on with `next_link`.
    """

    batch_size = 1

    @cached_property
    def pace(self) -> Pace[int]:
        """How quickly its calendars answer, as far as this process knows."""
        return Pace()

    @abstractmethod
    def send_many(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to up to `batch_size` requests, in their order: bodies, or ProviderErrors in their place."""

    @abstractmethod
    def check(self, user_id: str) -> Iterator[Check]:
        """Try every right by itself; the steps after a failed one are not reached."""

    @abstractmethod
    def resolve_tenant(self) -> str:
        """The tenant's own id, where its domain name was given."""

    @abstractmethod
    def look_up(self, address: str) -> Conversation[tuple[Person, ...]]:
        """Everybody in the directory who has `address`, as main address, sign-in name or alias."""

    @abstractmethod
    def create(self, mailbox: str, entry: Entry, *, key: UUID) -> Conversation[Receipt]:
        """Put `entry` into the calendar. Safe to repeat with the same key; DuplicateKey where entries differ."""

    @abstractmethod
    def update(self, mailbox: str, remote_id: str, entry: Entry) -> Conversation[Receipt]:
        """Make the item look like `entry`."""

    @abstractmethod
    def delete(self, mailbox: str, remote_id: str) -> Conversation[None]:
        """Remove the item; NotFound where it is gone."""

    @abstractmethod
    def get(self, mailbox: str, remote_id: str) -> Conversation[RemoteItem]:
        """The item with its marker; NotFound where it is gone."""

    @abstractmethod
    def read(self, mailbox: str, remote_id: str) -> Conversation[Page]:
        """The item with its marker, whatever it is: a page of a single item, of a series, or of what is gone."""

    @abstractmethod
    def find(self, mailbox: str, session_uid: UUID) -> Conversation[tuple[RemoteItem, ...]]:
        """The items that carry the marker of this session."""

    @abstractmethod
    def start_delta(self, mailbox: str, window: Window) -> Conversation[Page]:
        """Begin a chain of changes: a page without items, to be followed to its cursor."""

    @abstractmethod
    def skip_delta(self, mailbox: str, link: str) -> Conversation[Page]:
        """The next page on the way to the first cursor; its items are not read."""

    @abstractmethod
    def follow_delta(self, mailbox: str, link: str) -> Conversation[Page]:
        """A page of what has changed. CursorExpired where the place is lost."""

    @abstractmethod
    def list_series(self, mailbox: str, series_id: str, window: Window, link: str = "") -> Conversation[Page]:
        """A page of the occurrences of one series in `window`; NotFound where the series is gone."""

    @abstractmethod
    def census(self, mailbox: str, window: Window, link: str = "") -> Conversation[Page]:
        """A page of everything in `window`, with markers."""


PROVIDERS: dict[str, Callable[[Credentials, Endpoints], Provider]] = {}


def register(kind: str, provider: Callable[[Credentials, Endpoints], Provider]) -> None:
    """Let integrations of `kind` be served by `provider`."""
    PROVIDERS[kind] = provider
