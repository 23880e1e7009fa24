"""Management commands of the ingestion endpoint."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Final

from local.kusto.dm import token
from local.kusto.dm.source import timestamp
from local.kusto.errors import MACHINE, KustoError, syntax_error
from local.kusto.model import CommandCall, ResultTable
from local.kusto.moments import timespan_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.kusto.dm.failures import IngestionFailure, Journal, StreamingEvent
    from local.kusto.dm.storage import Storage
    from local.kusto.extension import Command

SAS_LIFETIME: Final = timedelta(hours=4)
"""Clients fetch new resources every hour, and a batch waits at most 30 minutes."""
PRINCIPAL: Final = "aadapp=local"
_OPERATION: Final = re.compile(r"with\s*\(\s*OperationId\s*=\s*['\"]?([0-9a-f-]{36})['\"]?\s*\)\s*$", re.IGNORECASE)


def no_storage() -> KustoError:
    """What the ingestion commands answer without a storage account."""
    return KustoError(
        status=503,
        code="ServiceUnavailable_IngestionResourcesUnavailable",
        message="Queued ingestion is not available.",
        type_="Kusto.DataManagement.Exceptions.IngestionResourcesUnavailableException",
        description="The local Kusto was started without a storage account; start it with --storage CONNECTION_STRING "
        "(Azurite) to have queued ingestion.",
        permanent=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Answers the commands; ``storage`` gives the open storage, or ``None`` without one."""

    storage: Callable[[], Storage | None]
    journal: Journal

    def table(self) -> Mapping[str, Command]:
        """The commands by prefix."""
        return {
            ".get ingestion resources": self.resources,
            ".get kusto identity token": self.identity_token,
            ".show ingestion failures": self.ingestion_failures,
            ".show streamingingestion failures": self.streaming_failures,
            ".show streamingingestion statistics": self.streaming_statistics,
        }

    async def resources(self, _call: CommandCall) -> ResultTable:
        """``.get ingestion resources``."""
        found = self._storage().resources(datetime.now(UTC), SAS_LIFETIME)
        return ResultTable(columns=(("ResourceTypeName", "string"), ("StorageRoot", "string")), rows=found)

    async def identity_token(self, _call: CommandCall) -> ResultTable:
        """``.get kusto identity token``."""
        issued = token.issue(self._storage().account.key, time())
        return ResultTable(columns=(("AuthorizationContext", "string"),), rows=[[issued]])

    async def ingestion_failures(self, call: CommandCall) -> ResultTable:
        """``.show ingestion failures [with (OperationId = …)]``."""
        rest = _rest(call.text, "failures")
        found = list(self.journal.failures)
        if rest:
            asked = _OPERATION.fullmatch(rest)
            if asked is None:
                raise syntax_error(call.text, f"unexpected '{rest[:40]}'; expected 'with (OperationId = guid)'.")
            found = [failure for failure in found if failure.operation_id == asked[1].lower()]
        return ResultTable(columns=_FAILURE_COLUMNS, rows=[_failure_row(failure) for failure in found])

    async def streaming_failures(self, call: CommandCall) -> ResultTable:
        """``.show streamingingestion failures``."""
        _refuse_rest(call, "failures")
        buckets = self.journal.streaming_buckets(lambda e: (e.database, e.table, e.properties, e.error_code))
        rows = [_streaming_failure_row(bucket) for bucket in buckets if bucket[0].error_code]
        return ResultTable(columns=_STREAMING_FAILURE_COLUMNS, rows=rows)

    async def streaming_statistics(self, call: CommandCall) -> ResultTable:
        """``.show streamingingestion statistics``."""
        _refuse_rest(call, "statistics")
        buckets = self.journal.streaming_buckets(lambda e: (e.database, e.table, e.properties, bool(e.error_code)))
        return ResultTable(columns=_STATISTICS_COLUMNS, rows=[_statistics_row(bucket) for bucket in buckets])

    def _storage(self) -> Storage:
        storage = self.storage()
        if storage is None:
            raise no_storage()
        return storage


