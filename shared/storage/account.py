"""A storage connection as Azure Functions spells it in app settings, parsed. Pure.

Source: Microsoft docs "Azure Blob storage trigger", section Connections (`X`, `X__blobServiceUri`, `X__serviceUri`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.settings import SettingsError

#: What `UseDevelopmentStorage=true` stands for (docs: "Use the Azurite emulator", well-known account and key).
_DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Either a connection string (laptop) or a blob service URI with an identity (Azure)."""

    connection_string: str | None
    blob_service_uri: str | None
    queue_service_uri: str | None
    client_id: str | None

    def __repr__(self) -> str:
        return f"Account({'connection string' if self.connection_string else self.blob_service_uri})"


def parse_account(env: Mapping[str, str], name: str) -> Account:
    """Read the connection `name`.

    Raises:
        SettingsError: when neither form is there.
    """
    text = env.get(name, "").strip()
    uri = (env.get(f"{name}__blobServiceUri") or env.get(f"{name}__serviceUri") or "").strip().rstrip("/")
    queues = (env.get(f"{name}__queueServiceUri") or "").strip().rstrip("/")
    if not text and not uri:
        problem = f"{name}__blobServiceUri is not set (or {name}, a connection string, on a laptop)."
        raise SettingsError((problem,))
    return Account(
        connection_string=_DEVELOPMENT if text.lower().startswith("usedevelopmentstorage=true") else text or None,
        blob_service_uri=uri or None,
        queue_service_uri=queues or _queue_uri(uri) or None,
        client_id=env.get(f"{name}__clientId") or None,
    )


def _queue_uri(blob_uri: str) -> str:
    """The queue endpoint of the account that a blob endpoint belongs to (`.blob.` and `.queue.` hosts)."""
    return blob_uri.replace(".blob.", ".queue.", 1)
