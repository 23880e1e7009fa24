"""The ingest clients of PyPI, unchanged, against the local ingestion endpoint."""

import gzip
import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.kusto.data.data_format import DataFormat
from azure.kusto.ingest import (
    BlobDescriptor,
    ColumnMapping,
    FileDescriptor,
    IngestionMappingKind,
    IngestionProperties,
    IngestionStatus,
    ManagedStreamingIngestClient,
    QueuedIngestClient,
    ReportLevel,
    StreamDescriptor,
)
from azure.kusto.ingest.status import KustoIngestStatusQueues
from azure.storage.blob import BlobServiceClient

from local.kusto.dm.account import Account
from local.kusto.faults.effects import Endpoint
from tests.kusto_fixture import DATABASE, LocalKusto, until

# azure-kusto-ingest 6.0.4 calls datetime.utcnow(), which Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture
def queued(kusto: LocalKusto) -> Iterator[QueuedIngestClient]:
    client = QueuedIngestClient(kusto.kcsb)
    yield client
    client.close()


@pytest.fixture
def managed(kusto: LocalKusto) -> Iterator[ManagedStreamingIngestClient]:
    client = ManagedStreamingIngestClient(kusto.kcsb, kusto.kcsb)
    yield client
    client.close()


def landed(kusto: LocalKusto, name: str, content: bytes) -> str:
    """Put a source blob into a container of ours; its URL without any access."""
    assert kusto.storage is not None
    account = Account.parse(kusto.storage)
    with BlobServiceClient(account.blob, credential=account.key) as service:
        container = service.get_container_client("landing")
        if not container.exists():
            container.create_container()
        path = f"{uuid.uuid4()}/{name}"
        container.upload_blob(path, content)
    return f"{account.blob}/landing/{path}"


def exists(kusto: LocalKusto, url: str) -> bool:
    assert kusto.storage is not None
    account = Account.parse(kusto.storage)
    with BlobServiceClient(account.blob, credential=account.key) as service:
        container, _, path = url.removeprefix(f"{account.blob}/").partition("/")
        return bool(service.get_blob_client(container, path).exists())


