"""Blob URIs with the access they carry (Microsoft docs: ``storage-connection-strings``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, unquote, urlsplit

from local.kusto.dm.refusal import refusal

if TYPE_CHECKING:
    from local.kusto.errors import KustoError


@dataclass(frozen=True, slots=True)
class Anonymous:
    """The URL as it is, with or without a SAS."""


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """``;managed_identity=system`` or ``;managed_identity=<object id>``."""

    identity: str


@dataclass(frozen=True, slots=True)
class Impersonation:
    """``;impersonate``: the caller's own identity."""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """``;<account key>``."""

    key: str = field(repr=False)


type Access = Anonymous | ManagedIdentity | Impersonation | AccountKey


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobUri:
    """A blob's URL and the way to read it; prints without query, so that no SAS reaches a log."""

    url: str = field(repr=False)
    access: Access

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split off the access suffix; raises ``KustoError`` (``BadRequest_EmptyBlobUri``, ``…InvalidBlobUri``)."""
        if not text.strip():
            raise refusal("BadRequest_EmptyBlobUri", "Blob Uri is empty.")
        url, _, suffix = text.strip().partition(";")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.count("/") < 2:  # noqa: PLR2004 - a container and a blob
            raise refusal("BadRequest_InvalidBlobUri", "Blob Uri is invalid: an http(s) URL of a blob is expected.")
        return cls(url=url, access=_access(suffix))

    @property
    def shown(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]

    @property
    def name(self) -> str:
        """The last segment of the path, decoded: what the format and the compression are inferred from."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])

    @property
    def has_sas(self) -> bool:
        """Whether the URL carries a signature."""
        return "sig" in parse_qs(urlsplit(self.url).query)

    def __repr__(self) -> str:
        return f"BlobUri({self.shown!r}, {self.access!r})"


def _access(suffix: str) -> Access:
    name, _, value = suffix.partition("=")
    match name.strip().lower():
        case "":
            return Anonymous()
        case "impersonate":
            return Impersonation()
        case "managed_identity" if value:
            return ManagedIdentity(value)
        case "managed_identity" | "token" | "prompt" | "sharedaccesssignature":
            raise _unsupported(name)
        case _:
            return AccountKey(suffix)


def _unsupported(name: str) -> KustoError:
    return refusal("BadRequest_InvalidBlobUri", f"Blob Uri is invalid: access by '{name}' is not supported here.")
