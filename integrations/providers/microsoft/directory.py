"""Between the users of a directory and our people. Pure.

Source: https://learn.microsoft.com/graph/api/resources/user
"""

from collections.abc import Mapping
from typing import Any

from integrations.providers.errors import Unavailable
from integrations.providers.microsoft.codec import line_of, text_of, usable_id
from integrations.providers.types import TEXT_LIMIT, Person

PEOPLE_FIELDS = "id,displayName,mail,userPrincipalName,proxyAddresses,userType"
LONGEST_USER_ID = 200


def person(user: Mapping[str, Any]) -> Person:
    """Somebody of the directory. Raises Unavailable where it is nobody: a person without an id cannot be paired."""
    remote_user_id = usable_id(user.get("id"))
    if not remote_user_id or len(remote_user_id) > LONGEST_USER_ID:
        raise Unavailable("Microsoft's answer names somebody without an id.", code="user", is_garbled=True)
    aliases = user.get("proxyAddresses")
    texts = map(text_of, aliases if isinstance(aliases, list) else ())
    return Person(
        remote_user_id=remote_user_id,
        name=line_of(user.get("displayName")),
        mail=address_of(user.get("mail")),
        sign_in_name=address_of(user.get("userPrincipalName")),
        addresses=frozenset(address_of(text[5:]).lower() for text in texts if text[:5].lower() == "smtp:"),
        is_guest=text_of(user.get("userType")).lower() == "guest",
    )


def address_of(value: object) -> str:
    """`value` where it can be an address; what holds something that cannot be seen is nobody's."""
    text = text_of(value)
    return text if len(text) <= TEXT_LIMIT and text.isprintable() else ""
