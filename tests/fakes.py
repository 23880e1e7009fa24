"""Typed stand-ins for what lies at the edges: time, the two endpoints of a cluster, and the landing container.

They do what they are told and remember what was asked; none of them knows our code beyond its protocols.
"""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, override
from uuid import UUID

from azure.kusto.data.exceptions import KustoApiError

from shared.deadline import Deadline
from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.outcome import Outcome
from shared.payload import BlobName, BlobVersion, Payload, Reference
from shared.routing.routes import Streaming, Target
from shared.storage.containers import AlreadyThereError, Entry, Page
from shared.storage.landing import BlobGoneError

#: What a scripted call does: return, raise, or wait for something first.
type Step = BaseException | Callable[[], Awaitable[None]] | None


@dataclass(slots=True)
class FakeClock:
    """Time that passes only when somebody sleeps, or when the test says so."""

    at: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.at

    def now(self) -> float:
        return self.at + 1_760_000_000.0

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


class _Skip(selectors.SelectSelector):
    """Waits for nothing: the loop's clock jumps to the next timer instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "every task waits for something that no timer will bring"
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time costs none: sleeps and time-outs end at once, in their order."""

    def __init__(self) -> None:
        self._skip = _Skip()
        super().__init__(self._skip)

    @override
    def time(self) -> float:
        return self._skip.now


class LoopClock:
    """The clock of the running loop, virtual or not."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return asyncio.get_running_loop().time() + 1_760_000_000.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_virtually[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


async def hang() -> None:
    """A service that never answers."""
    await asyncio.Event().wait()


async def _play(step: Step) -> None:
    await asyncio.sleep(0)  # real calls leave the loop at least once
    if isinstance(step, BaseException):
        raise step
    if step is not None:
        await step()


class FakeStreams:
    """An engine endpoint that plays a script, its last step for ever."""

    def __init__(self, *script: Step) -> None:
        self.script = list(script) or [None]
        self.sent: list[tuple[Payload, int, float]] = []
        self.accepted: list[Payload] = []

    async def send(self, payload: Payload, *, attempt: int, timeout: float) -> None:  # noqa: ASYNC109 - the protocol's
        self.sent.append((payload, attempt, timeout))
        await _play(self.script[min(len(self.sent), len(self.script)) - 1])
        self.accepted.append(payload)


class FakeQueues:
    """An ingestion endpoint that plays a script, its last step for ever."""

    def __init__(self, *script: Step) -> None:
        self.script = list(script) or [None]
        self.asked: list[Payload | Reference] = []
        self.held: list[Payload | Reference] = []

    async def queue(self, payload: Payload) -> None:
        await self._take(payload)

    async def queue_reference(self, reference: Reference) -> None:
        await self._take(reference)

    async def _take(self, item: Payload | Reference) -> None:
        self.asked.append(item)
        await _play(self.script[min(len(self.asked), len(self.script)) - 1])
        self.held.append(item)


class FakeIngestion:
    """Managed ingestion that gives scripted outcomes, the last one for ever."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.payloads: list[Payload] = []
        self.references: list[tuple[Reference, str]] = []
        self.deadlines: list[float] = []  # seconds that were left

    async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
        self.payloads.append(payload)
        return self._next(deadline)

    async def ingest_reference(self, reference: Reference, reason: str, deadline: Deadline) -> Outcome:
        self.references.append((reference, reason))
        return self._next(deadline)

    def _next(self, deadline: Deadline) -> Outcome:
        self.deadlines.append(deadline.remaining)
        return self.outcomes[min(len(self.deadlines), len(self.outcomes)) - 1]


class FakeLanding:
    """A landing container in memory."""

    def __init__(self, versions: Iterable[tuple[BlobVersion, bytes]] = ()) -> None:
        self.blobs: dict[BlobName, tuple[BlobVersion, bytes]] = {
            version.blob: (version, content) for version, content in versions
        }
        self.reads = 0

    async def look(self, blob: BlobName) -> BlobVersion:
        if blob not in self.blobs:
            raise BlobGoneError(str(blob))
        return self.blobs[blob][0]

    async def read(self, version: BlobVersion) -> bytes:
        self.reads += 1
        current, content = self.blobs.get(version.blob, (None, b""))
        if current is None or current.etag != version.etag:
            raise BlobGoneError(str(version.blob))
        return content

    async def reference(self, blob: BlobName) -> str:
        return f"https://account.blob.core.windows.net/{blob}?sig=s3cret"

    async def reachable(self, container: str) -> None:
        assert container


