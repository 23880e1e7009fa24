"""One source from its blob into the engine: download, unpack, ingest, report; with retries of what is transient."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from local.kusto.dm.archive import unpack
from local.kusto.dm.refusal import refusal
from local.kusto.errors import KustoError, internal_error
from local.kusto.model import IngestKind, IngestRequest, IngestResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local.kusto.dm.download import Reader
    from local.kusto.dm.reports import Reports
    from local.kusto.dm.source import QueuedSource

_log = logging.getLogger(__name__)

CONCURRENT_DOWNLOADS: Final = 8
_DOUBLINGS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a source is tried, and the pauses between (seconds; doubled from the first to the longest).

    The service goes on for 48 hours (Microsoft docs: ingest-data-overview); so do we, with pauses short enough for a
    laptop.
    """

    attempts: int = 17_280
    first_pause: float = 1.0
    longest_pause: float = 10.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        return float(min(self.first_pause * 2 ** min(attempt - 1, _DOUBLINGS), self.longest_pause))


async def no_probe(_database: str, _table: str) -> None:
    """Nothing stands between the aggregator and the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestor:
    """Settles sources.

    ``probe`` runs before every call of the engine; a ``KustoError`` it raises counts as the engine's answer (the way
    faults reach queued ingestion).
    """

    ingest: Callable[[IngestRequest], IngestResult]
    reader: Reader
    reports: Reports
    patience: Patience
    probe: Callable[[str, str], Awaitable[None]] = no_probe
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENT_DOWNLOADS))

    async def settle(self, source: QueuedSource) -> None:
        """Ingest or give up, and report; afterwards the queue entry is done with.

        A source that waits for its next try holds no slot: others go on.
        """
        for attempt in range(1, self.patience.attempts + 1):
            try:
                async with self._slots:
                    skipped = await self._ingest(source)
            except KustoError as failure:
                if failure.permanent or attempt == self.patience.attempts:
                    await self.reports.failed(source, failure, exhausted=not failure.permanent)
                    return
                _log.info("ingestion.retried %s.%s %s", source.database, source.table, failure.failure)
                await asyncio.sleep(self.patience.pause(attempt))
            else:
                await self.reports.succeeded(source, skipped=skipped)
                await self._remove_blob(source)
                return

    async def _ingest(self, source: QueuedSource) -> bool:
        stored = await self.reader.content(source.blob, source.database)
        if not stored:
            raise refusal("Stream_NoDataToIngest", "Found no data to ingest: the blob holds 0 bytes.")
        contents = await asyncio.to_thread(unpack, stored, source.blob.name, source.properties.zip_pattern)
        results = [await self._append(source, content) for content in contents]
        return all(result.skipped for result in results)

    async def _append(self, source: QueuedSource, content: bytes) -> IngestResult:
        asked = source.properties
        request = IngestRequest(
            database=source.database,
            table=source.table,
            content=content,
            data_format=asked.data_format,
            mapping_name=asked.mapping_name,
            inline_mapping=asked.mapping,
            ignore_first_record=asked.ignore_first_record,
            tags=asked.tags,
            ingest_if_not_exists=asked.ingest_if_not_exists,
            creation_time=asked.creation_time,
            kind=IngestKind.QUEUED,
            source=source.blob.shown,
        )
        await self.probe(source.database, source.table)
        try:
            return await asyncio.to_thread(self.ingest, request)
        except KustoError:
            raise
        except Exception as error:
            _log.exception("ingestion.engine_broken")
            raise internal_error(type(error).__name__) from error

    async def _remove_blob(self, source: QueuedSource) -> None:
        if source.retain_blob:
            return
        try:
            await self.reader.remove(source.blob, source.database)
        except KustoError as failure:
            _log.warning("ingestion.blob_not_deleted %s: %s", source.blob.shown, failure.failure)
