"""A text field that is encrypted in the database."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "CREDENTIAL_KEYS must list Fernet keys: 32 bytes in URL-safe base64 each."
        ) from error


class EncryptedTextField(models.TextField):
    """Text, encrypted with the first of CREDENTIAL_KEYS and read with any of them.

    Reading with none of the right keys raises ImproperlyConfigured: a credential is never silently empty.
    """

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        if text is None:
            return None
        return _cipher(tuple(settings.CREDENTIAL_KEYS)).encrypt(text.encode()).decode()

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        if value is None:
            return None
        try:
            return _cipher(tuple(settings.CREDENTIAL_KEYS)).decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A stored credential cannot be read with CREDENTIAL_KEYS. Put back the key it was saved with."
            ) from error
