"""The host as a child process, for tests and benchmarks."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.paths import ROOT
from local.processes import Child, Command

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProcess:
    """A running host, as its ready line describes it; ``log`` is the file of its stderr."""

    child: Child
    log: Path
    url: str
    function_key: str
    admin_key: str
    blobs_extension_key: str
    functions: Sequence[str]


@asynccontextmanager
async def running_host(
    app_dir: Path,
    *,
    log: Path,
    storage: str | None = None,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> AsyncIterator[HostProcess]:
    """A host on a free port for as long as the block lasts.

    Args:
        app_dir: Folder of the app.
        log: File for what it writes.
        storage: Connection string for AzureWebJobsStorage and LANDING.
        env: App settings.
        arguments: Further arguments of ``python -m local.functions``.

    Raises:
        ChildDiedError: It ended before it was ready; holds its exit code and last lines.
        NotReadyError: It took longer than a minute.
    """
    argv = [sys.executable, "-m", "local.functions", "--app", str(app_dir), "--port", "0", *arguments]
    if storage is not None:
        argv += ["--storage", storage]
    for name, value in (env or {}).items():
        argv += ["--env", f"{name}={value}"]
    ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def on_line(line: str) -> None:
        if not ready.done():
            ready.set_result(json.loads(line))

    command = Command(name="The Functions host", argv=argv, log=log, env={"PYTHONPATH": str(ROOT)})
    child = await Child.spawn(command, on_line)
    try:
        told = await child.until(ready, _START_SECONDS)
        yield HostProcess(
            child=child,
            log=log,
            url=told["url"],
            function_key=told["functionKey"],
            admin_key=told["adminKey"],
            blobs_extension_key=told["blobsExtensionKey"],
            functions=told["functions"],
        )
    finally:
        await child.stop()
