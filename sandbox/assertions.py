"""Client assertions: tokens that an application signs with the key of its certificate, in place of a secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.aadsts import Refused
from sandbox.items import Json
from sandbox.keys import decoded, encoded
from sandbox.world import World

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLOCK_SKEW = 300  # seconds


def register(world: World, pem: Any) -> Json:
    """Add a certificate to the application's registration; its thumbprints. ValueError when it is none."""
    if not isinstance(pem, str):
        raise ValueError("A certificate is a text in PEM.")  # noqa: TRY004 - one error for bad input
    certificate = x509.load_pem_x509_certificate(pem.encode())
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise ValueError("Entra takes certificates with RSA keys only.")  # noqa: TRY004 - one error for bad input
    text = certificate.public_bytes(Encoding.PEM).decode()
    if text not in world.certificates:
        world.certificates.append(text)
        world.people_changed = True
    return {
        "sha1": thumbprint(certificate, "x5t").hex().upper(),
        "expires": certificate.not_valid_after_utc.isoformat(),
    }


def thumbprint(certificate: x509.Certificate, header: str) -> bytes:
    """What names a certificate in the header `x5t` or `x5t#S256` of an assertion."""
    algorithm = hashes.SHA1() if header == "x5t" else hashes.SHA256()  # noqa: S303 - Entra's name for a certificate
    return certificate.fingerprint(algorithm)


def check_assertion(world: World, form: dict[str, str]) -> str:
    """The client id of a valid assertion; Refused for any other text."""
    if form.get("client_assertion_type", ASSERTION_TYPE) != ASSERTION_TYPE:
        raise Refused(9002313)
    if "client_assertion_type" not in form:
        raise Refused(900144, name="client_assertion_type")
    head, claims, signed, signature = _parts(form["client_assertion"])
    client = str(claims.get("sub", ""))
    if client != str(claims.get("iss")) or form.get("client_id", client).lower() != client.lower():
        raise Refused(700021)
    if client.lower() == world.client_id:
        _check_signature(world, head, signed, signature)
    _check_claims(world, claims)
    return client


def _parts(text: str) -> tuple[Json, Json, bytes, bytes]:
    """Header, claims, what is signed and the signature of a JWT."""
    try:
        first, second, third = text.split(".")
        head, claims = json.loads(decoded(first)), json.loads(decoded(second))
        if isinstance(head, dict) and isinstance(claims, dict):
            return head, claims, f"{first}.{second}".encode(), decoded(third)
    except (ValueError, RecursionError):
        pass
    raise Refused(50027)


def _check_signature(world: World, head: Json, signed: bytes, signature: bytes) -> None:
    name = "x5t#S256" if "x5t#S256" in head else "x5t"
    key = _registered(world, name, str(head.get(name, "")))
    padded: padding.AsymmetricPadding = padding.PKCS1v15()
    if head.get("alg") == "PS256":
        padded = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    elif head.get("alg") != "RS256":
        raise Refused(50027)
    try:
        key.verify(signature, signed, padded, hashes.SHA256())
    except InvalidSignature:
        reason = "The provided signature value did not match the expected signature value"
        raise Refused(700027, reason=reason, thumbprint=str(head.get(name, ""))) from None


def _registered(world: World, header: str, wanted: str) -> rsa.RSAPublicKey:
    """The public key of the registered certificate with this thumbprint."""
    now = world.now()
    for text in world.certificates:
        certificate = x509.load_pem_x509_certificate(text.encode())
        key = certificate.public_key()
        if encoded(thumbprint(certificate, header)) != wanted.rstrip("=") or not isinstance(key, rsa.RSAPublicKey):
            continue
        if certificate.not_valid_after_utc < now:
            raise Refused(700027, reason="The key used is expired", thumbprint=wanted)
        return key
    raise Refused(700027, reason="The key was not found", thumbprint=wanted)


def _check_claims(world: World, claims: Json) -> None:
    if claims.get("aud") not in _audiences(world):
        raise Refused(700023)
    now = world.now().timestamp()
    start, end = claims.get("nbf", claims.get("iat", now)), claims.get("exp")
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        raise Refused(50027)
    if not start - CLOCK_SKEW <= now < end + CLOCK_SKEW:
        raise Refused(700024, now=_shown(now), start=_shown(start), end=_shown(end))


def _audiences(world: World) -> set[str]:
    """The token endpoint by every name that it has, and the issuer."""
    bases = [f"{world.origin}/{name}" for name in (world.tenant_id, world.domain)]
    return {f"{base}{path}" for base in bases for path in ("/oauth2/v2.0/token", "/v2.0", "/")}


def _shown(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)
