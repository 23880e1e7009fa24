"""What the streaming endpoint refuses, with the service's status, code and permanence; and nothing is ingested."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from local.kusto.engine import Engine
from local.kusto.limits import Limits

if TYPE_CHECKING:
    from local.kusto.model import IngestRequest, IngestResult

EMPTY = "The input stream is empty after processing, tip:check stream validity"
GZIP = {"Content-Encoding": "gzip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    body: bytes
    code: str
    text: str
    status: int = 400
    permanent: bool = True
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    streaming: bool = True


REFUSALS = {
    "empty body": Refusal(body=b"", code="BadRequest", text=EMPTY),
    "gzip of nothing": Refusal(body=gzip.compress(b""), headers=GZIP, code="BadRequest", text=EMPTY),
    "only line breaks": Refusal(body=b"\n\r\n\n", code="BadRequest", text=EMPTY),
    "broken gzip": Refusal(body=b"\x1f\x8bnothing", headers=GZIP, code="BadRequest", text=EMPTY),
    "cut gzip": Refusal(body=gzip.compress(b"x,1\n" * 100)[:-9], headers=GZIP, code="BadRequest", text=EMPTY),
    "plain body called gzip": Refusal(body=b"x,1\n", headers=GZIP, code="BadRequest", text=EMPTY),
    "gzip with garbage behind": Refusal(
        body=gzip.compress(b"x,1\n") + b"garbage", headers=GZIP, code="BadRequest", text=EMPTY
    ),
    "unknown encoding": Refusal(
        body=b"x,1\n", headers={"Content-Encoding": "br"}, code="BadRequest_NotSupported", text="use gzip"
    ),
    "open quote": Refusal(body=b'x,1\n"y,2\n', code="BadRequest", text="Closing quote is missing"),
    "JSON lines of which none is well-formed": Refusal(
        body=b'{"a":1\n{"a":', query={"streamFormat": "json", "mappingName": "j"}, code="BadRequest", text=EMPTY
    ),
    "one broken value of multijson": Refusal(
        body=b'{"a":1}\n{"a":', query={"streamFormat": "multijson", "mappingName": "j"}, code="BadRequest", text=EMPTY
    ),
    "ragged CSV": Refusal(body=b"x,1\ny\n", code="BadRequest", text="Inconsistent number of fields"),
    "ragged CSV far down": Refusal(
        body=b"x,1\n" * 40_000 + b"y,2,3\n", code="BadRequest", text="Inconsistent number of fields"
    ),
    "ragged TSVE": Refusal(
        body=b"x\t1\ny\n", query={"streamFormat": "tsve"}, code="BadRequest", text="Inconsistent number of fields"
    ),
    "JSON array as JSON lines": Refusal(
        body=b'[{"a":1}]', query={"streamFormat": "json", "mappingName": "j"}, code="BadRequest", text=EMPTY
    ),
    "number in multijson": Refusal(
        body=b'{"a":1} 5', query={"streamFormat": "multijson", "mappingName": "j"}, code="BadRequest", text=EMPTY
    ),
    "not JSON at all": Refusal(
        body=b"NaN", query={"streamFormat": "multijson", "mappingName": "j"}, code="BadRequest", text=EMPTY
    ),
    "CSV as Avro": Refusal(
        body=b"x,1\n", query={"streamFormat": "avro", "mappingName": "v"}, code="BadRequest", text=EMPTY
    ),
    "CSV as Parquet": Refusal(body=b"x,1\n", query={"streamFormat": "parquet"}, code="BadRequest", text=EMPTY),
    "CSV as ORC": Refusal(body=b"x,1\n", query={"streamFormat": "orc"}, code="BadRequest", text=EMPTY),
    "unknown format": Refusal(
        body=b"x,1\n", query={"streamFormat": "xml"}, code="BadRequest_FormatNotSupported", text="'xml'"
    ),
    "no format": Refusal(
        body=b"x,1\n", query={"streamFormat": ""}, code="BadRequest_FormatNotSupported", text="streamFormat"
    ),
    "unknown mapping": Refusal(
        body=b"x,1\n",
        query={"mappingName": "nope"},
        code="BadRequest_EntityNotFound",
        text="Entity ID 'nope' of kind 'MappingPersistent' was not found.",
    ),
    "mapping of another kind": Refusal(
        body=b"x,1\n",
        query={"mappingName": "j"},
        code="BadRequest_EntityNotFound",
        text="Entity ID 'j' of kind 'MappingPersistent' was not found.",
    ),
    "mapping to a column that is not there": Refusal(
        body=b"x,1\n", query={"mappingName": "w"}, code="BadRequest_InconsistentMapping", text="'nowhere'"
    ),
    "unknown database": Refusal(
        body=b"x,1\n",
        query={"database": "Nope"},
        code="BadRequest_EntityNotFound",
        text="Entity ID 'Nope' of kind 'Database' was not found.",
    ),
    "streaming policy off": Refusal(
        body=b"x,1\n",
        streaming=False,
        code="BadRequest_StreamingIngestionPolicyNotEnabled",
        text="policy is not enabled",
    ),
    "over 4 MB raw": Refusal(body=b"x" * (4 * 1024 * 1024 + 1), status=413, code="Payload too large", text="4194304"),
    "over 4 MB raw, compressed": Refusal(
        body=gzip.compress(b"x,1\n" * (1024 * 1024 + 1)),
        headers=GZIP,
        status=413,
        code="Payload too large",
        text="4194304",
    ),
    "over 10 MB as it travels": Refusal(
        body=b"x" * (10 * 1024 * 1024 + 1), status=413, code="Payload too large", text="10485760"
    ),
    "over 10 MB once decompressed": Refusal(
        body=gzip.compress(b"x,1\n" * (3 * 1024 * 1024)),
        headers=GZIP,
        status=413,
        code="Payload too large",
        text="10485760",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_the_services_answer_and_no_effect(cluster: Any, name: str) -> None:
    expected = REFUSALS[name]
    table = cluster.table(streaming=expected.streaming)
    for kind, mapping, column in (("json", "j", "a"), ("avro", "v", "a"), ("csv", "w", "nowhere")):
        place = '"Ordinal":0' if kind == "csv" else '"Path":"$.a"'
        cluster.mgmt(
            f""".create table {table} ingestion {kind} mapping '{mapping}' """
            f"""'[{{"column":"{column}","Properties":{{{place}}}}}]'"""
        )

    answer = cluster.stream(table, expected.body, headers=expected.headers, **expected.query)

    error = answer.json()["error"]
    assert answer.status_code == expected.status
    assert (error["code"], error["@permanent"]) == (expected.code, expected.permanent)
    assert expected.text in error["@message"]
    assert cluster.count(table) == 0


def test_exactly_4_mb_is_taken(cluster: Any) -> None:
    table = cluster.table()
    line = b"x" * 1021 + b",1\n"

    answer = cluster.stream(table, line * (4 * 1024))

    assert len(line) * 4 * 1024 == 4 * 1024 * 1024
    assert answer.status_code == 200
    assert cluster.count(table) == 4 * 1024


def test_the_databases_policy_serves_a_table_without_one_and_the_tables_own_wins(new_cluster: Any) -> None:
    cluster = new_cluster(Engine())
    table = cluster.table(streaming=False)
    cluster.mgmt(".alter database Events policy streamingingestion enable")
    enabled = cluster.stream(table, b"x,1\n")
    cluster.mgmt(f".alter table {table} policy streamingingestion '{{\"IsEnabled\": false}}'")
    disabled = cluster.stream(table, b"x,1\n")
    cluster.mgmt(f".delete table {table} policy streamingingestion")
    again = cluster.stream(table, b"x,1\n")

    assert [a.status_code for a in (enabled, disabled, again)] == [200, 400, 200]


class HeldEngine(Engine):
    """An engine whose ingestion waits at a gate, so that slots stay taken."""

    arrived = threading.Semaphore(0)
    gate = threading.Event()

    def ingest(self, request: IngestRequest) -> IngestResult:
        self.arrived.release()
        self.gate.wait(20)
        return super().ingest(request)


def test_one_request_too_many_is_throttled(new_cluster: Any) -> None:
    engine = HeldEngine(limits=Limits(cores=1, streams_per_core=2))
    cluster = new_cluster(engine)
    table = cluster.table()
    with ThreadPoolExecutor(2) as senders:
        held = [senders.submit(cluster.stream, table, b"x,1\n") for _ in range(2)]
        assert all(engine.arrived.acquire(timeout=20) for _ in held)
        refused = cluster.stream(table, b"y,2\n")
        engine.gate.set()
        accepted = [sender.result().status_code for sender in held]
    after = cluster.stream(table, b"z,3\n")

    error = refused.json()["error"]
    assert refused.status_code == 429
    assert (error["code"], error["@permanent"]) == ("Too many requests", False)
    assert "Capacity: 2" in error["@message"]
    assert accepted == [200, 200]
    assert after.status_code == 200
    assert cluster.count(table) == 3


def test_a_new_schema_reaches_streaming_after_the_delay_or_when_the_cache_is_cleared(new_cluster: Any) -> None:
    now = [1000.0]
    cluster = new_cluster(Engine(limits=Limits(propagation=300.0), clock=lambda: now[0]))
    table = cluster.table()

    def status() -> tuple[int, str]:
        answer = cluster.stream(table, b"x,1,new\n")
        return answer.status_code, "" if answer.ok else answer.json()["error"]["code"]

    fresh = status()
    cluster.mgmt(f".clear table {table} cache streamingingestion schema")
    cleared = status()
    cluster.mgmt(f".create-merge table {table} (c:string)")
    stale = status()
    seen_stale = cluster.query(f"{table} | project c")
    now[0] += 301
    status()

    assert fresh == (400, "BadRequest_EntityNotFound")
    assert cleared == stale == (200, "")
    assert {row["c"] for row in seen_stale} <= {"", None}
    assert "new" in {row["c"] for row in cluster.query(f"{table} | project c")}


def test_what_transactional_update_policies_add_counts_for_the_4_mb(new_cluster: Any) -> None:
    cluster = new_cluster(Engine(limits=Limits(request_bytes=1000)))
    source, target = cluster.table("a:string"), cluster.table("a:string")
    policy = [{"Source": source, "Query": f"{source} | extend a = strcat(a, a)", "IsTransactional": True}]
    cluster.mgmt(f".alter table {target} policy update @'{json.dumps(policy)}'")

    small = cluster.stream(source, b"x" * 300 + b"\n")
    large = cluster.stream(source, b"x" * 400 + b"\n")
    inline = cluster.mgmt(f".ingest inline into table {source} <| {'y' * 900}")

    assert (small.status_code, large.status_code) == (200, 413)
    assert large.json()["error"]["@permanent"] is True
    assert len(inline) == 1
    assert (cluster.count(source), cluster.count(target)) == (2, 2)


def test_requests_that_share_a_commit_are_measured_one_by_one(new_cluster: Any) -> None:
    cluster = new_cluster(Engine(limits=Limits(request_bytes=1000, cores=8)))
    source, target = cluster.table("a:string"), cluster.table("a:string")
    policy = [{"Source": source, "Query": source, "IsTransactional": True}]
    cluster.mgmt(f".alter table {target} policy update @'{json.dumps(policy)}'")
    bodies = [b"s" * 400 + b"\n", b"l" * 600 + b"\n"] * 12

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda body: cluster.stream(source, body).status_code, bodies))

    assert found == [200, 413] * 12
    assert (cluster.count(source), cluster.count(target)) == (12, 12)


def test_requests_beyond_the_rate_are_throttled(new_cluster: Any) -> None:
    cluster = new_cluster(Engine(limits=Limits(requests_per_second=2)))
    table = cluster.table()

    answers = [cluster.stream(table, b"x,1\n") for _ in range(40)]

    throttled = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert throttled
    assert throttled[0].json()["error"]["@permanent"] is False
    assert cluster.count(table) == 40 - len(throttled)
