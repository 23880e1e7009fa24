"""Work that waits: spooled payloads and blobs that could not be taken, tried again when their alarm rings.

Takes the same managed ingestion as everything else. Nothing is released before it is held elsewhere: in Kusto, in
Kusto's queue, or as a dead letter.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from shared.deadline import Clock, Deadline
from shared.ingest.coalescer import Ingests
from shared.ingest.isolate import Isolated, isolate
from shared.outcome import Code, Deferred, Delivered, Outcome, Problem, Rejected, doubtful
from shared.payload import BlobName, Payload
from shared.pipelines.recognition import with_outcome
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger, Receipt, State
from shared.storage.spool import Spool, Wake
from shared.telemetry.metrics import set_spool

_LOG = logging.getLogger(__name__)

#: Seconds a try from the spool may take.
DEADLINE = 90.0
#: Seconds between two tries double up to this.
LONGEST_DELAY = 15 * 60.0
#: Seconds after which a payload that never got through becomes a dead letter.
OLDEST = 48 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long to wait before a try: doubling from `first` seconds, at most `LONGEST_DELAY`, half of it by chance."""

    first: float
    jitter: Callable[[], float]

    def before(self, attempt: int) -> float:
        """Seconds before that try from the spool (counted from 1)."""
        full = min(self.first * float(1 << min(attempt - 1, 20)), LONGEST_DELAY)
        return full * (0.5 + self.jitter() / 2)


class RetryPipeline:
    """What the retry queue's trigger runs."""

    def __init__(
        self,
        ingestion: Ingests,
        spool: Spool,
        letters: DeadLetters,
        ledger: Ledger,
        clock: Clock,
        delays: Delays,
        blob: Callable[[BlobName, int], Awaitable[object]],
    ) -> None:
        self._ingestion = ingestion
        self._spool = spool
        self._letters = letters
        self._ledger = ledger
        self._clock = clock
        self._delays = delays
        self._blob = blob

    async def wake(self, wake: Wake) -> None:
        """An alarm rang. Returns when the work is held elsewhere, or its next alarm is set."""
        if wake.blob is not None:
            container, _, name = wake.blob.partition("/")
            await self._blob(BlobName(container=container, name=name), wake.attempt)
        if wake.spooled is not None:
            await self._spooled(wake, wake.spooled)

    async def sweep(self) -> int:
        """Set the alarm again for payloads that should have been tried long ago: their message was lost.

        Measures the spool on the way.
        """
        now = self._clock.now()
        waiting = [item async for item in self._spool.waiting()]
        set_spool(len(waiting), max((now - item.since for item in waiting), default=0.0))
        lost = [item for item in waiting if item.rings < now - DEADLINE - LONGEST_DELAY]
        for item in lost:
            await self._spool.set_alarm(Wake(attempt=1, spooled=item.name), now=now, delay=0, since=item.since)
        return len(lost)

    async def _spooled(self, wake: Wake, name: str) -> None:
        held = await self._spool.open(name, wake.chain)
        if held is None:
            return
        if await self._settled(held):
            await self._spool.release(name)  # delivered before, and the release was lost
            return
        payload, doubt = held.payload(), wake.doubt or held.envelope.maybe_duplicate
        outcome = await self._ingestion.ingest(payload, Deadline.after(self._clock, DEADLINE))
        outcome = doubtful(outcome) if doubt else outcome
        _LOG.info("try %d of spooled %s: %s", wake.attempt, payload.source_id, type(outcome).__name__)
        match outcome:
            case Delivered() | Deferred():
                await self._settle(held, outcome)
            case Rejected(problem=problem) if problem.code is Code.RECORDS_REFUSED:
                await self._isolated(held, payload, problem)
            case Rejected(problem=problem) if self._clock.now() - held.envelope.created > OLDEST:
                await self._letters.keep(_because(held, "expired", problem.detail, wake.attempt))
                await self._settle(held, outcome)
            case Rejected():
                unsure = outcome.problem.maybe_committed
                again = Wake(attempt=wake.attempt + 1, spooled=name, chain=wake.chain, doubt=unsure)
                delay = self._delays.before(again.attempt)
                since = held.envelope.created
                await self._spool.set_alarm(again, now=self._clock.now(), delay=delay, since=since)
                return
        await self._spool.release(name)

    async def _isolated(self, held: Held, payload: Payload, problem: Problem) -> None:
        """Refused as data: deliver what is good, keep what is bad."""
        if payload.records.count == 1:
            found = Isolated(refused=[], delivered=[], stopped=[])
            await self._letters.keep(_because(held, problem.code.value, problem.detail, 1))
        else:
            found = await isolate(self._ingestion, payload, Deadline.after(self._clock, DEADLINE))
        await keep_refused(self._letters, found, self._clock.now())
        for part, stopped in found.stopped:
            rest = Held.of(
                part.payload,
                reason=stopped.problem.code.value,
                detail=stopped.problem.detail,
                attempts=stopped.attempts,
                now=held.envelope.created,
            )
            await self._spool.hold(rest, now=self._clock.now(), delay=self._delays.before(1))
        await self._settle(held, Rejected(problem=problem, attempts=1))

    async def _settled(self, held: Held) -> bool:
        """Whether this payload's end is written down already: the host may ring twice, also after a crash."""
        try:
            receipt = await self._ledger.find(held.envelope.id)
        except Exception as error:  # noqa: BLE001 - not known: it is tried, and may come twice
            _LOG.warning("receipt of spooled %s cannot be read: %s", held.envelope.id, type(error).__name__)
            return False
        if receipt is None or receipt.state not in {State.DELIVERED, State.QUEUED, State.REJECTED}:
            return False
        # An older end belongs to an earlier life of the same records, such as the dead letter that was replayed.
        return receipt.updated >= held.envelope.created

    async def _settle(self, held: Held, outcome: Outcome) -> None:
        """Write down what became of it, for those who follow it."""
        envelope, now = held.envelope, self._clock.now()
        new = Receipt(id=envelope.id, route=envelope.route, state=State.REJECTED, created=envelope.created, updated=now)
        try:
            # The receipt of the request keeps what a repetition is recognised by.
            receipt = msgspec.structs.replace(await self._ledger.find(envelope.id) or new, updated=now)
            await self._ledger.finish(with_outcome(receipt, outcome, rejected=State.REJECTED))
        except Exception as error:  # noqa: BLE001 - the records are held; a missing receipt is no reason to send again
            _LOG.warning("receipt of spooled %s could not be written: %s", envelope.id, type(error).__name__)


async def keep_refused(letters: DeadLetters, found: Isolated, now: float) -> None:
    """Write a dead letter for each run of records that isolation found to be bad."""
    for part, problem in found.refused:
        held = Held.of(
            part.payload,
            reason=problem.code.value,
            detail=problem.detail,
            attempts=1,
            now=now,
            index=part.first,
        )
        await letters.keep(held)


def _because(held: Held, reason: str, detail: str, attempts: int) -> Held:
    """The same records with the reason for which they are a dead letter."""
    envelope = msgspec.structs.replace(held.envelope, reason=reason, detail=detail, attempts=attempts)
    return Held(envelope=envelope, content=held.content)
