"""From an ingest request to rows that can be appended: everything that can refuse happens here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.kusto.appends import Append
from local.kusto.documents import MalformedError
from local.kusto.errors import KustoError, bad_request, bad_stream, empty_stream, streaming_policy_off, too_large
from local.kusto.formats import DataFormat, MappingKind, mapping_kind
from local.kusto.mapping import ColumnPlan, check_mapping, identity, plan
from local.kusto.model import IngestKind, IngestRequest
from local.kusto.records import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kusto.catalog import Database, Table
    from local.kusto.limits import Limits

_NEED_MAPPING: Final = {
    DataFormat.JSON,
    DataFormat.SINGLEJSON,
    DataFormat.MULTIJSON,
    DataFormat.AVRO,
    DataFormat.APACHEAVRO,
}


def prepare(request: IngestRequest, database: Database, limits: Limits) -> Append:
    """Check and parse a request against the database as its kind of ingestion sees it; raises ``KustoError``."""
    table = database.table(request.table)
    if request.kind is IngestKind.STREAMING:
        _check_streaming(request, database, table, limits)
    plans = _plans(request, database, table)
    if not request.content:
        raise empty_stream(database.name, table.name)
    try:
        rows = read_rows(
            request.content,
            request.data_format,
            plans,
            skip_first=request.ignore_first_record and request.kind is not IngestKind.STREAMING,
            source=request.source,
        )
    except MalformedError as error:
        raise empty_stream(database.name, table.name, "BadRequest_InvalidBlob") from error
    except KustoError as error:
        if request.kind is IngestKind.STREAMING and error.code.startswith("Stream_"):
            raise bad_stream(database.name, table.name, error.description, error.code) from None
        raise
    if not rows.num_rows:
        raise empty_stream(database.name, table.name, "BadRequest_NoRecordsOrWrongFormat")
    return Append(
        database=database.name,
        table=table.name,
        rows=rows,
        size=len(request.content),
        tags=request.tags if request.kind is not IngestKind.STREAMING else (),
        ingest_if_not_exists=request.ingest_if_not_exists if request.kind is not IngestKind.STREAMING else (),
        created=request.creation_time,
        kind=request.kind,
    )


def admit_stream(database: Database, table: Table) -> None:
    """Whether streaming ingestion into the table is on; raises ``KustoError``."""
    if not database.streaming_enabled(table):
        raise streaming_policy_off(database.name, table.name)


def _check_streaming(request: IngestRequest, database: Database, table: Table, limits: Limits) -> None:
    admit_stream(database, table)
    if len(request.content) > limits.request_bytes:
        raise too_large(limits.request_bytes)


def _plans(request: IngestRequest, database: Database, table: Table) -> Sequence[ColumnPlan]:
    kind = mapping_kind(request.data_format)
    if request.mapping_name and request.inline_mapping is not None:
        raise bad_request(
            "BadRequest_DuplicateMapping", "Both an ingestion mapping and a mapping reference were given; use one."
        )
    if request.inline_mapping is not None:
        return plan(table, check_mapping(request.inline_mapping, kind), kind)
    if request.mapping_name:
        return plan(table, database.mapping(table, request.mapping_name, kind).elements, kind)
    return _without_mapping(request, table, kind)


def _without_mapping(request: IngestRequest, table: Table, kind: MappingKind) -> Sequence[ColumnPlan]:
    """Identity, except where the streaming endpoint's documentation requires ``mappingName``."""
    if request.kind is IngestKind.STREAMING and request.data_format in _NEED_MAPPING:
        raise bad_request(
            "BadRequest_MissingMappingtFailure",
            f"Data format '{request.data_format}' must be ingested with a mapping: create an ingestion mapping on "
            f"table '{table.name}' and name it in mappingName.",
        )
    return identity(table, kind)
