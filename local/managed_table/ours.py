"""A case through our own ingestion: the parts of the running application, with back-off that nobody waits for."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import assert_never
from uuid import uuid4

from local.azurite import ACCOUNT, ACCOUNT_KEY
from local.kusto.faults.effects import Endpoint
from local.managed_table.body import Body
from local.managed_table.case import End, Seen
from local.managed_table.stage import Stage
from shared.composition import Composition
from shared.deadline import Deadline
from shared.framing.records import Records
from shared.outcome import Deferred, Delivered, Mode, Outcome, Rejected
from shared.payload import Payload
from shared.routing.routes import RouteTable
from shared.settings import parse_settings
from shared.storage.account import parse_account
from shared.storage.containers import Container
from shared.storage.held import Held
from shared.storage.names import LANDING_CONNECTION, SPOOL_CONTAINER

#: A storage account where nobody listens.
_NOWHERE = (
    f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
    f"BlobEndpoint=http://127.0.0.1:1/{ACCOUNT};QueueEndpoint=http://127.0.0.1:1/{ACCOUNT};"
)
#: Seconds for which queued rows are waited for.
_WITHIN = 20.0


@dataclass(slots=True)
class HastyClock:
    """The machine's clock, put forward by every sleep instead of sleeping."""

    ahead: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic() + self.ahead

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.ahead += seconds
        self.slept.append(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a case came to, with what its invariants are checked against.

    Attributes:
        spooled: What the spool holds; None where the outcome names nothing there.
        waits: Seconds between the streaming attempts.
        bodies: Raw bytes of each streaming request as the service saw them.
        request_ids: Client request ids of the streaming requests.
    """

    outcome: Outcome
    seen: Seen
    spooled: bytes | None
    waits: tuple[float, ...]
    bodies: tuple[int, ...]
    request_ids: tuple[str, ...]


async def run(stage: Stage) -> Run:
    """Run a case whose stage is prepared."""
    case, clock = stage.case, HastyClock()
    parts = _parts(stage, clock)
    try:
        if case.before:
            with stage.under(case.before.condition):
                for _ in range(case.before.payloads):
                    await parts.gathering.ingest(_payload(stage, stage.earlier), Deadline.after(clock, 60.0))
            clock.ahead += case.before.wait
        stage.scene.faults.forget()
        clock.slept.clear()
        with stage.under(case.condition):
            stage.scene.faults.forget()
            outcome = await parts.gathering.ingest(_payload(stage, stage.body), Deadline.after(clock, case.deadline))
            dm = stage.requests().count(Endpoint.DM)
        spooled = await _spooled(parts, outcome)
    finally:
        await parts.close()
    times = await stage.until(case.expect.times, _WITHIN)
    streams = stage.streams()
    return Run(
        outcome=outcome,
        seen=_seen(outcome, stream=len(streams), dm=dm, times=times),
        spooled=spooled,
        waits=tuple(clock.slept),
        bodies=tuple(int(request["rawBytes"]) for request in streams),
        request_ids=tuple(str(request["requestId"]) for request in streams),
    )


async def _spooled(parts: Composition, outcome: Outcome) -> bytes | None:
    if not isinstance(outcome, Deferred) or outcome.mode is not Mode.SPOOLED:
        return None
    entry = await Container(parts.storage, SPOOL_CONTAINER).get(outcome.via)
    return Held.decode(entry.content).content if entry else None


def _parts(stage: Stage, clock: HastyClock) -> Composition:
    storage = _NOWHERE if stage.case.condition.dead_storage else stage.scene.storage
    env = {
        "KUSTO_CLUSTER_URI": stage.scene.url,
        "KUSTO_DATABASE": stage.scene.database,
        LANDING_CONNECTION: storage,
    }
    return Composition(parse_settings(env), RouteTable({}), parse_account(env, LANDING_CONNECTION), clock)


def _payload(stage: Stage, body: Body) -> Payload:
    target = stage.target
    return Payload(
        source_id=uuid4(),
        route="managed-table",
        target=target,
        records=Records(content=body.content, data_format=target.data_format, count=body.rows),
        streaming=stage.case.streaming,
    )


def _seen(outcome: Outcome, *, stream: int, dm: int, times: float) -> Seen:
    end, mode, reason, unsure = _told(outcome)
    return Seen(
        end=end,
        mode=mode,
        reason=reason,
        attempts=outcome.attempts,
        stream=stream,
        dm=dm,
        times=times,
        unsure=unsure,
    )


def _told(outcome: Outcome) -> tuple[End, Mode | None, str, bool]:
    match outcome:
        case Delivered():
            return End.DELIVERED, outcome.mode, "", outcome.maybe_duplicate
        case Deferred():
            return End.DEFERRED, outcome.mode, outcome.reason, outcome.maybe_duplicate
        case Rejected():
            return End.REJECTED, None, outcome.problem.code.value, outcome.problem.maybe_committed
        case _:
            assert_never(outcome)
