"""Group commit: concurrent requests for one table share one streaming request, and none waits for a timer.

A table that is idle sends at once. While a request is in flight, arrivals gather; they leave together when it returns,
up to 4 MB raw. So nothing is added to the latency of an idle table, and a busy one gathers exactly as much as its load
demands. Every caller waits for the commit of its own records: nothing is acknowledged from memory.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from shared.deadline import Clock, Deadline
from shared.framing.formats import Framing, framing_of
from shared.ingest.policy import STREAMING_LIMIT, choice_of
from shared.outcome import Batch, Code, Deferred, Delivered, Limit, Mode, Outcome, Problem, Rejected, doubtful
from shared.payload import Payload
from shared.routing.routes import Streaming, Target

#: Seconds after which a request in flight no longer holds back the arrivals behind it.
PATIENCE = 2.0


_UNSENT = Rejected(
    problem=Problem(
        code=Code.UNAVAILABLE,
        detail="The deadline passed before the records could be sent. Nothing is held: send them again.",
        retry_after=5.0,
    ),
    attempts=0,
)
_UNKNOWN = Rejected(
    problem=Problem(
        code=Code.OUTCOME_UNKNOWN,
        detail="The deadline passed while the records were on their way; Kusto may have taken them.",
        retry_after=5.0,
        maybe_committed=True,
    ),
    attempts=1,
)


class Ingests(Protocol):
    """What stands behind the coalescer: managed ingestion."""

    async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
        """Take a payload to its outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may wait in this process, over all tables; above it callers are told to come back (429)."""

    requests: int = 20_000
    raw_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    """A caller: its records, its time, and the promise that it waits for."""

    payload: Payload
    deadline: Deadline
    arrived: float
    outcome: asyncio.Future[Outcome]


@dataclass(frozen=True, slots=True)
class _Key:
    """What must be the same for records to travel together; one route, because what is spooled belongs to its route."""

    target: Target
    route: str
    streaming: Streaming

    @classmethod
    def of(cls, payload: Payload) -> Self:
        """The key of a payload."""
        return cls(payload.target, payload.route, payload.streaming)


@dataclass(slots=True)
class _Lane:
    """One key: who waits, and since when requests are in flight."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    raw_bytes: int = 0
    flights: list[float] = field(default_factory=list)


