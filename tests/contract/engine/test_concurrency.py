"""Nothing is lost, doubled or torn under concurrency, nor by a restart."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from local.kusto.engine import Engine
from local.kusto.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

WRITERS, REQUESTS, ROWS = 64, 12, 5


async def test_rows_are_conserved_under_64_writers(new_cluster: Any) -> None:
    cluster = await asyncio.to_thread(new_cluster, Engine(limits=Limits(cores=16)))
    tables = [await asyncio.to_thread(cluster.table) for _ in range(3)]
    async with aiohttp.ClientSession() as session:

        async def write(writer: int) -> list[str]:
            accepted = []
            for number in range(REQUESTS):
                mark = f"{writer}-{number}"
                bad = number % 4 == 3
                body = f'{mark},"torn\n' if bad else f"{mark},1\n" * ROWS
                url = f"{cluster.url}/v1/rest/ingest/Events/{tables[writer % 3]}?streamFormat=csv"
                async with session.post(url, data=body.encode()) as answer:
                    await answer.read()
                assert answer.status == (400 if bad else 200)
                accepted += [] if bad else [mark]
            return accepted

        async def alter() -> None:
            for number in range(10):
                await asyncio.to_thread(cluster.mgmt, f".create-merge table {tables[0]} (c{number}:string)")

        *written, _ = await asyncio.gather(*(write(writer) for writer in range(WRITERS)), alter())

    expected = Counter({mark: ROWS for marks in written for mark in marks})
    found = Counter(await asyncio.to_thread(_marks, cluster, tables))
    assert len(expected) == WRITERS * REQUESTS * 3 // 4
    assert found == expected
    assert await asyncio.to_thread(_recorded_rows, cluster, tables) == sum(expected.values())


def _marks(cluster: Any, tables: list[str]) -> list[str]:
    return [str(row["a"]) for table in tables for row in cluster.query(f"{table} | project a")]


def _recorded_rows(cluster: Any, tables: list[str]) -> int:
    return sum(int(row["RowCount"]) for table in tables for row in cluster.mgmt(f".show table {table} extents"))


@pytest.mark.parametrize("restarts", [2])
def test_the_same_folder_brings_everything_back(new_cluster: Any, tmp_path: Path, restarts: int) -> None:
    first = new_cluster(Engine(folder=tmp_path))
    first.mgmt(".create table T (a:string, b:long)")
    first.mgmt(".alter table T policy streamingingestion enable")
    first.mgmt(""".create table T ingestion csv mapping 'm' '[{"column":"b","Ordinal":0}]'""")
    first.mgmt(".create function F() { T | count }")
    first.mgmt(".create materialized-view V on table T { T | summarize s = sum(b) by a }")
    first.mgmt(""".ingest inline into table T with (tags='["ingest-by:1"]') <| x,1""")
    first.engine.close()

    for number in range(restarts):
        again = new_cluster(Engine(folder=tmp_path))
        assert again.stream("T", b"5\n", mappingName="m").status_code == 200
        assert again.count("T") == 2 + number
        assert again.query("F()") == [{"Count": 2 + number}]
        assert again.query("V | where a == 'x'") == [{"a": "x", "s": 1}]
        skipped = again.mgmt(
            """.ingest inline into table T with (tags='["ingest-by:1"]', ingestIfNotExists='["1"]') <| x,1"""
        )
        assert skipped[0]["RowCount"] == 0
        extents = again.mgmt(".show table T extents")
        assert len({row["ExtentId"] for row in extents}) == len(extents) == 2 + number
        again.engine.close()
