"""The types of Graph that queries are about: which properties each has, and of which kind they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.errors import GraphError

BOOLEAN, NUMBER, TEXT, COLLECTION = "Edm.Boolean", "Edm.Int32", "Edm.String", "Collection(Edm.String)"


@dataclass(frozen=True, eq=False)
class EntityType:
    """A type, and its properties as Graph spells them by their names in small letters."""

    name: str
    properties: Mapping[str, str]
    kinds: Mapping[str, str]  # by property; what is not there compares with texts and moments

    def spelled(self, name: str, where: str) -> str:
        """A property in Graph's own letters; GraphError, saying `where` it stood, when the type has none like it."""
        found = self.properties.get(name.lower())
        if found is None:
            what = f"Could not find a property named '{name}' on type 'microsoft.graph.{self.name}'."
            raise GraphError(400, "BadRequest", f"{where}{what}")
        return found

    def kind(self, name: str) -> str:
        return self.kinds.get(name, TEXT)

    def selected(self, text: str | None) -> set[str] | None:
        """The names of a $select in small letters, None when everything is asked for; GraphError for an unknown one."""
        given = [name.strip().split("/")[0] for name in (text or "").split(",") if name.strip()]
        if not given or "*" in given:
            return None
        return {self.spelled(name, "Parsing OData Select and Expand failed: ").lower() for name in given}


def entity_type(name: str, properties: str, **kinds: Collection[str]) -> EntityType:
    """A type from the names of its properties, and from those of them that are no text."""
    named = {"booleans": BOOLEAN, "numbers": NUMBER, "collections": COLLECTION}
    by_property = {entry: named[kind] for kind, entries in kinds.items() for entry in entries}
    return EntityType(name, {entry.lower(): entry for entry in properties.split()}, by_property)


def kind_of(literal: Any) -> str | None:
    """The kind of what stands in a filter; None for what every property compares with."""
    if literal is None or isinstance(literal, datetime):
        return None
    return BOOLEAN if isinstance(literal, bool) else NUMBER if isinstance(literal, int) else TEXT


EVENT = entity_type(
    "event",
    """
    id categories changeKey createdDateTime lastModifiedDateTime allowNewTimeProposals attendees body bodyPreview
    cancelledOccurrences end hasAttachments hideAttendees iCalUId importance isAllDay isCancelled isDraft
    isOnlineMeeting isOrganizer isReminderOn location locations onlineMeeting onlineMeetingProvider onlineMeetingUrl
    organizer originalEndTimeZone originalStart originalStartTimeZone recurrence reminderMinutesBeforeStart
    responseRequested responseStatus sensitivity seriesMasterId showAs start subject transactionId type webLink
    attachments calendar exceptionOccurrences extensions instances multiValueExtendedProperties
    singleValueExtendedProperties
    """,
    booleans=(
        "allowNewTimeProposals", "hasAttachments", "hideAttendees", "isAllDay", "isCancelled", "isDraft",
        "isOnlineMeeting", "isOrganizer", "isReminderOn", "responseRequested",
    ),
    numbers=("reminderMinutesBeforeStart",),
    collections=(
        "attachments", "attendees", "cancelledOccurrences", "categories", "exceptionOccurrences", "extensions",
        "instances", "locations", "multiValueExtendedProperties", "singleValueExtendedProperties",
    ),
)  # fmt: skip
CALENDAR = entity_type(
    "calendar",
    """
    id allowedOnlineMeetingProviders canEdit canShare canViewPrivateItems changeKey color defaultOnlineMeetingProvider
    hexColor isDefaultCalendar isRemovable isTallyingResponses name owner calendarPermissions calendarView events
    multiValueExtendedProperties singleValueExtendedProperties
    """,
    booleans=(
        "canEdit", "canShare", "canViewPrivateItems", "isDefaultCalendar", "isRemovable", "isTallyingResponses",
    ),
    collections=("allowedOnlineMeetingProviders", "multiValueExtendedProperties", "singleValueExtendedProperties"),
)  # fmt: skip
SETTINGS = entity_type(
    "mailboxSettings",
    """
    archiveFolder automaticRepliesSetting dateFormat delegateMeetingMessageDeliveryOptions language timeFormat timeZone
    userPurpose workingHours
    """,
)
