"""Queued ingestion over REST, and the commands that look back."""

import json
import uuid
from typing import Any

import pytest

from tests.contract.dm.test_aggregator import Clients
from tests.kusto_fixture import DATABASE, Answer, LocalKusto, until


@pytest.fixture
def clients(kusto: LocalKusto) -> Clients:
    return Clients(kusto)


def submit(kusto: LocalKusto, table: str, body: Any) -> Answer:
    path = f"/v1/rest/ingestion/queued/{DATABASE}/{table}"
    return kusto.http("POST", path, json.dumps(body), {"Content-Type": "application/json"})


def status(kusto: LocalKusto, table: str, operation: str, query: str = "?details=true") -> Answer:
    return kusto.http("GET", f"/v1/rest/ingestion/queued/{DATABASE}/{table}/{operation}{query}")


def test_an_operation_can_be_followed_to_its_end(kusto: LocalKusto, table: str, clients: Clients) -> None:
    good, bad = str(uuid.uuid4()), str(uuid.uuid4())
    blobs = [
        {"url": f"{clients.blob(b'1,a')};impersonate", "sourceId": good, "rawSize": 4},
        {"url": f"{clients.blob(b'')};impersonate", "sourceId": bad},
    ]

    accepted = submit(kusto, table, {"blobs": blobs, "properties": {"format": "csv", "enableTracking": True}})

    assert accepted.status == 200, accepted.body
    operation = accepted.json["ingestionOperationId"]
    until(lambda: status(kusto, table, operation).json["status"]["inProgress"] == 0)
    shown = status(kusto, table, operation).json
    assert shown["status"] == {"succeeded": 1, "failed": 1, "inProgress": 0, "canceled": 0}
    states = {blob["sourceId"]: (blob["status"], blob["errorCode"]) for blob in shown["details"]}
    assert states == {good: ("Succeeded", None), bad: ("Failed", "Stream_NoDataToIngest")}
    assert "details" not in status(kusto, table, operation, "").json
    kusto.until_rows(table, 1)


def test_delete_after_download_and_skip_batching(kusto: LocalKusto, table: str, clients: Clients) -> None:
    url = clients.blob(b"1,a\n")
    properties = {"format": "csv", "deleteAfterDownload": True, "skipBatching": True, "tags": ["drop-by:rest"]}

    assert submit(kusto, table, {"blobs": [{"url": f"{url};impersonate"}], "properties": properties}).status == 200

    kusto.until_rows(table, 1)
    until(lambda: not clients.blob_exists(url))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"blobs": [], "properties": {"format": "csv"}}, "blobs is empty"),
        ({"blobs": [{"url": "http://127.0.0.1/a/b/c"}]}, "properties.format"),
        ({"blobs": [{"url": "nowhere"}], "properties": {"format": "csv"}}, "Blob Uri is invalid"),
        ({"blobs": [{"url": "http://127.0.0.1/a/b/c"}] * 21, "properties": {"format": "csv"}}, "20"),
        ({"blobs": [{"url": "http://127.0.0.1/a/b/c"}] * 2, "properties": {"format": "csv"}}, "twice"),
        ([], "JSON object"),
    ],
)
def test_a_request_that_cannot_be_accepted_is_refused_whole(
    kusto: LocalKusto, table: str, body: Any, said: str
) -> None:
    answer = submit(kusto, table, body)

    assert answer.status == 400
    assert said in answer.error["@message"]
    assert answer.error["@permanent"] is True


def test_a_missing_table_is_refused_at_once(kusto: LocalKusto, clients: Clients) -> None:
    body = {"blobs": [{"url": clients.blob(b"1,a\n")}], "properties": {"format": "csv"}}

    assert submit(kusto, "Nowhere", body).status == 400


def test_an_operation_nobody_follows_is_not_found(kusto: LocalKusto, table: str, clients: Clients) -> None:
    url = f"{clients.blob(b'1,a')};impersonate"
    accepted = submit(kusto, table, {"blobs": [{"url": url}], "properties": {"format": "csv"}})

    assert status(kusto, table, accepted.json["ingestionOperationId"]).status == 404
    assert status(kusto, table, str(uuid.uuid4())).status == 404
    kusto.until_rows(table, 1)


def test_the_configuration_names_containers_and_limits(kusto: LocalKusto) -> None:
    found = kusto.http("GET", "/v1/rest/ingestion/configuration").json

    assert len(found["containerSettings"]["containers"]) >= 2
    assert found["ingestionSettings"]["maxBlobsPerBatch"] == 20


def test_streaming_is_counted_by_outcome(kusto: LocalKusto, table: str) -> None:
    assert kusto.stream(table, b"1,a\n2,b\n").status == 200
    assert kusto.stream(table, b"3,c\n").status == 200
    assert kusto.stream(table, b'{"a', "streamFormat=json&mappingName=none").status == 400

    shown = [row for row in kusto.run(".show streamingingestion statistics") if row["Table"] == table]
    good = [row for row in shown if row["IngestionStatus"] == "Success"]
    assert sum(row["Count"] for row in good) == 2
    assert sum(row["TotalDataSize"] for row in good) == 12
    failed = [row for row in kusto.run(".show streamingingestion failures") if row["Table"] == table]
    assert [(row["Count"], row["FailureKind"]) for row in failed] == [(1, "Permanent")]


def test_failures_can_be_asked_for_by_operation(kusto: LocalKusto, table: str, clients: Clients) -> None:
    failure = clients.failure(clients.put(table, clients.blob(b"")))

    shown = kusto.run(f".show ingestion failures with (OperationId = '{failure.operation_id}')")

    assert [row["ErrorCode"] for row in shown] == ["Stream_NoDataToIngest"]
    assert kusto.command(".show ingestion failures sometimes").status == 400


def test_failures_can_be_filtered_by_query_operators(kusto: LocalKusto, table: str, clients: Clients) -> None:
    name = str(uuid.uuid4())
    failure = clients.failure(clients.put(table, clients.blob(b"", f"x__{name}__y.csv")))
    asked = f".show ingestion failures with (OperationId = '{failure.operation_id}')"

    found = kusto.run(f".show ingestion failures | where IngestionSourcePath has '{name}' | take 1")

    assert [row["OperationId"] for row in found] == [failure.operation_id]
    assert kusto.run(f"{asked} | where FailedOn > ago(1h) | project ErrorCode") == [{"ErrorCode": failure.error_code}]
    assert kusto.run(".show ingestion failures | where IngestionSourcePath has 'nobody' | take 1") == []
    assert kusto.command(".show ingestion failures | wherever").status == 400


def test_streaming_failures_and_statistics_can_be_filtered(kusto: LocalKusto, table: str) -> None:
    kusto.stream(table, b"1,a\n")
    kusto.stream(table, b'1,"a\n')

    failed = kusto.run(f".show streamingingestion failures | where Table == '{table}' | project Count, Properties=1")
    counted = kusto.run(f".show streamingingestion statistics | where Table == '{table}' | summarize sum(Count)")

    assert [row["Count"] for row in failed] == [1]
    assert [row["sum_Count"] for row in counted] == [2]
