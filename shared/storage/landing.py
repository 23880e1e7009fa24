"""The landing container: read a small blob pinned to its state, or give the cluster a way to read a large one.

Our own cached client does the reading: the trigger's would be a new one per invocation, synchronous, and would fetch
32 MB at first (azurefunctions-extensions-bindings-blob 1.1.2).
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.payload import BlobName, BlobVersion, parse_hints
from shared.settings import Auth, BlobAccess, Settings
from shared.storage.account import Account

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

#: Hours that a SAS for a queued blob is good for: the batching manager retries for up to two days (docs).
_SAS_HOURS = 72


class BlobGoneError(LookupError):
    """The blob is not there any more, or has another state than the one that was looked at."""


class Landing:
    """Blobs of the landing connection."""

    def __init__(self, account: Account, settings: Settings) -> None:
        self._account = account
        self._settings = settings
        self._service: BlobServiceClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

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
            case BlobAccess.AUTO if self._account.connection_string is None:
                return f"{url};managed_identity=system"
            case BlobAccess.SAS | BlobAccess.AUTO:
                return f"{url}?{await self._sas(blob)}"

    async def reachable(self, container: str) -> None:
        """Prove that the container can be read; raises the storage SDK's exception when not."""
        await self._blobs().get_container_client(container).get_container_properties()

    async def close(self) -> None:
        """Close what was opened in this loop. For tests and tools; a function app keeps its client."""
        if self._service is not None:
            await self._service.close()
        self._service = None

    async def _sas(self, blob: BlobName) -> str:
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas  # noqa: PLC0415 - see _client

        service = self._blobs()
        start = datetime.now(UTC) - timedelta(minutes=15)  # clocks differ
        end = start + timedelta(hours=_SAS_HOURS)
        key: dict[str, Any]
        if self._account.connection_string is not None:
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
        return self._blobs().get_blob_client(blob.container, blob.name)

    def _blobs(self) -> "BlobServiceClient":
        loop = asyncio.get_running_loop()
        if self._service is None or self._loop is not loop:
            # 150 ms of imports that an app which only takes webhooks never pays.
            from azure.storage.blob.aio import BlobServiceClient  # noqa: PLC0415

            if self._account.connection_string is not None:
                service = BlobServiceClient.from_connection_string(self._account.connection_string)
            else:
                service = BlobServiceClient(str(self._account.blob_service_uri), credential=self._credential())
            self._service, self._loop = service, loop
        return self._service

    def _credential(self) -> Any:
        from azure.identity import aio  # noqa: PLC0415 - as above

        if self._settings.auth is Auth.MANAGED_IDENTITY:
            return aio.ManagedIdentityCredential(client_id=self._account.client_id or self._settings.client_id)
        return aio.DefaultAzureCredential(managed_identity_client_id=self._account.client_id)
