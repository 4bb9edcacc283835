"""The whole main job in two small calendars, from the connection check to the deletion of the integration."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from time_machine import Traveller

from events.closing import close
from events.models import Event, ExternalEvent, Session, SyncedEvent
from events.sync.state import new_window
from instructors.discovery import discover
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations import connection
from integrations.models import Integration
from integrations.providers.base import Provider
from integrations.providers.conversation import Conversation, converse
from tests.acts import one_cycle
from tests.conftest import Sandbox, address, graph_time, plan_event, tomorrow

MINUTE = timedelta(minutes=1)
CREATE = {"method": "POST", "path": "/users/{id}/events"}
Shown = tuple[str, datetime, datetime, bool, str, bool, str]  # id, start, end, all-day, show-as, private, title


class WholeJob:
    """Ann and Ben teach, Gus is a guest. Every step ends with both sides equal, or the test fails.

    The clocks of Graph and of the product go on by `step` seconds before each cycle, so that nothing has to be waited
    for; each step of the job takes `patience` cycles more than the two that have to do.
    """

    def __init__(
        self, sandbox: Sandbox, clock: Traveller, *, step: int = 61, patience: int = 0, **switches: Any
    ) -> None:
        self.sandbox, self.clock, self.step, self.patience = sandbox, clock, step, patience
        sandbox.control("POST", "reset", json={"tenant": {"people": cast()}})
        sandbox.configure(**switches)
        connection._connect.cache_clear()  # nothing is remembered of another position: no token, no connection
        line = sandbox.line
        self.integration = Integration.objects.create(
            name="Northgate",
            tenant_id=line["tenant_id"],
            client_id=line["client_id"],
            client_secret=line["client_secret"],
            user_id=line["user_id"],
            privacy=Integration.Privacy.TITLES,
        )
        for name in ("ann", "ben", "gus"):
            Instructor.objects.create(name=name.title(), email=address(name))

    def run(self) -> None:
        self.test_the_connection()
        self.pair_mailboxes()
        self.first_sync()
        self.let_the_token_expire()
        self.plan_more()
        self.lose_answers()
        self.weather_a_storm()
        self.work_in_outlook()
        self.drift()
        self.lose_the_place()
        self.nothing_new()
        self.stop_ben()
        self.delete_the_integration()

    def test_the_connection(self) -> None:
        found = connection.check(self.integration)

        assert [step.name for step in found if not step.passed] == [], [step.detail for step in found]

    def pair_mailboxes(self) -> None:
        for _ in range(1 + self.patience):
            self.let_pass(self.step)
            if discover(self.integration):
                break

        paired = CalendarMapping.objects.values_list("address", flat=True)
        assert sorted(paired) == [address("ann"), address("ben")]
        assert [one.cause for one in Unmatched.objects.all()] == [Unmatched.Cause.GUEST]

    def first_sync(self) -> None:
        self.first_aid = plan_event("First aid", self.of("ann"), self.of("ben"), sessions=2, location="Room 3")
        self.safety = plan_event("Fire safety", self.of("ann"), hour=15, description="Bring the blanket.\nAnd water.")

        self.cycles()

        assert ExternalEvent.objects.filter(mapping=self.of("ann")).count() == 11
        self.agree()

    def let_the_token_expire(self) -> None:
        """Graph's clock is ahead of ours until it takes our token no more, which still counts as good here."""
        self.sandbox.control("POST", "clock", json={"advance": 4000})
        self.sandbox.add("ann", "Choir", tomorrow(20, days=2))

        self.cycles()

        self.agree()
        self.clock.shift(4000)

    def plan_more(self) -> None:
        new = plan_event("Fork-lift", self.of("ann"), hour=18)
        self.first_aid.title = "First aid, advanced"
        self.first_aid.save()
        session = self.first_aid.sessions.order_by("starts_at")[0]
        session.starts_at, session.ends_at = session.starts_at + timedelta(days=3), session.ends_at + timedelta(days=3)
        session.save()
        self.safety.status = Event.Status.CANCELLED
        self.safety.save()

        self.cycles()

        assert new.title in self.sandbox.subjects("ann")
        self.agree()

    def lose_answers(self) -> None:
        """Of one create whose answer is lost the event changes meanwhile, another copy is deleted in Outlook.

        No round of changes tells of them before they are sent again.
        """
        for title in ("Lost and changed", "Lost and deleted"):
            self.sandbox.fault(CREATE | {"body": title}, times=1, drop="after")
        self.sandbox.fault({"path": "delta", "mailbox": address("ann")}, times=1 + self.patience, status=500)
        changed = plan_event("Lost and changed", self.of("ann"), hour=6)
        plan_event("Lost and deleted", self.of("ann"), hour=20)
        self.cycles(1)
        self.sandbox.delete("ann", self.find("ann", "Lost and deleted")["id"])
        changed.title = "Found again"
        changed.save()

        self.cycles(3)
        self.sandbox.clear_faults()

        assert self.patience or self.was_refused_as_a_duplicate()
        assert "Found again" in self.sandbox.subjects("ann")
        self.agree()

    def was_refused_as_a_duplicate(self) -> bool:
        statuses = self.sandbox.requests()["statuses"]
        return bool(statuses.get("409") or statuses.get("400"))

    def weather_a_storm(self) -> None:
        """A batch is refused with a page of HTML, and then one part of another is throttled."""
        self.sandbox.fault({"path": "$batch"}, times=1, status=503, body="<html><h1>Service Unavailable</h1></html>")
        self.sandbox.fault({"mailbox": address("ann"), "path": "delta"}, times=1, status=429, retry_after=50.5)
        self.sandbox.add("ann", "Optician", tomorrow(19, days=5))

        self.cycles(4)
        self.sandbox.clear_faults()

        self.agree()

    def work_in_outlook(self) -> None:
        sandbox, pupils = self.sandbox, [{"emailAddress": {"address": "pupil@elsewhere.example"}, "type": "required"}]
        sandbox.change("ann", self.find("ann", "Dentist")["id"], subject=" Dentist,  at last ", showAs="free")
        sandbox.change("ann", self.find("ann", "Moved")["id"], **span(tomorrow(13, days=9), 2))
        sandbox.delete("ann", self.find("ann", "Deleted")["id"])
        sandbox.add("ann", "Board", tomorrow(10, days=6), attendees=pupils)
        sandbox.add("ben", "Holiday", tomorrow(0, days=5), hours=48, isAllDay=True, showAs="oof")
        days = self.occurrences("ann", "Stand-up")
        sandbox.delete("ann", days[0]["id"])
        sandbox.change("ann", days[-1]["id"], **span(start_of(days[-1]) + timedelta(hours=2), 1), sensitivity="private")

        self.cycles()

        assert len(self.occurrences("ann", "Stand-up")) == 2
        self.agree()
        sandbox.change("ann", self.find("ann", "Stand-up")["id"], showAs="workingElsewhere")
        self.cycles()
        self.agree()
        sandbox.delete("ann", self.find("ann", "Stand-up")["id"])
        self.cycles()
        self.agree()

    def drift(self) -> None:
        """An instructor moves one copy of ours, renames another and deletes a third: all is put right.

        A copy that the instructor makes of one of ours is the instructor's.
        """
        ours = [event for event in self.sandbox.events("ann") if is_ours(event)]
        moved, renamed, deleted, *_ = ours
        self.sandbox.change("ann", moved["id"], **span(start_of(moved) + timedelta(hours=1), 1))
        self.sandbox.change("ann", renamed["id"], subject="Lunch")
        self.sandbox.delete("ann", deleted["id"])
        self.sandbox.control("POST", f"mailboxes/{address('ann')}/events/{renamed['id']}/copy")

        self.cycles(3)

        self.agree()

    def lose_the_place(self) -> None:
        """Somebody else follows the same calendar with our app, until Graph has forgotten where we were."""
        provider = connection.connect(self.integration)
        for _ in range(3):
            converse(to_the_end(provider, self.of("ann")), provider.send_many)
        self.sandbox.add("ann", "Massage", tomorrow(21, days=3))

        self.cycles()

        self.agree()

    def nothing_new(self) -> None:
        writes, before = len(self.sandbox.audit()["writes"]), state()

        self.cycles()

        assert len(self.sandbox.audit()["writes"]) == writes
        assert state() == before

    def stop_ben(self) -> None:
        self.of("ben").stop(remove_copies=True)

        self.cycles()

        assert self.sandbox.subjects("ben") == ["Holiday", "Ski"]
        assert not ExternalEvent.objects.filter(mapping=self.of("ben")).exists()
        self.agree("ann")

    def delete_the_integration(self) -> None:
        theirs = sorted(event["id"] for event in self.sandbox.events("ann") if not is_ours(event))

        close(self.integration, keep_copies=False)
        self.cycles()

        assert sorted(event["id"] for event in self.sandbox.events("ann")) == theirs
        assert not Integration.objects.exists()
        assert not SyncedEvent.objects.exists()

    def cycles(self, count: int = 2) -> None:
        for _ in range(count + self.patience):
            self.let_pass(self.step)
            one_cycle()

    def sign_in_anew(self) -> None:
        """Forget the token and the connections, as another process of calsync does not know them."""
        connection._connect.cache_clear()

    def let_pass(self, seconds: int) -> None:
        self.sandbox.control("POST", "clock", json={"advance": seconds})
        self.clock.shift(seconds)

    def agree(self, *names: str) -> None:
        """What calsync knows of each calendar stands there, and what is planned stands there exactly once."""
        for name in names or ("ann", "ben"):
            mapping = self.of(name)
            assert mapping.problem == ""
            assert known(mapping) == self.standing(mapping, name)
            assert sorted(map(copy_of, self.ours(name))) == sorted(planned(mapping))

    def of(self, name: str) -> CalendarMapping:
        return CalendarMapping.objects.select_related("instructor", "integration").get(address=address(name))

    def ours(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.sandbox.events(name) if is_ours(event)]

    def find(self, name: str, subject: str) -> dict[str, Any]:
        return next(event for event in self.sandbox.events(name) if event["subject"] == subject)

    def occurrences(self, name: str, subject: str) -> list[dict[str, Any]]:
        found = [event for event in self.view(self.of(name), name) if event["subject"] == subject]
        return sorted((event for event in found if event["type"] == "occurrence"), key=start_of)

    def view(self, mapping: CalendarMapping, name: str) -> list[dict[str, Any]]:
        assert mapping.window_start
        assert mapping.window_end
        window = {"startDateTime": mapping.window_start.isoformat(), "endDateTime": mapping.window_end.isoformat()}
        query = {"expand": "occurrences"} | window
        return self.sandbox.control("GET", f"mailboxes/{address(name)}/events", params=query)["value"]

    def standing(self, mapping: CalendarMapping, name: str) -> list[Shown]:
        """What stands in a calendar besides our copies, as calsync should know it."""
        ours = {event["id"] for event in self.ours(name)}
        theirs = (event for event in self.view(mapping, name) if event["id"] not in ours)
        return sorted(shown(event) for event in theirs if not is_ignored(event))


