"""The key that signs access tokens, and the tokens themselves."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.items import Json

KEPT_TOKENS = 1000


def encoded(data: bytes) -> str:
    """Base64 as tokens have it: for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of such a text; ValueError when it is none."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _head(head: Json) -> str:
    return encoded(json.dumps(head).encode())


def _as_signed(head: Json) -> Json:
    if "nonce" not in head:
        return head
    return head | {"nonce": encoded(hashlib.sha256(str(head["nonce"]).encode()).digest())}


class TokenKey:
    """An RSA key that signs and checks RS256 tokens."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self.private = private
        self.public = private.public_key()
        numbers = self.public.public_numbers()
        self.modulus = encoded(numbers.n.to_bytes(256, "big"))
        self._read: dict[str, Json | None] = {}
        self.key_id = encoded(hashlib.sha1(self.modulus.encode(), usedforsecurity=False).digest())

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

    def sign(self, claims: Json, *, with_nonce: bool = False) -> str:
        """A token that carries `claims`.

        With a nonce, what the signature covers is not what stands in the header: only Graph can check such a token.
        """
        head = {"typ": "JWT", "alg": "RS256", "x5t": self.key_id, "kid": self.key_id}
        payload = encoded(json.dumps(claims).encode())
        if with_nonce:
            head = {"nonce": encoded(secrets.token_bytes(32))} | head
        signed = f"{_head(_as_signed(head))}.{payload}"
        signature = self.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{_head(head)}.{payload}.{encoded(signature)}"

    def read(self, token: str) -> Json | None:
        """The claims of a token that this key signed; None for any other text."""
        if token not in self._read:
            if len(self._read) > KEPT_TOKENS:
                self._read.clear()
            self._read[token] = self._checked(token)
        return self._read[token]

    def _checked(self, token: str) -> Json | None:
        try:
            first, second, signature = token.split(".")
            head: Any = json.loads(decoded(first))
            if isinstance(head, dict) and "nonce" in head:
                first = _head(_as_signed(head))
            signed = f"{first}.{second}".encode()
            self.public.verify(decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
            claims: Any = json.loads(decoded(second))
        except (InvalidSignature, ValueError, RecursionError):
            return None
        return claims if isinstance(claims, dict) else None

    def as_jwk(self) -> Json:
        return {"kty": "RSA", "use": "sig", "kid": self.key_id, "x5t": self.key_id, "n": self.modulus, "e": "AQAB"}
