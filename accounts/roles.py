"""Who may do what: two roles, each a group. What a role permits is written in the migrations."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, Group, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

ADMINISTRATORS = "Administrators"
SCHEDULERS = "Schedulers"
ROLES = {ADMINISTRATORS: gettext_lazy("Administrator"), SCHEDULERS: gettext_lazy("Scheduler")}


def role_of(user: User | AnonymousUser) -> str:
    """The word below the name in the header, told by what the user may do: the page has loaded that anyway."""
    if user.has_perm("auth.change_user"):
        return _("Administrator")
    return _("Scheduler") if user.has_perm("events.view_calendar") else ""


def roles_in(user: User, groups: Iterable[Group]) -> str:
    """The roles of an account as words, of its loaded `groups`; empty where it has none."""
    if user.is_superuser:
        return _("Administrator")
    names = {group.name for group in groups}
    return ", ".join(str(word) for name, word in ROLES.items() if name in names)


def administrators() -> QuerySet[User]:
    """The accounts that can sign in and administer."""
    membership = User.groups.through.objects.filter(user=OuterRef("pk"), group__name=ADMINISTRATORS)
    return User.objects.filter(Q(is_superuser=True) | Exists(membership), is_active=True)


def is_last_administrator(user: User) -> bool:
    """Whether nobody else could administer. Locks the question until the transaction ends: two answers wait in line."""
    list(Group.objects.select_for_update().filter(name=ADMINISTRATORS))
    return administrators().filter(pk=user.pk).exists() and not administrators().exclude(pk=user.pk).exists()


def editable_by(editor: User) -> QuerySet[User]:
    """The accounts that `editor` may change, and so sign in as: nobody gets at more rights than their own.

    That is all accounts for a superuser, for others those with no right but by the roles that they could give.
    """
    if editor.is_superuser:
        return User.objects.all()
    beyond = User.groups.through.objects.filter(user=OuterRef("pk")).exclude(group__in=roles_to_give(editor))
    plain = User.objects.filter(~Exists(beyond), is_superuser=False, user_permissions=None)
    return User.objects.filter(Q(pk=editor.pk) | Q(pk__in=plain))


def roles_to_give(editor: User) -> QuerySet[Group]:
    """The roles whose every right `editor` has."""
    groups = Group.objects.filter(name__in=ROLES).prefetch_related("permissions__content_type")
    return Group.objects.filter(pk__in=[group.pk for group in groups if editor.has_perms(rights(group))])


def rights(group: Group) -> list[str]:
    return [f"{right.content_type.app_label}.{right.codename}" for right in group.permissions.all()]