def test_csv_from_a_stream(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    result = queued.ingest_from_stream(io.BytesIO(b"1,a\n2,b\n"), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.QUEUED
    kusto.until_rows(table, 2)


def test_json_with_a_mapping_reference(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    lines = b"".join(json.dumps({"id": n, "name": f"n{n}"}).encode() + b"\n" for n in range(10))
    properties = IngestionProperties(
        DATABASE, table, data_format=DataFormat.JSON, ingestion_mapping_reference="json1",
        ingestion_mapping_kind=IngestionMappingKind.JSON,
    )  # fmt: skip

    queued.ingest_from_stream(io.BytesIO(lines), properties)

    kusto.until_rows(table, 10)
    assert sorted(row[1] for row in kusto.rows(table)) == [f"n{n}" for n in range(10)]


def test_multijson_array(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    properties = IngestionProperties(
        DATABASE, table, data_format=DataFormat.MULTIJSON, ingestion_mapping_reference="json1"
    )

    queued.ingest_from_stream(io.BytesIO(b'[{"id":1},\n{"id":2,\n"name":"x"}]'), properties)

    kusto.until_rows(table, 2)


def test_a_compressed_stream(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    stream = StreamDescriptor(io.BytesIO(gzip.compress(b"1,a\n")), is_compressed=True)

    queued.ingest_from_stream(stream, IngestionProperties(DATABASE, table))

    kusto.until_rows(table, 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file(kusto: LocalKusto, table: str, queued: QueuedIngestClient, tmp_path: Path, compressed: bool) -> None:  # noqa: FBT001 - pytest's parameter
    file = tmp_path / ("a.csv.gz" if compressed else "a.csv")
    content = b"1,a\n2,b\n3,c\n"
    file.write_bytes(gzip.compress(content) if compressed else content)

    queued.ingest_from_file(FileDescriptor(str(file), len(content)), IngestionProperties(DATABASE, table))

    kusto.until_rows(table, 3)


def test_the_header_is_not_ingested(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    properties = IngestionProperties(DATABASE, table, ignore_first_record=True)

    queued.ingest_from_stream(io.BytesIO(b"Id,Name\n1,a\n"), properties)

    kusto.until_rows(table, 1)
    assert kusto.rows(table)[0][:2] == [1, "a"]


def test_an_inline_mapping(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    mapping = [ColumnMapping("Name", "string", ordinal=0), ColumnMapping("Id", "int", ordinal=1)]
    properties = IngestionProperties(
        DATABASE, table, column_mappings=mapping, ingestion_mapping_kind=IngestionMappingKind.CSV
    )

    queued.ingest_from_stream(io.BytesIO(b"a,1\n"), properties)

    kusto.until_rows(table, 1)
    assert kusto.rows(table)[0][:2] == [1, "a"]


def test_tags_and_ingest_if_not_exists(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    def properties() -> IngestionProperties:
        return IngestionProperties(
            DATABASE, table, ingest_by_tags=["once"], drop_by_tags=["day"], additional_tags=["free"],
            ingest_if_not_exists=["once"], report_level=ReportLevel.FailuresAndSuccesses,
        )  # fmt: skip

    reports = KustoIngestStatusQueues(queued)
    first = queued.ingest_from_stream(io.BytesIO(b"1,a\n"), properties())
    kusto.until_rows(table, 1)
    second = queued.ingest_from_stream(io.BytesIO(b"1,a\n"), properties())

    told: list[str] = []
    until(lambda: bool(told.extend(m.IngestionSourceId for m in reports.success.pop(5))) or len(told) >= 2)
    assert set(told) == {str(first.source_id), str(second.source_id)}
    assert kusto.count(table) == 1
    tags = " ".join(str(row["Tags"]) for row in kusto.run(f".show table {table} extents"))
    assert all(tag in tags for tag in ("ingest-by:once", "drop-by:day", "free"))


def test_a_blob_by_sas(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    containers = [
        row["StorageRoot"] for row in kusto.run(".get ingestion resources") if row["ResourceTypeName"] == "TempStorage"
    ]
    root, _, sas = containers[0].partition("?")
    from azure.storage.blob import BlobClient  # noqa: PLC0415 - one use

    url = f"{root}/by-hand.csv?{sas}"
    with BlobClient.from_blob_url(url) as blob:
        blob.upload_blob(b"1,a\n", overwrite=True)

    queued.ingest_from_blob(BlobDescriptor(url, 4), IngestionProperties(DATABASE, table))

    kusto.until_rows(table, 1)
    assert exists(kusto, f"{root}/by-hand.csv")  # this client always asks to retain the blob


@pytest.mark.parametrize("suffix", [";managed_identity=system", ";impersonate"])
def test_a_blob_by_identity(kusto: LocalKusto, table: str, queued: QueuedIngestClient, suffix: str) -> None:
    url = landed(kusto, "a.csv.gz", gzip.compress(b"1,a\n2,b\n"))

    queued.ingest_from_blob(BlobDescriptor(url + suffix, 8), IngestionProperties(DATABASE, table))

    kusto.until_rows(table, 2)


def test_a_zip_archive(kusto: LocalKusto, table: str, queued: QueuedIngestClient, tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415 - one use

    archive = tmp_path / "two.csv.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.csv", "1,a\n")
        made.writestr("b.csv", "2,b\n3,c\n")

    queued.ingest_from_file(FileDescriptor(str(archive), 12), IngestionProperties(DATABASE, table))

    kusto.until_rows(table, 3)


def test_failures_are_told_in_the_failure_queue(kusto: LocalKusto, table: str, queued: QueuedIngestClient) -> None:
    reports = KustoIngestStatusQueues(queued)
    missing = landed(kusto, "a.csv", b"x").replace("a.csv", "gone.csv")
    properties = IngestionProperties(DATABASE, table, report_level=ReportLevel.FailuresOnly)

    result = queued.ingest_from_blob(BlobDescriptor(f"{missing};managed_identity=system", 1), properties)

    until(lambda: not reports.failure.is_empty())
    failure = reports.failure.pop(1)[0]
    assert (failure.ErrorCode, failure.FailureStatus) == ("Download_SourceNotFound", "Permanent")
    assert (failure.Database, failure.Table) == (DATABASE, table)
    assert failure.IngestionSourceId == str(result.source_id)
    assert "sig=" not in failure.IngestionSourcePath
    assert reports.success.is_empty()
    shown = [row for row in kusto.run(".show ingestion failures") if row["Table"] == table]
    assert [row["ErrorCode"] for row in shown] == ["Download_SourceNotFound"]


def test_managed_streams_what_is_small(kusto: LocalKusto, table: str, managed: ManagedStreamingIngestClient) -> None:
    result = managed.ingest_from_stream(io.BytesIO(b"1,a\n"), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.SUCCESS
    assert kusto.count(table) == 1


def test_managed_queues_what_is_large(kusto: LocalKusto, table: str, managed: ManagedStreamingIngestClient) -> None:
    import random  # noqa: PLC0415 - one use

    draws = random.Random(1)  # noqa: S311 - content that does not compress below 4 MiB
    content = b"".join(b"%d,%s\n" % (n, draws.randbytes(500).hex().encode()) for n in range(10_000))

    result = managed.ingest_from_stream(io.BytesIO(content), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.QUEUED
    kusto.until_rows(table, 10_000, within=60)


def test_managed_falls_back_after_transient_answers(
    kusto: LocalKusto, table: str, managed: ManagedStreamingIngestClient
) -> None:
    kusto.faults.answer(Endpoint.STREAM, status=500, permanent=False, times=None)

    result = managed.ingest_from_stream(io.BytesIO(b"1,a\n"), IngestionProperties(DATABASE, table))

    assert result.status == IngestionStatus.QUEUED
    kusto.until_rows(table, 1)
