"""python-o365, which signs in through MSAL. Source: https://o365.github.io/python-o365/"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from msal import ConfidentialClientApplication
from O365 import Account, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend
from requests import HTTPError

from contract.report import Report, expect, expect_that, raised
from contract.stage import MARKER, PEOPLE, START, WINDOW, Stage, address, utc


def run(stage: Stage, report: Report) -> None:
    """Every step of this client, in order."""
    account = account_of(stage, stage.facts["client_secret"])
    with report.step("a wrong secret is no sign-in"):
        expect("the sign-in", account_of(stage, "wrong").authenticate(), False)
    with report.step("a token through MSAL"):
        expect("the sign-in", account.authenticate(), True)
        expect_that("the account has a token", account.is_authenticated)
    _people(account, stage, report)
    _events(account, stage, report)
    _series(account, report)
    _changes(account, stage, report)
    _batches(account, stage, report)
    _errors(account, stage, report)


def account_of(stage: Stage, secret: str) -> Account:
    """An application's account, led to the sandbox instead of the real cloud."""
    facts = stage.facts

    class Protocol(MSGraphProtocol):
        _protocol_url = f"{facts['graph_url']}/"

    account = Account(
        (facts["client_id"], secret),
        protocol=Protocol(timezone="UTC"),
        auth_flow_type="credentials",
        tenant_id=facts["tenant_id"],
        token_backend=MemoryTokenBackend(),
        verify_ssl=stage.ca_file,
        request_retries=2,
    )
    # It offers no other place to sign in, and MSAL would ask the real cloud whether it knows ours.
    account.connection._msal_client = ConfidentialClientApplication(
        facts["client_id"],
        client_credential=secret,
        authority=f"{facts['login_url']}/{facts['tenant_id']}",
        token_cache=account.connection.token_backend,
        verify=stage.ca_file,
        instance_discovery=False,
    )
    return account


def _people(account: Account, stage: Stage, report: Report) -> None:
    with report.step("users in pages of three"):
        users = list(account.directory().get_users(limit=100, batch=3))
        expect("the ids", sorted(user.object_id for user in users), stage.ids())
    with report.step("a user by mail address"):
        user = account.directory().get_user(address(3))
        expect("the name", user.display_name, "Person 3")


def _events(account: Account, stage: Stage, report: Report) -> None:
    calendar = account.schedule(resource=address(0)).get_default_calendar()
    key = str(uuid4())
    with report.step("an event created twice with one transactionId is one event"):
        first, again = (course(calendar, key) for _ in range(2))
        expect("the saving", (first.save(), again.save()), (True, True))
        expect("the second id", again.object_id, first.object_id)
        expect("the items in the calendar", len(stage.control("GET", f"mailboxes/{address(0)}/events")["value"]), 1)
    with report.step("the event reads as it was written"):
        read = calendar.get_event(first.object_id)
        expect("subject and room", (read.subject, read.location["displayName"]), ("First aid", "Room 3"))
        expect("the start", read.start.astimezone(dt.UTC).replace(tzinfo=None), START)
    with report.step("an extended property is written and read beside the library's own"):
        url = f"{stage.root}/users/{address(0)}/events"
        marked = {"subject": "Marked", "start": utc(START), "end": utc(START + dt.timedelta(hours=1))}
        marked |= {"singleValueExtendedProperties": [{"id": MARKER, "value": "here"}]}
        account.connection.post(url, data=marked)
        wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'here')"
        found = account.connection.get(url, params={"$filter": wanted}).json()["value"]
        expect("what is found by it", [event["subject"] for event in found], ["Marked"])
        calendar.get_event(found[0]["id"]).delete()
    with report.step("a change is a patch"):
        read.subject = "First aid II"
        expect("the saving", read.save(), True)
        expect("the subject", calendar.get_event(first.object_id).subject, "First aid II")
    with report.step("events of a window, found by a query of the library's own"):
        found = list(calendar.get_events(start_recurring=WINDOW[0], end_recurring=WINDOW[1], include_recurring=True))
        expect("the subjects", [event.subject for event in found], ["First aid II"])
    with report.step("a deleted event is gone"):
        expect("the deletion", read.delete(), True)
        error = raised(lambda: calendar.get_event(first.object_id), HTTPError)
        expect("the status", error.response.status_code, 404)


