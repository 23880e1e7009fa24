"""Azurite goes away and comes back while the host runs."""

import uuid
from pathlib import Path
from urllib.parse import urlsplit

from local.azurite import Azurite, StoragePorts
from tests.functional.host.support import blob_event, calling, eventually, open_account


def port(url: str) -> int:
    found = urlsplit(url).port
    assert found is not None
    return found


async def test_an_event_is_refused_while_storage_is_away_and_listeners_go_on_when_it_is_back(tmp_path: Path) -> None:
    location = tmp_path / "azurite"
    azurite = await Azurite.start(log=tmp_path / "first.log", location=location)
    try:
        endpoints = azurite.endpoints
        ports = StoragePorts(blob=port(endpoints.blob), queue=port(endpoints.queue), table=port(endpoints.table))
        name = f"{uuid.uuid4()}.txt"
        async with (
            open_account(endpoints.connection_string) as account,
            calling("basic", tmp_path, storage=endpoints.connection_string) as caller,
        ):
            event = blob_event(await account.put(name, b"kept"))
            await account.send(caller.work_queue, "before")
            await eventually(lambda: account.trace("queue/before"))

            await azurite.stop()
            status, text = await caller.post_events("blob_bytes", [event])
            assert status == 500
            assert "Send them again" in text
            assert (await caller.get("/api/plain"))[0] == 200

            azurite = await Azurite.start(log=tmp_path / "second.log", location=location, ports=ports)
            assert (await caller.post_events("blob_bytes", [event]))[0] == 202
            seen = await eventually(lambda: account.trace(f"bytes/landing/{name}"))
            assert seen["body"] == "kept"
            await account.send(caller.work_queue, "after")
            await eventually(lambda: account.trace("queue/after"))
    finally:
        await azurite.stop()
