"""The processes of the laptop stack, each of which a test may kill and start again in its old place.

Ports, keys and folders stay the same over a restart, as they do in Azure.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - a field of a dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import aiohttp
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.azurite import Azurite, StorageEndpoints, StoragePorts
from local.endpoints import Endpoints
from local.events import EventGrid, Subscription
from local.paths import ROOT
from local.processes import Child, Command
from local.stack import LANDING, prepare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

_MODULE = (sys.executable, "-P", "-m")
_START = 60.0
_KEY, _ADMIN = "function-key-of-the-chaos-tests", "admin-key-of-the-chaos-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to start. `routes`: added to the shipped routes; `kusto`: further arguments of the local Kusto."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    routes: str = ""
    kusto: Sequence[str] = ("--batching-seconds", "1")


class Rig:
    """Azurite, the local Kusto, the Functions host and the Event Grid stand-in."""

    endpoints: Endpoints

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._exit = AsyncExitStack()
        self._children: dict[str, Child] = {}
        self._ports: dict[str, int] = {"kusto": 0, "functions": 0}
        self._storage: StorageEndpoints | None = None
        self.kusto = self.functions = ""

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

    @property
    def storage(self) -> StorageEndpoints:
        assert self._storage is not None
        return self._storage

    def pid(self, name: str) -> int:
        """Of `azurite`, `kusto` or `functions`."""
        return self._children[name].pid

    async def kill(self, name: str) -> None:
        """SIGKILL: no clean end, no last words."""
        child = self._children.pop(name)
        child.kill()
        await child.wait()
        await child.stop()

    async def start_azurite(self) -> None:
        ports = StoragePorts()
        if self._storage is not None:
            ports = StoragePorts(
                **{n: urlsplit(getattr(self._storage, n)).port or 0 for n in ("blob", "queue", "table")}
            )
        azurite = await Azurite.start(
            log=self._plan.folder / "azurite.log",
            ports=ports,
            location=self._plan.folder / "azurite",
            on_line=self._grid.follow,
        )
        self._children["azurite"] = azurite.child
        restarted, self._storage = self._storage is not None, azurite.endpoints
        if restarted:
            await _make_landing(azurite.endpoints.connection_string)

    async def start_kusto(self) -> None:
        argv = ["local.kusto", "--storage", self.storage.connection_string, "--data", str(self._plan.folder / "kusto")]
        argv += ["--database", "Events", *self._plan.kusto]
        self.kusto = await self._ready("kusto", argv, {"PYTHONPATH": str(ROOT)})

    async def start_functions(self) -> None:
        routes = self._plan.folder / "routes.toml"
        routes.write_text((ROOT / "routes.toml").read_text() + self._plan.routes)
        env = {
            "KUSTO_CLUSTER_URI": self.kusto,
            "KUSTO_DATABASE": "Events",
            "KUSTO_AUTH": "none",
            "ROUTES_FILE": str(routes),
            "GITHUB_WEBHOOK_SECRET": "secret-of-the-chaos-tests",
            "AzureFunctionsJobHost__logging__logLevel__default": "Warning",
            **self._plan.env,
        }
        argv = ["local.functions", "--app", str(ROOT), "--function-key", _KEY, "--admin-key", _ADMIN]
        self.functions = await self._ready(
            "functions", [*argv, "--storage", self.storage.connection_string], env | {"PYTHONPATH": str(ROOT)}
        )

    @property
    def key(self) -> str:
        """The function key."""
        return _KEY

    async def post(
        self, session: aiohttp.ClientSession, path: str, body: bytes, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """One request to the application. Raises `aiohttp.ClientError` when no answer comes."""
        named = {"x-functions-key": _KEY} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with session.post(f"{self.functions}/api/{path}", data=body, headers=named) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else {}

    async def operation(self, session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
        async with session.get(f"{self.functions}{url}", headers={"x-functions-key": _KEY}) as answer:
            return dict(await answer.json(content_type=None))

    async def letters(self, session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        """Every dead letter; there must be few."""
        headers = {"x-functions-key": _ADMIN}
        async with session.get(f"{self.functions}/api/deadletters", headers=headers) as answer:
            return list((await answer.json(content_type=None))["deadLetters"])

    async def counts(self, query: str) -> dict[str, int]:
        """Rows of a KQL query with two columns: a name and how many."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.kusto}/v1/rest/query", json={"db": "Events", "csl": query}) as answer,
        ):
            body = await answer.json(content_type=None)
            assert answer.status == 200, body
            return {str(row[0]): int(row[1]) for row in body["Tables"][0]["Rows"]}

    async def command(self, text: str) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.kusto}/v1/rest/mgmt", json={"db": "Events", "csl": text}) as answer,
        ):
            assert answer.status == 200, await answer.text()

    def blobs(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.storage.connection_string)

    async def waiting(self) -> str:
        """What the queues and the spool hold, for the words of a failure."""
        found: list[str] = []
        async with QueueServiceClient.from_connection_string(self.storage.connection_string) as queues:
            async for queue in queues.list_queues():
                name = str(queue.name)
                properties = await queues.get_queue_client(name).get_queue_properties()
                found.append(f"{name}: {properties.approximate_message_count}")
        async with self.blobs() as blobs:
            for container in ("spool", "deadletters"):
                try:
                    names = [blob.name async for blob in blobs.get_container_client(container).list_blobs()]
                except AzureError:
                    continue
                found.append(f"{container}: {names[:5]}")
        return "; ".join(found)

    async def _start(self) -> None:
        self._grid = EventGrid(LANDING)
        self._exit.push_async_callback(self._grid.close)
        self._exit.push_async_callback(self._end)
        await self.start_azurite()
        self._grid.connect(self.storage)
        await self.start_kusto()
        endpoints = Endpoints(
            kusto=self.kusto,
            kusto_ingest=self.kusto,
            blob=self.storage.blob,
            queue=self.storage.queue,
            table=self.storage.table,
            storage_connection_string=self.storage.connection_string,
            database="Events",
            logs=str(self._plan.folder),
        )
        await asyncio.to_thread(prepare, endpoints, schema=True)
        await self.start_functions()
        # The admin key opens the blob webhook too, and stays the same over a restart.
        self._grid.subscribe(Subscription(functions=self.functions, key=_ADMIN, container=LANDING))

    async def _ready(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> str:
        ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def follow(line: str) -> None:
            if not ready.done() and line.startswith('{"ready"'):
                ready.set_result(json.loads(line))

        log = self._plan.folder / f"{name}-{len(list(self._plan.folder.glob(f'{name}-*.log')))}.log"
        full = [*_MODULE, *argv, "--host", "127.0.0.1", "--port", str(self._ports[name])]
        child = await Child.spawn(Command(name=name, argv=full, log=log, env=env), follow)
        self._children[name] = child
        url = str((await child.until(ready, _START))["url"])
        self._ports[name] = urlsplit(url).port or 0
        return url

    async def _end(self) -> None:
        for name in ("functions", "kusto", "azurite"):
            child = self._children.pop(name, None)
            if child is not None:
                await child.stop()


async def eventually[T](look: Callable[[], Awaitable[T]], good: Callable[[T], bool], within: float) -> T:
    """What the look sees once it is good, or at the end of the time (seconds)."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while not good(seen := await look()) and loop.time() < end:  # noqa: ASYNC110 - another process is looked at
        await asyncio.sleep(0.25)
    return seen


async def _make_landing(connection_string: str) -> None:
    """Azurite writes behind: a container that was made shortly before it was killed may be gone with it."""
    async with BlobServiceClient.from_connection_string(connection_string) as blobs:
        container = blobs.get_container_client(LANDING)
        if not await container.exists():
            await container.create_container()
