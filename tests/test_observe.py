"""The observer: what a page of a calendar says of our copies and of others' items."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from events.sync.observe import Observation, observe
from events.sync.plan import key_of
from integrations.providers.types import Page, RemoteItem

MAILBOX = "48d31887-5fad-4d73-a9f5-3c356e68a038"
UID = UUID(int=7)
KEY = key_of(MAILBOX, UID, 0)
START = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass
class Copy:
    """One of our copies."""

    session_uid: UUID = UID
    key: UUID = KEY
    remote_id: str = "ours"
    receipt_fingerprint: str = ""


def item(remote_id: str = "theirs", **values: object) -> RemoteItem:
    return RemoteItem(remote_id, "etag", START, START + timedelta(hours=1), **{"subject": "Dentist", **values})  # type: ignore[arg-type]


def seen(*items: RemoteItem, copy: Copy | None = None, removed: tuple[str, ...] = ()) -> Observation:
    return observe(Page(items=items, removed=removed), {copy.session_uid: copy} if copy else {}, mailbox=MAILBOX)


def test_our_copy_as_we_left_it_is_an_echo():
    ours = item("ours")

    result = seen(ours, copy=Copy(receipt_fingerprint=ours.appearance))

    assert (result.untouched, result.changed, result.external) == ([UID], [], [])


def test_our_copy_that_looks_otherwise_is_changed():
    result = seen(item("ours", subject="Mine now"), copy=Copy(receipt_fingerprint=item("ours").appearance))

    assert (result.changed, result.external) == ([UID], [])


def test_a_reminder_a_category_or_an_etag_is_no_drift():
    left, found = item("ours"), RemoteItem("ours", "another etag", START, START + timedelta(hours=1), subject="Dentist")

    assert seen(found, copy=Copy(receipt_fingerprint=left.appearance)).changed == []


def test_an_intended_copy_that_arrived_is_adopted_by_its_key():
    arrived = item("new", transaction_id=str(key_of(MAILBOX, UID, 0)))

    result = seen(arrived, copy=Copy(remote_id=""))

    assert (result.adopted, result.external, result.dropped) == ({UID: arrived}, [], ["new"])


def test_of_two_items_with_the_key_of_one_copy_one_is_adopted_and_the_other_is_not_forgotten():
    first, second = (item(remote_id, transaction_id=str(KEY)) for remote_id in ("first", "second"))

    result = seen(first, second, copy=Copy(remote_id=""))

    assert (result.adopted, result.unsure) == ({UID: first}, [second])


def test_a_removed_copy_is_missing_until_it_is_confirmed():
    result = seen(copy=Copy(), removed=("ours", "theirs"))

    assert (result.missing, result.dropped) == ([UID], ["theirs"])


def test_an_item_of_somebody_else_is_external():
    assert [one.remote_id for one in seen(item(), item("random", transaction_id=str(uuid4()))).external] == [
        "theirs",
        "random",
    ]


def test_declined_and_cancelled_items_are_ignored():
    result = seen(item(is_ignored=True))

    assert (result.external, result.dropped) == ([], ["theirs"])


def test_a_persons_duplicate_of_our_copy_is_external():
    twin = item("twin", marker=str(UID), transaction_id="")

    result = seen(twin, copy=Copy())

    assert (result.external, result.strays) == ([twin], [])


def test_a_copy_of_ours_that_nobody_remembers_is_a_stray():
    strays = [item(f"{n}", marker=str(UID), transaction_id=str(key_of(MAILBOX, UID, n))) for n in (0, 3, 99)]

    assert seen(*strays).strays == strays


def test_an_item_with_a_key_like_ours_is_asked_for_its_marker():
    unsure = item("unsure", transaction_id=str(key_of(MAILBOX, UID, 0)))

    assert seen(unsure).unsure == [unsure]


def test_a_key_of_another_mailbox_does_not_make_an_item_ours():
    other = item("other", marker=str(UID), transaction_id=str(key_of("another mailbox", UID, 0)))

    assert seen(other).external == [other]