def to_the_end(provider: Provider, mapping: CalendarMapping) -> Conversation[None]:
    """A whole round of changes, of which nothing is kept."""
    page = yield from provider.start_delta(mapping.remote_user_id, new_window())
    while not page.cursor:
        page = yield from provider.skip_delta(mapping.remote_user_id, page.next_link)


def cast() -> list[dict[str, Any]]:
    """The people of the job, with what they have before calsync comes."""
    zone = "W. Europe Standard Time"
    first = tomorrow(8, days=2)
    pattern = {"pattern": {"type": "daily", "interval": 1}}
    series = {
        "subject": "Stand-up",
        "start": graph_time(first) | {"timeZone": zone},
        "end": graph_time(first + MINUTE * 15) | {"timeZone": zone},
        "recurrence": pattern
        | {"range": {"type": "numbered", "startDate": f"{first:%Y-%m-%d}", "numberOfOccurrences": 6}},
        "exceptions": [{"original_start": f"{first + timedelta(days=1):%Y-%m-%d}", "changes": {"subject": "Long one"}}],
        "cancelled": [f"{first + timedelta(days=3):%Y-%m-%d}"],
    }
    declined: dict[str, Any] = {
        "responseStatus": {"response": "declined", "time": "0001-01-01T00:00:00Z"},
        "isOrganizer": False,
    }
    ann = [
        item("Dentist", tomorrow(14)),
        item("Perhaps", tomorrow(16), showAs="tentative"),
        item("Doctor", tomorrow(17), sensitivity="private"),
        item("Moved", tomorrow(12, days=4)),
        item("Deleted", tomorrow(13, days=4)),
        item("Fair", tomorrow(0, days=4), hours=24, isAllDay=True, showAs="free"),
        item("Declined", tomorrow(11), **declined),
        item("Called off", tomorrow(11), isCancelled=True),
        series,
    ]
    return [
        person("ann", events=ann),
        person("ben", events=[item("Ski", tomorrow(7))]),
        person("gus", user_type="Guest", mailbox="unknown"),
    ]


