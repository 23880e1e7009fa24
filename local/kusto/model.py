"""The values that travel between the endpoints, the ingestion half and the engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from local.kusto.formats import DataFormat


class IngestKind(StrEnum):
    """The way content came in; the engine checks the streaming policy and limits for STREAMING only."""

    STREAMING = "streaming"
    QUEUED = "queued"
    INLINE = "inline"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRequest:
    """One piece of content for one table.

    ``content`` is raw (decompressed) bytes. ``inline_mapping`` is the parsed JSON list of column mappings.
    ``creation_time`` is aware, in UTC; ``None`` means now. ``tags`` are extent tags including their ``ingest-by:`` and
    ``drop-by:`` prefixes; ``ingest_if_not_exists`` holds the values without the ``ingest-by:`` prefix.
    ``source`` names the blob for ``SourceLocation`` mappings, without its query string.
    """

    database: str
    table: str
    content: bytes
    data_format: DataFormat
    mapping_name: str | None = None
    inline_mapping: Sequence[Mapping[str, object]] | None = None
    ignore_first_record: bool = False
    tags: tuple[str, ...] = ()
    ingest_if_not_exists: tuple[str, ...] = ()
    creation_time: datetime | None = None
    kind: IngestKind = IngestKind.STREAMING
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """What became of the content; ``skipped`` means an extent with the ingest-by tag existed already."""

    rows: int
    extent_id: str | None
    skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchingPolicy:
    """When a batch is sealed: seconds, number of blobs, raw megabytes (Microsoft docs: ``batching-policy``)."""

    maximum_batching_time_span: float = 300.0
    maximum_number_of_items: int = 500
    maximum_raw_data_size_mb: int = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """A table in a V1 answer: (name, Kusto type) columns and rows of JSON-ready values."""

    columns: tuple[tuple[str, str], ...]
    rows: Sequence[Sequence[object]]
    name: str = "Table_0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCall:
    """One management command as it came in; ``database`` is the ``db`` of the request."""

    database: str
    text: str
    client_request_id: str = ""
    application: str = ""
