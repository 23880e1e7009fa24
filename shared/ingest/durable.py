"""Durable ingestion: what Kusto does not take goes into the spool before anybody is answered.

Overload and outage degrade, they do not lose: a refusal that may heal (Kusto cannot be reached, a table or permission
is missing, the outcome is unknown) becomes a deferral once the spool holds the records. A refusal of the data itself
passes through.
"""

import asyncio
import logging
from dataclasses import replace
from typing import Protocol

from shared.deadline import Clock, Deadline
from shared.ingest.coalescer import Ingests
from shared.outcome import Code, Deferred, Mode, Outcome, Problem, Rejected
from shared.payload import Payload
from shared.storage.held import Held

_LOG = logging.getLogger(__name__)

#: Seconds that are kept for the spool when Kusto does not answer, at most this part of the whole time.
RESERVE, SHARE = 5.0, 0.25

HEALS = frozenset({Code.UNAVAILABLE, Code.NOT_CONFIGURED, Code.OUTCOME_UNKNOWN})


class Holds(Protocol):
    """The spool."""

    async def hold(self, held: Held, *, now: float, delay: float) -> str:
        """Keep a payload; raises when it is not kept."""


class DurableIngestion:
    """Managed ingestion with the spool behind it; itself an `Ingests`."""

    def __init__(self, behind: Ingests, spool: Holds, clock: Clock, *, first_delay: float) -> None:
        self._behind = behind
        self._spool = spool
        self._clock = clock
        self._first_delay = first_delay  # seconds before the first try from the spool

    async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
        """Take a payload to its outcome: in Kusto, in the spool, or refused."""
        outcome = await self._behind.ingest(payload, deadline.earlier(min(RESERVE, SHARE * deadline.total)))
        if not isinstance(outcome, Rejected) or outcome.problem.code not in HEALS:
            return outcome
        return await self._spooled(payload, outcome.problem, outcome, deadline)

    async def later(self, payload: Payload, deadline: Deadline) -> Outcome:
        """Keep a payload in the spool at once, and take it to Kusto from there: the caller does not want to wait."""
        asked = Problem(code=Code.UNAVAILABLE, detail="The caller asked to be answered before Kusto is.")
        outcome = await self._spooled(payload, asked, Rejected(problem=asked, attempts=0), deadline)
        return replace(outcome, reason="asked-for") if isinstance(outcome, Deferred) else outcome

    async def _spooled(self, payload: Payload, problem: Problem, rejected: Rejected, deadline: Deadline) -> Outcome:
        held = Held.of(
            payload,
            reason=problem.code.value,
            detail=problem.detail,
            attempts=rejected.attempts,
            now=self._clock.now(),
            maybe_duplicate=problem.maybe_committed,
        )
        try:
            async with asyncio.timeout(max(1.0, deadline.remaining)):
                name = await self._spool.hold(held, now=self._clock.now(), delay=self._first_delay)
        except Exception as error:  # noqa: BLE001 - not held: the caller must send it again, whatever the reason
            _LOG.warning("spool failed for %s: %s", payload.source_id, type(error).__name__)
            unsure = problem.maybe_committed or getattr(error, "maybe_held", True)
            return replace(rejected, problem=replace(problem, maybe_committed=unsure))
        # Other problems say that nothing is held, which is no longer true.
        advice = problem.detail if problem.code is Code.NOT_CONFIGURED else ""
        _LOG.warning("spooled %s route=%s code=%s", payload.source_id, payload.route, problem.code)
        return Deferred(
            mode=Mode.SPOOLED,
            reason=problem.code.value,
            rows=payload.records.count,
            raw_size=payload.raw_size,
            attempts=rejected.attempts,
            maybe_duplicate=problem.maybe_committed,
            detail=f"{advice} The records are kept and tried again by themselves.".lstrip(),
            via=name,
        )
