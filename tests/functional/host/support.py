"""What the host's tests share: the storage account, a client beside a running host, events."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.functions.hostjson import Encoding
from local.functions.process import HostProcess, running_host
from local.functions.queuetext import decode, encode

APPS = Path(__file__).parent / "apps"
_PATIENCE_SECONDS = 20.0


async def eventually[T](look: Callable[[], Awaitable[T | None]]) -> T:
    """What ``look`` finds, once it finds something."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while (found := await look()) is None:  # noqa: ASYNC110 - what is looked at lives in another process
            await asyncio.sleep(0.02)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The storage account of the tests."""

    connection_string: str
    blobs: BlobServiceClient
    queues: QueueServiceClient

    async def put(self, name: str, body: bytes) -> str:
        """A blob in the landing container; its URL."""
        blob = self.blobs.get_blob_client("landing", name)
        await blob.upload_blob(body, overwrite=True)
        return str(blob.url)

    async def trace(self, name: str) -> Any | None:
        """What a sample function left under this name."""
        try:
            download = await self.blobs.get_blob_client("traces", name).download_blob()
            return json.loads(await download.readall())
        except ResourceNotFoundError:
            return None

    async def send(self, queue: str, text: str) -> None:
        """A text on a queue, as another program would put it there."""
        client = self.queues.get_queue_client(queue)
        with suppress(ResourceExistsError):
            await client.create_queue()
        await client.send_message(encode(text.encode(), Encoding.BASE64))

    async def poisoned(self, queue: str, part: str) -> str | None:
        """The first entry of a queue that holds ``part``, left where it is."""
        try:
            entries = await self.queues.get_queue_client(queue).peek_messages(32)
        except ResourceNotFoundError:
            return None
        texts = [decode(entry.content, Encoding.BASE64).decode() for entry in entries]
        return next((text for text in texts if part in text), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An HTTP client beside a running host."""

    host: HostProcess
    session: aiohttp.ClientSession
    work_queue: str
    host_queue: str

    async def post_events(
        self, function: str, body: Any, *, kind: str | None = "Notification", code: str | None = None
    ) -> tuple[int, str]:
        """What the blobs webhook answers."""
        query = {"functionName": f"Host.Functions.{function}", "code": code or self.host.blobs_extension_key}
        headers = {} if kind is None else {"aeg-event-type": kind}
        url = f"{self.host.url}/runtime/webhooks/blobs"
        async with self.session.post(url, params=query, headers=headers, json=body) as answer:
            return answer.status, await answer.text()

    async def log(self, text: str) -> str:
        """What the host has logged, once ``text`` stands in it."""

        async def look() -> str | None:
            log = self.host.log.read_text()
            return log if text in log else None

        return await eventually(look)

    async def get(self, path: str, **options: Any) -> tuple[int, str]:
        """Status and text of a GET."""
        async with self.session.get(f"{self.host.url}{path}", **options) as answer:
            return answer.status, await answer.text()


def blob_event(url: str) -> dict[str, Any]:
    """An event as Event Grid sends it."""
    return {
        "id": str(uuid.uuid4()),
        "eventType": "Microsoft.Storage.BlobCreated",
        "subject": "/blobServices/default/containers/landing/blobs/x",
        "eventTime": "2026-01-01T00:00:00Z",
        "dataVersion": "",
        "data": {"api": "PutBlob", "url": url, "eTag": "0x8D4BCC2E4835CD0", "blobType": "BlockBlob"},
    }


@asynccontextmanager
async def open_account(connection_string: str) -> AsyncIterator[Storage]:
    """The account with its containers."""
    async with (
        BlobServiceClient.from_connection_string(connection_string) as blobs,
        QueueServiceClient.from_connection_string(connection_string) as queues,
    ):
        for name in ("landing", "traces"):
            with suppress(ResourceExistsError):
                await blobs.create_container(name)
        yield Storage(connection_string=connection_string, blobs=blobs, queues=queues)


@asynccontextmanager
async def calling(
    app: str,
    log_dir: Path,
    *,
    storage: str | None = None,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> AsyncIterator[Caller]:
    """A sample app, served, with a client beside it. Its host queue and work queue are its own."""
    name = uuid.uuid4().hex[:8]
    settings = {"WORK_QUEUE": f"work-{name}", "AzureFunctionsWebHost__hostid": f"host-{name}", **(env or {})}
    log = log_dir / f"host-{name}.log"
    async with (
        running_host(APPS / app, log=log, storage=storage, env=settings, arguments=arguments) as host,
        aiohttp.ClientSession() as session,
    ):
        yield Caller(
            host=host,
            session=session,
            work_queue=settings["WORK_QUEUE"],
            host_queue=f"azure-webjobs-blobtrigger-host-{name}",
        )
