"""Processes die without a word, under load: what was acknowledged is stored all the same, and comes once or is said."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import aiohttp
import pytest

from shared.payload import BlobName, BlobVersion, Hints

from .laws import Reply, Sent, check_stored
from .rig import Plan, Rig, eventually

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

#: Short deadlines, so that the receipts of dead invocations expire within the minute.
_ENV = {"DEADLINE_SECONDS": "5", "RETRY_DELAY_SECONDS": "1"}
_KUSTO = ("--batching-seconds", "1", "--latency", "documented")
_IDS = "WebhookEvents | summarize Count = count() by Id"
_PATIENCE = 75  # tries of a sender, a second apart


def _event(name: str) -> bytes:
    return (
        json.dumps({"id": name, "source": "/kill", "type": "kill", "time": "2026-01-01", "data": {}}).encode() + b"\n"
    )


class Crowd:
    """Senders and files. Those with a key send again until they are answered; the others try once."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sent: list[Sent] = []
        self.answered = asyncio.Event()

    async def post(self, session: aiohttp.ClientSession, *, keyed: bool) -> None:
        name = uuid4().hex
        sent = Sent(route="events", ids=(name,), bad=frozenset(), body=_event(name), key=name if keyed else None)
        self.sent.append(sent)
        headers = {"content_type": "application/json"} | ({"idempotency_key": name} if keyed else {})
        for _ in range(_PATIENCE):
            sent.replies.append(await self._try(session, sent, headers))
            if sent.acknowledged or not keyed:
                break
            await asyncio.sleep(1.0)
        self.answered.set()

    async def posts(self, count: int, *, every: float = 0.0) -> None:
        """So many senders, one after the other by that many seconds, every second one with a key."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            work = []
            for number in range(count):
                work.append(asyncio.create_task(self.post(session, keyed=number % 2 == 0)))
                await asyncio.sleep(every)
            await asyncio.gather(*work)

    async def files(self, count: int, *, every: float = 0.0) -> None:
        """So many blobs of three events each."""
        async with self.rig.blobs() as blobs:
            for _ in range(count):
                names = tuple(uuid4().hex for _ in range(3))
                sent = Sent(route="events", ids=names, bad=frozenset(), body=b"".join(map(_event, names)))
                name = f"events/{names[0]}.jsonl"
                await blobs.get_blob_client("landing", name).upload_blob(sent.body)
                sent.blob = f"landing/{name}"
                self.sent.append(sent)
                await asyncio.sleep(every)

    @property
    def owed(self) -> frozenset[str]:
        """Events that were acknowledged."""
        return frozenset(name for sent in self.sent if sent.acknowledged for name in sent.ids)

    async def judge(self, within: float) -> None:
        """All that is owed arrives by itself within that many seconds, and keeps the laws."""
        rows = await eventually(lambda: self.rig.counts(_IDS), lambda seen: self.owed <= seen.keys(), within)
        assert self.owed <= rows.keys(), (
            f"{len(self.owed - rows.keys())} events are missing; {await self.rig.waiting()}"
        )
        rows = await self.rig.counts(_IDS)
        async with aiohttp.ClientSession() as session, self.rig.blobs() as blobs:
            for sent in self.sent:
                url = next((str(r.body["statusUrl"]) for r in sent.replies if "statusUrl" in r.body), "")
                if sent.blob:
                    name = sent.blob.removeprefix("landing/")
                    etag = str((await blobs.get_blob_client("landing", name).get_blob_properties()).etag)
                    version = BlobVersion(
                        blob=BlobName(container="landing", name=name), etag=etag, size=1, hints=Hints()
                    )
                    url = f"/api/operations/{version.source_id}"
                if url and any(rows.get(name, 0) > 1 for name in sent.ids):
                    sent.state = await self.rig.operation(session, url)
                check_stored(sent, rows, [])
            assert await self.rig.letters(session) == []

    async def _try(self, session: aiohttp.ClientSession, sent: Sent, headers: dict[str, str]) -> Reply:
        try:
            status, body = await self.rig.post(session, "ingest/events", sent.body, **headers)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Reply(status=0, text="no answer", body={"maybeCommitted": True})
        return Reply(status=status, text=json.dumps(body), body=body)


async def test_a_killed_host_takes_up_where_it_was(tmp_path: Path) -> None:
    async with Rig(Plan(folder=tmp_path, env=_ENV, kusto=_KUSTO)) as rig:
        crowd = Crowd(rig)
        work = asyncio.gather(crowd.posts(200, every=0.01), crowd.files(40, every=0.03))
        await crowd.answered.wait()
        await rig.kill("functions")
        await asyncio.sleep(0.5)
        await rig.start_functions()
        await work

        assert any(reply.status == 0 for sent in crowd.sent for reply in sent.replies), "nobody was cut off"
        assert all(sent.acknowledged for sent in crowd.sent if sent.key), "a sender with a key was never answered"
        await crowd.judge(within=90.0)


async def test_killed_storage_delays_and_loses_nothing(tmp_path: Path) -> None:
    async with Rig(Plan(folder=tmp_path, env=_ENV, kusto=_KUSTO)) as rig:
        before, crowd = Crowd(rig), Crowd(rig)
        await before.files(5)
        await before.judge(within=30.0)  # Azurite writes behind: what it took in its last seconds dies with it
        work = asyncio.create_task(crowd.posts(200, every=0.04))
        await crowd.answered.wait()
        await rig.kill("azurite")
        await asyncio.sleep(3.0)
        await rig.start_azurite()
        await work
        await crowd.files(5)

        statuses = {reply.status for sent in crowd.sent for reply in sent.replies}
        assert statuses == {200}, "the ledger is no reason to refuse"
        assert any(sent.unsure for sent in crowd.sent if sent.key), "nobody met the outage"
        await crowd.judge(within=60.0)


async def test_killed_kusto_is_waited_for_and_all_rows_arrive_by_themselves(tmp_path: Path) -> None:
    async with Rig(Plan(folder=tmp_path, env=_ENV, kusto=_KUSTO)) as rig:
        crowd = Crowd(rig)
        work = asyncio.gather(crowd.posts(200, every=0.1), crowd.files(20, every=0.5))
        await crowd.answered.wait()
        await rig.kill("kusto")
        await asyncio.sleep(20.0)
        await rig.start_kusto()
        await work

        modes = {str(reply.body.get("mode")) for sent in crowd.sent for reply in sent.replies}
        assert "spooled" in modes
        refused = [reply for sent in crowd.sent for reply in sent.replies if not reply.acknowledged]
        assert refused == []
        await crowd.judge(within=90.0)
