"""The batching of queued ingestion: queue entries become batches, sealed batches are ingested.

An entry leaves the queue only after its rows are in (or it was given up and reported), so a crash at any point
delivers it again: at least once, like the service.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Final

from azure.core.exceptions import AzureError

from local.kusto.dm import token
from local.kusto.dm.archive import COMPRESSED_FACTOR, is_compressed
from local.kusto.dm.batch import Batch, BatchKey, Seal
from local.kusto.dm.refusal import refusal
from local.kusto.dm.source import MalformedSourceError, QueuedSource, parse_source
from local.kusto.errors import KustoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azure.storage.queue import QueueMessage

    from local.kusto.dm.download import Reader
    from local.kusto.dm.ingestor import Ingestor
    from local.kusto.dm.leases import Lease, Leases
    from local.kusto.dm.reports import Reports
    from local.kusto.dm.storage import Storage
    from local.kusto.model import BatchingPolicy

_log = logging.getLogger(__name__)

IDLE: Final = 0.1
"""Seconds between two looks at an empty queue."""
GRACE: Final = 5.0
"""Seconds that sealed batches have to finish when the server ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A source with its queue entry."""

    source: QueuedSource
    lease: Lease


@dataclass(kw_only=True)
class Aggregator:
    """Reads the queues, groups the sources, hands sealed batches to the ingestor.

    ``policy`` gives the batching policy in force for a table; it raises ``KustoError`` if there is none to ask.
    """

    storage: Storage
    leases: Leases
    reader: Reader
    reports: Reports
    ingestor: Ingestor
    policy: Callable[[str, str], BatchingPolicy]

    def __post_init__(self) -> None:
        self._open: dict[BatchKey, Batch[Held]] = {}
        self._sealed: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until told to stop; sealed batches may finish, what still waits becomes visible in the queue again."""
        renewing = asyncio.create_task(self.leases.keep())
        try:
            while not self._stopping.is_set():
                if not await self._round():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), IDLE)
        finally:
            if self._sealed:
                await asyncio.wait(self._sealed, timeout=GRACE)
            left = [renewing, *self._sealed]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await self.leases.release()

    def stop(self) -> None:
        """End after the present look at the queues, so that no entry is received and then forgotten."""
        self._stopping.set()

    def waiting(self) -> int:
        """Sources in open batches."""
        return sum(len(batch.held) for batch in self._open.values())

    async def _round(self) -> bool:
        """One look at every queue and every deadline; whether there was anything."""
        found = False
        for queue in self.storage.names.ready:
            try:
                entries = [entry async for entry in self.storage.received(queue, lease=self.leases.seconds)]
            except AzureError as error:
                _log.warning("ingestion.queue_unreachable %s: %s", queue, type(error).__name__)
                await asyncio.sleep(1)
                continue
            await self._take(queue, entries)
            found = found or bool(entries)
        for batch in list(self._open.values()):
            self._seal_if_due(batch)
        return found

    async def _take(self, queue: str, entries: Iterable[QueueMessage]) -> None:
        held = [(entry, self.leases.hold(queue, str(entry.id), str(entry.pop_receipt))) for entry in entries]
        await asyncio.gather(*(self._accept(str(entry.content), lease) for entry, lease in held))

    async def _accept(self, text: str, lease: Lease) -> None:
        try:
            source = parse_source(text)
        except MalformedSourceError as error:
            await self.reports.malformed(error.failure, error.fields)
            await self.leases.complete(lease)
            return
        await self.reports.pending(source)
        try:
            policy = await self._admitted(source)
        except KustoError as failure:
            await self.reports.failed(source, failure)
            await self.leases.complete(lease)
            return
        await self._batch(Held(source=source, lease=lease), policy)

    async def _admitted(self, source: QueuedSource) -> BatchingPolicy:
        if not token.is_good(source.token, self.storage.account.key, time()):
            raise refusal(
                "BadRequest_InvalidKustoIdentityToken",
                "Invalid Kusto identity token: put the answer of '.get kusto identity token' into "
                "AdditionalProperties.authorizationContext.",
            )
        return await asyncio.to_thread(self.policy, source.database, source.table)

    async def _batch(self, held: Held, policy: BatchingPolicy) -> None:
        source = held.source
        key = BatchKey.of(source)
        size = await self._raw_size(source)
        batch = self._open.get(key)
        if batch is not None and source.blob.shown in batch.blobs:
            await self.reports.failed(
                source,
                refusal(
                    "BlobAlreadyReceived_BlobAlreadyFoundInBatch",
                    "Detected the same blob in the same specific batch for ingestion; one copy of it is ingested.",
                ),
            )
            await self.leases.complete(held.lease)
            return
        if batch is None:
            batch = self._open[key] = Batch(key=key, policy=policy, opened=monotonic())
        batch.add(held, source, size)
        self._seal_if_due(batch)

    async def _raw_size(self, source: QueuedSource) -> int:
        """Raw bytes as stated, else judged by the stored ones; an unreadable blob fails later, with a report."""
        if source.raw_size is not None:
            return source.raw_size
        try:
            stored = await self.reader.size(source.blob, source.database)
        except KustoError:
            return 0
        return stored * COMPRESSED_FACTOR if is_compressed(source.blob.name) else stored

    def _seal_if_due(self, batch: Batch[Held]) -> None:
        seal = batch.seal(monotonic())
        if seal is None:
            return
        self._open.pop(batch.key, None)
        task = asyncio.create_task(self._ingest(batch, seal))
        self._sealed.add(task)
        task.add_done_callback(partial(_forget, self._sealed))

    async def _ingest(self, batch: Batch[Held], seal: Seal) -> None:
        _log.info(
            "ingestion.batch_sealed %s.%s by %s: %d blobs, %d raw bytes",
            batch.key.database,
            batch.key.table,
            seal.value,
            len(batch.held),
            batch.raw_size,
        )
        await asyncio.gather(*(self._finish(held) for held in batch.held))

    async def _finish(self, held: Held) -> None:
        await self.ingestor.settle(held.source)
        await self.leases.complete(held.lease)


def _forget(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("ingestion.batch_broken", exc_info=error)
