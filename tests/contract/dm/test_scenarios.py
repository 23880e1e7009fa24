"""The vendor's end-to-end scenarios for Python (azure-kusto-python, tests/test_e2e_ingest.py) that need no pandas."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.kusto.data import KustoClient
from azure.kusto.data.aio import KustoClient as AsyncKustoClient
from azure.kusto.data.data_format import DataFormat
from azure.kusto.ingest import (
    BlobDescriptor,
    FileDescriptor,
    IngestionMappingKind,
    IngestionProperties,
    IngestionStatus,
    KustoStreamingIngestClient,
    ManagedStreamingIngestClient,
    QueuedIngestClient,
    ReportLevel,
    ReportMethod,
    ValidationImplications,
    ValidationOptions,
    ValidationPolicy,
)
from azure.storage.blob import BlobClient

from tests.kusto_fixture import DATABASE, LocalKusto

# azure-kusto-ingest 6.0.4 calls datetime.utcnow(), which Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

CSV = b'1,a,"{""k"":1}"\n2,b,\n'
JSON = b'{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n'


@pytest.fixture
def queued(kusto: LocalKusto) -> Iterator[QueuedIngestClient]:
    with QueuedIngestClient(kusto.kcsb) as client:
        yield client


@pytest.fixture
def streaming(kusto: LocalKusto) -> Iterator[KustoStreamingIngestClient]:
    with KustoStreamingIngestClient(kusto.kcsb) as client:
        yield client


@pytest.fixture
def managed(kusto: LocalKusto) -> Iterator[ManagedStreamingIngestClient]:
    with ManagedStreamingIngestClient(kusto.kcsb, kusto.kcsb) as client:
        yield client


def json_properties(table: str) -> IngestionProperties:
    return IngestionProperties(
        DATABASE,
        table,
        data_format=DataFormat.JSON,
        ingestion_mapping_reference="json1",
        ingestion_mapping_kind=IngestionMappingKind.JSON,
    )


def blob_with_sas(kusto: LocalKusto, name: str, content: bytes) -> str:
    roots = [r["StorageRoot"] for r in kusto.run(".get ingestion resources") if r["ResourceTypeName"] == "TempStorage"]
    root, _, sas = roots[0].partition("?")
    url = f"{root}/{name}?{sas}"
    with BlobClient.from_blob_url(url) as blob:
        blob.upload_blob(content, overwrite=True)
    return url


@pytest.mark.parametrize("name", ["data.json", "data.json.gz"])
def test_json_files_queued(
    kusto: LocalKusto, table: str, queued: QueuedIngestClient, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(JSON) if name.endswith(".gz") else JSON)

    queued.ingest_from_file(str(file), json_properties(table))

    kusto.until_rows(table, 2)


def test_tsv_queued(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    queued.ingest_from_stream(
        io.BytesIO(b"1\ta\n2\tb\n"), IngestionProperties(DATABASE, table, data_format=DataFormat.TSV)
    )

    kusto.until_rows(table, 2)


def test_all_properties_together(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    policy = ValidationPolicy(ValidationOptions.ValidateCsvInputConstantColumns, ValidationImplications.Fail)
    properties = IngestionProperties(
        DATABASE,
        table,
        data_format=DataFormat.CSV,
        additional_tags=["a", "b"],
        ingest_if_not_exists=["aaaa", "bbbb"],
        ingest_by_tags=["ingestByTag"],
        drop_by_tags=["drop", "drop-by"],
        flush_immediately=False,
        report_level=ReportLevel.FailuresAndSuccesses,
        report_method=ReportMethod.Queue,
        validation_policy=policy,
    )

    queued.ingest_from_stream(io.BytesIO(CSV), properties)

    kusto.until_rows(table, 2)


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
def test_csv_files_streamed(
    kusto: LocalKusto, table: str, streaming: KustoStreamingIngestClient, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(CSV) if name.endswith(".gz") else CSV)

    streaming.ingest_from_file(str(file), IngestionProperties(DATABASE, table))

    assert kusto.count(table) == 2


def test_json_streamed(kusto: LocalKusto, table: str, streaming: KustoStreamingIngestClient) -> None:
    streaming.ingest_from_stream(io.BytesIO(JSON), json_properties(table))

    assert kusto.count(table) == 2


def test_a_blob_streamed(kusto: LocalKusto, table: str, streaming: KustoStreamingIngestClient) -> None:
    url = blob_with_sas(kusto, "streamed.csv", CSV)

    streaming.ingest_from_blob(BlobDescriptor(url, len(CSV)), IngestionProperties(DATABASE, table))

    assert kusto.count(table) == 2


def test_a_small_blob_managed_is_streamed(kusto: LocalKusto, table: str, managed: ManagedStreamingIngestClient) -> None:
    url = blob_with_sas(kusto, "small.csv", CSV)

    result = managed.ingest_from_blob(BlobDescriptor(url, len(CSV)), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.SUCCESS
    assert kusto.count(table) == 2


def test_a_large_blob_managed_is_queued(kusto: LocalKusto, table: str, managed: ManagedStreamingIngestClient) -> None:
    content = b"1,abcdefgh\n" * 500_000
    url = blob_with_sas(kusto, "large.csv", content)

    result = managed.ingest_from_blob(BlobDescriptor(url, len(content)), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.QUEUED
    kusto.until_rows(table, 500_000, within=50)


def test_a_file_managed(kusto: LocalKusto, table: str, managed: ManagedStreamingIngestClient, tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(CSV)

    result = managed.ingest_from_file(FileDescriptor(str(file), len(CSV)), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.SUCCESS
    assert kusto.count(table) == 2


async def test_both_data_clients_read_what_was_queued(
    kusto: LocalKusto, table: str, queued: QueuedIngestClient
) -> None:
    queued.ingest_from_stream(io.BytesIO(CSV), IngestionProperties(DATABASE, table))
    kusto.until_rows(table, 2)
    query = f"{table} | where Id == 1 | project Name, Extra"
    with KustoClient(kusto.kcsb) as client:
        row = client.execute_query(DATABASE, query).primary_results[0][0]
    async with AsyncKustoClient(kusto.kcsb) as asynchronous:
        same = (await asynchronous.execute_query(DATABASE, query)).primary_results[0][0]

    assert (row["Name"], same["Name"]) == ("a", "a")
    assert json.loads(json.dumps(row["Extra"])) == same["Extra"] == {"k": 1}
