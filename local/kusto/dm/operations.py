"""Ingestion operations of the REST endpoint, so that their state can be asked for.

Source of the shapes: ``openapi.yaml`` of Azure/azure-kusto-java, ingest-v2 (StatusResponse, BlobStatus).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from local.kusto.dm.source import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT: Final = 10_000


class BlobState(StrEnum):
    """The state of one blob of an operation."""

    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(slots=True, kw_only=True)
class TrackedBlob:
    """One blob of an operation."""

    source_id: str
    state: BlobState
    started: datetime
    updated: datetime
    error_code: str | None = None
    failure_status: str | None = None
    details: str | None = None

    def shown(self) -> dict[str, object]:
        """As ``details`` of the status answer."""
        return {
            "sourceId": self.source_id,
            "status": self.state.value,
            "startedAt": timestamp(self.started),
            "lastUpdateTime": timestamp(self.updated),
            "errorCode": self.error_code,
            "failureStatus": self.failure_status,
            "details": self.details,
        }


@dataclass(slots=True, kw_only=True)
class Operation:
    """The blobs of one accepted request."""

    database: str
    table: str
    started: datetime
    blobs: dict[str, TrackedBlob] = field(default_factory=dict)

    def shown(self, *, details: bool) -> dict[str, object]:
        """As the body of the status answer."""
        count = {state: sum(blob.state is state for blob in self.blobs.values()) for state in BlobState}
        body: dict[str, object] = {
            "startTime": timestamp(self.started),
            "lastUpdated": timestamp(max((b.updated for b in self.blobs.values()), default=self.started)),
            "status": {
                "succeeded": count[BlobState.SUCCEEDED],
                "failed": count[BlobState.FAILED],
                "inProgress": count[BlobState.QUEUED] + count[BlobState.IN_PROGRESS],
                "canceled": count[BlobState.CANCELED],
            },
        }
        if details:
            body["details"] = [blob.shown() for blob in self.blobs.values()]
        return body


class Operations:
    """Operations by id, the oldest forgotten first."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._operations: OrderedDict[str, Operation] = OrderedDict()

    def open(self, operation_id: str, database: str, table: str, source_ids: Iterable[str]) -> None:
        """Follow an accepted request."""
        now = self._clock()
        blobs = {i: TrackedBlob(source_id=i, state=BlobState.QUEUED, started=now, updated=now) for i in source_ids}
        self._operations[operation_id] = Operation(database=database, table=table, started=now, blobs=blobs)
        while len(self._operations) > KEPT:
            self._operations.popitem(last=False)

    def find(self, operation_id: str, database: str, table: str) -> Operation | None:
        """The operation, if it belongs to this table."""
        found = self._operations.get(operation_id)
        return found if found and (found.database, found.table) == (database, table) else None

    def update(self, operation_id: str | None, source_id: str, state: BlobState) -> None:
        """One blob went on; unknown operations (not tracked, or from before a restart) are passed over."""
        blob = self._blob(operation_id, source_id)
        if blob is not None:
            blob.state, blob.updated = state, self._clock()

    def fail(self, operation_id: str | None, source_id: str, error_code: str, status: str, details: str) -> None:
        """One blob was given up."""
        blob = self._blob(operation_id, source_id)
        if blob is not None:
            blob.error_code, blob.failure_status, blob.details = error_code, status, details
            blob.state, blob.updated = BlobState.FAILED, self._clock()

    def _blob(self, operation_id: str | None, source_id: str) -> TrackedBlob | None:
        operation = self._operations.get(operation_id or "")
        return None if operation is None else operation.blobs.get(source_id)
