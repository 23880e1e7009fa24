"""Containers, queues and the status table the ingestion endpoint lives on, and the SAS URLs it hands out."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables import TableSasPermissions, UpdateMode, generate_table_sas
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob import AccessPolicy, ContainerSasPermissions, generate_container_sas
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue import QueueMessage, QueueSasPermissions, generate_queue_sas
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.kusto.dm.account import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from local.kusto.dm.account import Account

CONTAINERS: Final = 2
READY_QUEUES: Final = 2
_POLICY: Final = "ingest"
"""The stored access policy that grants rights to the SAS of temp containers, so that they can be revoked."""
CLOCK_SKEW: Final = timedelta(minutes=5)


class Names:
    """Names of the resources; the prefix lets several local Kustos share one storage account."""

    def __init__(self, prefix: str = "") -> None:
        lead = f"{prefix}-" if prefix else ""
        self.containers = tuple(f"{lead}ingestdata-{n}" for n in range(CONTAINERS))
        self.ready = tuple(f"{lead}readyforaggregation-secured-{n}" for n in range(READY_QUEUES))
        self.failed = f"{lead}failedingestions"
        self.succeeded = f"{lead}successfulingestions"
        self.status = f"ingestionsstatus{prefix.replace('-', '')}"  # a table's name begins with a letter


class Storage:
    """The account through asynchronous clients; open it inside the loop that uses it."""

    def __init__(self, account: Account, names: Names) -> None:
        self.account = account
        self.names = names
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the clients and make what is missing; raises ``StorageError`` when the account cannot be used."""
        account = self.account
        # Azurite is next door: a call that fails is repeated by our own rules, not after the SDK's 15 seconds.
        # One pool for all clients, without a look at proxies and netrc before every request.
        self.transport = await self._stack.enter_async_context(AioHttpTransport(use_env_settings=False))
        options: Any = {"retry_total": 1, "initial_backoff": 0.2, "transport": self.transport}
        self._blobs = BlobServiceClient(account.blob, credential=account.key, **options)
        self._queues = QueueServiceClient(account.queue, credential=account.key, **options)
        named = AzureNamedKeyCredential(account.name, account.key)
        self._tables = TableServiceClient(account.table, credential=named, **options)
        try:
            await self._create_missing()
        except AzureError as error:
            await self._stack.aclose()
            raise StorageError(
                f"the storage account at {account.blob} cannot be used ({type(error).__name__}); "
                "is Azurite running there, with blob, queue and table services?"
            ) from error
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _create_missing(self) -> None:
        for container in self.names.containers:
            try:
                await self._blobs.create_container(container)
            except ResourceExistsError:
                continue
        for queue in (*self.names.ready, self.names.failed, self.names.succeeded):
            try:
                await self.queue(queue).create_queue()
            except ResourceExistsError:
                continue
        await self._tables.create_table_if_not_exists(self.names.status)
        await self.open_containers(available=True)

    async def open_containers(self, *, available: bool) -> None:
        """Let the SAS of the temp containers work, or stop every one that was ever handed out."""
        granted = AccessPolicy(permission=ContainerSasPermissions(read=True, create=True, write=True))
        policies = {_POLICY: granted} if available else {}
        for container in self.names.containers:
            await self._blobs.get_container_client(container).set_container_access_policy(policies)

    def queue(self, name: str) -> QueueClient:
        """A client of one queue; entries are plain text, the encoding is the caller's."""
        client: QueueClient = self._queues.get_queue_client(name)
        return client

    def received(self, name: str, *, lease: int) -> AsyncIterator[QueueMessage]:
        """At most 32 entries, hidden from others for ``lease`` seconds."""
        return self.queue(name).receive_messages(messages_per_page=32, max_messages=32, visibility_timeout=lease)

    async def write_status(self, row: Mapping[str, object]) -> None:
        """Write or complete a row of the status table."""
        await self._tables.get_table_client(self.names.status).upsert_entity(dict(row), mode=UpdateMode.MERGE)

    def resources(self, now: datetime, lifetime: timedelta) -> list[tuple[str, str]]:
        """(type, URL with SAS) of all resources, each SAS scoped to its one resource and good for ``lifetime``."""
        start, expiry = now - CLOCK_SKEW, now + lifetime
        found = [("SecuredReadyForAggregationQueue", self._queue_url(q, "a", start, expiry)) for q in self.names.ready]
        found += [("TempStorage", self._container_url(c, start, expiry)) for c in self.names.containers]
        found.append(("FailedIngestionsQueue", self._queue_url(self.names.failed, "rup", start, expiry)))
        found.append(("SuccessfulIngestionsQueue", self._queue_url(self.names.succeeded, "rup", start, expiry)))
        found.append(("IngestionsStatusTable", self._table_url(start, expiry)))
        return found

    def _queue_url(self, queue: str, rights: str, start: datetime, expiry: datetime) -> str:
        permission = QueueSasPermissions.from_string(rights)
        sas = generate_queue_sas(
            self.account.name, queue, self.account.key, permission=permission, expiry=expiry, start=start
        )
        return f"{self.account.queue}/{queue}?{sas}"

    def _container_url(self, container: str, start: datetime, expiry: datetime) -> str:
        sas = generate_container_sas(
            self.account.name, container, self.account.key, policy_id=_POLICY, expiry=expiry, start=start
        )
        return f"{self.account.blob}/{container}?{sas}"

    def _table_url(self, start: datetime, expiry: datetime) -> str:
        credential = AzureNamedKeyCredential(self.account.name, self.account.key)
        permission = TableSasPermissions(read=True, add=True, update=True)
        sas = generate_table_sas(credential, self.names.status, permission=permission, expiry=expiry, start=start)
        return f"{self.account.table}/{self.names.status}?{sas}"
