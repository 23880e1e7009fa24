"""What a client is told about its source: success and failure queues, status table, ``.show ingestion failures``.

Source of the shapes: Microsoft docs ``kusto-ingest-client-rest`` (failure structure) and
``kusto-ingest-client-status``; ``status.py`` of azure-kusto-ingest 6.0.4 reads them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azure.core.exceptions import AzureError

from local.kusto.dm.failures import IngestionFailure, Journal
from local.kusto.dm.operations import BlobState, Operations
from local.kusto.dm.source import (
    QueuedSource,
    ReportLevel,
    ReportMethod,
    encode_source,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.kusto.dm.storage import Storage
    from local.kusto.errors import KustoError

_log = logging.getLogger(__name__)


class Status(StrEnum):
    """The status table's ``Status`` (Microsoft docs: status enumeration)."""

    PENDING = "Pending"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Writes every report a source asks for."""

    storage: Storage
    journal: Journal
    operations: Operations

    async def pending(self, source: QueuedSource) -> None:
        """The source was taken from the queue."""
        self.operations.update(source.operation_id, source.source_id, BlobState.IN_PROGRESS)
        if _to_table(source) and source.report_level is not ReportLevel.NONE:
            await self._status(source, Status.PENDING, {})

    async def succeeded(self, source: QueuedSource, *, skipped: bool) -> None:
        """Its rows are in, or were in already (``skipped``)."""
        self.operations.update(source.operation_id, source.source_id, BlobState.SUCCEEDED)
        if source.report_level is ReportLevel.NONE:
            return
        if _to_table(source):
            await self._status(source, Status.SKIPPED if skipped else Status.SUCCEEDED, {"OperationId": str(uuid4())})
        if _to_queue(source) and source.report_level is ReportLevel.FAILURES_AND_SUCCESSES:
            await self._send(self.storage.names.succeeded, _common(source) | {"SucceededOn": _now()})

    async def failed(self, source: QueuedSource, failure: KustoError, *, exhausted: bool = False) -> None:
        """It was given up, for good (``exhausted``: after the last retry of a transient failure)."""
        told = _failure(source, failure, exhausted=exhausted)
        self.journal.failures.append(told)
        status = "Exhausted" if exhausted else "Permanent"
        self.operations.fail(source.operation_id, source.source_id, told.error_code, status, told.details)
        _log.warning("ingestion.failed %s.%s %s: %s", source.database, source.table, told.error_code, told.details)
        if source.report_level is ReportLevel.NONE:
            return
        fields = _failure_fields(told, status)
        if _to_table(source):
            await self._status(source, Status.FAILED, fields)
        if _to_queue(source):
            await self._send(self.storage.names.failed, fields)

    async def malformed(self, failure: KustoError, fields: Mapping[str, Any]) -> None:
        """The queue entry could not be read; says what could be read of it."""
        path = str(fields.get("BlobPath") or "").partition("?")[0].partition(";")[0]
        told = IngestionFailure(
            operation_id=str(uuid4()),
            activity_id=str(uuid4()),
            source_id=str(fields.get("Id") or ""),
            database=str(fields.get("DatabaseName") or ""),
            table=str(fields.get("TableName") or ""),
            failed_on=datetime.now(UTC),
            source_path=path,
            details=failure.description,
            error_code=failure.failure,
            permanent=True,
            exhausted=False,
            properties="",
        )
        self.journal.failures.append(told)
        operation = str(fields.get("IngestionOperationId") or "") or None
        self.operations.fail(operation, told.source_id, told.error_code, "Permanent", told.details)
        _log.warning("ingestion.failed %s.%s %s: %s", told.database, told.table, told.error_code, told.details)
        if str(fields.get("ReportLevel")) != str(ReportLevel.NONE.value):
            await self._send(self.storage.names.failed, _failure_fields(told, "Permanent"))

    async def _status(self, source: QueuedSource, status: Status, fields: Mapping[str, object]) -> None:
        row: dict[str, object] = {
            "PartitionKey": source.status_key.partition,
            "RowKey": source.status_key.row,
            "Status": status.value,
            "Database": source.database,
            "Table": source.table,
            "IngestionSourceId": source.source_id,
            "IngestionSourcePath": source.blob.shown,
            "UpdatedOn": datetime.now(UTC),
        }
        renamed = {"ActivityId" if name == "RootActivityId" else name: value for name, value in fields.items()}
        try:
            await self.storage.write_status(renamed | row)
        except AzureError as error:
            _log.warning("ingestion.report_lost table %s", type(error).__name__)

    async def _send(self, queue: str, fields: Mapping[str, object]) -> None:
        try:
            await self.storage.queue(queue).send_message(encode_source(fields))
        except AzureError as error:
            _log.warning("ingestion.report_lost %s %s", queue, type(error).__name__)


def _to_table(source: QueuedSource) -> bool:
    return source.report_method in {ReportMethod.TABLE, ReportMethod.QUEUE_AND_TABLE}


def _to_queue(source: QueuedSource) -> bool:
    return source.report_method in {ReportMethod.QUEUE, ReportMethod.QUEUE_AND_TABLE}


def _now() -> str:
    return timestamp(datetime.now(UTC))


def _common(source: QueuedSource) -> dict[str, object]:
    return {
        "OperationId": str(uuid4()),
        "Database": source.database,
        "Table": source.table,
        "IngestionSourceId": source.source_id,
        "IngestionSourcePath": source.blob.shown,
        "RootActivityId": str(uuid4()),
    }


def _failure(source: QueuedSource, failure: KustoError, *, exhausted: bool) -> IngestionFailure:
    return IngestionFailure(
        operation_id=str(uuid4()),
        activity_id=str(uuid4()),
        source_id=source.source_id,
        database=source.database,
        table=source.table,
        failed_on=datetime.now(UTC),
        source_path=source.blob.shown,
        details=failure.description,
        error_code="General_RetryAttemptsExceeded" if exhausted else failure.failure,
        permanent=failure.permanent,
        exhausted=exhausted,
        properties=f"Format={source.properties.data_format.value}",
    )


def _failure_fields(told: IngestionFailure, status: str) -> dict[str, object]:
    return {
        "OperationId": told.operation_id,
        "Database": told.database,
        "Table": told.table,
        "FailedOn": timestamp(told.failed_on),
        "IngestionSourceId": told.source_id,
        "IngestionSourcePath": told.source_path,
        "Details": told.details,
        "ErrorCode": told.error_code,
        "FailureStatus": status,
        "RootActivityId": told.activity_id,
        "OriginatesFromUpdatePolicy": False,
        "ShouldRetry": told.exhausted,
    }
