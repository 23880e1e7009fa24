"""What the clients of PyPI make of the faults (azure-kusto-data and azure-kusto-ingest 6.0.4)."""

import io
from collections.abc import Iterator

import pytest
from azure.kusto.data import KustoClient
from azure.kusto.data.exceptions import (
    KustoApiError,
    KustoBlobError,
    KustoNetworkError,
    KustoServiceError,
    KustoThrottlingError,
)
from azure.kusto.ingest import (
    IngestionProperties,
    IngestionStatus,
    KustoStreamingIngestClient,
    ManagedStreamingIngestClient,
    QueuedIngestClient,
)

from local.kusto.faults.effects import Delay, Drop, Effect, Endpoint, Garbage, Garble, StorageMode
from tests.kusto_fixture import DATABASE, LocalKusto, until

TABLE = "T"

# azure-kusto-ingest 6.0.4 calls datetime.utcnow(), which Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture
def streaming(kusto: LocalKusto) -> Iterator[KustoStreamingIngestClient]:
    client = KustoStreamingIngestClient(kusto.kcsb)
    yield client
    client.close()


@pytest.fixture
def managed(kusto: LocalKusto) -> Iterator[ManagedStreamingIngestClient]:
    client = ManagedStreamingIngestClient(kusto.kcsb, kusto.kcsb)
    yield client
    client.close()


def row() -> io.BytesIO:
    return io.BytesIO(b"1,a\n")


PROPERTIES = IngestionProperties(DATABASE, TABLE)


@pytest.mark.parametrize(
    ("status", "permanent", "error"),
    [
        (400, True, KustoApiError),
        (500, False, KustoApiError),
        (429, False, KustoThrottlingError),
        (404, True, KustoServiceError),
        (401, True, KustoServiceError),
    ],
)
def test_an_answer_becomes_the_clients_error(
    kusto: LocalKusto,
    streaming: KustoStreamingIngestClient,
    *,
    status: int,
    permanent: bool,
    error: type[Exception],
) -> None:
    kusto.faults.answer(Endpoint.STREAM, status=status, permanent=permanent)

    with pytest.raises(error):
        streaming.ingest_from_stream(row(), PROPERTIES)

    assert kusto.count(TABLE) == 0


@pytest.mark.parametrize(
    ("effect", "rows", "error"),
    [
        (Drop(), 0, KustoNetworkError),
        (Drop(commit=True), 1, KustoNetworkError),
        (Garble(kind=Garbage.TRUNCATED), 1, KustoNetworkError),
        (Garble(kind=Garbage.HTML), 1, KustoServiceError),
        (Garble(kind=Garbage.EMPTY), 1, KustoServiceError),
        (Garble(kind=Garbage.EMPTY_OBJECT), 1, KeyError),
    ],
)
def test_a_broken_answer_leaves_the_client_in_doubt(
    kusto: LocalKusto, streaming: KustoStreamingIngestClient, effect: Effect, rows: int, error: type[Exception]
) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=effect)

    with pytest.raises(error):
        streaming.ingest_from_stream(row(), PROPERTIES)

    assert kusto.count(TABLE) == rows


def test_the_managed_client_makes_duplicates_of_what_was_committed(
    kusto: LocalKusto, managed: ManagedStreamingIngestClient
) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Drop(commit=True))

    assert managed.ingest_from_stream(row(), PROPERTIES).status == IngestionStatus.SUCCESS
    assert kusto.count(TABLE) == 2


def test_the_managed_client_queues_after_throttling(kusto: LocalKusto, managed: ManagedStreamingIngestClient) -> None:
    kusto.faults.answer(Endpoint.STREAM, status=429, times=3)

    assert managed.ingest_from_stream(row(), PROPERTIES).status == IngestionStatus.QUEUED
    assert kusto.faults.requests().count(Endpoint.STREAM, 429) == 3
    kusto.until_rows(TABLE, 1)


@pytest.mark.parametrize("mode", [StorageMode.FORBIDDEN, StorageMode.MISSING])
def test_no_temp_container_works(kusto: LocalKusto, mode: StorageMode) -> None:
    kusto.faults.storage_outage(mode)
    with QueuedIngestClient(kusto.kcsb) as client, pytest.raises(KustoBlobError):
        client.ingest_from_stream(row(), PROPERTIES)

    assert kusto.count(TABLE) == 0


def test_the_first_temp_container_fails_and_the_client_queues_an_empty_blob(kusto: LocalKusto) -> None:
    """The client sends its spent stream to the second container: a loss that only the failure report tells of."""
    kusto.faults.storage_outage(StorageMode.FORBIDDEN, containers=1)
    codes: list[str] = []
    with QueuedIngestClient(kusto.kcsb) as client:
        for _ in range(6):
            client.ingest_from_stream(row(), PROPERTIES)

    def settled() -> bool:
        codes[:] = [failure.error_code for failure in kusto.half.journal.failures if failure.table == TABLE]
        return kusto.count(TABLE) + len(codes) >= 6

    until(settled)
    assert "Stream_NoDataToIngest" in codes


def test_a_sas_that_a_client_holds_stops_working_and_works_again(kusto: LocalKusto) -> None:
    with QueuedIngestClient(kusto.kcsb) as client:
        client.ingest_from_stream(row(), PROPERTIES)
        with kusto.faults.temp_storage_outage(), pytest.raises(KustoBlobError):
            client.ingest_from_stream(row(), PROPERTIES)
        client.ingest_from_stream(row(), PROPERTIES)

    kusto.until_rows(TABLE, 2)


def test_what_was_queued_before_the_outage_is_ingested(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.BATCH, effect=Delay(seconds=1))
    with QueuedIngestClient(kusto.kcsb) as client:
        client.ingest_from_stream(row(), PROPERTIES)
        with kusto.faults.temp_storage_outage():
            kusto.until_rows(TABLE, 1)


def test_a_storage_account_that_is_busy_answers_503(kusto: LocalKusto) -> None:
    kusto.faults.storage_outage(StorageMode.UNAVAILABLE)
    urls = [
        row["StorageRoot"] for row in kusto.run(".get ingestion resources") if row["ResourceTypeName"] == "TempStorage"
    ]

    assert {kusto.http("PUT", "/" + url.split("/", 3)[3], b"x").status for url in urls} == {503}


def test_the_data_client_meets_an_outage(kusto: LocalKusto) -> None:
    with KustoClient(kusto.kcsb) as client:
        with kusto.faults.engine_outage(), pytest.raises(KustoNetworkError):
            client.execute_query(DATABASE, TABLE)
        assert client.execute_query(DATABASE, f"{TABLE} | count").primary_results[0][0][0] == 0
