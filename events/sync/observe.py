"""What a part of a calendar says of our copies, and what in it is somebody else's. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from events.sync.plan import key_of
from integrations.providers.types import Page, RemoteItem

GENERATIONS = 100  # how many keys of one session are recognised: three a day for a month
COMPUTED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)  # uuid5


class SentCopy(Protocol):
    """What observing needs of a copy; see events.models.SyncedEvent."""

    session_uid: UUID
    key: UUID
    remote_id: str
    receipt_fingerprint: str


@dataclass
class Observation:
    """The items of a page, by what they mean."""

    untouched: list[UUID] = field(default_factory=list)
    changed: list[UUID] = field(default_factory=list)
    missing: list[UUID] = field(default_factory=list)  # to be confirmed: moved out of the window looks the same
    adopted: dict[UUID, RemoteItem] = field(default_factory=dict)
    strays: list[RemoteItem] = field(default_factory=list)  # sent by us, and no copy is known
    unsure: list[RemoteItem] = field(default_factory=list)  # perhaps ours: their marker has to be asked for
    external: list[RemoteItem] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)  # ids that no external event may have any more


def observe(page: Page, copies: Mapping[UUID, SentCopy], *, mailbox: str) -> Observation:
    """Sort the items of `page`. `copies` are ours in this calendar, by session uid."""
    seen = Observation()
    by_id = {copy.remote_id: copy for copy in copies.values() if copy.remote_id}
    by_key = {str(copy.key): copy for copy in copies.values() if not copy.remote_id}
    for item in page.items:
        if ours := by_id.get(item.remote_id):
            is_untouched = item.appearance == ours.receipt_fingerprint
            (seen.untouched if is_untouched else seen.changed).append(ours.session_uid)
        elif (intended := by_key.get(item.transaction_id)) and is_first(item, seen.adopted.get(intended.session_uid)):
            seen.adopted[intended.session_uid] = as_sent(item)
            seen.dropped.append(item.remote_id)
        elif part := by_id.get(item.series_id):
            seen.changed.append(part.session_uid)  # a person made a series of our copy
        else:
            sort_unknown(item, copies, seen, mailbox)
    for remote_id in page.removed:
        if gone := by_id.get(remote_id):
            seen.missing.append(gone.session_uid)
        else:
            seen.dropped.append(remote_id)
    seen.changed += [by_id[series_id].session_uid for series_id in page.series if series_id in by_id]
    return seen


def sort_unknown(item: RemoteItem, copies: Mapping[UUID, SentCopy], seen: Observation, mailbox: str) -> None:
    """An item that is none of our copies: a stray of ours, perhaps one, or somebody else's."""
    if item.is_ignored:
        seen.dropped.append(item.remote_id)
    elif is_sent_by_us(item, mailbox) and UUID(item.marker) not in copies:
        seen.strays.append(item)
    elif not item.marker and looks_computed(item.transaction_id):
        seen.unsure.append(item)
    else:
        seen.external.append(item)


def as_sent(item: RemoteItem) -> RemoteItem:
    """What we have sent: the series, where a person made one of it and `item` is one of its occurrences."""
    return replace(item, remote_id=item.series_id, series_id="") if item.series_id else item


def is_first(item: RemoteItem, adopted: RemoteItem | None) -> bool:
    """Whether nothing was `adopted` in place of `item` yet, or only another occurrence of the same series."""
    return adopted is None or adopted.remote_id == item.series_id


def looks_computed(transaction_id: str) -> bool:
    """Whether a transaction id has the form of our keys; other programs use random ones."""
    return COMPUTED.fullmatch(transaction_id) is not None


def is_sent_by_us(item: RemoteItem, mailbox: str) -> bool:
    """Whether the item's transaction id is the key of its marker: a copy that a person made has not both."""
    if not item.marker:
        return False
    try:
        uid, transaction_id = UUID(item.marker), UUID(item.transaction_id)
    except ValueError:
        return False
    keys = (key_of(mailbox, uid, generation) for generation in range(GENERATIONS))
    return looks_computed(item.transaction_id) and transaction_id in keys
