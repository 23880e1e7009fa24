"""A local Kusto for tests: the whole server with both its extensions, in the test's process, on a free port."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web
from azure.kusto.data import KustoConnectionStringBuilder

from local.kusto import dm, faults
from local.kusto.dm.half import IngestionHalf, Options
from local.kusto.dm.ingestor import Patience
from local.kusto.engine import Engine
from local.kusto.faults.client import Faults
from local.kusto.faults.plan import plan_of
from local.kusto.server import build_app
from tests.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

DATABASE = "Events"
_prefixes = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        content = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return json.loads(content)

    @property
    def error(self) -> Any:
        return self.json["error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKusto:
    """A running local Kusto."""

    url: str
    engine: Engine
    half: IngestionHalf
    faults: Faults
    storage: str | None

    def http(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=named, body=answer.read())
        finally:
            connection.close()

    def command(self, text: str, database: str = DATABASE) -> Answer:
        body = json.dumps({"db": database, "csl": text})
        return self.http("POST", "/v1/rest/mgmt", body, {"Content-Type": "application/json"})

    def run(self, *commands: str) -> list[dict[str, Any]]:
        """Run commands that must succeed; the rows of the last one."""
        rows: list[dict[str, Any]] = []
        for text in commands:
            answer = self.command(text)
            assert answer.status == 200, answer.body
            table = answer.json["Tables"][0]
            names = [column["ColumnName"] for column in table["Columns"]]
            rows = [dict(zip(names, row, strict=True)) for row in table["Rows"]]
        return rows

    def stream(self, table: str, content: bytes, query: str = "streamFormat=csv", **headers: str) -> Answer:
        return self.http("POST", f"/v1/rest/ingest/{DATABASE}/{table}?{query}", content, headers)

    def count(self, table: str) -> int:
        return len(self.rows(table))

    def rows(self, table: str) -> list[list[Any]]:
        return [list(row) for row in self.engine.query(DATABASE, table).rows]

    def until_rows(self, table: str, expected: int, within: float = 20.0) -> None:
        """Wait for queued rows; fails with what is there when they do not come."""
        until(lambda: self.count(table) >= expected, within, lambda: f"{self.count(table)} rows, not {expected}")
        assert self.count(table) == expected

    @property
    def kcsb(self) -> KustoConnectionStringBuilder:
        return KustoConnectionStringBuilder.with_no_authentication(self.url)


def until(done: Callable[[], bool], within: float = 20.0, found: Callable[[], object] = lambda: "") -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, f"it did not come within {within} s: {found()}"
        time.sleep(0.05)


@contextmanager
def running_kusto(storage: str | None, *, folder: Path | None = None, **options: Any) -> Iterator[LocalKusto]:
    """A server of its own; queues and containers of its own in a shared Azurite."""
    engine = Engine(folder=folder)
    engine.create_database(DATABASE)
    chosen = {
        "batching_seconds": 0.2,
        "prefix": f"t{next(_prefixes)}-{time.time_ns() % 10**8}",
        "patience": Patience(attempts=3, first_pause=0.1),
        "probe": plan_of(engine).probe_batch,
    }
    half = dm.extension(engine, storage, Options(**(chosen | options)))
    try:
        with LoopThread() as loop:
            runner, url = loop.run(_serve(engine, half))
            try:
                yield LocalKusto(url=url, engine=engine, half=half, faults=Faults(url), storage=storage)
            finally:
                loop.run(runner.cleanup())
    finally:
        engine.close()


async def _serve(engine: Engine, half: IngestionHalf) -> tuple[web.AppRunner, str]:
    app = build_app(engine, [faults.extension(engine), half])
    runner = web.AppRunner(app, auto_decompress=False, access_log=None)
    try:
        await runner.setup()
    except BaseException:
        await runner.cleanup()
        raise
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"
