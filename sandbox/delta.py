"""calendarView/delta: what changed in a window since the last round, page by page, behind opaque tokens."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from sandbox.calendars import Calendar
from sandbox.calls import Answer, Call, number_of, path_of
from sandbox.delta_tokens import Token, app_of, malformed, read_token
from sandbox.errors import GraphError, bad_request
from sandbox.items import Instance, Item, Json, overlaps
from sandbox.mailbox import Mailbox, Person
from sandbox.rendering import render, render_bare, render_master
from sandbox.series import instances
from sandbox.views import read_window
from sandbox.zones import stamp

EVENT_TYPE = {"@odata.type": "#microsoft.graph.event"}
REFUSED_OPTIONS = ("$orderby", "$filter", "$select", "$expand", "$search")
_REFUSED = frozenset(REFUSED_OPTIONS)


def list_changes(call: Call) -> Answer:
    """One page of a round."""
    _check_query(call)
    person, calendar = call.person, call.calendar
    if not calendar.is_default and not call.world.settings.delta_of_other_calendars:
        raise bad_request("Change tracking is not supported against this calendar.")
    token = _where(call, person.mailbox, calendar)
    rows, token, is_last = _page(call, person, calendar, token)
    body: Json = {"@odata.context": call.context("Collection(event)")}
    if is_last:
        body["@odata.deltaLink"] = _link(call, "$deltatoken", _closed(call, calendar, token))
    else:
        body["@odata.nextLink"] = _link(call, "$skiptoken", token)
    body["value"] = rows
    call.applied.append("odata.track-changes")
    return Answer(200, body)


def _check_query(call: Call) -> None:
    if not _REFUSED.isdisjoint(call.query):
        message = (
            "The following parameters are not supported with change tracking over the 'CalendarView' resource: "
            f"'{', '.join(REFUSED_OPTIONS)}'."
        )
        raise GraphError(400, "ErrorInvalidUrlQuery", message)


def _page_size(call: Call, remembered: int) -> int:
    settings, text = call.world.settings, call.preferences.get("odata.maxpagesize", "")
    if not text.isdecimal() or number_of(text) == 0:
        return remembered or min(settings.delta_page_size, settings.delta_largest_page)
    call.applied.append(f"odata.maxpagesize={text}")
    return min(number_of(text), settings.delta_largest_page)


def _where(call: Call, mailbox: Mailbox, calendar: Calendar) -> Token:
    """Where this request begins: a new chain, a new round, or a later page of one."""
    settings = call.world.settings
    now = call.world.now()
    until = mailbox.visible(calendar, now, settings.delta_delay_seconds)
    link = call.query.get("$skiptoken") or call.query.get("$deltatoken")
    if not link:
        return _beginning(call, mailbox, calendar, until)
    token = read_token(link, mailbox, calendar)
    _check_known(call, calendar, token)
    if settings.delta_remembers_preferences and token.immutable and "idtype" not in call.preferences:
        call.prefer_immutable()
    issued, size = int(now.timestamp()), _page_size(call, token.size if settings.delta_remembers_preferences else 0)
    if call.query.get("$skiptoken"):
        return token._replace(issued=issued, size=size)
    until, empty, since = max(until, token.until), min(settings.delta_empty_pages, 255), token.until
    return token._replace(issued=issued, size=size, since=since, until=until, cursor=since, empty_pages=empty)


def _beginning(call: Call, mailbox: Mailbox, calendar: Calendar, until: int) -> Token:
    """The token of the first request of a chain."""
    start, end = (int(moment.timestamp()) for moment in read_window(call))
    return Token(
        owner=mailbox.key[:8],
        calendar=calendar.serial,
        app=app_of(call.client),
        issued=int(call.world.now().timestamp()),
        start=start,
        end=end,
        since=0,
        until=until,
        cursor=0,
        generation=calendar.generations[call.client],
        empty_pages=min(call.world.settings.delta_empty_pages, 255),
        size=_page_size(call, 0),
        immutable=call.style.immutable,
    )


def _check_known(call: Call, calendar: Calendar, token: Token) -> None:
    """Only the last few links that an application got for a calendar are remembered, and perhaps not for long."""
    settings, highest = call.world.settings, calendar.generations[call.client]
    kept, lasts = settings.delta_generations, settings.delta_token_seconds
    is_stale = lasts and call.world.now().timestamp() - token.issued > lasts
    is_late = token.generation <= highest - kept and token.generation != highest
    if not (is_stale or is_late or token.app != app_of(call.client)):
        return
    live = "".join(f"[{number}]" for number in range(max(1, highest - kept + 1), highest + 1))
    message = f"The sync state generation is not found; generation={token.generation};[highest={highest}]{live}."
    raise reset_of(call, message, token)


def reset_of(call: Call, message: str, token: Token) -> GraphError:
    """The refusal of a link that is not known any more, in the form that the settings say."""
    settings = call.world.settings
    if settings.delta_reset == "malformed":
        return malformed()
    headers = None
    if settings.delta_reset == "location":
        start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in token.window)
        query = f"startDateTime={start}&endDateTime={end}&$deltatoken="
        headers = {"Location": f"{call.link(path_of(tuple(call.segments)))}?{query}"}
    return GraphError(settings.delta_reset_status, settings.delta_reset_code, message, headers)


def _closed(call: Call, calendar: Calendar, token: Token) -> Token:
    """The token of the round's deltaLink: a new generation of the calendar's sync state."""
    calendar.generations[call.client] += 1
    return token._replace(since=0, cursor=0, generation=calendar.generations[call.client], empty_pages=0)


def _link(call: Call, name: str, token: Token) -> str:
    return f"{call.world.origin}/v1.0{path_of(tuple(call.segments))}?{name}={token.text()}"


def _page(call: Call, person: Person, calendar: Calendar, token: Token) -> tuple[list[Json], Token, bool]:
    """The rows of one page, the token behind it, and whether it is the last of the round."""
    if token.empty_pages:
        return [], token._replace(empty_pages=token.empty_pages - 1), False
    if token.since and token.cursor >= token.until:  # nothing changed: the usual case, and it costs nothing
        return _noise(call, person, calendar, token, [], first=True), token, True
    pending = _pending(call, person.mailbox, calendar, token)
    rows: list[Json] = []
    for place, (position, number) in enumerate(pending):
        rows += _rows(call, person, number, token)
        if len(rows) >= token.size and place < len(pending) - 1:  # a series is never split over pages
            return _noise(call, person, calendar, token, rows), token._replace(cursor=position), False
    return _noise(call, person, calendar, token, rows, first=True), token, True


def _pending(call: Call, mailbox: Mailbox, calendar: Calendar, token: Token) -> list[tuple[int, int]]:
    """(position, number) of the items that the rest of this round is about."""
    if token.since:
        return calendar.changed_after(token.cursor, token.until)
    settings = call.world.settings
    if settings.delta_removed_at_first:
        numbers = set(calendar.log)
    else:
        numbers = {item.number for item in mailbox.items_of(calendar)}
    if settings.delta_delay_seconds:
        numbers -= _unseen(call, mailbox, token)
    return [(number, number) for number in sorted(numbers) if number > token.cursor]


def _unseen(call: Call, mailbox: Mailbox, token: Token) -> set[int]:
    """The numbers of what is too new for a first round."""
    settled = stamp(call.world.now() - timedelta(seconds=call.world.settings.delta_delay_seconds))
    return {item.number for item in mailbox.items.values() if item.version > token.until and item.created > settled}


def _rows(call: Call, person: Person, number: int, token: Token) -> list[Json]:
    """What a delta tells about one item: it, its instances in the window, or that it is not (any more) in it."""
    mailbox, settings = person.mailbox, call.world.settings
    item = mailbox.items.get(mailbox.serial_of(number))
    found = list(instances(item, token.window)) if item is not None and item.number == number else []
    if not found or item is None:
        return [_removed(call, mailbox, number)] if token.since or settings.delta_removed_at_first else []
    if not item.is_series:
        return [EVENT_TYPE | render(person, found[0], call.style)]
    master = [] if settings.delta_master == "missing" else [_master(call, person, item)]
    if master and settings.delta_deleted_occurrence == "master" and item.told <= token.since:
        return master  # all that happened is that occurrences were deleted, and of these nothing is told
    rows = [_occurrence(call, person, entry) for entry in found]
    return rows + master if settings.delta_master == "last" else master + rows


def _occurrence(call: Call, person: Person, instance: Instance) -> Json:
    if instance.kind == "occurrence" and call.world.settings.delta_skeletal:
        return render_bare(person, instance, call.style)
    return EVENT_TYPE | render(person, instance, call.style)


def _master(call: Call, person: Person, item: Item) -> Json:
    return EVENT_TYPE | render_master(person, item, call.style)


def _removed(call: Call, mailbox: Mailbox, number: int) -> Json:
    event_id = mailbox.id_of_gone(number, immutable=call.style.immutable)
    return EVENT_TYPE | {"id": event_id, "@removed": {"reason": "deleted"}}


def _noise(
    call: Call, person: Person, calendar: Calendar, token: Token, rows: list[Json], *, first: bool = False
) -> list[Json]:
    """What a page holds besides its news, when the settings ask for it: repetitions, replays, unknown removals."""
    settings = call.world.settings
    if settings.delta_duplicates:
        rows = rows + rows
    if first and settings.delta_replays:
        rows = rows + _replays(call, person, calendar, token)
    if first and settings.delta_foreign_removed:
        unknown = range(10**9, 10**9 + settings.delta_foreign_removed)
        rows = [_removed(call, person.mailbox, number) for number in unknown] + rows
    return rows


def _replays(call: Call, person: Person, calendar: Calendar, token: Token) -> list[Json]:
    """Some single items of the window once more, although nothing happened to them."""
    singles = (item for item in person.mailbox.items_of(calendar) if not item.is_series)
    inside = (item for item in singles if overlaps(*item.interval(), token.window))
    return [_master(call, person, item) for item in islice(inside, call.world.settings.delta_replays)]
