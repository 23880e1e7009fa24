"""Azurite, Microsoft's storage emulator: started, awaited, ended.

Its stdout carries one access log line a request, which `local/events.py` follows.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.paths import AZURITE, NODE
from local.problems import LocalError
from local.processes import Child, Command

ACCOUNT = "devstoreaccount1"
#: The development account's key is public: Microsoft docs, storage-use-azurite ("Well-known storage account and key").
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (http://\S+)")
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePorts:
    """Loopback ports; 0 takes a free one."""

    blob: int = 0
    queue: int = 0
    table: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEndpoints:
    """URLs of the development account, without a trailing slash."""

    blob: str
    queue: str
    table: str

    @property
    def connection_string(self) -> str:
        """For every storage SDK, and for the settings `AzureWebJobsStorage` and `LANDING`."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
            f"BlobEndpoint={self.blob};QueueEndpoint={self.queue};TableEndpoint={self.table};"
        )


class Azurite:
    """A running Azurite."""

    def __init__(self, child: Child, endpoints: StorageEndpoints) -> None:
        self.child = child
        self.endpoints = endpoints

    @classmethod
    async def start(
        cls,
        *,
        log: Path,
        ports: StoragePorts | None = None,
        location: Path | None = None,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Start it and wait until its three services listen.

        Args:
            log: File of its output.
            ports: Where to listen.
            location: Folder that keeps its contents; None keeps them in memory.
            on_line: Called with every line of its stdout, the access log among them.

        Raises:
            LocalError: It is not installed, did not start, or was too slow.
        """
        command = Command(name="Azurite", argv=_argv(ports or StoragePorts(), location), log=log)
        ready: asyncio.Future[StorageEndpoints] = asyncio.get_running_loop().create_future()
        listening: dict[str, str] = {}

        def follow(line: str) -> None:
            found = _LISTENING.match(line)
            if found and not ready.done():
                listening[found[1].lower()] = f"{found[2]}/{ACCOUNT}"
                if len(listening) == 3:  # noqa: PLR2004 - blob, queue and table
                    ready.set_result(StorageEndpoints(**listening))
            on_line(line)

        child = await Child.spawn(command, follow)
        try:
            return cls(child, await child.until(ready, _START_SECONDS))
        except BaseException:
            await child.stop()
            raise

    async def stop(self) -> None:
        """End it; with a `location` its contents stay."""
        await self.child.stop()


def _argv(ports: StoragePorts, location: Path | None) -> list[str]:
    if not NODE.exists() or not AZURITE.is_file():
        raise LocalError("Azurite is not installed in this checkout. Run ./dev once: it installs it below .dev/.")
    argv = [str(NODE), str(AZURITE), "--skipApiVersionCheck", "--disableTelemetry"]
    for service, port in (("blob", ports.blob), ("queue", ports.queue), ("table", ports.table)):
        # Longer than our clients keep idle connections: a reused one must not meet a server that has just closed it.
        argv += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port), f"--{service}KeepAliveTimeout", "120"]
    if location is None:
        return [*argv, "--inMemoryPersistence"]
    location.mkdir(parents=True, exist_ok=True)
    return [*argv, "--location", str(location)]
