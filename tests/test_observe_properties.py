"""The observer, over everything that may stand in a calendar: each kind of item says what it is to be taken for."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from events.sync.observe import Observation, observe
from events.sync.plan import key_of
from integrations.providers.types import Page, RemoteItem

MAILBOX = "48d31887-5fad-4d73-a9f5-3c356e68a038"
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
UIDS = [UUID(int=number) for number in range(1, 5)]
GENERATIONS = st.integers(min_value=0, max_value=3) | st.integers(min_value=0, max_value=99)


@dataclass
class Copy:
    """One of our copies, or the intent of one."""

    session_uid: UUID
    generation: int
    remote_id: str
    receipt_fingerprint: str

    key: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.key = key_of(MAILBOX, self.session_uid, self.generation)


@dataclass(frozen=True)
class Placed:
    """An item of a calendar, and the class that it belongs to. `uid` is of the session that it speaks of."""

    item: RemoteItem
    belongs: str
    uid: UUID | None = None


@dataclass(frozen=True)
class Scene:
    """A calendar, and what is recorded of our copies in it."""

    copies: dict[UUID, Copy]
    placed: list[Placed]
    removed: list[str]
    series: list[str]

    @property
    def page(self) -> Page:
        return Page(tuple(one.item for one in self.placed), tuple(self.removed), frozenset(self.series))

    def observe(self, page: Page | None = None) -> Observation:
        return observe(page or self.page, self.copies, mailbox=MAILBOX)

    def page_ids(self) -> set[str]:
        return {one.item.remote_id for one in self.placed}

    def ids(self, *classes: str) -> set[str]:
        return {one.item.remote_id for one in self.placed if one.belongs in classes}

    def uids(self, belongs: str) -> set[UUID]:
        return {one.uid for one in self.placed if one.belongs == belongs and one.uid}


def an_item(remote_id: str, *, subject: str = "First aid", **values: str | bool) -> RemoteItem:
    return RemoteItem(remote_id, "etag", START, START + timedelta(hours=1), subject=subject, **values)  # type: ignore[arg-type]


def marker(draw: st.DrawFn, uid: UUID) -> str:
    """A marker, where it was asked for: a delta brings none."""
    return draw(st.sampled_from(["", str(uid)]))


@st.composite
def own_items(draw: st.DrawFn, copy: Copy) -> list[Placed]:
    """What stands of one copy: as we left it, changed, as a series that a person made of it, or not at all."""
    uid, key = copy.session_uid, str(copy.key)
    if not copy.remote_id:
        arrived = an_item(f"new-{uid.int}", transaction_id=key, marker=marker(draw, uid))
        return draw(st.sampled_from([[], [Placed(arrived, "adopted", uid)]]))
    left = an_item(copy.remote_id, transaction_id=key, marker=marker(draw, uid))
    changed = an_item(copy.remote_id, transaction_id=key, marker=marker(draw, uid), subject="Mine now")
    parts = [an_item(f"{copy.remote_id}/{day}", series_id=copy.remote_id) for day in range(draw(st.integers(1, 3)))]
    state = draw(st.sampled_from(["away", "left", "changed", "series"]))
    stands = {"away": [], "left": [left], "changed": [changed], "series": parts}[state]
    is_as_left = state == "left" and copy.receipt_fingerprint == left.appearance
    return [Placed(item, "untouched" if is_as_left else "changed", uid) for item in stands]


@st.composite
def strange_items(draw: st.DrawFn, number: int, copies: dict[UUID, Copy]) -> Placed:
    """Something that is none of the recorded copies."""
    remote_id, uid = f"other-{number}", draw(st.sampled_from(UIDS))
    unknown = UUID(int=100 + number)
    foreign_key = str(key_of("another mailbox", uid, draw(GENERATIONS)))
    current = copies[uid].generation if uid in copies else 0
    own_key = str(key_of(MAILBOX, uid, draw(st.just(current) | GENERATIONS)))
    is_intended = uid in copies and own_key == str(copies[uid].key) and not copies[uid].remote_id
    kinds: dict[str, tuple[dict[str, str], str]] = {
        "somebody's": ({}, "external"),
        "with a random id": ({"transaction_id": str(draw(st.uuids(version=4)))}, "external"),
        "of another program": ({"transaction_id": draw(st.text(max_size=40))}, "external"),
        "of another series": ({"series_id": "their-series"}, "external"),
        "a person's copy": ({"marker": str(uid)}, "external"),
        "a person's copy, sent": ({"marker": str(uid), "transaction_id": str(draw(st.uuids(version=4)))}, "external"),
        "with a broken marker": (
            {"marker": draw(st.text(min_size=1, max_size=40)), "transaction_id": own_key},
            "external",
        ),
        "of another mailbox": ({"marker": str(uid), "transaction_id": foreign_key}, "external"),
        "with a key like ours": ({"transaction_id": foreign_key}, "unsure"),
        "with a key of ours": ({"transaction_id": own_key}, "unsure"),
        "sent by us": (
            {"marker": str(uid), "transaction_id": own_key},
            "external" if uid in copies else "strays",
        ),
        "sent by us for a session that is gone": (
            {"marker": str(unknown), "transaction_id": str(key_of(MAILBOX, unknown, draw(GENERATIONS)))},
            "strays",
        ),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    values, belongs = kinds[kind]
    if is_intended and values.get("transaction_id") == own_key:  # that would be the copy itself
        return Placed(an_item(remote_id), "external")
    if draw(st.integers(0, 9)) == 0:
        return Placed(an_item(remote_id, is_ignored=True, **values), "ignored")
    return Placed(an_item(remote_id, **values), belongs, UUID(values["marker"]) if belongs == "strays" else None)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    copies = {}
    for uid in draw(st.sets(st.sampled_from(UIDS))):
        remote_id = draw(st.sampled_from(["", f"ours-{uid.int}"]))
        receipt = an_item("any").appearance if draw(st.booleans()) else ""
        copies[uid] = Copy(uid, draw(GENERATIONS), remote_id, receipt)
    own = [placed for copy in copies.values() for placed in draw(own_items(copy))]
    strange = [draw(strange_items(number, copies)) for number in range(draw(st.integers(0, 6)))]
    standing = {one.item.series_id or one.item.remote_id for one in own}
    away = [copy.remote_id for copy in copies.values() if copy.remote_id and copy.remote_id not in standing]
    removed = [one for one in [*away, "gone-1", "gone-2"] if draw(st.booleans())]
    series = [one for one in [*away, "their-series", "series-1"] if one not in removed and draw(st.booleans())]
    return Scene(copies, draw(st.permutations([*own, *strange])), removed, series)


def told(seen: Observation) -> dict[str, object]:
    """What was observed, whatever its order."""
    return {
        "untouched": set(seen.untouched),
        "changed": set(seen.changed),
        "missing": set(seen.missing),
        "adopted": seen.adopted,
        "dropped": set(seen.dropped),
        **{name: {one.remote_id: one for one in getattr(seen, name)} for name in ("strays", "unsure", "external")},
    }


def named(items: list[RemoteItem]) -> list[str]:
    return [one.remote_id for one in items]


@given(scenes())
def test_each_item_is_taken_for_what_it_is_and_for_nothing_else(scene):
    seen = scene.observe()

    standing = {copy.remote_id: uid for uid, copy in scene.copies.items() if copy.remote_id}
    turned = {standing[series] for series in scene.series if series in standing}
    assert set(seen.untouched) == scene.uids("untouched")
    assert set(seen.changed) == scene.uids("changed") | turned
    assert {uid: item.remote_id for uid, item in seen.adopted.items()} == {
        one.uid: one.item.remote_id for one in scene.placed if one.belongs == "adopted"
    }
    assert sorted(named(seen.strays)) == sorted(scene.ids("strays"))
    assert sorted(named(seen.unsure)) == sorted(scene.ids("unsure"))
    assert sorted(named(seen.external)) == sorted(scene.ids("external"))


@given(scenes())
def test_nothing_that_stands_there_is_left_out(scene):
    seen = scene.observe()

    of_ours = len(seen.untouched) + len(seen.changed) + len(seen.adopted)
    of_others = len(seen.strays) + len(seen.unsure) + len(seen.external) + len(scene.ids("ignored"))
    turned = {copy.remote_id for copy in scene.copies.values()} & set(scene.series)
    assert of_ours + of_others == len(scene.placed) + len(turned)


@given(scenes())
def test_what_was_removed_is_only_missing_where_it_was_ours_and_what_is_no_mirrored_item_is_dropped(scene):
    seen = scene.observe()

    ids = {copy.remote_id: uid for uid, copy in scene.copies.items() if copy.remote_id}
    assert set(seen.missing) == {ids[one] for one in scene.removed if one in ids}
    assert not set(seen.missing) & {*seen.untouched, *seen.changed, *seen.adopted}
    others = {one for one in scene.removed if one not in ids}
    assert set(seen.dropped) == others | scene.ids("adopted", "ignored")
    assert not set(seen.dropped) & {*named(seen.external), *named(seen.unsure), *named(seen.strays), *ids}


@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter_nor_how_they_are_spread_over_pages(scene, random):
    items, removed = list(scene.page.items), list(scene.removed)
    random.shuffle(items)
    random.shuffle(removed)
    cut, other = random.randint(0, len(items)), random.randint(0, len(removed))

    mixed = scene.observe(Page(tuple(items), tuple(removed), scene.page.series))
    first = scene.observe(Page(tuple(items[:cut]), tuple(removed[:other])))
    second = scene.observe(Page(tuple(items[cut:]), tuple(removed[other:]), scene.page.series))

    whole = told(scene.observe())
    assert told(mixed) == whole
    assert {name: join(told(first)[name], told(second)[name]) for name in whole} == whole


def join(one, other):
    return one | other


@given(scenes())
def test_observing_changes_nothing_and_says_the_same_again(scene):
    before = deepcopy(scene.copies)

    first, second = scene.observe(), scene.observe()

    assert first == second
    assert scene.copies == before


@given(scenes())
def test_once_it_is_recorded_what_was_seen_is_only_an_echo(scene):
    seen = scene.observe()
    for uid, item in seen.adopted.items():
        scene.copies[uid].remote_id = item.remote_id
    adopted = {one.item.remote_id: one for one in scene.placed if one.belongs == "strays"}
    for item in seen.strays:
        scene.copies.setdefault(UUID(item.marker), Copy(UUID(item.marker), 0, item.remote_id, ""))
    standing = {copy.remote_id: copy for copy in scene.copies.values() if copy.remote_id}
    for placed in scene.placed:
        if placed.item.remote_id in standing:
            standing[placed.item.remote_id].receipt_fingerprint = placed.item.appearance

    again = scene.observe()

    taken = {one for one in adopted if one in standing}
    assert not again.adopted
    assert set(again.untouched) == {copy.session_uid for one, copy in standing.items() if one in scene.page_ids()}
    assert not {*named(again.external), *named(again.strays)} & taken
