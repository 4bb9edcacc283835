"""How a person sees the pages, and what the first run of an installation needs."""

import base64
import secrets
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.timezone import now
from django.utils.translation import gettext_lazy

from integrations.zones import is_zone, validate_zone

TRIES = 10  # wrong tokens within PAUSE, after which no token is looked at for as long
PAUSE = timedelta(minutes=15)


class Theme(models.TextChoices):
    DEVICE = "", gettext_lazy("As this device says")
    LIGHT = "light", gettext_lazy("Light")
    DARK = "dark", gettext_lazy("Dark")


class Profile(models.Model):
    """What a person has chosen. Who has chosen nothing sees what the settings say."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile")
    time_zone = models.CharField(gettext_lazy("Time zone"), max_length=64, validators=[validate_zone])
    language = models.CharField(gettext_lazy("Language"), max_length=16)
    theme = models.CharField(
        gettext_lazy("Theme"), max_length=8, choices=Theme.choices, default=Theme.DEVICE, blank=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="profile_theme_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.time_zone}"

    @property
    def zone(self) -> ZoneInfo:
        """The chosen zone, or that of the settings where it is known no longer."""
        return ZoneInfo(self.time_zone if is_zone(self.time_zone) else settings.TIME_ZONE)

    @property
    def language_code(self) -> str:
        """The chosen language, or that of the settings where it is offered no longer."""
        return self.language if self.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def profile_of(user: User | AnonymousUser | None) -> Profile:
    """The profile of `user`, or an unsaved one with the settings' zone and language. No query, once signed in."""
    profile = getattr(user, "profile", None) if user and user.is_authenticated else None
    return profile or Profile(time_zone=settings.TIME_ZONE, language=settings.LANGUAGE_CODE)


class FirstRun(models.Model):
    """An installation that nobody can sign in to yet: its one row goes with the first account.

    The token is made of the salt and SECRET_KEY: all web processes know the same one, also after a restart, and the
    database alone does not tell it.
    """

    salt = models.CharField(max_length=64, default=secrets.token_hex)
    wrong_tries = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="first_run_is_one_row")]

    def __str__(self) -> str:
        return "The first run"

    @classmethod
    def current(cls) -> "FirstRun":
        """The row, made where it is missing."""
        return cls.objects.get_or_create(pk=1)[0]

    @property
    def token(self) -> str:
        digest = salted_hmac("calsync.set-up", self.salt, algorithm="sha256").digest()
        letters = base64.b32encode(digest)[:20].decode().lower()
        return "-".join(letters[at : at + 5] for at in range(0, 20, 5))

    @property
    def is_pausing(self) -> bool:
        """Whether there were too many wrong tokens just now."""
        return self.wrong_tries >= TRIES and self.tried_at > now() - PAUSE

    @transaction.atomic
    def accepts(self, typed: str) -> bool:
        """Whether `typed` is the token. A wrong one is counted; after too many nothing is accepted for a while."""
        row = FirstRun.objects.select_for_update().filter(pk=self.pk).first()  # tries at once are counted one by one
        if row is None or row.is_pausing:
            return False
        if constant_time_compare("".join(typed.split()).lower(), row.token):
            return True
        is_recent = row.tried_at > now() - PAUSE
        row.wrong_tries, row.tried_at = row.wrong_tries + 1 if is_recent else 1, now()
        row.save(update_fields=["wrong_tries", "tried_at"])
        return False
