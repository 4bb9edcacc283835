"""What calendars of others say stays there: no private title, body, attendee or place is kept, logged or shown."""

import logging

import pytest
from django.db import connection
from django.urls import reverse

from events.models import ExternalEvent
from integrations.models import Integration
from tests.conftest import address, plan_event, sync_now, tomorrow
from tests.test_census import recurring

PRIVATE, OPEN = "Oncology", "Choir practice"
NEVER = {
    "body": {"contentType": "text", "content": "Bring the scans"},
    "attendees": [{"emailAddress": {"name": "Doctor Quill", "address": "quill@clinic.example"}, "type": "required"}],
    "location": {"displayName": "Ward seven"},
    "categories": ["Illness"],
}
WORDS = ["Bring the scans", "quill@clinic", "Doctor Quill", "Ward seven", "Illness"]


def database() -> str:
    """Every row of every table."""
    with connection.cursor() as cursor:
        names = [connection.ops.quote_name(name) for name in connection.introspection.table_names(cursor)]
        cursor.execute(" UNION ALL ".join(f"SELECT rows::text FROM {name} rows" for name in names))  # noqa: S608
        return "\n".join(row[0] for row in cursor.fetchall())


def pages(client, mapping, event) -> str:
    """What the pages say that are about a calendar."""
    day = {"start": f"{tomorrow():%Y-%m-%d}", "end": f"{tomorrow(days=7):%Y-%m-%d}"}
    asked = [
        (reverse("events:instructor", args=[mapping.instructor_id]), {}),
        (reverse("events:calendar"), {}),
        (reverse("events:feed"), day),
        (reverse("events:event", args=[event.pk]), {}),
        (reverse("events:edit", args=[event.pk]), {}),
        (reverse("instructors:list"), {}),
    ]
    answers = [client.get(url, query) for url, query in asked]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(answer.content.decode() for answer in answers)


@pytest.mark.parametrize(
    ("privacy", "hidden", "shown"), [("titles", [PRIVATE], [OPEN]), ("free_busy", [PRIVATE, OPEN], [])]
)
def test_what_is_nobody_s_business_is_neither_kept_nor_logged_nor_shown(
    sandbox, ann, admin_client, caplog, privacy, hidden, shown
):
    caplog.set_level(logging.DEBUG)
    Integration.objects.update(privacy=privacy)
    event = plan_event("First aid", ann)
    sandbox.add("ann", PRIVATE, tomorrow(14), sensitivity="private", **NEVER)
    sandbox.add("ann", OPEN, tomorrow(9), **NEVER)
    sync_now(ann)
    for hour, sensitivity in ((16, "confidential"), (18, "private")):
        pattern = {"recurrence": recurring(2, tomorrow(hour))} if hour == 18 else {}
        sandbox.add("ann", PRIVATE, tomorrow(hour), sensitivity=sensitivity, **pattern, **NEVER)
    sandbox.fault({"path": "/instances", "mailbox": address("ann")}, status=500, message=PRIVATE, times=1)
    sync_now(ann)
    sync_now(ann)

    told = {"database": database(), "log": caplog.text, "pages": pages(admin_client, ann, event)}

    assert ExternalEvent.objects.count() >= 3
    assert [(place, word) for place, text in told.items() for word in WORDS + hidden if word in text] == []
    assert [word for word in shown if word not in told["database"] or word not in told["pages"]] == []
