"""What is recorded of requests."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from azure.kusto.data import KustoClient
from azure.kusto.data.data_format import DataFormat

from local.kusto.faults.effects import Delay, Endpoint
from tests.kusto_fixture import LocalKusto

TABLE = "T"


def test_a_request_is_recorded_whole(kusto: LocalKusto) -> None:
    body = gzip.compress(b"1,a\n" * 100)
    kusto.stream(
        TABLE,
        body,
        "streamFormat=csv",
        **{"Content-Encoding": "gzip", "x-ms-client-request-id": "r1", "x-ms-app": "me"},
    )

    record = kusto.faults.requests(Endpoint.STREAM).records[0]

    assert {name: record[name] for name in ("method", "endpoint", "database", "table", "format", "mapping")} == {
        "method": "POST", "endpoint": "stream", "database": "Events", "table": TABLE, "format": "csv", "mapping": "",
    }  # fmt: skip
    assert (record["requestId"], record["application"], record["status"]) == ("r1", "me", 200)
    assert (record["wireBytes"], record["rawBytes"]) == (len(body), 400)
    assert record["begun"] <= record["ended"]


def test_kinds_are_told_apart(kusto: LocalKusto) -> None:
    kusto.command(".show tables")
    kusto.command(".get kusto identity token", "NetDefaultDB")
    kusto.http("POST", "/v2/rest/query", '{"db":"Events","csl":"T"}')
    kusto.http("GET", "/v1/rest/auth/metadata")
    kusto.http("GET", f"/v1/rest/ingestion/queued/Events/{TABLE}/none")

    requests = kusto.faults.requests()

    for endpoint in (Endpoint.MGMT, Endpoint.DM, Endpoint.QUERY, Endpoint.AUTH, Endpoint.QUEUED):
        assert requests.count(endpoint) == 1, endpoint
    assert requests.count(Endpoint.QUEUED, 404) == 1
    assert requests.total == 5
    assert kusto.faults.requests(Endpoint.MGMT).records[0]["command"] == ".show tables"


def test_the_records_of_the_admin_endpoint_are_not_kept(kusto: LocalKusto) -> None:
    kusto.faults.armed()
    assert kusto.faults.requests().total == 0


def test_later_records_can_be_asked_for(kusto: LocalKusto) -> None:
    kusto.stream(TABLE, b"1,a\n")
    first = kusto.faults.requests().records[-1]["number"]
    kusto.stream(TABLE, b"2,b\n")

    later = kusto.faults.requests(after=first, table=TABLE).records

    assert len(later) == 1
    kusto.faults.forget()
    assert kusto.faults.requests().total == 0


def test_peak_concurrency_is_seen(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Delay(seconds=0.5), times=None)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: kusto.stream(TABLE, b"1,a\n").status, range(8)))

    requests = kusto.faults.requests(Endpoint.STREAM)

    assert statuses == [200] * 8
    assert requests.peak(Endpoint.STREAM) == 8
    assert sorted(record["concurrency"] for record in requests.records) == list(range(1, 9))


async def test_the_client_serves_asynchronous_tests(kusto: LocalKusto) -> None:
    kusto.faults.answer(Endpoint.STREAM, status=503, times=1)
    async with aiohttp.ClientSession() as session:
        url = f"{kusto.url}/v1/rest/ingest/Events/{TABLE}?streamFormat=csv"
        answers = await asyncio.gather(*(session.post(url, data=b"1,a\n") for _ in range(3)))
        statuses = sorted(answer.status for answer in answers)

    assert statuses == [200, 200, 503]
    assert kusto.faults.requests(Endpoint.STREAM).count(Endpoint.STREAM, 200) == 2


def test_the_python_client_is_recorded_with_its_gzip(kusto: LocalKusto) -> None:
    with KustoClient(kusto.kcsb) as client:
        client.execute_streaming_ingest(
            "Events",
            TABLE,
            gzip.compress(b"1,a\n"),
            None,
            DataFormat.CSV.kusto_value,  # type: ignore[arg-type]
        )

    record = kusto.faults.requests(Endpoint.STREAM).records[0]
    assert record["requestId"].startswith("KPC.executeStreamingIngest")
    assert record["rawBytes"] == 4


async def test_a_chunked_body_is_measured(kusto: LocalKusto) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"1,a\n"

    async with aiohttp.ClientSession() as session:
        url = f"{kusto.url}/v1/rest/ingest/Events/{TABLE}?streamFormat=csv"
        async with session.post(url, data=pieces()) as answer:
            assert answer.status == 200

    record = kusto.faults.requests(Endpoint.STREAM).records[0]
    assert (record["wireBytes"], record["rawBytes"]) == (12, 12)
