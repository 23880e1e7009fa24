"""The laptop stack: Azurite, the local Kusto, the Functions host and the Event Grid stand-in, as one thing.

They start in the order of their needs and end in the opposite one. Used by `./dev up`, `./dev demo` and the tests.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from azure.storage.blob import BlobServiceClient

from local.azurite import Azurite, StorageEndpoints, StoragePorts
from local.endpoints import Endpoints
from local.events import EventGrid, Subscription
from local.hooks import missing_secrets
from local.kql import Cluster
from local.paths import ROOT, RUN
from local.problems import ChildDiedError
from local.processes import Child, Command

LANDING = "landing"
# -P: the folder a command was called in must not shadow our packages.
_MODULE = (sys.executable, "-P", "-m")
_PATH = {"PYTHONPATH": str(ROOT)}
_DRAINS = 35.0  # seconds: the Functions host waits 30 for its running calls
_START_SECONDS = 120.0  # a busy laptop with cold caches; usually two


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to start. Ports: 0 takes a free one.

    Attributes:
        logs: Folder for the log files.
        location: Folder that keeps blobs and tables between runs; None forgets them at the end.
        routes: Route file of the app; None takes the shipped one.
        env: App settings, laid over the stack's own.
        functions: Whether the Functions host runs too.
        functions_url: A host that somebody else runs (`func start`); it gets the blob events, and none is started.
        cores: Of the pretended cluster, for its concurrency limits.
        latency: `none`, `documented`, or milliseconds for each request of the local Kusto.
        batching_seconds: Longest wait of queued ingestion; the service's own default is five minutes.
        schema: Whether infra/kql/*.kql are applied at the start.
    """

    logs: Path
    location: Path | None = None
    routes: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    database: str = "Events"
    functions: bool = True
    functions_url: str = ""
    functions_port: int = 0
    kusto_port: int = 0
    storage_ports: StoragePorts = field(default_factory=StoragePorts)
    cores: int | None = None
    latency: str | None = None
    batching_seconds: float = 1.0
    schema: bool = True

    @property
    def routes_file(self) -> Path:
        """The route file that the app will read."""
        given = self.env.get("ROUTES_FILE")
        return (self.routes or (ROOT / given if given else ROOT / "routes.toml")).resolve()


