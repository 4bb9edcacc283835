"""What a person types, imports or asks for: a sentence at its field, or something that can be sent; never a crash."""

import re
from datetime import UTC, datetime, timedelta
from itertools import cycle
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict

from accounts.models import Profile
from events.models import Event, Session, SyncedEvent
from events.planning.forms import Planning
from events.planning.saving import save
from events.planning.typed import Typed
from instructors.forms import InstructorForm
from instructors.models import Instructor
from integrations.forms import NewIntegrationForm
from integrations.models import Integration
from tests.conftest import plan_event, sync_now, tomorrow
from tests.hostile.conftest import shown
from tests.hostile.corpus.addresses import ADDRESSES
from tests.hostile.corpus.moments import MOMENTS
from tests.hostile.corpus.texts import TEXTS
from tests.hostile.corpus.zones import ZONES
from tests.wire import Said

pytestmark = pytest.mark.django_db
TAB = "/settings/calendar-integration/"
WORST = [
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202egnp.exe",
    "<script>alert(1)</script>",
    "'\"; --",
    "%00",
    "../..",
    "{{ 7 }}",
    "-1",
    "9" * 30,
    "1e309",
    "٣",
    "0001-01-01",
    "9999-12-31T23:59:59",
    "2026-13-45",
    "x" * 3000,
]
DAY = f"{tomorrow():%Y-%m-%d}"
SESSION = {"sessions-0-day": DAY, "sessions-0-start": "09:00", "sessions-0-end": "10:00"}
EVENT = {"title": "First aid", "status": "confirmed", "time_zone": "UTC", **SESSION}


def sent(**fields):
    """Fields of a browser that sends anything, as Django reads them."""
    found = QueryDict(mutable=True)
    for name, value in fields.items():
        found[name] = str(value).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return found


def planned(**fields):
    """What is planned by a form with these fields; its problems where it is not valid."""
    planning = Planning(Typed.from_post(sent(**EVENT | fields)))
    assert planning.is_valid() or all(words for words in planning.all_errors.values())
    return planning


def test_hostile_texts_of_an_event_are_refused_at_their_field_or_are_sent(ann):
    for number, text in enumerate(TEXTS):
        everywhere = {"location": text, "description": text, "short_name": text}
        for fields in ({"title": text}, everywhere):
            planning = planned(**fields, instructors=ann.instructor_id)
            if planning.is_valid() and number % 4 == 0:
                save(planning, None)

    sync_now(ann)

    copies = SyncedEvent.objects.filter(mapping=ann)
    assert copies.count() == Session.objects.count() > 20
    assert not copies.filter(remote_id="").exists()


def test_what_was_never_typed_into_a_form_is_sent_too_or_refused_at_its_copy(ann, hostile):
    long = "é" * 2**20
    hostile.refused = long
    events = [plan_event("First aid", ann, description=text, hour=hour) for hour, text in [(8, long), (12, "\u202e")]]

    sync_now(ann)

    problems = {copy.session_uid: copy.problem for copy in SyncedEvent.objects.all()}
    assert [problems[event.sessions.get().uid] for event in events] == [
        "Microsoft refused this item (413 ErrorMessageSizeExceeded). It is too long: shorten its description.",
        "",
    ]
    assert ann.problem == ""


def test_hostile_moments_of_a_session_are_refused_at_their_field():
    for text in MOMENTS:
        for name in ("day", "start", "end", "end_day"):
            planning = planned(**{f"sessions-0-{name}": text})

            assert all(one.starts_at.year in range(1999, 2101) for one in planning.sessions), shown(text)


def test_hostile_zones_are_refused_at_their_field():
    for zone in ZONES:
        planning = planned(time_zone=zone)
        person = InstructorForm(sent(name="Ann", email="ann@northgate.example", time_zone=zone))

        for form in (planning.event_form, person):
            if form.is_valid():
                form.instance.clean_fields()
            else:
                assert form.errors["time_zone"], shown(zone)


def test_hostile_addresses_and_names_of_an_instructor_are_refused_at_their_field():
    for text, address in zip(cycle(TEXTS), ADDRESSES, strict=False):
        form = InstructorForm(sent(name=text, email=address, time_zone="UTC"))
        if form.is_valid():
            form.instance.save()
            form.instance.delete()
        else:
            assert set(form.errors) <= {"name", "email"}, shown((text, address))


