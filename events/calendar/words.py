"""The words that the grid of the availability calendar is drawn with, in the viewer's language."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """For the name by which static/calsync/calendar.js asks for a text, the text; %s is filled in there."""
    return {**words_of_rows(), **words_of_items(), **words_of_card(), **words_of_states()}


def words_of_rows() -> dict[str, str]:
    return {
        "instructor": _("Instructor"),
        "conflictOne": _("1 conflict"),
        "conflictMany": _("%s conflicts"),
        "count": _("%s of %s instructors"),
        "shown": _("%s\N{EN DASH}%s of %s"),
        "page": _("Page %s of %s"),
        "previous": _("Previous"),
        "next": _("Next"),
        "pages": _("Pages"),
        "weekendEmpty": _("Sat and Sun hidden, nothing planned"),
        "weekendLeave": _("Sat and Sun hidden, only leave goes on"),
        "busyHours": _("2 h = busy hours that day"),
    }


def words_of_items() -> dict[str, str]:
    return {
        "draft": _("Draft"),
        "confirmed": _("Confirmed"),
        "oof": _("Out of office"),
        "oofShort": _("Away"),
        "oofShortest": _("Off"),
        "busy": _("Busy"),
        "tentative": _("Tentative"),
        "inOutlookBusy": _("Busy in Outlook"),
        "inOutlookTentative": _("Tentative in Outlook"),
        "inOutlookOof": _("Out of office"),
        "hours": _("%s h"),
        "allDay": _("all day"),
        "conflictWith": _("Conflict with %s"),
        "overlapsWith": _("At the same time: %s"),
    }


def words_of_card() -> dict[str, str]:
    return {
        "conflict": _("Conflict"),
        "warning": _("Tentative overlap"),
        "inOutlook": _("In Outlook"),
        "and": _("%s and %s"),
        "session": _("session %s"),
        "busyAt": _("busy in Outlook %s"),
        "tentativeAt": _("tentative in Outlook %s"),
        "oofAt": _("out of office %s"),
        "foundToday": _("Found today, %s"),
        "foundYesterday": _("Found yesterday, %s"),
        "foundOn": _("Found %s"),
        "private": _("Private: only its time is read."),
        "openEvent": _("Open event"),
        "findAnother": _("Find another instructor"),
        "close": _("Close"),
    }


def words_of_states() -> dict[str, str]:
    return {
        "failed": _("The calendar could not be read"),
        "failedWhy": _("calsync did not answer. Nothing is changed or lost."),
        "offline": _("There is no connection to calsync. Try again once you are online."),
        "signedOut": _("Your sign-in has ended. Load the page again to sign in; it comes back to where you are."),
        "tryAgain": _("Try again"),
        "reload": _("Load the page again"),
        "noneSearch": _("Nobody fits “%s”"),
        "noneSearchWhy": _("Names and email addresses are searched. All words have to be in one of them."),
        "noneConflicts": _("No conflicts"),
        "noneConflictsWhy": _("Nobody has a conflict in these days."),
        "showEverybody": _("Show everybody"),
    }
