"""The aggregator through its queue: entries as any client may write them."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from local.kusto.dm.account import Account, StorageError
from local.kusto.dm.ingestor import Patience
from local.kusto.dm.source import encode_source
from local.kusto.faults.effects import Aim, Answer, Delay, Endpoint, Fault
from tests.kusto_fixture import DATABASE, LocalKusto, running_kusto, until


class Clients:
    """What a client without a library does: put a blob, put an entry."""

    def __init__(self, kusto: LocalKusto) -> None:
        assert kusto.storage is not None
        self.kusto = kusto
        self.account = Account.parse(kusto.storage)
        self.resources = kusto.run(".get ingestion resources")
        self.token = kusto.run(".get kusto identity token")[0]["AuthorizationContext"]

    def urls(self, kind: str) -> list[str]:
        return [row["StorageRoot"] for row in self.resources if row["ResourceTypeName"] == kind]

    def blob(self, content: bytes, name: str = "a.csv") -> str:
        container = f"src{uuid.uuid4().hex}"
        with BlobServiceClient(self.account.blob, credential=self.account.key) as service:
            service.create_container(container).upload_blob(name, content)
        return f"{self.account.blob}/{container}/{name}"

    def blob_exists(self, url: str) -> bool:
        container, _, name = url.removeprefix(f"{self.account.blob}/").partition("/")
        with BlobServiceClient(self.account.blob, credential=self.account.key) as service:
            return bool(service.get_blob_client(container, name).exists())

    def put(self, table: str, url: str, additional: dict[str, Any] | None = None, **fields: Any) -> str:
        source_id = str(uuid.uuid4())
        entry = {
            "Id": source_id,
            "BlobPath": f"{url};impersonate",
            "DatabaseName": DATABASE,
            "TableName": table,
            "RetainBlobOnSuccess": True,
            "ReportLevel": 2,
            "AdditionalProperties": {"authorizationContext": self.token, "format": "csv", **(additional or {})},
            **fields,
        }
        self.post(encode_source(entry))
        return source_id

    def post(self, text: str) -> None:
        with QueueClient.from_queue_url(self.urls("SecuredReadyForAggregationQueue")[0]) as queue:
            queue.send_message(text)

    def failure(self, source_id: str) -> Any:
        """The failure of a source, once it is told."""
        found: list[Any] = []

        def told() -> bool:
            found[:] = [f for f in self.kusto.half.journal.failures if f.source_id == source_id]
            return bool(found)

        until(told)
        return found[0]

    def queue_length(self) -> int:
        lengths = []
        for url in self.urls("SecuredReadyForAggregationQueue"):
            root = url.partition("?")[0].rpartition("/")
            with QueueClient(root[0], root[2], credential=self.account.key) as queue:
                lengths.append(queue.get_queue_properties().approximate_message_count or 0)
        return sum(lengths)


@pytest.fixture
def clients(kusto: LocalKusto) -> Clients:
    return Clients(kusto)


def test_the_resources_are_what_the_clients_look_for(clients: Clients) -> None:
    for kind in ("SecuredReadyForAggregationQueue", "FailedIngestionsQueue", "SuccessfulIngestionsQueue"):
        assert clients.urls(kind)
    assert len(clients.urls("TempStorage")) >= 2
    assert len(clients.urls("IngestionsStatusTable")) == 1
    assert all("sig=" in row["StorageRoot"] and "se=" in row["StorageRoot"] for row in clients.resources)


def test_a_sas_is_good_for_its_own_resource_only(clients: Clients) -> None:
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - one use

    ready, failed = clients.urls("SecuredReadyForAggregationQueue")[0], clients.urls("FailedIngestionsQueue")[0]
    crossed = failed.partition("?")[0] + "?" + ready.partition("?")[2]
    with QueueClient.from_queue_url(crossed) as queue, pytest.raises(HttpResponseError):
        queue.send_message("x")
    with QueueClient.from_queue_url(ready) as queue, pytest.raises(HttpResponseError):
        queue.receive_message()  # clients add, they do not read


def test_the_blob_is_deleted_unless_it_is_retained(kusto: LocalKusto, table: str, clients: Clients) -> None:
    kept, dropped = clients.blob(b"1,a\n"), clients.blob(b"2,b\n")

    clients.put(table, kept, RetainBlobOnSuccess=True)
    clients.put(table, dropped, RetainBlobOnSuccess=False)

    kusto.until_rows(table, 2)
    until(lambda: not clients.blob_exists(dropped))
    assert clients.blob_exists(kept)


def test_a_failed_source_keeps_its_blob(kusto: LocalKusto, table: str, clients: Clients) -> None:
    url = clients.blob(b'{"broken', "a.json")

    source_id = clients.put(table, url, {"format": "multijson"}, RetainBlobOnSuccess=False)

    clients.failure(source_id)
    assert clients.blob_exists(url)
    assert kusto.count(table) == 0


@pytest.mark.parametrize(
    ("content", "name", "additional", "code"),
    [
        (b"", "a.csv", {}, "Stream_NoDataToIngest"),
        (b"x", "a.csv.gz", {}, "BadRequest_InvalidArchive"),
        (b"1,a", "a.csv", {"ingestionMappingReference": "none"}, "BadRequest_MappingReferenceWasNotFound"),
        (b"1,a", "a.csv", {"format": "docx"}, "BadRequest_FormatNotSupported"),
        (b"1,a", "a.csv", {"authorizationContext": "forged"}, "BadRequest_InvalidKustoIdentityToken"),
        (b"1,a", "a.csv", {"authorizationContext": None}, "BadRequest_InvalidKustoIdentityToken"),
    ],
)
def test_what_cannot_be_ingested_is_told_with_its_code(
    table: str, clients: Clients, content: bytes, name: str, additional: dict[str, Any], code: str
) -> None:
    failure = clients.failure(clients.put(table, clients.blob(content, name), additional))

    assert failure.error_code == code
    assert failure.permanent


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"TableName": "Nowhere"}, "BadRequest_TableNotExist"),
        ({"DatabaseName": "Nowhere"}, "BadRequest_DatabaseNotExist"),
        ({"BlobPath": ""}, "BadRequest_EmptyBlobUri"),
        ({"BlobPath": "http://127.0.0.2:9/devstoreaccount1/c/b;managed_identity=system"}, "Download_Forbidden"),
    ],
)
def test_a_target_that_is_not_there_is_told(table: str, clients: Clients, fields: dict[str, Any], code: str) -> None:
    failure = clients.failure(clients.put(table, clients.blob(b"1,a\n"), **fields))

    assert failure.error_code == code


def test_an_entry_that_is_no_source_does_not_stop_the_queue(kusto: LocalKusto, table: str, clients: Clients) -> None:
    clients.post("this is no source")
    clients.put(table, clients.blob(b"1,a\n"))

    kusto.until_rows(table, 1)
    until(lambda: clients.queue_length() == 0)


def test_the_status_table_follows_the_source(kusto: LocalKusto, table: str, clients: Clients) -> None:
    source_id = clients.put(table, clients.blob(b"1,a\n"), ReportMethod=1)
    failed_id = clients.put(table, clients.blob(b""), ReportMethod=1)
    kusto.until_rows(table, 1)
    clients.failure(failed_id)
    name = clients.urls("IngestionsStatusTable")[0].partition("?")[0].rsplit("/", 1)[1]
    credential = AzureNamedKeyCredential(clients.account.name, clients.account.key)
    with TableServiceClient(clients.account.table, credential=credential) as service:
        rows = service.get_table_client(name)
        until(lambda: rows.get_entity(source_id, source_id)["Status"] == "Succeeded")
        until(lambda: rows.get_entity(failed_id, failed_id)["Status"] == "Failed")
        assert rows.get_entity(failed_id, failed_id)["ErrorCode"] == "Stream_NoDataToIngest"


def test_a_transient_failure_is_tried_again(kusto: LocalKusto, table: str, clients: Clients) -> None:
    kusto.faults.answer(Endpoint.BATCH, status=503, times=2)

    clients.put(table, clients.blob(b"1,a\n"))

    kusto.until_rows(table, 1)
    assert kusto.faults.armed()[0]["struck"] == 2


def test_a_transient_failure_that_lasts_is_given_up(kusto: LocalKusto, table: str, clients: Clients) -> None:
    kusto.faults.answer(Endpoint.BATCH, status=503, times=None)

    failure = clients.failure(clients.put(table, clients.blob(b"1,a\n")))

    assert failure.error_code == "General_RetryAttemptsExceeded"
    assert failure.exhausted
    assert kusto.count(table) == 0


def test_a_source_that_keeps_failing_does_not_hold_up_others(storage: str) -> None:
    with running_kusto(storage, patience=Patience(attempts=1000, first_pause=1)) as kusto:
        kusto.run(".create table T (Id:int, Name:string)", ".create table Ill (Id:int, Name:string)")
        clients = Clients(kusto)
        kusto.faults.on(Endpoint.BATCH, effect=Answer(status=503), table="Ill", times=None)
        for _ in range(10):
            clients.put("Ill", clients.blob(b"1,a\n"))
        until(lambda: kusto.faults.armed()[0]["struck"] >= 10)
        clients.put("T", clients.blob(b"1,a\n"))

        kusto.until_rows("T", 1)
        kusto.faults.clear()
        kusto.until_rows("Ill", 10)


def test_a_permanent_failure_is_not_tried_again(kusto: LocalKusto, table: str, clients: Clients) -> None:
    kusto.faults.answer(Endpoint.BATCH, status=400, code="BadRequest_InvalidBlob", permanent=True, times=None)

    failure = clients.failure(clients.put(table, clients.blob(b"1,a\n")))

    assert failure.error_code == "BadRequest_InvalidBlob"
    assert kusto.faults.armed()[0]["struck"] == 1


def test_creation_time_and_tags_reach_the_extent(kusto: LocalKusto, table: str, clients: Clients) -> None:
    clients.put(table, clients.blob(b"1,a\n"), {"creationTime": "2020-05-06T07:08:09Z", "tags": '["drop-by:x"]'})

    kusto.until_rows(table, 1)
    extent = kusto.run(f".show table {table} extents")[0]
    assert "drop-by:x" in str(extent["Tags"])
    assert "2020-05-06" in json.dumps(extent, default=str)


@pytest.fixture
def patient(storage: str) -> Iterator[LocalKusto]:
    """A local Kusto that batches for five minutes, as the service does."""
    with running_kusto(storage, batching_seconds=300.0) as running:
        running.run(".create table T (Id:int, Name:string)")
        yield running


def test_a_batch_waits_for_its_policy(patient: LocalKusto) -> None:
    clients = Clients(patient)
    patient.run(
        '.alter table T policy ingestionbatching \'{"MaximumBatchingTimeSpan":"00:05:00","MaximumNumberOfItems":2,'
        '"MaximumRawDataSizeMB":1024}\''
    )
    clients.put("T", clients.blob(b"1,a\n"))
    until(lambda: patient.half.waiting() == 1)
    with pytest.raises(AssertionError):
        until(lambda: patient.count("T") > 0, within=1.5)

    clients.put("T", clients.blob(b"2,b\n"))

    patient.until_rows("T", 2)
    until(lambda: clients.queue_length() == 0)


def test_flush_immediately_seals_the_batch(patient: LocalKusto) -> None:
    clients = Clients(patient)
    clients.put("T", clients.blob(b"1,a\n"))
    clients.put("T", clients.blob(b"2,b\n"), FlushImmediately=True)

    patient.until_rows("T", 2)


def test_the_same_blob_counts_once_in_a_batch(patient: LocalKusto) -> None:
    clients = Clients(patient)
    url = clients.blob(b"1,a\n")
    clients.put("T", url)
    twin = clients.put("T", url)

    assert clients.failure(twin).error_code == "BlobAlreadyReceived_BlobAlreadyFoundInBatch"
    clients.put("T", clients.blob(b"2,b\n"), FlushImmediately=True)
    patient.until_rows("T", 2)


def test_what_waits_survives_the_end_of_the_server(storage: str, tmp_path: Path) -> None:
    with running_kusto(storage, folder=tmp_path, batching_seconds=300.0, prefix="survivor") as first:
        first.run(".create table T (Id:int, Name:string)")
        clients = Clients(first)
        clients.put("T", clients.blob(b"1,a\n"))
        until(lambda: bool(first.half.waiting()))

    with running_kusto(storage, folder=tmp_path, batching_seconds=0.1, prefix="survivor") as second:
        second.until_rows("T", 1)
        until(lambda: clients.queue_length() == 0)


def test_a_long_ingestion_keeps_its_lease(storage: str) -> None:
    with running_kusto(storage, lease=2) as kusto:
        kusto.run(".create table T (Id:int, Name:string)")
        clients = Clients(kusto)
        kusto.faults.arm(Fault(aim=Aim(endpoints=frozenset({Endpoint.BATCH})), effect=Delay(seconds=5), times=1))
        clients.put("T", clients.blob(b"1,a\n"))

        until(lambda: kusto.faults.armed()[0]["seen"] == 1)
        assert clients.queue_length() == 1  # not removed before its rows are in
        kusto.until_rows("T", 1)
        until(lambda: clients.queue_length() == 0)
        assert kusto.faults.armed()[0]["seen"] == 1


def test_an_entry_that_a_crashed_reader_held_comes_back(storage: str, tmp_path: Path) -> None:
    with running_kusto(storage, folder=tmp_path, prefix="crashed") as kusto:
        kusto.run(".create table T (Id:int, Name:string)")
        clients = Clients(kusto)
        blob = clients.blob(b"1,a\n")
    clients.put("T", blob)
    root, _, name = clients.urls("SecuredReadyForAggregationQueue")[0].partition("?")[0].rpartition("/")
    with QueueClient(root, name, credential=clients.account.key) as queue:
        assert queue.receive_message(visibility_timeout=3) is not None

    with running_kusto(storage, folder=tmp_path, prefix="crashed") as kusto:
        kusto.until_rows("T", 1)


def test_every_source_arrives_once_whatever_fails_in_between(storage: str) -> None:
    with running_kusto(storage, patience=Patience(attempts=12, first_pause=0.01, longest_pause=0.05)) as kusto:
        kusto.run(".create table T (Id:int, Name:string)")
        clients = Clients(kusto)
        fault = Fault(
            aim=Aim(endpoints=frozenset({Endpoint.BATCH})),
            effect=Answer(status=503),
            times=None,
            probability=0.4,
            seed=3,
        )
        kusto.faults.arm(fault)
        for number in range(30):
            clients.put("T", clients.blob(b"%d,a\n" % number))

        kusto.until_rows("T", 30)
        assert sorted(row[0] for row in kusto.rows("T")) == list(range(30))
        assert kusto.faults.armed()[0]["struck"] > 5


def test_a_managed_identity_needs_the_policy(storage: str) -> None:
    with running_kusto(storage, identities=frozenset({"system"})) as kusto:
        kusto.run(".create table T (Id:int, Name:string)")
        clients = Clients(kusto)
        other, url = clients.blob(b"1,a\n"), clients.blob(b"1,a\n")
        refused = clients.put("T", other, BlobPath=f"{other};managed_identity=3fa85f64-5717-4562-b3fc-2c963f66afa6")
        clients.put("T", url, BlobPath=f"{url};managed_identity=system")

        assert clients.failure(refused).error_code == "BadRequest_InvalidManagedIdentity"
        kusto.until_rows("T", 1)


def test_a_storage_account_that_is_not_there_is_told_at_the_start() -> None:
    nowhere = "AccountName=a;AccountKey=a2V5;" + "".join(
        f"{service}Endpoint=http://127.0.0.1:1/a;" for service in ("Blob", "Queue", "Table")
    )

    with pytest.raises(StorageError, match=r"http://127\.0\.0\.1:1/a"), running_kusto(nowhere):
        pass


def test_without_storage_the_commands_say_what_to_do() -> None:
    with running_kusto(None) as kusto:
        answer = kusto.command(".get ingestion resources", "NetDefaultDB")

        assert answer.status == 503
        assert "--storage" in answer.error["@message"]
