"""The laptop's Event Grid: new blobs in Azurite become events that are posted to the Functions host.

Keeps Event Grid's habits (Microsoft docs: event-grid/delivery-and-retry): at least once, in no order, tries again
with growing pauses, and gives an event up when the answer is 400, 401, 403 or 413. The pauses are shorter than Event
Grid's, which begin at ten seconds.
"""

import asyncio
import contextlib
import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import aiohttp
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobServiceClient

from local.accesslog import BlobCreated, blob_created
from local.azurite import ACCOUNT, StorageEndpoints

logger = logging.getLogger(__name__)

GIVES_UP = frozenset({400, 401, 403, 413})
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds; the last one repeats
_POSTS_AT_ONCE = 32
_POST_SECONDS = 30.0  # Event Grid waits 30 s for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where events go.

    Attributes:
        functions: URL of the Functions host, without a trailing slash.
        key: Its system key `blobs_extension`; empty for `func start`, which asks for none.
        function: Name of the blob trigger.
        container: Only blobs in this container.
    """

    functions: str
    key: str
    function: str = "blob_created"
    container: str = "landing"

    @property
    def url(self) -> str:
        """The blob extension's webhook."""
        code = f"&code={quote(self.key, safe='')}" if self.key else ""
        return f"{self.functions}/runtime/webhooks/blobs?functionName=Host.Functions.{quote(self.function)}{code}"


class EventGrid:
    """Follows an access log and delivers. Events that come before the subscription wait for it."""

    def __init__(self, container: str = "landing", pauses: tuple[float, ...] = _PAUSES) -> None:
        self._container = container
        self._pauses = pauses
        self._subscription: asyncio.Future[Subscription] = asyncio.get_running_loop().create_future()
        self._storage: asyncio.Future[StorageEndpoints] = asyncio.get_running_loop().create_future()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(_POSTS_AT_ONCE)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_POST_SECONDS))
        self._blobs: BlobServiceClient | None = None

    def follow(self, line: str) -> None:
        """Take one line of Azurite's stdout."""
        created = blob_created(line)
        if created is not None and created.container == self._container:
            task = asyncio.create_task(self._deliver(created))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

    def connect(self, storage: StorageEndpoints) -> None:
        """Say where the blobs are."""
        # No retries: the facts of a blob are an extra that no event waits for.
        self._blobs = BlobServiceClient.from_connection_string(storage.connection_string, retry_total=0)
        self._storage.set_result(storage)

    def subscribe(self, subscription: Subscription) -> None:
        """Say where events go."""
        self._subscription.set_result(subscription)

    @property
    def waiting(self) -> int:
        """How many events are not delivered yet."""
        return len(self._deliveries)

    async def delivered(self) -> None:
        """Wait until every event that is known now is delivered or dropped."""
        await asyncio.gather(*self._deliveries)

    async def close(self) -> None:
        """Drop what is not delivered."""
        if self._deliveries:
            logger.warning("%d blob events were not delivered before the end.", len(self._deliveries))
        for task in tuple(self._deliveries):
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._session.close()
        if self._blobs is not None:
            await self._blobs.close()

    async def _deliver(self, created: BlobCreated) -> None:
        subscription = await asyncio.shield(self._subscription)
        event = await self._event(created)
        attempt = 0
        while True:
            async with self._turns:
                status = await self._post(subscription, event)
            if status is not None and (200 <= status < 300 or status in GIVES_UP):  # noqa: PLR2004 - 2xx
                break
            logger.warning("Event for %s: %s; trying again.", created.name, status or "host not reachable")
            await asyncio.sleep(self._pauses[min(attempt, len(self._pauses) - 1)])
            attempt += 1
        if status in GIVES_UP:
            logger.error("Event for %s was refused with %d and is dropped, as Event Grid does.", created.name, status)

    async def _post(self, subscription: Subscription, event: dict[str, object]) -> int | None:
        """One try; the status, or None when no answer came."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            headers = {"aeg-event-type": "Notification"}
            async with self._session.post(subscription.url, json=[event], headers=headers) as answer:
                await answer.read()
                return answer.status
        return None

    async def _event(self, created: BlobCreated) -> dict[str, object]:
        storage = await asyncio.shield(self._storage)
        return event_of(created, blob_endpoint=storage.blob, now=datetime.now(UTC), facts=await self._facts(created))

    async def _facts(self, created: BlobCreated) -> dict[str, object]:
        """What the log line does not say; a blob that is gone already has none."""
        if self._blobs is None:
            return {}
        blob = self._blobs.get_blob_client(created.container, created.name)
        try:
            properties = await blob.get_blob_properties()
        except AzureError:
            return {}
        return {
            "eTag": str(properties.etag).strip('"'),
            "contentType": properties.content_settings.content_type,
            "contentLength": properties.size,
            "blobType": str(properties.blob_type.value),
        }


def event_of(created: BlobCreated, *, blob_endpoint: str, now: datetime, facts: dict[str, object]) -> dict[str, object]:
    """A BlobCreated event in the Event Grid schema (Microsoft docs: event-schema-blob-storage).

    Args:
        created: What the access log said.
        blob_endpoint: URL of the account, for `data.url`.
        now: Time of the event.
        facts: More fields of `data`.
    """
    base = urlsplit(blob_endpoint)
    identity = str(uuid.uuid4())
    return {
        "id": identity,
        "topic": f"/subscriptions/local/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}",
        "subject": f"/blobServices/default/containers/{created.container}/blobs/{created.name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": now.isoformat().replace("+00:00", "Z"),
        "dataVersion": "",
        "metadataVersion": "1",
        "data": {
            "api": created.api.value,
            "requestId": identity,
            "url": f"{base.scheme}://{base.netloc}{created.path}",
            "sequencer": f"{int(now.timestamp() * 1e6):032d}",
            **facts,
        },
    }
