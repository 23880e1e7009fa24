"""The streaming endpoint: what it takes, and what each format and mapping becomes."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import threading
import zipfile
from operator import itemgetter
from typing import Any

import fastavro
import pytest
from aiohttp import web

from local.kusto.arrow import orc, pa, parquet

PLAIN = [{"a": "x", "b": 1}, {"a": "y", "b": 2}]


def _avro() -> bytes:
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "long"}],
    }
    out = io.BytesIO()
    fastavro.writer(out, schema, PLAIN)
    return out.getvalue()


def _arrow(write: Any) -> bytes:
    out = io.BytesIO()
    write(pa.Table.from_pylist(PLAIN), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data_format", "body"),
    [
        ("csv", b"x,1\ny,2\n"),
        ("csv", b"x,1\r\ny,2"),
        ("csv", b'"x","1",surplus\n\n"y",2,surplus\n'),
        ("csv", b"\xef\xbb\xbfx,1\ny,2\n"),
        ("CSV", b"x,1\ny,2\n"),
        ("tsv", b"x\t1\ny\t2\n"),
        ("tsve", b"x\t1\ny\t2\n"),
        ("psv", b"x|1\ny|2\n"),
        ("scsv", b"x;1\ny;2\n"),
        ("SCsv", b"x;1\ny;2\n"),
        ("sohsv", b"x\x011\ny\x012\n"),
        ("parquet", _arrow(parquet.write_table)),
        ("orc", _arrow(orc.write_table)),
        ("w3clogfile", b"#Version: 1.0\n#Fields: a b\nx 1\ny 2\n"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_formats_that_need_no_mapping(cluster: Any, data_format: str, body: bytes, compressed: bool) -> None:  # noqa: FBT001 - pytest gives it by name
    table = cluster.table()
    headers = {"Content-Encoding": "gzip"} if compressed else None

    answer = cluster.stream(
        table, gzip.compress(body) if compressed else body, headers=headers, streamFormat=data_format
    )

    assert answer.status_code == 200, answer.text
    (answered,) = answer.json()["Tables"]
    assert answered["Columns"][0]["ColumnName"] == "ConsumedRecordsCount"
    assert answered["Rows"][0][0] == 2
    assert cluster.query(f"{table} | order by b asc") == PLAIN


@pytest.mark.parametrize(
    ("data_format", "body"),
    [
        ("json", b'{"a":"x","b":1}\n{"a":"y","b":2}\n'),
        ("json", b'{"a":"x","b":1}\r\n\r\n{"a":"y","b":2}'),
        ("multijson", b'[{"a":"x","b":1},\n {"a":"y","b":2}]'),
        ("multijson", b'{"a":"x",\n"b":1}\n\n{"a":"y","b":2}'),
        ("multijson", b'[{"a":"x","b":1}][{"a":"y","b":2}]'),
        ("avro", _avro()),
        ("apacheavro", _avro()),
    ],
)
def test_formats_that_need_a_mapping(cluster: Any, data_format: str, body: bytes) -> None:
    table = cluster.table()
    kind = "json" if "json" in data_format else data_format
    cluster.mgmt(
        f".create table {table} ingestion {kind} mapping 'm' "
        """'[{"column":"a","Properties":{"Path":"$.a"}},{"column":"b","Properties":{"Path":"$.b"}}]'"""
    )

    without = cluster.stream(table, body, streamFormat=data_format)
    answer = cluster.stream(table, body, streamFormat=data_format, mappingName="m")

    assert without.status_code == 400
    assert without.json()["error"]["code"] == "BadRequest_MissingMappingtFailure"
    assert answer.status_code == 200, answer.text
    assert cluster.query(f"{table} | order by b asc") == PLAIN


def test_singlejson_is_one_object_over_several_lines(cluster: Any) -> None:
    table = cluster.table("a:string, b:dynamic")
    cluster.mgmt(
        f".create table {table} ingestion json mapping 'm' "
        """'[{"column":"a","path":"$.a"},{"column":"b","path":"$.b[0][\\'c d\\']"}]'"""
    )

    answer = cluster.stream(
        table, b'{\n "a": {"n": 1.10},\n "b": [{"c d": [true]}]\n}', streamFormat="singlejson", mappingName="m"
    )

    assert answer.status_code == 200, answer.text
    assert cluster.query(table) == [{"a": '{"n":1.10}', "b": [True]}]


@pytest.mark.parametrize(("data_format", "rows"), [("txt", ["one, two", "three"]), ("raw", ["one, two\n\nthree\n"])])
def test_text_without_columns(cluster: Any, data_format: str, rows: list[str]) -> None:
    table = cluster.table("line:string, more:long")

    cluster.stream(table, b"one, two\n\nthree\n", streamFormat=data_format)

    assert [row["line"] for row in cluster.query(table)] == rows


def test_missing_fields_are_null_and_surplus_ones_are_ignored(cluster: Any) -> None:
    table = cluster.table("a:string, b:long, c:string")

    cluster.stream(table, b"x\n")
    cluster.stream(table, b"y,1,z,more,still more\n,,,,\n")

    assert sorted(cluster.query(table), key=itemgetter("a")) == [
        {"a": "", "b": None, "c": ""},
        {"a": "x", "b": None, "c": ""},
        {"a": "y", "b": 1, "c": "z"},
    ]


def test_malformed_lines_of_json_are_left_out_and_the_others_ingested(cluster: Any) -> None:
    table = cluster.table("a:string")
    cluster.mgmt(f""".create table {table} ingestion json mapping 'm' '[{{"column":"a","path":"$.a"}}]'""")

    answer = cluster.stream(
        table, b'{"a":"x"}\n{"a":\n5\n{"a":"\xff"}\n{"a":"y"}', streamFormat="json", mappingName="m"
    )

    assert answer.status_code == 200
    assert [row["a"] for row in cluster.query(table)] == ["x", "y"]


def test_fields_that_other_columns_take_are_dropped_at_any_depth(cluster: Any) -> None:
    mapping = (
        '[{"column":"n","path":"$.p.n"},{"column":"q","path":"$.p.d.q"},'
        '{"column":"rest","path":"$.p","transform":"DropMappedFields"},'
        '{"column":"above","path":"$","transform":"DropMappedFields"}]'
    )
    table = cluster.table("n:string, q:string, rest:dynamic, above:dynamic")
    cluster.mgmt(f".create table {table} ingestion json mapping 'm' '{mapping}'")

    cluster.stream(table, b'{"p":{"n":"x","d":{"q":"y","s":1},"l":[1]},"t":2}', streamFormat="json", mappingName="m")

    assert cluster.query(table) == [{"n": "x", "q": "y", "rest": {"d": {"s": 1}, "l": [1]}, "above": {"t": 2}}]


def test_a_value_that_does_not_convert_is_null_and_its_row_stays(cluster: Any) -> None:
    table = cluster.table("i:int, t:datetime, g:guid, j:dynamic")

    cluster.stream(table, b"one,never,none,not json\n1,2020-01-01,,\n")

    first, second = cluster.query(table)
    assert first == {"i": None, "t": None, "g": None, "j": "not json"}
    assert second["i"] == 1


def test_csv_mapping_goes_by_ordinal_with_constants_and_transforms(cluster: Any) -> None:
    table = cluster.table("a:string, n:long, t:datetime, k:string")
    mapping = [
        {"column": "a", "Properties": {"Ordinal": "2"}},
        {"column": "n", "Properties": {"Transform": "SourceLineNumber"}},
        {"column": "t", "Properties": {"Ordinal": 0, "Transform": "DateTimeFromUnixMilliseconds"}},
        {"Name": "k", "ConstValue": "fixed"},
    ]
    cluster.mgmt(f".create table {table} ingestion csv mapping 'm'\n```\n{json.dumps(mapping)}\n```")

    cluster.stream(table, b"1577836800500,skipped,x\nbad,skipped,y\n", mappingName="m")

    shown = cluster.query(f"{table} | project a, n, t = tostring(t), k | order by n asc")
    assert [list(row.values()) for row in shown] == [
        ["x", 1, "2020-01-01T00:00:00.5000000Z", "fixed"],
        ["y", 2, "", "fixed"],
    ]


def test_json_transforms(cluster: Any) -> None:
    table = cluster.table("bag:dynamic, rest:dynamic, s:datetime, u:datetime, n:datetime")
    mapping = [
        {"column": "bag", "path": "$.events", "transform": "PropertyBagArrayToDictionary"},
        {"column": "rest", "path": "$", "transform": "DropMappedFields"},
        {"column": "s", "path": "$.s", "transform": "DateTimeFromUnixSeconds"},
        {"column": "u", "path": "$.u", "transform": ["DateTimeFromUnixMicroseconds"]},
        {"column": "n", "path": "$.n", "transform": "DateTimeFromUnixNanoseconds"},
    ]
    cluster.mgmt(f".create table {table} ingestion json mapping 'm' ```{json.dumps(mapping)}```")
    body = {"events": [{"n1": "v1"}, {"n2": "v2"}], "s": 1, "u": 2_000_000, "n": 3_000_000_000, "left": True}

    cluster.stream(table, json.dumps(body).encode(), streamFormat="json", mappingName="m")

    (row,) = cluster.query(table)
    assert (row["bag"], row["rest"]) == ({"n1": "v1", "n2": "v2"}, {"left": True})
    assert [row[k].timestamp() for k in "sun"] == [1.0, 2.0, 3.0]


def test_a_mapping_of_the_database_serves_every_table_and_the_tables_own_goes_first(cluster: Any) -> None:
    table = cluster.table()
    name = f"m_{table}"
    cluster.mgmt(f""".create database Events ingestion csv mapping '{name}' '[{{"column":"a","Ordinal":1}}]'""")

    cluster.stream(table, b"0,one\n", mappingName=name)
    cluster.mgmt(f""".create table {table} ingestion csv mapping '{name}' '[{{"column":"a","Ordinal":0}}]'""")
    cluster.stream(table, b"0,one\n", mappingName=name)

    assert [row["a"] for row in cluster.query(f"{table} | order by a asc")] == ["0", "one"]


def test_the_header_row_is_ingested_for_streaming_has_no_ignore_first_record(cluster: Any) -> None:
    table = cluster.table()

    cluster.stream(table, b"a,b\nx,1\n", ignoreFirstRecord="true")

    assert cluster.count(table) == 2


def test_several_gzip_members_are_one_body(cluster: Any) -> None:
    table = cluster.table()

    cluster.stream(table, gzip.compress(b"x,1\n") + gzip.compress(b"y,2\n"), headers={"Content-Encoding": "gzip"})

    assert cluster.count(table) == 2


def test_a_chunked_body_is_taken(cluster: Any) -> None:
    table = cluster.table()

    answer = cluster.stream(table, iter([b"x,1\ny", b",2\n"]))  # type: ignore[arg-type]

    assert answer.status_code == 200
    assert cluster.count(table) == 2


def test_large_content_reads_as_small_content_does(cluster: Any) -> None:
    small, large = cluster.table("a:string, b:long, j:dynamic"), cluster.table("a:string, b:long, j:dynamic")
    rows = [b'"quoted, ""twice""\nand broken",%d,"{""n"":%d}"\n' % (i, i) for i in range(3000)]

    for start in range(0, 3000, 500):
        cluster.stream(small, b"".join(rows[start : start + 500]))
    cluster.stream(large, b"".join(rows))

    assert cluster.query(f"{small} | order by b asc") == cluster.query(f"{large} | order by b asc")
    assert cluster.count(large) == 3000


@pytest.mark.parametrize("name", ["plain.csv", "named.csv.gz", "one.csv.zip", "encoded.csv"])
def test_a_source_blob_is_read(cluster: Any, blobs: Any, name: str) -> None:
    table = cluster.table("a:string, b:long, place:string")
    mapping = '[{"column":"a","Ordinal":0},{"column":"b","Ordinal":1},{"column":"place","Transform":"SourceLocation"}]'
    cluster.mgmt(f".create table {table} ingestion csv mapping 'm' '{mapping}'")
    body = json.dumps({"SourceUri": f"{blobs}/{name}?sig=secret"}).encode()

    answer = cluster.stream(table, body, sourceKind="uri", mappingName="m")

    assert answer.status_code == 200, answer.text
    assert cluster.query(table) == [{"a": "x", "b": 1, "place": f"{blobs}/{name}"}]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("{blobs}/missing.csv", "Download_SourceNotFound"),
        ("{blobs}/denied.csv", "Download_Forbidden"),
        ("{blobs}/plain.csv;managed_identity=system", "BadRequest_NotSupported"),
        ("http://127.0.0.1:9/nobody.csv", "Download_AccountNotFound"),
        ("file:///etc/hostname", "BadRequest_InvalidBlobUri"),
        ("", "BadRequest_EmptyBlobUri"),
    ],
)
def test_a_source_blob_that_cannot_be_read_is_refused(cluster: Any, blobs: Any, uri: str, code: str) -> None:
    table = cluster.table()
    body = json.dumps({"sourceUri": uri.format(blobs=blobs)}).encode()

    answer = cluster.stream(table, body, sourceKind="uri")

    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["@permanent"]) == (code, True)
    assert cluster.count(table) == 0


@pytest.fixture(scope="module")
def blobs() -> Any:
    """A loopback server of blobs, in a thread of its own."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("inner.csv", "x,1\n")
    stored = {
        "plain.csv": (b"x,1\n", {}),
        "named.csv.gz": (gzip.compress(b"x,1\n"), {}),
        "one.csv.zip": (archive.getvalue(), {}),
        "encoded.csv": (gzip.compress(b"x,1\n"), {"Content-Encoding": "gzip"}),
    }

    async def blob(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name == "denied.csv":
            return web.Response(status=403)
        if name not in stored:
            return web.Response(status=404)
        body, headers = stored[name]
        return web.Response(body=body, headers=headers)

    ready, url = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.add_routes([web.get("/{name}", blob)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.close()))
    thread.start()
    ready.wait(10)
    yield url[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


@pytest.mark.parametrize(
    ("data_format", "body"),
    [
        ("parquet", _arrow(parquet.write_table)),
        ("orc", _arrow(orc.write_table)),
        ("avro", _avro()),
        ("w3clogfile", b"#Fields: a b\nx 1\ny 2\n"),
    ],
)
def test_a_mapping_renames_fields_and_adds_constants(cluster: Any, data_format: str, body: bytes) -> None:
    table = cluster.table("number:long, name:string, line:long, kind:string, none:real")
    cluster.mgmt(
        f".create table {table} ingestion {data_format} mapping 'm' "
        """'[{"column":"name","Properties":{"Field":"a"}},{"column":"number","Properties":{"Path":"$.b"}},"""
        """{"column":"line","Properties":{"Transform":"SourceLineNumber"}},"""
        """{"column":"kind","Properties":{"ConstValue":"k"}}]'"""
    )

    answer = cluster.stream(table, body, streamFormat=data_format, mappingName="m")

    assert answer.status_code == 200, answer.text
    assert cluster.query(f"{table} | order by number asc") == [
        {"number": 1, "name": "x", "line": 1, "kind": "k", "none": None},
        {"number": 2, "name": "y", "line": 2, "kind": "k", "none": None},
    ]
