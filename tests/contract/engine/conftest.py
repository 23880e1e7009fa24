from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import requests
from azure.kusto.data import KustoClient, KustoConnectionStringBuilder

from local.kusto.engine import Engine
from local.kusto.limits import Limits
from local.kusto.server import build_app, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A served engine, a client of PyPI on it, and raw HTTP beside it."""

    url: str
    engine: Engine
    client: KustoClient

    def mgmt(self, text: str, database: str = "Events") -> list[dict[str, object]]:
        table = self.client.execute_mgmt(database, text).primary_results[0]
        return [row.to_dict() for row in table]

    def query(self, text: str, database: str = "Events") -> list[dict[str, object]]:
        table = self.client.execute_query(database, text).primary_results[0]
        return [row.to_dict() for row in table]

    def count(self, table: str) -> int:
        return int(str(self.query(f"['{table}'] | count")[0]["Count"]))

    def table(self, columns: str = "a:string, b:long", *, streaming: bool = True) -> str:
        """A table of its own for a test."""
        name = f"Tab{uuid4().hex[:8]}"
        self.mgmt(f".create table {name} ({columns})")
        if streaming:
            self.mgmt(f".alter table {name} policy streamingingestion enable")
        return name

    def stream(
        self, table: str, body: bytes, *, headers: dict[str, str] | None = None, **query: str
    ) -> requests.Response:
        return requests.post(
            f"{self.url}/v1/rest/ingest/{query.pop('database', 'Events')}/{table}",
            params={"streamFormat": "csv", **query},
            data=body,
            headers=headers,
            timeout=30,
        )


@contextmanager
def running(engine: Engine) -> Iterator[str]:
    """Serve in a thread of its own, so that blocking clients can be used in the test's."""
    url: list[str] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with serving(build_app(engine)) as address:
            url.append(address)
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(20)
    try:
        yield url[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        engine.close()


@contextmanager
def cluster_of(engine: Engine) -> Iterator[Cluster]:
    engine.create_database("Events")
    with running(engine) as url:
        client = KustoClient(KustoConnectionStringBuilder.with_no_authentication(url))
        with client:
            yield Cluster(url=url, engine=engine, client=client)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with cluster_of(Engine(limits=Limits(cores=16))) as cluster:
        yield cluster


@pytest.fixture
def new_cluster() -> Iterator[Callable[[Engine], Cluster]]:
    """Clusters with limits of the test's own choice."""
    with ExitStack() as stack:
        yield lambda engine: stack.enter_context(cluster_of(engine))
