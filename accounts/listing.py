"""What the list of accounts shows, and how it is searched."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.http import QueryDict

from accounts.roles import editable_by, roles_in

LONGEST = 200  # characters of a search, as the field says


@dataclass(frozen=True)
class Row:
    """One account, with what the viewer may do to it."""

    user: User
    may_edit: bool
    is_self: bool

    @property
    def name(self) -> str:
        return self.user.get_full_name() or self.user.username

    @property
    def roles(self) -> str:
        return roles_in(self.user, self.user.groups.all())


def found(query: QueryDict) -> QuerySet[User]:
    """The accounts whose names or address have every word of `q`, active ones first, in the order of the last names."""
    sorting = Lower(Coalesce(NullIf("last_name", Value("")), "username"))
    users = User.objects.prefetch_related("groups").order_by("-is_active", sorting, "first_name", "username")
    for word in query.get("q", "")[:LONGEST].replace("\0", "").split():
        users = users.filter(
            Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(username__icontains=word)
            | Q(email__icontains=word)
        )
    return users


def rows(users: list[User], viewer: User) -> list[Row]:
    editable = set(editable_by(viewer).filter(pk__in=[user.pk for user in users]).values_list("pk", flat=True))
    return [Row(user, user.pk in editable, user.pk == viewer.pk) for user in users]
