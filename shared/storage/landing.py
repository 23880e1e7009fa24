"""The landing container: read a small blob pinned to its state, or give the cluster a way to read a large one.

Our own cached client does the reading: the trigger's would be a new one per invocation, synchronous, and would fetch
32 MB at first (azurefunctions-extensions-bindings-blob 1.1.2).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.payload import BlobName, BlobVersion, parse_hints
from shared.settings import BlobAccess, Settings
from shared.storage.service import StorageService

#: Hours that a SAS for a queued blob is good for: the batching manager retries for up to two days (docs).
_SAS_HOURS = 72


class BlobGoneError(LookupError):
    """The blob is not there any more, or has another state than the one that was looked at."""


class Landing:
    """Blobs of the landing connection."""

    def __init__(self, service: StorageService, settings: Settings) -> None:
        self._service = service
        self._settings = settings

    async def look(self, blob: BlobName) -> BlobVersion:
        """The blob's state now.

        Raises:
            BlobGoneError: when it does not exist.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - see _client

        try:
            properties = await self._client(blob).get_blob_properties()
        except ResourceNotFoundError:
            raise BlobGoneError(str(blob)) from None
        return BlobVersion(
            blob=blob,
            etag=str(properties.etag),
            size=int(properties.size),
            hints=parse_hints(properties.metadata or {}),
        )

    async def read(self, version: BlobVersion) -> bytes:
        """The stored bytes of exactly that state.

        Raises:
            BlobGoneError: when the blob was deleted or written since.
        """
        from azure.core import MatchConditions  # noqa: PLC0415 - see _client
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError  # noqa: PLC0415

        client = self._client(version.blob)
        try:
            download = await client.download_blob(
                etag=version.etag, match_condition=MatchConditions.IfNotModified, max_concurrency=1
            )
            return bytes(await download.readall())
        except (ResourceNotFoundError, ResourceModifiedError):
            raise BlobGoneError(str(version.blob)) from None

    async def reference(self, blob: BlobName) -> str:
        """A URI by which the cluster reads the blob: with the cluster's identity, or with a SAS for this blob only."""
        url = str(self._client(blob).url)
        match self._settings.blob_access:
            case BlobAccess.MANAGED_IDENTITY:
                return f"{url};managed_identity={self._settings.blob_identity}"
            case BlobAccess.AUTO if self._service.account.connection_string is None:
                return f"{url};managed_identity=system"
            case BlobAccess.SAS | BlobAccess.AUTO:
                return f"{url}?{await self._sas(blob)}"

    async def reachable(self, container: str) -> None:
        """Prove that the container can be read; raises the storage SDK's exception when not."""
        await self._service.blobs().get_container_client(container).get_container_properties()

    async def _sas(self, blob: BlobName) -> str:
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas  # noqa: PLC0415 - see _client

        service = self._service.blobs()
        start = datetime.now(UTC) - timedelta(minutes=15)  # clocks differ
        end = start + timedelta(hours=_SAS_HOURS)
        key: dict[str, Any]
        if self._service.account.connection_string is not None:
            key = {"account_key": service.credential.account_key}
        else:
            key = {"user_delegation_key": await service.get_user_delegation_key(start, end)}
        return generate_blob_sas(
            account_name=str(service.account_name),
            container_name=blob.container,
            blob_name=blob.name,
            permission=BlobSasPermissions(read=True),
            start=start,
            expiry=end,
            **key,
        )

    def _client(self, blob: BlobName) -> Any:
        return self._service.blobs().get_blob_client(blob.container, blob.name)
