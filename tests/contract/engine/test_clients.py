"""The clients of PyPI work against the local Kusto unchanged."""

from __future__ import annotations

import gzip
import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AccessToken
from azure.kusto.data import ClientRequestProperties, DataFormat, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.aio import KustoClient as AsyncKustoClient
from azure.kusto.data.exceptions import KustoApiError, KustoServiceError
from azure.kusto.ingest import (
    BlobDescriptor,
    FileDescriptor,
    IngestionProperties,
    KustoStreamingIngestClient,
    StreamDescriptor,
)

if TYPE_CHECKING:
    from pathlib import Path

ALL_TYPES = "s:string, i:int, l:long, r:real, d:decimal, b:bool, t:datetime, span:timespan, g:guid, j:dynamic"
ROW = (
    b"text,1,9007199254740993,1.5,12345678901234.000000000000000001,true,2018-01-26 00:00:00.1234560,"
    b'1.02:03:04.5000000,6f2c1e4a-0000-0000-0000-000000000001,"{""a"":[1,{""b"":null}]}"\n'
)


@pytest.fixture
def ingest_client(cluster: Any) -> Any:
    with KustoStreamingIngestClient(KustoConnectionStringBuilder.with_no_authentication(cluster.url)) as client:
        yield client


def test_every_type_survives_the_way_to_the_client(cluster: Any) -> None:
    table = cluster.table(ALL_TYPES)
    cluster.client.execute_streaming_ingest("Events", table, io.BytesIO(gzip.compress(ROW)), None, "csv")

    (row,) = cluster.query(table)

    assert row == {
        "s": "text",
        "i": 1,
        "l": 9007199254740993,
        "r": 1.5,
        "d": row["d"],
        "b": True,
        "t": datetime(2018, 1, 26, 0, 0, 0, 123456, tzinfo=UTC),
        "span": timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500),
        "g": "6f2c1e4a-0000-0000-0000-000000000001",
        "j": {"a": [1, {"b": None}]},
    }
    assert str(row["d"]) == "12345678901234.000000000000000001"
    kinds = cluster.client.execute_query("Events", table).primary_results[0].columns
    assert [c.column_type for c in kinds] == [
        "string", "int", "long", "real", "decimal", "bool", "datetime", "timespan", "guid", "dynamic",
    ]  # fmt: skip


def test_streaming_client_takes_a_stream(cluster: Any, ingest_client: Any) -> None:
    table = cluster.table()
    properties = IngestionProperties(database="Events", table=table, data_format=DataFormat.CSV)

    ingest_client.ingest_from_stream(StreamDescriptor(io.BytesIO(b"x,1\ny,2\n")), properties)

    assert cluster.count(table) == 2


def test_streaming_client_takes_a_file(cluster: Any, ingest_client: Any, tmp_path: Path) -> None:
    table = cluster.table()
    file = tmp_path / "rows.csv"
    file.write_bytes(b"x,1\ny,2\nz,3\n")
    properties = IngestionProperties(database="Events", table=table, data_format=DataFormat.CSV)

    ingest_client.ingest_from_file(FileDescriptor(str(file)), properties)

    assert cluster.count(table) == 3


def test_streaming_client_uses_a_json_mapping(cluster: Any, ingest_client: Any) -> None:
    table = cluster.table("Id:string, Data:dynamic")
    cluster.mgmt(
        f".create table {table} ingestion json mapping 'm' "
        """'[{"column":"Id","Properties":{"Path":"$.id"}},{"column":"Data","Properties":{"Path":"$"}}]'"""
    )
    properties = IngestionProperties(
        database="Events", table=table, data_format=DataFormat.JSON, ingestion_mapping_reference="m"
    )

    ingest_client.ingest_from_stream(StreamDescriptor(io.BytesIO(b'{"id":"1","n":[1]}\n{"id":"2"}\n')), properties)

    assert cluster.query(f"{table} | order by Id asc") == [
        {"Id": "1", "Data": {"id": "1", "n": [1]}},
        {"Id": "2", "Data": {"id": "2"}},
    ]


def test_streaming_client_reports_a_blob_that_is_not_there(cluster: Any, ingest_client: Any) -> None:
    table = cluster.table()
    properties = IngestionProperties(database="Events", table=table, data_format=DataFormat.CSV)

    with pytest.raises(KustoServiceError, match=r"Download_SourceNotFound"):
        ingest_client.ingest_from_blob(BlobDescriptor(f"{cluster.url}/no/such.csv"), properties)


async def test_async_client_queries_commands_and_streams(cluster: Any) -> None:
    table = cluster.table()
    async with AsyncKustoClient(KustoConnectionStringBuilder.with_no_authentication(cluster.url)) as client:
        await client.execute_streaming_ingest("Events", table, gzip.compress(b"x,1\n"), None, "csv")
        await client.execute_streaming_ingest("Events", table, gzip.compress(b"x,2\n"), None, "csv")
        shown = await client.execute("Events", f".show table {table} cslschema")
        counted = await client.execute("Events", f"{table} | summarize sum(b)")

    assert shown.primary_results[0][0]["Schema"] == "a:string,b:long"
    assert counted.primary_results[0][0]["sum_b"] == 3


def test_client_with_a_token_reads_the_metadata(cluster: Any) -> None:
    class Credential:
        def get_token(self, *_scopes: str, **_: Any) -> Any:
            return AccessToken("token", 4102444800)

        def close(self) -> None:
            return

    kcsb = KustoConnectionStringBuilder.with_azure_token_credential(cluster.url, Credential())
    with KustoClient(kcsb) as client:
        assert client.execute("Events", "print x = 1").primary_results[0][0]["x"] == 1


def test_query_parameters_reach_the_query(cluster: Any) -> None:
    table = cluster.table()
    cluster.stream(table, b"x,1\ny,2\n")
    properties = ClientRequestProperties()
    properties.set_parameter("wanted", "y")

    answer = cluster.client.execute_query(
        "Events", f"declare query_parameters(wanted:string); {table} | where a == wanted", properties
    )

    assert [row["b"] for row in answer.primary_results[0]] == [2]


@pytest.mark.parametrize("table", ["Missing", "missing table"])
def test_a_refusal_arrives_as_a_permanent_api_error(cluster: Any, table: str) -> None:
    with pytest.raises(KustoApiError) as caught:
        cluster.client.execute_streaming_ingest("Events", table, io.BytesIO(b"x,1\n"), None, "csv")

    error = caught.value.get_api_error()
    assert error.code == "BadRequest_EntityNotFound"
    assert error.permanent
    assert f"Entity ID '{table}' of kind 'Table' was not found." in error.description


def test_a_request_id_comes_back_in_the_error(cluster: Any) -> None:
    request_id = f"KPC.test;{uuid.uuid4()}"
    answer = cluster.stream("Missing", b"x\n", headers={"x-ms-client-request-id": request_id})

    assert answer.json()["error"]["@context"]["clientRequestId"] == request_id
    assert answer.headers["x-ms-client-request-id"] == request_id
