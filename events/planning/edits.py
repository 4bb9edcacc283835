"""What the buttons of the form do to it, short of saving: add, remove and copy sessions, add and remove people."""

from collections.abc import Callable
from dataclasses import replace

from django.http import QueryDict

from events.planning.people import only_one
from events.planning.typed import MOST_COPIES, Typed, TypedSession, blank, copied

ROWS_ADDED = 3
Edit = Callable[[Typed, QueryDict, list[str]], Typed]


def edited(typed: Typed, data: QueryDict) -> Typed:
    """The form after the button that was pressed; a button that is not known changes nothing."""
    verb, *objects = data.get("action", "").split(":")
    edit = EDITS.get(verb)
    return edit(typed, data, objects) if edit and all(one.isdecimal() and len(one) < 19 for one in objects) else typed


def add_rows(typed: Typed, _data: QueryDict, _objects: list[str]) -> Typed:
    return typed.with_sessions([*typed.sessions, *(blank(after=typed.rows) for _ in range(ROWS_ADDED))])


def remove_row(typed: Typed, _data: QueryDict, objects: list[str]) -> Typed:
    return replace(typed, sessions=tuple(one for one in typed.sessions if [str(one.row)] != objects))


def copy(typed: Typed, data: QueryDict, _objects: list[str]) -> Typed:
    """With the last session again on the following days; empty rows make room for them."""
    text = data.get("copy_days", "")
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1
    copies = copied(typed.rows, min(days, MOST_COPIES), skips_weekends="copy_skips_weekends" in data)
    return typed.with_sessions([*typed.rows, *copies]) if copies else typed


def take(typed: Typed, _data: QueryDict, objects: list[str]) -> Typed:
    """With one more instructor for the event."""
    return replace(typed, instructors=with_more(typed.instructors, map(int, objects[:1])), name="")


def drop(typed: Typed, _data: QueryDict, objects: list[str]) -> Typed:
    """Without an instructor of the event, or of the session in a row: drop:12, drop:12:row."""
    pk, row = (*map(int, objects), -1, -1)[:2]
    if row < 0:
        return replace(typed, instructors=without(typed.instructors, pk))
    return with_rows(
        typed, lambda one: replace(one, instructors=without(one.instructors, pk)) if one.row == row else one
    )


EDITS: dict[str, Edit] = {"add": add_rows, "remove": remove_row, "copy": copy, "take": take, "drop": drop}


def with_names_resolved(typed: Typed) -> Typed:
    """With everybody added whose name was typed in full, without being chosen from the list."""

    def resolved(one: TypedSession) -> TypedSession:
        found = only_one(one.name) if one.name else None
        return replace(one, instructors=with_more(one.instructors, [found.pk]), name="") if found else one

    found = only_one(typed.name) if typed.name else None
    if found:
        typed = replace(typed, instructors=with_more(typed.instructors, [found.pk]), name="")
    return with_rows(typed, resolved)


def with_rows(typed: Typed, change: Callable[[TypedSession], TypedSession]) -> Typed:
    return replace(typed, sessions=tuple(map(change, typed.sessions)))


def with_more(pks: tuple[int, ...], more: "map[int] | list[int]") -> tuple[int, ...]:
    return tuple(sorted({*pks, *more}))


def without(pks: tuple[int, ...], gone: int) -> tuple[int, ...]:
    return tuple(pk for pk in pks if pk != gone)
