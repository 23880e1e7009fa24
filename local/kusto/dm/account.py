"""The storage account behind the ingestion endpoint, as a connection string names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

DEVELOPMENT_ACCOUNT: Final = "devstoreaccount1"
# Published by Microsoft for every storage emulator (docs: storage-use-azurite); it protects nothing.
DEVELOPMENT_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class StorageError(Exception):
    """The storage account cannot be used; the text says why and what to do, never the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Name, key and the three service URLs (no trailing slash)."""

    name: str
    key: str = field(repr=False)
    blob: str
    queue: str
    table: str

    @classmethod
    def parse(cls, connection_string: str) -> Self:
        """Read an Azure Storage connection string; raises ``StorageError`` naming what is missing."""
        fields = dict(part.split("=", 1) for part in connection_string.strip().split(";") if "=" in part)
        if fields.get("UseDevelopmentStorage", "").lower() == "true":
            fields = {
                "AccountName": DEVELOPMENT_ACCOUNT,
                "AccountKey": DEVELOPMENT_KEY,
                "BlobEndpoint": f"http://127.0.0.1:10000/{DEVELOPMENT_ACCOUNT}",
                "QueueEndpoint": f"http://127.0.0.1:10001/{DEVELOPMENT_ACCOUNT}",
                "TableEndpoint": f"http://127.0.0.1:10002/{DEVELOPMENT_ACCOUNT}",
            }
        needed = ("AccountName", "AccountKey", "BlobEndpoint", "QueueEndpoint", "TableEndpoint")
        missing = [name for name in needed if not fields.get(name)]
        if missing:
            raise StorageError(f"the storage connection string lacks {', '.join(missing)}; Azurite prints all of them")
        return cls(
            name=fields["AccountName"],
            key=fields["AccountKey"],
            blob=fields["BlobEndpoint"].rstrip("/"),
            queue=fields["QueueEndpoint"].rstrip("/"),
            table=fields["TableEndpoint"].rstrip("/"),
        )

    def owns_blob(self, url: str, containers: Collection[str] = ()) -> bool:
        """Whether a blob URL lies in this account (and in one of the containers, if any are named).

        The account may be reached by any of its loopback names.
        """
        asked, own = urlsplit(url), urlsplit(self.blob)
        same_host = _loopback(asked.hostname) == _loopback(own.hostname) and asked.port == own.port
        if not same_host or not asked.path.startswith(f"{own.path}/"):
            return False
        container = asked.path.removeprefix(f"{own.path}/").partition("/")[0]
        return not containers or container in containers


def _loopback(host: str | None) -> str | None:
    return "127.0.0.1" if host == "localhost" else host
