"""Batches of sources and the moment they are sealed. No clock, no I/O.

Source of the rules: Microsoft docs ``batching-policy`` (sealing a batch; single blob ingestion).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from local.kusto.dm.source import QueuedSource
    from local.kusto.formats import DataFormat
    from local.kusto.model import BatchingPolicy

MEGABYTE = 1024 * 1024


class Seal(StrEnum):
    """Why a batch was sealed, in the docs' words."""

    SIZE = "Size"
    COUNT = "Count"
    TIME = "Time"
    FLUSH_IMMEDIATELY = "FlushImmediately"
    INGEST_IF_NOT_EXISTS = "SingleBlob_IngestIfNotExists"
    INGEST_BY_TAG = "SingleBlob_IngestByTag"
    SYSTEM_FLUSH = "SystemFlush"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchKey:
    """Sources share a batch only when they can be ingested by one command."""

    database: str
    table: str
    data_format: DataFormat
    mapping_name: str | None
    inline_mapping: str | None
    ignore_first_record: bool
    tags: tuple[str, ...]
    ingest_if_not_exists: tuple[str, ...]
    creation_time: datetime | None

    @classmethod
    def of(cls, source: QueuedSource) -> BatchKey:
        """The key of a source."""
        asked = source.properties
        return cls(
            database=source.database,
            table=source.table,
            data_format=asked.data_format,
            mapping_name=asked.mapping_name,
            inline_mapping=asked.inline_mapping,
            ignore_first_record=asked.ignore_first_record,
            tags=tuple(sorted(asked.tags)),
            ingest_if_not_exists=tuple(sorted(asked.ingest_if_not_exists)),
            creation_time=asked.creation_time,
        )


@dataclass(slots=True, kw_only=True)
class Batch[H]:
    """Sources that wait together; ``H`` is whatever holds one of them. Times are seconds of one monotonic clock."""

    key: BatchKey
    policy: BatchingPolicy
    opened: float
    held: list[H] = field(default_factory=list)
    raw_size: int = 0
    blobs: set[str] = field(default_factory=set)
    flush: bool = False

    def add(self, held: H, source: QueuedSource, raw_size: int) -> None:
        """Take a source in; ``raw_size`` in (estimated) uncompressed bytes."""
        self.held.append(held)
        self.raw_size += raw_size
        self.blobs.add(source.blob.shown)
        self.flush = self.flush or source.flush_immediately

    @property
    def deadline(self) -> float:
        """When it is sealed at the latest."""
        return self.opened + self.policy.maximum_batching_time_span

    def seal(self, now: float) -> Seal | None:
        """Why it is to be sealed now, if it is."""
        if any(tag.startswith("ingest-by:") for tag in self.key.tags):
            return Seal.INGEST_BY_TAG
        if self.key.ingest_if_not_exists:
            return Seal.INGEST_IF_NOT_EXISTS
        if self.flush:
            return Seal.FLUSH_IMMEDIATELY
        if self.raw_size >= self.policy.maximum_raw_data_size_mb * MEGABYTE:
            return Seal.SIZE
        if len(self.held) >= self.policy.maximum_number_of_items:
            return Seal.COUNT
        return Seal.TIME if now >= self.deadline else None
