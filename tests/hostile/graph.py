"""A Graph for a few mailboxes that says in each whatever it is told to say, and the items that it may tell of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.conftest import graph_time, tomorrow
from tests.wire import Asked, Said

GONE = 404, {"error": {"code": "ErrorItemNotFound", "message": "Not there."}}
Item = dict[str, Any]


@dataclass(frozen=True)
class Whole:
    """A body that is said as it is, in place of a page with its items and links."""

    body: Any


@dataclass
class Told:
    """What one mailbox tells: the pages of its window, of its changes, and of its series by id."""

    window: Sequence[Any] = ((),)
    changes: Sequence[Any] = ((),)
    series: dict[str, Sequence[Item]] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)


class HostileGraph:
    """Answers single requests and batches, each mailbox from what it is `told`."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.told: dict[str, Told] = {}
        self.numbers = count()
        self.refused = ""  # the description of an item that is too much

    def __call__(self, asked: Asked) -> Said:
        path = asked.path.removeprefix("/v1.0")
        if path != "/$batch":
            status, body = self.answer(asked.method, path, asked.body)
            return Said(status, body)
        parts = [(part["id"], *self.answer(part["method"], part["url"])) for part in asked.body["requests"]]
        return Said(
            200, {"responses": [{"id": number, "status": status, "body": body} for number, status, body in parts]}
        )

    def answer(self, method: str, path: str, sent: Any = None) -> tuple[int, Any]:
        if method == "POST" and self.refused and sent["body"]["content"] == self.refused:
            return 413, {"error": {"code": "ErrorMessageSizeExceeded"}}
        if method == "POST":
            return 201, sent | {"id": f"made-{next(self.numbers)}"}
        address = urlsplit(path)
        _, _, mailbox, kind, *rest = [unquote(part) for part in address.path.split("/")]
        told, place = self.told[mailbox], int(parse_qs(address.query).get("page", ["0"])[0])
        if kind == "calendarView" and rest == ["delta"]:
            return 200, self.page([()], 0, "", f"/users/{mailbox}/changes?page=0")
        if kind == "changes":
            return 200, self.page(told.changes, place, f"/users/{mailbox}/changes", f"/users/{mailbox}/changes?page=0")
        if kind == "calendarView":
            return 200, self.page(told.window, place, f"/users/{mailbox}/calendarView")
        if not rest:  # a search among all items
            return 200, {"value": []}
        if rest[-1] == "instances" and rest[0] in told.series:
            return 200, {"value": told.series[rest[0]]}
        return (200, told.items[rest[0]]) if rest[0] in told.items else GONE

    def page(self, pages: Sequence[Any], place: int, path: str, cursor: str = "") -> Any:
        if isinstance(pages[place], Whole):
            return pages[place].body
        links = {}
        if place + 1 < len(pages):
            links["@odata.nextLink"] = f"{self.root}{path}?page={place + 1}"
        elif cursor:
            links["@odata.deltaLink"] = f"{self.root}{cursor}"
        return {"value": list(pages[place]), **links}


def item(remote_id: str, **values: Any) -> Item:
    """A single item as Graph tells it in full: an hour of tomorrow."""
    return {
        "@odata.etag": 'W/"a"',
        "id": remote_id,
        "type": "singleInstance",
        "subject": "Dentist",
        "start": graph_time(tomorrow(9)),
        "end": graph_time(tomorrow(10)),
        "isAllDay": False,
        "isCancelled": False,
        "showAs": "busy",
        "sensitivity": "normal",
        "location": {"displayName": "Room 3"},
        "responseStatus": {"response": "organizer"},
        "seriesMasterId": None,
        "transactionId": None,
        **values,
    }