class FakeContainer:
    """A blob container in memory, with conditional writes; `broken` is raised by every call while it is set."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.broken: Exception | None = None
        self._writes = 0

    async def create(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        await self._reach()
        if name in self.entries:
            raise AlreadyThereError(name)
        return self._write(name, content, metadata)

    async def put(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        await self._reach()
        return self._write(name, content, metadata)

    async def replace(self, name: str, content: bytes, etag: str) -> str:
        await self._reach()
        if name not in self.entries or self.entries[name].etag != etag:
            raise AlreadyThereError(name)
        return self._write(name, content, None)

    async def get(self, name: str) -> Entry | None:
        await self._reach()
        return self.entries.get(name)

    async def annotate(self, name: str, metadata: dict[str, str]) -> None:
        await self._reach()
        if name in self.entries:
            self._write(name, self.entries[name].content, metadata)

    async def delete(self, name: str) -> bool:
        await self._reach()
        return self.entries.pop(name, None) is not None

    async def page(self, prefix: str = "", cursor: str | None = None, size: int = 100) -> Page:
        await self._reach()
        names = sorted(name for name in self.entries if name.startswith(prefix) and name > (cursor or ""))
        some = tuple((name, self.entries[name].metadata) for name in names[:size])
        return Page(names=some, cursor=some[-1][0] if len(names) > size else None)

    async def names(self, prefix: str = "") -> AsyncIterator[tuple[str, dict[str, str]]]:
        for item in (await self.page(prefix, size=len(self.entries) + 1)).names:
            yield item

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken

    def _write(self, name: str, content: bytes, metadata: dict[str, str] | None) -> str:
        self._writes += 1
        etag = f"0x{self._writes}"
        self.entries[name] = Entry(content=content, etag=etag, metadata=dict(metadata or {}))
        return etag


class FakeQueue:
    """A storage queue that remembers what was sent, and with which delay (seconds)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float]] = []
        self.broken: Exception | None = None

    async def send(self, text: str, *, delay: float) -> None:
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        self.sent.append((text, delay))


@dataclass(frozen=True, slots=True)
class FakeResponse:
    """What the SDK's exceptions keep of an HTTP answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def api_error(
    status: int,
    code: str = "",
    text: str = "",
    *,
    permanent: object = None,
    kind: str = "",
    headers: Mapping[str, str] | None = None,
) -> KustoApiError:
    """The exception that the SDK makes of a service's error body (azure-kusto-data 6.0.4, client_base.py)."""
    error: dict[str, object] = {"code": code, "message": "Request is invalid and cannot be executed."}
    error |= {"@type": kind, "@message": text, "@context": {}, "@permanent": permanent}
    return KustoApiError({"error": error}, "text with s3cret rows", FakeResponse(status, headers or {}))  # type: ignore[arg-type]


TARGET = Target(database="Events", table="T", data_format=DataFormat.CSV, mapping=None)


def payload(
    content: bytes = b"a,1\n",
    *,
    streaming: Streaming = Streaming.AUTO,
    number: int = 1,
    target: Target = TARGET,
) -> Payload:
    """Records on their way."""
    return Payload(
        source_id=UUID(int=number),
        route="r",
        target=target,
        records=Records(content=content, data_format=target.data_format, count=content.count(b"\n")),
        streaming=streaming,
    )


def reference(raw_size: int | None = 10) -> Reference:
    """A blob on its way."""
    return Reference(
        source_id=UUID(int=2),
        route="r",
        target=TARGET,
        uri="https://account/landing/a.csv?sig=s3cret",
        raw_size=raw_size,
        ignore_first_record=False,
    )