@pytest.mark.parametrize("field", ["name", "tenant_id", "client_id", "client_secret", "user_id", "kind", "cloud"])
def test_hostile_values_of_an_integration_do_not_pass_its_test(integration, wire, field):
    wire.say(Said(503))
    usual = {"name": "South", "tenant_id": "t", "client_id": "c", "client_secret": "s", "user_id": "u"}

    for text in WORST:
        form = NewIntegrationForm(sent(**usual | {field: text}))

        assert not form.has_passed(), shown(text)


def test_a_user_id_never_leads_out_of_the_calendars_of_its_user(integration, wire, login):
    wire.answer = lambda asked: Said(200, {"value": []}) if "/users?" in asked.path else Said(404)
    credentials = {name: getattr(integration, name) for name in ("tenant_id", "client_id", "client_secret")}
    Integration.objects.all().delete()

    for text in ("../../groups", "a/b", "a?b", "a#b", "..", "%2e%2e/x"):
        NewIntegrationForm(sent(name="South", user_id=text, **credentials)).has_passed()

    asked = {one.path.partition("?")[0] for one in wire.asked}
    asked -= {"/v1.0/users"}
    assert all(re.fullmatch(r"/v1.0/users/[^/]+/calendarView", path) for path in asked), asked


@pytest.mark.parametrize(
    "page",
    ["/calendar/", "/calendar/feed/", "/calendar/conflicts/", "/events/", "/events/new/", f"{TAB}instructors/"],
)
def test_hostile_queries_of_a_page_are_answered(admin_client, ann, page):
    names = ("q", "start", "end", "page", "size", "status", "conflicts", "instructor", "date", "view", "sort", "next")

    for text in WORST[::2]:
        answer = admin_client.get(f"{page}?{urlencode(dict.fromkeys(names, text), errors='surrogatepass')}")

        assert answer.status_code < 500, shown(text)


@pytest.mark.parametrize("page", ["/events/new/", "/events/candidates/", f"{TAB}new/", f"{TAB}instructors/new/"])
def test_hostile_forms_are_answered(admin_client, ann, wire, page):
    wire.say(Said(503))
    names = (*EVENT, "description", "location", "instructors", "email", "name", "tenant_id", "client_id", "user_id")

    for text in WORST[1::3]:
        body = urlencode(dict.fromkeys(names, text), errors="surrogatepass")
        answer = admin_client.post(page, body, content_type="application/x-www-form-urlencoded")

        assert answer.status_code in (200, 302), shown(text)
        assert b"<script>alert(1)" not in answer.content


LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("start", "end"), [(FIRST, LAST), (FIRST, tomorrow()), (tomorrow(), LAST)])
def test_a_session_beyond_what_every_zone_can_show_is_refused_by_the_database(start, end):
    event = Event.objects.create(title="First aid")

    with pytest.raises(IntegrityError, match="session_within_the_calendar"), transaction.atomic():
        Session.objects.create(event=event, starts_at=start, ends_at=end)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)),
        (tomorrow(0), tomorrow(0) + timedelta(days=3653)),
        (tomorrow(0), tomorrow(0) + timedelta(microseconds=1)),
    ],
)
def test_sessions_of_hostile_spans_are_sent_and_the_pages_show_them(admin_client, admin_user, ann, start, end, zone):
    event = plan_event("First aid", ann, sessions=0, time_zone=zone)
    Session.objects.create(event=event, starts_at=start, ends_at=end)
    Instructor.objects.update(time_zone=zone)
    Profile.objects.create(user=admin_user, time_zone=zone)
    days = {"start": f"{tomorrow(0):%Y-%m-%d}", "end": f"{tomorrow(0, days=8):%Y-%m-%d}"}

    sync_now(ann)

    assert SyncedEvent.objects.get().remote_id
    for page in ("/calendar/feed/", "/events/", f"/events/{event.pk}/", f"/instructors/{ann.instructor_id}/"):
        assert admin_client.get(page, days).status_code == 200, page
