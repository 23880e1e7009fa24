"""An Azurite and a few local Kustos beside each other: the ground for the official client's many waits."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from local.azurite import Azurite
from local.managed_table.stage import Scene
from local.paths import ROOT
from local.processes import Child, Command

DATABASE: Final = "Events"
_START_SECONDS: Final = 120.0
_BATCHING_SECONDS: Final = 0.2


@asynccontextmanager
async def scenes(count: int, logs: Path) -> AsyncIterator[Sequence[Scene]]:
    """So many local Kustos over one Azurite, each with queues and containers of its own.

    Raises:
        LocalError: when one of them does not start.
    """
    async with AsyncExitStack() as stack:
        azurite = await Azurite.start(log=logs / "azurite.log")
        stack.push_async_callback(azurite.stop)
        storage = azurite.endpoints.connection_string
        started = []
        for number in range(count):
            child, url = await _kusto(storage, number, logs / f"kusto-{number}.log")
            stack.push_async_callback(child.stop)
            started.append(Scene(url=url, database=DATABASE, storage=storage))
            await asyncio.to_thread(started[-1].prepare)
        yield started


async def _kusto(storage: str, number: int, log: Path) -> tuple[Child, str]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def follow(line: str) -> None:
        if not ready.done() and line.startswith('{"ready"'):
            ready.set_result(str(json.loads(line)["url"]))

    argv = (sys.executable, "-P", "-m", "local.kusto", "--port", "0", "--storage", storage, "--database", DATABASE)
    more = ("--batching-seconds", f"{_BATCHING_SECONDS:g}", "--ingestion-prefix", f"k{number}")
    command = Command(name="Kusto", argv=(*argv, *more), log=log, env={"PYTHONPATH": str(ROOT)})
    child = await Child.spawn(command, follow)
    try:
        return child, await child.until(ready, _START_SECONDS)
    except BaseException:
        await child.stop()
        raise
