"""The state file: everything that a restart must not lose, one line for each mailbox."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from sandbox.calendars import DEFAULT_NAME, Calendar
from sandbox.certificates import Authority, write_private
from sandbox.items import Item
from sandbox.keys import TokenKey
from sandbox.mailbox import Mailbox, Person
from sandbox.world import World

VERSION = 2
VERSIONS = (1, 2)  # those of the first kind have one calendar for each mailbox
_IDS = ("tenant_id", "domain", "client_id", "client_secret", "principal_id", "user_id")


class StateFile:
    """Writes the world to a file and reads it back. A mailbox is put into words only when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()  # the last save must not meet one that is still on its way to the disk

    def is_behind(self, world: World) -> bool:
        """Whether something changed since the last time."""
        changed = world.people_changed or world.faults.changed
        return changed or any(person.mailbox.saved is None for person in world.people.values())

    def text(self, world: World, authority: Authority) -> str:
        """The whole file."""
        head = {
            "version": VERSION,
            **{name: getattr(world, name) for name in _IDS},
            "token_key": world.token_key.pem(),
            "certificates": world.certificates,
            "ca_key": authority.key_pem,
            "ca_certificate": authority.certificate_pem,
            "faults": [rule.as_json() for rule in world.faults.rules],
        }
        lines = [json.dumps(head)]
        lines += [_line(world, person, person.mailbox) for person in world.people.values()]
        lines += [_line(world, person_id, mailbox) for person_id, mailbox in world.retired.items()]
        world.people_changed = world.faults.changed = False
        return "\n".join(lines) + "\n"

    def write(self, text: str) -> None:
        """Put the text into place at once: a reader finds the old file or the new one, never half of one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.new")
        with self._writing:
            write_private(fresh, text)
            fresh.replace(self.path)

    def save(self, world: World, authority: Authority) -> None:
        self.write(self.text(world, authority))

    def load(self, start: dict[str, Any]) -> tuple[World, Authority]:
        """The world and the certificate authority of the file; ValueError when it is none of ours."""
        with self.path.open() as file:
            head = json.loads(next(file, "{}"))
            if head.get("version") not in VERSIONS:
                raise ValueError(f"{self.path} is not a state file of this sandbox.")
            world = World(start)
            world.people.clear()
            world.by_address.clear()
            for name in _IDS:
                setattr(world, name, head[name])
            world.token_key = TokenKey.from_pem(head["token_key"])
            world.certificates = head.get("certificates", [])
            world.faults.restore(head.get("faults", []))
            for entry in map(json.loads, file):
                if "retired" in entry:
                    world.retired[entry["retired"]] = _mailbox_of_nobody(entry)
                else:
                    world.add(_person(entry))
        return world, Authority(head["ca_key"], head["ca_certificate"])


def _line(world: World, owner: Person | str, mailbox: Mailbox) -> str:
    """A mailbox and whose it is, or by id whose it was; put into words if that has changed."""
    if mailbox.saved is None or world.people_changed:
        whose = {"retired": owner} if isinstance(owner, str) else {"person": owner.as_json()}
        mailbox.saved = json.dumps({**whose, "mailbox": mailbox_as_json(mailbox)})
    return mailbox.saved


def _person(entry: dict[str, Any]) -> Person:
    known = dict(entry["person"])
    person = Person(mailbox_state=known.pop("mailbox"), **known)
    fill_mailbox(person.mailbox, entry["mailbox"])
    return person


def _mailbox_of_nobody(entry: dict[str, Any]) -> Mailbox:
    """The mailbox of somebody who was taken out of the directory, and may come back."""
    mailbox = Mailbox(entry["retired"])
    fill_mailbox(mailbox, entry["mailbox"])
    return mailbox


def mailbox_as_json(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "sequence": mailbox.sequence,
        "serial": mailbox.serial,
        "calendars": [calendar.as_json() for calendar in mailbox.calendars.values()],
        "moved": list(mailbox.moved.items()),
        "transactions": mailbox.transactions,
        "items": [_item_as_json(item) for item in mailbox.items.values()],
        "deleted": [_item_as_json(item) for item in mailbox.deleted.values()],
    }


def _item_as_json(item: Item) -> dict[str, Any]:
    values = {name: getattr(item, name) for name in Item.__slots__ if name != "span"}
    return {name: value for name, value in values.items() if value not in (None, {}, [], "", False)}


def fill_mailbox(mailbox: Mailbox, entry: dict[str, Any]) -> None:
    """Put what a line of the state file says into an empty mailbox."""
    mailbox.sequence, mailbox.serial = entry["sequence"], entry["serial"]
    mailbox.calendars = {0: mailbox.default}
    first = {"serial": 0, "name": DEFAULT_NAME, "log": entry.get("log", []), "generations": {}}
    for values in entry.get("calendars", [first]):
        calendar = Calendar.from_json(values)
        mailbox.calendars[calendar.serial] = calendar
    mailbox.default = mailbox.calendars[0]
    mailbox.moved = dict(entry.get("moved", ()))
    mailbox.transactions = entry["transactions"]
    mailbox.deleted = {values["serial"]: Item(**values) for values in entry.get("deleted", ())}
    for values in entry["items"]:
        item = Item(**values)
        mailbox.items[item.serial] = item
        if item.creator != "user":
            mailbox.own.add(item.serial)
