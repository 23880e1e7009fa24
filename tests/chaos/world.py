"""The application with real clients against the local Kusto of this process, and storage in memory that can fail.

Only time is not real: back-offs and alarms pass at once, on a clock that the world can move.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from shared.accounting import Fate
from shared.bootstrap import Application, start
from shared.http.call import HttpCall
from shared.payload import BlobName
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger
from shared.storage.spool import Spool
from tests.fakes_storage import MemoryContainer, MemoryQueue, Weather
from tests.kusto_fixture import until

from .laws import Reply, Sent
from .scenery import LANDING, ROUTES, SECRET, SkippingClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shared.composition import Composition
    from tests.kusto_fixture import LocalKusto

#: Tries of the host before a blob event goes to the poison queue (host.json, poisonBlobThreshold).
_BLOB_TRIES = 5
_HALF_A_DAY = 12 * 3600.0


@dataclass(slots=True, kw_only=True, eq=False)
class _BlobEvent:
    """What the host's queue holds of one blob event."""

    blob: BlobName
    tries: int = 0
    poisoned: bool = False


@dataclass(slots=True, kw_only=True)
class World:
    """One run of the application. Make it inside its loop."""

    kusto: LocalKusto
    storage: str
    folder: Path
    clock: SkippingClock = field(default_factory=SkippingClock)
    weather: Weather = field(default_factory=Weather)
    sent: list[Sent] = field(default_factory=list)
    blobs: list[_BlobEvent] = field(default_factory=list)
    failures: int = field(init=False)  # of the batching manager before this run
    letters: MemoryContainer = field(init=False)
    spooled: MemoryContainer = field(init=False)
    queue: MemoryQueue = field(init=False)
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "routes.toml").write_text(ROUTES)
        env = {
            "KUSTO_CLUSTER_URI": self.kusto.url,
            "KUSTO_DATABASE": "Events",
            "LANDING": self.storage,
            "CHAOS_SECRET": SECRET,
        }
        application = start(env, self.folder, self.clock)
        assert isinstance(application, Application)
        self.application = application
        self.failures = len(self.kusto.half.journal.failures)
        self.weather.seen = self.check_books
        self.letters, self.spooled = MemoryContainer(self.weather), MemoryContainer(self.weather)
        self.queue = MemoryQueue(self.clock.now, self.weather)
        # The fakes stand in for containers and queue of the SDK, and are proved alike in tests/contract/storage.
        self.parts.spool = Spool(self.spooled, self.queue)  # type: ignore[arg-type]
        self.parts.dead_letters = DeadLetters(self.letters)  # type: ignore[arg-type]
        self.parts.ledger = Ledger(MemoryContainer(self.weather))  # type: ignore[arg-type]

    @property
    def parts(self) -> Composition:
        return self.application._parts

    def check_books(self) -> None:
        assert self.parts.accounting.unbalanced() == {}

    async def close(self) -> None:
        await self.application.close()
        await asyncio.sleep(0)

    async def post(self, sent: Sent, **headers: str) -> Reply:
        """Send a body once more, and keep the answer with it."""
        named = {"content-type": "application/octet-stream"}
        hook = sent.route == "hooks"
        if hook:
            digest = hmac.new(SECRET.encode(), sent.body, hashlib.sha256).hexdigest()
            named = {
                "content-type": "application/json",
                "x-hub-signature-256": f"sha256={digest}",
                "x-github-event": "push",
                "x-github-delivery": sent.ids[0],
            }
        elif sent.key is not None:
            named["idempotency-key"] = sent.key
        call = HttpCall(
            operation_id=uuid4(),
            method="POST",
            route=sent.route,
            table=None,
            headers=named | {name.replace("_", "-"): value for name, value in headers.items()},
            query={"onError": "quarantine"} if sent.quarantine else {},
            body=sent.body,
        )
        self.check_books()
        answer = await (self.application.hook(call) if hook else self.application.ingest(call))
        self.check_books()
        reply = Reply(status=answer.status, text=answer.body.decode(), body=msgspec.json.decode(answer.body))
        sent.replies.append(reply)
        return reply

    async def land(self, sent: Sent, name: str, metadata: Mapping[str, str], *, times: int) -> None:
        """Write a blob, as a user does; its event comes, perhaps several times."""

        def write() -> None:
            with BlobServiceClient.from_connection_string(self.storage) as service:
                service.get_blob_client(LANDING, name).upload_blob(sent.body, overwrite=True, metadata=dict(metadata))

        await asyncio.to_thread(write)
        sent.blob = f"{LANDING}/{name}"
        events = [_BlobEvent(blob=BlobName(container=LANDING, name=name)) for _ in range(times)]
        self.blobs.extend(events)
        await asyncio.gather(*map(self.announce, events))

    async def announce(self, event: _BlobEvent) -> None:
        """The host's way with a blob event: some tries back to back, then the poison queue."""
        while not event.poisoned:
            event.tries += 1
            try:
                await self.application.blob(event.blob)
            except Exception:  # noqa: BLE001 - the host catches whatever a function raises
                self.check_books()
                event.poisoned = event.tries >= _BLOB_TRIES
                continue
            self.blobs.remove(event)
            return
        try:
            text = msgspec.json.encode({"ContainerName": event.blob.container, "BlobName": event.blob.name}).decode()
            await self.application.poisoned_blob(text)
        except Exception:  # noqa: BLE001 - as above; it stays in the poison queue
            return
        self.blobs.remove(event)

    async def ring(self, within: float = 0.0) -> int:
        """Run the retry function for every alarm that is due, or will be within so many seconds; how many rang."""
        rang = 0
        until = self.clock.now() + within
        while (entry := self.queue.take(until)) is not None:
            at, text = entry
            self.clock.skipped += max(0.0, at - self.clock.now())
            rang += 1
            try:
                await self.application.retry(text)
            except Exception:  # noqa: BLE001 - the host catches whatever a function raises
                self.queue.give_back(text, delay=30.0)
            self.check_books()
        return rang

    async def heal(self) -> None:
        """All is well again: lift every fault, let half a day pass, and let the application work off what waits."""
        self.kusto.faults.clear()
        self.weather.calm()
        self.clock.skipped += 1000.0  # longer than any cool-down
        for event in tuple(self.blobs):
            await self.announce(event)
        await self.ring(_HALF_A_DAY)
        for _ in range(2):
            await self.application.sweep()
            await self.ring(_HALF_A_DAY)
        assert len(self.queue) == 0, "an alarm still rings though nothing is wrong any more"

    async def settle(self) -> None:
        """Wait until the batching manager has nothing left to do."""
        names = self.kusto.half._storage.names.ready  # type: ignore[union-attr]

        def left() -> int:
            with QueueServiceClient.from_connection_string(self.storage) as service:
                clients = [service.get_queue_client(name) for name in names]
                return sum(int(c.get_queue_properties().approximate_message_count) for c in clients)

        await asyncio.to_thread(until, lambda: left() == 0, 30.0, left)

    def rows(self) -> dict[str, int]:
        """How often each event of this run is stored."""
        wanted = {name for sent in self.sent for name in sent.ids}
        found: dict[str, int] = {}
        for table in ("Lines", "Docs"):
            for name, count in self.kusto.rows(f"{table} | summarize Count = count() by Id"):
                if name in wanted:
                    found[str(name)] = int(count)
        return found

    def kept(self) -> list[Held]:
        """The dead letters."""
        return [Held.decode(entry.content) for entry in self.letters.entries.values()]

    async def follow(self, sent: Sent) -> None:
        """Ask what became of it: `GET /api/operations/{id}`, and `.show ingestion failures` of the cluster."""
        operation = next((str(reply.body["operationId"]) for reply in sent.replies if reply.acknowledged), "")
        if sent.blob:
            container, _, name = sent.blob.partition("/")
            version = await self.parts.landing.look(BlobName(container=container, name=name))
            operation = str(version.source_id)
        if not operation:
            return
        answer = await self.application.operation(operation, UUID(int=0))
        sent.state = msgspec.json.decode(answer.body) if answer.status == 200 else {}
        sent.given_up = len(self.kusto.half.journal.failures) > self.failures
        sent.unrecorded = self.weather.struck > 0

    def fates(self) -> dict[Fate, int]:
        """How all HTTP work ended, by the application's own books."""
        settled = self.parts.accounting.settled
        return {fate: sum(n for (route, f), n in settled.items() if f is fate and route != "files") for fate in Fate}
