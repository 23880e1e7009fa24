"""Data formats through the streaming endpoint."""

from __future__ import annotations

import io
from typing import Any

import fastavro

from local.conformance.case import Basis, Case, Expect, Stream
from local.conformance.cases import sources
from local.kusto.arrow import orc, pa, parquet

_JSON = """.create table {table} ingestion json mapping 'm' '[{"column":"Id","Properties":{"Path":"$.Id"}},\
{"column":"Name","Properties":{"Path":"$.Name"}}]'"""
_AVRO = _JSON.replace("json mapping", "avro mapping")
_TWO = ((1, "a"), (2, "b"))
_LOOK = "{table} | order by Id asc"


def _arrow() -> Any:
    return pa.table({"Id": pa.array([1, 2], pa.int32()), "Name": ["a", "b"]})


def _parquet() -> bytes:
    store = io.BytesIO()
    parquet.write_table(_arrow(), store)
    return store.getvalue()


def _orc() -> bytes:
    store = io.BytesIO()
    orc.write_table(_arrow(), store)
    return store.getvalue()


def _avro() -> bytes:
    store = io.BytesIO()
    fields = [{"name": "Id", "type": "int"}, {"name": "Name", "type": "string"}]
    schema: dict[str, Any] = {"type": "record", "name": "R", "fields": fields}
    fastavro.writer(store, schema, [{"Id": 1, "Name": "a"}, {"Id": 2, "Name": "b"}])
    return store.getvalue()


def _case(
    name: str,
    content: bytes,
    shows: tuple[tuple[object, ...], ...] = _TWO,
    data_format: str = "csv",
    *,
    mapping: str = "",
    source: str = sources.FORMATS,
    basis: Basis = Basis.DOCUMENTED,
    schema: str = "Id:int, Name:string",
    compressed: bool = False,
) -> Case:
    setup = {"": (), "m": (_JSON,), "avro": (_AVRO,)}[mapping]
    return Case(
        name=f"format: {name}",
        source=source,
        basis=basis,
        schema=schema,
        setup=setup,
        action=Stream(content=content, data_format=data_format, mapping="m" if mapping else "", compressed=compressed),
        look=_LOOK if schema.startswith("Id") else "{table}",
        expect=Expect(rows=len(shows), shows=shows),
    )


FORMATS = (
    _case("csv", b"1,a\n2,b\n"),
    _case("csv with CRLF", b"1,a\r\n2,b\r\n"),
    _case("csv without a last line end", b"1,a\n2,b"),
    _case("csv in gzip", b"1,a\n2,b\n", compressed=True),
    _case("csv with a quoted comma", b'1,"a,b"\n', ((1, "a,b"),)),
    _case("csv with a quoted line end", b'1,"a\nb"\n', ((1, "a\nb"),)),
    _case("csv with doubled quotes", b'1,"say ""hi"""\n', ((1, 'say "hi"'),)),
    _case("csv in UTF-8", "1,Grüße 🚀\n".encode(), ((1, "Grüße 🚀"),), source=sources.STREAMING),
    _case("csv with surplus fields", b"1,a,x\n2,b,y\n", source=sources.MAPPING),
    _case("csv with missing fields", b"1\n2\n", ((1, ""), (2, "")), source=sources.INVALID),
    _case("format names in any case", b"1,a\n2,b\n", data_format="CSV", source=sources.STREAMING),
    _case(
        "a header line is a record like any other",
        b"Id,Name\n1,a\n",
        ((None, "Name"), (1, "a")),
        source=sources.MANAGED,
    ),
    _case("tsv", b"1\ta\n2\tb\n", data_format="tsv"),
    _case("tsve", b"1\ta\\tb\n", ((1, "a\tb"),), "tsve"),
    _case("psv", b"1|a\n2|b\n", data_format="psv"),
    _case("scsv", b"1;a\n2;b\n", data_format="scsv"),
    _case("sohsv", b"1\x01a\n2\x01b\n", data_format="sohsv"),
    _case(
        "txt: a line is a record, empty ones are skipped",
        b"a,b\n\nc\n",
        (("a,b",), ("c",)),
        "txt",
        schema="Line:string",
    ),
    _case("raw: all is one value", b"a,b\nc\n", (("a,b\nc\n",),), "raw", schema="All:string", basis=Basis.STRICT),
    _case("json lines", b'{"Id":1,"Name":"a"}\n{"Id":2,"Name":"b"}\n', data_format="json", mapping="m"),
    _case("json lines with CRLF", b'{"Id":1,"Name":"a"}\r\n{"Id":2,"Name":"b"}\r\n', data_format="json", mapping="m"),
    _case("json without a last line end", b'{"Id":1,"Name":"a"}\n{"Id":2,"Name":"b"}', data_format="json", mapping="m"),
    _case("multijson array", b'[{"Id":1,"Name":"a"},\n {"Id":2,"Name":"b"}]', data_format="multijson", mapping="m"),
    _case(
        "multijson objects in a row", b'{"Id":1,"Name":"a"} {"Id":2,"Name":"b"}', data_format="multijson", mapping="m"
    ),
    _case(
        "multijson over many lines",
        b'{\n"Id":1,\n"Name":"a"\n}\n{"Id":2,\n"Name":"b"}',
        data_format="multijson",
        mapping="m",
    ),
    _case(
        "json: a malformed line is left out",
        b'{"Id":1,"Name":"a"}\n{"Id":9,\n{"Id":2,"Name":"b"}\n',
        data_format="json",
        mapping="m",
        source=sources.INVALID,
    ),
    _case("parquet by column name", _parquet(), data_format="parquet", source=sources.MAPPING),
    _case("orc by column name", _orc(), data_format="orc", source=sources.MAPPING),
    _case("avro with a mapping", _avro(), data_format="avro", mapping="avro"),
    _case("apacheavro with a mapping", _avro(), data_format="apacheavro", mapping="avro", source=sources.MAPPING),
)
