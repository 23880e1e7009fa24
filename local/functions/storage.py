"""Storage accounts by the name of their connection setting.

``X`` holds a connection string, or ``X__blobServiceUri``/``X__queueServiceUri`` (or ``X__serviceUri``, blobs only)
name the services for an identity (Microsoft docs, functions-bindings-storage-blob: identity-based connections).
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.functions.worker import AppError

HOST_CONNECTION = "AzureWebJobsStorage"
# Storage on a laptop answers in milliseconds: two more tries, a second apart at most, hide a broken connection, and
# storage that is away is told soon.
_RETRIES: dict[str, Any] = {"retry_total": 2, "initial_backoff": 0, "increment_base": 1, "random_jitter_range": 0}


class Connections:
    """Async service clients, made when first asked for, closed together.

    Args:
        env: App settings.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._blobs: dict[str, BlobServiceClient] = {}
        self._queues: dict[str, QueueServiceClient] = {}
        self._credential: Any = None

    def blobs(self, connection: str) -> BlobServiceClient:
        """Blob service of a connection.

        Raises:
            AppError: The connection is not set.
        """
        if connection not in self._blobs:
            text, uri = self._find(connection, ("blobServiceUri", "serviceUri"), "blob")
            self._blobs[connection] = (
                BlobServiceClient.from_connection_string(text, **_RETRIES)
                if text
                else BlobServiceClient(uri, credential=self._identity(), **_RETRIES)
            )
        return self._blobs[connection]

    def queues(self, connection: str) -> QueueServiceClient:
        """Queue service of a connection.

        Raises:
            AppError: The connection is not set.
        """
        if connection not in self._queues:
            text, uri = self._find(connection, ("queueServiceUri",), "queue")
            self._queues[connection] = (
                QueueServiceClient.from_connection_string(text, **_RETRIES)
                if text
                else QueueServiceClient(uri, credential=self._identity(), **_RETRIES)
            )
        return self._queues[connection]

    def poison_queues(self, connection: str) -> QueueServiceClient:
        """Queue service of the data account, or the host's where the connection has none (``X__serviceUri``)."""
        try:
            return self.queues(connection)
        except AppError:
            return self.queues(HOST_CONNECTION)

    def _find(self, connection: str, suffixes: tuple[str, ...], service: str) -> tuple[str, str]:
        if text := self._env.get(connection):
            if "AccountName=" not in text:
                raise AppError(
                    f"the storage connection '{connection}' is no full connection string (AccountName=…). The Python "
                    "clients do not know UseDevelopmentStorage=true: write Azurite's connection string out."
                )
            return text, ""
        for suffix in suffixes:
            if uri := self._env.get(f"{connection}__{suffix}"):
                return "", uri
        raise AppError(
            f"the storage connection '{connection}' has no {service} service. Set {connection} to a connection "
            f"string (--env {connection}=… or --storage) or set {connection}__{suffixes[0]}."
        )

    def _identity(self) -> Any:
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - only with identity connections

            self._credential = DefaultAzureCredential()
        return self._credential

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for blobs in self._blobs.values():
            await blobs.close()
        for queues in self._queues.values():
            await queues.close()
        if self._credential is not None:
            await self._credential.close()
