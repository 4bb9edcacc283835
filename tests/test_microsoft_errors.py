"""What an answer of Graph means, by its status and code."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from integrations.providers.errors import (
    CursorExpired,
    DuplicateKey,
    MailboxUnusable,
    NeedsAdmin,
    NotFound,
    ProviderError,
    Rejected,
    Unavailable,
)
from integrations.providers.microsoft.errors import RefusedToken, error_for, retry_after


def body(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "A message that is never read.", **more}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ErrorInvalidRequest", Rejected),
        (400, "ErrorInvalidParameter", Rejected),
        (400, "ErrorInvalidUrlQuery", Rejected),
        (400, "ErrorPropertyValidationFailure", Rejected),
        (400, "TimeZoneNotSupportedException", Rejected),
        (400, "RequestBodyRead", Rejected),
        (400, "SyncStateInvalid", CursorExpired),
        (400, "ErrorDuplicateTransactionId", DuplicateKey),
        (401, "InvalidAuthenticationToken", RefusedToken),
        (401, "Forbidden", NeedsAdmin),
        (403, "ErrorAccessDenied", NeedsAdmin),
        (403, "Authorization_RequestDenied", NeedsAdmin),
        (403, "accessDenied", NeedsAdmin),
        (404, "ErrorItemNotFound", NotFound),
        (404, "ErrorFolderNotFound", NotFound),
        (404, "ErrorInvalidUser", MailboxUnusable),
        (404, "Request_ResourceNotFound", MailboxUnusable),
        (404, "MailboxNotEnabledForRESTAPI", MailboxUnusable),
        (404, "ResourceNotFound", MailboxUnusable),
        (404, "SyncStateNotFound", CursorExpired),
        (404, "SomethingNew", Unavailable),
        (404, "", Unavailable),
        (405, "", Rejected),
        (409, "ErrorDuplicateTransactionId", DuplicateKey),
        (409, "ErrorIrresolvableConflict", Unavailable),
        (410, "SyncStateNotFound", CursorExpired),
        (410, "resyncRequired", CursorExpired),
        (410, "", CursorExpired),
        (412, "PreconditionFailed", Unavailable),
        (413, "", Rejected),
        (422, "UnprocessableEntity", Rejected),
        (423, "Locked", Unavailable),
        (424, "", Unavailable),
        (429, "ApplicationThrottled", Unavailable),
        (500, "ErrorInternalServerError", Unavailable),
        (500, "UnknownError", Unavailable),
        (501, "NotImplemented", Rejected),
        (502, "BadGateway", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
        (504, "GatewayTimeout", Unavailable),
        (507, "quotaLimitReached", Unavailable),
        (509, "", Unavailable),
        (302, "", Unavailable),
    ],
)
def test_a_status_and_a_code_say_who_has_to_act(status, code, kind):
    error = error_for(status, {}, body(code))

    assert type(error) is kind
    assert error.code == (code or str(status))
    assert str(error).endswith((".", ")."))


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_codes_are_compared_without_regard_to_letter_case(change):
    assert type(error_for(410, {}, body(change("SyncStateNotFound")))) is CursorExpired
    assert type(error_for(404, {}, body(change("ErrorItemNotFound")))) is NotFound
    assert type(error_for(404, {}, body(change("MailboxNotEnabledForRESTAPI")))) is MailboxUnusable


@pytest.mark.parametrize("answer", [None, "<html>Bad gateway</html>", [], {}, {"error": "text"}, {"error": None}])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 404])
def test_an_answer_that_is_no_error_of_graphs_is_passing(status, answer):
    error = error_for(status, {}, answer)

    assert type(error) is Unavailable
    assert error.code == str(status)


def test_an_error_is_about_one_calendar_until_the_client_knows_more():
    assert not error_for(429, {}, body("ApplicationThrottled")).is_whole


def test_a_refusal_names_the_permission_that_lacks():
    directory = error_for(403, {}, body("Authorization_RequestDenied"))
    calendar = error_for(403, {}, body("ErrorAccessDenied"))

    assert "User.Read.All" in str(directory)
    assert "Calendars.ReadWrite" in str(calendar)


def test_a_duplicate_names_the_item_that_stands_there():
    error = error_for(409, {}, body("ErrorDuplicateTransactionId", **{"@event.existingEventId": "AAMk1"}))

    assert isinstance(error, DuplicateKey)
    assert error.existing_id == "AAMk1"


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ({"request-id": "r1"}, {}),
        ({}, {"innerError": {"request-id": "r1"}}),
        ({}, {"innererror": {"request-id": "r1"}}),
    ],
)
def test_the_request_id_is_kept_for_microsofts_support(headers, more):
    assert error_for(500, headers, body("UnknownError", **more)).request_id == "r1"


@pytest.mark.parametrize("inner", [None, "text", {}])
def test_an_error_without_an_inner_error_has_no_request_id(inner):
    assert error_for(500, {}, body("UnknownError", innerError=inner)).request_id == ""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.249", 1.0), ("0", 1.0), ("-3", 1.0), (" 12 ", 12.0), (30, 30.0), ("2.5", 2.5)],
)
def test_a_wait_is_read_in_seconds_and_is_at_least_one(value, seconds):
    assert retry_after({"Retry-After": value}) == seconds


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_the_header_is_found_in_any_letter_case(name):
    assert retry_after({name: "4"}) == 4.0


def test_a_wait_is_read_from_a_date():
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    assert retry_after({"Retry-After": value}) == pytest.approx(90, abs=3)


def test_a_date_that_is_over_means_a_second():
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 1.0


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-inf", None, "Wed, 99 Foo 2015"])
def test_what_is_no_time_is_no_wait(value):
    assert retry_after({"Retry-After": value}) is None


def test_no_header_is_no_wait():
    assert retry_after({}) is None


@pytest.mark.parametrize("value", ["99999999999999", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_cut_to_a_day(value):
    assert retry_after({"Retry-After": value}) == 86_400.0


def test_every_status_that_is_no_success_is_an_error_of_ours():
    for status in range(300, 600):
        assert isinstance(error_for(status, {}, None), ProviderError)
