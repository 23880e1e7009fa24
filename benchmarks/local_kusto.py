"""How fast the local Kusto takes data: it must never be the bottleneck of what is tested against it.

Run: ``python benchmarks/local_kusto.py [--seconds N] [--data DIR]``. The server runs in a process of its own; the
baseline is the same load on ``/v1/rest/ping``, which is aiohttp alone. The server's own CPU time is measured beside
the clock: on a machine that does other work too, a rate per CPU second says more (the client takes its share as well).
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COLUMNS = (
    "StartTime:datetime, EndTime:datetime, State:string, DamageProperty:int, DamageCrops:int, "
    "Source:string, StormSummary:dynamic"
)
SMALL = b'2018-01-26 00:00:00.0000000,2018-01-27 14:00:00.0000000,MEXICO,0,0,Unknown,"{}"\n'
EVENT = json.dumps({"id": "1", "source": "bench", "data": {"n": list(range(50))}}).encode() + b"\n"
IN_FLIGHT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one measurement did."""

    requests: int
    seconds: float
    refused: int
    latencies: list[float]
    cpu: float

    def show(self, name: str, raw_bytes: int) -> None:
        """Print one line of figures."""
        ordered = sorted(self.latencies)
        middle, tail = (ordered[int(len(ordered) * q)] * 1000 for q in (0.5, 0.99))
        rate = self.requests / self.seconds
        own = self.requests / self.cpu if self.cpu else float("nan")
        print(
            f"{name:34} {rate:7.0f} requests/s {rate * raw_bytes / 1e6:7.1f} MB/s raw   "
            f"p50 {middle:6.1f} ms  p99 {tail:6.1f} ms  refused {self.refused}   "
            f"per CPU second of the server {own:7.0f} requests {own * raw_bytes / 1e6:7.1f} MB"
        )


def cpu_seconds(pid: int) -> float:
    """User and system time of a process; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows(size: int) -> bytes:
    """Storm events of about ``size`` raw bytes."""
    lines = [
        f"2018-01-{1 + i % 28:02} 00:00:00.0000000,2018-02-{1 + i % 28:02} 14:00:00.0000000,STATE{i % 50},{i},{i * 7},"
        f'Source {i % 9},"{{""i"":{i},""text"":""storm {i % 100}""}}"\n'
        for i in range(size // 120)
    ]
    return "".join(lines).encode()


async def load(send: Callable[[], Awaitable[int]], seconds: float, in_flight: int, pid: int) -> Load:
    """Send as fast as answers come, with a fixed number of requests in flight."""
    until = time.perf_counter() + seconds
    latencies: list[float] = []
    refused = 0

    async def worker() -> None:
        nonlocal refused
        while time.perf_counter() < until:
            started = time.perf_counter()
            status = await send()
            latencies.append(time.perf_counter() - started)
            refused += status != HTTPStatus.OK

    started, used = time.perf_counter(), cpu_seconds(pid)
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return Load(
        requests=len(latencies) - refused,
        seconds=time.perf_counter() - started,
        refused=refused,
        latencies=latencies,
        cpu=cpu_seconds(pid) - used,
    )


async def measure(url: str, seconds: float, pid: int) -> None:
    """All measurements, one after the other."""
    async with aiohttp.ClientSession(url) as session:

        async def run(text: str) -> Any:
            async with session.post("/v1/rest/mgmt", json={"db": "Events", "csl": text}) as answer:
                answer.raise_for_status()
                return (await answer.json())["Tables"][0]["Rows"]

        async def count(table: str) -> int:
            async with session.post("/v1/rest/query", json={"db": "Events", "csl": f"{table} | count"}) as answer:
                return int((await answer.json())["Tables"][0]["Rows"][0][0])

        def post(table: str, body: bytes, query: str, *, compressed: bool) -> Callable[[], Awaitable[int]]:
            headers = {"Content-Encoding": "gzip"} if compressed else {}
            data = gzip.compress(body, 1) if compressed else body

            async def send() -> int:
                path = f"/v1/rest/ingest/Events/{table}?{query}"
                async with session.post(path, data=data, headers=headers) as answer:
                    await answer.read()
                    return answer.status

            return send

        async def ping() -> int:
            async with session.get("/v1/rest/ping") as answer:
                await answer.read()
                return answer.status

        await run(f".create table Storms ({COLUMNS})")
        await run(".create table Events (Id:string, Source:string, Data:dynamic)")
        await run(".alter database Events policy streamingingestion enable")
        await run(
            '.create table Events ingestion json mapping \'m\' \'[{"column":"Id","path":"$.id"},'
            '{"column":"Source","path":"$.source"},{"column":"Data","path":"$.data"}]\''
        )
        (await load(ping, seconds, IN_FLIGHT, pid)).show("baseline: ping", 0)
        total = 0
        for name, table, body, query, in_flight in (
            ("one CSV line", "Storms", SMALL, "streamFormat=csv", IN_FLIGHT),
            ("one JSON event, mapped", "Events", EVENT, "streamFormat=json&mappingName=m", IN_FLIGHT),
            ("CSV, 1 MB", "Storms", rows(1_000_000), "streamFormat=csv", 4),
            ("CSV, 4 MB", "Storms", rows(4_000_000), "streamFormat=csv", 4),
            ("JSON events, 1 MB", "Events", EVENT * (1_000_000 // len(EVENT)), "streamFormat=json&mappingName=m", 4),
        ):
            for compressed in (False, True):
                done = await load(post(table, body, query, compressed=compressed), seconds, in_flight, pid)
                done.show(f"{name}{', gzip' if compressed else ''}", len(body))
                total += done.requests * body.count(b"\n") if table == "Storms" else 0
        found = await count("Storms")
        print(f"rows sent {total}, rows there {found}: {'none lost' if found == total else 'ROWS DIFFER'}")


def main() -> None:
    """Start a local Kusto, load it, end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    parser.add_argument("--data", help="folder for the databases (default: in memory)")
    arguments = parser.parse_args()
    kept = ["--data", arguments.data] if arguments.data else []
    command = [sys.executable, "-m", "local.kusto", "--cores", "16", *kept]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own module
        try:
            if server.stdout is None:
                raise RuntimeError("the server has no stdout")
            url = json.loads(server.stdout.readline())["url"]
            asyncio.run(measure(url, arguments.seconds, server.pid))
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
