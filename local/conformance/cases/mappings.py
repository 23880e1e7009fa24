"""Ingestion mappings."""

from __future__ import annotations

from local.conformance.case import Basis, Case, Expect, Stream
from local.conformance.cases import sources


def _mapped(
    name: str,
    kind: str,
    columns: str,
    content: bytes,
    shows: tuple[tuple[object, ...], ...],
    *,
    schema: str = "Id:int, Name:string",
    look: str = "{table}",
    source: str = sources.MAPPING,
    basis: Basis = Basis.DOCUMENTED,
) -> Case:
    return Case(
        name=f"mapping: {name}",
        source=source,
        basis=basis,
        schema=schema,
        setup=(f".create table {{table}} ingestion {kind} mapping 'm' '{columns}'",),
        action=Stream(content=content, data_format=kind, mapping="m"),
        look=look,
        expect=Expect(rows=len(shows), shows=shows),
    )


def _unix(unit: str, number: str) -> Case:
    return _mapped(
        f"DateTimeFromUnix{unit}",
        "json",
        f'[{{"column":"At","Properties":{{"Path":"$.t","Transform":"DateTimeFromUnix{unit}"}}}}]',
        f'{{"t":{number}}}'.encode(),
        (("2020-01-02T03:04:05.0000000Z",),),
        schema="At:datetime",
        look="{table} | project tostring(At)",
    )


MAPPINGS = (
    _mapped(
        "csv by ordinal",
        "csv",
        '[{"column":"Name","Properties":{"Ordinal":"0"}},{"column":"Id","Properties":{"Ordinal":"1"}}]',
        b"a,1\n",
        ((1, "a"),),
        source=sources.CSV_MAPPING,
    ),
    _mapped(
        "csv constant value",
        "csv",
        '[{"column":"Id","Properties":{"Ordinal":"0"}},{"column":"Name","Properties":{"ConstValue":"c"}}]',
        b"1,a\n",
        ((1, "c"),),
        source=sources.CSV_MAPPING,
    ),
    _mapped(
        "columns left out are null",
        "csv",
        '[{"column":"Id","Properties":{"Ordinal":"0"}}]',
        b"1,a\n",
        ((1, ""),),
        source=sources.CSV_MAPPING,
    ),
    _mapped(
        "an ordinal beyond the record is null",
        "csv",
        '[{"column":"Id","Properties":{"Ordinal":"0"}},{"column":"Name","Properties":{"Ordinal":"7"}}]',
        b"1,a\n",
        ((1, ""),),
        source=sources.INVALID,
    ),
    _mapped(
        "json nested path",
        "json",
        '[{"column":"Id","Properties":{"Path":"$.a.b"}},{"column":"Name","Properties":{"Path":"$.c[1].d"}}]',
        b'{"a":{"b":3},"c":[{},{"d":"x"}]}\n',
        ((3, "x"),),
        source=sources.JSON_MAPPING,
    ),
    _mapped(
        "json path with brackets",
        "json",
        """[{"column":"Id","Properties":{"Path":"$[\\'a b\\']"}},{"column":"Name","Properties":{"Path":"$.n"}}]""",
        b'{"a b":4,"n":"y"}\n',
        ((4, "y"),),
        source=sources.JSON_MAPPING,
    ),
    _mapped(
        "a missing path is null",
        "json",
        '[{"column":"Id","Properties":{"Path":"$.Id"}},{"column":"Name","Properties":{"Path":"$.no"}}]',
        b'{"Id":1}\n',
        ((1, ""),),
        source=sources.INVALID,
    ),
    _mapped(
        "json names are case-sensitive",
        "json",
        '[{"column":"Id","Properties":{"Path":"$.id"}}]',
        b'{"ID":1}\n',
        ((None, ""),),
    ),
    _mapped(
        "json constant value",
        "json",
        '[{"column":"Id","Properties":{"Path":"$.Id"}},{"column":"Name","Properties":{"ConstValue":"k"}}]',
        b'{"Id":1}\n',
        ((1, "k"),),
        source=sources.JSON_MAPPING,
    ),
    _mapped(
        "the whole document",
        "json",
        '[{"column":"D","Properties":{"Path":"$"}}]',
        b'{"a":{"b":[1]}}\n',
        (('{"a":{"b":[1]}}',),),
        schema="D:dynamic",
        look="{table} | project tostring(D)",
        source=sources.JSON_MAPPING,
    ),
    _mapped(
        "SourceLineNumber counts records from 1",
        "json",
        '[{"column":"N","Properties":{"Transform":"SourceLineNumber"}},{"column":"Id","Properties":{"Path":"$.Id"}}]',
        b'{"Id":7}\n{"Id":8}\n',
        ((7, 1), (8, 2)),
        schema="Id:int, N:long",
        look="{table} | order by Id asc",
    ),
    _unix("Seconds", "1577934245"),
    _unix("Milliseconds", "1577934245000"),
    _unix("Microseconds", "1577934245000000"),
    _unix("Nanoseconds", "1577934245000000000"),
    _mapped(
        "DropMappedFields",
        "json",
        '[{"column":"N","Properties":{"Path":"$.p.n"}},{"column":"D","Properties":{"Path":"$.p","Transform":"DropMappedFields"}}]',
        b'{"p":{"n":"x","r":1}}\n',
        (("x", '{"r":1}'),),
        schema="N:string, D:dynamic",
        look="{table} | project N, tostring(D)",
    ),
    _mapped(
        "PropertyBagArrayToDictionary",
        "json",
        '[{"column":"D","Properties":{"Path":"$.e","Transform":"PropertyBagArrayToDictionary"}}]',
        b'{"e":[{"n1":"v1"},{"n2":"v2"}]}\n',
        (('{"n1":"v1","n2":"v2"}',),),
        schema="D:dynamic",
        look="{table} | project tostring(D)",
    ),
    Case(
        name="mapping: json without a mapping",
        source=sources.STREAMING + " (mappingName is required for JSON); management/mappings knows an identity mapping",
        basis=Basis.STRICT,
        action=Stream(content=b'{"Id":1}\n', data_format="json"),
        expect=Expect(status=400, permanent=True, rows=0),
    ),
    Case(
        name="mapping: of another kind",
        source=sources.CODES,
        setup=(""".create table {table} ingestion csv mapping 'm' '[{"column":"Id","Properties":{"Ordinal":"0"}}]'""",),
        action=Stream(content=b'{"Id":1}\n', data_format="json", mapping="m"),
        expect=Expect(
            status=400,
            codes=("BadRequest_EntityNotFound", "BadRequest_MappingReferenceWasNotFound"),
            permanent=True,
            rows=0,
        ),
    ),
)
