"""Queued ingestion through ``QueuedIngestClient``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from azure.kusto.ingest import ColumnMapping, IngestionMappingKind

from local.conformance.case import Basis, Case, Expect, Queued
from local.conformance.cases import sources

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON = """.create table {table} ingestion json mapping 'm' '[{"column":"Id","Properties":{"Path":"$.Id"}}]'"""


def _queued(
    name: str,
    content: bytes,
    expect: Expect,
    *,
    data_format: str = "csv",
    properties: Mapping[str, object] | None = None,
    setup: tuple[str, ...] = (),
    times: int = 1,
    missing_blob: bool = False,
    source: str = sources.PROPERTIES,
    basis: Basis = Basis.DOCUMENTED,
    look: str = "",
) -> Case:
    return Case(
        name=f"queued: {name}",
        source=source,
        basis=basis,
        setup=setup,
        streaming=False,
        look=look,
        action=Queued(
            content=content,
            data_format=data_format,
            properties=properties or {},
            times=times,
            missing_blob=missing_blob,
        ),
        expect=expect,
    )


def _failed(code: str) -> Expect:
    return Expect(rows=0, failure=code)


QUEUED = (
    _queued("csv, the streaming policy off", b"1,a\n2,b\n", Expect(rows=2)),
    _queued(
        "the first record is ignored",
        b"Id,Name\n1,a\n",
        Expect(rows=1, shows=((1, "a"),)),
        properties={"ignore_first_record": True},
        look="{table}",
    ),
    _queued(
        "a mapping by reference",
        b'{"Id":1}\n{"Id":2}\n',
        Expect(rows=2),
        data_format="json",
        properties={"ingestion_mapping_reference": "m"},
        setup=(_JSON,),
    ),
    _queued(
        "an inline mapping",
        b"a,1\n",
        Expect(rows=1, shows=((1, "a"),)),
        properties={
            "column_mappings": [ColumnMapping("Name", "string", ordinal=0), ColumnMapping("Id", "int", ordinal=1)],
            "ingestion_mapping_kind": IngestionMappingKind.CSV,
        },
        look="{table}",
    ),
    _queued(
        "ingest-by tags let the same thing in once",
        b"1,a\n",
        Expect(rows=1),
        properties={"ingest_by_tags": ["once"], "ingest_if_not_exists": ["once"]},
        times=2,
        source="Microsoft docs: management/extent-tags",
    ),
    _queued("without a tag the same thing comes in twice", b"1,a\n", Expect(rows=2), times=2),
    _queued(
        "json, identity by column name",
        json.dumps({"Id": 1, "Name": "a"}).encode(),
        Expect(rows=1, shows=((1, "a"),)),
        data_format="json",
        look="{table}",
        source=sources.MAPPING,
        basis=Basis.STRICT,
    ),
    _queued(
        "a source blob that is not there",
        b"",
        _failed("Download_SourceNotFound"),
        missing_blob=True,
        source=sources.CODES,
    ),
    _queued(
        "a mapping that is not there",
        b'{"Id":1}\n',
        _failed("BadRequest_MappingReferenceWasNotFound"),
        data_format="json",
        properties={"ingestion_mapping_reference": "none"},
        source=sources.CODES,
    ),
    _queued(
        "csv records of different length",
        b"1,a\n2\n",
        _failed("Stream_WrongNumberOfFields"),
        source=sources.INVALID,
    ),
    _queued("csv with an open quote", b'1,"a\n', _failed("Stream_ClosingQuoteMissing"), source=sources.CODES),
    _queued(
        "multijson that is malformed",
        b'[{"Id":1},{"Id":',
        _failed("BadRequest_InvalidBlob"),
        data_format="multijson",
        properties={"ingestion_mapping_reference": "m"},
        setup=(_JSON,),
        source=sources.INVALID,
    ),
    _queued(
        "parquet that is none",
        b"PAR1 but no more",
        _failed("BadRequest_InvalidBlob"),
        data_format="parquet",
        source=sources.INVALID,
    ),
)
