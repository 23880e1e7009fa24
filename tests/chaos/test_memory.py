"""Memory stays flat, whatever waits and however large a blob is. Resident bytes are read from /proc."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest

from benchmarks.memory import BLOCK, BLOCKS, MIB, SCHEMA, forget_peak, make_blob, measured, put_small, resident
from shared.payload import BlobName, BlobVersion, Hints

from .rig import Plan, Rig, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kusto_fixture import LocalKusto

ROOM = 64 * MIB
_ROUTES = """
[routes.big]
table = "Big"
format = "csv"
blobs = ["big/**"]
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="resident memory and its peak are read from Linux's /proc"),
]


async def _queued(rig: Rig, name: str) -> dict[str, object]:
    """The operation of a blob, once the application has dealt with it."""
    async with rig.blobs() as blobs, aiohttp.ClientSession() as session:
        etag = str((await blobs.get_blob_client("landing", name).get_blob_properties()).etag)
        version = BlobVersion(blob=BlobName(container="landing", name=name), etag=etag, size=1, hints=Hints())
        url = f"/api/operations/{version.source_id}"
        return await eventually(lambda: rig.operation(session, url), lambda found: found.get("state") == "queued", 60.0)


async def test_a_blob_of_a_gigabyte_never_enters_the_process(tmp_path: Path) -> None:
    async with Rig(Plan(folder=tmp_path, routes=_ROUTES)) as rig:
        for text in SCHEMA:
            await rig.command(text)
        storage = rig.storage.connection_string
        # Large by its own word: everything that queueing by reference needs is loaded before idle is measured.
        await asyncio.to_thread(put_small, storage, "big/warm-up.csv", rawSizeBytes=str(5 * MIB))
        assert (await _queued(rig, "big/warm-up.csv"))["state"] == "queued"
        pid = rig.pid("functions")
        idle, _ = resident(pid)
        forget_peak(pid)

        await asyncio.to_thread(make_blob, storage, "big/one.csv")
        operation = await _queued(rig, "big/one.csv")

        _, peak = resident(pid)
        log = (tmp_path / "azurite.log").read_text()
    assert (operation["state"], operation["bytes"]) == ("queued", BLOCK * BLOCKS)
    assert peak - idle <= ROOM, f"{(peak - idle) / MIB:.0f} MiB more than idle"
    assert "HEAD /devstoreaccount1/landing/big/one.csv" in log
    assert "GET /devstoreaccount1/landing/big/one.csv" not in log


@pytest.mark.parametrize("where", ["gathered", "waiting"])
async def test_ten_thousand_waiting_requests_stay_within_the_bound(where: str, kusto: LocalKusto, storage: str) -> None:
    """In the coalescer, and in the whole HTTP pipeline."""
    kusto.faults.clear()

    memory = await asyncio.to_thread(measured, where, kusto.url, storage)

    assert memory.done == "10000 waited at once, 10000 delivered"
    assert memory.grown <= ROOM, f"{memory.grown / MIB:.0f} MiB more than idle"
