"""One source of queued ingestion, as a client puts it on the ingestion queue.

Source of the JSON: Microsoft docs ``kusto-ingest-client-rest`` (ingestion message internal structure), and
``ingestion_blob_info.py`` of azure-kusto-ingest 6.0.4.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any
from uuid import uuid4

from local.kusto.dm.bloburi import BlobUri
from local.kusto.dm.properties import Properties
from local.kusto.dm.refusal import refusal
from local.kusto.errors import KustoError


class ReportLevel(IntEnum):
    """What is reported."""

    FAILURES_ONLY = 0
    NONE = 1
    FAILURES_AND_SUCCESSES = 2


class ReportMethod(IntEnum):
    """Where it is reported to."""

    QUEUE = 0
    TABLE = 1
    QUEUE_AND_TABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusKey:
    """The row of the status table a client waits on."""

    partition: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedSource:
    """A blob on its way into a table.

    ``raw_size`` is in uncompressed bytes, ``None`` when the client did not say. ``token`` is the identity token of
    ``.get kusto identity token``. ``operation_id`` is set for sources that came through the REST endpoint.
    """

    source_id: str
    blob: BlobUri
    database: str
    table: str
    raw_size: int | None
    retain_blob: bool
    flush_immediately: bool
    report_level: ReportLevel
    report_method: ReportMethod
    status_key: StatusKey
    token: str
    properties: Properties
    operation_id: str | None


class MalformedSourceError(Exception):
    """The queue held something that is no ingestion source; carries what could be read for the report."""

    def __init__(self, failure: KustoError, fields: Mapping[str, Any]) -> None:
        super().__init__(failure.code)
        self.failure = failure
        self.fields = fields


def parse_source(text: str) -> QueuedSource:
    """Read a queue entry (base64 JSON, plain JSON accepted); raises ``MalformedSourceError``."""
    try:
        fields = json.loads(_decoded(text))
    except ValueError:
        raise MalformedSourceError(_corrupted("it is not base64-encoded JSON"), {}) from None
    if not isinstance(fields, dict):
        raise MalformedSourceError(_corrupted("it is not a JSON object"), {})
    try:
        return _Fields(fields).source()
    except KustoError as failure:
        raise MalformedSourceError(failure, fields) from failure


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()


def _corrupted(reason: str) -> KustoError:
    return refusal("BadRequest_CorruptedMessage", f"Message is corrupted: {reason}.")


@dataclass(frozen=True, slots=True)
class _Fields:
    fields: Mapping[str, Any]

    def source(self) -> QueuedSource:
        source_id = self._text("Id") or str(uuid4())
        additional = self.fields.get("AdditionalProperties") or {}
        if not isinstance(additional, dict):
            raise _corrupted("AdditionalProperties is not an object")
        database, table = self._text("DatabaseName"), self._text("TableName")
        if not database:
            raise refusal("BadRequest_EmptyDatabaseName", "Database name is empty.")
        if not table:
            raise refusal("BadRequest_InvalidOrEmptyTableName", "Table name is empty or invalid.")
        blob = BlobUri.parse(self._text("BlobPath"))
        return QueuedSource(
            source_id=source_id,
            blob=blob,
            database=database,
            table=table,
            raw_size=self._size(),
            retain_blob=self._flag("RetainBlobOnSuccess"),
            flush_immediately=self._flag("FlushImmediately"),
            report_level=self._one_of(ReportLevel, "ReportLevel"),
            report_method=self._one_of(ReportMethod, "ReportMethod"),
            status_key=self._status_key(source_id),
            token=str(additional.get("authorizationContext") or ""),
            properties=Properties.parse(additional, blob.name),
            operation_id=self._text("IngestionOperationId") or None,
        )

    def _text(self, name: str) -> str:
        value = self.fields.get(name)
        return "" if value is None else str(value).strip()

    def _flag(self, name: str) -> bool:
        return self._text(name).lower() == "true"

    def _size(self) -> int | None:
        text = self._text("RawDataSize")
        return int(text) if text.isdecimal() and int(text) > 0 else None

    def _one_of[E: IntEnum](self, kind: type[E], name: str) -> E:
        text = self._text(name) or "0"
        try:
            return kind(int(text))
        except ValueError:
            raise _corrupted(f"{name} has no meaning '{text[:20]}'") from None

    def _status_key(self, source_id: str) -> StatusKey:
        asked = self.fields.get("IngestionStatusInTable") or {}
        if not isinstance(asked, dict):
            raise _corrupted("IngestionStatusInTable is not an object")
        return StatusKey(
            partition=str(asked.get("PartitionKey") or source_id), row=str(asked.get("RowKey") or source_id)
        )


def encode_source(fields: Mapping[str, Any]) -> str:
    """Write a queue entry the way the clients do."""
    return base64.b64encode(json.dumps(fields).encode()).decode()


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with a ``Z``, as the service prints it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


type Mappings = Sequence[Mapping[str, object]]
