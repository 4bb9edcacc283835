"""The key that signs access tokens, and the tokens themselves."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.items import Json

KEPT_TOKENS = 1000


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class TokenKey:
    """An RSA key that signs and checks RS256 tokens."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self.private = private
        self.public = private.public_key()
        numbers = self.public.public_numbers()
        self.modulus = _encoded(numbers.n.to_bytes(256, "big"))
        self._read: dict[str, Json | None] = {}
        self.key_id = _encoded(hashlib.sha1(self.modulus.encode(), usedforsecurity=False).digest())

    @classmethod
    def new(cls) -> TokenKey:
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def from_pem(cls, text: str) -> TokenKey:
        private = serialization.load_pem_private_key(text.encode(), None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise TypeError("The token key in the state file is not an RSA key.")
        return cls(private)

    def pem(self) -> str:
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def sign(self, claims: Json) -> str:
        """A token that carries `claims`."""
        head = {"typ": "JWT", "alg": "RS256", "x5t": self.key_id, "kid": self.key_id}
        signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"
        return f"{signed}.{_encoded(self.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def read(self, token: str) -> Json | None:
        """The claims of a token that this key signed; None for any other text."""
        if token not in self._read:
            if len(self._read) > KEPT_TOKENS:
                self._read.clear()
            self._read[token] = self._checked(token)
        return self._read[token]

    def _checked(self, token: str) -> Json | None:
        signed, _, signature = token.rpartition(".")
        try:
            self.public.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims: Any = json.loads(_decoded(signed.split(".")[1]))
        except (InvalidSignature, ValueError, IndexError):
            return None
        return claims if isinstance(claims, dict) else None

    def as_jwk(self) -> Json:
        return {"kty": "RSA", "use": "sig", "kid": self.key_id, "x5t": self.key_id, "n": self.modulus, "e": "AQAB"}
