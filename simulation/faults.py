"""Every kind of thing that goes wrong: at Microsoft's, between us, and on our own machine."""

from typing import Any

from events.sync.crash import POINTS

Json = dict[str, Any]

EVENTS = r"/events(\?|$)"
ITEM = r"/events/[^/?]+$"
HTML = "<html><body><h1>Service Unavailable</h1></body></html>"

# What a request suffers: which requests, and what happens to them.
RULES: dict[str, tuple[Json, Json]] = {
    "429 for a moment": ({"path": "/users/"}, {"status": 429, "code": "ApplicationThrottled", "retry_after": 2}),
    "429 for long": ({"path": "calendarView"}, {"status": 429, "code": "ApplicationThrottled", "retry_after": 90}),
    "429 without Retry-After": ({"path": "/users/"}, {"status": 429, "code": "TooManyRequests"}),
    "500": ({"path": "/users/"}, {"status": 500, "code": "InternalServerError"}),
    "503 in HTML": ({"path": "/users/"}, {"status": 503, "body": HTML}),
    "503 with Retry-After": ({"path": EVENTS}, {"status": 503, "body": HTML, "retry_after": 10}),
    "504": ({"path": "/users/"}, {"status": 504, "code": "UnknownError", "message": ""}),
    "HTML as a success": ({"path": "/users/"}, {"status": 200, "body": HTML}),
    "an answer cut off": ({"path": "/users/"}, {"truncate": True}),
    "a request lost": ({"path": "/users/"}, {"drop": "before"}),
    "an answer lost": ({"path": "/users/"}, {"drop": "after"}),
    "a create's answer lost": ({"method": "POST", "path": EVENTS}, {"drop": "after"}),
    "a create that fails after its work": (
        {"method": "POST", "path": EVENTS},
        {"status": 503, "code": "ServiceUnavailable", "commit": True},
    ),
    "an update's answer lost": ({"method": "PATCH", "path": ITEM}, {"drop": "after"}),
    "a delete that fails after its work": (
        {"method": "DELETE", "path": ITEM},
        {"status": 500, "code": "InternalServerError", "commit": True},
    ),
    "409": ({"method": "PATCH"}, {"status": 409, "code": "ErrorIrresolvableConflict"}),
    "412": ({"method": "PATCH"}, {"status": 412, "code": "ErrorIrresolvableConflict"}),
    "a key that counts as taken": (
        {"method": "POST", "path": EVENTS},
        {"status": 409, "code": "ErrorDuplicateTransactionId"},
    ),
    "a refused item": ({"method": "POST", "path": EVENTS}, {"status": 400, "code": "ErrorInvalidRequest"}),
    "a refused update": ({"method": "PATCH", "path": ITEM}, {"status": 400, "code": "ErrorPropertyValidationFailure"}),
    "a false 404 of an item": ({"method": "PATCH", "path": ITEM}, {"status": 404, "code": "ErrorItemNotFound"}),
    "a 404 that says nothing": ({"path": "/users/"}, {"status": 404, "code": "UnknownError"}),
    "a lost cursor": (
        {"method": "GET", "path": r"/delta\?.*deltatoken"},
        {"status": 410, "code": "SyncStateNotFound"},
    ),
    "a lost place in a round": (
        {"method": "GET", "path": r"/delta\?.*skiptoken"},
        {"status": 410, "code": "SyncStateNotFound"},
    ),
    "a cursor that is not understood": (
        {"method": "GET", "path": r"/delta\?.*deltatoken"},
        {"status": 400, "code": "ErrorInvalidUrlQuery"},
    ),
    "a lost page of a census": (
        {"method": "GET", "path": r"/calendarView\?"},
        {"status": 500, "code": "InternalServerError"},
    ),
    "a series that is not listed": ({"method": "GET", "path": "/instances"}, {"status": 503, "body": HTML}),
    "a refused token": ({"path": "/users/"}, {"status": 401, "code": "InvalidAuthenticationToken"}),
    "a refused mailbox": ({"path": "calendarView"}, {"status": 403, "code": "ErrorAccessDenied"}),
    "a mailbox that is gone": ({"path": "calendarView"}, {"status": 404, "code": "MailboxNotEnabledForRESTAPI"}),
    "a full mailbox": ({"method": "POST", "path": EVENTS}, {"status": 507, "code": "ErrorQuotaExceeded"}),
    "a batch refused": ({"path": "$batch"}, {"status": 503, "body": HTML}),
    "a batch throttled": ({"path": "$batch"}, {"status": 429, "code": "TooManyRequests", "retry_after": 3}),
    "a batch lost": ({"path": "$batch"}, {"drop": "before"}),
    "a batch's answer lost": ({"path": "$batch"}, {"drop": "after"}),
    "no token": ({}, {"token": {"status": 503, "code": 90033}}),
    "a directory that does not answer": ({"path": r"/users\?"}, {"status": 503, "body": HTML}),
}

# What Microsoft does otherwise than usual for as long as the simulation lasts.
SWITCHES: dict[str, Json] = {
    "short pages": {"delta_largest_page": 2},
    "empty pages": {"delta_empty_pages": 2},
    "items told twice": {"delta_duplicates": True},
    "items told again": {"delta_replays": 3},
    "removed items that nobody knows": {"delta_foreign_removed": 2},
    "removed items in a first round": {"delta_removed_at_first": True},
    "changes that show late": {"delta_delay_seconds": 30.0},
    "cursors that expire": {"delta_token_seconds": 400.0},
    "a cursor for one round only": {"delta_generations": 1},
    "a reset that is malformed": {"delta_reset": "malformed", "delta_generations": 1},
    "a series' master comes last": {"delta_master": "last"},
    "a series' master is missing": {"delta_master": "missing"},
    "a deleted occurrence brings its series": {"delta_deleted_occurrence": "series"},
    "occurrences come whole": {"delta_skeletal": False},
    "exceptions get other ids": {"exception_ids": "change"},
    "occurrences get other ids": {"instance_ids": "change"},
    "change keys move by themselves": {"change_key_bump_seconds": 20.0, "change_key_bumps": 2},
    "edits lose the marker": {"edits_keep_properties": False},
    "copies lose the marker": {"copies_keep_properties": False},
    "a deleted item frees its key": {"transaction_after_delete": "free"},
    "a key may not come twice": {"transaction_repost": "refuse"},
    "a taken key names no item": {"duplicate_transaction_existing_id": False},
    "short subjects": {"subject_limit": 30},
    "search in one calendar only": {"property_search": "calendar"},
    "tokens of two minutes": {"expires_in": 120},
    "the directory is late": {"directory_delay_seconds": 300.0},
}

# What happens on our side.
CRASHES = {f"a crash at {point}": point for point in POINTS}
OURS = (
    *CRASHES,
    "the database drops a connection",
    "a message lost",
    "a message doubled",
    "messages in another order",
)
WEATHER = (*RULES, *SWITCHES, *OURS)

# With these a mailbox that an instructor has left is given up in the end, and our copies stay there.
GIVEN_UP = {"a refused mailbox", "a mailbox that is gone"}

# What only a step brings about.
BY_STEP = (
    "a worker killed",
    "the database restored",
    "the broker away",
    "the broker emptied",
    "a mailbox away",
    "links forgotten",
    "another worker takes over",
    "the clock set back",
)
ALL = (*WEATHER, *BY_STEP)
