"""In Django's admin only superusers touch accounts: whoever edits one there could make anybody a superuser."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest


class ForSuperusers:
    def may(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_module_permission = has_view_permission = has_change_permission = has_delete_permission = may

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request)


class AccountAdmin(ForSuperusers, UserAdmin):
    pass


class RoleAdmin(ForSuperusers, GroupAdmin):
    pass


admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.register(User, AccountAdmin)
admin.site.register(Group, RoleAdmin)
