"""Keys of the host, and who may pass.

Microsoft docs, functions-bindings-http-webhook-trigger ("Authorization keys"): function keys, the master (admin)
key, and one system key per extension; sent as header ``x-functions-key`` or query ``code``.
"""

import hmac
import secrets
from dataclasses import dataclass, field

from local.functions.bindings import AuthLevel


def new_key() -> str:
    """A random key, safe in a URL."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one run of the host; what is not given is generated."""

    function: str = field(default_factory=new_key, repr=False)
    admin: str = field(default_factory=new_key, repr=False)
    blobs_extension: str = field(default_factory=new_key, repr=False)

    def allows(self, level: AuthLevel, presented: str | None) -> bool:
        """Whether a caller with this key may call a function of this level. The admin key opens everything."""
        match level:
            case AuthLevel.ANONYMOUS:
                return True
            case AuthLevel.FUNCTION:
                return _same(presented, self.function) or _same(presented, self.admin)
            case AuthLevel.ADMIN:
                return _same(presented, self.admin)

    def opens_blobs_webhook(self, presented: str | None) -> bool:
        """Whether this key may post events: the system key ``blobs_extension`` or the admin key."""
        return _same(presented, self.blobs_extension) or _same(presented, self.admin)


def _same(presented: str | None, key: str) -> bool:
    return presented is not None and hmac.compare_digest(presented.encode(), key.encode())
