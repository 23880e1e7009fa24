"""Webhook signatures, as a table: header names, signed text, digest, encoding, tolerance and delivery id per scheme.

Pure: the clock comes as `now`. A signature is checked on the raw body, before anything is parsed, in constant time.
Every failure is the same 401; the detail says which header is missing, never what was expected.

Sources: GitHub docs "Validating webhook deliveries"; Standard Webhooks specification 1.0 (standardwebhooks.com).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.numbers import whole_number
from shared.outcome import Code, Problem, Refused

#: What an app setting holds when its Key Vault reference could not be resolved: the reference itself, which is no
#: secret (Microsoft docs: "Use Key Vault references as app settings").
_REFERENCE = "@microsoft.keyvault("
_ED25519_KEY_PREFIX = "whpk_"
_ED25519_KEY_BYTES = 32
_STANDARD_SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of the specification, not a secret


class Scheme(StrEnum):
    """The signature schemes a route can name."""

    GITHUB = "github"
    STANDARD = "standard"


class Secret:
    """A sender's secret; it does not show itself."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How a route's senders sign. Several secrets are valid at once, so that one can be rotated."""

    scheme: Scheme
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request whose sender is proved. `timestamp`: seconds since 1970 inside the signed text, where there is one."""

    id: str | None
    timestamp: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One scheme. `candidates` splits the signature header into (version, encoded signature) pairs."""

    signature: str
    required: tuple[str, ...]
    delivery: str
    signed: Callable[[Mapping[str, str], bytes], bytes]
    candidates: Callable[[str], list[tuple[str, str]]]
    decode: Callable[[str], bytes]
    key: Callable[[str], bytes]
    timestamp: str | None = None
    tolerance: float = 300.0  # seconds


def _github_candidates(header: str) -> list[tuple[str, str]]:
    version, _, signature = header.partition("=")
    return [(version, signature)]


def _standard_candidates(header: str) -> list[tuple[str, str]]:
    return [(version, signature) for version, _, signature in (item.partition(",") for item in header.split())]


def _standard_text(headers: Mapping[str, str], body: bytes) -> bytes:
    return f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body


def _standard_key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_STANDARD_SECRET_PREFIX), validate=True)


_TABLE = {
    Scheme.GITHUB: _Row(
        signature="x-hub-signature-256",
        required=("x-hub-signature-256",),
        delivery="x-github-delivery",
        signed=lambda _, body: body,
        candidates=_github_candidates,
        decode=bytes.fromhex,
        key=str.encode,
    ),
    Scheme.STANDARD: _Row(
        signature="webhook-signature",
        required=("webhook-id", "webhook-timestamp", "webhook-signature"),
        delivery="webhook-id",
        signed=_standard_text,
        candidates=_standard_candidates,
        decode=lambda text: base64.b64decode(text, validate=True),
        key=_standard_key,
        timestamp="webhook-timestamp",
    ),
}

#: Signature versions that are HMAC-SHA256, per scheme. Anything else but ed25519 is ignored, as the specification asks.
_HMAC_VERSIONS = {Scheme.GITHUB: "sha256", Scheme.STANDARD: "v1"}
_ED25519_VERSION = "v1a"


def problem_of_secret(scheme: Scheme, secret: str) -> str | None:
    """Why a secret cannot be used with a scheme, or None. Never shows the secret."""
    if not secret:
        return "is empty"
    if secret.lower().startswith(_REFERENCE):
        return "is a Key Vault reference that was not resolved: see the app's identity, its role and the secret's name"
    if scheme is Scheme.STANDARD:
        try:
            key = base64.b64decode(
                secret.removeprefix(_ED25519_KEY_PREFIX).removeprefix(_STANDARD_SECRET_PREFIX), validate=True
            )
        except ValueError:
            return "is not base64: Standard Webhooks secrets are `whsec_<base64>`, public keys `whpk_<base64>`"
        if not key:
            return "is empty after its prefix"
        if secret.startswith(_ED25519_KEY_PREFIX) and len(key) != _ED25519_KEY_BYTES:
            return f"is not an ed25519 public key: it has {len(key)} bytes, not {_ED25519_KEY_BYTES}"
    return None


def verify(webhook: Webhook, headers: Mapping[str, str], body: bytes, *, now: float) -> Delivery:
    """Check a request's signature.

    Args:
        webhook: the route's scheme and secrets.
        headers: names in lower case.
        body: the raw bytes as they came.
        now: seconds since 1970.

    Raises:
        Refused: 401 when a header is missing, the time is out of tolerance, or no secret matches.
    """
    row = _TABLE[webhook.scheme]
    for name in row.required:
        if not headers.get(name):
            raise _refusal(f"The header {name} is missing. A {webhook.scheme} webhook signs every delivery.")
    timestamp = _timestamp(row, headers, now)
    signed = row.signed(headers, body)
    for version, text in row.candidates(headers[row.signature]):
        signature = _decoded(row, text)
        if signature and any(
            _matches(webhook.scheme, version, secret, signed, signature) for secret in webhook.secrets
        ):
            return Delivery(id=headers.get(row.delivery) or None, timestamp=timestamp)
    raise _refusal("No signature matches. Check that sender and application hold the same secret.")


def _matches(scheme: Scheme, version: str, secret: Secret, signed: bytes, signature: bytes) -> bool:
    if secret.value.startswith(_ED25519_KEY_PREFIX):
        return version == _ED25519_VERSION and _ed25519(secret.value, signed, signature)
    if version != _HMAC_VERSIONS[scheme]:
        return False
    expected = hmac.new(_TABLE[scheme].key(secret.value), signed, hashlib.sha256).digest()
    return hmac.compare_digest(expected, signature)


def _ed25519(key: str, signed: bytes, signature: bytes) -> bool:
    # Imported here: only senders with a public key need it, and it costs a cold start.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix(_ED25519_KEY_PREFIX)))
        public.verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _timestamp(row: _Row, headers: Mapping[str, str], now: float) -> float | None:
    if row.timestamp is None:
        return None
    seconds = whole_number(headers[row.timestamp])
    if seconds is None:
        raise _refusal(f"The header {row.timestamp} is not a number of seconds since 1970.")
    if abs(now - seconds) > row.tolerance:
        raise _refusal(f"The header {row.timestamp} is more than {row.tolerance:.0f} s away from this server's clock.")
    return float(seconds)


def _decoded(row: _Row, text: str) -> bytes | None:
    """The signature's bytes, or None: what is not even encoded right matches nothing."""
    try:
        return row.decode(text)
    except ValueError:
        return None


def _refusal(detail: str) -> Refused:
    return Refused(Problem(code=Code.UNAUTHENTICATED, detail=detail))
