"""What has happened at the demo's company before anybody looks: the first sync, and five things that went wrong.

A late conflict, a stale calendar, a failed push, a stopped instructor; and people who were not matched. The sandbox is
told by its control API, the database by the ORM, and the rest is what the product makes of it.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

import requests
from django.utils.timezone import localdate, now

from devtools.demo_people import address
from devtools.demo_plan import FAILED, LATE, STALE, STOPPED, TOO_LONG, ZONE
from devtools.demo_tenant import late_item

LAST_SEEN = time(16, 5)  # yesterday, when a mailbox was read for the last time
SHOWN = {"stale": STALE, "stopped": STOPPED}  # whose own page belongs to the story


class Outlook:
    """The sandbox, as those see it who work there."""

    def __init__(self, admin_url: str, ca_file: str) -> None:
        self.url = f"{admin_url}/_sandbox"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca_file

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Ask the control API for something; requests' errors where it refuses."""
        self.session.post(f"{self.url}/{path}", json=body, timeout=10).raise_for_status()

    def refuse_long_items(self) -> None:
        """Let Microsoft refuse every item with too long a description; shortened, it is taken."""
        effect = {"status": 413, "code": "ErrorMessageSizeExceeded"}
        for path in ("/users/{id}/events", "/users/{id}/events/{event}"):
            self.post("faults", {"match": {"path": path, "body": TOO_LONG}, "effect": effect})

    def close(self, name: str) -> None:
        """Take the app's right to this mailbox away, as somebody did in Exchange."""
        self.post("people", {"mail": address(name), "mailbox": "refused"})

    def add(self, name: str, item: dict[str, Any]) -> None:
        """Put an item into a calendar, as its owner."""
        self.post(f"mailboxes/{address(name)}/events", item)


def tell(outlook: Outlook, today: date) -> None:
    """Sync everything for the first time, let things happen, and sync what they touched."""
    outlook.refuse_long_items()
    sync()
    stop(STOPPED)
    outlook.close(STALE)
    outlook.add(LATE, late_item(today))
    since = datetime.combine(today - timedelta(days=1), LAST_SEEN, ZONE)
    mappings_of(STALE).update(synced_at=since, failing_since=since)
    sync(LATE, STALE)


def mappings_of(*names: str) -> Any:
    """Return the mappings of these instructors, of all where none is named."""
    from instructors.models import CalendarMapping

    found = CalendarMapping.objects.all()
    return found.filter(instructor__email__in=[address(name) for name in names]) if names else found


def sync(*names: str) -> None:
    """Match everybody and sync the calendars of these instructors, as `manage.py sync` does."""
    from events.sync.everything import sync_everything
    from integrations.models import Integration

    sync_everything(mappings_of(*names), list(Integration.objects.all()), progress=lambda done, total: None)


def stop(name: str) -> None:
    """Stop the sync of one instructor; what stands in Outlook stays."""
    mapping = mappings_of(name).get()
    mapping.stop(remove_copies=False)


def places() -> dict[str, str]:
    """Return the paths of the pages that show the story, as far as a person has left them there."""
    from events.models import Session
    from instructors.models import Instructor

    people = dict(Instructor.objects.values_list("name", "pk"))
    found = {key: f"instructors/{people[name]}/" for key, name in SHOWN.items() if name in people}
    taught = Session.objects.order_by("starts_at")
    late = taught.filter(event__instructors__name=LATE, ends_at__gt=now()).first()
    if late:
        found |= {"late": f"events/{late.event_id}/", "day": localdate(late.starts_at).isoformat()}
    failed = taught.filter(event__instructors__name=FAILED, event__description__contains=TOO_LONG).first()
    if failed:
        found["failed"] = f"events/{failed.event_id}/"
    return found
