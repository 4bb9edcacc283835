"""transactionId: which request made an event, so that the same request again makes no second one."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from sandbox.calendars import Calendar
from sandbox.errors import GraphError, bad_request
from sandbox.items import Item, Json
from sandbox.mailbox import Mailbox

if TYPE_CHECKING:
    from sandbox.world import World


class Claim(NamedTuple):
    """What a POST says it is: its transactionId, if any, and a fingerprint of calendar and body."""

    transaction_id: str | None
    posted: str


def read_claim(world: World, calendar: Calendar, body: Json) -> Claim:
    """The claim of a POST; GraphError when its transactionId cannot be one."""
    transaction_id, longest = body.get("transactionId"), world.settings.transaction_id_longest
    if transaction_id is not None and not isinstance(transaction_id, str):
        raise bad_request("The transactionId must be a string.")
    if transaction_id and longest and len(transaction_id) > longest:
        raise bad_request("The transactionId is too long.")
    said = json.dumps([calendar.serial, body], sort_keys=True)
    return Claim(transaction_id or None, hashlib.sha256(said.encode()).hexdigest())


def known(world: World, mailbox: Mailbox, claim: Claim, *, immutable: bool) -> Item | None:
    """The item that this very request made before; GraphError when its transactionId made another one."""
    if claim.transaction_id is None:
        return None
    serial = mailbox.transactions.get(claim.transaction_id)
    if serial is None:
        _check_tenant(world, claim.transaction_id)
        return None
    item = mailbox.items.get(serial)
    if item is None and world.settings.transaction_after_delete == "free":
        return None
    if item is not None and _is_same(world, item, claim):
        return item
    raise duplicate(world, mailbox.item_id(item, immutable=immutable) if item else None)


def _is_same(world: World, item: Item, claim: Claim) -> bool:
    """Whether the request is the one that made the item, and nothing has happened to it since."""
    return item.posted == claim.posted and not item.touched and world.settings.transaction_repost == "same"


def _check_tenant(world: World, transaction_id: str) -> None:
    """Where a transactionId counts for the whole tenant, no other mailbox may know it."""
    if world.settings.transaction_scope == "tenant":
        mailboxes = (person.mailbox for person in world.people.values())
        if any(transaction_id in mailbox.transactions for mailbox in mailboxes):
            raise duplicate(world, None)


def duplicate(world: World, existing: str | None) -> GraphError:
    """The refusal of a transactionId that has made another event, which it may name."""
    settings = world.settings
    message = (
        "Your request can't be completed. The TransactionId specified in the request has already been used "
        "to create a different event."
    )
    shown = existing is not None and settings.duplicate_transaction_existing_id
    annotations = {"@event.existingEventId": existing} if shown else {}
    status = settings.duplicate_transaction_status
    return GraphError(status, "ErrorDuplicateTransactionId", message, annotations=annotations)