def _series(account: Account, report: Report) -> None:
    calendar = account.schedule(resource=address(0)).get_default_calendar()
    with report.step("a weekly series has its occurrences, in pages of two"):
        event = course(calendar, None, "Weekly")
        day = START.strftime("%A").lower()
        last = (START + dt.timedelta(weeks=4)).date()
        event.recurrence.set_weekly(1, days_of_week=[day], first_day_of_week="monday", start=START.date(), end=last)
        expect("the saving", event.save(), True)
        series = calendar.get_event(event.object_id)  # only what was read knows that it is a series
        occurrences = list(series.get_occurrences(*WINDOW, batch=2, limit=50))
        expect("the occurrences", len(occurrences), 5)


def _changes(account: Account, stage: Stage, report: Report) -> None:
    ids = [stage.add(1, f"Item {number}", day=number)["id"] for number in range(3)]
    with report.step("a round of changes in pages up to a deltaLink, and the changes after it"):
        start, end = (moment.isoformat() for moment in WINDOW)
        url = f"{stage.root}/users/{address(1)}/calendarView/delta?startDateTime={start}&endDateTime={end}"
        first, link = _round(account, url)
        expect("the ids of the first round", sorted(item["id"] for item in first), sorted(ids))
        stage.control("DELETE", f"mailboxes/{address(1)}/events/{ids[0]}")
        second, _ = _round(account, link)
        expect("the second round", [(item["id"], "@removed" in item) for item in second], [(ids[0], True)])


def _round(account: Account, link: str) -> tuple[list[Any], str]:
    """All items of a round of changes, and where the next one begins."""
    items: list[Any] = []
    while True:
        headers = {"Prefer": 'IdType="ImmutableId", odata.maxpagesize=1'}
        page = account.connection.get(link, headers=headers).json()
        items += page["value"]
        if "@odata.deltaLink" in page:
            return items, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


def _batches(account: Account, stage: Stage, report: Report) -> None:
    with report.step("a batch with a throttled part, and one that depends on a failure"):
        stage.fault({"in_batch": True, "mailbox": address(1)}, times=1, status=429, retry_after=7)
        who = {"1": address(0), "2": address(1), "3": address(0)}
        parts = [{"id": number, "method": "GET", "url": f"/users/{mail}/events"} for number, mail in who.items()]
        parts[2]["dependsOn"] = ["2"]
        answer = account.connection.post(f"{stage.root}/$batch", data={"requests": parts}).json()
        found = {part["id"]: part for part in answer["responses"]}
        expect("the statuses", {name: part["status"] for name, part in found.items()}, {"1": 200, "2": 429, "3": 424})
        expect("Retry-After", found["2"]["headers"]["Retry-After"], "7")


def _errors(account: Account, stage: Stage, report: Report) -> None:
    with report.step("a user who does not exist is an error in Graph's words"):
        error = raised(lambda: account.directory().get_user("nobody@school.example"), HTTPError)
        expect("the code", error.response.json()["error"]["code"], "Request_ResourceNotFound")
        expect_that("the library has found the message", "Error Message" in str(error))
    with report.step("a request that is throttled once is sent again after Retry-After"):
        stage.fault({"path": "/users/{id}/calendars"}, times=1, status=429, retry_after=1)
        calendars = account.schedule(resource=address(PEOPLE - 1)).list_calendars()
        expect("the calendars", len(calendars), 1)


def course(calendar: Any, key: str | None, subject: str = "First aid") -> Any:
    """An event of two hours that is not saved yet."""
    event = calendar.new_event(subject)
    event.start = START.replace(tzinfo=ZoneInfo("UTC"))  # no other kind of zone is taken
    event.end = event.start + dt.timedelta(hours=2)
    event.location = "Room 3"
    if key:
        event.transaction_id = key
    return event
