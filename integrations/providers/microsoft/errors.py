"""What an answer of Microsoft Graph means, as an error of ours.

Decided by the status and `error.code` only, never by a message's text.
Source: https://learn.microsoft.com/graph/errors
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

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
from integrations.providers.microsoft.codec import usable_id

MAILBOX_CODES = {
    "errorinvaliduser": "Exchange does not know this person, for example because it is a guest or the account is gone.",
    "request_resourcenotfound": "The account is gone from the directory.",
    "mailboxnotenabledforrestapi": "The mailbox is inactive, on-premises, or has no Exchange licence.",
    "mailboxnotsupportedforrestapi": "The mailbox is inactive, on-premises, or has no Exchange licence.",
    "resourcenotfound": "Exchange cannot find this mailbox.",
    "errornonexistentmailbox": "The mailbox does not exist any more.",
}
EXPIRED_CODES = {"syncstatenotfound", "resyncrequired", "syncstateinvalid", "resynchronizationrequired"}
TOKEN_CODES = {"invalidauthenticationtoken", "unauthorized", "unauthenticated", ""}
ITEM_CODES = {"erroritemnotfound", "errorfoldernotfound", "erroritemnotfoundexception"}
LONGEST_RETRY_AFTER = 86_400.0  # seconds; what asks for more is asked again after a day
LONGEST_WORD = 100  # characters of a code or a request id
PASSING_STATUSES = {408, 409, 412, 423, 424, 425, 429}


class RefusedToken(NeedsAdmin):
    """Graph did not take the access token: a new one may do, else the credentials are to be looked at."""


def envelope(body: Any) -> Mapping[str, Any]:
    """The `error` object of an answer, or an empty one where the body is something else (HTML, nothing)."""
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def word(value: object) -> str:
    """`value` where it is a short word, as each code and request id is; what is something else says nothing."""
    is_word = isinstance(value, str) and len(value) <= LONGEST_WORD and value.isascii() and value.isprintable()
    return str(value) if is_word else ""


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds to wait by the Retry-After header, from one to LONGEST_RETRY_AFTER; None without one that can be read."""
    seconds = seconds_of(next((value for name, value in headers.items() if name.lower() == "retry-after"), ""))
    return min(max(seconds, 1.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


def seconds_of(value: Any) -> float:
    """The seconds that `value` means: a number, also with decimals, or a date. Not finite where it means none."""
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, AttributeError):
        return math.nan


def error_for(status: int, headers: Mapping[str, Any], body: Any) -> ProviderError:
    """The ProviderError that an answer of 300 or more means."""
    error = envelope(body)
    code = word(error.get("code"))
    details: dict[str, Any] = {"code": code or str(status), "request_id": request_id(headers, error)}
    key = code.lower()
    if key == "errorduplicatetransactionid":
        existing = usable_id(error.get("@event.existingEventId"))
        return DuplicateKey("An item with this key stands there already.", existing_id=existing, **details)
    if status == 410 or (400 <= status < 500 and key in EXPIRED_CODES):
        return CursorExpired("Microsoft does not know the place in the list of changes any more.", **details)
    if status in (401, 403):
        return refusal(status, key, details)
    if status == 404:
        return absence(key, details)
    return failure(status, headers, details)


def request_id(headers: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    inner = error.get("innerError") or error.get("innererror") or {}
    return word(headers.get("request-id")) or word(inner.get("request-id") if isinstance(inner, Mapping) else "")


def refusal(status: int, code: str, details: dict[str, Any]) -> NeedsAdmin:
    if status == 401:
        kind = RefusedToken if code in TOKEN_CODES else NeedsAdmin
        return kind(f"Microsoft refused calsync's access token ({details['code']}). Test the connection.", **details)
    if code == "authorization_requestdenied":  # the directory says so, never a calendar
        return NeedsAdmin(
            f"Microsoft refused to look people up ({details['code']}). In the Entra admin centre, grant the app the "
            "permission User.Read.All, with admin consent; a change takes up to two hours.",
            **details,
        )
    return NeedsAdmin(
        f"Microsoft refused access to this calendar ({details['code']}). In Exchange, check the permission "
        "Calendars.ReadWrite of the app and the mailboxes that it is limited to; a change takes up to two hours.",
        **details,
    )


def absence(code: str, details: dict[str, Any]) -> ProviderError:
    """A 404: the item, the mailbox, or something that we do not know and so conclude nothing from."""
    if code in ITEM_CODES:
        return NotFound("The item is not in the calendar.", **details)
    if code in MAILBOX_CODES:
        return MailboxUnusable(f"{MAILBOX_CODES[code]} Microsoft answered {details['code']}.", **details)
    return Unavailable(f"Microsoft answered 404 without a known reason ({details['code']}).", **details)


def failure(status: int, headers: Mapping[str, Any], details: dict[str, Any]) -> ProviderError:
    if status == 507:
        return Unavailable(f"The mailbox is full. Microsoft answered {details['code']}.", **details)
    if status in PASSING_STATUSES or (status >= 500 and status != 501) or status < 400:
        sentence = f"Microsoft's service is not available for the moment ({status} {details['code']})."
        return Unavailable(sentence, retry_after=retry_after(headers), **details)
    cure = "It is too long: shorten its description." if status == 413 else "Change the event, and it is sent again."
    return Rejected(f"Microsoft refused this item ({status} {details['code']}). {cure}", **details)
