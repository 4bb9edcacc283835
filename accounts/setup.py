"""The first run: no account exists, and whoever can read the log makes the first one."""

import structlog
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction

from accounts.models import FirstRun
from accounts.roles import ADMINISTRATORS

PATH = "/accounts/set-up/"

log = structlog.get_logger(__name__)


def is_wanted() -> bool:
    """Whether there is no account at all."""
    return not User.objects.exists()


def announce() -> None:
    """Write the token to the log while there is no account. A database that is not there yet is no failure."""
    try:
        if is_wanted():
            log.warning("set_up_token", token=FirstRun.current().token, page=PATH)
    except DatabaseError:
        log.info("set_up_not_known_yet")


@transaction.atomic
def create_administrator(user: User) -> bool:
    """Save the first account, with every right; False where somebody else was first: both wait for the same row."""
    if not FirstRun.objects.select_for_update().filter(pk=1) or not is_wanted():
        return False
    user.is_staff = user.is_superuser = True
    user.save()
    user.groups.add(Group.objects.get_or_create(name=ADMINISTRATORS)[0])
    FirstRun.objects.all().delete()
    return True
