"""The connection test: every right by itself, and what to do where one lacks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from integrations.providers.conversation import Conversation, Request, converse
from integrations.providers.errors import MailboxUnusable, NeedsAdmin, NotFound, ProviderError, Unavailable
from integrations.providers.microsoft.auth import SignInRefused
from integrations.providers.microsoft.client import values
from integrations.providers.microsoft.codec import line_of, text_of
from integrations.providers.types import Check, Entry, Window

if TYPE_CHECKING:
    from integrations.providers.microsoft.provider import Microsoft365

CALENDARS = "Calendars.ReadWrite"
ROLES = (CALENDARS, "User.Read.All")
STEPS = (
    "Sign in to Microsoft",
    "Roles of the app",
    "List people",
    "Read a calendar",
    "Write in the User ID's calendar",
)
GRANT = (
    "In the Entra admin centre, open the app and then API permissions.",
    "Add it as an application permission of Microsoft Graph.",
    "Press Grant admin consent, wait a minute, and test again.",
)


class Lacking(Exception):
    """A right that lacks, as a failed check."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.detail)
        self.check = check


def checks(provider: "Microsoft365", user_id: str) -> Iterator[Check]:
    """The five steps in their order. After a failed one the others are not reached (`passed` None)."""
    steps: tuple[Callable[[], str], ...] = (
        lambda: sign_in(provider),
        lambda: roles(provider, user_id),
        lambda: converse(list_people(), provider.send_many),
        lambda: converse(read_calendar(provider, user_id), provider.send_many),
        lambda: converse(write_calendar(provider, user_id), provider.send_many),
    )
    failed = False
    for name, step in zip(STEPS, steps, strict=True):
        if failed:
            yield Check(name)
            continue
        check = run(name, step)
        failed = not check.passed
        yield check


def run(name: str, step: Callable[[], str]) -> Check:
    try:
        return Check(name, passed=True, detail=step())
    except Lacking as lacking:
        return replace(lacking.check, name=name)
    except ProviderError as error:
        return replace(explained(error, name), name=name)


def sign_in(provider: "Microsoft365") -> str:
    provider.tokens.get()
    return "Signed in to the tenant."


def roles(provider: "Microsoft365", user_id: str) -> str:
    """Where Exchange itself lets the app in (RBAC for Applications), no token names Calendars.ReadWrite."""
    claims = provider.tokens.claims()
    if not claims:
        return "The token does not say which roles it carries; the next steps show it."
    roles_in_it = claims.get("roles")
    granted = set(map(text_of, roles_in_it)) if isinstance(roles_in_it, list) else set()
    lacking = [role for role in ROLES if role not in granted]
    if lacking == [CALENDARS] and "Calendars.Read" not in granted and may_read(provider, user_id):
        return "User.Read.All is granted, and Exchange lets the app use calendars."
    if lacking:
        names = " and ".join(lacking)
        raise Lacking(Check("", False, f"The app lacks {names}.", f"The app's token does not carry {names}.", GRANT))
    return f"{' and '.join(ROLES)} are granted."


def may_read(provider: "Microsoft365", user_id: str) -> bool:
    try:
        converse(read_calendar(provider, user_id), provider.send_many)
    except ProviderError:
        return False
    return True


def list_people() -> Conversation[str]:
    body = yield Request("GET", "/users?$select=id&$top=999")
    people = len(values(body))
    return f"{'More than ' if body.get('@odata.nextLink') else ''}{people} people found."


def read_calendar(provider: "Microsoft365", user_id: str) -> Conversation[str]:
    today = datetime.now(UTC)
    yield from provider.census(user_id, Window(today, today + timedelta(days=1)))
    user = yield Request("GET", f"/users/{quote(user_id, safe='')}?$select=displayName")
    name = line_of(user.get("displayName")) if isinstance(user, Mapping) else ""
    return f"Read the calendar of {name or user_id}."


def write_calendar(provider: "Microsoft365", user_id: str) -> Conversation[str]:
    """Write one item ten years back, where nobody looks, and remove it."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3650)
    entry = Entry(uuid4(), "calsync connection test", start, start + timedelta(minutes=15))
    receipt = yield from provider.create(user_id, entry, key=uuid4())
    try:
        yield from provider.delete(user_id, receipt.remote_id)
    except ProviderError as error:
        left = f'{error} An item named "{entry.subject}" is left on {start:%d %B %Y}.'
        raise Lacking(replace(explained(error, STEPS[-1]), detail=left)) from error
    return "Wrote an item and removed it."


def explained(error: ProviderError, step: str) -> Check:
    """What an error means for the one who fills in the form."""
    check = Check("", False, str(error), request_id=error.request_id)
    if isinstance(error, SignInRefused):
        why = error.refusal
        return replace(
            check, detail=f"{why.why} Microsoft answered {error.code}.", why=why.why, todo=(why.todo,), field=why.field
        )
    if isinstance(error, Unavailable):
        return replace(check, why="Microsoft did not answer as it should.", todo=("Wait a minute and test again.",))
    if isinstance(error, MailboxUnusable | NotFound):
        todo = ("Enter the Object ID or the sign-in name of an account with a mailbox.",)
        return replace(
            check, why="The account of the User ID has no mailbox that can be used.", todo=todo, field="user_id"
        )
    if isinstance(error, NeedsAdmin):
        return replace(check, **refused(step))
    return check


def refused(step: str) -> dict[str, Any]:
    if step == STEPS[2]:
        return {"why": "The app may not list people: User.Read.All is not in effect.", "todo": GRANT}
    return {
        "why": "The app may not use the calendar of the User ID: Calendars.ReadWrite is not in effect for it, "
        "or the app is limited to a group of mailboxes without it.",
        "todo": (
            "In Exchange, add the account to the group that the app is limited to, or enter another account.",
            "Wait until it takes effect, at most two hours.",
            "Test again.",
        ),
        "field": "user_id",
    }
