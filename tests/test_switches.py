"""The whole main job with every switch of the sandbox in each position that matters."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from events.sync.engine import sync
from instructors.discovery import discover
from instructors.models import CalendarMapping, Instructor, Unmatched
from integrations import connection
from integrations.models import Integration
from integrations.providers import conversation
from sandbox.mailbox import MAILBOX_STATES
from tests.acts import crowd_of
from tests.conftest import Sandbox, address, plan_event
from tests.whole_job import WholeJob, known, person

# Every switch with its positions other than the default one. A dict sets several, where one alone says nothing.
POSITIONS: dict[str, list[Any]] = {
    "latency_ms": [8.0],
    "jitter_ms": [{"latency_ms": 1.0, "jitter_ms": 9.0}],
    "concurrency": [{"concurrency": "app", "latency_ms": 2.0}, "off"],
    "max_concurrent": [{"max_concurrent": 1, "latency_ms": 2.0}],
    "refuse_over_limit": [False],
    "sticky_503": [True],
    "shuffle_batches": [False],
    "exchange_roles": [
        ["Calendars.ReadWrite"],
        {"roles": ["User.Read.All"], "exchange_roles": ["Calendars.ReadWrite"]},
    ],
    "expires_in": [120],
    "refresh_in": [1],
    "expired_text": ["either"],
    "insufficient_claims": [True],
    "inner_error": ["innererror", "nested", "none"],
    "proxy_addresses": ["match case"],
    "users_empty_pages": [1],
    "duplicate_transaction_status": [400],
    "duplicate_transaction_existing_id": [False],
    "transaction_after_delete": ["free"],
    "transaction_repost": ["refuse"],
    "transaction_scope": ["tenant"],
    "transaction_id_longest": [36],
    "rewrite_bodies": [False],
    "change_key_bump_seconds": [2.0, 70.0],
    "change_key_bumps": [{"change_key_bumps": 3, "change_key_bump_seconds": 40.0}],
    "subject_limit": [60],
    "empty_location": ["bare"],
    "extended_property_guids": ["upper"],
    "property_search": ["calendar"],
    "exception_ids": ["change"],
    "instance_ids": ["change"],
    "copies_keep_properties": [False],
    "edits_keep_properties": [False],
    "directory_delay_seconds": [30.0],
    "delta_largest_page": [1, 3],
    "delta_generations": [1],
    "delta_reset": ["location", "malformed"],
    "delta_reset_status": [400, 404],
    "delta_reset_code": [
        "syncStateNotFound",
        "resyncRequired",
        {"delta_reset_code": "SyncStateInvalid", "delta_reset_status": 400},
    ],
    "delta_token_seconds": [30.0],
    "delta_remembers_preferences": [True],
    "delta_empty_pages": [1],
    "delta_duplicates": [True],
    "delta_replays": [1],
    "delta_foreign_removed": [1],
    "delta_removed_at_first": [True],
    "delta_skeletal": [False],
    "delta_deleted_occurrence": ["series"],
    "delta_master": ["last", "missing"],
    "delta_delay_seconds": [60.0],
}

# The other end of the numbers, in one job together.
LARGE: dict[str, Any] = {
    "latency_ms": 1.0,
    "jitter_ms": 2.0,
    "max_concurrent": 100,
    "requests_per_10_minutes": 100_000,
    "upload_bytes_per_5_minutes": 1_000_000,
    "requests_per_10_seconds": 200,
    "directory_units": 100,
    "expires_in": 86_399,
    "refresh_in": 1800,
    "users_empty_pages": 3,
    "delta_page_size": 50,
    "delta_generations": 10,
    "delta_token_seconds": 100.0,
    "delta_empty_pages": 3,
    "delta_replays": 20,
    "delta_foreign_removed": 20,
    "delta_delay_seconds": 5.0,
}

# Switches of what calsync never asks for or never sees. One job passes with all of them together.
UNSEEN: dict[str, Any] = {
    "ext_expires_in": False,
    "optional_claims": False,
    "token_nonce": True,
    "transaction_id_null": False,
    "if_match": "ignore",
    "if_match_status": 409,
    "translation_roles": "calendars",
    "guest_error": "MailboxNotEnabledForRESTAPI",
    "iana_zones": "listed",
    "users_top": "cut",
    "throttle_code": "TooManyRequests",
    "extensions_per_10_seconds": 1,
    "large_batch_code": "BadRequest",
    "failed_dependency_body": False,
    "subject_too_long": "refuse",
    "unknown_categories": "drop",
    "recurrence_defaults": False,
    "unreadable_code": "BadRequest",
    "reversed_times_code": "ErrorInvalidRequest",
    "not_midnight_code": "ErrorPropertyValidationFailure",
    "all_day_of_user": "free",
    "original_utc_zone": "tzone://Microsoft/Utc",
    "location_header": False,
    "return_minimal": "empty",
    "events_top": "refuse",
    "max_body_bytes": 100_000,
    "unknown_path": "400 BadRequest",
    "count_without_consistency": "refuse",
    "delta_of_other_calendars": False,
    "working_elsewhere_digit": "0",
    "schedule_status": "capitalised",
    "schedule_details": False,
    "schedule_error_items": "null",
    "working_hours_zone": "custom",
}

# Limits that the job breaks, because somebody else spends what there is: what was refused is made up for.
BROKEN = {"requests_per_10_minutes": 4}
LIMITS: list[dict[str, Any]] = [
    BROKEN,
    BROKEN | {"quota_code": "TooManyRequests", "throttle_retry_after": 900, "retry_after": "date"},
    BROKEN | {"quota_code": "activityLimitReached", "retry_after": "decimal"},
    BROKEN | {"retry_after": "missing"},
    {"upload_bytes_per_5_minutes": 1200},
    {"requests_per_10_seconds": 5},
    {"directory_units": 2},
]

# Switches with which nothing can succeed: why the connection test fails, and what is said once it has worked before.
SECRET, DISABLED = {"secret": "expired"}, {"app": "disabled"}
HAS_EXPIRED, IS_DISABLED = "The Client Secret has expired.", "The app is disabled."
REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    (SECRET, HAS_EXPIRED, [HAS_EXPIRED]),
    (SECRET | {"entra_separator": "lines"}, HAS_EXPIRED, [HAS_EXPIRED]),
    (SECRET | {"entra_error_uri": False}, HAS_EXPIRED, [HAS_EXPIRED]),
    (SECRET | {"entra_statuses": {"7000222": 400}}, HAS_EXPIRED, [HAS_EXPIRED]),
    (DISABLED, IS_DISABLED, [IS_DISABLED]),
    (DISABLED | {"entra_statuses": {"7000112": 401}}, IS_DISABLED, [IS_DISABLED]),
    (DISABLED | {"entra_errors": {"7000112": "invalid_client"}}, IS_DISABLED, [IS_DISABLED]),
    ({"roles": []}, "does not carry Calendars.ReadWrite and User.Read.All", ["Calendars.ReadWrite", "User.Read.All"]),
    ({"roles": ["User.Read.All"]}, "does not carry Calendars.ReadWrite", ["Calendars.ReadWrite"]),
    ({"roles": ["Calendars.ReadWrite"]}, "does not carry User.Read.All", ["User.Read.All"]),
]
WORKING = {"secret": "valid", "app": "enabled", "roles": ["Calendars.ReadWrite", "User.Read.All"]}

# What a mailbox that cannot be used says at its instructor, in each position of the switches for it.
AWAY = "not available for the moment"
UNUSABLE: list[tuple[str, dict[str, Any], str]] = [
    ("none", {}, "no Exchange licence"),
    ("none", {"mailbox_texts": "old"}, "no Exchange licence"),
    ("unknown", {}, "Exchange does not know this person"),
    ("refused", {}, "the mailboxes that it is limited to"),
    ("refused", {"mailbox_texts": "old"}, "the mailboxes that it is limited to"),
    ("refused", {"policy_delay_seconds": 300.0}, "the mailboxes that it is limited to"),
    ("alternating", {}, "mailbox"),
    ("moved", {}, AWAY),
    ("moved", {"moved_status": 500, "moved_code": "ErrorInternalServerTransientError"}, AWAY),
    ("moved", {"moved_status": 504, "moved_code": "UnknownError"}, AWAY),
    ("moved", {"moved_code": "MailboxStoreUnavailable"}, AWAY),
    ("moved", {"moved_retry_after": 0}, AWAY),
    ("moved", {"moved_retry_after": 120}, AWAY),
]


def switches(name: str, value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {name: value}


def named(position: dict[str, Any]) -> str:
    return ", ".join(f"{name} {json.dumps(value)}" for name, value in position.items())


@pytest.fixture
def begin(db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., WholeJob]]:
    """Begins a job with these switches, and gives it a clock of its own."""
    monkeypatch.setattr(conversation, "LONGEST_WAIT", 0.5)  # time passes by that clock, and nobody sleeps
    with time_machine.travel(now(), tick=True) as clock:
        yield partial(WholeJob, sandbox, clock)


POSSIBLE = [switches(name, value) for name, values in POSITIONS.items() for value in values]


def test_the_whole_job_is_done_with_every_switch_as_it_is_by_default(begin):
    begin().run()


@pytest.mark.parametrize("position", POSSIBLE, ids=named)
def test_the_whole_job_is_done_whatever_the_position_of_a_switch(begin, position):
    begin(**position).run()


def test_the_whole_job_is_done_with_the_numbers_at_their_other_end(begin):
    begin(**LARGE).run()


def test_the_whole_job_is_done_whatever_calsync_never_sees(begin):
    begin(**UNSEEN).run()


@pytest.mark.expects_limit_violations
@pytest.mark.parametrize("position", LIMITS, ids=named)
def test_the_whole_job_is_done_although_limits_are_reached_on_the_way(begin, sandbox, position):
    begin(step=601, patience=2, **position).run()

    assert sandbox.audit()["limit_violations"]


@pytest.mark.parametrize(("position", "why", "said"), REFUSED, ids=[named(case[0]) for case in REFUSED])
def test_a_connection_that_cannot_work_fails_its_test_with_the_reason(begin, position, why, said):
    job = begin(**position)

    found = connection.check(job.integration)

    (failed,) = [step for step in found if step.passed is False]
    assert why in failed.why
    assert failed.todo


@pytest.mark.parametrize(("position", "why", "said"), REFUSED, ids=[named(case[0]) for case in REFUSED])
def test_a_connection_that_works_no_more_says_why_and_loses_nothing(begin, sandbox, position, why, said):
    job = begin()
    job.pair_mailboxes()
    job.first_sync()
    Instructor.objects.create(name="Eve", email=address("eve"))
    sandbox.control("POST", "people", json=person("eve"))
    plan_event("Fork-lift", job.of("ann"), hour=18)
    sandbox.configure(**position)
    job.sign_in_anew()

    job.cycles()
    discover(job.integration)

    assert [text for text in said if text not in told_to_the_admin()] == []
    sandbox.configure(**WORKING)
    job.sign_in_anew()
    job.let_pass(7200)
    job.cycles()
    discover(job.integration)
    job.cycles()
    job.agree("ann", "ben", "eve")
    assert told_to_the_admin() == ""


@pytest.mark.parametrize(("state", "position", "said"), UNUSABLE, ids=lambda value: str(value)[:60])
def test_a_mailbox_that_cannot_be_used_says_why_and_loses_nothing(begin, sandbox, state, position, said):
    job = begin(**position)
    job.pair_mailboxes()
    job.first_sync()
    known_before = known(job.of("ann"))
    plan_event("Fork-lift", job.of("ann"), job.of("ben"), hour=18)
    sandbox.control("POST", "people", json=person("ann", mailbox=state))
    job.let_pass(600)

    job.cycles()
    job.let_pass(4000)
    job.cycles()

    assert said in job.of("ann").problem
    assert known(job.of("ann")) == known_before
    job.agree("ben")
    sandbox.control("POST", "people", json=person("ann", mailbox="ok"))
    job.let_pass(7200)
    job.cycles()
    job.agree()


AWKWARD: dict[str, Any] = {
    "latency_ms": 1.0,
    "jitter_ms": 3.0,
    "change_key_bump_seconds": 30.0,
    "change_key_bumps": 3,
    "delta_largest_page": 2,
    "delta_empty_pages": 2,
    "delta_duplicates": True,
    "delta_replays": 3,
    "delta_foreign_removed": 3,
    "delta_removed_at_first": True,
    "delta_delay_seconds": 40.0,
    "delta_generations": 1,
    "inner_error": "nested",
    "sticky_503": True,
    "users_empty_pages": 2,
}
TOGETHER: list[dict[str, Any]] = [
    AWKWARD | {"delta_master": "missing", "delta_deleted_occurrence": "series"},
    AWKWARD | {"delta_master": "last", "exception_ids": "change", "instance_ids": "change", "delta_skeletal": False},
    AWKWARD | {"delta_token_seconds": 50.0, "delta_reset": "malformed", "delta_remembers_preferences": True},
    AWKWARD
    | {"transaction_repost": "refuse", "duplicate_transaction_existing_id": False, "property_search": "calendar"},
    AWKWARD | {"concurrency": "app", "expires_in": 120, "refresh_in": 1, "insufficient_claims": True},
]


@pytest.mark.parametrize("position", TOGETHER, ids=range(len(TOGETHER)))
def test_the_whole_job_is_done_with_many_awkward_positions_together(begin, position):
    begin(**position).run()


@pytest.mark.parametrize(("concurrency", "one_batch"), [("mailbox", False), ("app", True)])
def test_forty_calendars_break_neither_reading_of_the_limit_of_concurrency(
    sandbox, integration, settings, concurrency, one_batch
):
    calendars = crowd_of(40, integration, sandbox)
    sandbox.configure(concurrency=concurrency, latency_ms=3.0, jitter_ms=3.0)
    settings.SYNC_ONE_BATCH_PER_APP = one_batch
    event = plan_event("First aid", *calendars)

    for title in ("First aid, part 1", "First aid, part 2"):
        event.title = title
        event.save()
        sync(CalendarMapping.objects.syncable().claim(), in_flight=3)

    stand = [sandbox.subjects(calendar.address.partition("@")[0]) for calendar in calendars]
    assert stand == [["First aid, part 2"]] * 40
    assert sandbox.audit()["limit_violations"] == []


def told_to_the_admin() -> str:
    """Everything that the Settings tab says went wrong, less the guest."""
    problems = [*Integration.objects.values_list("problem", flat=True)]
    problems += CalendarMapping.objects.values_list("problem", flat=True)
    problems += [one.reason for one in Unmatched.objects.exclude(cause=Unmatched.Cause.GUEST)]
    return "\n".join(filter(None, problems))


def test_every_switch_of_the_sandbox_stands_in_a_table_here(sandbox):
    there_are = set(sandbox.control("GET", "settings"))

    tables = [*POSSIBLE, LARGE, UNSEEN, *LIMITS, *(case[0] for case in REFUSED), *(case[1] for case in UNUSABLE)]
    assert there_are - {name for position in tables for name in position} == set()
    assert {name for position in tables for name in position} - there_are == set()


def test_every_state_of_a_mailbox_stands_in_a_table_here():
    assert {state for state, _, _ in UNUSABLE} == {*MAILBOX_STATES} - {"ok"}
