"""What the switches with words for values may be set to. A word that is not here would do nothing, silently."""

from __future__ import annotations

from typing import Any

CHOICES = {
    "concurrency": ("mailbox", "app", "off"),
    "retry_after": ("seconds", "date", "decimal", "missing"),
    "secret": ("valid", "expired"),
    "app": ("enabled", "disabled"),
    "translation_roles": ("directory", "calendars"),
    "guest_error": ("ErrorInvalidUser", "MailboxNotEnabledForRESTAPI"),
    "iana_zones": ("all", "listed"),
    "if_match": ("honour", "ignore"),
    "transaction_after_delete": ("kept", "free"),
    "transaction_repost": ("same", "refuse"),
    "transaction_scope": ("mailbox", "tenant"),
    "subject_too_long": ("cut", "refuse"),
    "unknown_categories": ("keep", "drop"),
    "empty_location": ("full", "bare"),
    "unreadable_code": ("RequestBodyRead", "BadRequest"),
    "all_day_of_user": ("busy", "free"),
    "original_utc_zone": ("UTC", "tzone://Microsoft/Utc"),
    "return_minimal": ("ignore", "reduce", "empty"),
    "extended_property_guids": ("lower", "upper"),
    "property_search": ("mailbox", "calendar"),
    "events_top": ("cut", "refuse"),
    "exception_ids": ("keep", "change"),
    "instance_ids": ("keep", "change"),
    "delta_reset": ("code", "location", "malformed"),
    "delta_deleted_occurrence": ("master", "series"),
    "delta_master": ("first", "last", "missing"),
    "entra_separator": ("space", "lines"),
    "expired_text": ("lifetime", "either"),
    "inner_error": ("innerError", "innererror", "nested", "none"),
    "unknown_path": ("404 BadRequest", "404 ResourceNotFound", "400 BadRequest"),
    "mailbox_texts": ("new", "old"),
    "proxy_addresses": ("any case", "match case"),
    "users_top": ("refuse", "cut"),
    "count_without_consistency": ("ignore", "refuse"),
    "working_elsewhere_digit": ("4", "0"),
    "schedule_status": ("lower", "capitalised"),
    "schedule_error_items": ("empty", "null"),
    "working_hours_zone": ("named", "custom"),
}
LARGEST = 10**12  # of any number: nobody wants more of anything


def fits(name: str, value: Any, kind: type) -> bool:
    """Whether a switch that has a value of one kind can be set to another."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST
    if kind is int:
        least, most = (400, 599) if name.endswith("_status") else (0, LARGEST)
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    if kind is list:
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if name == "entra_statuses":
        return isinstance(value, dict) and all(fits("its_status", status, int) for status in value.values())
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())
    return isinstance(value, kind) and value in CHOICES.get(name, (value,))


def wanted(name: str, kind: type) -> str:
    """What a switch needs, in words."""
    words = ", ".join(CHOICES.get(name, ()))
    return f"one of {words}" if words else f"a fitting value of the type {kind.__name__}"
