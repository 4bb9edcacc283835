"""The switches of the sandbox: what tests and demos may change while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.choices import fits, wanted


@dataclass
class Settings:
    """Every switch with its default. The README says what each of them does."""

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    concurrency: str = "mailbox"  # or "app", or "off"
    max_concurrent: int = 4
    refuse_over_limit: bool = True
    requests_per_10_minutes: int = 10_000
    upload_bytes_per_5_minutes: int = 150_000_000
    requests_per_10_seconds: int = 0
    extensions_per_10_seconds: int = 455
    throttle_retry_after: int = 1
    throttle_code: str = "ApplicationThrottled"
    quota_code: str = "ApplicationThrottled"  # or "TooManyRequests", "activityLimitReached", ...
    retry_after: str = "seconds"  # or "date", "decimal", "missing"
    sticky_503: bool = False
    shuffle_batches: bool = True
    large_batch_code: str = "MaximumValueExceeded"  # or "BadRequest"
    failed_dependency_body: bool = True

    roles: list[str] = field(default_factory=lambda: ["Calendars.ReadWrite", "User.Read.All"])
    exchange_roles: list[str] = field(default_factory=list)
    secret: str = "valid"  # or "expired"  # noqa: S105 - a state, not a secret
    app: str = "enabled"  # or "disabled"
    expires_in: int = 3599

    translation_roles: str = "directory"  # or "calendars"
    guest_error: str = "ErrorInvalidUser"  # or "MailboxNotEnabledForRESTAPI"
    iana_zones: str = "all"  # or "listed"
    if_match: str = "honour"  # or "ignore"
    if_match_status: int = 412
    duplicate_transaction_status: int = 409
    duplicate_transaction_existing_id: bool = True
    transaction_after_delete: str = "kept"  # or "free"
    transaction_repost: str = "same"  # or "refuse"
    transaction_scope: str = "mailbox"  # or "tenant"
    transaction_id_longest: int = 0
    transaction_id_null: bool = True
    rewrite_bodies: bool = True
    change_key_bump_seconds: float = 0.0
    change_key_bumps: int = 1

    subject_limit: int = 255
    subject_too_long: str = "cut"  # or "refuse"
    unknown_categories: str = "keep"  # or "drop"
    empty_location: str = "full"  # or "bare"
    recurrence_defaults: bool = True
    edits_keep_properties: bool = True
    unreadable_code: str = "RequestBodyRead"  # or "BadRequest"
    reversed_times_code: str = "ErrorPropertyValidationFailure"  # or "ErrorInvalidRequest"
    not_midnight_code: str = "ErrorInvalidRequest"  # or "ErrorPropertyValidationFailure"
    all_day_of_user: str = "busy"  # or "free"
    original_utc_zone: str = "UTC"  # or "tzone://Microsoft/Utc"
    location_header: bool = True
    return_minimal: str = "ignore"  # or "reduce", "empty"
    extended_property_guids: str = "lower"  # or "upper"
    property_search: str = "mailbox"  # or "calendar"
    events_top: str = "cut"  # or "refuse"
    exception_ids: str = "keep"  # or "change"
    instance_ids: str = "keep"  # or "change"
    copies_keep_properties: bool = True

    delta_page_size: int = 10
    delta_largest_page: int = 1000
    delta_generations: int = 3
    delta_reset: str = "code"  # or "location", or "malformed"
    delta_reset_status: int = 410
    delta_reset_code: str = "SyncStateNotFound"
    delta_token_seconds: float = 0.0
    delta_remembers_preferences: bool = False
    delta_of_other_calendars: bool = True
    delta_empty_pages: int = 0
    delta_duplicates: bool = False
    delta_replays: int = 0
    delta_foreign_removed: int = 0
    delta_removed_at_first: bool = False
    delta_skeletal: bool = True
    delta_deleted_occurrence: str = "master"  # or "series"
    delta_master: str = "first"  # or "last", or "missing"
    delta_delay_seconds: float = 0.0

    ext_expires_in: bool = True
    refresh_in: int = 0
    optional_claims: bool = True
    token_nonce: bool = False
    entra_statuses: dict[str, int] = field(default_factory=dict)
    entra_errors: dict[str, str] = field(default_factory=dict)
    entra_separator: str = "space"  # or "lines"
    entra_error_uri: bool = True
    expired_text: str = "lifetime"  # or "either"
    insufficient_claims: bool = False

    inner_error: str = "innerError"  # or "innererror", "nested", "none"
    unknown_path: str = "404 BadRequest"  # or "404 ResourceNotFound", "400 BadRequest"
    max_body_bytes: int = 4 * 1024 * 1024
    mailbox_texts: str = "new"  # or "old"
    moved_status: int = 503
    moved_code: str = "ErrorMailboxMoveInProgress"
    moved_retry_after: int = 5
    policy_delay_seconds: float = 0.0

    directory_delay_seconds: float = 0.0
    directory_units: int = 0
    proxy_addresses: str = "any case"  # or "match case"
    users_empty_pages: int = 0
    users_top: str = "refuse"  # or "cut"
    count_without_consistency: str = "ignore"  # or "refuse"

    working_elsewhere_digit: str = "4"  # or "0"
    schedule_status: str = "lower"  # or "capitalised"
    schedule_details: bool = True
    schedule_error_items: str = "empty"  # or "null"
    working_hours_zone: str = "named"  # or "custom"

    def change(self, values: dict[str, Any]) -> None:
        """Set some switches; ValueError names one that does not exist or cannot have the value."""
        kinds = {name: type(value) for name, value in vars(Settings()).items()}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"There is no setting '{name}'.")
            if not fits(name, value, kinds[name]):
                raise ValueError(f"The setting '{name}' needs {wanted(name, kinds[name])}.")
        for name, value in values.items():
            setattr(self, name, value)

    def reset(self, start: dict[str, Any]) -> None:
        """Back to the defaults, with what the command line said over them."""
        vars(self).update(vars(Settings(**start)))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