class Stack:
    """A running stack; an asynchronous context manager.

    Raises (when entered):
        LocalError: Something could not be started; everything that had been started is ended again.
    """

    endpoints: Endpoints

    def __init__(self, options: Options) -> None:
        self._options = options
        self._exit = AsyncExitStack()
        self._children: list[Child] = []
        self.functions: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def death(self) -> ChildDiedError:
        """Wait until one of the processes ends by itself; which one, and its last words."""
        waits = {asyncio.ensure_future(child.wait()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return await waits[done.pop()].death()

    async def guarded[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run something that needs all processes.

        Raises:
            ChildDiedError: One of them ended before the work was done, which is cancelled.
        """
        task, death = asyncio.ensure_future(work), asyncio.ensure_future(self.death())
        try:
            await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise await death
            return task.result()
        finally:
            for each in (task, death):
                each.cancel()
            await asyncio.gather(task, death, return_exceptions=True)

    def kill(self) -> None:
        """End all processes at once, for those who cannot wait."""
        for child in self._children:
            child.kill()

    async def _start(self) -> None:
        options = self._options
        RUN.mkdir(parents=True, exist_ok=True)
        location = options.location or Path(
            self._exit.enter_context(tempfile.TemporaryDirectory(prefix="data-", dir=RUN, ignore_cleanup_errors=True))
        )
        grid = EventGrid(LANDING)
        self._exit.push_async_callback(grid.close)
        azurite = await Azurite.start(
            log=options.logs / "azurite.log",
            ports=options.storage_ports,
            location=options.location / "azurite" if options.location else None,
            on_line=grid.follow,
        )
        self._keep(azurite.child)
        grid.connect(azurite.endpoints)
        kusto = await self._ready("Kusto", self._kusto_argv(azurite.endpoints, location / "kusto"))
        self.endpoints = _endpoints(options, azurite.endpoints, kusto)
        prepared = asyncio.ensure_future(asyncio.to_thread(prepare, self.endpoints, schema=options.schema))
        try:
            if options.functions_url:
                self.endpoints = replace(self.endpoints, functions=options.functions_url)
                grid.subscribe(Subscription(functions=options.functions_url, key="", container=LANDING))
            elif options.functions:
                await self._start_functions(grid)
            await prepared
        finally:
            prepared.cancel()

    async def _start_functions(self, grid: EventGrid) -> None:
        env = self._app_settings()
        ready = await self._ready("Functions host", self._functions_argv(), env, _DRAINS)
        self.endpoints = replace(
            self.endpoints,
            functions=ready["url"],
            function_key=ready["functionKey"],
            admin_key=ready["adminKey"],
            blobs_extension_key=ready["blobsExtensionKey"],
        )
        self.functions = tuple(ready["functions"])
        grid.subscribe(Subscription(functions=ready["url"], key=ready["blobsExtensionKey"], container=LANDING))

    async def _ready(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, grace: float = 8.0
    ) -> dict[str, Any]:
        """Start one of our own processes, which has `grace` seconds to end; the fields of its ready line."""
        log = self._options.logs / f"{name.split(maxsplit=1)[0].lower()}.log"
        ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def follow(line: str) -> None:
            if not ready.done() and line.startswith('{"ready"'):
                ready.set_result(json.loads(line))

        child = await Child.spawn(
            Command(name=name, argv=argv, log=log, env=_PATH | dict(env or {}), grace=grace), follow
        )
        self._keep(child)
        return await child.until(ready, _START_SECONDS)

    def _keep(self, child: Child) -> None:
        self._children.append(child)
        self._exit.push_async_callback(child.stop)

    def _kusto_argv(self, storage: StorageEndpoints, folder: Path) -> list[str]:
        options = self._options
        argv = [*_MODULE, "local.kusto", "--host", "127.0.0.1", "--port", str(options.kusto_port)]
        argv += ["--storage", storage.connection_string, "--data", str(folder), "--database", options.database]
        argv += ["--batching-seconds", f"{options.batching_seconds:g}"]
        if options.cores is not None:
            argv += ["--cores", str(options.cores)]
        if options.latency is not None:
            argv += ["--latency", options.latency]
        return argv

    def _functions_argv(self) -> list[str]:
        argv = [*_MODULE, "local.functions", "--app", str(ROOT), "--host", "127.0.0.1"]
        argv += ["--port", str(self._options.functions_port)]
        return [*argv, "--storage", self.endpoints.storage_connection_string]

    def _app_settings(self) -> dict[str, str]:
        """What the app reads: this stack's addresses, whatever the caller's own environment says, then `env`.

        They go through the child's environment, not its command line, where every user of the machine could read them.
        """
        return {
            "KUSTO_CLUSTER_URI": self.endpoints.kusto,
            "KUSTO_INGEST_URI": self.endpoints.kusto_ingest,
            "KUSTO_DATABASE": self.endpoints.database,
            "KUSTO_AUTH": "none",
            "KUSTO_BLOB_ACCESS": "auto",
            "ROUTES_FILE": self.endpoints.routes,
            **self.endpoints.webhook_secrets,
            **self._options.env,
        }


def _endpoints(options: Options, storage: StorageEndpoints, kusto: Mapping[str, str]) -> Endpoints:
    secrets = missing_secrets(options.routes_file, os.environ | options.env) if options.functions else {}
    return Endpoints(
        kusto=kusto["url"],
        kusto_ingest=kusto["ingestUrl"],
        blob=storage.blob,
        queue=storage.queue,
        table=storage.table,
        storage_connection_string=storage.connection_string,
        database=options.database,
        webhook_secrets=secrets,
        routes=str(options.routes_file),
        logs=str(options.logs),
    )


def prepare(endpoints: Endpoints, *, schema: bool) -> None:
    """Make the landing container and, if asked, run infra/kql/*.kql. Safe to run again."""
    with BlobServiceClient.from_connection_string(endpoints.storage_connection_string) as blobs:
        container = blobs.get_container_client(LANDING)
        if not container.exists():
            container.create_container()
    if schema:
        with Cluster(endpoints.kusto, endpoints.database) as cluster:
            cluster.apply()
