"""What can go wrong with a calendar, by who acts.

ProviderError
|- Unavailable       nobody: try again later
|  |- NoAnswer       nobody: the network failed, or it took too long
|- NeedsAdmin        the admin: credentials or permissions
|- MailboxUnusable   the admin: this mailbox cannot be used
|- NotFound          the engine: the item is not there
|- CursorExpired     the engine: read the whole window again
|- DuplicateKey      the engine: adopt what stands there, or take the next generation
|- Rejected          a scheduler: this one item is refused
"""


class ProviderError(Exception):
    """Its str() is one sentence fit for the page.

    `code` is the provider's own, `request_id` what its support asks for. `is_whole`: it concerns the connection,
    not one calendar. `seconds`: how long this took, of those of a batch each one's share; what failed rests for
    longer the longer it has held a worker.
    """

    seconds: float = 0.0

    def __init__(self, sentence: str, *, code: str = "", request_id: str = "", is_whole: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.request_id = request_id
        self.is_whole = is_whole


class Unavailable(ProviderError):
    """The network, the service or its limits; `retry_after` in seconds where the service named it.

    `is_garbled`: an answer came and makes no sense, which the next one may not do either.
    """

    def __init__(
        self, sentence: str, *, retry_after: float | None = None, is_garbled: bool = False, **details: object
    ) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.retry_after = retry_after
        self.is_garbled = is_garbled


class NoAnswer(Unavailable):
    """Nothing came back."""


class NeedsAdmin(ProviderError):
    """Refused until somebody changes credentials or permissions."""


class MailboxUnusable(ProviderError):
    """The person has no calendar that can be read."""


class NotFound(ProviderError):
    """There is no such item."""


class CursorExpired(ProviderError):
    """The place in the list of changes is not known any more."""


class DuplicateKey(ProviderError):
    """An item with this key exists and differs; `existing_id` where the service named it."""

    def __init__(self, sentence: str, *, existing_id: str = "", **details: object) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.existing_id = existing_id


class Rejected(ProviderError):
    """The request itself is refused, and would be again."""


def concerns_more(error: ProviderError) -> bool:
    """Whether an error is about more than what was asked for: the connection, or a time for which to wait."""
    return error.is_whole or (isinstance(error, Unavailable) and error.retry_after is not None)
