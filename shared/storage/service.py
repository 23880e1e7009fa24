"""The storage account's asynchronous clients: one set per process and event loop, built when first needed."""

import asyncio
from typing import TYPE_CHECKING, Any

from shared.settings import Auth, Settings
from shared.storage.account import Account

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient
    from azure.storage.queue.aio import QueueServiceClient

#: A storage call that fails is tried once more, soon; the SDK's default waits 15 s and more, longer than a caller.
_RETRIES: dict[str, Any] = {
    "retry_total": 1,
    "initial_backoff": 0.2,
    "increment_base": 1,
    "random_jitter_range": 0,
    "connection_timeout": 5,
    "read_timeout": 20,
}


class StorageService:
    """Blob and queue clients of one account."""

    def __init__(self, account: Account, settings: Settings) -> None:
        self.account = account
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._blobs: BlobServiceClient | None = None
        self._queues: QueueServiceClient | None = None

    def blobs(self) -> "BlobServiceClient":
        """The blob service (azure.storage.blob.aio)."""
        self._know_loop()
        if self._blobs is None:
            # 150 ms of imports that an app which only takes webhooks never pays.
            from azure.storage.blob.aio import BlobServiceClient  # noqa: PLC0415

            text = self.account.connection_string
            self._blobs = (
                BlobServiceClient.from_connection_string(text, **_RETRIES)
                if text is not None
                else BlobServiceClient(str(self.account.blob_service_uri), credential=self._credential(), **_RETRIES)
            )
        return self._blobs

    def queues(self) -> "QueueServiceClient":
        """The queue service (azure.storage.queue.aio)."""
        self._know_loop()
        if self._queues is None:
            from azure.storage.queue.aio import QueueServiceClient  # noqa: PLC0415 - as above

            text = self.account.connection_string
            self._queues = (
                QueueServiceClient.from_connection_string(text, **_RETRIES)
                if text is not None
                else QueueServiceClient(str(self.account.queue_service_uri), credential=self._credential(), **_RETRIES)
            )
        return self._queues

    async def close(self) -> None:
        """Close what was opened in this loop. For tests and tools; a function app keeps its clients."""
        for client in (self._blobs, self._queues):
            if client is not None:
                await client.close()
        self._blobs = self._queues = None

    def _know_loop(self) -> None:
        """Clients belong to the loop they were made in; a new loop gets new ones."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._blobs, self._queues = loop, None, None

    def _credential(self) -> Any:
        from azure.identity import aio  # noqa: PLC0415 - as above

        if self._settings.auth is Auth.MANAGED_IDENTITY:
            return aio.ManagedIdentityCredential(client_id=self.account.client_id or self._settings.client_id)
        return aio.DefaultAzureCredential(managed_identity_client_id=self.account.client_id)