def _rest(text: str, word: str) -> str:
    return re.split(word, text, maxsplit=1, flags=re.IGNORECASE)[-1].strip().rstrip(";").strip()


def _refuse_rest(call: CommandCall, word: str) -> None:
    if rest := _rest(call.text, word):
        raise syntax_error(call.text, f"unexpected '{rest[:40]}'.")


_FAILURE_COLUMNS: Final = (
    ("OperationId", "string"),
    ("Database", "string"),
    ("Table", "string"),
    ("FailedOn", "datetime"),
    ("IngestionSourcePath", "string"),
    ("Details", "string"),
    ("FailureKind", "string"),
    ("RootActivityId", "string"),
    ("OperationKind", "string"),
    ("OriginatesFromUpdatePolicy", "bool"),
    ("ErrorCode", "string"),
    ("Principal", "string"),
    ("User", "string"),
    ("IngestionProperties", "string"),
    ("NumberOfSources", "int"),
    ("ShouldRetry", "bool"),
)


def _failure_row(failure: IngestionFailure) -> list[object]:
    return [
        failure.operation_id,
        failure.database,
        failure.table,
        timestamp(failure.failed_on),
        failure.source_path,
        failure.details,
        "Permanent" if failure.permanent else "Transient",
        failure.activity_id,
        "DataIngestPull",
        False,
        failure.error_code,
        PRINCIPAL,
        "",
        failure.properties,
        1,
        failure.exhausted,
    ]


_STREAMING_FAILURE_COLUMNS: Final = (
    ("Database", "string"),
    ("Table", "string"),
    ("Principal", "string"),
    ("RootActivityId", "guid"),
    ("IngestionProperties", "dynamic"),
    ("Count", "long"),
    ("FirstFailureOn", "datetime"),
    ("LastFailureOn", "datetime"),
    ("FailureKind", "string"),
    ("ErrorCode", "string"),
    ("Details", "string"),
)


def _streaming_failure_row(bucket: list[StreamingEvent]) -> list[object]:
    last = bucket[-1]
    return [
        last.database,
        last.table,
        PRINCIPAL,
        "00000000-0000-0000-0000-000000000000",
        json.loads(last.properties),
        len(bucket),
        timestamp(bucket[0].ended),
        timestamp(last.ended),
        "Permanent" if last.permanent else "Transient",
        last.error_code,
        last.details,
    ]


_STATISTICS_COLUMNS: Final = (
    ("Database", "string"),
    ("Table", "string"),
    ("StartTime", "datetime"),
    ("EndTime", "datetime"),
    ("Count", "long"),
    ("MinDuration", "timespan"),
    ("MaxDuration", "timespan"),
    ("AvgDuration", "timespan"),
    ("TotalDataSize", "long"),
    ("MinDataSize", "long"),
    ("MaxDataSize", "long"),
    ("TotalRowCount", "long"),
    ("MinRowCount", "long"),
    ("MaxRowCount", "long"),
    ("IngestionStatus", "string"),
    ("NumOfRowStoresReferences", "int"),
    ("Principal", "string"),
    ("NodeId", "string"),
    ("IngestionProperties", "dynamic"),
)


def _statistics_row(bucket: list[StreamingEvent]) -> list[object]:
    durations = [event.duration for event in bucket]
    sizes = [event.size for event in bucket]
    rows = [event.rows for event in bucket]
    last = bucket[-1]
    failed = "FailureBadRequest" if last.permanent else "FailureInternalError"
    return [
        last.database,
        last.table,
        timestamp(bucket[0].ended),
        timestamp(last.ended),
        len(bucket),
        timespan_text(min(durations)),
        timespan_text(max(durations)),
        timespan_text(sum(durations) / len(durations)),
        sum(sizes),
        min(sizes),
        max(sizes),
        sum(rows),
        min(rows),
        max(rows),
        failed if last.error_code else "Success",
        1,
        PRINCIPAL,
        MACHINE,
        json.loads(last.properties),
    ]
