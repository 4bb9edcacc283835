"""Signing in by user name and password, with the profile at hand on every page."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User


class ProfileBackend(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        """The signed-in user, whose profile costs no further query."""
        user = User.objects.select_related("profile").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
