"""The identity token that every queued source carries (``.get kusto identity token``).

The service checks who asked for the ingestion by this token. Ours proves only that it was handed out by a local
Kusto on the same storage account; it survives a restart because it is signed with the account's key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

LIFETIME: Final = 24 * 3600
"""Seconds a token stays good; clients fetch a new one every hour."""


def issue(key: str, now: float) -> str:
    """A token that is good from ``now`` (seconds since the epoch)."""
    stamp = str(int(now) + LIFETIME)
    return base64.urlsafe_b64encode(f"{stamp}.{_sign(key, stamp)}".encode()).decode()


def is_good(token: str, key: str, now: float) -> bool:
    """Whether the token was issued with this key and has not expired."""
    try:
        stamp, _, signature = base64.urlsafe_b64decode(token.encode()).decode().partition(".")
        return hmac.compare_digest(signature, _sign(key, stamp)) and int(stamp) >= now
    except ValueError:
        return False


def _sign(key: str, stamp: str) -> str:
    return hmac.new(key.encode(), f"kusto identity token {stamp}".encode(), hashlib.sha256).hexdigest()