class Coalescer:
    """Gathers payloads per target; itself an `Ingests`."""

    def __init__(self, behind: Ingests, clock: Clock, bounds: Bounds | None = None) -> None:
        self._behind = behind
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._lanes: dict[_Key, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests = 0
        self._raw_bytes = 0

    async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
        """The outcome of this payload's own records, sent together with whatever gathered beside it."""
        if not gathers(payload):
            return await self._behind.ingest(payload, deadline)
        full = self._full(payload)
        if full:
            return Rejected(problem=full, attempts=0)
        # One timer on the caller's own future, and no task or wrapper of its own: thousands may wait here.
        waiting = self._enter(payload, deadline)
        timer = waiting.outcome.get_loop().call_later(deadline.remaining, self._late, waiting)
        try:
            return await waiting.outcome
        finally:
            timer.cancel()

    def _full(self, payload: Payload) -> Problem | None:
        over_requests = self._requests >= self._bounds.requests
        if not over_requests and self._raw_bytes + payload.raw_size <= self._bounds.raw_bytes:
            return None
        name, value = (
            ("requests waiting", self._bounds.requests) if over_requests else ("bytes waiting", self._bounds.raw_bytes)
        )
        detail = "More requests are waiting for Kusto than this instance holds. Nothing was taken: send it again later."
        actual = self._requests if over_requests else self._raw_bytes
        return Problem(
            code=Code.QUEUE_FULL, detail=detail, retry_after=2.0, limit=Limit(name=name, value=value, actual=actual)
        )

    def _enter(self, payload: Payload, deadline: Deadline) -> _Waiting:
        waiting = _Waiting(
            payload=payload,
            deadline=deadline,
            arrived=self._clock.monotonic(),
            outcome=asyncio.get_running_loop().create_future(),
        )
        key = _Key.of(payload)
        lane = self._lanes.setdefault(key, _Lane())
        lane.waiting.append(waiting)
        lane.raw_bytes += payload.raw_size
        self._requests += 1
        self._raw_bytes += payload.raw_size
        self._pump(key, lane)
        return waiting

    def _late(self, waiting: _Waiting) -> None:
        """A caller's time is over: take its records back while they are here, else say that nobody knows."""
        if waiting.outcome.done():
            return
        lane = self._lanes.get(_Key.of(waiting.payload))
        if lane is not None and waiting in lane.waiting:
            lane.waiting.remove(waiting)
            self._leave(lane, (waiting,))
            waiting.outcome.set_result(_UNSENT)
        else:
            waiting.outcome.set_result(_UNKNOWN)

    def _pump(self, key: _Key, lane: _Lane) -> None:
        """Send what may be sent: at once when nothing is in flight, else when a full request waits or one is stuck."""
        while lane.waiting and self._may_send(lane):
            gathered = self._take(lane)
            started = self._clock.monotonic()
            lane.flights.append(started)
            task = asyncio.get_running_loop().create_task(self._fly(key, lane, gathered, started))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _may_send(self, lane: _Lane) -> bool:
        if not lane.flights or lane.raw_bytes >= STREAMING_LIMIT:
            return True
        return self._clock.monotonic() - lane.flights[-1] >= PATIENCE

    def _take(self, lane: _Lane) -> list[_Waiting]:
        gathered = [lane.waiting.popleft()]
        size = gathered[0].payload.raw_size
        while lane.waiting and size + lane.waiting[0].payload.raw_size <= STREAMING_LIMIT:
            size += lane.waiting[0].payload.raw_size
            gathered.append(lane.waiting.popleft())
        self._leave(lane, gathered)
        return gathered

    def _leave(self, lane: _Lane, waiting: Sequence[_Waiting]) -> None:
        size = sum(item.payload.raw_size for item in waiting)
        lane.raw_bytes -= size
        self._raw_bytes -= size
        self._requests -= len(waiting)

    async def _fly(self, key: _Key, lane: _Lane, gathered: list[_Waiting], started: float) -> None:
        try:
            await self._deliver(gathered, started)
        except BaseException as error:  # every caller must hear of it, whatever it is
            for item in gathered:
                if not item.outcome.done():
                    item.outcome.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            lane.flights.remove(started)
            if lane.waiting:
                self._pump(key, lane)
            elif not lane.flights:
                self._lanes.pop(key, None)

    async def _deliver(self, gathered: list[_Waiting], started: float, *, doubt: bool = False) -> None:
        """Send the gathered records as one; when the service refuses them as data, find out whose they are.

        `doubt`: an answer about all of them was lost before, so any of them may be there already.
        """
        deadline = max((item.deadline for item in gathered), key=lambda deadline: deadline.at)
        outcome = await self._behind.ingest(Payload.gathered([item.payload for item in gathered]), deadline)
        outcome = doubtful(outcome) if doubt else outcome
        if isinstance(outcome, Rejected) and outcome.problem.code is Code.RECORDS_REFUSED and len(gathered) > 1:
            middle, unsure = len(gathered) // 2, outcome.problem.maybe_committed
            await self._deliver(gathered[:middle], started, doubt=unsure)
            await self._deliver(gathered[middle:], started, doubt=unsure)
            return
        rows = sum(item.payload.records.count or 0 for item in gathered)
        for item in gathered:
            if not item.outcome.done():
                batch = Batch(requests=len(gathered), rows=rows, wait=max(0.0, started - item.arrived))
                item.outcome.set_result(_share(outcome, item.payload, batch))


def gathers(payload: Payload) -> bool:
    """Whether records of this payload may travel with others: cut by lines, small enough, and not queued anyway."""
    cut = framing_of(payload.target.data_format) in {Framing.QUOTED, Framing.LINES, Framing.JSON}
    return cut and choice_of(payload).mode is Mode.STREAMING


def _share(outcome: Outcome, payload: Payload, batch: Batch) -> Outcome:
    """One caller's part of a common outcome."""
    match outcome:
        case Delivered():
            return replace(outcome, rows=payload.records.count, raw_size=payload.raw_size, batch=batch)
        case Deferred():
            via = outcome.sources.get(payload.source_id, outcome.via)
            return replace(outcome, rows=payload.records.count, raw_size=payload.raw_size, via=via, sources={})
        case Rejected():
            return outcome
