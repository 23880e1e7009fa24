"""Streaming requests that are refused."""

from __future__ import annotations

import gzip

from local.conformance.case import Action, Basis, Case, Expect, Raw, Stream
from local.conformance.cases import sources

_MEBIBYTE = 1024 * 1024
_JSON = """.create table {table} ingestion json mapping 'm' '[{"column":"Id","Properties":{"Path":"$.Id"}}]'"""
_TWICE = (
    ".create table {table}_more (Id:int, Name:string)",
    """.alter table {table}_more policy update @'[{"IsEnabled":true,"Source":"{table}","Query":"{table}",\
"IsTransactional":true}]'""",
)
_EMPTY = Expect(status=400, codes=("BadRequest",), permanent=True, rows=0)
_NOT_FOUND = ("BadRequest_EntityNotFound", "BadRequest_TableNotExist", "BadRequest_DatabaseNotExist")


def _refused(
    name: str,
    source: str,
    action: Action,
    expect: Expect,
    *,
    basis: Basis = Basis.DOCUMENTED,
    setup: tuple[str, ...] = (),
    cleanup: tuple[str, ...] = (),
    streaming: bool = True,
) -> Case:
    return Case(
        name=f"refusal: {name}",
        source=source,
        basis=basis,
        setup=setup,
        cleanup=cleanup,
        streaming=streaming,
        action=action,
        expect=expect,
    )


def _lines(size: int) -> bytes:
    """CSV of exactly so many raw bytes."""
    line = b"1," + b"x" * 1021 + b"\n"
    return line * (size // len(line))


REFUSALS = (
    _refused("an empty body", sources.REAL_CLUSTER, Stream(content=b"", sdk=False), _EMPTY, basis=Basis.OBSERVED),
    _refused(
        "gzip of nothing", sources.REAL_CLUSTER, Stream(content=b"", compressed=True), _EMPTY, basis=Basis.OBSERVED
    ),
    _refused(
        "no record of JSON is well-formed",
        sources.REAL_CLUSTER,
        Stream(content=b"{broken\n", data_format="json", mapping="m"),
        _EMPTY,
        basis=Basis.OBSERVED,
        setup=(_JSON,),
    ),
    _refused(
        "multijson that is malformed",
        sources.INVALID,
        Stream(content=b'[{"Id":1},{"Id":', data_format="multijson", mapping="m"),
        Expect(status=400, permanent=True, rows=0),
        setup=(_JSON,),
    ),
    _refused(
        "csv records of different length, nothing of it ingested",
        sources.INVALID,
        Stream(content=b"1,a\n2\n"),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "csv with an open quote",
        sources.CODES,
        Stream(content=b'1,a\n2,"b\n'),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "parquet that is none",
        sources.INVALID,
        Stream(content=b"PAR1 but no more", data_format="parquet"),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "gzip that is broken",
        sources.STREAMING,
        Stream(content=gzip.compress(b"1,a\n")[:-6], headers={"Content-Encoding": "gzip"}, sdk=False),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "gzip by the header only",
        sources.STREAMING,
        Stream(content=b"1,a\n", headers={"Content-Encoding": "gzip"}, sdk=False),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "another content encoding",
        sources.STREAMING,
        Stream(content=b"1,a\n", headers={"Content-Encoding": "br"}, sdk=False),
        Expect(status=400, permanent=True, rows=0),
        basis=Basis.STRICT,
    ),
    _refused(
        "a format nobody knows",
        sources.CODES,
        Stream(content=b"1,a\n", data_format="docx", sdk=False),
        Expect(status=400, codes=("BadRequest_FormatNotSupported", "BadRequest"), permanent=True, rows=0),
    ),
    _refused(
        "no format",
        sources.STREAMING,
        Stream(content=b"1,a\n", query="", sdk=False),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "a table that is not there",
        sources.CODES,
        Stream(content=b"1,a\n", path="{db}/{table}_not", sdk=False),
        Expect(status=400, codes=_NOT_FOUND, permanent=True, rows=0),
    ),
    _refused(
        "a database that is not there",
        sources.CODES,
        Stream(content=b"1,a\n", path="{db}_not/{table}", sdk=False),
        Expect(status=400, codes=_NOT_FOUND, permanent=True, rows=0),
    ),
    _refused(
        "table names are case-sensitive",
        sources.MANAGEMENT + "/entity-names",
        Stream(content=b"1,a\n", path="{db}/c{table}", sdk=False),
        Expect(status=400, codes=_NOT_FOUND, permanent=True, rows=0),
    ),
    _refused(
        "a mapping that is not there",
        sources.REAL_CLUSTER,
        Stream(content=b'{"Id":1}\n', data_format="json", mapping="none"),
        Expect(
            status=400,
            codes=("BadRequest_EntityNotFound", "BadRequest_MappingReferenceWasNotFound"),
            permanent=True,
            rows=0,
        ),
        basis=Basis.OBSERVED,
    ),
    _refused(
        "the streaming policy is off",
        "azure-kusto clients, issues (code of several clients)",
        Stream(content=b"1,a\n"),
        Expect(status=400, codes=("BadRequest_StreamingIngestionPolicyNotEnabled",), permanent=True, rows=0),
        basis=Basis.OBSERVED,
        streaming=False,
    ),
    _refused(
        "over 4 MiB",
        sources.LIMITS,
        Stream(content=_lines(4 * _MEBIBYTE) + b"1,a\n", sdk=False),
        Expect(status=413, permanent=True, rows=0),
        basis=Basis.STRICT,
    ),
    _refused(
        "over 4 MiB raw, small in gzip",
        sources.LIMITS + " (raw or compressed is not said)",
        Stream(content=_lines(4 * _MEBIBYTE) + b"1,a\n", compressed=True),
        Expect(status=413, permanent=True, rows=0),
        basis=Basis.STRICT,
    ),
    _refused(
        "over 10 MiB",
        sources.MANAGED,
        Stream(content=_lines(10 * _MEBIBYTE) + b"1,a\n", compressed=True),
        Expect(status=413, permanent=True, rows=0),
    ),
    _refused(
        "over 4 MiB with what an update policy adds",
        sources.LIMITS,
        Stream(content=_lines(3 * _MEBIBYTE), compressed=True),
        Expect(status=413, permanent=True, rows=0),
        setup=_TWICE,
        cleanup=(".drop table {table}_more ifexists",),
    ),
    _refused("exactly 4 MiB is taken", sources.LIMITS, Stream(content=_lines(4 * _MEBIBYTE)), Expect(rows=4096)),
    _refused(
        "a source blob without an address",
        sources.CODES,
        Stream(content=b"{}", query="streamFormat=csv&sourceKind=uri", sdk=False),
        Expect(status=400, permanent=True, rows=0),
    ),
    _refused(
        "a source blob by managed identity",
        "Microsoft docs: ingest-data-managed-identity (queued ingestion only)",
        Stream(
            content=b'{"sourceUri":"https://account.blob.core.windows.net/c/b.csv;managed_identity=system"}',
            query="streamFormat=csv&sourceKind=uri",
            headers={"Content-Type": "application/json"},
            sdk=False,
        ),
        Expect(status=400, permanent=True, rows=0),
        basis=Basis.STRICT,
    ),
    _refused(
        "another method",
        sources.STREAMING,
        Raw(method="GET", path="/v1/rest/ingest/{db}/{table}?streamFormat=csv"),
        Expect(status=405, rows=0),
        basis=Basis.STRICT,
    ),
)