def person(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name.title(), "mail": address(name), "upn": address(name), **more}


def item(subject: str, start: datetime, hours: float = 1, **more: Any) -> dict[str, Any]:
    return {"subject": subject, **span(start, hours), **more}


def span(start: datetime, hours: float) -> dict[str, Any]:
    return {"start": graph_time(start), "end": graph_time(start + timedelta(hours=hours))}


def is_ours(event: dict[str, Any]) -> bool:
    return bool(event.get("transactionId"))


def is_ignored(event: dict[str, Any]) -> bool:
    return bool(event["isCancelled"]) or event["responseStatus"]["response"] == "declined"


def moment(value: dict[str, str]) -> datetime:
    return datetime.fromisoformat(value["dateTime"]).replace(tzinfo=UTC)


def start_of(event: dict[str, Any]) -> datetime:
    return moment(event["start"])


def shown(event: dict[str, Any]) -> Shown:
    is_private = event["sensitivity"] in ("private", "confidential")
    title = "" if is_private else " ".join(event["subject"].split())
    times = moment(event["start"]), moment(event["end"])
    return (event["id"], *times, event["isAllDay"], event["showAs"], is_private, title)


def known(mapping: CalendarMapping) -> list[Shown]:
    fields = ("remote_id", "starts_at", "ends_at", "is_all_day", "show_as", "is_private", "title")
    return sorted(ExternalEvent.objects.filter(mapping=mapping).values_list(*fields))


def planned(mapping: CalendarMapping) -> Iterator[tuple[Any, ...]]:
    """What the plan says of the owner's calendar, read without the code that pushes it."""
    for session in Session.objects.filter(event__status="confirmed", event__instructors=mapping.instructor_id):
        event = session.event
        yield event.title, session.starts_at, session.ends_at, event.location, "busy", event.description.split("\n")[0]


def copy_of(event: dict[str, Any]) -> tuple[Any, ...]:
    """One of our copies as `planned` says it; of its text, whose form Exchange changes, the first line."""
    assert event["attendees"] == []
    text = next((line for line in ("Bring the blanket.",) if line in event["body"]["content"]), "")
    times = moment(event["start"]), moment(event["end"])
    return (event["subject"], *times, event["location"]["displayName"], event["showAs"], text)


def state() -> list[Any]:
    """All that calsync knows of calendars, without when it looked."""
    copies = SyncedEvent.objects.order_by("pk").values_list("pk", "remote_id", "generation", "fingerprint", "observed")
    externals = ExternalEvent.objects.order_by("remote_id").values_list("pk", "remote_id", "starts_at", "ends_at")
    return [*copies, *externals]
