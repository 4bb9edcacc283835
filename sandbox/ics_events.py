"""A VEVENT as an event of a tenant file: what it says, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import tz_win, win_tz

from sandbox.errors import GraphError
from sandbox.items import Json
from sandbox.zones import instant, zone
from sandbox.zones_custom import CUSTOM, custom_name, offset

Component = Any  # of icalendar, which has thirty types of values
Time = date | datetime
TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
# What icalendar and recurring_ical_events raise for a file that is not as it should be.
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
_SENSITIVITY = {"PRIVATE": "private", "CONFIDENTIAL": "confidential"}
_BUSY = {"FREE": "free", "TENTATIVE": "tentative", "BUSY": "busy", "OOF": "oof", "WORKINGELSEWHERE": "workingElsewhere"}
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_RULE = {"FREQ", "BYMONTH", "BYDAY", "INTERVAL", "WKST"}


class RefusedError(Exception):
    """What is not loaded; the text says why."""


def texts(component: Component, name: str) -> list[str]:
    """The values of a property, as often as it stands there."""
    value = component.get(name)
    return [str(entry) for entry in (value if isinstance(value, list) else [value]) if entry is not None]


def text(component: Component, name: str) -> str:
    return next(iter(texts(component, name)), "")


def check_readable(component: Component) -> None:
    """RefusedError when a property that decides about the times could not be parsed, or names an unknown zone."""
    for name, why in component.errors:
        named = {name, *re.findall(r"'([A-Za-z-]+)", str(why))[:1]}
        if named & set(TIMES):
            raise RefusedError(f"a property cannot be read: {why}")
    if isinstance(component.get("DTSTART"), list):
        raise RefusedError("it has more than one DTSTART")
    for name in TIMES:
        value = component.get(name)
        for entry in value if isinstance(value, list) else [value]:
            tzid = getattr(entry, "params", {}).get("TZID")
            if tzid and _has_no_zone(entry):
                raise RefusedError(f"the time zone '{tzid}' of its {name} is neither known nor described")


def _has_no_zone(value: Any) -> bool:
    times = [listed.dt for listed in value.dts] if hasattr(value, "dts") else [value.dt]
    moments = [time[0] if isinstance(time, tuple) else time for time in times]
    return any(isinstance(moment, datetime) and moment.tzinfo is None for moment in moments)


def span(component: Component) -> tuple[Time, Time]:
    """Start and end: two dates, or two times. RefusedError when there are none that fit together."""
    if "DTSTART" not in component:
        raise RefusedError("it has no DTSTART")
    start = component["DTSTART"].dt
    end = _end(component, start)
    if not isinstance(start, date) or not isinstance(end, date):
        raise RefusedError("its DTSTART or DTEND is no date")
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise RefusedError("one of DTSTART and DTEND is a date, the other one a time")
    if in_utc(end) < in_utc(start):
        raise RefusedError("it ends before it starts")
    return start, end


def _end(component: Component, start: Any) -> Any:
    if "DTEND" in component:
        return component["DTEND"].dt
    if "DURATION" in component:
        length: timedelta = component["DURATION"].dt
        if length.seconds and not isinstance(start, datetime):
            raise RefusedError("its DTSTART is a date, and its DURATION no number of days")
        return start + length
    return start + timedelta(days=1) if isinstance(start, date) and not isinstance(start, datetime) else start


def in_utc(time: Time) -> datetime:
    """The moment of a time. A date is its midnight, and a time without a zone one in UTC: Graph knows neither."""
    if not isinstance(time, datetime):
        return datetime(time.year, time.month, time.day, tzinfo=UTC)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


@dataclass
class Reader:
    """Reads the events of one calendar; `rules` are the time zones that it describes itself."""

    rules: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, calendar: Component) -> Reader:
        return cls({str(zone.get("TZID", "")): posix_rule(zone) for zone in calendar.walk("VTIMEZONE")})

    def event(self, component: Component) -> Json:
        """The event of a tenant file, without its recurrence."""
        start, end = span(component)
        if not isinstance(start, datetime):
            # Exchange has no day without a length.
            end = max(end, start + timedelta(days=1))
            times: Json = {"isAllDay": True, "start": _midnight(start), "end": _midnight(end)}
        else:
            times = self._times("start", component, "DTSTART", start) | self._times("end", component, "DTEND", end)
        return described(component) | times

    def _times(self, name: str, component: Component, source: str, moment: Time) -> Json:
        assert isinstance(moment, datetime)  # noqa: S101 - span() says so
        title = name.title()
        zone_name = self.zone_name(component, source, moment)
        if zone_name is None:
            shown = {f"original{title}TimeZone": CUSTOM}
            return shown | {name: {"dateTime": _wall(in_utc(moment)), "timeZone": "UTC"}}
        return {name: {"dateTime": _wall(moment), "timeZone": zone_name}}

    def zone_name(self, component: Component, source: str, moment: datetime) -> str | None:
        """What Graph calls the zone of a moment; None when it has no name, and no rule either."""
        if moment.tzinfo is None:
            return "UTC"
        candidate = self._candidate(component, source, moment)
        try:
            fits = candidate and instant(_wall(moment), candidate) == in_utc(moment)
        except GraphError:
            return None
        return candidate if fits else None

    def _candidate(self, component: Component, source: str, moment: datetime) -> str | None:
        if isinstance(moment.tzinfo, ZoneInfo):
            return graph_name(moment.tzinfo.key)
        if moment.utcoffset() == timedelta(0) and moment.tzname() == "UTC":
            return "UTC"
        value = component.get(source, component.get("DTSTART"))
        tzid = str(getattr(value, "params", {}).get("TZID", ""))
        if tzid in self.rules:
            rule = self.rules[tzid]
            return custom_name(rule) if rule else None
        return tzid if _is_known(tzid) else None


def _midnight(day: date) -> dict[str, str]:
    return {"dateTime": f"{day.isoformat()}T00:00:00", "timeZone": "UTC"}


def _wall(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


def _is_known(name: str) -> bool:
    try:
        zone(name)
    except GraphError:
        return False
    return True


def graph_name(key: str) -> str:
    """The name that Outlook would give to an IANA zone: the Windows one, where the zone stands for one."""
    if key in ("UTC", "Etc/UTC"):
        return "UTC"
    name = tz_win.get(key)
    return name if name and win_tz.get(name) == key else key


def posix_rule(component: Component) -> str | None:
    """The rule of a VTIMEZONE that holds for all time; None when it has more than one, or none that can be read."""
    try:
        return _only_rule(component)
    except UNREADABLE:
        return None


def _only_rule(component: Component) -> str | None:
    standard, daylight = component.walk("STANDARD"), component.walk("DAYLIGHT")
    if len(standard) != 1 or len(daylight) > 1:
        return None
    fixed = f"<S>{_offset(standard[0])}"
    if not daylight:
        return fixed if "RRULE" not in standard[0] else None
    changes = [_change(part) for part in (*daylight, *standard)]
    if not all(changes):
        return None
    return f"{fixed}<D>{_offset(daylight[0])},{','.join(map(str, changes))}"


def _offset(part: Component) -> str:
    ahead: timedelta = part["TZOFFSETTO"].td
    return offset(-ahead.total_seconds() / 60)


def _change(part: Component) -> str | None:
    rule = part.get("RRULE")
    if not isinstance(rule, dict) or set(rule) - _RULE or rule.get("FREQ") != ["YEARLY"]:
        return None
    months, days = rule.get("BYMONTH", []), rule.get("BYDAY", [])
    if len(months) != 1 or len(days) != 1 or days[0].relative not in (1, 2, 3, 4, -1):
        return None
    week = 5 if days[0].relative == -1 else days[0].relative
    return f"M{int(months[0])}.{week}.{_DAYS.index(days[0].weekday)}/{part['DTSTART'].dt:%H:%M:%S}"


def described(component: Component) -> Json:
    """Everything about an event but its times."""
    facts: Json = {
        "subject": text(component, "SUMMARY"),
        "showAs": _show_as(component),
        "sensitivity": _SENSITIVITY.get(text(component, "CLASS").upper(), "normal"),
        "isCancelled": text(component, "STATUS").upper() == "CANCELLED",
        "categories": _categories(component),
    }
    if description := text(component, "DESCRIPTION"):
        facts["body"] = {"contentType": "text", "content": description}
    if place := text(component, "LOCATION"):
        facts["location"] = {"displayName": place}
    return facts | _people(component)


def _show_as(component: Component) -> str:
    status = text(component, "X-MICROSOFT-CDO-BUSYSTATUS").upper()
    if status in _BUSY:
        return _BUSY[status]
    if text(component, "TRANSP").upper() == "TRANSPARENT":
        return "free"
    return "tentative" if text(component, "STATUS").upper() == "TENTATIVE" else "busy"


def _categories(component: Component) -> list[str]:
    value = component.get("CATEGORIES")
    listed = value if isinstance(value, list) else [value]
    return [str(name) for entry in listed for name in getattr(entry, "cats", [])]


def _people(component: Component) -> Json:
    """The organizer and the attendees: an event with an organizer is one that the person was invited to."""
    addresses = list(_addresses(component, "ORGANIZER"))
    if not addresses:
        return {}
    return {
        "organizer": {"emailAddress": addresses[0]},
        "isOrganizer": False,
        "responseStatus": {"response": "accepted", "time": "0001-01-01T00:00:00Z"},
        "attendees": [{"emailAddress": address} for address in _addresses(component, "ATTENDEE")][:500],
    }


def _addresses(component: Component, name: str) -> Iterable[dict[str, str]]:
    value = component.get(name)
    for entry in value if isinstance(value, list) else [value] if value is not None else []:
        address = re.sub(r"(?i)^mailto:", "", str(entry))
        yield {"name": str(getattr(entry, "params", {}).get("CN", address)), "address": address}
